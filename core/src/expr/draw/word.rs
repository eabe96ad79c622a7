//! Arguments that mean something to the member that takes them, by its name and that of the parameter. Draws nothing.

use crate::expr::bcl::{Member, Parameter};
use crate::expr::ty::{Class, Ty};

type Words = &'static [&'static str];

const SIZES: Words = &["0", "1", "2", "3", "5", "8", "(-1)", "20"];
const PLACES: Words = &["0", "1", "2", "3", "(-1)", "4", "100"];
const CODE_PAGES: Words = &["65001", "1200", "28591", "20127", "1252", "0"];
const BASES: Words = &["2", "8", "10", "16", "3"];
const DIGITS: Words = &["0", "1", "2", "3", "15", "16", "(-1)"];
const YEARS: Words = &["2024", "2023", "1", "9999", "0", "1970"];
const MONTHS: Words = &["1", "2", "12", "13", "6"];
const DAYS: Words = &["1", "28", "29", "31", "0"];
const HOURS: Words = &["0", "1", "12", "23", "24"];
const MINUTES: Words = &["0", "1", "30", "59", "60"];
const NUMBER_FORMATS: Words = &[
    "\"D\"",
    "\"D5\"",
    "\"N2\"",
    "\"F2\"",
    "\"X\"",
    "\"x8\"",
    "\"E3\"",
    "\"G\"",
    "\"G3\"",
    "\"P1\"",
    "\"C\"",
    "\"R\"",
    "\"0.00\"",
    "\"#,##0.##\"",
    "\"00000\"",
    "\"+0;-0;zero\"",
    "\"0%\"",
    "\"0.0e+0\"",
    "\"\"",
    "\"Q\"",
    "\"B\"",
    "\"F0\"",
    "\"N0\"",
];
const TIME_FORMATS: Words = &[
    "\"o\"",
    "\"s\"",
    "\"u\"",
    "\"R\"",
    "\"d\"",
    "\"D\"",
    "\"t\"",
    "\"T\"",
    "\"g\"",
    "\"G\"",
    "\"f\"",
    "\"F\"",
    "\"M\"",
    "\"y\"",
    "\"U\"",
    "\"yyyy-MM-dd\"",
    "\"yyyy-MM-ddTHH:mm:ss.fffZ\"",
    "\"HH:mm:ss.FFFFFFF\"",
    "\"ddd, dd MMM yyyy h:mm tt zzz\"",
    "\"%d\"",
    "\"yy'y'\\\\m\"",
    "\"K\"",
    "\"\"",
    "\"q\"",
    "\"dddd MMMM\"",
];
const SPAN_FORMATS: Words =
    &["\"c\"", "\"g\"", "\"G\"", "@\"hh\\:mm\"", "@\"d\\.hh\\:mm\\:ss\\.fff\"", "\"%h\"", "\"x\"", "\"t\"", "\"\""];
const GUID_FORMATS: Words = &["\"N\"", "\"D\"", "\"B\"", "\"P\"", "\"X\"", "\"q\"", "\"\""];
const ENUM_FORMATS: Words = &["\"G\"", "\"D\"", "\"X\"", "\"F\"", "\"q\""];
const COMPOSITE: Words =
    &["\"{0}\"", "\"{0,8}|{1,-4}\"", "\"{0:N2}\"", "\"{{x}} {0}\"", "\"{1}\"", "\"{0:yyyy}\"", "\"{\"", "\"{0:X}{0}\""];
const PATTERNS: Words = &[
    "\"a+\"",
    "@\"\\d+\"",
    "@\"(\\w)(\\w)?\"",
    "\"[,;]\"",
    "\"^\\\\s*$\"",
    "\"(?<n>[a-z]+)\"",
    "\"b|c\"",
    "\"(\"",
    "\"\"",
    "@\"(?i)AB\"",
    "@\"\\bl\"",
    "@\"(a)|b\"",
    "@\".\"",
    "@\"(?<=l)o\"",
    "@\"(.)\\1\"",
    "\"x*\"",
];
const REPLACEMENTS: Words = &["\"-\"", "\"<$0>\"", "\"$1\"", "\"${n}\"", "\"$$\"", "\"$2$1\"", "\"\"", "\"$`|$'\""];
const INPUTS: Words =
    &["\"abc\"", "\"hello world\"", "\"a1b22,c;a\"", "\"\"", "\"aabbcc\"", "\"Ab\\nab\"", "\"x12-b\""];
