//! Differences between drawn expressions here and there that are no faults, each as narrow as it can be, with its reason. Finds none.

use serde_json::{Map, Value as Json, json};

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
        reason: "the oracle's `context` has fewer members, no certificates, and keeps the case of headers",
        applies: |source, here, there| source.contains("context") && part_of_model(here) == part_of_model(there),
    },
    Explained {
        reason: "a variable that is missing is null here, as in the gateway; a dictionary of .NET throws",
        applies: |source, _, there| {
            source.contains("context.Variables") && there.to_string().contains("was not present in the dictionary")
        },
    },
    Explained {
        reason: "the enumerator of a lazy sequence has a type without a name, and is shown as its interface here",
        applies: |_, here, there| {
            let name = here["type"].as_str().unwrap_or_default();
            name.starts_with("System.Collections.Generic.IEnumerator`1[")
                && here["value"] == here["type"]
                && (there["error"].is_null() || there["lazy"] == true)
        },
    },
    Explained {
        reason: "the C library's functions of floating point differ in the last digit",
        applies: |source, here, there| {
            REAL_FUNCTIONS.iter().any(|name| source.contains(name))
                && is_one_type(here, there)
                && (is_near(&here["value"], &there["value"], REAL_DISTANCE_MAX)
                    || here["type"] == "System.Single" && is_near(&here["value"], &there["value"], SINGLE_DISTANCE_MAX))
        },
    },
    Explained {
        reason: "the classes of lazy sequences are the library's secret; what they are used as is shown here",
        applies: |_, here, there| {
            let parts =
                |result: &Json| without_lazy(&json!([result["type"], result["value"], result["error"]]).to_string());
            LAZY_CLASSES.iter().any(|name| there.to_string().contains(name)) && parts(here) == parts(there)
        },
    },
    Explained {
        reason: "the same, in the other case",
        applies: |source, here, there| {
            let (here, there) = (here["value"].as_str(), there["value"].as_str());
            let (Some(here), Some(there)) = (here, there) else { return false };
            let parts = |text: &str| without_lazy(&in_title_case(text)).to_lowercase();
            source.contains(".ToUpper")
                && LAZY_CLASSES.iter().any(|name| there.contains(&name.to_uppercase()))
                && parts(here) == parts(there)
        },
    },
    Explained {
        reason: "the same, where a number counts the characters of such a name",
        applies: |source, here, there| {
            let is_lazy = ["Select(", "Where(", "Values<", "Values()", "Skip(", "Take(", "OrderBy"];
            let is_text = [" += ", " + ", "$\"", "Concat(", "Append(", "Join("];
            let has = |names: &[&str]| names.iter().any(|name| source.contains(name));
            let counts = |result: &Json| without_digits(&result["error"]["message"]);
            has(&is_lazy)
                && has(&is_text)
                && here["error"]["type"].is_string()
                && here["error"]["type"] == there["error"]["type"]
                && counts(here) == counts(there)
        },
    },
    Explained {
        reason: "the pass over an empty array is one for the whole process of the oracle, and remembers who has used it",
        applies: |source, here, there| {
            source.contains("GetEnumerator()")
                && here["error"]["message"] == "Enumeration has not started. Call MoveNext."
                && there["error"]["message"] == "Enumeration already finished."
        },
    },
    Explained {
        reason: "a lazy sequence passes over itself in .NET, and so is shown as a sequence",
        applies: |source, here, there| {
            source.contains("GetEnumerator()") && is_one_type(here, there) && is_pass(&here["value"], &there["value"])
        },
    },
    Explained {
        reason: "no time passes within an evaluation here, so that no pattern takes longer than it may",
        applies: |source, here, there| {
            source.contains("TimeSpan")
                && here["error"]["type"] != there["error"]["type"]
                && there["error"]["type"] == "System.Text.RegularExpressions.RegexMatchTimeoutException"
        },
    },
    Explained {
        reason: "which of the many NaN a function gives is the C library's choice",
        applies: |source, here, there| {
            const NAN: [&str; 3] = ["9221120237041090560", "-2251799813685248", "18444492273895866368"];
            let is_nan = |value: &Json| NAN.contains(&value["value"].to_string().as_str());
            source.contains("Bits(") && is_nan(here) && is_nan(there)
        },
    },
    Explained {
        reason: ".NET 8 divides by a rotated number as if it had no sign",
        applies: |source, here, there| source.contains("Rotate") && source.contains('/') && is_one_type(here, there),
    },
    Explained {
        reason: "which texts the runtime has interned is its secret",
        applies: |source, here, there| {
            source.contains("IsInterned(")
                && here["type"] == "System.String"
                && there["type"].is_null()
                && there["error"].is_null()
        },
    },
    Explained {
        reason: "an array of arguments that is null is one argument that is null here",
        applies: |source, _, there| {
            source.contains("[])null") && there["error"]["message"] == "Value cannot be null. (Parameter 'args')"
        },
    },
    Explained {
        reason: "the oracle's `context` shows a URL with its escapes undone",
        applies: |source, here, there| {
            source.contains("context.")
                && source.contains("Url")
                && is_one_type(here, there)
                && shown_alike(here, there)
        },
    },
    Explained {
        reason: "the same, where that tells how far two texts are apart: a blank for three characters",
        applies: |source, here, there| {
            let distance = |result: &Json| result["value"].as_i64().filter(|_| result["type"] == "System.Int32");
            source.contains("context.")
                && source.contains("Url")
                && source.contains("Compare")
                && distance(here).zip(distance(there)).is_some_and(|(here, there)| here.abs_diff(there) == 2)
        },
    },
    Explained {
        reason: "a text without a year means that of the clock, which stands still here",
        applies: |source, here, there| {
            ["Parse(", "ToDateTime(", "ChangeType("].iter().any(|name| source.contains(name))
                && is_one_type(here, there)
                && is_other_year(&here["value"], &there["value"])
        },
    },
    Explained {
        reason: "the classes of `context` are in a namespace of the oracle's own",
        applies: |_, here, there| {
            there.to_string().contains("Policy.I") && here["error"] == without_namespace(&there["error"])
        },
    },
    Explained {
        reason: "compilers give anonymous types names of their own",
        applies: |_, here, there| {
            there.to_string().contains("<>f__Anonymous")
                && here["error"]["type"] == there["error"]["type"]
                && here["error"]["message"].as_str().map(str::to_owned) == with_anonymous(&there["error"]["message"])
        },
    },
    Explained {
        reason: "the keys and values of the oracle's dictionaries in `context` are collections of .NET's",
        applies: |source, here, there| {
            let class = there["type"].as_str().unwrap_or_default();
            source.contains("context.")
                && ["Dictionary`2+KeyCollection[", "Dictionary`2+ValueCollection["]
                    .iter()
                    .any(|name| class.contains(name))
                && here["value"] == there["value"]
        },
    },
    Explained {
        reason: "the oracle's `context` makes a `Uri` once, and a thing is as large as itself",
        applies: |source, here, there| {
            source.contains("Url.ToUri()")
                && there["error"].is_null()
                && here["error"]["message"] == "At least one object must implement IComparable."
        },
    },
    Explained {
        reason: "without ICU data .NET does not know which zones have a name of Windows, too",
        applies: |source, here, there| {
            source.contains("HasIanaId") && is_one_type(here, there) && here["value"] == true && there["value"] == false
        },
    },
    Explained {
        reason: ".NET 8 cannot compile a logarithm of a negative constant",
        applies: |source, _, there| {
            source.contains("Log2") && there["error"]["type"] == "System.InvalidProgramException"
        },
    },
    Explained {
        reason: "what the compiler of .NET 8 makes of `MaxNumber` and `MinNumber` on new processors loses the other number to a zero",
        applies: |source, here, there| {
            ["MaxNumber(", "MinNumber("].iter().any(|name| source.contains(name))
                && is_one_type(here, there)
                && is_lost_to_zero(&here["value"], &there["value"])
        },
    },
    Explained {
        reason: ".NET looks up a generic virtual member of null before some of its arguments",
        applies: |source, here, there| {
            source.contains("null).Value<")
                && here["error"]["type"].is_string()
                && there["error"]["type"] == "System.NullReferenceException"
        },
    },
    Explained {
        reason: "names of algorithms that .NET does not know are looked for in its assemblies",
        applies: |source, here, there| {
            source.contains(".Create(")
                && here["type"].is_null()
                && there["error"]["type"] == "System.IO.FileLoadException"
        },
    },
];

