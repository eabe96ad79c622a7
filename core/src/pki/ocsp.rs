//! Answers about single certificates (OCSP, RFC 6960, in the profile of RFC 5019): the question, and what a responder says to it. Fetches nothing.

use super::certificate::{Algorithm, Certificate, algorithm, moment};
use super::chain;
use super::der::{self, Reader};
use super::digest::Digest;
use super::name::text_of;

const AUTHORITY_ACCESS: &str = "1.3.6.1.5.5.7.1.1";
const BY_OCSP: &str = "1.3.6.1.5.5.7.48.1";
const BASIC_ANSWER: &str = "1.3.6.1.5.5.7.48.1.1";
const KEY_PURPOSES: &str = "2.5.29.37";
const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";

const ENUMERATED: u8 = 0x0a;

/// The most responders that are taken of one certificate.
const RESPONDERS_MAX: usize = 4;

/// The most certificates that an answer may bring.
const SIGNERS_MAX: usize = 8;

/// How far the clock of a responder may be ahead, in seconds.
const AHEAD_MAX: i64 = 300;

/// How long an answer holds that does not say, in seconds.
const HOLDS: i64 = 3600;

/// What a responder says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was not revoked.
    Good,
    /// It was.
    Revoked,
}

/// What a responder is known to have said of one certificate.
#[derive(Clone, Debug)]
pub struct VerifiedAnswer {
    standing: Standing,
    this_update: i64,
    next_update: Option<i64>,
    // Who has signed the certificate that it is about.
    issuer_key: Vec<u8>,
}

/// Who may be asked about a certificate, as URLs of HTTP.
#[must_use]
pub fn responders(certificate: &Certificate) -> Vec<String> {
    let found = certificate.extension(AUTHORITY_ACCESS).and_then(|extension| {
        let mut list = Reader::new(&extension.value).inside(der::SEQUENCE)?;
        let mut found = Vec::new();
        while !list.is_empty() {
            let mut access = list.inside(der::SEQUENCE)?;
            let method = access.object_id()?;
            let place = access.any()?;
            if method == BY_OCSP && place.tag == 0x86 {
                found.push(text_of(der::IA5_STRING, place.contents));
            }
        }
        Some(found)
    });
    let is_http = |url: &String| url.starts_with("http://") || url.starts_with("https://");
    found.unwrap_or_default().into_iter().filter(is_http).take(RESPONDERS_MAX).collect()
}

/// The question whether a certificate was revoked, as encoded.
#[must_use]
pub fn question(certificate: &Certificate, issuer: &Certificate) -> Vec<u8> {
    let names = [
        der::sequence(&[object_id_sha1(), der::element(der::NULL, &[])]),
        der::element(der::OCTET_STRING, &Digest::Sha1.digest(&issuer.subject.raw)),
        der::element(der::OCTET_STRING, &Digest::Sha1.digest(&issuer.public_key.bits)),
        der::element(der::INTEGER, &certificate.serial),
    ];
    let request = der::sequence(&[der::sequence(&names)]);
    der::sequence(&[der::sequence(&[der::sequence(&[request])])])
}

// 1.3.14.3.2.26, which all responders know (RFC 5019 §2.1.1).
fn object_id_sha1() -> Vec<u8> {
    der::element(der::OBJECT_ID, &[0x2b, 0x0e, 0x03, 0x02, 0x1a])
}

/// What the answer says of a certificate that `issuer` has signed, at this second since 1970.
///
/// # Errors
/// In words: it is no answer, none about this certificate, or nobody signed it who may.
pub fn verified(
    bytes: &[u8],
    certificate: &Certificate,
    issuer: &Certificate,
    at: i64,
) -> Result<VerifiedAnswer, &'static str> {
    let answer = Answer::of_der(bytes).ok_or("it is not an answer of OCSP, or one without a result")?;
    let single = answer.about(certificate, issuer).ok_or("it says nothing of the certificate")?;
    if !answer.is_signed_for(issuer, at) {
        return Err("nobody has signed it who may speak for the authority");
    }
    let standing = single.standing.ok_or("the responder does not know the certificate")?;
    let (this_update, next_update) = (single.this_update, single.next_update);
    let answer = VerifiedAnswer { standing, this_update, next_update, issuer_key: issuer.public_key.raw.clone() };
    if answer.is_over(at) || this_update > at + AHEAD_MAX {
        return Err("it is not about now");
    }
    Ok(answer)
}

