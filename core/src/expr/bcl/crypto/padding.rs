//! `RSASignaturePadding` and `RSAEncryptionPadding`.

use std::sync::LazyLock;

use super::hash::known_digest;
use super::name::{HashName, hash_name};
use crate::expr::bcl::enums::{RSA_ENCRYPTION_PADDING_MODE, RSA_SIGNATURE_PADDING_MODE};
use crate::expr::bcl::{Call, Row, row};
use crate::expr::exception::{Outcome, argument_null};
use crate::expr::instance::{Instance, State};
use crate::expr::ty::{Class, Ty};
use crate::pki::rsa_use::{EncryptionPadding, SignaturePadding};
use crate::value::{Object, Value};

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("RSASignaturePadding", "static RSASignaturePadding Pkcs1", |_| {
        Ok(Value::Object(SHARED.pkcs1_signature.clone()))
    }),
    row("RSASignaturePadding", "static RSASignaturePadding Pss", |_| Ok(Value::Object(SHARED.pss.clone()))),
    row("RSASignaturePadding", "RSASignaturePaddingMode Mode", |call| {
        let padding = call.state(0, |padding: &mut Signature| padding.0)?;
        let number = match padding {
            SignaturePadding::Pkcs1 => 0,
            SignaturePadding::Pss => 1,
        };
        Ok(Value::Enum(RSA_SIGNATURE_PADDING_MODE.value(number)))
    }),
    row("RSASignaturePadding", "bool Equals(RSASignaturePadding other)", |call| {
        Ok(Value::Bool(call.value(0) == call.value(1)))
    }),
    row("RSAEncryptionPadding", "static RSAEncryptionPadding Pkcs1", |_| {
        Ok(Value::Object(SHARED.pkcs1_encryption.clone()))
    }),
    row("RSAEncryptionPadding", "static RSAEncryptionPadding OaepSHA1", |call| oaep(call, "SHA1")),
    row("RSAEncryptionPadding", "static RSAEncryptionPadding OaepSHA256", |call| oaep(call, "SHA256")),
    row("RSAEncryptionPadding", "static RSAEncryptionPadding OaepSHA384", |call| oaep(call, "SHA384")),
    row("RSAEncryptionPadding", "static RSAEncryptionPadding OaepSHA512", |call| oaep(call, "SHA512")),
    row("RSAEncryptionPadding", "static RSAEncryptionPadding OaepSHA3_256", |call| oaep(call, "SHA3-256")),
    row("RSAEncryptionPadding", "static RSAEncryptionPadding OaepSHA3_384", |call| oaep(call, "SHA3-384")),
    row("RSAEncryptionPadding", "static RSAEncryptionPadding OaepSHA3_512", |call| oaep(call, "SHA3-512")),
    row("RSAEncryptionPadding", "static RSAEncryptionPadding CreateOaep(HashAlgorithmName hashAlgorithm)", |call| {
        let name = call.state(0, |name: &mut HashName| name.0.clone())?;
        let name = name.filter(|name| !name.is_empty()).ok_or_else(|| argument_null("hashAlgorithm"))?;
        oaep(call, &name)
    }),
    row("RSAEncryptionPadding", "RSAEncryptionPaddingMode Mode", |call| {
        let is_oaep = call.state(0, |padding: &mut Encryption| padding.0.is_some())?;
        Ok(Value::Enum(RSA_ENCRYPTION_PADDING_MODE.value(i32::from(is_oaep))))
    }),
    row("RSAEncryptionPadding", "HashAlgorithmName OaepHashAlgorithm", |call| {
        let name = call.state(0, |padding: &mut Encryption| padding.0.clone())?;
        hash_name(call, name.map(Into::into))
    }),
    row("RSAEncryptionPadding", "bool Equals(RSAEncryptionPadding other)", |call| {
        Ok(Value::Bool(call.value(0) == call.value(1)))
    }),
];

#[derive(Debug)]
struct Signature(SignaturePadding);

impl State for Signature {
    fn text(&self, _ty: &Ty) -> String {
        format!("{:?}", self.0)
    }

    fn equals(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

// PKCS #1, or OAEP with the digest of this name.
#[derive(Debug)]
struct Encryption(Option<String>);

impl State for Encryption {
    fn text(&self, _ty: &Ty) -> String {
        self.0.as_ref().map_or_else(|| "Pkcs1".to_owned(), |name| format!("Oaep{name}"))
    }

    fn equals(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

// .NET has one object of each; `==` compares values, and these are what it is used with.
struct Shared {
    pkcs1_signature: Object,
    pss: Object,
    pkcs1_encryption: Object,
    oaep: Vec<(&'static str, Object)>,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    let signature = |padding| Instance::object(Ty::Class(Class::RsaSignaturePadding), Signature(padding));
    let encryption = |name: Option<&str>| {
        Instance::object(Ty::Class(Class::RsaEncryptionPadding), Encryption(name.map(str::to_owned)))
    };
    let names = ["SHA1", "SHA256", "SHA384", "SHA512", "SHA3-256", "SHA3-384", "SHA3-512"];
    Shared {
        pkcs1_signature: signature(SignaturePadding::Pkcs1),
        pss: signature(SignaturePadding::Pss),
        pkcs1_encryption: encryption(None),
        oaep: names.map(|name| (name, encryption(Some(name)))).into(),
    }
});

fn oaep(call: &mut Call<'_, '_>, name: &str) -> Outcome<Value> {
    match SHARED.oaep.iter().find(|(known, _)| *known == name) {
        Some((_, object)) => Ok(Value::Object(object.clone())),
        None => call.object(Ty::Class(Class::RsaEncryptionPadding), Encryption(Some(name.to_owned()))),
    }
}

/// The signature padding at this position.
pub(super) fn signature(call: &Call<'_, '_>, index: usize) -> Outcome<SignaturePadding> {
    if call.value(index).is_null() {
        return Err(argument_null("padding"));
    }
    call.state(index, |padding: &mut Signature| padding.0)
}

/// The encryption padding at this position.
pub(super) fn encryption(call: &Call<'_, '_>, index: usize) -> Outcome<EncryptionPadding> {
    if call.value(index).is_null() {
        return Err(argument_null("padding"));
    }
    match call.state(index, |padding: &mut Encryption| padding.0.clone())? {
        Some(name) => Ok(EncryptionPadding::Oaep(known_digest(&name)?)),
        None => Ok(EncryptionPadding::Pkcs1),
    }
}