const REAL_FUNCTIONS: [&str; 9] = ["Hypot(", "Cbrt(", "Pi(", "Pow(", "Exp", "Log", "Sin", "Cos", "Tan"];

// Whether both are values of the same type, and neither an exception.
fn is_one_type(here: &Json, there: &Json) -> bool {
    here["type"].is_string() && here["type"] == there["type"]
}

fn shown_alike(here: &Json, there: &Json) -> bool {
    let texts = (here["value"].to_string(), there["value"].to_string());
    texts.0.replace("%20", " ") == texts.1
}

/// What the names of lazy sequences' classes hold.
const LAZY_CLASSES: [&str; 7] = [
    "System.Linq.Enumerable+",
    "Iterator",
    "System.Linq.OrderedEnumerable`",
    "System.Linq.GroupedEnumerable`",
    "System.Linq.GroupedResultEnumerable`",
    "System.Linq.EmptyPartition`",
    "+<",
];

// A text in upper case with the names of .NET's own as they are written, as far as `without_lazy` looks for them.
fn in_title_case(text: &str) -> String {
    const NAMES: [&str; 6] =
        ["System.Collections.Generic.", "System.Linq.", "Enumerable", "Iterator", "System.", "IEnumerable`"];
    NAMES.iter().fold(text.to_owned(), |text, name| text.replace(&name.to_uppercase(), name))
}

