//! Policies by which the gateway proves to a backend who it is: client certificates, tokens of managed identities and of
//! connections to credential providers. `authentication-basic` is in `integration`.

pub mod authorization_context;
pub mod certificate;
pub mod managed_identity;
pub mod token;
