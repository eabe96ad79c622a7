//! Object identifiers: their encoding, and the names that .NET on Linux gives them.

/// Identifiers and names, in the order of identifiers. Witnessed on .NET 8 with OpenSSL 3.0, whose names it takes where it has none.
const NAMES: [(&str, &str); 106] = [
    ("0.9.2342.19200300.100.1.1", "userId"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.10040.4.1", "DSA"),
    ("1.2.840.10040.4.3", "sha1DSA"),
    ("1.2.840.10045.2.1", "ECC"),
    ("1.2.840.10045.3.1.7", "ECDSA_P256"),
    ("1.2.840.10045.4.1", "sha1ECDSA"),
    ("1.2.840.10045.4.3.2", "sha256ECDSA"),
    ("1.2.840.10045.4.3.3", "sha384ECDSA"),
    ("1.2.840.10045.4.3.4", "sha512ECDSA"),
    ("1.2.840.113549.1.1.1", "RSA"),
    ("1.2.840.113549.1.1.2", "md2RSA"),
    ("1.2.840.113549.1.1.4", "md5RSA"),
    ("1.2.840.113549.1.1.5", "sha1RSA"),
    ("1.2.840.113549.1.1.7", "RSAES_OAEP"),
    ("1.2.840.113549.1.1.8", "mgf1"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.1.11", "sha256RSA"),
    ("1.2.840.113549.1.1.12", "sha384RSA"),
    ("1.2.840.113549.1.1.13", "sha512RSA"),
    ("1.2.840.113549.1.5.12", "PBKDF2"),
    ("1.2.840.113549.1.5.13", "PBES2"),
    ("1.2.840.113549.1.7.1", "pkcs7-data"),
    ("1.2.840.113549.1.7.2", "pkcs7-signedData"),
    ("1.2.840.113549.1.9.1", "E"),
    ("1.2.840.113549.1.9.2", "unstructuredName"),
    ("1.2.840.113549.1.9.8", "unstructuredAddress"),
    ("1.2.840.113549.2.5", "md5"),
    ("1.2.840.113549.2.7", "hmacWithSHA1"),
    ("1.2.840.113549.2.9", "hmacWithSHA256"),
    ("1.2.840.113549.2.10", "hmacWithSHA384"),
    ("1.2.840.113549.2.11", "hmacWithSHA512"),
    ("1.2.840.113549.3.2", "rc2"),
    ("1.2.840.113549.3.7", "3des"),
    ("1.3.6.1.4.1.311.20.2.2", "Microsoft Smartcard Login"),
    ("1.3.6.1.4.1.311.20.2.3", "Microsoft User Principal Name"),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionLocalityName"),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionStateOrProvinceName"),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionCountryName"),
    ("1.3.6.1.4.1.11129.2.4.2", "CT Precertificate SCTs"),
    ("1.3.6.1.5.5.7.1.1", "Authority Information Access"),
    ("1.3.6.1.5.5.7.3.1", "TLS Web Server Authentication"),
    ("1.3.6.1.5.5.7.3.2", "TLS Web Client Authentication"),
    ("1.3.6.1.5.5.7.3.3", "Code Signing"),
    ("1.3.6.1.5.5.7.3.4", "E-mail Protection"),
    ("1.3.6.1.5.5.7.3.8", "Time Stamping"),
    ("1.3.6.1.5.5.7.3.9", "OCSP Signing"),
    ("1.3.6.1.5.5.7.48.1", "OCSP"),
    ("1.3.6.1.5.5.7.48.2", "CA Issuers"),
    ("1.3.14.3.2.7", "des"),
    ("1.3.14.3.2.26", "sha1"),
    ("1.3.14.3.2.29", "sha1RSA"),
    ("1.3.101.110", "X25519"),
    ("1.3.101.112", "ED25519"),
    ("1.3.132.0.34", "ECDSA_P384"),
    ("1.3.132.0.35", "ECDSA_P521"),
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "S"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "T"),
    ("2.5.4.13", "Description"),
    ("2.5.4.14", "searchGuide"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.16", "postalAddress"),
    ("2.5.4.17", "PostalCode"),
    ("2.5.4.18", "POBox"),
    ("2.5.4.19", "physicalDeliveryOfficeName"),
    ("2.5.4.20", "Phone"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "G"),
    ("2.5.4.43", "I"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.45", "x500UniqueIdentifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.51", "houseIdentifier"),
    ("2.5.4.65", "pseudonym"),
    ("2.5.4.72", "role"),
    ("2.5.4.97", "organizationIdentifier"),
    ("2.5.29.14", "X509v3 Subject Key Identifier"),
    ("2.5.29.15", "X509v3 Key Usage"),
    ("2.5.29.16", "X509v3 Private Key Usage Period"),
    ("2.5.29.17", "X509v3 Subject Alternative Name"),
    ("2.5.29.18", "X509v3 Issuer Alternative Name"),
    ("2.5.29.19", "X509v3 Basic Constraints"),
    ("2.5.29.30", "X509v3 Name Constraints"),
    ("2.5.29.31", "X509v3 CRL Distribution Points"),
    ("2.5.29.32", "X509v3 Certificate Policies"),
    ("2.5.29.35", "X509v3 Authority Key Identifier"),
    ("2.5.29.36", "X509v3 Policy Constraints"),
    ("2.5.29.37", "X509v3 Extended Key Usage"),
    ("2.5.29.37.0", "Any Extended Key Usage"),
    ("2.5.29.54", "X509v3 Inhibit Any Policy"),
    ("2.16.840.1.101.3.4.1.2", "aes128"),
    ("2.16.840.1.101.3.4.1.22", "aes192"),
    ("2.16.840.1.101.3.4.1.42", "aes256"),
    ("2.16.840.1.101.3.4.2.1", "sha256"),
    ("2.16.840.1.101.3.4.2.2", "sha384"),
    ("2.16.840.1.101.3.4.2.3", "sha512"),
    ("2.16.840.1.101.3.4.2.4", "sha224"),
    ("2.16.840.1.101.3.4.2.8", "sha3-256"),
];

/// Long names that .NET knows besides.
const ALIASES: [(&str, &str); 8] = [
    ("commonName", "2.5.4.3"),
    ("surname", "2.5.4.4"),
    ("countryName", "2.5.4.6"),
    ("localityName", "2.5.4.7"),
    ("organizationName", "2.5.4.10"),
    ("organizationalUnitName", "2.5.4.11"),
    ("emailAddress", "1.2.840.113549.1.9.1"),
    ("rsaEncryption", "1.2.840.113549.1.1.1"),
];

/// The most bytes of an encoded identifier that is read.
const BYTES_MAX: usize = 128;

/// `Oid.FriendlyName`
#[must_use]
pub fn name(id: &str) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == id).map(|(_, name)| *name)
}