impl VerifiedAnswer {
    /// What it says.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// Whether it is about a certificate that `issuer` has signed.
    #[must_use]
    pub fn speaks(&self, issuer: &Certificate) -> bool {
        self.issuer_key == issuer.public_key.raw
    }

    /// Whether a newer one should be there at this second since 1970.
    #[must_use]
    pub fn is_over(&self, at: i64) -> bool {
        self.next_update.unwrap_or(self.this_update + HOLDS) < at
    }
}

/// An answer, as somebody says.
struct Answer<'b> {
    responder: der::Element<'b>,
    singles: Vec<Single<'b>>,
    signed: &'b [u8],
    signature_algorithm: Algorithm,
    signature: &'b [u8],
    signers: Vec<Certificate>,
}

/// What it says of one certificate.
struct Single<'b> {
    digest: Digest,
    issuer_name: &'b [u8],
    issuer_key: &'b [u8],
    serial: &'b [u8],
    // Nothing when the responder does not know it.
    standing: Option<Standing>,
    this_update: i64,
    next_update: Option<i64>,
}

impl<'b> Answer<'b> {
    fn of_der(bytes: &'b [u8]) -> Option<Self> {
        let mut outer = Reader::new(bytes).inside(der::SEQUENCE)?;
        // Anything but 0 has no result: malformed, internal, try later, sign first, unauthorized.
        if outer.expect(ENUMERATED)?.contents != [0] {
            return None;
        }
        let mut kind = Reader::new(outer.expect(der::CONTEXT_0)?.contents).inside(der::SEQUENCE)?;
        if kind.object_id()? != BASIC_ANSWER {
            return None;
        }
        let mut basic = Reader::new(kind.expect(der::OCTET_STRING)?.contents).inside(der::SEQUENCE)?;
        let data = basic.expect(der::SEQUENCE)?;
        let signature_algorithm = algorithm(&mut basic)?;
        let signature = basic.bits()?;
        let mut signers = Vec::new();
        if let Some(list) = basic.optional(der::CONTEXT_0) {
            let mut list = Reader::new(list.contents).inside(der::SEQUENCE)?;
            while !list.is_empty() && signers.len() < SIGNERS_MAX {
                signers.extend(Certificate::of_der(list.expect(der::SEQUENCE)?.whole));
            }
        }
        let mut inner = Reader::new(data.contents);
        inner.optional(der::CONTEXT_0);
        let responder = inner.any()?;
        moment(&mut inner)?;
        let mut list = inner.inside(der::SEQUENCE)?;
        let mut singles = Vec::new();
        while !list.is_empty() {
            singles.push(Single::read(&mut list)?);
        }
        Some(Self { responder, singles, signed: data.whole, signature_algorithm, signature, signers })
    }

    fn about(&self, certificate: &Certificate, issuer: &Certificate) -> Option<&Single<'b>> {
        self.singles.iter().find(|single| {
            single.serial == certificate.serial
                && single.issuer_name == single.digest.digest(&issuer.subject.raw)
                && single.issuer_key == single.digest.digest(&issuer.public_key.bits)
        })
    }

    // By the authority itself, or by somebody whom it has made its responder (RFC 6960 §4.2.2.2).
    fn is_signed_for(&self, issuer: &Certificate, at: i64) -> bool {
        let has_signed = |signer: &Certificate| {
            self.is_responder(signer) && chain::vouches(signer, &self.signature_algorithm, self.signed, self.signature)
        };
        has_signed(issuer) || self.signers.iter().any(|signer| is_delegate(signer, issuer, at) && has_signed(signer))
    }

    fn is_responder(&self, signer: &Certificate) -> bool {
        match self.responder.tag {
            0xa1 => self.responder.contents == signer.subject.raw,
            0xa2 => {
                let hash = Reader::new(self.responder.contents).expect(der::OCTET_STRING);
                hash.is_some_and(|hash| hash.contents == Digest::Sha1.digest(&signer.public_key.bits))
            }
            _ => false,
        }
    }
}

