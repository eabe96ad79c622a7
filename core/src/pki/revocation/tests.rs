//! Lists that `fixtures/pki` holds, made by another program.

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/pki/", $name))
    };
}

macro_rules! certificate {
    ($name:literal) => {
        Certificate::of_bytes(fixture!($name)).unwrap()
    };
}

macro_rules! list {
    ($name:literal) => {
        RevocationList::of_bytes(fixture!($name))
    };
}

const POINT: &str = "http://crl.example/issuing.crl";

#[test]
fn a_list_holds_what_it_names() {
    let issuer = certificate!("issuing.pem");
    let verified = list!("issuing.crl").unwrap().verified([&certificate!("root.pem"), &issuer].into_iter()).unwrap();
    assert!(verified.speaks(&issuer, POINT));
    assert!(!verified.speaks(&certificate!("root.pem"), POINT));
    assert!(verified.holds(&certificate!("gone.pem")));
    assert!(!verified.holds(&certificate!("good.pem")));
    // The beginning of 2099.
    assert!(!verified.is_over(4_070_908_800));
    assert!(verified.is_over(4_070_908_801));
}

#[test]
fn only_the_authority_itself_signs() {
    let issuer = certificate!("issuing.pem");
    assert!(list!("stranger.crl").unwrap().verified([&issuer].into_iter()).is_none());
    assert!(list!("root.crl").unwrap().verified([&issuer].into_iter()).is_none());
    let mut changed = fixture!("issuing.crl").to_vec();
    let serial = changed.windows(4).position(|bytes| bytes == [2, 2, 0, 129]).unwrap();
    changed[serial + 3] = 130;
    assert!(RevocationList::of_bytes(&changed).unwrap().verified([&issuer].into_iter()).is_none());
}

#[test]
fn a_list_of_a_part_speaks_of_that_part() {
    let issuer = certificate!("issuing.pem");
    let part = list!("partition.crl").unwrap().verified([&issuer].into_iter()).unwrap();
    assert!(part.speaks(&issuer, "http://crl.example/other.crl"));
    assert!(!part.speaks(&issuer, POINT));
}

#[test]
fn lists_that_say_less_than_they_seem_to_are_not_read() {
    for list in [list!("delta.crl"), list!("indirect.crl"), list!("reasons.crl"), list!("other-issuer.crl")] {
        assert!(list.is_none());
    }
    assert!(list!("empty.crl").is_some());
}

#[test]
fn what_is_no_list_gives_nothing() {
    let whole = fixture!("issuing.crl").to_vec();
    for length in 0..whole.len() {
        assert!(RevocationList::of_bytes(&whole[..length]).is_none(), "{length}");
    }
    assert!(RevocationList::of_bytes(b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----").is_none());
}

#[test]
fn places_are_those_of_http() {
    assert_eq!(points(&certificate!("gone.pem")), [POINT]);
    assert_eq!(points(&certificate!("plain.pem")), Vec::<String>::new());
}
