//! Values that are written without parts, by type: the ordinary ones, and those that things go wrong with. Knows no members.

use crate::expr::ty::{Class, Ty};

const BOOLS: &[&str] = &["true", "false"];
const CHARS: &[&str] = &[
    "'a'",
    "'Z'",
    "'0'",
    "' '",
    "','",
    "'.'",
    "'ä'",
    "'€'",
    "'\\0'",
    "'\\n'",
    "'٣'",
    "'İ'",
    "'ß'",
    "'\\u00a0'",
    "'x'",
    "'-'",
];
const SBYTES: &[&str] = &["((sbyte)1)", "((sbyte)0)", "((sbyte)-1)", "sbyte.MaxValue", "sbyte.MinValue", "((sbyte)7)"];
const BYTES: &[&str] = &["((byte)1)", "((byte)0)", "((byte)2)", "byte.MaxValue", "((byte)128)", "((byte)65)"];
const INT16S: &[&str] =
    &["((short)1)", "((short)0)", "((short)-1)", "short.MaxValue", "short.MinValue", "((short)300)"];
const UINT16S: &[&str] = &["((ushort)1)", "((ushort)0)", "ushort.MaxValue", "((ushort)65)", "((ushort)300)"];
const INT32S: &[&str] = &[
    "1",
    "0",
    "2",
    "3",
    "5",
    "7",
    "10",
    "42",
    "255",
    "1000",
    "65",
    "(-1)",
    "(-3)",
    "(-42)",
    "0x1F",
    "1_000",
    "12345",
    "int.MaxValue",
    "int.MinValue",
];
const UINT32S: &[&str] = &["1u", "0u", "7u", "100u", "3000000000", "uint.MaxValue"];
const INT64S: &[&str] = &[
    "1L",
    "0L",
    "2L",
    "7L",
    "100L",
    "(-1L)",
    "1700000000L",
    "9007199254740993L",
    "10000000L",
    "(-5000000000L)",
    "long.MaxValue",
    "long.MinValue",
];
const UINT64S: &[&str] = &["1UL", "0UL", "7UL", "10000000000000000000", "ulong.MaxValue"];
const SINGLES: &[&str] = &[
    "1f",
    "0f",
    "0.5f",
    "1.5f",
    "(-2.25f)",
    "0.1f",
    "1e10f",
    "3.4e38f",
    "float.NaN",
    "float.PositiveInfinity",
    "float.Epsilon",
    "16777217f",
];
const DOUBLES: &[&str] = &[
    "1.0",
    "0.0",
    "0.5",
    "1.5",
    "2.5",
    "(-2.5)",
    "(-0.0)",
    "0.1",
    "1e15",
    "1e16",
    "1e-5",
    "123456.789",
    "1e300",
    "3.14159",
    "(-1.0)",
    "100.0",
    "double.NaN",
    "double.PositiveInfinity",
    "double.NegativeInfinity",
    "double.MaxValue",
    "double.Epsilon",
    "1234.5678",
    "0.005",
    "2.675",
];
const DECIMALS: &[&str] = &[
    "1m",
    "0m",
    "0.5m",
    "1.10m",
    "(-2.5m)",
    "2.5m",
    "3.5m",
    "12345.6789m",
    "0.0000001m",
    "100m",
    "79228162514264337593543950335m",
    "(-0.0m)",
    "decimal.MaxValue",
    "1.000m",
    "0.3333333333333333333333333333m",
];
const STRINGS: &[&str] = &[
    "\"a\"",
    "\"\"",
    "\"abc\"",
    "\"hello world\"",
    "\"Ab,c;d\"",
    "\"1\"",
    "\" 12 \"",
    "\"1,5\"",
    "\"3.75\"",
    "\"-7\"",
    "\"true\"",
    "\"ä😀\"",
    "\"ÄÖü ß\"",
    "\"aaa\"",
    "\"a-b-c\"",
    "\"x=1&y=2\"",
    "\"Tab\\tNew\\nLine\"",
    "\"2024-02-29T13:45:06Z\"",
    "\"{\\\"a\\\":1}\"",
    "\"YWJj\"",
    "\"https://h.test/p?q=1\"",
    "\"null\"",
    "\"  \"",
    "@\"C:\\temp\"",
    "\"istanbul İI\"",
];
const OBJECTS: &[&str] = &["1", "\"a\"", "2.5", "true", "'x'", "7L", "null"];
const DATE_TIMES: &[&str] = &[
    "new DateTime(2024, 2, 29)",
    "new DateTime(2024, 2, 29, 13, 45, 6)",
    "new DateTime(2023, 12, 31, 23, 59, 59, 999)",
    "new DateTime(638448399451234567L)",
    "new DateTime(2024, 3, 31, 2, 30, 0, DateTimeKind.Utc)",
    "DateTime.MinValue",
    "DateTime.MaxValue",
    "context.Timestamp",
];
const TIME_SPANS: &[&str] = &[
    "TimeSpan.FromMinutes(90)",
    "TimeSpan.Zero",
    "new TimeSpan(1, 2, 3, 4, 5)",
    "TimeSpan.FromTicks(-12345678)",
    "TimeSpan.FromSeconds(0.5)",
    "TimeSpan.MaxValue",
    "context.Elapsed",
    "TimeSpan.FromHours(2)",
];
const DATE_TIME_OFFSETS: &[&str] = &[
    "new DateTimeOffset(2024, 2, 29, 13, 45, 6, TimeSpan.FromHours(2))",
    "new DateTimeOffset(2023, 12, 31, 23, 59, 59, TimeSpan.Zero)",
    "DateTimeOffset.MinValue",
    "DateTimeOffset.UnixEpoch",
    "DateTimeOffset.FromUnixTimeSeconds(1700000000)",
];
const GUIDS: &[&str] = &["context.RequestId", "Guid.Empty", "new Guid(\"0f8fad5b-d9cb-469f-a165-70867728950e\")"];
const BYTE_ARRAYS: &[&str] = &[
    "new byte[] { 1, 2, 255 }",
    "(new byte[0])",
    "Encoding.UTF8.GetBytes(\"abc\")",
    "Convert.FromBase64String(\"AAECAwQFBgcICQoLDA0ODw==\")",
    "new byte[] { 0, 0, 240, 63, 1, 2, 3, 4 }",
    "Encoding.UTF8.GetBytes(\"ä😀\")",
    "(new byte[16])",
    "new byte[] { 200, 65, 195 }",
];
const CHAR_ARRAYS: &[&str] =
    &["new[] { 'a', 'b' }", "\"a,b c\".ToCharArray()", "(new char[0])", "new[] { ' ', ',' }", "new[] { '-', 'x' }"];