// A text without the names of sequences: from `System.` to the end of the type arguments.
fn without_lazy(text: &str) -> String {
    let is_sequence = |name: &str| {
        let class = name.split('[').next().unwrap_or(name);
        name.starts_with("System.Collections.Generic.IEnumerable`1[")
            || name.starts_with("System.Linq.IOrderedEnumerable`1[")
            || LAZY_CLASSES.iter().any(|known| class.contains(known))
    };
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = ["System.", "Newtonsoft.", "<Select"].iter().filter_map(|start| rest.find(start)).min() {
        let (before, from) = rest.split_at(at);
        shown.push_str(before);
        let mut depth = 0_i32;
        let end = from.char_indices().find(|(at, c)| {
            let c = *c;
            // A name ends with its arguments.
            let is_behind = depth == 0 && from.get(..*at).is_some_and(|name| name.ends_with(']'));
            depth += match c {
                '[' => 1,
                ']' => -1,
                _ => 0,
            };
            is_behind
                || depth < 0
                || depth == 0 && (c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | '(' | ')' | ','))
        });
        let (name, behind) = from.split_at(end.map_or(from.len(), |(at, _)| at.max(1)));
        shown.push_str(if is_sequence(name) { "(sequence)" } else { name });
        rest = behind;
    }
    shown + rest
}

// Whether both are the same but for passes here that are sequences there.
fn is_pass(here: &Json, there: &Json) -> bool {
    match (here, there) {
        (Json::String(name), Json::Array(_)) => name.starts_with("System.Collections.Generic.IEnumerator`1["),
        (Json::Array(here), Json::Array(there)) => {
            here.len() == there.len() && here.iter().zip(there).all(|(here, there)| is_pass(here, there))
        }
        (here, there) => here == there,
    }
}

/// How far two results of the C library's functions are apart at most, as a part of the number.
const REAL_DISTANCE_MAX: f64 = 4e-15;
/// The same of results in single precision.
const SINGLE_DISTANCE_MAX: f64 = 2.4e-7;

/// Why the results differ; `None` when that is a fault.
pub(super) fn reason(source: &str, here: &Json, there: &Json) -> Option<&'static str> {
    EXPLAINED.iter().find(|explained| (explained.applies)(source, here, there)).map(|explained| explained.reason)
}

// Whether both are the same but for the years of moments.
fn is_other_year(here: &Json, there: &Json) -> bool {
    match (here, there) {
        (Json::Array(here), Json::Array(there)) => {
            here.len() == there.len() && here.iter().zip(there).all(|(here, there)| is_other_year(here, there))
        }
        (here, there) => here == there || without_year(here).is_some_and(|rest| without_year(there) == Some(rest)),
    }
}

// A message with anonymous types named as they are here.
fn with_anonymous(message: &Json) -> Option<String> {
    let pieces = message.as_str()?.split('\'');
    let named = pieces.map(|piece| if piece.starts_with("<>f__Anonymous") { "<anonymous>" } else { piece });
    Some(named.collect::<Vec<&str>>().join("'"))
}

