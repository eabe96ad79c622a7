//! Context documents, good and bad.

use serde_json::json;

use super::{Scene, Unfixed, overlay, span_of};
use crate::rng::Seed;
use crate::time::WallTime;
use crate::value::{TimeSpan, Value};

const UNFIXED: Unfixed = Unfixed { wall: WallTime::from_unix_seconds(1_700_000_000), seed: Seed(7) };

#[test]
fn an_empty_document_is_a_get_of_nothing_now() {
    let scene = Scene::of(&json!({}), UNFIXED).unwrap();
    assert_eq!((scene.now.wall, scene.seed), (UNFIXED.wall, UNFIXED.seed));
    assert_eq!(scene.context.request.url.to_string(), "https://localhost/");
    assert!(scene.context.response.is_none() && scene.warnings.is_empty());
}

#[test]
fn the_clock_follows_arrival_unless_it_is_given() {
    let document = json!({"timestamp": "2024-03-05T09:07:08Z", "elapsed": "00:00:01.5", "seed": 3});
    let scene = Scene::of(&document, UNFIXED).unwrap();
    assert_eq!(scene.now.wall.to_string(), "2024-03-05T09:07:09.5000000Z");
    assert_eq!(scene.context.elapsed(scene.now).as_millis(), 1500);
    assert_eq!(scene.seed, Seed(3));
    let scene = Scene::of(&json!({"clock": "2030-01-01T00:00:00Z", "elapsed": "00:00:01"}), UNFIXED).unwrap();
    assert_eq!(scene.context.arrived.wall.to_string(), "2029-12-31T23:59:59.0000000Z");
}

#[test]
fn variables_have_the_types_that_they_say() {
    let document = json!({"variables": {
        "i": 1, "long": 9_000_000_000_i64, "n": null, "t": "2024-03-05T09:07:08Z",
        "none": {"type": null, "value": null},
        "d": {"type": "System.Double", "value": "2.5"},
        "c": {"type": "System.Char", "value": "x"},
        "o": {"type": "Newtonsoft.Json.Linq.JObject", "value": {"a": [1, 1.0, "2024-03-05T09:07:08Z", null]}},
        "r": {"type": "IResponse", "value": {"statusCode": 404, "body": {"a": 1}}},
        "strange": {"type": "System.Strange", "value": 1},
    }});
    let scene = Scene::of(&document, UNFIXED).unwrap();
    let typed: Vec<String> =
        scene.context.variables.iter().map(|(name, value)| format!("{name} {}", value.type_name())).collect();
    assert_eq!(
        typed.join(", "),
        "i System.Int32, long System.Int64, n null, t System.String, none null, d System.Double, c System.Char, \
         o Newtonsoft.Json.Linq.JObject, r IResponse"
    );
    let Some(Value::Json(token)) = scene.context.variables.get("o") else { panic!("no token") };
    let text = token.to_json(crate::value::json::JFormatting::None);
    assert_eq!(text, r#"{"a":[1,1.0,"2024-03-05T09:07:08Z",null]}"#);
    assert_eq!(scene.warnings, ["`variables.strange` is left out: a variable of its type is not supported yet"]);
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        (json!([]), "the context must be an object"),
        (json!({"requst": {}}), "`requst` is nothing that a context has; did you mean `request`?"),
        (json!({"request": {"url": "x"}}), "`request.url` must be an absolute `http` or `https` URL, not `x`"),
        (json!({"request": {"headers": {"A": 1}}}), "`request.headers.A` must be a string or an array of strings"),
        (json!({"response": {"statusCode": 1}}), "`response.statusCode` must be a whole number from 100 to 999"),
        (json!({"elapsed": "soon"}), "`elapsed` must be a time span as in `00:00:01.5`, not `soon`"),
        (json!({"product": {"groups": [1]}}), "`product.groups[0]` must be an object"),
        (
            json!({"variables": {"g": {"type": "System.Guid", "value": "1"}}}),
            "`variables.g.value` must be a GUID, not `1`",
        ),
        (json!({"variables": {"g": {"value": 1}}}), "`variables.g.type` is missing"),
        (json!({"variables": {"g": [1]}}), "`variables.g` must be `{\"type\", \"value\"}`"),
    ];
    for (document, words) in cases {
        assert_eq!(Scene::of(&document, UNFIXED).unwrap_err().to_string(), words);
    }
}

#[test]
fn overlays_merge_objects_and_replace_the_rest() {
    let mut base = json!({"a": {"b": 1, "c": [1, 2]}, "d": 1});
    overlay(&mut base, &json!({"a": {"c": [3], "e": null}, "d": null}));
    assert_eq!(base, json!({"a": {"b": 1, "c": [3], "e": null}, "d": 1}));
}

#[test]
fn spans() {
    let cases = [
        ("00:00:01.25", Some(12_500_000)),
        ("-1.02:03:04", Some(-937_840_000_000)),
        ("24:00:00", None),
        ("1:2", None),
        ("a:b:c", None),
        ("-", None),
    ];
    for (text, ticks) in cases {
        assert_eq!(span_of(text), ticks.map(TimeSpan), "{text}");
    }
}