const JSON_TEXTS: Words = &[
    "\"{\\\"a\\\":1,\\\"b\\\":[true,null,2.50]}\"",
    "\"[1,2,3]\"",
    "\"{}\"",
    "\"[]\"",
    "\"\\\"s\\\"\"",
    "\"12\"",
    "\"\"",
    "\"{'x':1,}\"",
    "\"{\\\"a\\\":\"",
    "\"[1,2\"",
    "\"{\\\"d\\\":\\\"2024-02-29T13:45:06Z\\\"}\"",
    "\"nul\"",
    "\"1 2\"",
    "\"{\\\"a\\\":1,\\\"a\\\":2}\"",
    "\"1e400\"",
    "\"[1.0,1e5,-0.0]\"",
];
const JSON_PATHS: Words = &[
    "\"a\"",
    "\"$.c[0]\"",
    "\"d.f\"",
    "\"$..a\"",
    "\"c[*]\"",
    "\"$.x\"",
    "\"\"",
    "\"[?(@.k==2)]\"",
    "\"c[-1:]\"",
    "\"a[\"",
    "\"$['a','b']\"",
];
const NAMES: Words = &["\"a\"", "\"b\"", "\"c\"", "\"A\"", "\"\"", "\"d\"", "\"x y\"", "\"id\"", "\"tags\""];
const XML_NAMES: Words = &["\"c\"", "\"a\"", "\"{urn:p}a\"", "\"x y\"", "\"\"", "\"r\""];
const XML_TEXTS: Words = &[
    "\"<r><a>1</a><a b='2'/></r>\"",
    "\"<r/>\"",
    "\"<r>\"",
    "\"\"",
    "\"<p:r xmlns:p='urn:p'>&lt;x&gt;</p:r>\"",
    "\"<r><![CDATA[x<y]]></r>\"",
    "\"text\"",
    "\"<a>\\n  <b/>\\n</a>\"",
];
const HEADERS: Words = &[
    "\"X-Multi\"",
    "\"accept\"",
    "\"X-Empty\"",
    "\"nope\"",
    "\"X-Number\"",
    "\"tag\"",
    "\"q\"",
    "\"orderId\"",
    "\"roles\"",
];
const VARIABLES: Words = &["\"str\"", "\"i\"", "\"long\"", "\"dbl\"", "\"flag\"", "\"null\"", "\"empty\"", "\"nope\""];
const DATES: Words = &[
    "\"2024-02-29\"",
    "\"2024-02-29T13:45:06Z\"",
    "\"2024-02-29T13:45:06.123+02:00\"",
    "\"02/29/2024 1:45 PM\"",
    "\"Thu, 29 Feb 2024 13:45:06 GMT\"",
    "\"2023-02-29\"",
    "\"\"",
    "\"x\"",
    "\"29 Feb 2024\"",
    "\"0001-01-01\"",
    "\"2024-02-29 13:45\"",
];
const SPANS: Words = &[
    "\"1.02:03:04.5\"",
    "\"00:30\"",
    "\"7\"",
    "\"24:00\"",
    "\"-0:0:1\"",
    "\"\"",
    "\"x\"",
    "\"1:60\"",
    "\"0:0:0.12345678\"",
];
const GUIDS: Words = &[
    "\"0f8fad5b-d9cb-469f-a165-70867728950e\"",
    "\"{0f8fad5bd9cb469fa16570867728950e}\"",
    "\"0F8FAD5BD9CB469FA16570867728950E\"",
    "\"x\"",
    "\"\"",
];
const WHOLE_TEXTS: Words = &[
    "\"1\"",
    "\" 12 \"",
    "\"-7\"",
    "\"+5\"",
    "\"1,000\"",
    "\"1.0\"",
    "\"\"",
    "\"x\"",
    "\"2147483648\"",
    "\"99999999999999999999\"",
    "\"(1)\"",
    "\"0x1F\"",
    "\"-0\"",
    "\"255\"",
];
const REAL_TEXTS: Words = &[
    "\"1.5\"",
    "\" 2,000.25 \"",
    "\"1e3\"",
    "\"-.5\"",
    "\"NaN\"",
    "\"Infinity\"",
    "\"-∞\"",
    "\"1e400\"",
    "\"\"",
    "\"x\"",
    "\"1,5\"",
    "\"0.1\"",
    "\"79228162514264337593543950336\"",
    "\"1e-400\"",
    "\".\"",
    "\"5.\"",
];
const BOOL_TEXTS: Words = &["\"true\"", "\" False \"", "\"1\"", "\"\"", "\"TRUE\""];
const BASE64: Words = &["\"YWJj\"", "\"YQ==\"", "\"YQ\"", "\" YW Jj \"", "\"\"", "\"_-8=\"", "\"YWJj=\"", "\"w6Q=\""];
const HEX: Words = &["\"00ff\"", "\"0F1\"", "\"\"", "\"zz\"", "\"A0B1\""];
const URI_TEXTS: Words = &[
    "\"https://h.test/a?b=c#d\"",
    "\"HTTP://H:80/%7e/../x\"",
    "\"/rel\"",
    "\"\"",
    "\"h\"",
    "\"http://\"",
    "\"mailto:a@b\"",
    "\"https://ü.test/ä?ö\"",
    "\"file:///etc/x\"",
    "\"x y\"",
    "\"//h/p\"",
    "\"../a?b\"",
];
const URL_TEXTS: Words = &[
    "\"a b+c&d\"",
    "\"ä/ö?\"",
    "\"%C3%A4+%20\"",
    "\"%zz%\"",
    "\"<a href='x'>&amp;\"",
    "\"&#228;&lt;&euro;&x;\"",
    "\"😀~-_.!*()\"",
    "\"\"",
];
const ADDRESSES: Words = &[
    "\"203.0.113.9\"",
    "\"::1\"",
    "\"1.2\"",
    "\"x\"",
    "\"\"",
    "\"2001:DB8::1%3\"",
    "\"0x7f.1\"",
    "\"::ffff:1.2.3.4\"",
];
const ZONE_IDS: Words =
    &["\"Europe/Berlin\"", "\"UTC\"", "\"America/New_York\"", "\"Asia/Kolkata\"", "\"Nowhere/Else\""];
