//! Arrays of several dimensions: making them, their elements. Knows no members.

use super::Machine;
use crate::expr::exception::{Outcome, broken, index_out_of_range, overflow};
use crate::expr::instance::{self, Grid, position};
use crate::expr::limits::ITEMS_MAX;
use crate::expr::node::Node;
use crate::expr::ty::Ty;
use crate::value::Value;

impl Machine<'_> {
    pub(super) fn sized_grid(&mut self, item: &Ty, default: &Value, lengths: &[Node]) -> Outcome<Value> {
        let mut sizes = Vec::with_capacity(lengths.len());
        for length in lengths {
            sizes.push(match self.eval(length)? {
                Value::Int32(length) => {
                    usize::try_from(length).map_err(|_| overflow("Arithmetic operation resulted in an overflow."))?
                }
                _ => return Err(broken("expected a length")),
            });
        }
        let count = sizes.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
        let Some(count) = count.filter(|count| *count <= ITEMS_MAX) else {
            return Err(super::memory::items_limit());
        };
        self.charge(count * size_of::<Value>())?;
        self.grid_of(item, sizes, vec![default.clone(); count])
    }

    pub(super) fn grid(&mut self, item: &Ty, lengths: &[usize], nodes: &[Node]) -> Outcome<Value> {
        let values = self.values(nodes)?;
        self.charge(values.len() * size_of::<Value>())?;
        self.grid_of(item, lengths.to_vec(), values)
    }

    /// An array of these lengths; as many values as their product.
    pub(crate) fn grid_of(&mut self, item: &Ty, lengths: Vec<usize>, values: Vec<Value>) -> Outcome<Value> {
        let dimensions = u16::try_from(lengths.len()).unwrap_or(u16::MAX);
        self.object(Ty::array_of(item.clone(), dimensions), Grid { lengths, values })
    }

    pub(super) fn grid_element(&mut self, grid: &Node, indices: &[Node]) -> Outcome<Value> {
        let grid = self.eval(grid)?;
        let at = self.indices(indices)?;
        let found = instance::state(&grid, |grid: &mut Grid| {
            position(&grid.lengths, &at).and_then(|at| grid.values.get(at).cloned())
        })?;
        found.ok_or_else(index_out_of_range)
    }

    pub(super) fn set_grid(&mut self, parts: &(Node, Box<[Node]>, Node)) -> Outcome<Value> {
        let grid = self.eval(&parts.0)?;
        let at = self.indices(&parts.1)?;
        let value = self.eval(&parts.2)?;
        let stored = instance::state(&grid, |grid: &mut Grid| {
            let place = position(&grid.lengths, &at).and_then(|at| grid.values.get_mut(at));
            place.map(|place| *place = value.clone()).is_some()
        })?;
        if stored { Ok(value) } else { Err(index_out_of_range()) }
    }

    // An index that is out of every range is kept as one.
    fn indices(&mut self, nodes: &[Node]) -> Outcome<Vec<usize>> {
        let mut indices = Vec::with_capacity(nodes.len());
        for node in nodes {
            indices.push(self.position(node)?.unwrap_or(usize::MAX));
        }
        Ok(indices)
    }
}
