//! What is admitted beyond Microsoft's allow-list, each with its reason: what it takes to use what is on the list. Refuses nothing:
//! what is neither listed nor here has no row in the members' table.

/// A type or members of one, and why expressions may use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The full name of the type, without type arguments.
    pub name: &'static str,
    /// Which of its members; none means the type by name and all that it has.
    pub members: &'static [&'static str],
    /// Why.
    pub reason: &'static str,
}

const fn whole(name: &'static str, reason: &'static str) -> Admitted {
    Admitted { name, members: &[], reason }
}

const fn some(name: &'static str, members: &'static [&'static str], reason: &'static str) -> Admitted {
    Admitted { name, members, reason }
}

const PARAMETER: &str = "an enumeration that members of the list take";
const RESULT: &str = "the type of what members of the list give";
const THROWN: &str = "what members of the list throw, for `catch` and `throw`";
const DELEGATE: &str = "the type of a lambda that is kept in a variable";
const OBJECT: &str = "every object has it";
const ENUMERATOR: &str = "what `GetEnumerator` gives, which the list has";
const COMPARER: &str = "the type of comparers, which members of the list take";

/// All of it.
pub const ADMITTED: &[Admitted] = &[
    whole("System.DayOfWeek", "the type of `DateTime.DayOfWeek`, and what one compares it with"),
    whole("System.DateTimeKind", "a parameter of `DateTime`'s constructors; the list names `Utc` alone"),
    whole("System.DBNull", "what `Convert.DBNull` holds"),
    whole("System.TypeCode", "what `Convert.GetTypeCode` gives"),
    whole("System.UriKind", PARAMETER),
    whole("System.UriHostNameType", RESULT),
    whole("System.UriComponents", PARAMETER),
    whole("System.UriFormat", PARAMETER),
    whole("System.Globalization.DateTimeStyles", PARAMETER),
    whole("System.Security.Cryptography.OidGroup", PARAMETER),
    whole("System.Globalization.NumberStyles", PARAMETER),
    whole("System.Globalization.TimeSpanStyles", PARAMETER),
    whole("System.Globalization.UnicodeCategory", RESULT),
    whole("System.IFormatProvider", "a parameter for which only `null` can be given"),
    whole("System.Base64FormattingOptions", PARAMETER),
    whole("System.Text.NormalizationForm", PARAMETER),
    whole("System.Net.Sockets.AddressFamily", RESULT),
    whole("System.Xml.Linq.LoadOptions", PARAMETER),
    whole("System.Xml.Linq.SaveOptions", PARAMETER),
    whole("System.Action", DELEGATE),
    whole("System.Func", DELEGATE),
    whole("System.Predicate", DELEGATE),
    whole("System.Comparison", DELEGATE),
    whole("System.Collections.Generic.IComparer", COMPARER),
    whole("System.Collections.Generic.IEqualityComparer", COMPARER),
    whole("Newtonsoft.Json.Linq.JTokenEqualityComparer", COMPARER),
    whole("System.Collections.Generic.IReadOnlyList", "what lists and matches are, for their indexers"),
    whole("Newtonsoft.Json.Linq.JEnumerable", RESULT),
    whole("Newtonsoft.Json.Linq.IJEnumerable", RESULT),
    whole("System.IDisposable", "what `using` disposes of"),
    whole("System.Linq.IOrderedEnumerable", "what `OrderBy` gives and `ThenBy` takes"),
    whole("System.Linq.IGrouping", "the items of `GroupBy`"),
    whole("System.Linq.ILookup", "what `ToLookup` gives"),
    whole("System.Collections.ObjectModel.ReadOnlyCollection", "what `AsReadOnly` gives"),
    whole("System.Converter", DELEGATE),
    whole("System.Collections.IEnumerator", ENUMERATOR),
    whole("System.CharEnumerator", ENUMERATOR),
    whole("System.Collections.Generic.List.Enumerator", ENUMERATOR),
    whole("System.Collections.Generic.Dictionary.Enumerator", ENUMERATOR),
    whole("System.Collections.Generic.HashSet.Enumerator", ENUMERATOR),
    whole("System.Collections.Generic.Queue.Enumerator", ENUMERATOR),
    whole("System.Collections.Generic.Stack.Enumerator", ENUMERATOR),
    whole("System.Collections.Generic.Dictionary.KeyCollection", "what `Keys` gives"),
    whole("System.Collections.Generic.Dictionary.KeyCollection.Enumerator", ENUMERATOR),
    whole("System.Collections.Generic.Dictionary.ValueCollection", "what `Values` gives"),
    whole("System.Collections.Generic.Dictionary.ValueCollection.Enumerator", ENUMERATOR),
    whole("System.Collections.Generic.KeyValuePair", "its `Create` makes the pairs of the list with inferred types"),
    whole("System.Security.Cryptography.RSAParameters", "what `ImportParameters` takes and `ExportParameters` gives"),
    whole("System.Security.Cryptography.ICryptoTransform", "what `CreateEncryptor` and `CreateDecryptor` give"),
    whole("System.Security.Cryptography.KeySizes", "what `LegalKeySizes` gives"),
    whole("System.Security.Cryptography.RSASignaturePaddingMode", RESULT),
    whole("System.Security.Cryptography.RSAEncryptionPaddingMode", RESULT),
    whole("System.Security.Cryptography.AsnEncodedData", "the parts of a `PublicKey`"),
    whole("System.Security.Cryptography.X509Certificates.X509Extension", "the items of a certificate's `Extensions`"),
    whole(
        "System.Security.Cryptography.X509Certificates.X509ExtensionCollection",
        "what a certificate's `Extensions` gives",
    ),
    whole("System.Security.Cryptography.X509Certificates.X509KeyStorageFlags", PARAMETER),
    whole("System.Security.Cryptography.CryptographicUnexpectedOperationException", THROWN),
    whole("System.Collections.IDictionary", "the type of `Exception.Data`"),
    whole("System.Collections.ICollection", "the type of its keys and values"),
    whole("System.Text.RegularExpressions.MatchCollection", "what `Regex.Matches` gives"),
    some("System.Text.RegularExpressions.Group", &["Name"], "which group it is"),
    some("System.Text.RegularExpressions.Match", &["NextMatch"], "the way on without `Matches`"),
    some("System.Text.RegularExpressions.Capture", &["ToString"], OBJECT),
    some("System.Text.RegularExpressions.Regex", &["ToString"], OBJECT),
    whole("System.Text.RegularExpressions.MatchEvaluator", DELEGATE),
    whole("System.ValueTuple", "a form of the language, which names no type"),
    whole("typeof", "the argument of `Enum.Parse`, `Convert.ChangeType` and JSON's `ToObject`, which the list has"),
    whole("System.Type", "what `typeof` gives; it has no members here"),
    some(
        "System.Enum",
        &["CompareTo", "Equals", "GetHashCode", "GetTypeCode", "HasFlag"],
        "inherited by every enumeration of the list",
    ),
    some("System.ValueType", &["Equals", "ToString"], "inherited by every structure of the list"),
    some("System.DateTime", &["CompareTo", "Equals", "GetHashCode"], "every structure of the list has it"),
    some(
        "System.DateTime",
        &["Kind", "TryParse"],
        "published policies use them; they reach nothing that `Parse` does not",
    ),
    some("System.Span", &["op_Implicit"], "what a compiler chooses for `CopyTo(char[])`"),
    some("System.MemoryExtensions", &[], "what a compiler may choose for members of arrays"),
    some(
        "System.Collections.Generic.CollectionExtensions",
        &["GetValueOrDefault", "TryAdd", "Remove"],
        "dictionaries' own extensions",
    ),
    whole("System.SystemException", THROWN),
    whole("System.ArgumentException", THROWN),
    whole("System.ArgumentNullException", THROWN),
    whole("System.ArgumentOutOfRangeException", THROWN),
    whole("System.ArithmeticException", THROWN),
    whole("System.DivideByZeroException", THROWN),
    whole("System.OverflowException", THROWN),
    whole("System.FormatException", THROWN),
    whole("System.ArrayTypeMismatchException", THROWN),
    whole("System.IndexOutOfRangeException", THROWN),
    whole("System.InvalidCastException", THROWN),
    whole("System.InvalidOperationException", THROWN),
    whole("System.Collections.Generic.KeyNotFoundException", THROWN),
    whole("System.NotImplementedException", THROWN),
    whole("System.NotSupportedException", THROWN),
    whole("System.NullReferenceException", THROWN),
    whole("System.TimeoutException", THROWN),
    whole("System.UnauthorizedAccessException", THROWN),
    whole("System.AggregateException", THROWN),
    whole("System.ObjectDisposedException", THROWN),
    whole("System.PlatformNotSupportedException", THROWN),
    whole("System.UriFormatException", THROWN),
    whole("System.TimeZoneNotFoundException", THROWN),
    whole("Newtonsoft.Json.JsonException", THROWN),
    whole("Newtonsoft.Json.JsonReaderException", THROWN),
    whole("Newtonsoft.Json.JsonSerializationException", THROWN),
    whole("System.Xml.XmlException", THROWN),
    whole("System.Security.Cryptography.CryptographicException", THROWN),
    whole("System.Text.RegularExpressions.RegexParseException", THROWN),
    whole("System.Text.RegularExpressions.RegexMatchTimeoutException", THROWN),
    whole("System.Text.DecoderFallbackException", THROWN),
];

/// Why this name is admitted: a type or a member as a C# compiler shows it, as in `System.Linq.IGrouping<string, int>.Key`.
/// `None` when it is not.
#[must_use]
pub fn admitted(name: &str) -> Option<&'static str> {
    // A tuple of names and types, `(int n, string s).n`
    if name.starts_with('(') {
        return of("System.ValueTuple", "");
    }
    let (outer, inner) = names_in(name);
    let found = of(&outer, "").or_else(|| outer.rsplit_once('.').and_then(|(ty, member)| of(ty, member)));
    // A listed type with an argument that is not listed.
    let argument = |name: &String| if name.starts_with('(') { of("System.ValueTuple", "") } else { of(name, "") };
    found.or_else(|| inner.iter().find_map(argument))
}