const ENCODINGS: Words = &["\"utf-8\"", "\"us-ascii\"", "\"iso-8859-1\"", "\"utf-16\"", "\"x\"", "\"UTF-32\""];
const CIPHERS: Words = &["\"Aes\"", "\"AES\"", "\"x\"", "\"System.Security.Cryptography.Aes\""];
const KEYS_128: Words =
    &["(new byte[16])", "Convert.FromBase64String(\"AAECAwQFBgcICQoLDA0ODw==\")", "new byte[] { 1 }"];
const SEPARATORS: Words = &["\",\"", "\"-\"", "\" \"", "\"\"", "\"ab\""];

/// Whether the argument says how much is made: it is never computed, so that nothing becomes huge.
pub(super) fn is_size(parameter: &Parameter) -> bool {
    matches!(&*parameter.name, "count" | "totalWidth" | "repeatCount" | "capacity" | "charCount" | "byteCount" | "size")
        && parameter.ty == Ty::Int32
}

/// What this argument may be.
pub(super) fn of(member: &Member, parameter: &Parameter, ty: &Ty) -> Option<Words> {
    match ty {
        Ty::Int32 => whole(&parameter.name),
        Ty::String => text(member, &parameter.name),
        Ty::Array(item) if **item == Ty::Byte && matches!(&*parameter.name, "iv" | "key" | "rgbKey" | "rgbIV") => {
            Some(KEYS_128)
        }
        Ty::Object if member.owner == Ty::Class(Class::JToken) && &*parameter.name == "key" => {
            Some(&["\"a\"", "0", "\"c\"", "1", "2.5"])
        }
        _ => None,
    }
}

