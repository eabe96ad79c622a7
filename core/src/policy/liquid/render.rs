//! A template with its values into text: bounded in steps and in what it puts out.

use std::cmp::Ordering;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::policy::liquid::filter;
use crate::policy::liquid::item::{Item, Number};
use crate::policy::liquid::parse::{Chain, Comparison, Counting, For, Operand, Order, Over, Piece, TableRow, Test};

/// Steps of one template: pieces, operands and items together.
const STEPS_MAX: usize = 1_000_000;

/// Bytes of one text that a template makes on its way.
pub(super) const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

type Outcome<T> = Result<T, String>;

/// Renders a template.
///
/// # Errors
/// It runs too long or makes too much; says which.
pub(super) fn render(template: &[Piece], globals: &dyn Fn(&str) -> Option<Item>) -> Outcome<String> {
    let scopes = vec![IndexMap::new()];
    let mut renderer = Renderer {
        globals,
        scopes,
        steps: 0,
        out: String::new(),
        cycles: IndexMap::new(),
        counters: IndexMap::new(),
        changing: None,
    };
    renderer.pieces(template)?;
    Ok(renderer.out)
}

struct Renderer<'g> {
    /// Made when a template first names it: `context` alone is large.
    globals: &'g dyn Fn(&str) -> Option<Item>,
    /// The last one first looked at; the first one takes what is assigned, and the globals that have been named.
    scopes: Vec<IndexMap<Arc<str>, Item>>,
    steps: usize,
    out: String,
    /// How often each group has taken its turn.
    cycles: IndexMap<String, usize>,
    /// What `increment` and `decrement` count, which variables of the same name hide.
    counters: IndexMap<Arc<str>, i64>,
    /// What the last `ifchanged` made.
    changing: Option<String>,
}

/// How a list of pieces ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Through,
    Break,
    Continue,
}