// Messages with the names that the classes of `context` have here.
fn without_namespace(error: &Json) -> Json {
    let name = |text: &Json| Json::from(text.as_str().unwrap_or_default().replace("'Policy.I", "'I"));
    json!({"type": error["type"], "message": name(&error["message"])})
}

// What stands behind the year of a moment.
fn without_year(value: &Json) -> Option<&str> {
    let (year, rest) = value.as_str()?.split_at_checked(4)?;
    (year.bytes().all(|byte| byte.is_ascii_digit()) && rest.starts_with('-')).then_some(rest)
}

// Whether both are the same, but for leaves that are alike.
fn is_alike(here: &Json, there: &Json, leaf: &dyn Fn(&Json, &Json) -> bool) -> bool {
    match (here, there) {
        (Json::Array(here), Json::Array(there)) => {
            here.len() == there.len() && here.iter().zip(there).all(|(here, there)| is_alike(here, there, leaf))
        }
        (Json::Object(here), Json::Object(there)) => {
            here.len() == there.len()
                && here.iter().all(|(name, here)| there.get(name).is_some_and(|there| is_alike(here, there, leaf)))
        }
        (here, there) => here == there || leaf(here, there),
    }
}

fn is_near(here: &Json, there: &Json, distance_max: f64) -> bool {
    let number = |value: &Json| value.as_str().and_then(|text| text.parse::<f64>().ok());
    is_alike(here, there, &|here, there| match (number(here), number(there)) {
        (Some(here), Some(there)) => (here - there).abs() <= distance_max * there.abs(),
        _ => false,
    })
}

fn without_digits(message: &Json) -> String {
    message.as_str().unwrap_or_default().chars().filter(|c| !c.is_ascii_digit()).collect()
}

// Whether both are the same but for what is a zero there.
fn is_lost_to_zero(here: &Json, there: &Json) -> bool {
    is_alike(here, there, &|_, there| ["0", "-0"].iter().any(|zero| there == zero))
}

// What of a result both models of `context` know: no certificates, no names in upper case, no reason phrase that is implied.
fn part_of_model(result: &Json) -> Json {
    const UNKNOWN: [&str; 6] =
        ["id", "PrivateEndpointConnection", "SustainabilityInfo", "GraphQL", "Certificates", "StatusReason"];
    match result {
        Json::Object(members) => {
            let known = members.iter().filter(|(name, _)| !UNKNOWN.contains(&name.as_str()));
            let known: Map<String, Json> =
                known.map(|(name, value)| (name.to_lowercase(), part_of_model(value))).collect();
            Json::Object(known)
        }
        Json::Array(items) => items.iter().map(part_of_model).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::reason;

    #[test]
    fn only_what_is_understood_has_a_reason() {
        let near = [
            json!({"type": "System.Double", "value": "2.5"}),
            json!({"type": "System.Double", "value": "2.5000000000000004"}),
        ];
        assert!(reason("@(Math.Cbrt(15.625))", &near[0], &near[1]).is_some());
        assert!(reason("@(15.625 / 6.25)", &near[0], &near[1]).is_none());
        let failed = ["a", "b"].map(|message| json!({"error": {"type": "System.FormatException", "message": message}}));
        for source in ["@(DateTime.Parse(\"x\"))", "@(int.RotateLeft(1, 2) / 0)", "@(new List<int>().GetEnumerator())"]
        {
            assert!(reason(source, &failed[0], &failed[1]).is_none(), "{source}");
        }
        let far = json!({"type": "System.Double", "value": "2.50001"});
        assert!(reason("@(Math.Cbrt(15.625))", &near[0], &far).is_none());
        let dumps = [
            json!({"type": "IRequest", "value": {"Headers": {"accept": ["a"]}, "PrivateEndpointConnection": null}}),
            json!({"id": 1, "type": "IRequest", "value": {"Headers": {"Accept": ["a"]}}}),
            json!({"id": 1, "type": "IRequest", "value": {"Headers": {"Accept": ["b"]}}}),
        ];
        assert!(reason("@(context.Request)", &dumps[0], &dumps[1]).is_some());
        assert!(reason("@(context.Request)", &dumps[0], &dumps[2]).is_none());
    }
}
