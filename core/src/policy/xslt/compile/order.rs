//! The order in which variables of a stylesheet get their values: each behind those that it reads. Compiles nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::Touched;

/// What a declaration became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    Global(usize),
    Template(usize),
    Other,
}

/// What refers to what.
#[derive(Default)]
pub(super) struct Parts {
    globals: BTreeMap<usize, Touched>,
    templates: BTreeMap<usize, Touched>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Open,
    Done,
}

impl Parts {
    pub(super) fn note(&mut self, made: Made, touched: Touched) {
        match made {
            Made::Global(index) => self.globals.insert(index, touched),
            Made::Template(index) => self.templates.insert(index, touched),
            Made::Other => None,
        };
    }

    /// The order of `count` variables, or one that depends on itself.
    pub(super) fn order(&self, count: usize) -> Result<Vec<usize>, usize> {
        let mut seen = BTreeMap::new();
        let mut order = Vec::with_capacity(count);
        for global in 0..count {
            self.visit(global, &mut seen, &mut order)?;
        }
        Ok(order)
    }

    // Recurses at most as deep as one variable can read another: the number of declarations bounds it, so an explicit stack is used.
    fn visit(&self, first: usize, seen: &mut BTreeMap<usize, Visit>, order: &mut Vec<usize>) -> Result<(), usize> {
        let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
        if seen.contains_key(&first) {
            return Ok(());
        }
        seen.insert(first, Visit::Open);
        open.push((first, self.read_by(first)));
        while let Some((global, left)) = open.last_mut() {
            let global = *global;
            let Some(next) = left.pop() else {
                seen.insert(global, Visit::Done);
                order.push(global);
                open.pop();
                continue;
            };
            match seen.get(&next) {
                Some(Visit::Done) => {}
                Some(Visit::Open) => {
                    let is_direct = self.globals.get(&global).is_some_and(|own| own.globals.borrow().contains(&next));
                    // Through templates it may only look like a circle.
                    if is_direct {
                        return Err(next);
                    }
                }
                None => {
                    seen.insert(next, Visit::Open);
                    open.push((next, self.read_by(next)));
                }
            }
        }
        Ok(())
    }

    // What a variable reads, by itself and through the templates that it may run.
    fn read_by(&self, global: usize) -> Vec<usize> {
        let Some(own) = self.globals.get(&global) else { return Vec::new() };
        let mut read = own.globals.borrow().clone();
        let mut templates: BTreeSet<usize> = BTreeSet::new();
        let mut left: Vec<usize> = own.templates.iter().copied().collect();
        if own.applies {
            left.extend(self.templates.keys());
        }
        while let Some(template) = left.pop() {
            let Some(touched) = self.templates.get(&template).filter(|_| templates.insert(template)) else { continue };
            read.extend(touched.globals.borrow().iter());
            left.extend(&touched.templates);
            if touched.applies {
                left.extend(self.templates.keys());
            }
        }
        read.into_iter().collect()
    }
}
