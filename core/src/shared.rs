//! What exchanges share inside one process, whatever configuration they run. Each part has its own locks; there is none around it.

use std::sync::Arc;

use crate::backends::Backends;
use crate::cache::Cache;
use crate::inspection::Shelf;
use crate::keys::{Kept, KeyStores, Provider, Tokens, Verified};
use crate::limits::Limits;
use crate::limits::permits::Permits;
use crate::limits::quota::Quotas;
use crate::llm::similar::Answers;
use crate::pki::ocsp::VerifiedAnswer;
use crate::pki::revocation::VerifiedList;
use crate::sidecar::Sidecar;
use crate::topics::Topics;

/// The state of a process that outlives its exchanges and its configurations.
#[derive(Debug, Default)]
pub struct Shared {
    /// Rate-limit counters.
    pub limits: Limits,
    /// Quota counters.
    pub quotas: Quotas,
    /// Breakers and turns of backends.
    pub backends: Backends,
    /// What policies keep: values and responses.
    pub cache: Cache,
    /// Answers of language models by the meaning of what was asked.
    pub answers: Answers,
    /// Calls that are under way, for `limit-concurrency`.
    pub permits: Arc<Permits>,
    /// Calls that make a value, for `cache-value`.
    pub makers: Arc<Permits>,
    /// What identity providers have published.
    pub providers: Kept<Provider>,
    /// What responders have said of single certificates.
    pub answered: Kept<VerifiedAnswer>,
    /// The lists of revoked certificates that authorities have published.
    pub revocations: Kept<VerifiedList>,
    /// Tokens of managed identities.
    pub tokens: Tokens,
    /// Key stores that policies have opened.
    pub key_stores: KeyStores,
    /// Signatures of tokens that have been verified.
    pub verified: Verified,
    /// Inspections that wait for whoever asked for them.
    pub inspections: Shelf,
    /// The Dapr sidecar.
    pub dapr: Sidecar,
    /// Who has subscribed to events.
    pub topics: Arc<Topics>,
}
