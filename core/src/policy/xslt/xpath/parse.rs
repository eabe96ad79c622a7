//! From tokens to the tree of an expression, names resolved. Runs nothing.

use std::sync::Arc;

use super::function::Function;
use super::lex::{Token, lex};
use super::{Axis, Calculation, Comparison, DEPTH_MAX, Expr, Mistake, Names, OPERATORS_MAX, Path, Start, Step, Test};
use crate::policy::xslt::tree::Name;

type Outcome<T> = Result<T, Mistake>;

/// Reads an expression.
pub(in crate::policy::xslt) fn parse(source: &str, names: &dyn Names) -> Outcome<Expr> {
    let mut expr = read(source, names)?;
    shorten(&mut expr);
    Ok(expr)
}

/// Reads an expression as it is written: what a pattern is made of.
pub(in crate::policy::xslt) fn read(source: &str, names: &dyn Names) -> Outcome<Expr> {
    let tokens = lex(source)?;
    let mut parser = Parser { tokens, at: 0, end: source.len(), depth: 0, operators: 0, names };
    let expr = parser.expr()?;
    match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some((token, at)) => Err(Mistake::new(*at, format!("`{}` is not expected here", shown(token)))),
    }
}

struct Parser<'n> {
    tokens: Vec<(Token, usize)>,
    at: usize,
    end: usize,
    depth: usize,
    operators: usize,
    names: &'n dyn Names,
}

fn shown(token: &Token) -> String {
    match token {
        Token::Mark(mark) => (*mark).to_owned(),
        Token::Name(None, local) => local.clone(),
        Token::Name(Some(prefix), local) => format!("{prefix}:{local}"),
        Token::AnyOf(prefix) => format!("{prefix}:*"),
        Token::Any => "*".to_owned(),
        Token::Variable(None, local) => format!("${local}"),
        Token::Variable(Some(prefix), local) => format!("${prefix}:{local}"),
        Token::Number(number) => number.to_string(),
        Token::Text(text) => format!("'{text}'"),
    }
}

/// Makes an expression of two.
type Binary = fn(Box<Expr>, Box<Expr>) -> Expr;

