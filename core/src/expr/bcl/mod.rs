//! The members' table: every .NET and `context` member that is built, by its C# signature. The checker resolves names in it, and
//! the evaluator calls what stands beside them. One file per neighbourhood holds the rows; this one holds no behaviour.

mod aggregate;
pub(crate) mod authorization;
mod base64_into;
mod bit_converter;
mod call;
mod change_type;
mod character;
mod collections;
mod context;
mod convert;
mod convert_text;
mod crypto;
mod culture;
mod date_time_offset;
mod dictionary;
mod digits;
mod encoding;
mod enum_members;
mod enums;
mod exceptions;
mod form;
mod format;
mod guid;
mod hash_code;
mod html;
mod ip_address;
mod json;
mod latin_fit;
mod linq;
mod malformed;
mod math;
mod message;
mod native;
mod net;
mod nullable;
mod number_create;
mod number_custom;
mod number_decimal;
mod number_format;
mod number_parse;
mod number_real;
mod number_real_functions;
mod number_styles;
mod number_text;
mod number_whole;
mod numerals;
mod object;
mod people;
mod punycode;
mod random;
mod regex;
mod rounding;
mod span_parse;
mod string;
mod string_build;
mod string_parts;
mod string_search;
mod text_builder;
mod text_reader;
mod text_writer;
mod thrown;
mod time;
mod time_exact;
mod time_lex;
mod time_order;
mod time_parse;
mod time_span;
mod time_text;
mod time_zone;
pub(crate) mod token;
mod tuple;
mod type_object;
mod uri;
mod uri_iri;
mod uri_members;
mod uri_text;
mod utf16;
mod xml;
mod zone_data;
mod zone_rule;
mod zone_rules;
mod zone_text;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use crate::context::Context;
use crate::value::{ContextPart, EnumValue, Enumeration, Value};

use super::eval::Machine;
use super::exception::{Outcome, broken};
use super::parse::signature::{Form, lone_type, signature};
use super::syntax::{Literal, TypeName};
use super::ty::{Class, Named, RecordKind, Ty};

pub(crate) use collections::{
    Read, as_pairs, as_seen, behind_pairs, boxed, changes_arrays, default_pass, live, pair, pair_type, pairs_of, stale,
};
pub(crate) use crypto::{certificate_key, certificate_object, default_hash_name, default_parameters};
pub(crate) use dictionary::{items as context_items, variable};
pub(crate) use encoding::encoding_of;
pub(crate) use format::{GIVEN, HOLE};
pub(crate) use json::{cast as json_cast, default_tokens, is_dictionary, token_of as json_token};
pub(crate) use thrown::message_of as exception_message;
pub(crate) use time::{unrepresentable, unrepresentable_sum};
pub(crate) use time_span::scaled_by;
pub(crate) use type_object::type_object;
pub(crate) use xml::node_text as xml_text;
pub(crate) use xml::{cast as xml_cast, converted as xml_name, key_text as xml_key, settle as xml_settle};
pub(crate) use zone_rule::default_switch;

/// What a member does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Run {
    Function(Function),
    Enum(EnumValue),
    /// A part of `context` that always exists.
    Part(&'static ContextPart),
    Text(TextOf),
}

/// The code of a member.
pub(crate) type Function = fn(&mut Call<'_, '_>) -> Outcome<Value>;

/// Finds a text of the exchange, which needs no copy to be looked at.
pub(crate) type TextOf = for<'m> fn(&'m Context, &Value) -> Outcome<Found<'m>>;

/// A text, or null.
pub(crate) type Found<'m> = Option<Cow<'m, str>>;

/// What a member is given.
#[derive(Debug)]
pub(crate) struct Call<'c, 'm> {
    /// The receiver, if it is an instance member, and the arguments.
    pub(crate) arguments: &'c [Value],
    /// What its type parameters stand for, those of its owner first.
    pub(crate) types: &'c [Ty],
    pub(crate) machine: &'c mut Machine<'m>,
}

/// A line of the table: the type that has the member, the signature, the code.
pub(crate) type Row = (&'static str, &'static str, Run);

const fn row(owner: &'static str, signature: &'static str, function: Function) -> Row {
    (owner, signature, Run::Function(function))
}

const fn constant(owner: &'static str, signature: &'static str, of: &'static Enumeration, number: i32) -> Row {
    (owner, signature, Run::Enum(of.value(number)))
}

