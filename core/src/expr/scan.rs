//! Finds where an expression ends inside a policy document, before the document is parsed. Checks and decodes nothing else.
//!
//! Policy documents are not well-formed XML: quotes, `<` and `&&` stand raw inside expressions. So the reader cannot look for
//! the end of an attribute; it must follow C#'s brackets, strings, characters and comments until the expression closes.

use std::fmt;

/// The longest expression that is scanned, in bytes. APIM's limit for a whole document is 256 KiB.
pub const SCAN_BYTES_MAX: usize = 256 * 1024;

/// The deepest nesting of brackets and interpolation holes that is followed.
pub const SCAN_DEPTH_MAX: usize = 1024;

/// Why the end of an expression was not found, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanError {
    /// Byte offset in the scanned text of what is wrong: the opening bracket, quote or comment that nothing closes.
    pub at: usize,
    /// What is wrong.
    pub kind: ScanErrorKind,
}

/// What is wrong with the extent of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanErrorKind {
    /// The offset does not stand at `@(` or `@{`.
    NotAnExpression,
    /// A bracket is never closed.
    Unclosed,
    /// A closing bracket does not match the one that is open.
    Mismatched,
    /// A string has no closing quote (on its line, unless it is verbatim).
    UnterminatedString,
    /// A character literal has no closing quote on its line.
    UnterminatedCharacter,
    /// A `/*` has no `*/`.
    UnterminatedComment,
    /// Brackets are nested deeper than [`SCAN_DEPTH_MAX`].
    TooDeep,
    /// The expression is longer than [`SCAN_BYTES_MAX`].
    TooLong,
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ScanErrorKind::NotAnExpression => f.write_str("expected `@(` or `@{`"),
            ScanErrorKind::Unclosed => f.write_str("this bracket of the expression is never closed"),
            ScanErrorKind::Mismatched => f.write_str("this closing bracket does not match the one that is open"),
            ScanErrorKind::UnterminatedString => f.write_str("this string has no closing quote"),
            ScanErrorKind::UnterminatedCharacter => f.write_str("this character literal has no closing quote"),
            ScanErrorKind::UnterminatedComment => f.write_str("this comment has no `*/`"),
            ScanErrorKind::TooDeep => write!(f, "brackets are nested deeper than {SCAN_DEPTH_MAX} levels"),
            ScanErrorKind::TooLong => write!(f, "the expression is longer than {SCAN_BYTES_MAX} bytes"),
        }
    }
}

/// The offset just behind the expression that begins at byte `at` of `text` with `@(` or `@{`.
///
/// Follows regular, verbatim and interpolated strings (with strings nested in their holes), character literals, `//` and
/// `/* */` comments and all brackets. Quotes may be written raw or as XML references (`&quot;`, `&#34;`, `&apos;` …); a string is
/// closed by a quote in the form that opened it, so a reference inside a raw string is text.
///
/// # Errors
/// Says what is never closed, and where it opened.
pub fn scan(text: &str, at: usize) -> Result<usize, ScanError> {
    let rest = text.get(at..).unwrap_or("");
    if !rest.starts_with("@(") && !rest.starts_with("@{") {
        return Err(ScanError { at, kind: ScanErrorKind::NotAnExpression });
    }
    Scanner { text, at: at + 1, start: at, open: Vec::new() }.run()
}

/// How a quote is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Raw,
    Reference,
}

/// How the inside of a string reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quoted {
    form: Form,
    verbatim: bool,
    interpolated: bool,
    at: usize,
}

/// What is open.
#[derive(Clone, Copy, Debug)]
enum Open {
    Bracket { close: u8, at: usize },
    Hole { string: Quoted },
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    start: usize,
    open: Vec<Open>,
}

