//! Every limit of expressions, in one place. Holds no code that enforces them.

use std::fmt;

/// A limit that an evaluation reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`STEPS_MAX`]
    Steps,
    /// [`MEMORY_BYTES_MAX`]
    Memory,
    /// [`STRING_BYTES_MAX`]
    StringLength,
    /// [`ITEMS_MAX`]
    CollectionLength,
    /// [`CALL_HEIGHT_MAX`]
    CallDepth,
    /// [`RESULT_DEPTH_MAX`]
    ResultDepth,
    /// How deep objects that are shown, compared or hashed by what they hold may be nested.
    ObjectDepth,
    /// How deep JSON may be nested that becomes a value of the expression.
    JsonReadDepth,
    /// How deep a value of the expression may be nested that becomes JSON.
    JsonWriteDepth,
    /// How deep sequences may be nested that become the content of an XML node.
    XmlContentDepth,
    /// How deep an XML tree may be.
    XmlDepth,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steps => "the expression takes too many steps",
            Self::Memory => "the expression uses too much memory",
            Self::StringLength => "a string of the expression is too long",
            Self::CollectionLength => "a collection of the expression is too large",
            Self::CallDepth => "the expression calls itself too deep",
            Self::ResultDepth => "the result of the expression is nested too deep",
            Self::ObjectDepth => "objects of the expression are nested too deep in each other",
            Self::JsonReadDepth => "JSON that becomes a value is nested too deep",
            Self::JsonWriteDepth => "a value that becomes JSON is nested too deep",
            Self::XmlContentDepth => "the content of an XML node is nested too deep",
            Self::XmlDepth => "an XML tree of the expression is too deep",
        })
    }
}

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

/// How many bytes of its arguments a member may look at for each step that it counts.
pub const BYTES_PER_STEP: usize = 1024;

/// The most memory that one evaluation may allocate for strings and arrays, in bytes, whether or not it is still in use.
pub const MEMORY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The longest string that one operation may build, in bytes.
pub const STRING_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How far the trees of all functions that call each other reach down together, in nodes; it bounds the stack to about a
/// megabyte in an unoptimised build, whose frames are several times as large as those of a release, of the two that threads have.
pub const CALL_HEIGHT_MAX: u32 = 500;

/// What one call of a function adds to the height of its tree.
pub const CALL_HEIGHT: u32 = 4;

/// The most items of one collection.
pub const ITEMS_MAX: usize = 1_000_000;

/// The most lines that one evaluation may say by `context.Trace`; further ones are dropped.
pub const TRACES_MAX: usize = 100;

/// How deep objects may be nested in the result of an expression.
pub const RESULT_DEPTH_MAX: usize = 64;

/// How often the body of a lambda may be typed on trial while the types of one expression are inferred.
pub const TRIALS_MAX: u32 = 2_000;

/// For how many choices of type arguments the generic functions of one expression are compiled.
pub const FUNCTION_TYPES_MAX: u32 = 64;