const JTOKENS: &[&str] = &[
    "JToken.Parse(\"{\\\"a\\\":{\\\"b\\\":[1,2.5,null]},\\\"c\\\":\\\"x\\\"}\")",
    "JToken.Parse(\"[3,1,2]\")",
    "JToken.Parse(\"\\\"text\\\"\")",
    "JToken.Parse(\"17\")",
    "JToken.Parse(\"1.0\")",
    "JToken.Parse(\"true\")",
    "JToken.Parse(\"null\")",
    "JToken.Parse(\"\\\"2024-02-29T13:45:06Z\\\"\")",
];
const JOBJECTS: &[&str] = &[
    "JObject.Parse(\"{\\\"a\\\":1,\\\"b\\\":\\\"two\\\",\\\"c\\\":[1,2,3],\\\"d\\\":{\\\"e\\\":null,\\\"f\\\":1.5}}\")",
    "JObject.Parse(\"{}\")",
    "new JObject(new JProperty(\"a\", 1), new JProperty(\"B\", \"x\"))",
    "JObject.Parse(\"{'id':17,'tags':['a','b'],'on':true,'when':'2024-02-29T13:45:06Z'}\")",
];
const JARRAYS: &[&str] = &[
    "JArray.Parse(\"[1,2,3]\")",
    "JArray.Parse(\"[]\")",
    "new JArray(1, \"a\", null)",
    "JArray.Parse(\"[{\\\"k\\\":1},{\\\"k\\\":2},[],\\\"s\\\"]\")",
];
const JPROPERTIES: &[&str] = &[
    "new JProperty(\"a\", 1)",
    "JObject.Parse(\"{\\\"a\\\":1,\\\"b\\\":[2]}\").Property(\"b\")",
    "new JProperty(\"n\", null)",
];
const JVALUES: &[&str] = &[
    "new JValue(5)",
    "new JValue(\"s\")",
    "new JValue(2.5)",
    "new JValue(true)",
    "JValue.CreateNull()",
    "new JValue(new DateTime(2024, 2, 29))",
];
const REGEXES: &[&str] = &[
    "new Regex(\"a+\")",
    "new Regex(@\"(?<n>\\d+)-(\\w)\")",
    "new Regex(\"B\", RegexOptions.IgnoreCase)",
    "new Regex(\"\")",
    "new Regex(@\"\\b\\w\")",
];
const MATCHES: &[&str] =
    &["Regex.Match(\"x12-b\", @\"(?<n>\\d+)-(\\w)\")", "Regex.Match(\"abab\", \"(ab)+\")", "Regex.Match(\"a\", \"b\")"];
