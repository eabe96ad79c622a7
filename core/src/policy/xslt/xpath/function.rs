//! The functions of XPath 1.0 and XSLT 1.0, and `node-set` of MSXML and EXSLT. None of them reads anything from outside.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Expr;
use super::eval::{Focus, Outcome, Value};
use super::number;
use crate::diagnostic::nearest;
use crate::expr::xml::XML;
use crate::policy::xslt::tree::{Kind, Name, NodeId};
use crate::policy::xslt::world::{Fail, World};

/// The longest text that a function makes, in bytes.
pub(in crate::policy::xslt) const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Namespaces of `node-set`.
const NODE_SET: [&str; 2] = ["urn:schemas-microsoft-com:xslt", "http://exslt.org/common"];

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy::xslt) enum Function {
    Boolean,
    Ceiling,
    Concat,
    Contains,
    Count,
    Current,
    IsInstruction,
    False,
    Floor,
    FormatNumber,
    IsKnown,
    GenerateId,
    Id,
    Key,
    Lang,
    Last,
    LocalName,
    Name,
    NamespaceUri,
    NodeSet,
    NormalizeSpace,
    Not,
    Number,
    Position,
    Round,
    StartsWith,
    String,
    StringLength,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    SystemProperty,
    Translate,
    True,
}

/// Name, function, how many arguments it takes.
const TABLE: [(&str, Function, std::ops::RangeInclusive<usize>); 34] = [
    ("boolean", Function::Boolean, 1..=1),
    ("ceiling", Function::Ceiling, 1..=1),
    ("concat", Function::Concat, 2..=usize::MAX),
    ("contains", Function::Contains, 2..=2),
    ("count", Function::Count, 1..=1),
    ("current", Function::Current, 0..=0),
    ("element-available", Function::IsInstruction, 1..=1),
    ("false", Function::False, 0..=0),
    ("floor", Function::Floor, 1..=1),
    ("format-number", Function::FormatNumber, 2..=3),
    ("function-available", Function::IsKnown, 1..=1),
    ("generate-id", Function::GenerateId, 0..=1),
    ("id", Function::Id, 1..=1),
    ("key", Function::Key, 2..=2),
    ("lang", Function::Lang, 1..=1),
    ("last", Function::Last, 0..=0),
    ("local-name", Function::LocalName, 0..=1),
    ("name", Function::Name, 0..=1),
    ("namespace-uri", Function::NamespaceUri, 0..=1),
    ("normalize-space", Function::NormalizeSpace, 0..=1),
    ("not", Function::Not, 1..=1),
    ("number", Function::Number, 0..=1),
    ("position", Function::Position, 0..=0),
    ("round", Function::Round, 1..=1),
    ("starts-with", Function::StartsWith, 2..=2),
    ("string", Function::String, 0..=1),
    ("string-length", Function::StringLength, 0..=1),
    ("substring", Function::Substring, 2..=3),
    ("substring-after", Function::SubstringAfter, 2..=2),
    ("substring-before", Function::SubstringBefore, 2..=2),
    ("sum", Function::Sum, 1..=1),
    ("system-property", Function::SystemProperty, 1..=1),
    ("translate", Function::Translate, 3..=3),
    ("true", Function::True, 0..=0),
];

/// A message and a help.
type Refusal = (String, Option<String>);

impl Function {
    /// The function of this name that takes so many arguments.
    ///
    /// # Errors
    /// There is none, or it reads from outside.
    pub(super) fn find(name: &Name, count: usize) -> Result<Self, Refusal> {
        let written = name.written();
        let (function, arity) = if NODE_SET.contains(&&*name.namespace) && *name.local == *"node-set" {
            (Self::NodeSet, 1..=1)
        } else if !name.namespace.is_empty() {
            return Err((format!("there is no function `{written}`: extensions are not supported"), None));
        } else {
            match &*name.local {
                "document" => return Err(("`document` reads other documents, which no policy does".to_owned(), None)),
                "unparsed-entity-uri" => {
                    return Err((format!("`{written}` needs a document type, which is not read"), None));
                }
                _ => {}
            }
            let Some((_, function, arity)) = TABLE.iter().find(|(known, ..)| **known == *name.local) else {
                let near = nearest(&name.local, TABLE.iter().map(|(known, ..)| *known));
                let help = near.map(|near| format!("did you mean `{near}`?"));
                return Err((format!("there is no function `{written}`"), help));
            };
            (*function, arity.clone())
        };
        if !arity.contains(&count) {
            return Err((format!("`{written}` does not take {count} arguments"), None));
        }
        Ok(function)
    }
}

