//! Keys and certificates: reading, writing, signing, verifying. Time, chance and trust anchors are arguments; knows no expressions.

pub mod certificate;
pub mod chain;
pub mod chance;
pub(crate) mod cipher;
pub mod client_identity;
pub(crate) mod der;
pub mod digest;
pub mod ec_key;
pub mod host;
pub mod name;
pub mod ocsp;
pub mod oid;
pub mod pem;
pub mod pfx;
mod rc2;
pub mod revocation;
pub mod rsa_key;
pub mod rsa_use;

pub use certificate::Certificate;
pub use chance::{Entropy, SecretStream};
pub use client_identity::ClientIdentity;
pub use digest::Digest;
pub use ec_key::{Curve, EcKey};
pub use rsa_key::RsaKey;
