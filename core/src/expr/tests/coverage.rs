//! Every member of the library's types of text, numbers, time and addresses has a case that is named after it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::expr::bcl::Member;

/// The types whose members must all have cases, `Type.Member`, in `fixtures/expr/eval`.
const OWNERS: &[&str] = &[
    "string",
    "char",
    "int",
    "sbyte",
    "byte",
    "short",
    "ushort",
    "uint",
    "ulong",
    "float",
    "decimal",
    "object",
    "long",
    "double",
    "bool",
    "Guid",
    "DateTime",
    "DateTimeKind",
    "DateTimeOffset",
    "DayOfWeek",
    "TimeSpan",
    "TimeZone",
    "TimeZoneInfo",
    "Math",
    "MidpointRounding",
    "Random",
    "Convert",
    "Enum",
    "Nullable",
    "Tuple",
    "Exception",
    "TypeCode",
    "BitConverter",
    "StringBuilder",
    "StringReader",
    "StringWriter",
    "StringComparer",
    "Encoding",
    "NormalizationForm",
    "Base64FormattingOptions",
    "Uri",
    "UriKind",
    "UriPartial",
    "UriHostNameType",
    "WebUtility",
    "IPAddress",
    "XObject",
    "XNode",
    "XContainer",
    "XElement",
    "XDocument",
    "XAttribute",
    "XText",
    "XComment",
    "XProcessingInstruction",
    "XDocumentType",
    "XName",
    "XNamespace",
    "XmlNodeType",
    "LoadOptions",
    "SaveOptions",
    "Array",
    "Dictionary",
    "Enumerable",
    "HashSet",
    "ICollection",
    "IComparer",
    "IDictionary",
    "IEnumerable",
    "IEnumerator",
    "IEqualityComparer",
    "IGrouping",
    "IList",
    "ILookup",
    "IReadOnlyCollection",
    "IReadOnlyList",
    "ISet",
    "KeyCollection",
    "KeyValuePair",
    "List",
    "Queue",
    "ReadOnlyCollection",
    "Stack",
    "ValueCollection",
    "AsymmetricAlgorithm",
    "AsnEncodedData",
    "CipherMode",
    "HashAlgorithm",
    "HashAlgorithmName",
    "HMAC",
    "HMACMD5",
    "HMACSHA1",
    "HMACSHA256",
    "HMACSHA384",
    "HMACSHA512",
    "ICryptoTransform",
    "KeyedHashAlgorithm",
    "KeySizes",
    "MD5",
    "Oid",
    "PaddingMode",
    "PublicKey",
    "RNGCryptoServiceProvider",
    "RSA",
    "RSACertificateExtensions",
    "RSAEncryptionPadding",
    "RSAEncryptionPaddingMode",
    "RSAParameters",
    "RSASignaturePadding",
    "RSASignaturePaddingMode",
    "SHA1",
    "SHA1Managed",
    "SHA256",
    "SHA256Managed",
    "SHA384",
    "SHA384Managed",
    "SHA512",
    "SHA512Managed",
    "SymmetricAlgorithm",
    "X500DistinguishedName",
    "X509Certificate",
    "X509Certificate2",
    "X509ContentType",
    "X509Extension",
    "X509ExtensionCollection",
    "X509KeyStorageFlags",
    "X509NameType",
];

/// Members of these types that the gateway adds to them; `fixtures/expr/eval` shows them under other names.
const ADDED: [&str; 7] = [
    "IDictionary.ToFormUrlEncodedContent",
    "IDictionary.ToQueryString",
    "string.AsBasic",
    "string.AsJwt",
    "string.TryParseBasic",
    "string.TryParseJwt",
    "XNamespace.op_Addition",
];

#[test]
#[expect(clippy::disallowed_methods, reason = "the fixtures of a test are files")]
fn every_member_of_the_library_has_a_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/expr/eval");
    let mut covered: BTreeSet<String> = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for case in text.split("\n--- ").skip(1) {
            let (title, body) = case.split_once('\n').unwrap();
            let name = title.split(' ').next().unwrap();
            // The name alone is a promise; the source must keep it.
            let member = name.rsplit('.').next().unwrap();
            let is_used = body.contains(member) || member == "this" && body.contains('[');
            if is_used {
                covered.insert(name.to_owned());
            }
        }
    }
    let missing: BTreeSet<String> = crate::expr::bcl::TABLE
        .members()
        .map(|member| (owner(member), &member.name))
        .filter(|(owner, _)| OWNERS.contains(&owner.as_str()))
        .map(|(owner, name)| format!("{owner}.{name}"))
        .filter(|name| !covered.contains(name) && !ADDED.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "no case for {missing:#?}");
}

// The name of the type without its arguments; the extension methods of sequences are those of `Enumerable`.
fn owner(member: &Member) -> String {
    let shown = member.owner.to_string();
    let name = member.owner.class().map_or_else(|| shown.split('<').next().unwrap_or(&shown), |class| class.name());
    let is_sequence = matches!(name, "IEnumerable" | "IOrderedEnumerable");
    // Those of sequences of nodes and tokens belong to the `Extensions` of LINQ to XML and of Json.NET.
    if shown.starts_with("IEnumerable<X") || shown.starts_with("IEnumerable<J") {
        return "Extensions".to_owned();
    }
    if member.is_extension && is_sequence { "Enumerable".to_owned() } else { name.to_owned() }
}
