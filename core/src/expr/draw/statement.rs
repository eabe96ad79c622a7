//! Blocks: declarations, loops that end, branches, exceptions, functions. What they did is returned at the end.

use super::drawer::{Drawer, Local, can_write};
use super::{Drawn, Kind, Part};
use crate::expr::bcl::{Member, TABLE};
use crate::expr::generic::{delegate, unify};
use crate::expr::parse::signature::Form;
use crate::expr::ty::{Class, Ty};

const STATEMENTS_MAX: u64 = 4;
const STEPS: &[&str] = &["+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="];
const TEXT_STEPS: &[&str] = &["+="];
const CAUGHT: &[&str] = &[
    "Exception",
    "FormatException",
    "InvalidOperationException",
    "ArgumentException",
    "NullReferenceException",
    "OverflowException",
];

impl Drawer<'_> {
    /// A program of statements.
    pub(super) fn block(&mut self) -> Option<Drawn> {
        let mut parts: Vec<Part> = vec!["@{ ".into()];
        for _ in 0..self.below(3) + 1 {
            parts.push(self.declaration()?.into());
        }
        for _ in 0..self.below(STATEMENTS_MAX) + 1 {
            if let Some(statement) = self.statement(2) {
                parts.push(statement.into());
            }
        }
        let shown = self.locals.clone();
        if self.once_in(3) {
            let ty = self.some_type();
            parts.extend(["return ".into(), self.value(&ty, 2)?.into(), "; }".into()]);
            return Some(Drawn::of(Kind::Frame, parts));
        }
        parts.push("return new object[] { ".into());
        for local in shown.iter().filter(|local| delegate(&local.ty).is_none()) {
            parts.extend([Drawn::value(&local.ty, local.name.clone()).into(), ", ".into()]);
        }
        parts.push("}; }".into());
        Some(Drawn::of(Kind::Frame, parts))
    }

    fn declaration(&mut self) -> Option<Drawn> {
        let ty = self.some_type();
        let depth = u32::try_from(self.below(3)).unwrap_or(0);
        let value = self.value(&ty, depth)?;
        let name = self.name("v");
        let written = if can_write(&ty) { ty.to_string() } else { "var".to_owned() };
        self.locals.push(Local { name: name.clone(), ty, is_assignable: true });
        let parts = vec![format!("{written} {name} = ").into(), value.into(), "; ".into()];
        Some(Drawn::of(Kind::Frame, parts))
    }

    fn statement(&mut self, depth: u32) -> Option<Drawn> {
        let from = self.locals.len();
        let parts = match self.below(if depth == 0 { 4 } else { 14 }) {
            0 | 1 => self.assignment()?,
            2 => vec![self.action()?.into(), "; ".into()],
            3 => self.step()?,
            4 | 5 => self.branch(depth)?,
            6 | 7 => self.for_each(depth)?,
            8 => self.counted(depth)?,
            9 => self.switch(depth)?,
            10 | 11 => self.try_catch(depth)?,
            12 => return self.function(),
            _ => self.guarded(depth)?,
        };
        self.locals.truncate(from);
        Some(Drawn::of(Kind::Statement, parts))
    }

    fn body(&mut self, depth: u32) -> Vec<Part> {
        let mut parts: Vec<Part> = vec!["{ ".into()];
        for _ in 0..self.below(2) + 1 {
            if let Some(statement) = self.statement(depth - 1) {
                parts.push(statement.into());
            }
        }
        parts.push("} ".into());
        parts
    }

    fn assignable(&mut self, is_fit: fn(&Ty) -> bool) -> Option<Local> {
        let fitting: Vec<Local> =
            self.locals.iter().filter(|local| local.is_assignable && is_fit(&local.ty)).cloned().collect();
        self.pick(&fitting).cloned()
    }

    fn assignment(&mut self) -> Option<Vec<Part>> {
        let local = self.assignable(|ty| !matches!(ty, Ty::Record(..)))?;
        Some(vec![format!("{} = ", local.name).into(), self.value(&local.ty, 1)?.into(), "; ".into()])
    }

    fn step(&mut self) -> Option<Vec<Part>> {
        let local = self.assignable(|ty| {
            matches!(
                ty,
                Ty::String
                    | Ty::Int32
                    | Ty::Int64
                    | Ty::Double
                    | Ty::Decimal
                    | Ty::Byte
                    | Ty::Int16
                    | Ty::UInt32
                    | Ty::Char
            )
        })?;
        let name = local.name;
        if local.ty == Ty::String {
            let ty = self.some_type();
            let step = *self.pick(TEXT_STEPS)?;
            return Some(vec![format!("{name} {step} ").into(), self.value(&ty, 1)?.into(), "; ".into()]);
        }
        if self.once_in(3) || local.ty == Ty::Char {
            let text = if self.once_in(2) { format!("{name}++; ") } else { format!("--{name}; ") };
            return Some(vec![text.into()]);
        }
        let is_real = matches!(local.ty, Ty::Double | Ty::Decimal);
        let step = *self.pick(if is_real { STEPS.get(..5)? } else { STEPS })?;
        Some(vec![format!("{name} {step} ").into(), self.leaf(&local.ty)?.into(), "; ".into()])
    }

    /// A call that changes a variable.
    pub(super) fn action(&mut self) -> Option<Drawn> {
        let mut found: Vec<(&'static Member, Vec<Option<Ty>>, Local)> = Vec::new();
        for local in &self.locals {
            for member in TABLE
                .members()
                .filter(|member| member.result == Ty::Void && !member.is_static && member.form == Form::Method)
            {
                let mut bindings = vec![None; member.type_parameters];
                if member.parameters.iter().all(|parameter| !parameter.is_out)
                    && unify(&member.owner, &local.ty, &mut bindings)
                {
                    found.push((member, bindings, local.clone()));
                }
            }
        }
        let (member, bindings, local) = self.pick(&found)?.clone();
        let mut call = self.call(member, bindings, 1)?;
        if let Some(receiver) = call.first_mut() {
            *receiver = local.name.into();
        }
        Some(Drawn::of(Kind::Frame, call))
    }

    fn branch(&mut self, depth: u32) -> Option<Vec<Part>> {
        let mut parts: Vec<Part> = vec!["if (".into()];
        if self.once_in(4) {
            let (value, name) = (self.value(&Ty::Object, 1)?, self.name("n"));
            let ty = self.item_type();
            parts.extend(["(object)".into(), value.into(), format!(" is {ty} {name}) ").into()]);
            self.locals.push(Local { name, ty, is_assignable: true });
            parts.extend(self.body(depth));
            return Some(parts);
        }
        parts.extend([self.value(&Ty::Bool, 2)?.into(), ") ".into()]);
        parts.extend(self.body(depth));
        if self.once_in(2) {
            parts.push("else ".into());
            parts.extend(self.body(depth));
        }
        Some(parts)
    }

    fn for_each(&mut self, depth: u32) -> Option<Vec<Part>> {
        let item = self.item_type();
        let sequence = self.value(&Ty::Generic(Class::IEnumerable, [item.clone()].into()), 2)?;
        // A constant null is no sequence for a compiler.
        if sequence.source().trim_end_matches(')').ends_with(")null") {
            return None;
        }
        let name = self.name("e");
        let written = if self.once_in(2) { "var".to_owned() } else { item.to_string() };
        self.locals.push(Local { name: name.clone(), ty: item, is_assignable: false });
        let mut parts: Vec<Part> = vec![format!("foreach ({written} {name} in ").into(), sequence.into(), ") ".into()];
        parts.extend(self.body(depth));
        Some(parts)
    }

    fn counted(&mut self, depth: u32) -> Option<Vec<Part>> {
        let name = self.name("i");
        let limit = *self.pick(&["0", "1", "3"])?;
        let counter = Local { name: name.clone(), ty: Ty::Int32, is_assignable: false };
        let mut parts: Vec<Part> = match self.below(3) {
            0 => vec![format!("var {name} = 0; while ({name}++ < {limit}) ").into()],
            1 => vec![format!("var {name} = 0; do ").into()],
            _ => vec![format!("for (var {name} = 0; {name} < {limit}; {name}++) ").into()],
        };
        let is_do = parts.first().is_some_and(|part| matches!(part, Part::Text(text) if text.ends_with("do ")));
        self.locals.push(counter);
        parts.push("{ ".into());
        let (test, jump) = (self.value(&Ty::Bool, 1)?, *self.pick(&["break", "continue"])?);
        // `continue` in a `do` goes to its condition, which counts.
        parts.push(Drawn::of(Kind::Statement, vec!["if (".into(), test.into(), format!(") {jump}; ").into()]).into());
        parts.extend(self.body(depth));
        parts.push("} ".into());
        if is_do {
            parts.push(format!("while (++{name} < {limit}); ").into());
        }
        Some(parts)
    }

    fn switch(&mut self, depth: u32) -> Option<Vec<Part>> {
        let is_text = self.once_in(2);
        let ty = if is_text { Ty::String } else { Ty::Int32 };
        let labels: [&'static str; 3] = if is_text { ["\"a\"", "\"\"", "\"abc\""] } else { ["0", "1", "2"] };
        let mut parts: Vec<Part> = vec!["switch (".into(), self.value(&ty, 1)?.into(), ") { ".into()];
        for label in labels {
            parts.push(format!("case {label}: ").into());
            if self.once_in(4) {
                continue;
            }
            parts.extend(self.body(depth));
            parts.push(if self.once_in(5) { "goto default; ".into() } else { "break; ".into() });
        }
        parts.push("default: ".into());
        parts.extend(self.body(depth));
        parts.push("break; } ".into());
        Some(parts)
    }

    fn try_catch(&mut self, depth: u32) -> Option<Vec<Part>> {
        let mut parts: Vec<Part> = vec!["try ".into()];
        parts.extend(self.body(depth));
        let text = self.assignable(|ty| *ty == Ty::String);
        if self.once_in(3) && text.is_none() {
            parts.push("finally ".into());
            parts.extend(self.body(depth));
            return Some(parts);
        }
        let name = self.name("x");
        let caught = *self.pick(CAUGHT)?;
        let filter = if self.once_in(4) { format!("when ({name}.Message.Length > 20) ") } else { String::new() };
        parts.push(format!("catch ({caught} {name}) {filter}{{ ").into());
        if let Some(text) = text {
            parts.push(Drawn::of(Kind::Statement, vec![format!("{} = {name}.Message; ", text.name).into()]).into());
        }
        parts.push("} ".into());
        let is_filtered = !filter.is_empty();
        if (caught != "Exception" || is_filtered) && self.once_in(3) {
            parts.push("catch { } ".into());
        }
        if self.once_in(3) {
            parts.push("finally ".into());
            parts.extend(self.body(depth));
        }
        Some(parts)
    }

    fn function(&mut self) -> Option<Drawn> {
        let (from, to) = (self.item_type(), self.item_type());
        let (name, parameter) = (self.name("F"), self.name("p"));
        let at = self.locals.len();
        self.locals.push(Local { name: parameter.clone(), ty: from.clone(), is_assignable: true });
        let body = self.value(&to, 2);
        self.locals.truncate(at);
        let delegate = Ty::Generic(Class::Func, [from.clone(), to.clone()].into());
        let (body, parts): (Drawn, [String; 2]) = match self.below(3) {
            0 => (body?, [format!("{to} {name}({from} {parameter}) => "), "; ".to_owned()]),
            1 => (body?, [format!("{to} {name}({from} {parameter}) {{ return "), "; } ".to_owned()]),
            _ => (body?, [format!("{delegate} {name} = {parameter} => "), "; ".to_owned()]),
        };
        let [head, tail] = parts;
        let target = self.assignable(|ty| matches!(ty, Ty::String | Ty::Object))?;
        let argument = self.leaf(&from)?;
        let used = format!("{} = ", target.name);
        let shown = if target.ty == Ty::String { ") + \"\"; " } else { "); " };
        let parts = vec![
            head.into(),
            body.into(),
            tail.into(),
            used.into(),
            format!("{name}(").into(),
            argument.into(),
            shown.into(),
        ];
        Some(Drawn::of(Kind::Statement, parts))
    }

    fn guarded(&mut self, depth: u32) -> Option<Vec<Part>> {
        let name = self.name("t");
        if self.once_in(2) {
            let (a, b) = (self.item_type(), self.item_type());
            let parts = vec![
                format!("var ({name}, {name}b) = (").into(),
                self.value(&a, 1)?.into(),
                ", ".into(),
                self.value(&b, 1)?.into(),
                "); ".into(),
            ];
            self.locals.push(Local { name: name.clone(), ty: a, is_assignable: true });
            self.locals.push(Local { name: format!("{name}b"), ty: b, is_assignable: true });
            let rest = self.body(depth);
            return Some([vec!["{ ".into()], parts, rest, vec!["} ".into()]].concat());
        }
        let mut parts: Vec<Part> =
            vec![format!("using (var {name} = new StringReader(").into(), self.leaf(&Ty::String)?.into(), ")) ".into()];
        self.locals.push(Local { name, ty: Ty::Class(Class::StringReader), is_assignable: false });
        parts.extend(self.body(depth));
        Some(parts)
    }
}
