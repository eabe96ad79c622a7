//! `emit-metric`, and the dimensions that all metrics of policies have. What is measured goes with the exchange's outcome; who keeps it is
//! the adapters' matter.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::context::Context;
use crate::diagnostic::did_you_mean;
use crate::expr::Expected;
use crate::policy::dialect::Element;
use crate::policy::operand::{Operand, Typed, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Flow, Ran, Run, Stop};
use crate::policy::shape::{Content, Occurs, Shape, attribute, child};
use crate::policy::source::Problem;
use crate::policy::{Built, Policy};
use crate::telemetry::{Dimensions, Measurement};
use crate::value::Value;

/// The most dimensions that one policy gives a metric.
pub const DIMENSIONS_MAX: usize = 10;

/// The most numbers that one exchange measures.
pub const MEASUREMENTS_MAX: usize = 100;

/// The namespace of metrics that say none, as in the original.
pub const NAMESPACE: &str = "API Management";

/// `emit-metric`
pub static EMIT_METRIC: Shape = Shape {
    attributes: &[attribute("name").required().literal(), attribute("namespace").literal(), attribute("value")],
    content: Content::Children(&[child("dimension", Occurs::OneOrMore, &DIMENSION)]),
};

/// `dimension` of a metric
pub static DIMENSION: Shape =
    Shape { attributes: &[attribute("name").required(), attribute("value")], content: Content::Empty };

/// `emit-metric`
#[derive(Clone, Debug)]
pub struct EmitMetric {
    namespace: Arc<str>,
    name: Arc<str>,
    value: Option<Operand<f64>>,
    dimensions: Vec<Dimension>,
}

/// A dimension as a policy writes it.
#[derive(Clone, Debug)]
pub enum Dimension {
    /// With a value of the policy's own.
    Given(Operand, Operand),
    /// With the value that the gateway knows for this name.
    Known(Known),
}

/// The dimensions whose values the gateway knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// `API ID`
    Api,
    /// `Operation ID`
    Operation,
    /// `Product ID`
    Product,
    /// `User ID`
    User,
    /// `Subscription ID`
    Subscription,
    /// `Location`
    Location,
    /// `Gateway ID`
    Gateway,
    /// `Backend ID`
    Backend,
}

/// Compiles `<emit-metric>`.
pub fn build_emit_metric(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let value = reader.attribute("value");
    let dimensions = Dimension::all(reader);
    let name = reader.literal("name")?;
    if name.is_empty() {
        reader.error("name", "a metric needs a name");
    }
    Some(Arc::new(EmitMetric { namespace: namespace(reader), name, value, dimensions: dimensions? }))
}

/// The namespace that a metric says, or the standard one.
#[must_use]
pub fn namespace(reader: &Reader<'_, '_, '_>) -> Arc<str> {
    reader.literal("namespace").filter(|name| !name.is_empty()).unwrap_or_else(|| Arc::from(NAMESPACE))
}

impl Policy for EmitMetric {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let value = get_optional(self.value.as_ref(), run)?.unwrap_or(1.0);
        let dimensions = Dimension::values(&self.dimensions, run)?;
        let (namespace, name) = (Arc::clone(&self.namespace), Arc::clone(&self.name));
        run.measure(Measurement { at: run.now.wall, namespace, name, value, dimensions });
        Ok(Flow::Next)
    }
}

impl Dimension {
    /// Reads the `dimension` children; `None` when one is wrong and reported.
    pub fn all(reader: &mut Reader<'_, '_, '_>) -> Option<Vec<Self>> {
        let elements: Vec<&Element> = reader.element.elements().collect();
        if elements.len() > DIMENSIONS_MAX {
            let message = format!("`{}` holds more than {DIMENSIONS_MAX} dimensions", reader.element.name);
            reader.reject("too-many", message);
        }
        let mut names = BTreeSet::new();
        let mut dimensions = Vec::with_capacity(elements.len());
        for element in elements {
            let mut reader = reader.at(element);
            let dimension = Self::read(&mut reader);
            if let Some(name) = reader.literal("name")
                && !names.insert(name.clone())
            {
                reader.error("name", format!("the dimension `{name}` is there already"));
            }
            dimensions.push(dimension);
        }
        dimensions.into_iter().collect()
    }

    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let name = reader.attribute::<Arc<str>>("name")?;
        if reader.element.attribute("value").is_some() {
            return Some(Self::Given(name, reader.attribute("value")?));
        }
        let known = name.known().and_then(|name| Known::ALL.into_iter().find(|known| known.as_str() == name.trim()));
        if known.is_none() {
            let span = reader.element.attribute("name").map_or(reader.element.name_span, |found| found.value.span);
            let message = format!("the dimension {name} needs a `value`: it is none that the gateway knows");
            let near = name.known().and_then(|name| did_you_mean(name, Known::ALL.into_iter().map(Known::as_str)));
            let names: Vec<&str> = Known::ALL.into_iter().map(Known::as_str).collect();
            let help = near.unwrap_or_else(|| format!("it knows: {}", names.join(", ")));
            reader.compiler.report(Problem::error("missing-attribute", span, message).with_help(help));
        }
        known.map(Self::Known)
    }

    /// Names and values for this exchange.
    ///
    /// # Errors
    /// As [`Operand::get`].
    pub fn values(dimensions: &[Self], run: &mut Run<'_>) -> Result<Dimensions, Stop> {
        let value = |dimension: &Self, run: &mut Run<'_>| match dimension {
            Self::Given(name, value) => Ok((name.get(run)?, value.get(run)?)),
            Self::Known(known) => Ok((Arc::from(known.as_str()), Arc::from(known.of(run.context)))),
        };
        dimensions.iter().map(|dimension| value(dimension, run)).collect()
    }
}

impl Known {
    const ALL: [Self; 8] = [
        Self::Api,
        Self::Operation,
        Self::Product,
        Self::User,
        Self::Subscription,
        Self::Location,
        Self::Gateway,
        Self::Backend,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "API ID",
            Self::Operation => "Operation ID",
            Self::Product => "Product ID",
            Self::User => "User ID",
            Self::Subscription => "Subscription ID",
            Self::Location => "Location",
            Self::Gateway => "Gateway ID",
            Self::Backend => "Backend ID",
        }
    }

    /// Its value; empty when the exchange has no such thing.
    #[must_use]
    pub fn of(self, context: &Context) -> &str {
        match self {
            Self::Api => context.api.as_ref().map_or("", |api| &api.id),
            Self::Operation => context.operation.as_ref().map_or("", |operation| &operation.id),
            Self::Product => context.product.as_ref().map_or("", |product| &product.id),
            Self::User => context.user.as_ref().map_or("", |user| &user.id),
            Self::Subscription => context.subscription.as_ref().map_or("", |subscription| &subscription.id),
            Self::Location => &context.deployment.region,
            Self::Gateway => &context.deployment.gateway_id,
            Self::Backend => context.backend.as_ref().map_or("", |backend| &backend.id),
        }
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A number of any size, as .NET's `double`; it is finite.
impl Typed for f64 {
    const EXPECTED: Expected = Expected::Any;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let number = text.parse().ok().filter(|number: &Self| number.is_finite());
        number.ok_or_else(|| format!("`{text}` is not a number"))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}
