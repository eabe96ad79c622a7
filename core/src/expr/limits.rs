//! Every limit of expressions, in one place. Holds no code that enforces them.

/// The longest source text, in bytes; as much as [`super::scan::SCAN_BYTES_MAX`] lets through.
pub const SOURCE_BYTES_MAX: usize = super::scan::SCAN_BYTES_MAX;

/// The tallest syntax tree, in nodes from root to leaf. Every pass recurses along it, so it bounds the stack.
pub const TREE_HEIGHT_MAX: u16 = 160;

/// The most problems that are reported for one expression; the first ones tell.
pub const PROBLEMS_MAX: usize = 20;

/// The most local variables of one expression.
pub const LOCALS_MAX: u16 = 512;

/// The most steps (statements and loop rounds, calls of members) of one evaluation.
pub const STEPS_MAX: u32 = 1_000_000;

/// The most memory that one evaluation may allocate for strings and arrays, in bytes, whether or not it is still in use.
pub const MEMORY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The longest string that one operation may build, in bytes.
pub const STRING_BYTES_MAX: usize = 8 * 1024 * 1024;
