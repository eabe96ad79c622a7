//! `get-authorization-context`: a token of a connection to a credential provider, by the grant of client credentials. Fetches through
//! `token`.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::config::authorization::{Authorization, ClientGrant, Grant, key};
use crate::diagnostic::did_you_mean;
use crate::expr::authorization_object;
use crate::keys::TokenKey;
use crate::policy::access::token::vouched::{self, Vouched};
use crate::policy::authentication::token::{self, Got};
use crate::policy::effect::Reply;
use crate::policy::operand::{Operand, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Content, Shape, attribute};
use crate::policy::source::Problem;
use crate::policy::{Built, Policy};
use crate::value::Value;

/// Whom the token of an identity is for.
const AUDIENCE: &str = "https://azure-api.net/authorization-manager";

/// `get-authorization-context`
pub static GET_AUTHORIZATION_CONTEXT: Shape = Shape {
    attributes: &[
        attribute("provider-id").required(),
        attribute("authorization-id").required(),
        attribute("context-variable-name").required(),
        attribute("identity-type").one_of(&["managed", "jwt"]),
        attribute("identity"),
        attribute("ignore-error"),
    ],
    content: Content::Empty,
};

#[derive(Debug)]
struct GetAuthorizationContext {
    /// Tells the fetches of this policy from those of others in the same section.
    index: usize,
    provider: Operand,
    connection: Operand,
    variable: Operand,
    kind: Option<Operand>,
    identity: Option<Operand>,
    ignores_errors: Option<Operand<bool>>,
}

/// Compiles `<get-authorization-context/>`.
pub fn build_get_authorization_context(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let provider = reader.attribute::<Arc<str>>("provider-id");
    let connection = reader.attribute::<Arc<str>>("authorization-id");
    let variable = reader.attribute("context-variable-name");
    let (kind, identity) = (reader.attribute::<Arc<str>>("identity-type"), reader.attribute("identity"));
    let ignores_errors = reader.attribute("ignore-error");
    let is_jwt = kind.as_ref().and_then(Operand::known).is_some_and(|kind| kind.trim() == "jwt");
    if is_jwt && reader.element.attribute("identity").is_none() {
        reader.error("identity-type", "the identity of the type `jwt` is missing: it stands in `identity`");
    }
    if let (Some(Operand::Literal(provider)), Some(Operand::Literal(connection))) = (&provider, &connection) {
        check_connection(reader, key(provider, connection));
    }
    let index = reader.compiler.next_index();
    let (provider, connection, variable) = (provider?, connection?, variable?);
    Some(Arc::new(GetAuthorizationContext { index, provider, connection, variable, kind, identity, ignores_errors }))
}

fn check_connection(reader: &mut Reader<'_, '_, '_>, key: String) {
    let catalog = reader.compiler.catalog;
    if let Err(why) = catalog.grant(&key) {
        let written = reader.element.attribute("authorization-id");
        let span = written.map_or(reader.element.name_span, |found| found.value.span);
        let problem = Problem::error("unknown-authorization", span, why);
        let near = did_you_mean(&key, catalog.authorizations.keys().map(String::as_str));
        reader.compiler.report(match near.filter(|_| !catalog.authorizations.contains_key(&key)) {
            Some(help) => problem.with_help(help),
            None => problem,
        });
    }
    reader.compiler.done.authorizations.insert(key);
}

/// What the connection of this key asks for tokens with.
///
/// # Errors
/// Why there is nothing.
pub fn grant(connection: Option<&Authorization>, key: &str) -> Result<Arc<ClientGrant>, String> {
    match connection.map(|connection| &connection.grant) {
        Some(Grant::Client(grant)) => Ok(Arc::clone(grant)),
        Some(Grant::Consent) => Err(format!(
            "the connection `{key}` needs the consent of a user, and Azure keeps what came of it: \
             a gateway outside of it gets tokens by client credentials alone"
        )),
        None => Err(format!("there is no connection `{key}` to a credential provider")),
    }
}

impl Policy for GetAuthorizationContext {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let (provider, connection) = (self.provider.get(run)?, self.connection.get(run)?);
        let variable = self.variable.get(run)?;
        let kind = get_optional(self.kind.as_ref(), run)?;
        let identity = match kind.as_deref().map(str::trim) {
            None | Some("managed") => None,
            Some("jwt") => Some(get_optional(self.identity.as_ref(), run)?.unwrap_or_default()),
            Some(other) => {
                return Err(Stop::fail(Failure::expression(format!("`{other}` is not a value of `identity-type`"))));
            }
        };
        let ignores_errors = get_optional(self.ignores_errors.as_ref(), run)?.unwrap_or(false);
        let key = key(&provider, &connection);
        let value = match self.token(run, &key, identity.as_deref()) {
            Got::Ask(effect) => return Ok(Flow::Ask(effect)),
            Got::Token(token) => {
                for (name, claim) in token.claims.iter() {
                    if let (true, Json::String(text)) = (name.ends_with("_token"), claim) {
                        run.state.secrets.push(Arc::from(text.as_str()));
                    }
                }
                authorization_object(&token.text, &token.claims)
            }
            Got::Nothing(why) if ignores_errors => {
                run.trace(format!("get-authorization-context: no token of `{key}`: {why}"));
                Value::Null
            }
            Got::Nothing(why) => {
                let message = format!("there is no token of the connection `{key}`: {why}");
                return Err(Stop::fail(Failure::internal("AuthorizationContextFailure", message)));
            }
        };
        run.set_variable(&Arc::from(variable.trim()), value);
        Ok(Flow::Next)
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        let next = match run.state.fetches.contains_key(&self.index) {
            true => vouched::advance(run, self.index, reply),
            false => token::advance(run, self.index, reply),
        };
        Ok(next.map_or(Flow::Again, Flow::Ask))
    }
}

impl GetAuthorizationContext {
    fn token(&self, run: &mut Run<'_>, key: &str, identity: Option<&str>) -> Got {
        let found = run.context.deployment.authorizations.get(key).map(Arc::clone);
        let grant = match grant(found.as_deref(), key) {
            Ok(grant) => grant,
            Err(why) => return Got::Nothing(Arc::from(why)),
        };
        let principals = found.as_ref().map_or(&[][..], |connection| &connection.principals);
        // Decision: `managed` is the gateway itself, whose configuration holds the connection: nothing else is asked for
        // (fixtures/policy/get-authorization-context.conversation).
        match identity.map(|identity| vouched::begin(run, self.index, identity, AUDIENCE, principals)) {
            None | Some(Vouched::For) => token::begin(run, self.index, &TokenKey::Grant(grant)),
            Some(Vouched::Ask(effect)) => Got::Ask(effect),
            Some(Vouched::Not(why)) => Got::Nothing(why),
        }
    }
}
