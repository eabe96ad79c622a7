//! The configuration: one ARM-shaped resource set, whatever it came from.
//!
//! `resource` holds documents verbatim, `folder` reads the apiops layout, `wire` the configuration API, `model` is the
//! typed view that everything above compiles from, `parse` makes it and reports every error at once.

pub mod authorization;
pub mod bounds;
pub mod connection_string;
pub mod contract;
pub mod diff;
pub mod document;
pub mod duration;
pub mod external_cache;
pub mod folder;
pub mod locate;
pub mod model;
pub mod named_values;
pub mod parse;
pub mod proxy;
pub mod resource;
pub mod secret;
pub mod wire;

mod schema;
pub mod syntax_error;
mod yaml;

pub use resource::{Origin, Resource, ResourceId, ResourceSet, Revision};
