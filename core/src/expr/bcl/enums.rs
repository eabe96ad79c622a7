//! Enumerations and their members, as .NET numbers them. What a value of an enumeration can do is in `enum_members`.

use super::{Row, constant};
use crate::value::{EnumKind, Enumeration};

// `static KIND "namespace." Name { Member number, … }`: the enumeration, and a row for each of its members.
macro_rules! enumerations {
    ($($variable:ident $kind:ident $space:literal $name:ident { $($member:ident $number:literal,)* })*) => {
        $(pub(super) static $variable: Enumeration = Enumeration {
            name: concat!($space, stringify!($name)),
            kind: EnumKind::$kind,
            members: &[$((stringify!($member), $number),)*],
        };)*

        pub(super) const ROWS: &[Row] = &[
            $($(constant(
                stringify!($name),
                concat!("static ", stringify!($name), " ", stringify!($member)),
                &$variable,
                $number,
            ),)*)*
            constant("DateTimeKind", "static DateTimeKind Utc", &DATE_TIME_KIND, 1),
        ];
    };
}

/// Only `Utc` can be named (reference A2).
pub(super) static DATE_TIME_KIND: Enumeration = Enumeration {
    name: "System.DateTimeKind",
    kind: EnumKind::Plain,
    members: &[("Unspecified", 0), ("Utc", 1), ("Local", 2)],
};

