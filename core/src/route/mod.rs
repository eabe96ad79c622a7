//! From a request's head to the operation that serves it, and whether its subscription key opens the API. Runs no policy.
//!
//! `table` chooses the API and reports misses, `operations` is the search tree of one API, `segments` its ordered map,
//! `api` what routing needs of an API, `conflict` finds what is hidden, `subscription` decides on keys, `errors` holds the
//! published bodies.

pub mod api;
pub mod conflict;
pub mod errors;
mod operations;
mod segments;
pub mod subscription;
pub mod table;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod reference;

pub use api::{BadTemplate, RouteApi, RouteOperation};
pub use conflict::{Conflict, conflicts};
pub use errors::BuiltInError;
pub use subscription::{Access, Denied, SubscriptionRequirement, SubscriptionTable, key_of};
pub use table::{RouteMatch, RouteMiss, RouteRow, RouteTable};
