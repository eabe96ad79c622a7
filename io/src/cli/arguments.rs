//! What the arguments ask for. Does none of it.

use std::path::PathBuf;

use crate::cli::credential;
use crate::cli::explain::arguments as explain;
use crate::cli::expr::arguments::{self as expr, Asked};
use crate::cli::given::with_hint;
use crate::cli::policy::arguments as policy;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve, as the environment says.
    Run,
    /// Say what is wrong with a configuration folder.
    Check(Inspected),
    /// Print the routes of a configuration folder.
    Routes(Inspected),
    /// Ask a running gateway whether it is ready.
    Health {
        /// Its status URL; `None` means the one of the environment's listener.
        url: Option<String>,
    },
    /// Make a token that has requests inspected.
    DebugCredential(credential::Asked),
    /// Say what one request goes through.
    Explain(explain::Asked),
    /// Check, evaluate, list or compare expressions.
    Expr(Asked),
    /// Check, list or print policies.
    Policy(policy::Asked),
    /// Print the version.
    Version,
    /// Print the usage.
    Help,
}

/// A configuration folder to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// The folder.
    pub directory: PathBuf,
    /// The gateway; `None` means the only one of the folder.
    pub gateway: Option<String>,
    /// The form of the answer.
    pub format: Format,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON document.
    Json,
}

/// What `--help` prints.
pub const USAGE: &str = "\
Holdfast, an open self-hosted API gateway

Usage:
  holdfast [run]                     serve; settings come from the environment
  holdfast check DIR [options]       say what is wrong with a configuration folder; exit code 1 if anything is refused
  holdfast routes DIR [options]      print the routes of a configuration folder
  holdfast health [URL]              exit code 0 if a gateway is ready; by default the one on `holdfast.http.listen`
  holdfast explain DIR --request FILE
                                     run one request through a configuration folder, offline, and print each step
  holdfast debug-credential --api ID [--expire-after PT1H]
                                     make a token that has a gateway trace requests of an API
  holdfast expr check [FILE|-]       say what is wrong with a policy expression; exit code 1 if anything is
  holdfast expr eval [FILE|-]        print its type and value; exit code 1 if it has none
  holdfast expr members [TYPE]       list what expressions may use
  holdfast expr witness [FIXTURES…]  compare fixtures with another program that evaluates expressions
  holdfast expr replay FILE…         compare drawn expressions with what an oracle said of them before

  holdfast policy check FILE…        say what is wrong with policy documents or fragments, each by itself
  holdfast policy list [ELEMENT]     list the policy elements; of one, its attributes and children
  holdfast policy listing FILE       print the program that a document compiles to
  holdfast policy effective DIR --api ID [--operation ID] [--product ID]
                                     print the policy of an operation with every `base` replaced

Options of check, routes and explain:
  --gateway ID                       the gateway; needed when the folder has several
  --format human|json                the form of the answer (default human)

Options of expr:
  --expect any|bool|int|text         check: what the place of the expression wants (default any)
  --context FILE.json                eval, witness: what `context` shows (README: policies and expressions)
  --batch FILE.jsonl                 eval: one case a line, `{\"id\", \"source\", \"vars\"?, \"context\"?}`
  --oracle COMMAND                   witness: the program; it is given a context file and a file of cases
  --record FILE                      witness: where the list of witnessed cases is written
  --keep FILE                        witness with --random: where expressions and answers are written, for `replay`
  --random N, --seed S               witness: compare N drawn expressions instead of fixtures; equal seeds draw equally
  --format human|json                the form of the answer (default human)

Options of policy:
  --scope SCOPE                      check, listing: global, product, api (default) or operation
  --format human|json                check, list: the form of the answer (default human); list: markdown too
  --gateway ID                       effective: the gateway; needed when the folder has several

Other options:
  -h, --help                         print this
  -V, --version                      print the version
";

const COMMANDS: [&str; 8] = ["run", "check", "routes", "health", "explain", "debug-credential", "expr", "policy"];
const OPTIONS: [&str; 4] = ["--gateway", "--format", "--help", "--version"];

