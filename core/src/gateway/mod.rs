//! The control plane of one gateway process: a pure machine that joins sync, heartbeat, backup and lifecycle.
//!
//! Contract: after every `handle_*` drain `poll_output` until `None`; only then is `poll_timeout` the truth.

pub mod event;

pub use event::{BackupFault, BackupPlace, FetchFailure, FolderState, Input, Output, Settings, Source, Status};