/// Operators of equal strength, all binding to the left; weaker ones first.
const LEVELS: [&[(&str, Binary)]; 6] = [
    &[("or", Expr::Or)],
    &[("and", Expr::And)],
    &[
        ("=", |left, right| Expr::Compare(Comparison::Equal, left, right)),
        ("!=", |left, right| Expr::Compare(Comparison::NotEqual, left, right)),
    ],
    &[
        ("<", |left, right| Expr::Compare(Comparison::Less, left, right)),
        ("<=", |left, right| Expr::Compare(Comparison::LessOrEqual, left, right)),
        (">", |left, right| Expr::Compare(Comparison::Greater, left, right)),
        (">=", |left, right| Expr::Compare(Comparison::GreaterOrEqual, left, right)),
    ],
    &[
        ("+", |left, right| Expr::Calculate(Calculation::Add, left, right)),
        ("-", |left, right| Expr::Calculate(Calculation::Subtract, left, right)),
    ],
    &[
        ("*", |left, right| Expr::Calculate(Calculation::Multiply, left, right)),
        ("div", |left, right| Expr::Calculate(Calculation::Divide, left, right)),
        ("mod", |left, right| Expr::Calculate(Calculation::Remainder, left, right)),
    ],
];

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn ahead(&self, count: usize) -> Option<&Token> {
        self.tokens.get(self.at + count).map(|(token, _)| token)
    }

    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(_, at)| *at)
    }

    fn is_mark(&self, wanted: &str) -> bool {
        matches!(self.peek(), Some(Token::Mark(mark)) if *mark == wanted)
    }

    fn takes(&mut self, wanted: &str) -> bool {
        let is_there = self.is_mark(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, wanted: &str) -> Outcome<()> {
        if self.takes(wanted) {
            return Ok(());
        }
        Err(self.expected(&format!("`{wanted}`")))
    }

    fn expected(&self, what: &str) -> Mistake {
        let found = self.peek().map_or_else(|| "the end".to_owned(), |token| format!("`{}`", shown(token)));
        Mistake::new(self.place(), format!("expected {what}, found {found}"))
    }

    fn expr(&mut self) -> Outcome<Expr> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Mistake::new(
                self.place(),
                format!("expressions stand in each other more than {DEPTH_MAX} deep"),
            ));
        }
        let expr = self.level(0)?;
        self.depth -= 1;
        Ok(expr)
    }

    fn level(&mut self, level: usize) -> Outcome<Expr> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        while let Some((_, make)) = operators.iter().find(|(mark, _)| self.is_mark(mark)) {
            self.at += 1;
            self.charge()?;
            left = make(Box::new(left), Box::new(self.level(level + 1)?));
        }
        Ok(left)
    }

    // A row of operators leans to the left, and what runs it recurses along it.
    fn charge(&mut self) -> Outcome<()> {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            return Err(Mistake::new(self.place(), format!("an expression has at most {OPERATORS_MAX} operators")));
        }
        Ok(())
    }

    fn unary(&mut self) -> Outcome<Expr> {
        let mut is_negative = false;
        let mut is_number = false;
        while self.takes("-") {
            is_negative = !is_negative;
            is_number = true;
        }
        let mut left = self.path()?;
        while self.takes("|") {
            self.charge()?;
            left = Expr::Union(Box::new(left), Box::new(self.path()?));
        }
        Ok(match (is_number, is_negative) {
            (false, _) => left,
            (true, true) => Expr::Negate(Box::new(left)),
            (true, false) => Expr::Negate(Box::new(Expr::Negate(Box::new(left)))),
        })
    }

    // A path, or an expression that is filtered and walked on from.
    fn path(&mut self) -> Outcome<Expr> {
        let mut steps = Vec::new();
        if self.takes("//") {
            steps.push(everything_below());
            self.steps(&mut steps)?;
            return Ok(Expr::Path(Path { start: Start::Root, steps }));
        }
        if self.takes("/") {
            if self.begins_step() {
                self.steps(&mut steps)?;
            }
            return Ok(Expr::Path(Path { start: Start::Root, steps }));
        }
        if self.begins_step() {
            self.steps(&mut steps)?;
            return Ok(Expr::Path(Path { start: Start::Context, steps }));
        }
        let primary = self.primary()?;
        let predicates = self.predicates()?;
        let base = if predicates.is_empty() { primary } else { Expr::Filter(Box::new(primary), predicates) };
        if self.takes("//") {
            steps.push(everything_below());
        } else if !self.takes("/") {
            return Ok(base);
        }
        self.steps(&mut steps)?;
        Ok(Expr::Path(Path { start: Start::Expr(Box::new(base)), steps }))
    }

    fn begins_step(&self) -> bool {
        match self.peek() {
            Some(Token::Mark(mark)) => matches!(*mark, "." | ".." | "@"),
            Some(Token::Any | Token::AnyOf(_)) => true,
            Some(Token::Name(prefix, local)) => {
                let is_call = matches!(self.ahead(1), Some(Token::Mark("(")));
                !is_call || prefix.is_none() && is_node_type(local)
            }
            Some(Token::Variable(..) | Token::Number(_) | Token::Text(_)) | None => false,
        }
    }

    fn steps(&mut self, steps: &mut Vec<Step>) -> Outcome<()> {
        loop {
            steps.push(self.step()?);
            if steps.len() > DEPTH_MAX * 2 {
                return Err(Mistake::new(self.place(), "the path has too many steps"));
            }
            if self.takes("//") {
                steps.push(everything_below());
            } else if !self.takes("/") {
                return Ok(());
            }
        }
    }

    fn step(&mut self) -> Outcome<Step> {
        if self.takes(".") {
            return Ok(Step { axis: Axis::Itself, test: Test::Node, predicates: Vec::new() });
        }
        if self.takes("..") {
            return Ok(Step { axis: Axis::Parent, test: Test::Node, predicates: Vec::new() });
        }
        let axis = if self.takes("@") { Axis::Attribute } else { self.axis()? };
        let test = self.test()?;
        Ok(Step { axis, test, predicates: self.predicates()? })
    }

    fn axis(&mut self) -> Outcome<Axis> {
        let (Some(Token::Name(None, name)), Some(Token::Mark("::"))) = (self.peek(), self.ahead(1)) else {
            return Ok(Axis::Child);
        };
        let axis = match name.as_str() {
            "ancestor" => Axis::Ancestor,
            "ancestor-or-self" => Axis::AncestorOrSelf,
            "attribute" => Axis::Attribute,
            "child" => Axis::Child,
            "descendant" => Axis::Descendant,
            "descendant-or-self" => Axis::DescendantOrSelf,
            "following" => Axis::Following,
            "following-sibling" => Axis::FollowingSibling,
            "namespace" => Axis::Namespace,
            "parent" => Axis::Parent,
            "preceding" => Axis::Preceding,
            "preceding-sibling" => Axis::PrecedingSibling,
            "self" => Axis::Itself,
            other => return Err(Mistake::new(self.place(), format!("there is no axis `{other}`"))),
        };
        self.at += 2;
        Ok(axis)
    }

    fn test(&mut self) -> Outcome<Test> {
        let place = self.place();
        let is_call = matches!(self.ahead(1), Some(Token::Mark("(")));
        let test = match self.peek().cloned() {
            Some(Token::Any) => Test::AnyName,
            Some(Token::AnyOf(prefix)) => Test::Namespace(self.namespace(&prefix, place)?),
            Some(Token::Name(None, local)) if is_call && is_node_type(&local) => return self.node_type(&local),
            Some(Token::Name(prefix, local)) if !is_call => Test::Name(self.name(prefix.as_deref(), &local, place)?),
            _ => return Err(self.expected("a name, `*` or a node type")),
        };
        self.at += 1;
        Ok(test)
    }

    fn node_type(&mut self, name: &str) -> Outcome<Test> {
        self.at += 2;
        let test = match (name, self.peek().cloned()) {
            ("processing-instruction", Some(Token::Text(target))) => {
                self.at += 1;
                Test::Instruction(Some(Arc::from(target)))
            }
            ("processing-instruction", _) => Test::Instruction(None),
            ("text", _) => Test::Text,
            ("comment", _) => Test::Comment,
            _ => Test::Node,
        };
        self.expect(")")?;
        Ok(test)
    }

    fn namespace(&self, prefix: &str, place: usize) -> Outcome<Arc<str>> {
        let unknown = || Mistake::new(place, format!("the prefix `{prefix}` is not declared"));
        self.names.namespace_of(prefix).ok_or_else(unknown)
    }

    // Without a prefix a name is in no namespace, whatever is declared.
    fn name(&self, prefix: Option<&str>, local: &str, place: usize) -> Outcome<Name> {
        let namespace = prefix.map(|prefix| self.namespace(prefix, place)).transpose()?.unwrap_or_default();
        Ok(Name { namespace, local: Arc::from(local), prefix: Arc::from(prefix.unwrap_or("")) })
    }

    fn predicates(&mut self) -> Outcome<Vec<Expr>> {
        let mut predicates = Vec::new();
        while self.takes("[") {
            predicates.push(self.expr()?);
            self.expect("]")?;
        }
        Ok(predicates)
    }

    fn primary(&mut self) -> Outcome<Expr> {
        let place = self.place();
        let expr = match self.peek().cloned() {
            Some(Token::Mark("(")) => {
                self.at += 1;
                let inner = self.expr()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Some(Token::Number(number)) => Expr::Number(number),
            Some(Token::Text(text)) => Expr::Text(Arc::from(text)),
            Some(Token::Variable(prefix, local)) => self.variable(prefix.as_deref(), &local, place)?,
            Some(Token::Name(prefix, local)) => return self.call(prefix.as_deref(), &local),
            _ => return Err(self.expected("an expression")),
        };
        self.at += 1;
        Ok(expr)
    }

    fn variable(&self, prefix: Option<&str>, local: &str, place: usize) -> Outcome<Expr> {
        let name = self.name(prefix, local, place)?;
        self.names.variable(&name).map(Expr::Variable).ok_or_else(|| Mistake {
            at: place,
            message: format!("there is no variable `${}` here", name.written()),
            help: self.names.nearest_variable(&name).map(|near| format!("did you mean `${near}`?")),
        })
    }

    fn call(&mut self, prefix: Option<&str>, local: &str) -> Outcome<Expr> {
        let place = self.place();
        let name = self.name(prefix, local, place)?;
        self.at += 1;
        self.expect("(")?;
        let mut arguments = Vec::new();
        if !self.takes(")") {
            loop {
                arguments.push(self.expr()?);
                if !self.takes(",") {
                    break;
                }
            }
            self.expect(")")?;
        }
        let function =
            Function::find(&name, arguments.len()).map_err(|(message, help)| Mistake { at: place, message, help })?;
        Ok(Expr::Call(function, arguments))
    }
}