const fn always(owner: &'static str, signature: &'static str, part: &'static ContextPart) -> Row {
    (owner, signature, Run::Part(part))
}

const fn text(owner: &'static str, signature: &'static str, text: TextOf) -> Row {
    (owner, signature, Run::Text(text))
}

/// A type and one that it implements, as in `("List<T>", "IList<T>")`.
pub(crate) type Base = (&'static str, &'static str);

/// A member, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) owner: Ty,
    pub(crate) name: Arc<str>,
    pub(crate) form: Form,
    pub(crate) is_static: bool,
    /// Takes a null receiver.
    pub(crate) is_extension: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) result: Ty,
    /// How many type parameters owner and member have together, and how many of them are the owner's.
    pub(crate) type_parameters: usize,
    pub(crate) owner_type_parameters: usize,
    pub(crate) run: Run,
    /// As in the table, for people.
    pub(crate) signature: &'static str,
}

/// A parameter of a member.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: Arc<str>,
    pub(crate) ty: Ty,
    pub(crate) default: Option<Value>,
    pub(crate) is_variadic: bool,
    pub(crate) is_out: bool,
    /// `ref`: an argument of the code too, which gives the new value by [`Call::give`].
    pub(crate) is_ref: bool,
}

/// All members by name; an indexer's name is `this`, a constructor's `new`. A process uses few of them, so that signatures are read
/// when their name is first asked for.
#[derive(Debug)]
pub(crate) struct Table {
    by_name: BTreeMap<&'static str, Namesakes>,
    /// Type, base, and how many type parameters both have.
    bases: Vec<(Ty, Ty, usize)>,
    enumerations: BTreeMap<Class, &'static Enumeration>,
}

/// The members of one name.
#[derive(Debug, Default)]
struct Namesakes {
    rows: Vec<&'static Row>,
    members: OnceLock<Vec<Member>>,
}

impl Namesakes {
    // A row that cannot be read is left out here; the test `every_row_is_read` refuses it.
    fn members(&self) -> &[Member] {
        self.members.get_or_init(|| {
            let mut owner = None;
            self.rows.iter().filter_map(|row| member_of(row, &mut owner)).collect()
        })
    }
}

/// The table.
pub(crate) static TABLE: LazyLock<Table> = LazyLock::new(Table::read);

const ROWS: &[&[Row]] = &[
    context::ROWS,
    people::ROWS,
    message::ROWS,
    form::ROWS,
    dictionary::ROWS,
    object::ROWS,
    string::ROWS,
    string_parts::ROWS,
    string_build::ROWS,
    string_search::ROWS,
    culture::ROWS,
    character::ROWS,
    text_builder::ROWS,
    text_reader::ROWS,
    text_writer::ROWS,
    format::ROWS,
    change_type::ROWS,
    convert_text::ROWS,
    bit_converter::ROWS,
    bit_converter::NUMBERS,
    aggregate::ROWS,
    malformed::ROWS,
    random::ROWS,
    guid::ROWS,
    time::ROWS,
    time_span::ROWS,
    span_parse::ROWS,
    time_text::ROWS,
    number_styles::ROWS,
    time_zone::ROWS,
    zone_rule::ROWS,
    date_time_offset::ROWS,
    enum_members::ROWS,
    encoding::ROWS,
    net::ROWS,
    uri::ROWS,
    uri_members::ROWS,
    uri_text::ROWS,
    ip_address::ROWS,
    json::TABLES[0],
    json::TABLES[1],
    json::TABLES[2],
    json::TABLES[3],
    json::TABLES[4],
    json::TABLES[5],
    json::TABLES[6],
    json::TABLES[7],
    json::TABLES[8],
    regex::TABLES[0],
    regex::TABLES[1],
    regex::TABLES[2],
    token::ROWS,
    authorization::ROWS,
    crypto::TABLES[0],
    crypto::TABLES[1],
    crypto::TABLES[2],
    crypto::TABLES[3],
    crypto::TABLES[4],
    crypto::TABLES[5],
    crypto::TABLES[6],
    crypto::TABLES[7],
    crypto::TABLES[8],
    crypto::TABLES[9],
    crypto::TABLES[10],
    crypto::TABLES[11],
    crypto::TABLES[12],
    crypto::TABLES[13],
    crypto::TABLES[14],
    xml::TABLES[0],
    xml::TABLES[1],
    xml::TABLES[2],
    xml::TABLES[3],
    xml::TABLES[4],
    xml::TABLES[5],
    xml::TABLES[6],
    xml::TABLES[7],
    enums::ROWS,
    collections::TABLES[0],
    collections::TABLES[1],
    collections::TABLES[2],
    collections::TABLES[3],
    collections::TABLES[4],
    collections::TABLES[5],
    collections::TABLES[6],
    collections::TABLES[7],
    collections::TABLES[8],
    collections::TABLES[9],
    collections::TABLES[10],
    collections::TABLES[11],
    collections::ARRAYS[0],
    collections::ARRAYS[1],
    collections::ARRAYS[2],
    linq::TABLES[0],
    linq::TABLES[1],
    linq::TABLES[2],
    linq::TABLES[3],
    linq::TABLES[4],
    linq::TABLES[5],
    linq::TABLES[6],
    linq::TABLES[7],
    linq::TABLES[8],
    linq::TABLES[9],
    nullable::ROWS,
    tuple::ROWS,
];