enumerations! {
    BACKEND_TYPE Plain "" BackendType { Single 0, Pool 1, }
    PRODUCT_STATE Plain "" ProductState { NotPublished 0, Published 1, }
    TYPE_CODE Plain "System." TypeCode {
        Empty 0,
        Object 1,
        DBNull 2,
        Boolean 3,
        Char 4,
        SByte 5,
        Byte 6,
        Int16 7,
        UInt16 8,
        Int32 9,
        UInt32 10,
        Int64 11,
        UInt64 12,
        Single 13,
        Double 14,
        Decimal 15,
        DateTime 16,
        String 18,
    }
    STRING_COMPARISON Plain "System." StringComparison {
        CurrentCulture 0,
        CurrentCultureIgnoreCase 1,
        InvariantCulture 2,
        InvariantCultureIgnoreCase 3,
        Ordinal 4,
        OrdinalIgnoreCase 5,
    }
    STRING_SPLIT_OPTIONS Flags "System." StringSplitOptions { None 0, RemoveEmptyEntries 1, TrimEntries 2, }
    FORMATTING Plain "Newtonsoft.Json." Formatting { None 0, Indented 1, }
    J_TOKEN_TYPE Plain "Newtonsoft.Json.Linq." JTokenType {
        None 0,
        Object 1,
        Array 2,
        Constructor 3,
        Property 4,
        Comment 5,
        Integer 6,
        Float 7,
        String 8,
        Boolean 9,
        Null 10,
        Undefined 11,
        Date 12,
        Raw 13,
        Bytes 14,
        Guid 15,
        Uri 16,
        TimeSpan 17,
    }
    REGEX_OPTIONS Flags "System.Text.RegularExpressions." RegexOptions {
        None 0,
        IgnoreCase 1,
        Multiline 2,
        ExplicitCapture 4,
        Compiled 8,
        Singleline 16,
        IgnorePatternWhitespace 32,
        RightToLeft 64,
        ECMAScript 256,
        CultureInvariant 512,
        NonBacktracking 1024,
    }
    XML_NODE_TYPE Plain "System.Xml." XmlNodeType {
        None 0,
        Element 1,
        Attribute 2,
        Text 3,
        CDATA 4,
        EntityReference 5,
        Entity 6,
        ProcessingInstruction 7,
        Comment 8,
        Document 9,
        DocumentType 10,
        DocumentFragment 11,
        Notation 12,
        Whitespace 13,
        SignificantWhitespace 14,
        EndElement 15,
        EndEntity 16,
        XmlDeclaration 17,
    }
    LOAD_OPTIONS Flags "System.Xml.Linq." LoadOptions { None 0, PreserveWhitespace 1, SetBaseUri 2, SetLineInfo 4, }
    SAVE_OPTIONS Flags "System.Xml.Linq." SaveOptions { None 0, DisableFormatting 1, OmitDuplicateNamespaces 2, }
    DAY_OF_WEEK Plain "System." DayOfWeek {
        Sunday 0,
        Monday 1,
        Tuesday 2,
        Wednesday 3,
        Thursday 4,
        Friday 5,
        Saturday 6,
    }
    MIDPOINT_ROUNDING Plain "System." MidpointRounding {
        ToEven 0,
        AwayFromZero 1,
        ToZero 2,
        ToNegativeInfinity 3,
        ToPositiveInfinity 4,
    }
    UNICODE_CATEGORY Plain "System.Globalization." UnicodeCategory {
        UppercaseLetter 0,
        LowercaseLetter 1,
        TitlecaseLetter 2,
        ModifierLetter 3,
        OtherLetter 4,
        NonSpacingMark 5,
        SpacingCombiningMark 6,
        EnclosingMark 7,
        DecimalDigitNumber 8,
        LetterNumber 9,
        OtherNumber 10,
        SpaceSeparator 11,
        LineSeparator 12,
        ParagraphSeparator 13,
        Control 14,
        Format 15,
        Surrogate 16,
        PrivateUse 17,
        ConnectorPunctuation 18,
        DashPunctuation 19,
        OpenPunctuation 20,
        ClosePunctuation 21,
        InitialQuotePunctuation 22,
        FinalQuotePunctuation 23,
        OtherPunctuation 24,
        MathSymbol 25,
        CurrencySymbol 26,
        ModifierSymbol 27,
        OtherSymbol 28,
        OtherNotAssigned 29,
    }
    OID_GROUP Plain "System.Security.Cryptography." OidGroup {
        All 0,
        HashAlgorithm 1,
        EncryptionAlgorithm 2,
        PublicKeyAlgorithm 3,
        SignatureAlgorithm 4,
        Attribute 5,
        ExtensionOrAttribute 6,
        EnhancedKeyUsage 7,
        Policy 8,
        Template 9,
        KeyDerivationFunction 10,
    }
    NUMBER_STYLES Flags "System.Globalization." NumberStyles {
        None 0,
        AllowLeadingWhite 1,
        AllowTrailingWhite 2,
        AllowLeadingSign 4,
        AllowTrailingSign 8,
        AllowParentheses 16,
        AllowDecimalPoint 32,
        AllowThousands 64,
        AllowExponent 128,
        AllowCurrencySymbol 256,
        AllowHexSpecifier 512,
        AllowBinarySpecifier 1024,
        Integer 7,
        HexNumber 515,
        BinaryNumber 1027,
        Number 111,
        Float 167,
        Currency 383,
        Any 511,
    }
    TIME_SPAN_STYLES Flags "System.Globalization." TimeSpanStyles { None 0, AssumeNegative 1, }
    DATE_TIME_STYLES Flags "System.Globalization." DateTimeStyles {
        None 0,
        AllowLeadingWhite 1,
        AllowTrailingWhite 2,
        AllowInnerWhite 4,
        AllowWhiteSpaces 7,
        NoCurrentDateDefault 8,
        AdjustToUniversal 16,
        AssumeLocal 32,
        AssumeUniversal 64,
        RoundtripKind 128,
    }
    URI_COMPONENTS Flags "System." UriComponents {
        SerializationInfoString -2_147_483_648,
        Scheme 1,
        UserInfo 2,
        Host 4,
        SchemeAndServer 13,
        Port 8,
        Path 16,
        Query 32,
        PathAndQuery 48,
        HttpRequestUrl 61,
        Fragment 64,
        AbsoluteUri 127,
        StrongPort 128,
        HostAndPort 132,
        StrongAuthority 134,
        NormalizedHost 256,
        KeepDelimiter 0x4000_0000,
    }
    URI_FORMAT Plain "System." UriFormat { UriEscaped 1, Unescaped 2, SafeUnescaped 3, }
    URI_PARTIAL Plain "System." UriPartial { Scheme 0, Authority 1, Path 2, Query 3, }
    URI_KIND Plain "System." UriKind { RelativeOrAbsolute 0, Absolute 1, Relative 2, }
    URI_HOST_NAME_TYPE Plain "System." UriHostNameType { Unknown 0, Basic 1, Dns 2, IPv4 3, IPv6 4, }
    ADDRESS_FAMILY Plain "System.Net.Sockets." AddressFamily { InterNetwork 2, InterNetworkV6 23, }
    NORMALIZATION_FORM Plain "System.Text." NormalizationForm { FormC 1, FormD 2, FormKC 5, FormKD 6, }
    CIPHER_MODE Plain "System.Security.Cryptography." CipherMode { CBC 1, ECB 2, OFB 3, CFB 4, CTS 5, }
    PADDING_MODE Plain "System.Security.Cryptography." PaddingMode { None 1, PKCS7 2, Zeros 3, ANSIX923 4, ISO10126 5, }
    RSA_SIGNATURE_PADDING_MODE Plain "System.Security.Cryptography." RSASignaturePaddingMode { Pkcs1 0, Pss 1, }
    RSA_ENCRYPTION_PADDING_MODE Plain "System.Security.Cryptography." RSAEncryptionPaddingMode { Pkcs1 0, Oaep 1, }
    X509_CONTENT_TYPE Plain "System.Security.Cryptography.X509Certificates." X509ContentType {
        Unknown 0,
        Cert 1,
        SerializedCert 2,
        Pfx 3,
        Pkcs12 3,
        SerializedStore 4,
        Pkcs7 5,
        Authenticode 6,
    }
    X509_NAME_TYPE Plain "System.Security.Cryptography.X509Certificates." X509NameType {
        SimpleName 0,
        EmailName 1,
        UpnName 2,
        DnsName 3,
        DnsFromAlternativeName 4,
        UrlName 5,
    }
    X509_KEY_STORAGE_FLAGS Flags "System.Security.Cryptography.X509Certificates." X509KeyStorageFlags {
        DefaultKeySet 0,
        UserKeySet 1,
        MachineKeySet 2,
        Exportable 4,
        UserProtected 8,
        PersistKeySet 16,
        EphemeralKeySet 32,
    }
    BASE64_FORMATTING_OPTIONS Flags "System." Base64FormattingOptions { None 0, InsertLineBreaks 1, }
}