const URIS: &[&str] = &[
    "new Uri(\"https://u:p@Example.test:8443/a/b%20c/../d?q=1&r=%C3%A4#f\")",
    "new Uri(\"http://h/\")",
    "new Uri(\"/rel?x\", UriKind.Relative)",
    "new Uri(\"urn:isbn:12\")",
    "new Uri(\"https://[::1]/x\")",
    "new Uri(\"http://h/a/b/\")",
];
const XELEMENTS: &[&str] = &[
    "XElement.Parse(\"<r a='1' b='x'><c>t</c><c>u</c><d/></r>\")",
    "XElement.Parse(\"<p:r xmlns:p='urn:p'><p:a>1</p:a><b xmlns='urn:d'/></p:r>\")",
    "new XElement(\"e\", new XAttribute(\"k\", 1), \"t\")",
    "XElement.Parse(\"<e/>\")",
    "XElement.Parse(\"<m>x<i>y</i>z<!--c--></m>\")",
];
const XDOCUMENTS: &[&str] = &[
    "XDocument.Parse(\"<?xml version='1.0'?><r><a>1</a></r>\")",
    "new XDocument(new XElement(\"r\"))",
    "XDocument.Parse(\"<!--c--><r/><?pi x?>\")",
];
const XATTRIBUTES: &[&str] = &["new XAttribute(\"k\", \"v\")", "XElement.Parse(\"<r a='1' b='2'/>\").Attribute(\"a\")"];
const XNAMES: &[&str] = &["XName.Get(\"c\")", "XName.Get(\"{urn:p}a\")", "XName.Get(\"r\")"];
const ENCODINGS: &[&str] = &[
    "Encoding.UTF8",
    "Encoding.ASCII",
    "Encoding.Unicode",
    "Encoding.UTF32",
    "Encoding.BigEndianUnicode",
    "Encoding.GetEncoding(\"iso-8859-1\")",
];
const BUILDERS: &[&str] = &["new StringBuilder(\"abc\")", "new StringBuilder()", "new StringBuilder(\"a-b-a\", 64)"];
const COMPARERS: &[&str] =
    &["StringComparer.Ordinal", "StringComparer.OrdinalIgnoreCase", "StringComparer.InvariantCultureIgnoreCase"];
