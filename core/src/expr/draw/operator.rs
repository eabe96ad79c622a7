//! Operators, conversions, conditions and interpolation, by the type that they give.

use super::drawer::{Drawer, can_write};
use super::{Drawn, Kind, Part};
use crate::expr::ty::{Class, Ty};

const ARITHMETIC: &[&str] = &["+", "-", "*", "/", "%"];
const BITS: &[&str] = &["&", "|", "^"];
const SHIFTS: &[&str] = &["<<", ">>"];
const ORDER: &[&str] = &["<", ">", "<=", ">=", "==", "!="];
const EQUALITY: &[&str] = &["==", "!="];
const LOGIC: &[&str] = &["&&", "||", "&", "|", "^", "==", "!="];
const HOLES: &[&str] = &["", ",6", ",-5", ":X", ":N2", ":0.00"];

impl Drawer<'_> {
    /// An operation that gives this type.
    pub(super) fn operation(&mut self, ty: &Ty, depth: u32) -> Option<Drawn> {
        let parts = match self.below(6) {
            0 => self.condition(ty, depth)?,
            1 if ty.is_reference() => self.coalesce(ty, depth)?,
            1 => self.coalesce_number(ty, depth)?,
            2 => self.conversion(ty, depth)?,
            _ => self.operators(ty, depth)?,
        };
        Some(Drawn::of(Kind::Value(ty.clone()), parts))
    }

    fn operators(&mut self, ty: &Ty, depth: u32) -> Option<Vec<Part>> {
        match ty {
            Ty::Bool => self.test(depth),
            Ty::String => self.text(depth),
            Ty::Int32 => self.int(depth),
            Ty::Int64 => {
                let right = if self.once_in(3) { Ty::Int32 } else { Ty::Int64 };
                self.whole(&Ty::Int64, &right, depth)
            }
            Ty::UInt32 | Ty::UInt64 => self.whole(ty, ty, depth),
            Ty::Double | Ty::Single | Ty::Decimal => {
                let right = if self.once_in(3) { Ty::Int32 } else { ty.clone() };
                if self.once_in(6) {
                    return Some(vec!["(-".into(), self.value(ty, depth)?.into(), ")".into()]);
                }
                self.binary(ty, ARITHMETIC, &right, depth)
            }
            Ty::Class(Class::TimeSpan) if self.once_in(2) => {
                self.binary(&Ty::Class(Class::DateTime), &["-"], &Ty::Class(Class::DateTime), depth)
            }
            Ty::Class(Class::TimeSpan) => self.binary(ty, &["+", "-"], ty, depth),
            Ty::Class(Class::DateTime | Class::DateTimeOffset) => {
                self.binary(ty, &["+", "-"], &Ty::Class(Class::TimeSpan), depth)
            }
            Ty::Nullable(inner) if matches!(**inner, Ty::Int32 | Ty::Int64 | Ty::Double | Ty::Decimal) => {
                let right = if self.once_in(2) { (**inner).clone() } else { ty.clone() };
                self.binary(ty, ARITHMETIC, &right, depth)
            }
            _ => None,
        }
    }

    fn binary(&mut self, left: &Ty, operators: &'static [&'static str], right: &Ty, depth: u32) -> Option<Vec<Part>> {
        let left = self.value(left, depth)?;
        let operator = *self.pick(operators)?;
        let right = self.value(right, depth)?;
        Some(vec!["(".into(), left.into(), " ".into(), operator.into(), " ".into(), right.into(), ")".into()])
    }

    fn whole(&mut self, left: &Ty, right: &Ty, depth: u32) -> Option<Vec<Part>> {
        match self.below(6) {
            0 => self.binary(left, BITS, left, depth),
            1 => self.binary(left, SHIFTS, &Ty::Int32, depth),
            2 => Some(vec!["(~".into(), self.value(left, depth)?.into(), ")".into()]),
            _ => self.binary(left, ARITHMETIC, right, depth),
        }
    }

    // What is smaller than `int` becomes one.
    fn int(&mut self, depth: u32) -> Option<Vec<Part>> {
        let small = [Ty::Int32, Ty::Int32, Ty::Int32, Ty::Char, Ty::Byte, Ty::Int16, Ty::SByte, Ty::UInt16];
        let left = self.pick(&small)?.clone();
        if self.once_in(8) {
            return Some(vec!["(-".into(), self.value(&left, depth)?.into(), ")".into()]);
        }
        self.whole(&left, &Ty::Int32, depth)
    }

    fn test(&mut self, depth: u32) -> Option<Vec<Part>> {
        match self.below(9) {
            0 => Some(vec!["(!".into(), self.value(&Ty::Bool, depth)?.into(), ")".into()]),
            1 | 2 => self.binary(&Ty::Bool, LOGIC, &Ty::Bool, depth),
            3 => self.binary(&Ty::String, EQUALITY, &Ty::String, depth),
            4 => {
                let value = self.value(&Ty::Object, depth)?;
                let ty = self.some_type();
                let test = if can_write(&ty) && !self.once_in(4) { ty.to_string() } else { "null".to_owned() };
                // A nullable type would be read together with what follows.
                Some(vec!["((".into(), "(object)".into(), value.into(), format!(") is {test})").into()])
            }
            5 => {
                let ty = Ty::nullable(self.number_type());
                self.binary(&ty, ORDER, &ty.clone(), depth)
            }
            6 => {
                let types = [Class::DateTime, Class::TimeSpan, Class::DateTimeOffset];
                let ty = Ty::Class(*self.pick(&types)?);
                self.binary(&ty, ORDER, &ty.clone(), depth)
            }
            _ => {
                let left = self.number_type();
                let right = if self.once_in(3) { Ty::Int32 } else { left.clone() };
                self.binary(&left, ORDER, &right, depth)
            }
        }
    }

    fn text(&mut self, depth: u32) -> Option<Vec<Part>> {
        let other = self.some_type();
        match self.below(4) {
            0 => self.binary(&Ty::String, &["+"], &other, depth),
            1 => self.binary(&other, &["+"], &Ty::String, depth),
            2 => self.binary(&Ty::String, &["+"], &Ty::String, depth),
            _ => {
                let mut parts: Vec<Part> = vec!["$\"<".into()];
                for _ in 0..self.below(2) + 1 {
                    let ty = self.some_type();
                    let hole = self.pick(HOLES)?;
                    parts.extend(["{".into(), self.value(&ty, depth)?.into(), (*hole).into(), "}|".into()]);
                }
                parts.push("\"".into());
                Some(parts)
            }
        }
    }

    fn condition(&mut self, ty: &Ty, depth: u32) -> Option<Vec<Part>> {
        let test = self.value(&Ty::Bool, depth)?;
        let (yes, no) = (self.value(ty, depth)?, self.value(ty, depth)?);
        let cast = if can_write(ty) { format!("({ty})") } else { String::new() };
        let casted = cast.clone();
        Some(vec![
            "(".into(),
            test.into(),
            " ? ".into(),
            cast.into(),
            yes.into(),
            " : ".into(),
            casted.into(),
            no.into(),
            ")".into(),
        ])
    }

    fn coalesce(&mut self, ty: &Ty, depth: u32) -> Option<Vec<Part>> {
        if !can_write(ty) || self.once_in(3) {
            return self.access(ty, depth);
        }
        let (left, right) = (self.value(ty, depth)?, self.value(ty, depth)?);
        Some(vec![format!("(({ty})").into(), left.into(), " ?? ".into(), right.into(), ")".into()])
    }

    // `a?.b`, of a receiver that may be null.
    fn access(&mut self, ty: &Ty, depth: u32) -> Option<Vec<Part>> {
        if *ty != Ty::String {
            return None;
        }
        let receivers = [
            (Ty::String, "?.Trim()"),
            (Ty::String, "?.ToUpper()"),
            (Ty::Class(Class::JToken), "?.ToString()"),
            (Ty::Object, "?.ToString()"),
        ];
        let (receiver, rest) = self.pick(&receivers)?.clone();
        Some(vec![format!("(({receiver})").into(), self.value(&receiver, depth)?.into(), ")".into(), rest.into()])
    }

    fn coalesce_number(&mut self, ty: &Ty, depth: u32) -> Option<Vec<Part>> {
        if *ty == Ty::Int32 && self.once_in(2) {
            return Some(vec![
                "((".into(),
                self.value(&Ty::String, depth)?.into(),
                ")?.Length ?? ".into(),
                self.leaf(ty)?.into(),
                ")".into(),
            ]);
        }
        if ty.holds_null() || !can_write(ty) {
            return None;
        }
        let left = self.value(&Ty::nullable(ty.clone()), depth)?;
        Some(vec!["(".into(), left.into(), " ?? ".into(), self.value(ty, depth)?.into(), ")".into()])
    }

    fn conversion(&mut self, ty: &Ty, depth: u32) -> Option<Vec<Part>> {
        if !can_write(ty) {
            return None;
        }
        let is_number = matches!(
            ty,
            Ty::SByte
                | Ty::Byte
                | Ty::Int16
                | Ty::UInt16
                | Ty::Int32
                | Ty::UInt32
                | Ty::Int64
                | Ty::UInt64
                | Ty::Single
                | Ty::Double
                | Ty::Decimal
                | Ty::Char
        );
        let from = match self.below(5) {
            0 if is_number || matches!(ty, Ty::Bool | Ty::String) => Ty::Class(Class::JToken),
            0 | 1 => Ty::Object,
            _ if is_number => self.number_type(),
            2 if ty.is_reference() => {
                let value = self.value(&Ty::Object, depth)?;
                return Some(vec!["((object)".into(), value.into(), format!(" as {ty})").into()]);
            }
            _ => ty.clone(),
        };
        // What is unboxed must have been boxed from the same type: mostly it is.
        let (inner, cast) = if from == Ty::Object && !self.once_in(4) { (ty.clone(), "(object)") } else { (from, "") };
        Some(vec![format!("(({ty})").into(), cast.into(), self.value(&inner, depth)?.into(), ")".into()])
    }
}