impl World<'_> {
    pub(super) fn call(&self, function: Function, arguments: &[Expr], focus: Focus) -> Outcome<Value> {
        let here = || self.text_of(arguments, 0, focus);
        Ok(match function {
            Function::Boolean => Value::Bool(self.argument(arguments, 0, focus)?.bool()),
            Function::Ceiling => Value::Number(self.number_of(arguments, focus)?.ceil()),
            Function::Floor => Value::Number(self.number_of(arguments, focus)?.floor()),
            Function::Round => Value::Number(number::round(self.number_of(arguments, focus)?)),
            Function::Number => Value::Number(self.number_of(arguments, focus)?),
            Function::Concat => self.concat(arguments, focus)?,
            Function::Contains => Value::Bool(here()?.contains(&*self.text_of(arguments, 1, focus)?)),
            Function::StartsWith => Value::Bool(here()?.starts_with(&*self.text_of(arguments, 1, focus)?)),
            Function::Count => Value::Number(real(self.argument(arguments, 0, focus)?.nodes()?.len())),
            Function::Current => Value::Nodes(Rc::new(vec![focus.current])),
            Function::IsInstruction => Value::Bool(is_instruction(&here()?)),
            Function::IsKnown => Value::Bool(is_function(&here()?)),
            Function::True => Value::Bool(true),
            Function::False => Value::Bool(false),
            Function::Not => Value::Bool(!self.argument(arguments, 0, focus)?.bool()),
            Function::FormatNumber => self.format(arguments, focus)?,
            Function::GenerateId => {
                let node = self.node_of(arguments, focus)?;
                text(node.map_or_else(String::new, |node| format!("id{}", node.written())))
            }
            // Only a document type says what identifies; .NET, which reads one, finds nothing either.
            Function::Id => {
                self.argument(arguments, 0, focus)?;
                Value::Nodes(Rc::default())
            }
            Function::Key => {
                let value = self.argument(arguments, 1, focus)?;
                Value::Nodes(Rc::new(self.key(&here()?, &value, focus.node)?))
            }
            Function::Lang => Value::Bool(self.is_lang(&here()?, focus.node)),
            Function::Last => Value::Number(real(focus.size)),
            Function::Position => Value::Number(real(focus.position)),
            Function::LocalName | Function::Name | Function::NamespaceUri => {
                let node = self.node_of(arguments, focus)?;
                text(node.map_or_else(String::new, |node| self.name_of(function, node)))
            }
            Function::NodeSet => match self.argument(arguments, 0, focus)? {
                Value::Fragment(root) => Value::Nodes(Rc::new(vec![root])),
                other => Value::Nodes(other.nodes()?),
            },
            Function::NormalizeSpace => text(words(&here()?)),
            Function::String => Value::Text(here()?),
            Function::StringLength => Value::Number(real(here()?.chars().count())),
            Function::Substring => self.substring(arguments, focus)?,
            Function::SubstringAfter => {
                let (whole, part) = (here()?, self.text_of(arguments, 1, focus)?);
                text(whole.split_once(&*part).map_or("", |(_, after)| after))
            }
            Function::SubstringBefore => {
                let (whole, part) = (here()?, self.text_of(arguments, 1, focus)?);
                text(whole.split_once(&*part).map_or("", |(before, _)| before))
            }
            Function::Sum => {
                let nodes = self.argument(arguments, 0, focus)?.nodes()?;
                let mut sum = 0.0;
                for node in nodes.iter() {
                    sum += number::number(&self.text(*node)?);
                }
                Value::Number(sum)
            }
            Function::SystemProperty => system_property(&here()?),
            Function::Translate => self.translate(arguments, focus)?,
        })
    }

    fn argument(&self, arguments: &[Expr], index: usize, focus: Focus) -> Outcome<Value> {
        // INVARIANT: `Function::find` has counted the arguments.
        let argument = arguments.get(index).ok_or_else(|| Fail::new("an argument is missing"))?;
        self.eval(argument, focus)
    }

    // The text of an argument; of the node in focus when there are no arguments at all.
    fn text_of(&self, arguments: &[Expr], index: usize, focus: Focus) -> Outcome<Rc<str>> {
        match arguments.get(index) {
            Some(argument) => {
                let text = self.eval(argument, focus)?.text(self)?;
                self.charge(text.len() / 16)?;
                Ok(text)
            }
            None => self.text(focus.node),
        }
    }

    fn number_of(&self, arguments: &[Expr], focus: Focus) -> Outcome<f64> {
        match arguments.first() {
            Some(argument) => self.number(argument, focus),
            None => Ok(number::number(&self.text(focus.node)?)),
        }
    }

    fn node_of(&self, arguments: &[Expr], focus: Focus) -> Outcome<Option<NodeId>> {
        match arguments.first() {
            Some(argument) => Ok(self.eval(argument, focus)?.nodes()?.first().copied()),
            None => Ok(Some(focus.node)),
        }
    }

    fn concat(&self, arguments: &[Expr], focus: Focus) -> Outcome<Value> {
        let mut whole = String::new();
        for index in 0..arguments.len() {
            whole.push_str(&self.text_of(arguments, index, focus)?);
            if whole.len() > TEXT_BYTES_MAX {
                return Err(Fail::new(format!("a text of the transformation is longer than {TEXT_BYTES_MAX} bytes")));
            }
        }
        self.charge(whole.len() / 16)?;
        Ok(text(whole))
    }

    // XPath 1.0 §4.2: positions are rounded, and compared as numbers.
    fn substring(&self, arguments: &[Expr], focus: Focus) -> Outcome<Value> {
        let whole = self.text_of(arguments, 0, focus)?;
        let start = number::round(self.argument(arguments, 1, focus)?.number(self)?);
        let end = match arguments.get(2) {
            Some(length) => start + number::round(self.number(length, focus)?),
            None => f64::INFINITY,
        };
        let is_inside = |(index, _): &(usize, char)| {
            let position = real(index + 1);
            position >= start && position < end
        };
        Ok(text(whole.chars().enumerate().filter(is_inside).map(|(_, c)| c).collect::<String>()))
    }

    fn translate(&self, arguments: &[Expr], focus: Focus) -> Outcome<Value> {
        let whole = self.text_of(arguments, 0, focus)?;
        let (from, to) = (self.text_of(arguments, 1, focus)?, self.text_of(arguments, 2, focus)?);
        let mut table = BTreeMap::new();
        let mut others = to.chars();
        for c in from.chars() {
            let other = others.next();
            table.entry(c).or_insert(other);
        }
        Ok(text(whole.chars().filter_map(|c| table.get(&c).copied().unwrap_or(Some(c))).collect::<String>()))
    }

    fn format(&self, arguments: &[Expr], focus: Focus) -> Outcome<Value> {
        let value = self.argument(arguments, 0, focus)?.number(self)?;
        let picture = self.text_of(arguments, 1, focus)?;
        let name = match arguments.get(2) {
            Some(_) => Some(self.text_of(arguments, 2, focus)?),
            None => None,
        };
        self.sheet.format_number(value, &picture, name.as_deref()).map(text).map_err(Fail::new)
    }

    fn name_of(&self, function: Function, node: NodeId) -> String {
        match (self.tree.kind(node), function) {
            (Kind::Namespace(..), Function::NamespaceUri) => String::new(),
            (Kind::Namespace(name, _), _) => name.local.to_string(),
            (Kind::Element(name, _) | Kind::Attribute(name, _), Function::LocalName) => name.local.to_string(),
            (Kind::Element(name, _) | Kind::Attribute(name, _), Function::NamespaceUri) => name.namespace.to_string(),
            (Kind::Element(name, _) | Kind::Attribute(name, _), _) => name.written(),
            (Kind::Instruction(target, _), Function::LocalName | Function::Name) => target.to_string(),
            (Kind::Root | Kind::Text(..) | Kind::Comment(_) | Kind::Instruction(..), _) => String::new(),
        }
    }

    fn is_lang(&self, wanted: &str, node: NodeId) -> bool {
        let above = std::iter::once(node).chain(self.tree.ancestors(node));
        let mut languages = above.filter_map(|element| {
            self.tree.attributes(element).find_map(|attribute| match self.tree.kind(attribute) {
                Kind::Attribute(name, value) if *name.namespace == *XML && *name.local == *"lang" => Some(value),
                _ => None,
            })
        });
        let Some(language) = languages.next() else { return false };
        let (language, wanted) = (language.to_ascii_lowercase(), wanted.to_ascii_lowercase());
        language.strip_prefix(&wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

fn text(text: impl Into<Rc<str>>) -> Value {
    Value::Text(text.into())
}

/// A count as a number.
pub(in crate::policy::xslt) fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

fn words(text: &str) -> String {
    let words: Vec<&str> = text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn is_instruction(name: &str) -> bool {
    name.contains(':') && crate::policy::xslt::compile::INSTRUCTIONS.contains(&local(name))
}

fn is_function(name: &str) -> bool {
    TABLE.iter().any(|(known, ..)| *known == name) || name.contains(':') && local(name) == "node-set"
}

fn system_property(name: &str) -> Value {
    match local(name) {
        "version" => Value::Number(1.0),
        "vendor" => text("Holdfast"),
        _ => text(""),
    }
}
