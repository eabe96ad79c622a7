//! Connections to credential providers (ARM calls them authorizations): what gets tokens for backends. Asks nobody for any.

use std::sync::Arc;

use crate::config::secret::Secret;
use crate::http::Url;

/// A connection to a credential provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The id of the provider.
    pub provider: String,
    /// Its own id.
    pub id: String,
    /// How it gets tokens.
    pub grant: Grant,
    /// Whom else than the gateway its access policies let have them.
    pub principals: Vec<Principal>,
}

/// How a connection gets tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// By itself (RFC 6749 §4.4).
    Client(Arc<ClientGrant>),
    /// With the consent that a user gave in Azure, which keeps what came of it.
    Consent,
}

/// What the grant of client credentials asks with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientGrant {
    /// The token endpoint.
    pub token_url: Url,
    /// The id of the client.
    pub client: String,
    /// Its secret.
    pub secret: Secret,
    /// The resource, as version 1 of Entra ID's protocol has it.
    pub resource: Option<String>,
    /// The scopes as they are written.
    pub scopes: Option<String>,
}

/// An identity of Entra ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The id of its tenant.
    pub tenant: String,
    /// The id of its object.
    pub object: String,
}

impl Authorization {
    /// What it is found by.
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.provider, &self.id)
    }
}

/// What the connection `id` of the provider `provider` is found by: no id holds a slash.
#[must_use]
pub fn key(provider: &str, id: &str) -> String {
    format!("{}/{}", provider.trim(), id.trim()).to_ascii_lowercase()
}