/// The identifier of a friendly name; case does not matter.
#[must_use]
pub fn of_name(name: &str) -> Option<&'static str> {
    let named = NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(id, _)| *id);
    named.or_else(|| ALIASES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, id)| *id))
}

/// As in `1.2.840.113549.1.1.1`; nothing where the bytes are none.
pub(crate) fn text(contents: &[u8]) -> Option<String> {
    if contents.len() > BYTES_MAX {
        return None;
    }
    let mut arcs: Vec<u128> = Vec::new();
    let mut arc: u128 = 0;
    let mut is_open = false;
    for byte in contents {
        arc = arc.checked_mul(128)?.checked_add(u128::from(byte & 0x7f))?;
        is_open = byte & 0x80 != 0;
        if !is_open {
            arcs.push(std::mem::take(&mut arc));
        }
    }
    let (first, rest) = arcs.split_first().filter(|_| !is_open)?;
    let root = (*first / 40).min(2);
    let mut text = format!("{root}.{}", first - root * 40);
    for arc in rest {
        text.push('.');
        text.push_str(&arc.to_string());
    }
    Some(text)
}

/// The element of an identifier; nothing where the text is none.
pub(crate) fn encoded(id: &str) -> Option<Vec<u8>> {
    let arcs: Option<Vec<u64>> = id.split('.').map(|arc| arc.parse().ok()).collect();
    let arcs = arcs?;
    let [first, second, rest @ ..] = arcs.as_slice() else { return None };
    let mut contents = Vec::new();
    push(first.checked_mul(40)?.checked_add(*second)?, &mut contents);
    for arc in rest {
        push(*arc, &mut contents);
    }
    Some(super::der::element(super::der::OBJECT_ID, &contents))
}

fn push(arc: u64, out: &mut Vec<u8>) {
    let mut groups = vec![(arc & 0x7f) as u8];
    let mut rest = arc >> 7;
    while rest > 0 {
        groups.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.extend(groups.iter().rev());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read_as_they_are_written() {
        for id in ["1.2.840.113549.1.1.1", "2.5.4.3", "0.9.2342.19200300.100.1.25", "2.999.1"] {
            let element = encoded(id).unwrap();
            assert_eq!(text(&element[2..]).as_deref(), Some(id));
        }
        assert_eq!(text(&[0x80]), None);
        assert_eq!(text(&[]), None);
        assert_eq!(encoded("1"), None);
    }

    #[test]
    fn names_are_found_both_ways() {
        assert_eq!(name("2.5.4.3"), Some("CN"));
        assert_eq!(of_name("SHA256"), Some("2.16.840.1.101.3.4.2.1"));
        assert_eq!(of_name("commonname"), Some("2.5.4.3"));
        assert_eq!(name("1.2.3.4"), None);
    }
}