const ZONES: &[&str] = &[
    "TimeZoneInfo.Utc",
    "TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\")",
    "TimeZoneInfo.FindSystemTimeZoneById(\"America/New_York\")",
    "TimeZoneInfo.FindSystemTimeZoneById(\"Asia/Kolkata\")",
];
const ADDRESSES: &[&str] = &[
    "IPAddress.Parse(\"203.0.113.9\")",
    "IPAddress.Parse(\"::1\")",
    "IPAddress.Parse(\"2001:db8::ff00:42:8329\")",
    "IPAddress.Parse(\"10.1\")",
];
const EXCEPTIONS: &[&str] = &[
    "new Exception(\"e\")",
    "new ArgumentException(\"m\", \"p\")",
    "new InvalidOperationException()",
    "new Exception(\"o\", new FormatException(\"i\"))",
];
const JWTS: &[&str] = &[
    "\"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJpIiwic3ViIjoicyIsImF1ZCI6WyJhIiwiYiJdLCJleHAiOjQxMDI0NDQ4MDAsInJvbGVzIjpbIlIiLCJXIl0sImxldmVsIjozfQ.c2ln\".AsJwt()",
];
const BASICS: &[&str] = &["\"Basic YWRhOnMzY3JldDp3aXRoOmNvbG9ucw==\".AsBasic()"];
const HASHES: &[&str] =
    &["SHA256.Create()", "MD5.Create()", "SHA1.Create()", "SHA512.Create()", "new HMACSHA256(new byte[] { 1, 2, 3 })"];

/// What a value of this type can be written as; nothing for types that are only made of others.
pub(super) fn texts(ty: &Ty) -> &'static [&'static str] {
    match ty {
        Ty::Bool => BOOLS,
        Ty::Char => CHARS,
        Ty::SByte => SBYTES,
        Ty::Byte => BYTES,
        Ty::Int16 => INT16S,
        Ty::UInt16 => UINT16S,
        Ty::Int32 => INT32S,
        Ty::UInt32 => UINT32S,
        Ty::Int64 => INT64S,
        Ty::UInt64 => UINT64S,
        Ty::Single => SINGLES,
        Ty::Double => DOUBLES,
        Ty::Decimal => DECIMALS,
        Ty::String => STRINGS,
        Ty::Object => OBJECTS,
        Ty::Array(item) if **item == Ty::Byte => BYTE_ARRAYS,
        Ty::Array(item) if **item == Ty::Char => CHAR_ARRAYS,
        Ty::Class(class) => of_class(*class),
        Ty::Error
        | Ty::Null
        | Ty::Void
        | Ty::Generic(..)
        | Ty::Array(_)
        | Ty::Grid(..)
        | Ty::Nullable(_)
        | Ty::Record(..)
        | Ty::Param(_) => &[],
    }
}

// Most classes are made by their members; these are worth having at hand.
fn of_class(class: Class) -> &'static [&'static str] {
    match class {
        Class::Context => &["context"],
        Class::DateTime => DATE_TIMES,
        Class::TimeSpan => TIME_SPANS,
        Class::DateTimeOffset => DATE_TIME_OFFSETS,
        Class::Guid => GUIDS,
        Class::JToken => JTOKENS,
        Class::JObject => JOBJECTS,
        Class::JArray => JARRAYS,
        Class::JProperty => JPROPERTIES,
        Class::JValue => JVALUES,
        Class::Regex => REGEXES,
        Class::Match => MATCHES,
        Class::Uri => URIS,
        Class::XElement => XELEMENTS,
        Class::XDocument => XDOCUMENTS,
        Class::XAttribute => XATTRIBUTES,
        Class::XName => XNAMES,
        Class::Encoding => ENCODINGS,
        Class::StringBuilder => BUILDERS,
        Class::StringComparer => COMPARERS,
        Class::TimeZoneInfo => ZONES,
        Class::IPAddress => ADDRESSES,
        Class::Exception => EXCEPTIONS,
        Class::Jwt => JWTS,
        Class::BasicAuthCredentials => BASICS,
        Class::HashAlgorithm => HASHES,
        _ => &[],
    }
}

/// The plainest value of this type.
pub(super) fn plain(ty: &Ty) -> Option<&'static str> {
    texts(ty).first().copied()
}