impl Renderer<'_> {
    fn step(&mut self, count: usize) -> Outcome<()> {
        self.steps = self.steps.saturating_add(count);
        if self.steps > STEPS_MAX { Err(format!("the template ran more than {STEPS_MAX} steps")) } else { Ok(()) }
    }

    fn put(&mut self, text: &str) -> Outcome<()> {
        if self.out.len() + text.len() > TEXT_BYTES_MAX {
            return Err(format!("the template put out more than {TEXT_BYTES_MAX} bytes"));
        }
        self.out.push_str(text);
        Ok(())
    }

    fn pieces(&mut self, pieces: &[Piece]) -> Outcome<End> {
        for piece in pieces {
            self.step(1)?;
            let end = self.piece(piece)?;
            if end != End::Through {
                return Ok(end);
            }
        }
        Ok(End::Through)
    }

    fn piece(&mut self, piece: &Piece) -> Outcome<End> {
        match piece {
            Piece::Text(text) => self.put(text)?,
            Piece::Output(chain) => {
                let item = self.chain(chain)?;
                bounded(&item)?;
                self.put(&item.render())?;
            }
            Piece::Assign(name, chain) => {
                let item = self.chain(chain)?;
                self.assign(name, item);
            }
            Piece::Capture(name, pieces) => {
                let (captured, end) = self.apart(pieces);
                self.assign(name, Item::text(captured));
                return end;
            }
            Piece::IfChanged(pieces) => {
                let (made, end) = self.apart(pieces);
                if self.changing.as_ref() != Some(&made) {
                    self.put(&made)?;
                    self.changing = Some(made);
                }
                return end;
            }
            Piece::Count(name, counting) => {
                let counter = self.counters.entry(Arc::from(name.as_str())).or_default();
                let next = match counting {
                    Counting::Up => counter.saturating_add(1),
                    Counting::Down => counter.saturating_sub(1),
                };
                let before = std::mem::replace(counter, next);
                let shown = if *counting == Counting::Up { before } else { next };
                self.put(&shown.to_string())?;
            }
            Piece::TableRow(of) => return self.table(of),
            Piece::If(branches) => return self.branches(branches),
            Piece::For(of) => return self.loop_over(of),
            Piece::Cycle(values, group) => {
                let group = self.operand(group)?.render();
                let at = self.cycles.entry(group).or_default();
                let index = *at % values.len().max(1);
                *at += 1;
                if let Some(value) = values.get(index) {
                    let text = self.operand(value)?.render();
                    self.put(&text)?;
                }
            }
            Piece::Break => return Ok(End::Break),
            Piece::Continue => return Ok(End::Continue),
        }
        Ok(End::Through)
    }

    fn assign(&mut self, name: &str, item: Item) {
        if let Some(globals) = self.scopes.first_mut() {
            globals.insert(Arc::from(name), item);
        }
    }

    fn branches(&mut self, branches: &[(Option<Test>, Vec<Piece>)]) -> Outcome<End> {
        for (test, pieces) in branches {
            let is_taken = match test {
                Some(test) => self.test(test)?,
                None => true,
            };
            if is_taken {
                return self.pieces(pieces);
            }
        }
        Ok(End::Through)
    }

    fn loop_over(&mut self, of: &For) -> Outcome<End> {
        let items = self.items(&of.over)?;
        if items.is_empty() {
            return self.pieces(&of.otherwise);
        }
        let length = items.len();
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.put(of.separator)?;
            }
            if self.round(&of.over, item, ("forloop", forloop(index, length)), &of.body)? == End::Break {
                break;
            }
        }
        Ok(End::Through)
    }

    // Decision: the markup and the line ends of DotLiquid, from memory; all cells stand in one row where `cols` is missing
    // (fixtures/policy/set-body-liquid-tags.conversation).
    fn table(&mut self, of: &TableRow) -> Outcome<End> {
        let items = self.items(&of.over)?;
        let columns = self.count(of.columns.as_ref())?.filter(|columns| *columns > 0);
        let (length, mut row, mut column) = (items.len(), 1, 0);
        self.put("<tr class=\"row1\">\n")?;
        for (index, item) in items.into_iter().enumerate() {
            if columns == Some(column) {
                (row, column) = (row + 1, 0);
                self.put(&format!("</tr>\n<tr class=\"row{row}\">"))?;
            }
            column += 1;
            self.put(&format!("<td class=\"col{column}\">"))?;
            let scene = tablerowloop(index, length, column, columns.unwrap_or(length));
            let end = self.round(&of.over, item, ("tablerowloop", scene), &of.body)?;
            self.put("</td>")?;
            if end == End::Break {
                break;
            }
        }
        self.put("</tr>\n")?;
        Ok(End::Through)
    }

    // One round of a loop.
    fn round(&mut self, over: &Over, item: Item, scene: (&str, Item), body: &[Piece]) -> Outcome<End> {
        let scope = [(Arc::from(over.variable.as_str()), item), (Arc::from(scene.0), scene.1)];
        self.scopes.push(scope.into_iter().collect());
        let end = self.pieces(body);
        self.scopes.pop();
        end
    }

    // What pieces make, instead of putting it out.
    fn apart(&mut self, pieces: &[Piece]) -> (String, Outcome<End>) {
        let outer = std::mem::take(&mut self.out);
        let end = self.pieces(pieces);
        (std::mem::replace(&mut self.out, outer), end)
    }

    fn items(&mut self, over: &Over) -> Outcome<Vec<Item>> {
        let mut items = match self.operand(&over.items)? {
            Item::Object(members) => {
                members.iter().map(|(name, item)| Item::Entry(Arc::new((Arc::clone(name), item.clone())))).collect()
            }
            other => other.items(),
        };
        self.step(items.len())?;
        let offset = self.count(over.offset.as_ref())?.unwrap_or(0);
        let limit = self.count(over.limit.as_ref())?;
        items.drain(..offset.min(items.len()));
        items.truncate(limit.unwrap_or(usize::MAX));
        if over.order == Order::Reversed {
            items.reverse();
        }
        Ok(items)
    }

    // A number of things; none for what is no whole number.
    fn count(&mut self, operand: Option<&Operand>) -> Outcome<Option<usize>> {
        let Some(operand) = operand else { return Ok(None) };
        Ok(match self.operand(operand)?.number() {
            Some(Number::Int(value)) => Some(usize::try_from(value).unwrap_or(0)),
            Some(Number::Float(_)) | None => None,
        })
    }

    fn chain(&mut self, chain: &Chain) -> Outcome<Item> {
        let mut item = self.operand(&chain.value)?;
        for (filter, arguments) in &chain.filters {
            let mut given = Vec::with_capacity(arguments.len());
            for argument in arguments {
                given.push(self.operand(argument)?);
            }
            bounded(&item)?;
            // A filter may look at everything that it is given.
            self.step(item.weight(TEXT_BYTES_MAX) / 64)?;
            item = filter::apply(*filter, &item, &given)?;
        }
        Ok(item)
    }

    fn operand(&mut self, operand: &Operand) -> Outcome<Item> {
        self.step(1)?;
        match operand {
            Operand::Literal(item) => Ok(item.clone()),
            Operand::Blank => Ok(Item::text("")),
            Operand::Range(ends) => {
                let (from, to) = (self.operand(&ends.0)?.number(), self.operand(&ends.1)?.number());
                let (Some(Number::Int(from)), Some(Number::Int(to))) = (from, to) else {
                    return Ok(Item::List([].into()));
                };
                let length = to.checked_sub(from).and_then(|length| usize::try_from(length.max(-1) + 1).ok());
                self.step(length.unwrap_or(usize::MAX))?;
                Ok((from..=to).map(Item::Int).collect())
            }
            Operand::Variable(path) => self.variable(path),
        }
    }

    fn variable(&mut self, path: &[Operand]) -> Outcome<Item> {
        let mut keys = path.iter();
        let Some(Operand::Literal(first)) = keys.next() else { return Ok(Item::Nil) };
        let name = first.render();
        let found = self.scopes.iter().rev().find_map(|scope| scope.get(name.as_str())).cloned();
        let mut item = match found {
            Some(item) => item,
            None if let Some(counter) = self.counters.get(name.as_str()) => Item::Int(*counter),
            None => {
                let global = (self.globals)(&name);
                if let Some(global) = &global {
                    self.assign(&name, global.clone());
                }
                global.unwrap_or_default()
            }
        };
        for key in keys {
            let key = self.operand(key)?;
            item = item.member(&key);
        }
        Ok(item)
    }

    fn test(&mut self, test: &Test) -> Outcome<bool> {
        match test {
            Test::Truth(operand) => Ok(self.operand(operand)?.is_truthy()),
            Test::And(pair) => Ok(self.test(&pair.0)? && self.test(&pair.1)?),
            Test::Or(pair) => Ok(self.test(&pair.0)? || self.test(&pair.1)?),
            Test::Compare(left, comparison, right) => self.compare(left, *comparison, right),
        }
    }

    fn compare(&mut self, left: &Operand, comparison: Comparison, right: &Operand) -> Outcome<bool> {
        let (one, other) = (self.operand(left)?, self.operand(right)?);
        self.step((one.weight(TEXT_BYTES_MAX) + other.weight(TEXT_BYTES_MAX)) / 64)?;
        let is_equal = match (left, right) {
            (Operand::Blank, _) => other.is_blank(),
            (_, Operand::Blank) => one.is_blank(),
            _ => one.is_equal(&other),
        };
        let order = one.order(&other);
        Ok(match comparison {
            Comparison::Equal => is_equal,
            Comparison::Unequal => !is_equal,
            Comparison::Less => order == Some(Ordering::Less),
            Comparison::Greater => order == Some(Ordering::Greater),
            Comparison::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Comparison::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Comparison::Contains => match &one {
                Item::List(items) => items.iter().any(|item| item.is_equal(&other)),
                Item::Text(text) => !matches!(other, Item::Nil) && text.contains(&other.render()),
                _ => false,
            },
            Comparison::StartsWith => one.render().starts_with(&other.render()),
            Comparison::EndsWith => one.render().ends_with(&other.render()),
        })
    }
}

fn bounded(item: &Item) -> Outcome<()> {
    if item.weight(TEXT_BYTES_MAX) > TEXT_BYTES_MAX {
        return Err(format!("a value of the template is larger than {TEXT_BYTES_MAX} bytes"));
    }
    Ok(())
}

fn forloop(index: usize, length: usize) -> Item {
    Item::object(turn(index, length))
}

fn tablerowloop(index: usize, length: usize, column: usize, columns: usize) -> Item {
    let cell = [
        ("col", Item::count(column)),
        ("col0", Item::count(column - 1)),
        ("col_first", Item::Bool(column == 1)),
        ("col_last", Item::Bool(column == columns)),
    ];
    Item::object(turn(index, length).into_iter().chain(cell))
}

fn turn(index: usize, length: usize) -> [(&'static str, Item); 7] {
    [
        ("index", Item::count(index + 1)),
        ("index0", Item::count(index)),
        ("rindex", Item::count(length - index)),
        ("rindex0", Item::count(length - index - 1)),
        ("length", Item::count(length)),
        ("first", Item::Bool(index == 0)),
        ("last", Item::Bool(index + 1 == length)),
    ]
}
