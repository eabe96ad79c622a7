//! Objects that an expression makes: arrays, collections, anonymous objects, delegates, with and without initialisers.

use super::drawer::{Drawer, can_write};
use super::{Drawn, Kind, Part};
use crate::expr::generic::delegate;
use crate::expr::ty::{Class, RecordKind, Ty};

impl Drawer<'_> {
    /// A new object of this type, if it is one of those that are written in a form of their own.
    pub(super) fn creation(&mut self, ty: &Ty, depth: u32) -> Option<Drawn> {
        if let Some((parameters, result)) = delegate(ty) {
            let lambda = self.lambda(ty, &parameters, &result, depth)?;
            let written = can_write(ty).then(|| format!("(({ty})("))?;
            return Some(Drawn::of(Kind::Value(ty.clone()), vec![written.into(), lambda.into(), "))".into()]));
        }
        let parts = match ty {
            Ty::Array(item) => self.array(item, depth)?,
            Ty::Generic(Class::List | Class::HashSet, items) => {
                let [item] = &**items else { return None };
                self.collection(ty, item, depth)?
            }
            Ty::Generic(Class::Dictionary, arguments) => {
                let [key, value] = &**arguments else { return None };
                self.dictionary(ty, key, value, depth)?
            }
            Ty::Record(RecordKind::Anonymous, members) => {
                let mut parts: Vec<Part> = vec!["new { ".into()];
                for (index, (name, ty)) in members.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    parts.extend([format!("{comma}{name} = ").into(), self.value(ty, depth)?.into()]);
                }
                parts.push(" }".into());
                parts
            }
            Ty::Class(Class::JObject) => self.json_object(depth)?,
            Ty::Class(Class::JArray) => {
                let mut parts: Vec<Part> = vec!["new JArray { ".into()];
                parts.extend(self.items(&Ty::Class(Class::JToken), depth)?);
                parts.push(" }".into());
                parts
            }
            _ => return None,
        };
        Some(Drawn::of(Kind::Value(ty.clone()), parts))
    }

    fn array(&mut self, item: &Ty, depth: u32) -> Option<Vec<Part>> {
        if self.once_in(8) && can_write(item) && !matches!(item, Ty::Array(_)) {
            let size = self.pick(&["0", "1", "3"])?;
            return Some(vec![format!("(new {item}[{size}])").into()]);
        }
        let is_written = can_write(item);
        let head = match item {
            // The ranks of an array of arrays are written the other way round.
            Ty::Array(_) => "new[] { ".to_owned(),
            item if is_written => format!("new {item}[] {{ "),
            _ => "new[] { ".to_owned(),
        };
        let items = self.items(item, depth)?;
        if items.is_empty() && head == "new[] { " {
            return None;
        }
        let mut parts: Vec<Part> = vec![head.into()];
        parts.extend(items);
        parts.push(" }".into());
        Some(parts)
    }

    fn items(&mut self, item: &Ty, depth: u32) -> Option<Vec<Part>> {
        let mut parts: Vec<Part> = Vec::new();
        for index in 0..self.below(5) {
            if index > 0 {
                parts.push(", ".into());
            }
            let value = if index == 0 { self.value(item, depth)? } else { self.leaf(item)? };
            parts.push(value.into());
        }
        Some(parts)
    }

    fn collection(&mut self, ty: &Ty, item: &Ty, depth: u32) -> Option<Vec<Part>> {
        if !can_write(ty) {
            return None;
        }
        let mut parts: Vec<Part> = vec![format!("new {ty} {{ ").into()];
        parts.extend(self.items(item, depth)?);
        parts.push(" }".into());
        Some(parts)
    }

    fn dictionary(&mut self, ty: &Ty, key: &Ty, value: &Ty, depth: u32) -> Option<Vec<Part>> {
        if !can_write(ty) {
            return None;
        }
        let mut parts: Vec<Part> = vec![format!("new {ty} {{ ").into()];
        let is_indexed = self.once_in(2);
        for index in 0..self.below(4) {
            let (open, between, close) = if is_indexed { ("[", "] = ", "") } else { ("{ ", ", ", " }") };
            let comma = if index > 0 { ", " } else { "" };
            parts.extend([comma.into(), open.into(), self.leaf(key)?.into(), between.into()]);
            parts.extend([self.value(value, depth)?.into(), close.into()]);
        }
        parts.push(" }".into());
        Some(parts)
    }

    fn json_object(&mut self, depth: u32) -> Option<Vec<Part>> {
        let mut parts: Vec<Part> = vec!["new JObject { ".into()];
        for index in 0..self.below(3) + 1 {
            let name = self.pick(&["a", "b", "c d", "A"])?;
            let item = self.item_type();
            let comma = if index > 0 { ", " } else { "" };
            parts.extend([format!("{comma}[\"{name}\"] = ").into(), self.value(&item, depth)?.into()]);
        }
        parts.push(" }".into());
        Some(parts)
    }
}
