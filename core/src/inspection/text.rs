//! An inspection for terminals: a line for each step, under it what the step saw and did. Decides nothing.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Fact, Inspection, Message, Step};

pub(super) fn rendered(inspection: &Inspection) -> String {
    let mut out = String::new();
    let mut section = "";
    for step in &inspection.steps {
        // Writing to a String cannot fail.
        if step.section != section {
            section = step.section;
            let _ = writeln!(out, "{section}");
        }
        let _ = writeln!(out, "  {}", headline(step));
        for fact in &step.facts {
            describe(fact, &mut out);
        }
    }
    if inspection.left_out > 0 {
        let _ = writeln!(out, "({} more are left out)", inspection.left_out);
    }
    out
}

fn headline(step: &Step) -> String {
    let mut line = format!("{:>10}  {}", milliseconds(step.begun), step.source);
    if !step.path.is_empty() {
        let _ = write!(line, "  {} of {}", step.path, step.scope);
    }
    if let Some(id) = &step.policy_id {
        let _ = write!(line, "  #{id}");
    }
    if !step.took.is_zero() {
        let _ = write!(line, "  took {}", milliseconds(step.took));
    }
    line
}

fn describe(fact: &Fact, out: &mut String) {
    const INDENT: &str = "              ";
    let _ = match fact {
        Fact::Said(text) => writeln!(out, "{INDENT}{text}"),
        Fact::Condition { text, holds } if text.is_empty() => writeln!(out, "{INDENT}the condition is {holds}"),
        Fact::Condition { text, holds } => writeln!(out, "{INDENT}{text} is {holds}"),
        Fact::Changed { what, before, after } => {
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
            writeln!(out, "{INDENT}{what}: {} -> {}", shown(before), shown(after))
        }
        Fact::Received(message) => described(INDENT, "received", message, out),
        Fact::Sent(message) => described(INDENT, "sent", message, out),
        Fact::Failed { reason, message } => writeln!(out, "{INDENT}failed: {reason}: {message}"),
    };
}

fn described(indent: &str, verb: &str, message: &Message, out: &mut String) -> std::fmt::Result {
    writeln!(out, "{indent}{verb} {}", message.line)?;
    for (name, value) in &message.fields {
        writeln!(out, "{indent}  {name}: {value}")?;
    }
    if message.content.is_empty() { Ok(()) } else { writeln!(out, "{indent}  ({})", message.content) }
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1_000.0)
}