/// Reads the arguments behind the program's name.
///
/// # Errors
/// What cannot be understood, in words.
pub fn parse(arguments: &[String]) -> Result<Command, String> {
    if let Some((family @ ("debug-credential" | "explain" | "expr" | "policy"), rest)) =
        arguments.split_first().map(|(first, rest)| (first.as_str(), rest))
    {
        let asks_for_help = rest.iter().take_while(|word| *word != "--").any(|word| word == "-h" || word == "--help");
        return match family {
            _ if asks_for_help => Ok(Command::Help),
            "debug-credential" => credential::parse(rest).map(Command::DebugCredential),
            "explain" => explain::parse(rest).map(Command::Explain),
            "expr" => expr::parse(rest).map(Command::Expr),
            _ => policy::parse(rest).map(Command::Policy),
        };
    }
    let given = Given::collect(arguments)?;
    if given.asks_for(&["-h", "--help"]) {
        return Ok(Command::Help);
    }
    if given.asks_for(&["-V", "--version"]) {
        return Ok(Command::Version);
    }
    match given.words.first().map(String::as_str) {
        None => given.nothing_more(0, Command::Run),
        Some("run") => given.nothing_more(1, Command::Run),
        Some("check") => given.inspected().map(Command::Check),
        Some("routes") => given.inspected().map(Command::Routes),
        Some("health") => given.nothing_more(2, Command::Health { url: given.words.get(1).cloned() }),
        Some(other) => Err(with_hint(format!("`{other}` is not a command"), other, COMMANDS)),
    }
}

#[derive(Default)]
struct Given {
    words: Vec<String>,
    switches: Vec<String>,
    gateway: Option<String>,
    format: Option<String>,
}

impl Given {
    fn collect(arguments: &[String]) -> Result<Self, String> {
        let mut given = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let (name, attached) = match argument.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                Some(_) | None => (argument.as_str(), None),
            };
            let place = match name {
                "--" => {
                    given.words.extend(rest.by_ref().cloned());
                    continue;
                }
                "--gateway" => &mut given.gateway,
                "--format" => &mut given.format,
                "-h" | "--help" | "-V" | "--version" => {
                    given.switches.push(name.to_owned());
                    continue;
                }
                _ if name.starts_with('-') && name.len() > 1 => {
                    return Err(with_hint(format!("`{name}` is not an option"), name, OPTIONS));
                }
                _ => {
                    given.words.push(argument.clone());
                    continue;
                }
            };
            let value = attached.or_else(|| rest.next().cloned()).ok_or_else(|| format!("`{name}` needs a value"))?;
            if place.replace(value).is_some() {
                return Err(format!("`{name}` is given twice"));
            }
        }
        Ok(given)
    }

    fn asks_for(&self, names: &[&str]) -> bool {
        self.switches.iter().any(|switch| names.contains(&switch.as_str()))
    }

    fn nothing_more(&self, words: usize, command: Command) -> Result<Command, String> {
        match self.words.get(words) {
            Some(word) => Err(format!("`{word}` is one argument too many")),
            None if self.gateway.is_some() => Err("`--gateway` belongs to `check` and `routes`".to_owned()),
            None if self.format.is_some() => Err("`--format` belongs to `check` and `routes`".to_owned()),
            None => Ok(command),
        }
    }

    fn inspected(self) -> Result<Inspected, String> {
        let format = match self.format.as_deref() {
            None | Some("human") => Format::Human,
            Some("json") => Format::Json,
            Some(other) => return Err(format!("`{other}` is not a format; `human` and `json` are")),
        };
        match self.words.as_slice() {
            [_, directory] => Ok(Inspected { directory: PathBuf::from(directory), gateway: self.gateway, format }),
            [_, _, more, ..] => Err(format!("`{more}` is one argument too many")),
            [command] => Err(format!("`{command}` needs a folder")),
            [] => Err("a folder is needed".to_owned()),
        }
    }
}
