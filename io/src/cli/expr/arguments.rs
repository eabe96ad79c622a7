//! What the arguments behind `holdfast expr` ask for. Does none of it.

use std::path::PathBuf;

use holdfast_core::expr::Expected;

use crate::cli::arguments::Format;
use crate::cli::given::{self, with_hint};

/// What to do with expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Say what is wrong with one.
    Check {
        /// The expression.
        source: Source,
        /// What its place wants.
        expected: Expected,
        /// The form of the answer.
        format: Format,
    },
    /// Evaluate one.
    Eval {
        /// The expression.
        source: Source,
        /// The context document; `None` means an exchange of nothing.
        context: Option<PathBuf>,
        /// The form of the answer.
        format: Format,
    },
    /// Evaluate one a line.
    Batch {
        /// The cases.
        cases: PathBuf,
        /// The context document that each case changes.
        context: Option<PathBuf>,
    },
    /// List what expressions may use.
    Members {
        /// Of this type alone.
        of: Option<String>,
        /// The form of the answer.
        format: Format,
    },
    /// Compare the fixtures with another program that evaluates expressions.
    Witness(Witness),
    /// Compare drawn expressions with that program.
    Random(Random),
    /// Compare expressions with what that program said of them before.
    Replay(Replay),
}

/// A comparison with results that were kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// What `--keep` wrote.
    pub kept: Vec<PathBuf>,
    /// The context document.
    pub context: PathBuf,
    /// The form of the answer.
    pub format: Format,
}

/// A comparison of drawn expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    /// The command line that is asked, to which two files are added.
    pub oracle: String,
    /// The context document.
    pub context: PathBuf,
    /// How many expressions.
    pub count: u64,
    /// Where chance begins.
    pub seed: u64,
    /// Where the expressions and what the program said of them are written.
    pub keep: Option<PathBuf>,
    /// The form of the answer.
    pub format: Format,
}

/// A comparison of fixtures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The command line that is asked, to which two files are added.
    pub oracle: String,
    /// The context document of the fixtures.
    pub context: PathBuf,
    /// Files and folders of fixtures.
    pub fixtures: Vec<PathBuf>,
    /// Where the list of witnessed cases is written.
    pub record: Option<PathBuf>,
    /// The form of the answer.
    pub format: Format,
}

/// Where an expression comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard input
    Stdin,
    /// A file
    File(PathBuf),
}

const COMMANDS: [&str; 5] = ["check", "eval", "members", "witness", "replay"];
const OPTIONS: [&str; 9] =
    ["--context", "--batch", "--expect", "--format", "--oracle", "--record", "--random", "--seed", "--keep"];
const WITNESS_OPTIONS: &[&str] = &["--oracle", "--context", "--record", "--format", "--random", "--seed", "--keep"];
const REPLAY_OPTIONS: &[&str] = &["--context", "--format"];
const FIXTURES: [&str; 2] = ["fixtures/expr/eval", "fixtures/expr/err"];
const FIXTURE_CONTEXT: &str = "fixtures/expr/context.json";

/// Reads the arguments behind `expr`.
///
/// # Errors
/// What cannot be understood, in words.
pub fn parse(arguments: &[String]) -> Result<Asked, String> {
    let Some((command, rest)) = arguments.split_first() else {
        return Err(format!("`expr` needs a command: {}", COMMANDS.map(|name| format!("`{name}`")).join(", ")));
    };
    match command.as_str() {
        "check" => Given::collect(rest, &["--expect", "--format"])?.check(),
        "eval" => Given::collect(rest, &["--context", "--batch", "--format"])?.eval(),
        "members" => Given::collect(rest, &["--format"])?.members(),
        "witness" => Given::collect(rest, WITNESS_OPTIONS)?.witness(),
        "replay" => Given::collect(rest, REPLAY_OPTIONS)?.replay(),
        other => Err(with_hint(format!("`expr {other}` is not a command"), other, COMMANDS)),
    }
}

struct Given(given::Given);

