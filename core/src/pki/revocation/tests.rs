//! Lists that `fixtures/pki` holds, made by another program.

use std::fs;
use std::path::Path;

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/pki").join(name)).unwrap()
}

fn certificate(name: &str) -> Certificate {
    Certificate::of_bytes(&fixture(&format!("{name}.pem"))).unwrap()
}

fn list(name: &str) -> Option<RevocationList> {
    RevocationList::of_bytes(&fixture(&format!("{name}.crl")))
}

const POINT: &str = "http://crl.example/issuing.crl";

#[test]
fn a_list_holds_what_it_names() {
    let issuer = certificate("issuing");
    let verified = list("issuing").unwrap().verified([&certificate("root"), &issuer].into_iter()).unwrap();
    assert!(verified.speaks(&issuer, POINT));
    assert!(!verified.speaks(&certificate("root"), POINT));
    assert!(verified.holds(&certificate("gone")));
    assert!(!verified.holds(&certificate("good")));
    // The beginning of 2099.
    assert!(!verified.is_over(4_070_908_800));
    assert!(verified.is_over(4_070_908_801));
}

#[test]
fn only_the_authority_itself_signs() {
    let issuer = certificate("issuing");
    assert!(list("stranger").unwrap().verified([&issuer].into_iter()).is_none());
    assert!(list("root").unwrap().verified([&issuer].into_iter()).is_none());
    let mut changed = fixture("issuing.crl");
    let serial = changed.windows(4).position(|bytes| bytes == [2, 2, 0, 129]).unwrap();
    changed[serial + 3] = 130;
    assert!(RevocationList::of_bytes(&changed).unwrap().verified([&issuer].into_iter()).is_none());
}

#[test]
fn a_list_of_a_part_speaks_of_that_part() {
    let issuer = certificate("issuing");
    let part = list("partition").unwrap().verified([&issuer].into_iter()).unwrap();
    assert!(part.speaks(&issuer, "http://crl.example/other.crl"));
    assert!(!part.speaks(&issuer, POINT));
}

#[test]
fn lists_that_say_less_than_they_seem_to_are_not_read() {
    for name in ["delta", "indirect", "reasons", "other-issuer"] {
        assert!(list(name).is_none(), "{name}");
    }
    assert!(list("empty").is_some());
}

#[test]
fn what_is_no_list_gives_nothing() {
    let whole = fixture("issuing.crl");
    for length in 0..whole.len() {
        assert!(RevocationList::of_bytes(&whole[..length]).is_none(), "{length}");
    }
    assert!(RevocationList::of_bytes(b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----").is_none());
}

#[test]
fn places_are_those_of_http() {
    assert_eq!(points(&certificate("gone")), [POINT]);
    assert_eq!(points(&certificate("plain")), Vec::<String>::new());
}