impl Scanner<'_> {
    fn run(mut self) -> Result<usize, ScanError> {
        loop {
            if self.at - self.start > SCAN_BYTES_MAX {
                return Err(ScanError { at: self.start, kind: ScanErrorKind::TooLong });
            }
            let Some(byte) = self.byte(0) else { return Err(self.unclosed()) };
            match byte {
                b'(' | b'[' | b'{' => self.push(byte)?,
                b')' | b']' | b'}' => {
                    self.close(byte)?;
                    if self.open.is_empty() {
                        return Ok(self.at);
                    }
                }
                b'/' if self.byte(1) == Some(b'/') => self.line_comment(),
                b'/' if self.byte(1) == Some(b'*') => self.block_comment()?,
                b'$' | b'@' | b'"' | b'\'' | b'&' => self.maybe_literal()?,
                b':' => self.colon()?,
                _ => self.at += 1,
            }
        }
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn unclosed(&self) -> ScanError {
        let at = match self.open.last() {
            Some(Open::Bracket { at, .. }) => *at,
            Some(Open::Hole { string }) => string.at,
            None => self.start,
        };
        ScanError { at, kind: ScanErrorKind::Unclosed }
    }

    fn push(&mut self, byte: u8) -> Result<(), ScanError> {
        let close = match byte {
            b'(' => b')',
            b'[' => b']',
            _ => b'}',
        };
        self.nest(Open::Bracket { close, at: self.at })?;
        self.at += 1;
        Ok(())
    }

    fn nest(&mut self, open: Open) -> Result<(), ScanError> {
        if self.open.len() >= SCAN_DEPTH_MAX {
            return Err(ScanError { at: self.at, kind: ScanErrorKind::TooDeep });
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self, byte: u8) -> Result<(), ScanError> {
        match self.open.pop() {
            Some(Open::Bracket { close, .. }) if close == byte => {
                self.at += 1;
                Ok(())
            }
            Some(Open::Hole { string }) if byte == b'}' => {
                self.at += 1;
                self.string(string)
            }
            Some(Open::Bracket { .. } | Open::Hole { .. }) | None => {
                Err(ScanError { at: self.at, kind: ScanErrorKind::Mismatched })
            }
        }
    }

    // Directly inside a hole, `:` begins the format, which is text up to the closing brace.
    fn colon(&mut self) -> Result<(), ScanError> {
        self.at += 1;
        let Some(Open::Hole { string }) = self.open.last().copied() else { return Ok(()) };
        if self.byte(0) == Some(b':') {
            self.at += 1;
            return Ok(());
        }
        match self.rest().find(['}', '"', '\n']) {
            Some(length) if self.text.as_bytes().get(self.at + length) == Some(&b'}') => {
                self.at += length;
                Ok(())
            }
            _ => Err(ScanError { at: string.at, kind: ScanErrorKind::UnterminatedString }),
        }
    }

    fn line_comment(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    fn block_comment(&mut self) -> Result<(), ScanError> {
        let length = self.rest().get(2..).and_then(|rest| rest.find("*/"));
        let Some(length) = length else {
            return Err(ScanError { at: self.at, kind: ScanErrorKind::UnterminatedComment });
        };
        self.at += length + 4;
        Ok(())
    }

    // A `$`, `@`, quote or `&` may begin a string or a character; anything else is passed over.
    fn maybe_literal(&mut self) -> Result<(), ScanError> {
        let from = self.at;
        let (mut verbatim, mut interpolated) = (false, false);
        while let Some(prefix @ (b'$' | b'@')) = self.byte(0) {
            verbatim |= prefix == b'@';
            interpolated |= prefix == b'$';
            self.at += 1;
        }
        if let Some((form, length)) = self.quote('"') {
            self.at += length;
            return self.string(Quoted { form, verbatim, interpolated, at: from });
        }
        if self.at > from {
            return Ok(());
        }
        match self.quote('\'') {
            Some((form, length)) => {
                self.at += length;
                self.character(form, from)
            }
            None => {
                self.at += 1;
                Ok(())
            }
        }
    }

    // The quote that stands here, and its length in bytes.
    fn quote(&self, quote: char) -> Option<(Form, usize)> {
        const DOUBLE: [&str; 3] = ["&quot;", "&#34;", "&#x22;"];
        const SINGLE: [&str; 3] = ["&apos;", "&#39;", "&#x27;"];
        let rest = self.rest();
        if rest.starts_with(quote) {
            return Some((Form::Raw, 1));
        }
        let references = if quote == '"' { DOUBLE } else { SINGLE };
        references.iter().find(|reference| rest.starts_with(*reference)).map(|text| (Form::Reference, text.len()))
    }

    fn character(&mut self, form: Form, from: usize) -> Result<(), ScanError> {
        let error = ScanError { at: from, kind: ScanErrorKind::UnterminatedCharacter };
        loop {
            match self.quote('\'') {
                Some((found, length)) if found == form => {
                    self.at += length;
                    return Ok(());
                }
                Some(_) | None => self.unit(true, error)?,
            }
        }
    }

    // Passes the text of a string up to its closing quote, or up to the next hole, which is then open.
    fn string(&mut self, string: Quoted) -> Result<(), ScanError> {
        let error = ScanError { at: string.at, kind: ScanErrorKind::UnterminatedString };
        loop {
            if let Some((form, length)) = self.quote('"')
                && form == string.form
            {
                self.at += length;
                let doubled = string.verbatim && self.quote('"').is_some_and(|(form, _)| form == string.form);
                if !doubled {
                    return Ok(());
                }
                self.at += length;
                continue;
            }
            match self.byte(0) {
                Some(b'{') if string.interpolated && self.byte(1) == Some(b'{') => self.at += 2,
                Some(b'{') if string.interpolated => {
                    self.nest(Open::Hole { string })?;
                    self.at += 1;
                    return Ok(());
                }
                _ => self.unit(!string.verbatim, error)?,
            }
        }
    }

    // One character of a literal, or one escape; a line end closes nothing that is not verbatim.
    fn unit(&mut self, escapes: bool, error: ScanError) -> Result<(), ScanError> {
        let mut chars = self.rest().chars();
        let Some(first) = chars.next() else { return Err(error) };
        let next = chars.next().map_or(0, char::len_utf8);
        if !escapes {
            self.at += first.len_utf8();
            return Ok(());
        }
        if first == '\n' {
            return Err(error);
        }
        self.at += first.len_utf8();
        if first == '\\' {
            self.at += self.quote('"').or_else(|| self.quote('\'')).map_or(next, |(_, length)| length);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{SCAN_DEPTH_MAX, ScanErrorKind, scan};

    #[test]
    fn finds_the_end() {
        let cases = [
            r#"@(1)"#,
            r#"@(f(")") + ')' + '\'' + "\")")"#,
            r#"@(@"a"")\" + $"x{(a ? ")" : "}")}}}" + $@"{b["k"]}\")"#,
            r#"@(@$"{{)}}{x:yyyy-MM-dd'T'}")"#,
            "@{ // it's ) here\n /* } ' */ return a[0] < b && c > d; }",
            "@(&quot;)&quot; + &quot;\\&quot;)&quot; + &apos;)&apos;)",
            r#"@("&quot;)")"#,
            r#"@($"{$"{")"}"}")"#,
            r#"@(a@b)"#,
            r#"@("é😀")"#,
        ];
        for case in cases {
            let text = format!("<x v=\"{case}\" y=\")\"/>");
            assert_eq!(scan(&text, 6), Ok(6 + case.len()), "{case}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let cases = [
            ("x", 0, ScanErrorKind::NotAnExpression),
            ("@", 0, ScanErrorKind::NotAnExpression),
            ("@(a[", 3, ScanErrorKind::Unclosed),
            ("@(a]", 3, ScanErrorKind::Mismatched),
            ("@(\"a)\n\")", 2, ScanErrorKind::UnterminatedString),
            ("@($\"{a)", 6, ScanErrorKind::Mismatched),
            ("@($\"{a", 2, ScanErrorKind::Unclosed),
            ("@($\"{a:\"})", 2, ScanErrorKind::UnterminatedString),
            ("@('a\n)", 2, ScanErrorKind::UnterminatedCharacter),
            ("@(/* )", 2, ScanErrorKind::UnterminatedComment),
        ];
        for (text, at, kind) in cases {
            assert_eq!(scan(text, 0).map_err(|error| (error.at, error.kind)), Err((at, kind)), "{text}");
        }
        let deep = format!("@{}", "(".repeat(100_000));
        assert_eq!(scan(&deep, 0).unwrap_err().kind, ScanErrorKind::TooDeep);
        let deep = format!("@{}{}", "(".repeat(SCAN_DEPTH_MAX), ")".repeat(SCAN_DEPTH_MAX));
        assert_eq!(scan(&deep, 0), Ok(deep.len()));
        assert_eq!(scan(&format!("@({})", " ".repeat(300_000)), 0).unwrap_err().kind, ScanErrorKind::TooLong);
    }

    proptest::proptest! {
        #[test]
        fn never_panics_and_ends_on_a_boundary(tail in "[(){}\\[\\]\"'$@/*:\\\\&quot;é\n a-c]{0,40}") {
            let text = format!("@({tail}");
            if let Ok(end) = scan(&text, 0) {
                assert!(text.is_char_boundary(end));
            }
        }
    }
}