fn whole(name: &str) -> Option<Words> {
    Some(match name {
        "count" | "totalWidth" | "repeatCount" | "capacity" | "charCount" | "byteCount" | "size" => SIZES,
        "startIndex" | "index" | "length" | "indexA" | "indexB" | "offset" | "startat" | "i" | "sourceIndex"
        | "destinationIndex" | "groupnum" => PLACES,
        "codepage" => CODE_PAGES,
        "toBase" | "fromBase" => BASES,
        "digits" | "decimals" => DIGITS,
        "year" => YEARS,
        "month" => MONTHS,
        "day" => DAYS,
        "hour" => HOURS,
        "minute" | "second" | "millisecond" | "microsecond" => MINUTES,
        _ => return None,
    })
}

fn text(member: &Member, parameter: &str) -> Option<Words> {
    let owner = member.owner.to_string();
    let owner = owner.split('<').next().unwrap_or_default();
    Some(match (owner, &*member.name, parameter) {
        ("DateTime" | "DateTimeOffset", _, "format") => TIME_FORMATS,
        ("TimeSpan", _, "format") => SPAN_FORMATS,
        ("Guid", _, "format") => GUID_FORMATS,
        ("string" | "StringBuilder" | "StringWriter", _, "format") => COMPOSITE,
        (
            "int" | "long" | "double" | "decimal" | "float" | "byte" | "sbyte" | "short" | "ushort" | "uint" | "ulong",
            _,
            "format",
        ) => NUMBER_FORMATS,
        (_, _, "format") => ENUM_FORMATS,
        ("DateTime" | "DateTimeOffset", "Parse" | "TryParse", _) | ("Convert", "ToDateTime", _) => DATES,
        ("TimeSpan", _, _) => SPANS,
        ("Guid", _, _) => GUIDS,
        ("bool", _, _) | ("Convert", "ToBoolean", _) => BOOL_TEXTS,
        ("int" | "long" | "byte" | "sbyte" | "short" | "ushort" | "uint" | "ulong", _, _) => WHOLE_TEXTS,
        ("double" | "decimal" | "float", _, _) | ("Convert", "ToDouble" | "ToDecimal" | "ToSingle", _) => REAL_TEXTS,
        ("Convert", "FromBase64String", _) => BASE64,
        ("Convert", "FromHexString", _) => HEX,
        ("Convert", "ToString", _) => return None,
        ("Convert", _, _) => WHOLE_TEXTS,
        ("Regex", _, "pattern") => PATTERNS,
        ("Regex" | "Match", _, "replacement") => REPLACEMENTS,
        ("Regex", _, "input") => INPUTS,
        ("JObject" | "JArray" | "JToken" | "JsonConvert" | "JValue", "Parse" | "DeserializeObject", _) => JSON_TEXTS,
        ("JToken" | "JObject" | "JArray", "SelectToken" | "SelectTokens", _) => JSON_PATHS,
        ("XElement" | "XDocument", "Parse", _) => XML_TEXTS,
        (
            "XElement" | "XContainer" | "XAttribute" | "XName" | "XNamespace" | "XDocument" | "XNode",
            _,
            "name" | "expandedName" | "localName",
        ) => XML_NAMES,
        ("JObject" | "JProperty" | "JConstructor" | "JToken", _, "name" | "propertyName" | "key") => NAMES,
        ("Uri", "EscapeDataString" | "UnescapeDataString" | "EscapeUriString", _) | ("WebUtility", _, _) => URL_TEXTS,
        ("Uri", _, _) => URI_TEXTS,
        ("IPAddress", _, _) => ADDRESSES,
        ("TimeZoneInfo", _, _) => ZONE_IDS,
        ("Encoding", "GetEncoding", _) => ENCODINGS,
        ("byte[]", _, "alg") => CIPHERS,
        ("IReadOnlyDictionary", _, _) if member.owner.to_string().contains("object") => VARIABLES,
        ("IReadOnlyDictionary", _, _) => HEADERS,
        (_, _, "separator") => SEPARATORS,
        _ => return None,
    })
}
