//! Differences between drawn expressions here and there that are no faults, each as narrow as it can be, with its reason. Finds none.

use serde_json::Value as Json;

/// A kind of difference that is understood.
struct Explained {
    reason: &'static str,
    /// Whether the difference of this expression is one: its source, the result here, the result there.
    applies: fn(&str, &Json, &Json) -> bool,
}

const EXPLAINED: &[Explained] = &[
    Explained {
        reason: "names of headers are kept in lower case",
        applies: |source, here, there| {
            source.contains("Headers")
                && here != there
                && here.to_string().to_lowercase() == there.to_string().to_lowercase()
        },
    },
    Explained {
        reason: "a variable that is missing is null here, as in the gateway; a dictionary of .NET throws",
        applies: |source, _, there| {
            source.contains("context.Variables[") && there.to_string().contains("was not present in the dictionary")
        },
    },
];

/// Why the results differ; `None` when that is a fault.
pub(super) fn reason(source: &str, here: &Json, there: &Json) -> Option<&'static str> {
    EXPLAINED.iter().find(|explained| (explained.applies)(source, here, there)).map(|explained| explained.reason)
}