/// The tables of numbers and exceptions, which have several each.
const MANY: [&[&[Row]]; 7] = [
    &exceptions::TABLES,
    &convert::TABLES,
    &number_whole::TABLES,
    &number_real::TABLES,
    &number_real_functions::TABLES,
    &number_decimal::TABLES,
    &math::TABLES,
];

fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(MANY.iter().copied().flatten()).copied().flatten()
}

/// What types derive from or implement, beyond the base classes of `Class`.
const BASES: [&[Base]; 3] = [collections::BASES, text_reader::BASES, crypto::BASES];

impl Table {
    fn read() -> Self {
        let mut by_name: BTreeMap<&'static str, Namesakes> = BTreeMap::new();
        let mut enumerations = BTreeMap::new();
        for row in rows() {
            let (owner, text, run) = row;
            by_name.entry(name_of(text)).or_default().rows.push(row);
            if let (Run::Enum(value), Named::Type(Ty::Class(class))) = (run, Ty::named(owner)) {
                enumerations.insert(class, value.of);
            }
        }
        let bases = BASES.iter().copied().flatten().filter_map(base_of).collect();
        Self { by_name, bases, enumerations }
    }

    /// What types derive from.
    pub(crate) fn bases(&self) -> &[(Ty, Ty, usize)] {
        &self.bases
    }

    /// The names and numbers of an enumeration.
    pub(crate) fn enumeration(&self, class: Class) -> Option<&'static Enumeration> {
        self.enumerations.get(&class).copied()
    }

    /// The enumeration of this full name.
    pub(crate) fn enumeration_named(&self, name: &str) -> Option<&'static Enumeration> {
        self.enumerations.values().find(|of| of.name == name).copied()
    }

    /// The members of this name, of any type.
    pub(crate) fn named(&self, name: &str) -> &[Member] {
        self.by_name.get(name).map_or(&[], Namesakes::members)
    }

    /// All members.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        self.by_name.values().flat_map(Namesakes::members)
    }
}

// The name in a signature, found without reading the rest of it.
fn name_of(signature: &'static str) -> &'static str {
    let head = signature.split('(').next().unwrap_or(signature);
    if head.starts_with("new ") {
        return "new";
    }
    if head.contains(" this[") {
        return "this";
    }
    // Type parameters of the member stand behind its name.
    let name = head.rsplit_once('<').filter(|_| head.ends_with('>')).map_or(head, |(name, _)| name);
    name.rsplit(' ').next().unwrap_or(name)
}

fn base_of((ty, base): &(&'static str, &'static str)) -> Option<(Ty, Ty, usize)> {
    let (ty, base) = (lone_type(ty)?, lone_type(base)?);
    let mut names = Vec::new();
    collect_parameters(&ty, &mut names);
    Some((resolve(&ty, &names)?, resolve(&base, &names)?, names.len()))
}

// `last` is the owner of the row before, which mostly is that of this one too.
fn member_of(row: &'static Row, last: &mut Option<(&'static str, TypeName)>) -> Option<Member> {
    let (owner, text, run) = row;
    if last.as_ref().is_none_or(|(name, _)| name != owner) {
        *last = Some((owner, lone_type(owner)?));
    }
    let owner = &last.as_ref()?.1;
    let parsed = signature(text)?;
    let mut names: Vec<Arc<str>> = Vec::new();
    collect_parameters(owner, &mut names);
    let owner_type_parameters = names.len();
    names.extend(parsed.type_parameters.iter().cloned());
    let parameters: Option<Vec<Parameter>> = parsed
        .parameters
        .iter()
        .map(|formal| {
            let default = match &formal.default {
                Some(literal) => Some(default_of(literal)?),
                None => None,
            };
            let ty = resolve(&formal.ty, &names)?;
            Some(Parameter {
                name: Arc::clone(&formal.name),
                ty,
                default,
                is_variadic: formal.is_variadic,
                is_out: formal.is_out,
                is_ref: formal.is_ref,
            })
        })
        .collect();
    let name = if parsed.form == Form::Constructor { Arc::from("new") } else { Arc::clone(&parsed.name) };
    Some(Member {
        owner: resolve(owner, &names)?,
        name,
        form: parsed.form,
        is_static: parsed.is_static,
        is_extension: parsed.is_extension,
        parameters: parameters?,
        result: resolve(&parsed.result, &names)?,
        type_parameters: names.len(),
        owner_type_parameters,
        run: *run,
        signature: text,
    })
}

