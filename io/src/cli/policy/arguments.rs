//! What the arguments behind `holdfast policy` ask for. Does none of it.

use std::path::PathBuf;

use holdfast_core::policy::Scope;

use crate::cli::arguments::Format;
use crate::cli::given::{Given, with_hint};

/// What to do with policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Say what is wrong with documents.
    Check {
        /// The documents.
        files: Vec<PathBuf>,
        /// The scope that they are written for.
        scope: Scope,
        /// The form of the answer.
        format: Format,
    },
    /// List the elements.
    List {
        /// This one alone, with its attributes and children.
        element: Option<String>,
        /// The form of the answer.
        format: ListFormat,
    },
    /// Print the program of a document.
    Listing {
        /// The document.
        file: PathBuf,
        /// The scope that it is written for.
        scope: Scope,
    },
    /// Print the effective policy of an operation.
    Effective {
        /// The configuration folder.
        directory: PathBuf,
        /// The gateway; `None` means the only one of the folder.
        gateway: Option<String>,
        /// The name of the API.
        api: String,
        /// The name of the operation; `None` means the API without one.
        operation: Option<String>,
        /// The product whose subscription calls.
        product: Option<String>,
    },
}

/// The form of a list of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFormat {
    /// As other commands have it.
    Of(Format),
    /// The table of the README.
    Markdown,
}

const COMMANDS: [&str; 4] = ["check", "list", "listing", "effective"];
const OPTIONS: [&str; 6] = ["--scope", "--format", "--gateway", "--api", "--operation", "--product"];

/// Reads the arguments behind `policy`.
///
/// # Errors
/// What cannot be understood, in words.
pub fn parse(arguments: &[String]) -> Result<Asked, String> {
    let Some((command, rest)) = arguments.split_first() else {
        return Err(format!("`policy` needs a command: {}", COMMANDS.map(|name| format!("`{name}`")).join(", ")));
    };
    let given = |accepted: &[&'static str]| Given::collect(rest, &OPTIONS, accepted);
    match command.as_str() {
        "check" => {
            let given = given(&["--scope", "--format"])?;
            if given.words.is_empty() {
                return Err("`policy check` needs a file".to_owned());
            }
            let files = given.words.iter().map(PathBuf::from).collect();
            Ok(Asked::Check { files, scope: scope(&given)?, format: given.format()? })
        }
        "list" => {
            let given = given(&["--format"])?;
            let element = given.word()?.cloned();
            let format = match (given.option("--format"), &element) {
                (Some("markdown"), None) => ListFormat::Markdown,
                (Some("markdown"), Some(_)) => return Err("`--format markdown` is of all elements".to_owned()),
                (Some(_) | None, _) => ListFormat::Of(given.format()?),
            };
            Ok(Asked::List { element, format })
        }
        "listing" => {
            let given = given(&["--scope"])?;
            let file = given.word()?.ok_or("`policy listing` needs a file")?;
            Ok(Asked::Listing { file: PathBuf::from(file), scope: scope(&given)? })
        }
        "effective" => {
            let given = given(&["--gateway", "--api", "--operation", "--product"])?;
            let directory = given.word()?.ok_or("`policy effective` needs a configuration folder")?;
            let owned = |name| given.option(name).map(str::to_owned);
            Ok(Asked::Effective {
                directory: PathBuf::from(directory),
                gateway: owned("--gateway"),
                api: owned("--api").ok_or("`policy effective` needs `--api`")?,
                operation: owned("--operation"),
                product: owned("--product"),
            })
        }
        other => Err(with_hint(format!("`policy {other}` is not a command"), other, COMMANDS)),
    }
}

fn scope(given: &Given) -> Result<Scope, String> {
    match given.option("--scope") {
        Some("global") => Ok(Scope::Global),
        Some("product") => Ok(Scope::Product),
        None | Some("api") => Ok(Scope::Api),
        Some("operation") => Ok(Scope::Operation),
        Some("resolver") => Ok(Scope::Resolver),
        Some(other) => {
            Err(format!("`{other}` is not a scope; `global`, `product`, `api`, `operation` and `resolver` are"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Asked, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn commands_and_their_options() {
        let files = ["a", "b"].map(PathBuf::from).to_vec();
        let check = Asked::Check { files, scope: Scope::Global, format: Format::Json };
        assert_eq!(typed("check a --scope global b --format json"), Ok(check));
        assert_eq!(typed("list"), Ok(Asked::List { element: None, format: ListFormat::Of(Format::Human) }));
        assert_eq!(typed("listing x"), Ok(Asked::Listing { file: PathBuf::from("x"), scope: Scope::Api }));
        let Ok(Asked::Effective { api, operation, product, .. }) = typed("effective d --api a --operation o") else {
            panic!("not understood")
        };
        assert_eq!((api.as_str(), operation.as_deref(), product), ("a", Some("o"), None));
    }

    #[test]
    fn what_is_no_command() {
        for (line, words) in [
            ("", "`policy` needs a command: `check`"),
            ("chek f", "did you mean `check`?"),
            ("check", "needs a file"),
            ("check f --scope apis", "`apis` is not a scope"),
            ("list x --format markdown", "of all elements"),
            ("listing", "needs a file"),
            ("listing f --format json", "`--format` does not belong"),
            ("effective --api a", "needs a configuration folder"),
            ("effective d", "needs `--api`"),
        ] {
            let error = typed(line).unwrap_err();
            assert!(error.contains(words), "{line}: {error}");
        }
    }
}
