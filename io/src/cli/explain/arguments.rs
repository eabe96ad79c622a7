//! What the arguments behind `holdfast explain` ask for. Does none of it.

use std::path::PathBuf;

use crate::cli::arguments::Inspected;
use crate::cli::given::Given;

/// Explain this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The configuration folder.
    pub inspected: Inspected,
    /// The file with the request.
    pub request: PathBuf,
}

const OPTIONS: [&str; 3] = ["--request", "--gateway", "--format"];

/// Reads the arguments behind `explain`.
///
/// # Errors
/// What cannot be understood, in words.
pub fn parse(arguments: &[String]) -> Result<Asked, String> {
    let given = Given::collect(arguments, &OPTIONS, &OPTIONS)?;
    let directory = given.word()?.ok_or("`explain` needs a configuration folder")?;
    let request = given.path("--request").ok_or("`explain` needs `--request`")?;
    let gateway = given.option("--gateway").map(str::to_owned);
    Ok(Asked {
        inspected: Inspected { directory: PathBuf::from(directory), gateway, format: given.format()? },
        request,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::Format;

    fn typed(line: &str) -> Result<Asked, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn folder_and_request_are_needed() {
        let asked = typed("d --request r.http --format json").unwrap();
        assert_eq!((asked.inspected.format, asked.request), (Format::Json, PathBuf::from("r.http")));
        for (line, words) in [
            ("--request r", "needs a configuration folder"),
            ("d", "needs `--request`"),
            ("d e --request r", "one argument too many"),
            ("d --requst r", "did you mean `--request`?"),
        ] {
            let error = typed(line).unwrap_err();
            assert!(error.contains(words), "{line}: {error}");
        }
    }
}
