//! `publish-event`: what a resolver has got goes to those who have subscribed to a field of `Subscription`. Executes nothing for them.

use std::sync::Arc;

use crate::expr::Message;
use crate::http::StatusCode;
use crate::policy::content::content_of;
use crate::policy::graphql::synthetic::value_of;
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Socket, Stop};
use crate::policy::shape::{Content, Occurs, Shape, attribute, child};
use crate::policy::{Built, Policy};
use crate::topics::{Event, Topic};

/// `publish-event`
pub static PUBLISH_EVENT: Shape =
    Shape { attributes: &[], content: Content::Children(&[child("targets", Occurs::Once, &TARGETS)]) };

static TARGETS: Shape = Shape {
    attributes: &[],
    content: Content::Children(&[child("graphql-subscription", Occurs::OneOrMore, &GRAPHQL_SUBSCRIPTION)]),
};

static GRAPHQL_SUBSCRIPTION: Shape =
    Shape { attributes: &[attribute("id").required().literal()], content: Content::Empty };

/// Publishes the content of the response as an event.
#[derive(Clone, Debug)]
pub struct PublishEvent {
    fields: Vec<Arc<str>>,
}

/// Compiles `publish-event`. Whether the fields are there is looked at beside the schema of the API.
pub fn build_publish_event(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let targets = reader.child("targets")?;
    let mut fields: Vec<Arc<str>> = Vec::new();
    for target in targets.elements().filter(|target| target.name == "graphql-subscription") {
        let mut target = reader.at(target);
        match target.literal("id") {
            Some(id) if fields.contains(&id) => target.error("id", format!("`{id}` is there twice")),
            Some(id) => fields.push(id),
            None if target.element.attribute("id").is_some() => {
                target.error("id", "the name of a field cannot be an expression");
            }
            None => {}
        }
    }
    Some(Arc::new(PublishEvent { fields }))
}

impl Policy for PublishEvent {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let content = content_of(run, Message::Response)?.unwrap_or_default();
        // "This policy is invoked only when a related GraphQL query or mutation is executed", says the reference: an event that
        // publishes others might do so without end.
        if matches!(run.state.socket, Socket::Event) {
            run.trace("publish-event: nothing is published for an event".to_owned());
            return Ok(Flow::Next);
        }
        let value = value_of(run.context.response.as_ref()).map_err(|_| {
            let message = "What is to be published is not JSON.";
            Stop::fail(Failure::new(StatusCode::BAD_GATEWAY, "EventNotJson", message))
        })?;
        let event = Arc::new(Event { value, bytes: content.len() });
        let api: Arc<str> = Arc::from(run.context.api.as_ref().map_or("", |api| api.id.as_str()));
        for field in &self.fields {
            let topic = Topic { api: Arc::clone(&api), field: Arc::clone(field) };
            let count = run.shared.topics.publish(&topic, &event);
            run.trace(format!("publish-event: `{field}` has {count} subscribers"));
        }
        Ok(Flow::Next)
    }

    fn events(&self) -> &[Arc<str>] {
        &self.fields
    }
}
