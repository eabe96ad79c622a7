//! `authentication-managed-identity`: a token of the identity that the platform gives the gateway. Fetches through `token`.

use std::sync::Arc;

use crate::config::model::{self, Backend};
use crate::http::{HeaderValue, header};
use crate::keys::TokenKey;
use crate::policy::authentication::token::{Got, advance, bearer, begin};
use crate::policy::compile::Target;
use crate::policy::effect::{Effect, Reply};
use crate::policy::operand::{Operand, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Content, Shape, attribute};
use crate::policy::{Built, Policy};
use crate::value::Value;

/// `authentication-managed-identity`
pub static AUTHENTICATION_MANAGED_IDENTITY: Shape = Shape {
    attributes: &[
        attribute("resource").required(),
        attribute("client-id"),
        attribute("output-token-variable-name").literal(),
        attribute("ignore-error").literal(),
    ],
    content: Content::Empty,
};

#[derive(Debug)]
struct ManagedIdentity {
    /// Tells the fetch of this policy from those of others in the same section.
    index: usize,
    resource: Operand,
    client: Option<Operand>,
    variable: Option<Arc<str>>,
    errors: Errors,
    target: Target,
}

/// Whether a token that does not come fails the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errors {
    Fail,
    Ignored,
}

/// Compiles `<authentication-managed-identity/>`.
pub fn build_managed_identity(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let (resource, client) = (reader.attribute("resource"), reader.attribute("client-id"));
    let variable = reader.literal("output-token-variable-name");
    let errors = if reader.constant("ignore-error").unwrap_or(false) { Errors::Ignored } else { Errors::Fail };
    let (index, target) = (reader.compiler.next_index(), reader.target());
    Some(Arc::new(ManagedIdentity { index, resource: resource?, client, variable, errors, target }))
}

impl Policy for ManagedIdentity {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let resource = self.resource.get(run)?;
        let client = get_optional(self.client.as_ref(), run)?;
        let client = client.map(|client| Arc::from(client.trim())).filter(|client: &Arc<str>| !client.is_empty());
        let key = TokenKey::identity(resource.trim(), client);
        let token = match begin(run, self.index, &key) {
            Got::Ask(effect) => return Ok(Flow::Ask(effect)),
            Got::Nothing(why) => return self.without(run, &key, &why),
            Got::Token(token) => token,
        };
        // Decision: a token that is asked for by name goes where the policies put it, and nowhere else
        // (fixtures/policy/authentication-managed-identity.conversation).
        if let Some(variable) = &self.variable {
            run.set_variable(variable, Value::String(Arc::clone(&token.text)));
            return Ok(Flow::Next);
        }
        let Some(value) = bearer(&token) else { return self.without(run, &key, "the token cannot stand in a field") };
        let headers = match (self.target, &mut run.state.draft_request) {
            (Target::DraftRequest, Some(draft)) => &mut draft.headers,
            (Target::DraftRequest, None) | (Target::Request | Target::Response | Target::DraftResponse, _) => {
                &mut run.context.request.headers
            }
        };
        headers.insert(header::AUTHORIZATION, value);
        Ok(Flow::Next)
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        Ok(match advance(run, self.index, reply) {
            Some(effect) => Flow::Ask(effect),
            None => Flow::Again,
        })
    }
}

impl ManagedIdentity {
    fn without(&self, run: &mut Run<'_>, key: &TokenKey, why: &str) -> Ran {
        match self.errors {
            Errors::Fail => Err(no_token(key, why)),
            Errors::Ignored => {
                run.trace(format!("authentication-managed-identity: no token for {key}: {why}"));
                Ok(Flow::Next)
            }
        }
    }
}

/// What a backend entity with a managed identity needs.
#[derive(Clone, Debug)]
pub enum Asked {
    /// This is to be performed first; [`advance`] takes the answer.
    Perform(Box<Effect>),
    /// This goes with the request as `Authorization`, if anything does.
    Known(Option<HeaderValue>),
}

/// What goes with a request to `entity` by its managed identity; the policy at `index` asks.
///
/// # Errors
/// There is no token.
pub fn of_entity(run: &mut Run<'_>, index: usize, entity: Option<&Arc<Backend>>) -> Result<Asked, Stop> {
    let identity = entity.and_then(|entity| entity.managed_identity.as_ref());
    let Some(model::ManagedIdentity { resource, client }) = identity else { return Ok(Asked::Known(None)) };
    let key = TokenKey::identity(resource.as_str(), client.as_deref().map(Arc::from));
    Ok(match begin(run, index, &key) {
        Got::Ask(effect) => Asked::Perform(effect),
        Got::Nothing(why) => return Err(no_token(&key, &why)),
        Got::Token(token) => Asked::Known(bearer(&token)),
    })
}

/// The failure of whoever needs a token and gets none.
#[must_use]
pub fn no_token(key: &TokenKey, why: &str) -> Stop {
    let message = format!("there is no token of the managed identity for {key}: {why}");
    Stop::fail(Failure::internal("ManagedIdentityTokenFailure", message))
}
