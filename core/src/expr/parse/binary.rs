//! Operators: assignment, conditional, binary by precedence, prefix and casts.

use super::Parser;
use crate::expr::lex::TokenKind;
use crate::expr::syntax::{BinaryOp, Expr, ExprKind, StepOp, UnaryOp};

/// Where `is` and `as` stand among [`BinaryOp::symbol`]'s levels.
const RELATIONAL: u8 = 9;

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Expr {
        let span = self.span();
        self.deeper(Self::assignment).unwrap_or(Expr { span, height: 1, kind: ExprKind::Error })
    }

    fn assignment(&mut self) -> Expr {
        if self.at_lambda() {
            return self.lambda();
        }
        let target = self.conditional();
        let Some((operator, length)) = self.assignment_operator() else { return target };
        for _ in 0..length {
            self.bump();
        }
        let value = self.expression();
        let span = target.span.to(value.span);
        self.make(span, ExprKind::Assign(operator, Box::new(target), Box::new(value)))
    }

    // The operator inside a compound assignment, and how many tokens it takes.
    fn assignment_operator(&self) -> Option<(Option<BinaryOp>, usize)> {
        if self.is_punct(0, ">") && self.is_punct(1, ">=") && self.adjacent() {
            return Some((Some(BinaryOp::ShiftRight), 2));
        }
        let TokenKind::Punct(punct) = self.peek() else { return None };
        let operator = match *punct {
            "=" => None,
            "+=" => Some(BinaryOp::Add),
            "-=" => Some(BinaryOp::Subtract),
            "*=" => Some(BinaryOp::Multiply),
            "/=" => Some(BinaryOp::Divide),
            "%=" => Some(BinaryOp::Remainder),
            "&=" => Some(BinaryOp::And),
            "|=" => Some(BinaryOp::Or),
            "^=" => Some(BinaryOp::Xor),
            "<<=" => Some(BinaryOp::ShiftLeft),
            _ => return None,
        };
        Some((operator, 1))
    }

    pub(super) fn conditional(&mut self) -> Expr {
        let test = self.binary(0);
        if !self.eat("?") {
            return test;
        }
        let yes = self.expression();
        self.expect(":");
        let no = self.expression();
        let span = test.span.to(no.span);
        self.make(span, ExprKind::Conditional(Box::new(test), Box::new(yes), Box::new(no)))
    }

    // Operands joined by operators that bind at least as tightly as `least`.
    fn binary(&mut self, least: u8) -> Expr {
        let mut left = self.unary();
        loop {
            if (self.is_word(0, "is") || self.is_word(0, "as")) && RELATIONAL >= least {
                left = self.type_test(left);
                continue;
            }
            if self.is_word(0, "switch") && self.is_punct(1, "{") {
                self.too_new(self.span(), "a `switch` expression", "8");
                self.bump();
                self.skip_block();
                left = self.make(left.span.to(self.previous_end()), ExprKind::Error);
                continue;
            }
            self.entity();
            let Some((operator, length)) = self.binary_operator() else { return left };
            let level = operator.symbol().1;
            if level < least {
                return left;
            }
            for _ in 0..length {
                self.bump();
            }
            if operator == BinaryOp::Coalesce && self.is_punct(0, "=") {
                self.too_new(self.span(), "`??=`", "8");
                self.bump();
                self.deeper(Self::expression);
                left = self.make(left.span.to(self.previous_end()), ExprKind::Error);
                continue;
            }
            // `??` groups from the right, all others from the left.
            let next = if operator == BinaryOp::Coalesce { level } else { level + 1 };
            let span = self.span();
            let right =
                self.deeper(|parser| parser.binary(next)).unwrap_or(Expr { span, height: 1, kind: ExprKind::Error });
            let span = left.span.to(right.span);
            left = self.make(span, ExprKind::Binary(operator, Box::new(left), Box::new(right)));
        }
    }

    // Says of `&amp;` and its like, which people copy out of XML, that they are none of C#.
    fn entity(&mut self) {
        const MEANT: [(&str, &str); 5] = [("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'")];
        let found =
            MEANT.iter().find(|(name, _)| self.is_punct(0, "&") && self.is_word(1, name) && self.is_punct(2, ";"));
        if let Some((name, meant)) = found {
            let span = self.span();
            self.report(
                span,
                format!("`&{name};` is how an escaped document writes `{meant}`, which stands here itself"),
            );
        }
    }

    fn type_test(&mut self, left: Expr) -> Expr {
        let is = self.eat_word("is");
        if !is {
            self.bump();
        }
        if is && self.is_word(0, "not") && !matches!(self.token(1).kind, TokenKind::Punct(_) | TokenKind::End) {
            self.too_new(self.span(), "`is not`", "9");
            self.bump();
        }
        if is && self.at_constant_pattern() {
            let from = self.span();
            let constant = self.deeper(|parser| parser.binary(RELATIONAL + 1));
            let constant = constant.unwrap_or(Expr { span: from, height: 1, kind: ExprKind::Error });
            let span = left.span.to(constant.span);
            return self.make(span, ExprKind::IsConstant(Box::new(left), Box::new(constant)));
        }
        let ty = if is && self.is_word(0, "var") && self.name_at(1).is_some() {
            self.bump();
            None
        } else {
            Some(self.tested_type())
        };
        if is && self.name_at(0).is_some() {
            let name = self.ident();
            let span = left.span.to(name.span);
            return self.make(span, ExprKind::IsDeclared(Box::new(left), ty, name));
        }
        let Some(ty) = ty else { return left };
        let span = left.span.to(ty.span);
        let left = Box::new(left);
        self.make(span, if is { ExprKind::Is(left, ty) } else { ExprKind::As(left, ty) })
    }

    fn at_constant_pattern(&mut self) -> bool {
        match self.peek() {
            TokenKind::Literal(_) | TokenKind::BadLiteral | TokenKind::InterpolationStart => true,
            TokenKind::Punct(punct) => matches!(*punct, "-" | "+" | "~" | "!" | "("),
            _ => {
                let words = ["null", "true", "false", "default", "sizeof", "checked", "unchecked"];
                words.iter().any(|word| self.is_word(0, word)) || self.at_named_constant()
            }
        }
    }

    fn adjacent(&self) -> bool {
        self.token(0).span.end == self.token(1).span.start
    }

    fn binary_operator(&self) -> Option<(BinaryOp, usize)> {
        let TokenKind::Punct(punct) = self.peek() else { return None };
        let operator = match *punct {
            "*" => BinaryOp::Multiply,
            "/" => BinaryOp::Divide,
            "%" => BinaryOp::Remainder,
            "+" => BinaryOp::Add,
            "-" => BinaryOp::Subtract,
            "<<" => BinaryOp::ShiftLeft,
            ">" if self.is_punct(1, ">=") && self.adjacent() => return None,
            ">" if self.is_punct(1, ">") && self.adjacent() => return Some((BinaryOp::ShiftRight, 2)),
            "<" => BinaryOp::Less,
            ">" => BinaryOp::Greater,
            "<=" => BinaryOp::LessOrEqual,
            ">=" => BinaryOp::GreaterOrEqual,
            "==" => BinaryOp::Equal,
            "!=" => BinaryOp::NotEqual,
            "&" => BinaryOp::And,
            "^" => BinaryOp::Xor,
            "|" => BinaryOp::Or,
            "&&" => BinaryOp::AndAlso,
            "||" => BinaryOp::OrElse,
            "??" => BinaryOp::Coalesce,
            _ => return None,
        };
        Some((operator, 1))
    }

    pub(super) fn unary(&mut self) -> Expr {
        let from = self.span();
        let kind = match self.peek() {
            TokenKind::Punct("!") => Some(Ok(UnaryOp::Not)),
            TokenKind::Punct("~") => Some(Ok(UnaryOp::Complement)),
            TokenKind::Punct("-") => Some(Ok(UnaryOp::Minus)),
            TokenKind::Punct("+") => Some(Ok(UnaryOp::Plus)),
            TokenKind::Punct("++") => Some(Err(StepOp::PreIncrement)),
            TokenKind::Punct("--") => Some(Err(StepOp::PreDecrement)),
            _ => None,
        };
        if let Some(operator) = kind {
            self.bump();
            let operand = self.operand();
            let span = from.to(operand.span);
            return self.make(
                span,
                match operator {
                    Ok(operator) => ExprKind::Unary(operator, Box::new(operand)),
                    Err(operator) => ExprKind::Step(operator, Box::new(operand)),
                },
            );
        }
        if let Some(ty) = self.cast_type() {
            let operand = self.operand();
            let span = from.to(operand.span);
            return self.make(span, ExprKind::Cast(ty, Box::new(operand)));
        }
        self.postfix()
    }

    fn operand(&mut self) -> Expr {
        let span = self.span();
        self.deeper(Self::unary).unwrap_or(Expr { span, height: 1, kind: ExprKind::Error })
    }
}
