//! How types are written: in C# for people, in .NET for exceptions. Looks nothing up.

use std::fmt;

use super::{Class, KEYWORDS, RecordKind, Ty};

impl Ty {
    /// The name in .NET, as exception messages write it.
    /// `Type.FullName`: the arguments of a generic type with their assemblies.
    pub(crate) fn qualified_name(&self) -> String {
        let Self::Generic(_, items) = self else { return self.full_name() };
        let full = self.full_name();
        let class = full.split('[').next().unwrap_or(&full);
        let items = items.iter().map(|item| {
            let assembly = match item.class().map(Class::namespace) {
                Some(namespace) if namespace.starts_with("Newtonsoft") => {
                    "Newtonsoft.Json, Version=13.0.0.0, Culture=neutral, PublicKeyToken=30ad4fe6b2a6aeed"
                }
                _ => "System.Private.CoreLib, Version=8.0.0.0, Culture=neutral, PublicKeyToken=7cec85d7bea7798e",
            };
            format!("[{}, {assembly}]", item.qualified_name())
        });
        format!("{class}[{}]", items.collect::<Vec<_>>().join(","))
    }

    pub(crate) fn full_name(&self) -> String {
        match self {
            Self::Generic(class, arguments) => {
                let names: Vec<String> = arguments.iter().map(Self::full_name).collect();
                let (space, name, count) = (class.namespace(), class.name(), names.len());
                let names = names.join(",");
                match class.outer() {
                    // The type arguments are those of the outermost one.
                    Some(outer) => {
                        let (first, rest) = outer.split_once('.').unwrap_or((outer, ""));
                        let plus = if rest.is_empty() { "" } else { "+" };
                        format!("{space}.{first}`{count}{plus}{rest}+{name}[{names}]")
                    }
                    None => format!("{space}.{name}`{count}[{names}]"),
                }
            }
            Self::Record(RecordKind::Anonymous, _) => "<anonymous>".to_owned(),
            Self::Record(RecordKind::Tuple, members) => {
                let names: Vec<String> = members.iter().map(|(_, ty)| ty.full_name()).collect();
                format!("System.ValueTuple`{}[{}]", names.len(), names.join(","))
            }
            Self::Class(class) if class.namespace().is_empty() => class.name().to_owned(),
            Self::Class(class) => match class.outer() {
                Some(outer) => format!("{}.{outer}+{}", class.namespace(), class.name()),
                None => format!("{}.{}", class.namespace(), class.name()),
            },
            Self::Array(item) => format!("{}[]", item.full_name()),
            Self::Grid(item, dimensions) => format!("{}[{}]", item.full_name(), commas(*dimensions)),
            Self::Nullable(inner) => format!("System.Nullable`1[{}]", inner.full_name()),
            other => KEYWORDS
                .iter()
                .find(|(_, _, ty)| ty == other)
                .map_or_else(|| other.to_string(), |(_, full, _)| format!("System.{full}")),
        }
    }
}

fn commas(dimensions: u16) -> String {
    ",".repeat(usize::from(dimensions).saturating_sub(1))
}

/// As C# writes it.
impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error => f.write_str("?"),
            Self::Null => f.write_str("<null>"),
            Self::Class(class) => match class.outer() {
                Some(outer) => write!(f, "{outer}.{}", class.name()),
                None => f.write_str(class.name()),
            },
            Self::Generic(class, arguments) => {
                let (first, rest) = match class.outer() {
                    Some(outer) => outer.split_once('.').unwrap_or((outer, "")),
                    None => (class.name(), ""),
                };
                write!(f, "{first}<")?;
                for (index, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{argument}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str(">")?;
                let inner = [rest, if class.outer().is_some() { class.name() } else { "" }];
                inner.iter().filter(|name| !name.is_empty()).try_for_each(|name| write!(f, ".{name}"))
            }
            Self::Array(item) => write!(f, "{item}[]"),
            Self::Grid(item, dimensions) => write!(f, "{item}[{}]", commas(*dimensions)),
            Self::Nullable(inner) => write!(f, "{inner}?"),
            Self::Param(index) => write!(f, "T{index}"),
            Self::Record(kind, members) => {
                let (open, close) = if *kind == RecordKind::Tuple { ("(", ")") } else { ("<", ">") };
                f.write_str(open)?;
                for (index, (name, ty)) in members.iter().enumerate() {
                    let space = if name.is_empty() { "" } else { " " };
                    write!(f, "{}{ty}{space}{name}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str(close)
            }
            Self::Void
            | Self::Object
            | Self::Bool
            | Self::Char
            | Self::SByte
            | Self::Byte
            | Self::Int16
            | Self::UInt16
            | Self::Int32
            | Self::UInt32
            | Self::Int64
            | Self::UInt64
            | Self::Single
            | Self::Double
            | Self::Decimal
            | Self::String => {
                let found = KEYWORDS.iter().find(|(_, _, ty)| ty == self);
                f.write_str(found.map_or("?", |(keyword, ..)| keyword))
            }
        }
    }
}
