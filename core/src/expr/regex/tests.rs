//! Units of the regular expressions; how they behave in expressions is shown by `fixtures/expr/eval/regex.txt`.

use super::{Options, Regex};

fn matches(pattern: &str, text: &str, options: i32) -> Vec<String> {
    let regex = Regex::new(pattern, Options(options)).unwrap();
    let units: Vec<u16> = text.encode_utf16().collect();
    let found =
        regex.find_all(&units, None, if regex.is_backwards() { units.len() } else { 0 }, &mut 1_000_000).unwrap();
    found
        .iter()
        .map(|found| {
            let (start, end) = found.span();
            String::from_utf16_lossy(&units[start..end])
        })
        .collect()
}

#[test]
fn matches_are_those_of_dotnet() {
    let cases: [(&str, &str, i32, &[&str]); 22] = [
        (r"\d+", "a12b345", 0, &["12", "345"]),
        ("a*", "baac", 0, &["", "aa", "", ""]),
        ("a*?b", "aab", 0, &["aab"]),
        ("(a|ab)(c|bcd)(d*)", "abcd", 0, &["abcd"]),
        (r"(?<=\$)\d+(?!\d|%)", "$12% $34", 0, &["34"]),
        (r"(\w)\1", "aabbc", 0, &["aa", "bb"]),
        ("^.+$", "a\nb\n", Options::MULTILINE, &["a", "b"]),
        ("a$", "a\n", 0, &["a"]),
        (r"a\z", "a\n", 0, &[]),
        ("[a-z-[aeiou]]+", "hello world", 0, &["h", "ll", "w", "rld"]),
        ("(?>a+)ab", "aaab", 0, &[]),
        ("(?i)É", "é", 0, &["é"]),
        ("x{2,3}", "xxxxx", 0, &["xxx", "xx"]),
        ("x{,3}", "x{,3}", 0, &["x{,3}"]),
        (r"(?(a)ab|c)", "abc", 0, &["ab", "c"]),
        (r"(a)?(?(1)b|c)", "abc", 0, &["ab", "c"]),
        (r"^(?:(?<o>\()|(?<-o>\))|[^()])*(?(o)(?!))$", "(a(b))", 0, &["(a(b))"]),
        (r"^(?:(?<o>\()|(?<-o>\))|[^()])*(?(o)(?!))$", "(a(b)", 0, &[]),
        (r"\d", "1a2", Options::RIGHT_TO_LEFT, &["2", "1"]),
        (" a b # c", "ab", Options::IGNORE_WHITESPACE, &["ab"]),
        (r"\bfoo\b", "foo food foo", 0, &["foo", "foo"]),
        ("(a*)*", "b", 0, &["", ""]),
    ];
    for (pattern, text, options, wanted) in cases {
        assert_eq!(matches(pattern, text, options), wanted, "{pattern} in {text:?}");
    }
}

#[test]
fn a_hostile_pattern_is_given_up() {
    let regex = Regex::new("^(a+)+$", Options(0)).unwrap();
    let units: Vec<u16> = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!".encode_utf16().collect();
    assert!(regex.find(&units, 0, &mut 1_000_000).is_err());
    let nested = "(".repeat(5000) + &")".repeat(5000);
    assert!(Regex::new(&nested, Options(0)).is_err());
    let tests = "(?(a".repeat(60) + &")b)".repeat(60);
    assert!(Regex::new(&tests, Options(0)).is_err());
}