fn of(ty: &str, member: &str) -> Option<&'static str> {
    let is_it = |entry: &&Admitted| {
        entry.name == ty.trim_end_matches(['?', '.', '[', ']'])
            && (entry.members.is_empty() || entry.members.contains(&member.trim_end_matches("[]")))
    };
    ADMITTED.iter().find(is_it).map(|entry| entry.reason)
}

// The name without type arguments, and the names in them.
fn names_in(name: &str) -> (String, Vec<String>) {
    let mut outer = String::new();
    let mut inner: Vec<String> = Vec::new();
    let mut depth = 0_u32;
    for c in name.chars() {
        match c {
            '<' => {
                depth += 1;
                inner.push(String::new());
            }
            '>' => depth = depth.saturating_sub(1),
            ',' | ' ' if depth > 0 => inner.push(String::new()),
            c if depth > 0 => {
                if let Some(last) = inner.last_mut() {
                    last.push(c);
                }
            }
            c => outer.push(c),
        }
    }
    (outer, inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ADMITTED, admitted};
    use crate::expr::bcl::TABLE;

    #[test]
    fn names_are_read_as_compilers_show_them() {
        for name in [
            "System.DayOfWeek",
            "System.DayOfWeek.Monday",
            "System.ArgumentException..ctor",
            "System.Linq.IGrouping<string, int>.Key",
            "System.Linq.IOrderedEnumerable<System.Collections.Generic.IEnumerable<int>>",
            "System.Collections.Generic.List<System.Linq.IGrouping<int, bool>>",
            "System.Func<int, int>",
            "System.Text.RegularExpressions.MatchCollection.this[]",
            "(int, string).Item1",
            "System.DateTime.Equals",
            "System.Collections.Generic.List<(int a, string b)>",
            "typeof",
        ] {
            assert!(admitted(name).is_some(), "{name}");
        }
        for name in [
            "System.Environment.MachineName",
            "System.DateTime.ToBinary",
            "System.Collections.Generic.List<int>",
            "System.Func.x",
        ] {
            assert_eq!(admitted(name).is_some(), name == "System.Func.x", "{name}");
        }
    }

    // What nothing here has any more must not stay admitted.
    #[test]
    fn every_admitted_name_is_built() {
        // The language's own, and what only a compiler sees.
        let unnamed = [
            "System.ValueTuple",
            "typeof",
            "System.MemoryExtensions",
            "System.Span",
            "System.Collections.Generic.CollectionExtensions",
            "System.ValueType",
            "System.Enum",
            "System.Collections.Generic.Dictionary.KeyCollection",
            "System.Collections.Generic.Dictionary.ValueCollection",
            "System.Collections.Generic.KeyValuePair",
            "System.Collections.IDictionary",
            "System.Collections.ICollection",
        ];
        let built: BTreeSet<String> =
            crate::expr::ty::Class::ALL.iter().map(|class| format!("{}.{}", class.namespace(), class.name())).collect();
        let names: BTreeSet<(String, String)> =
            TABLE.members().map(|member| (member.owner.to_string(), member.name.to_string())).collect();
        for entry in ADMITTED.iter().filter(|entry| !unnamed.contains(&entry.name) && entry.reason != super::ENUMERATOR)
        {
            assert!(built.contains(entry.name), "{} is admitted and not built", entry.name);
            let short = entry.name.rsplit('.').next().unwrap();
            for member in entry.members {
                // What every object has stands at `object`, and at `Enum`.
                let has = |owner: &str| names.contains(&(owner.to_owned(), (*member).to_owned()));
                assert!(has(short) || has("object") || has("Enum"), "{}.{member} is not built", entry.name);
            }
        }
    }
}
