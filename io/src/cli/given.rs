//! Words and options of a command line, sorted. Knows no command.

use std::path::PathBuf;

use holdfast_core::diagnostic::did_you_mean;

use crate::cli::arguments::Format;

/// What was given.
#[derive(Default)]
pub(super) struct Given {
    /// What is no option, in order.
    pub(super) words: Vec<String>,
    options: Vec<(&'static str, String)>,
}

impl Given {
    /// Sorts `arguments`. `known` are the options of all commands of the family, `accepted` those of this one.
    ///
    /// # Errors
    /// What cannot be understood, in words.
    pub(super) fn collect(
        arguments: &[String],
        known: &[&'static str],
        accepted: &[&'static str],
    ) -> Result<Self, String> {
        let mut given = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                given.words.extend(rest.by_ref().cloned());
                continue;
            }
            if !argument.starts_with('-') || argument == "-" {
                given.words.push(argument.clone());
                continue;
            }
            let (name, attached) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let Some(option) = known.iter().copied().find(|option| *option == name) else {
                return Err(with_hint(format!("`{name}` is not an option"), name, known.iter().copied()));
            };
            if !accepted.contains(&option) {
                return Err(format!("`{option}` does not belong to this command"));
            }
            let value = attached.or_else(|| rest.next().cloned()).ok_or_else(|| format!("`{option}` needs a value"))?;
            if given.options.iter().any(|(there, _)| *there == option) {
                return Err(format!("`{option}` is given twice"));
            }
            given.options.push((option, value));
        }
        Ok(given)
    }

    /// The value of an option.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(option, _)| *option == name).map(|(_, value)| value.as_str())
    }

    /// The value of an option that is a path.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.option(name).map(PathBuf::from)
    }

    /// `--format`
    pub(super) fn format(&self) -> Result<Format, String> {
        match self.option("--format") {
            None | Some("human") => Ok(Format::Human),
            Some("json") => Ok(Format::Json),
            Some(other) => Err(format!("`{other}` is not a format; `human` and `json` are")),
        }
    }

    /// The only word, if there is one.
    pub(super) fn word(&self) -> Result<Option<&String>, String> {
        match self.words.as_slice() {
            [] => Ok(None),
            [word] => Ok(Some(word)),
            [_, more, ..] => Err(format!("`{more}` is one argument too many")),
        }
    }

    /// The value of an option that is a number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, String> {
        let Some(text) = self.option(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| format!("`{text}` is not a number for `{name}`"))
    }
}

/// The message with a guess at what was meant.
pub(super) fn with_hint<'a>(message: String, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    match did_you_mean(name, candidates) {
        Some(hint) => format!("{message}; {hint}"),
        None => message,
    }
}