impl<'b> Single<'b> {
    fn read(list: &mut Reader<'b>) -> Option<Self> {
        let mut single = list.inside(der::SEQUENCE)?;
        let mut names = single.inside(der::SEQUENCE)?;
        let digest = Digest::of_id(&algorithm(&mut names)?.id)?;
        let issuer_name = names.expect(der::OCTET_STRING)?.contents;
        let issuer_key = names.expect(der::OCTET_STRING)?.contents;
        let serial = names.expect(der::INTEGER)?.contents;
        let standing = match single.any()?.tag {
            0x80 => Some(Standing::Good),
            0xa1 => Some(Standing::Revoked),
            0x82 => None,
            _ => return None,
        };
        let this_update = moment(&mut single)?;
        let next_update = match single.optional(der::CONTEXT_0) {
            Some(next) => Some(moment(&mut Reader::new(next.contents))?),
            None => None,
        };
        Some(Self { digest, issuer_name, issuer_key, serial, standing, this_update, next_update })
    }
}

fn is_delegate(signer: &Certificate, issuer: &Certificate, at: i64) -> bool {
    let speaks = signer.extension(KEY_PURPOSES).is_some_and(|extension| {
        let mut purposes = Reader::new(&extension.value).inside(der::SEQUENCE);
        std::iter::from_fn(|| purposes.as_mut()?.object_id()).any(|purpose| purpose == OCSP_SIGNING)
    });
    // Bit 0, `digitalSignature`.
    let may_sign = chain::may_use(signer, 0x80);
    let is_now = (signer.not_before..=signer.not_after).contains(&at);
    let is_theirs = signer.issuer.raw == issuer.subject.raw && chain::is_signed_by(signer, issuer);
    speaks && may_sign && is_now && is_theirs
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/pki/", $name))
        };
    }

    /// The middle of 2030, in which the answers of the fixtures hold.
    const NOW: i64 = 1_900_000_000;

    fn certificates() -> (Certificate, Certificate, Certificate) {
        let read = |bytes: &[u8]| Certificate::of_bytes(bytes).unwrap();
        (read(fixture!("asked-good.pem")), read(fixture!("asked-gone.pem")), read(fixture!("asked-issuing.pem")))
    }

    #[test]
    fn a_question_is_that_of_openssl() {
        let (good, _, issuer) = certificates();
        assert_eq!(responders(&good), ["http://ocsp.example/q"]);
        assert_eq!(question(&good, &issuer), fixture!("question.der"));
    }

    #[test]
    fn the_authority_and_its_responder_say_what_is() {
        let (good, gone, issuer) = certificates();
        let said = |bytes: &[u8], certificate: &Certificate| verified(bytes, certificate, &issuer, NOW);
        let by_itself = said(fixture!("good.ocsp"), &good).unwrap();
        assert_eq!(by_itself.standing(), Standing::Good);
        assert!(by_itself.speaks(&issuer) && !by_itself.speaks(&good));
        assert_eq!(said(fixture!("gone.ocsp"), &gone).unwrap().standing(), Standing::Revoked);
        assert_eq!(said(fixture!("good-delegated.ocsp"), &good).unwrap().standing(), Standing::Good);
    }

    #[test]
    fn what_does_not_count_is_told() {
        let (good, gone, issuer) = certificates();
        let why =
            |bytes: &[u8], certificate: &Certificate, at: i64| verified(bytes, certificate, &issuer, at).unwrap_err();
        assert_eq!(why(fixture!("good.ocsp"), &gone, NOW), "it says nothing of the certificate");
        let stranger = why(fixture!("good-stranger.ocsp"), &good, NOW);
        assert_eq!(stranger, "nobody has signed it who may speak for the authority");
        let plain = why(fixture!("good-plain.ocsp"), &good, NOW);
        assert_eq!(plain, "nobody has signed it who may speak for the authority");
        assert_eq!(why(fixture!("unknown.ocsp"), &gone, NOW), "the responder does not know the certificate");
        for at in [0, NOW * 3] {
            assert_eq!(why(fixture!("good.ocsp"), &good, at), "it is not about now");
        }
        let whole = fixture!("good.ocsp");
        for length in 0..whole.len() {
            assert!(verified(&whole[..length], &good, &issuer, NOW).is_err(), "{length}");
        }
        let mut changed = whole.to_vec();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        assert!(verified(&changed, &good, &issuer, NOW).is_err());
        // `tryLater`
        assert!(verified(&[0x30, 3, 0x0a, 1, 3], &good, &issuer, NOW).is_err());
    }
}
