//! `llm-emit-token-metric` and `azure-openai-emit-token-metric`: the tokens of a call as three numbers, once its answer has passed.

use std::sync::Arc;

use super::tapped;
use crate::context::Context;
use crate::llm::Usage;
use crate::policy::metric::{DIMENSION, Dimension, Known, namespace};
use crate::policy::reader::Reader;
use crate::policy::run::{Flow, Ran, Run};
use crate::policy::shape::{Content, Occurs, Shape, attribute, child};
use crate::policy::source::Problem;
use crate::policy::{Built, Policy};
use crate::telemetry::{Dimensions, Measurement};
use crate::time::WallTime;

/// `llm-emit-token-metric`, `azure-openai-emit-token-metric`
pub static EMIT_TOKEN_METRIC: Shape = Shape {
    attributes: &[attribute("namespace").literal(), attribute("value").literal()],
    content: Content::Children(&[child("dimension", Occurs::OneOrMore, &DIMENSION)]),
};

/// `llm-emit-token-metric`
#[derive(Clone, Debug)]
pub struct EmitTokenMetric {
    namespace: Arc<str>,
    dimensions: Vec<Dimension>,
}

/// A metric that waits for the answer.
#[derive(Clone, Debug)]
pub struct TokenMetric {
    namespace: Arc<str>,
    dimensions: Dimensions,
}

/// Compiles `llm-emit-token-metric` and `azure-openai-emit-token-metric`.
pub fn build_emit_token_metric(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let dimensions = Dimension::all(reader);
    if let Some(value) = reader.element.attribute("value") {
        let message = "`value` has no effect: the numbers are the tokens of the call";
        reader.compiler.report(Problem::warning("no-effect", value.name_span, message));
    }
    Some(Arc::new(EmitTokenMetric { namespace: namespace(reader), dimensions: dimensions? }))
}

impl Policy for EmitTokenMetric {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let dimensions = Dimension::values(&self.dimensions, run)?;
        let metric = TokenMetric { namespace: Arc::clone(&self.namespace), dimensions };
        tapped(run)?.metrics.push(metric);
        Ok(Flow::Next)
    }
}

impl TokenMetric {
    /// Policies behind it may have chosen the backend.
    pub fn know(&mut self, context: &Context) {
        for (name, value) in &mut self.dimensions {
            if **name == *Known::Backend.as_str() && value.is_empty() {
                *value = Arc::from(Known::Backend.of(context));
            }
        }
    }

    /// The numbers of a call, under the names that the original gives them.
    pub fn measure(&self, usage: Usage, at: WallTime) -> impl Iterator<Item = Measurement> {
        let numbers =
            [("Total Tokens", usage.total), ("Prompt Tokens", usage.prompt), ("Completion Tokens", usage.completion)];
        numbers.into_iter().map(move |(name, number)| Measurement {
            at,
            namespace: Arc::clone(&self.namespace),
            name: Arc::from(name),
            value: f64::from(u32::try_from(number).unwrap_or(u32::MAX)),
            dimensions: self.dimensions.clone(),
        })
    }
}
