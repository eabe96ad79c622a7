//! What came of an expression here, against what an oracle says of it. Asks nothing and explains nothing.

use holdfast_core::expr::admitted::admitted;
use holdfast_core::expr::encode::Answer;
use serde_json::Value as Json;

/// How both answers compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// They are the same.
    Same,
    /// They are the same, and these names are admitted although they are outside the oracle's allow-list.
    Admitted(Vec<String>),
    /// They compile in both places and give something else: what they give here, and how that differs.
    Unlike {
        /// The members of the result.
        here: Json,
        /// The difference in words.
        difference: String,
    },
    /// They are not: this is how.
    Differs(String),
}

/// Compares an answer with a result.
pub(super) fn compare(answer: &Answer, result: &Json) -> Comparison {
    let refused = names(result, "compile");
    let denied = names(result, "denied");
    match answer {
        Answer::Refused(_) if refused.is_empty() && denied.is_empty() => {
            Comparison::Differs(format!("it compiles there: {}", without_id(result)))
        }
        Answer::Refused(_) => Comparison::Same,
        Answer::Value { .. } | Answer::Exception { .. } | Answer::LimitExceeded(_) | Answer::NeedsBody(_) => {
            let here: Json = serde_json::from_str(&format!("{{{}}}", answer.members())).unwrap_or(Json::Null);
            let agrees = ["type", "value", "error"]
                .iter()
                .all(|name| is_same(&here[*name], result.get(*name).unwrap_or(&Json::Null)));
            if !refused.is_empty() {
                Comparison::Differs(format!("it does not compile there: {}", without_id(result)))
            } else if !agrees {
                let difference = format!("here {here}, there {}", without_id(result));
                Comparison::Unlike { here, difference }
            } else {
                outside(denied)
            }
        }
    }
}

// What is the same, and uses names that the oracle denies.
fn outside(denied: Vec<String>) -> Comparison {
    let (admitted, unknown): (Vec<String>, Vec<String>) = denied.into_iter().partition(|name| admitted(name).is_some());
    match (admitted.is_empty(), unknown.is_empty()) {
        (true, true) => Comparison::Same,
        (false, true) => Comparison::Admitted(admitted),
        (_, false) => Comparison::Differs(format!("it is outside the allow-list there: {}", unknown.join(", "))),
    }
}

fn names(result: &Json, member: &str) -> Vec<String> {
    let listed = result.get(member).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    listed.iter().map(|name| name.as_str().map_or_else(|| name.to_string(), str::to_owned)).collect()
}

fn without_id(result: &Json) -> String {
    let mut shown = result.clone();
    if let Some(members) = shown.as_object_mut() {
        members.shift_remove("id");
    }
    shown.to_string()
}

// A number passes as a string of the same digits: doubles and decimals are written either way.
fn is_same(here: &Json, there: &Json) -> bool {
    match (here, there) {
        (Json::String(text), Json::Number(number)) | (Json::Number(number), Json::String(text)) => {
            *text == number.to_string()
        }
        (Json::Array(here), Json::Array(there)) => {
            here.len() == there.len() && here.iter().zip(there).all(|(here, there)| is_same(here, there))
        }
        (Json::Object(here), Json::Object(there)) => {
            here.len() == there.len()
                && here.iter().all(|(name, value)| there.get(name).is_some_and(|other| is_same(value, other)))
        }
        (here, there) => here == there,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_same;

    #[test]
    fn numbers_pass_as_strings_of_their_digits() {
        assert!(is_same(&json!({"a": ["1.5", 2]}), &json!({"a": [1.5, 2]})));
        for (here, there) in [(json!(1), json!(1.0)), (json!({}), json!({"a": null})), (json!("1"), json!(2))] {
            assert!(!is_same(&here, &there), "{here} {there}");
        }
    }
}