fn is_node_type(name: &str) -> bool {
    matches!(name, "node" | "text" | "comment" | "processing-instruction")
}

// `//`
const fn everything_below() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new() }
}

// `//x` without a predicate walks the nodes below once, instead of the children of each.
fn shorten(expr: &mut Expr) {
    match expr {
        Expr::Or(left, right)
        | Expr::And(left, right)
        | Expr::Compare(_, left, right)
        | Expr::Calculate(_, left, right)
        | Expr::Union(left, right) => {
            shorten(left);
            shorten(right);
        }
        Expr::Negate(inner) => shorten(inner),
        Expr::Number(_) | Expr::Text(_) | Expr::Variable(_) => {}
        Expr::Call(_, arguments) => arguments.iter_mut().for_each(shorten),
        Expr::Filter(base, predicates) => {
            shorten(base);
            predicates.iter_mut().for_each(shorten);
        }
        Expr::Path(path) => {
            if let Start::Expr(start) = &mut path.start {
                shorten(start);
            }
            let mut steps: Vec<Step> = Vec::with_capacity(path.steps.len());
            for mut step in std::mem::take(&mut path.steps) {
                step.predicates.iter_mut().for_each(shorten);
                let is_plain_child = step.axis == Axis::Child && step.predicates.is_empty();
                let below = |last: &&mut Step| {
                    last.axis == Axis::DescendantOrSelf && last.test == Test::Node && last.predicates.is_empty()
                };
                match steps.last_mut().filter(below) {
                    Some(last) if is_plain_child => *last = Step { axis: Axis::Descendant, ..step },
                    _ => steps.push(step),
                }
            }
            path.steps = steps;
        }
    }
}