// `T`, `TKey` …: a capital T alone or before another capital.
fn collect_parameters(ty: &TypeName, names: &mut Vec<Arc<str>>) {
    let mut chars = ty.name.chars();
    let is_parameter = chars.next() == Some('T') && chars.next().is_none_or(char::is_uppercase);
    if is_parameter && !names.contains(&ty.name) {
        names.push(Arc::clone(&ty.name));
    }
    for argument in &ty.arguments {
        collect_parameters(argument, names);
    }
}

/// The tuples that members give, by the names that signatures call them, and the names of their members.
const TUPLES: [(&str, &[&str]); 4] = [
    ("Zipped", &["First", "Second", "Third"]),
    ("Divided", &["Quotient", "Remainder"]),
    ("Waves", &["Sin", "Cos"]),
    ("WavesOfPi", &["SinPi", "CosPi"]),
];

fn resolve(written: &TypeName, names: &[Arc<str>]) -> Option<Ty> {
    if let Some((_, names_of)) = TUPLES.iter().find(|(name, _)| *name == &*written.name) {
        let members = names_of.iter().zip(&written.arguments);
        let members: Option<Vec<(Arc<str>, Ty)>> =
            members.map(|(name, ty)| Some((Arc::from(*name), resolve(ty, names)?))).collect();
        return Some(Ty::Record(RecordKind::Tuple, members?.into()));
    }
    let mut ty = match names.iter().position(|name| *name == written.name) {
        Some(index) => Ty::Param(index),
        None => match Ty::named(&written.name) {
            Named::Type(ty) => ty,
            Named::Unknown => return None,
        },
    };
    if let (Ty::Class(class), false) = (&ty, written.arguments.is_empty()) {
        let arguments: Option<Vec<Ty>> = written.arguments.iter().map(|argument| resolve(argument, names)).collect();
        let arguments = arguments?;
        ty = match (class, arguments.as_slice()) {
            (Class::Nullable, [inner]) => Ty::nullable(inner.clone()),
            _ => Ty::Generic(*class, arguments.into()),
        };
    }
    if written.nullable {
        ty = Ty::nullable(ty);
    }
    for dimensions in written.ranks.iter().rev() {
        ty = Ty::array_of(ty, *dimensions);
    }
    Some(ty)
}

fn default_of(literal: &Literal) -> Option<Value> {
    match literal {
        Literal::Null => Some(Value::Null),
        Literal::Bool(value) => Some(Value::Bool(*value)),
        Literal::Int32(value) => Some(Value::Int32(*value)),
        Literal::String(text) => Some(Value::String(Arc::clone(text))),
        Literal::Char(unit) => Some(Value::Char(*unit)),
        Literal::Int64(_)
        | Literal::Int32Min
        | Literal::Int64Min
        | Literal::UInt32(_)
        | Literal::UInt64(_)
        | Literal::Single(_)
        | Literal::Decimal(_)
        | Literal::Double(_) => None,
    }
}

/// The code of a member that is never called through the table: a local function's.
pub(crate) const NOWHERE: Run = Run::Function(|_| Err(broken("a local function called as a member")));

#[cfg(test)]
mod tests {
    use super::{member_of, name_of, rows};

    #[test]
    fn every_row_is_read() {
        for row in rows() {
            let member = member_of(row, &mut None).unwrap_or_else(|| panic!("{}: {}", row.0, row.1));
            assert_eq!(*member.name, *name_of(row.1), "{}: {}", row.0, row.1);
        }
    }
}