impl Given {
    fn collect(arguments: &[String], accepted: &[&'static str]) -> Result<Self, String> {
        given::Given::collect(arguments, &OPTIONS, accepted).map(Self)
    }

    fn source(&self) -> Result<Source, String> {
        Ok(match self.0.word()?.map(String::as_str) {
            None | Some("-") => Source::Stdin,
            Some(path) => Source::File(PathBuf::from(path)),
        })
    }

    fn check(&self) -> Result<Asked, String> {
        let expected = match self.0.option("--expect") {
            None | Some("any") => Expected::Any,
            Some("bool") => Expected::Bool,
            Some("int") => Expected::Int,
            Some("text") => Expected::Text,
            Some(other) => return Err(format!("`{other}` cannot be expected; `any`, `bool`, `int` and `text` can")),
        };
        Ok(Asked::Check { source: self.source()?, expected, format: self.0.format()? })
    }

    fn eval(&self) -> Result<Asked, String> {
        let context = self.0.path("--context");
        match self.0.path("--batch") {
            Some(cases) => match self.0.word()? {
                None => {
                    self.0.format()?;
                    Ok(Asked::Batch { cases, context })
                }
                Some(word) => Err(format!("`{word}` is one argument too many beside `--batch`")),
            },
            None => Ok(Asked::Eval { source: self.source()?, context, format: self.0.format()? }),
        }
    }

    fn members(&self) -> Result<Asked, String> {
        Ok(Asked::Members { of: self.0.word()?.cloned(), format: self.0.format()? })
    }

    fn replay(&self) -> Result<Asked, String> {
        if self.0.words.is_empty() {
            return Err("`expr replay` needs a file".to_owned());
        }
        let kept = self.0.words.iter().map(PathBuf::from).collect();
        let context = self.0.path("--context").unwrap_or_else(|| PathBuf::from(FIXTURE_CONTEXT));
        Ok(Asked::Replay(Replay { kept, context, format: self.0.format()? }))
    }

    fn witness(&self) -> Result<Asked, String> {
        let Some(oracle) = self.0.option("--oracle").filter(|oracle| !oracle.trim().is_empty()) else {
            return Err("`expr witness` needs `--oracle`, a command line".to_owned());
        };
        let oracle = oracle.to_owned();
        let context = self.0.path("--context").unwrap_or_else(|| PathBuf::from(FIXTURE_CONTEXT));
        let format = self.0.format()?;
        if let Some(count) = self.0.number("--random")? {
            if let Some(word) = self.0.words.first() {
                return Err(format!("`{word}` is one argument too many beside `--random`"));
            }
            if self.0.option("--record").is_some() {
                return Err("`--record` does not belong to `--random`".to_owned());
            }
            let seed = self.0.number("--seed")?.unwrap_or(1);
            let keep = self.0.path("--keep");
            return Ok(Asked::Random(Random { oracle, context, count, seed, keep, format }));
        }
        if let Some(option) = ["--seed", "--keep"].into_iter().find(|option| self.0.option(option).is_some()) {
            return Err(format!("`{option}` belongs to `--random`"));
        }
        let named: Vec<PathBuf> = self.0.words.iter().map(PathBuf::from).collect();
        Ok(Asked::Witness(Witness {
            oracle,
            context,
            fixtures: if named.is_empty() { FIXTURES.map(PathBuf::from).to_vec() } else { named },
            record: self.0.path("--record"),
            format,
        }))
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
        let stdin = Source::Stdin;
        let check = Asked::Check { source: stdin.clone(), expected: Expected::Bool, format: Format::Json };
        assert_eq!(typed("check --format json --expect=bool -"), Ok(check));
        let file = Source::File(PathBuf::from("-f"));
        assert_eq!(typed("eval -- -f"), Ok(Asked::Eval { source: file, context: None, format: Format::Human }));
        let batch = Asked::Batch { cases: PathBuf::from("c"), context: Some(PathBuf::from("x")) };
        assert_eq!(typed("eval --context x --batch c"), Ok(batch));
        let members = Asked::Members { of: Some("JObject".to_owned()), format: Format::Human };
        assert_eq!(typed("members JObject"), Ok(members));
        let Ok(Asked::Witness(witness)) = typed("witness --oracle o a b") else { panic!("not a witness") };
        assert_eq!((witness.oracle.as_str(), witness.fixtures.len()), ("o", 2));
        let Ok(Asked::Random(random)) = typed("witness --oracle o --random 7") else { panic!("not drawn") };
        assert_eq!((random.count, random.seed), (7, 1));
        let Ok(Asked::Replay(replay)) = typed("replay a b") else { panic!("not replayed") };
        assert_eq!(replay.kept.len(), 2);
    }

    #[test]
    fn what_is_no_command() {
        for (line, words) in [
            ("", "`expr` needs a command: `check`"),
            ("evl", "did you mean `eval`?"),
            ("eval --contxt x", "did you mean `--context`?"),
            ("eval --oracle x", "`--oracle` does not belong"),
            ("eval a b", "`b` is one argument too many"),
            ("eval --batch b c", "beside `--batch`"),
            ("check --expect str", "`str` cannot be expected"),
            ("check --format", "`--format` needs a value"),
            ("check --format json --format json", "given twice"),
            ("check --format xml", "`xml` is not a format"),
            ("witness", "needs `--oracle`"),
            ("witness --oracle o --random x", "`x` is not a number for `--random`"),
            ("witness --oracle o --random 1 f", "beside `--random`"),
            ("witness --oracle o --seed 1", "`--seed` belongs to"),
            ("witness --oracle o --keep k", "`--keep` belongs to"),
            ("replay", "needs a file"),
        ] {
            let error = typed(line).unwrap_err();
            assert!(error.contains(words), "{line}: {error}");
        }
    }
}
