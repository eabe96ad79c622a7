//! The limits of everything that reads configuration, in one place. Enforces none of them itself.

/// Bytes of one file of a configuration folder.
pub const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of all files of a configuration folder together; `io` stops reading there.
pub const MAX_FOLDER_BYTES: usize = 512 * 1024 * 1024;
/// Files of a configuration folder.
pub const MAX_FILES: usize = 200_000;
/// Findings about one file; what is wrong beyond them is counted in the last one.
pub const MAX_DIAGNOSTICS_PER_FILE: usize = 50;

/// Nesting of a YAML document, aliases expanded.
pub const MAX_YAML_DEPTH: usize = 64;
/// Nodes of a YAML document, aliases expanded.
pub const MAX_YAML_NODES: usize = 1_000_000;

/// Operations of one API.
pub const MAX_OPERATIONS_PER_API: usize = 5_000;
/// Local `$ref`s followed one after another until a referenced object is found.
pub const MAX_REFERENCE_HOPS: usize = 16;
/// Nesting of a schema after its references were resolved; what lies deeper is cut to `{}`.
pub const MAX_SCHEMA_DEPTH: usize = 24;
/// Nodes of one schema after its references were resolved; what comes later is cut to `{}`.
pub const MAX_SCHEMA_NODES: usize = 4_000;
/// Nodes of all resolved schemas of one specification together.
pub const MAX_SPECIFICATION_NODES: usize = 400_000;

/// Characters of an API's path (ARM `ApiContractProperties.path`).
pub const MAX_API_PATH_CHARS: usize = 400;
/// Bytes of a policy document after named values were substituted.
pub const MAX_SUBSTITUTED_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of a snapshot or an events page, decompressed; `io` stops inflating there.
pub const MAX_SNAPSHOT_BYTES: usize = 256 * 1024 * 1024;
/// Values of a snapshot or an events page: each takes some hundred bytes of memory, however few it has in the document.
pub const MAX_SNAPSHOT_VALUES: usize = 10_000_000;
/// Resources of one snapshot, and changes of one event.
pub const MAX_RESOURCES: usize = 500_000;
/// Events of one page; the gateway asks for 100.
pub const MAX_EVENTS: usize = 1_000;
/// Bytes of a resource id.
pub const MAX_ID_BYTES: usize = 1_024;
/// Segments of a resource id (the deepest known one has six).
pub const MAX_ID_SEGMENTS: usize = 12;
