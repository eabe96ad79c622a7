//! Rate limits at work: what is counted, what is told, and when.

use crate::http::Method;
use crate::policy::Scope;
use crate::policy::run::{Failure, Public};
use crate::policy::scene::{End, Scene, Visit};
use crate::value::Value;

fn visit() -> Visit {
    Visit::new(Method::GET, &[]).of("alice")
}

fn refusal(end: End) -> Failure {
    match end {
        End::Failed(failure) => *failure,
        other => panic!("not refused: {other:?}"),
    }
}

fn passes(scene: &Scene, mut visit: Visit) -> bool {
    match scene.run(&mut visit) {
        End::Passed => {
            scene.settle(&mut visit);
            true
        }
        End::Failed(_) => false,
        End::Finished => panic!("a limit does not finish"),
    }
}

#[test]
fn a_refusal_says_when_to_come_back() {
    let mut scene = Scene::new(Scope::Product, r#"<rate-limit calls="1" renewal-period="60"/>"#);
    assert!(passes(&scene, visit()));
    scene.pass(20);
    let refused = refusal(scene.run(&mut visit()));
    assert_eq!((refused.status.as_u16(), refused.reason), (429, "RateLimitExceeded"));
    assert_eq!((refused.source, refused.message.as_str()), (Some("rate-limit"), "Rate limit is exceeded"));
    assert_eq!(refused.public, Public::Text("Rate limit is exceeded. Try again in 40 seconds.".to_owned()));
    assert_eq!(refused.headers.get("retry-after").unwrap(), "40");
    scene.pass(40);
    assert!(passes(&scene, visit()));
}

#[test]
fn how_the_limit_stands_is_told_in_headers_and_variables() {
    let scene = Scene::new(
        Scope::Api,
        r#"<rate-limit calls="2" renewal-period="60" retry-after-header-name="X-Wait" retry-after-variable-name="wait"
            remaining-calls-header-name="X-Left" remaining-calls-variable-name="left" total-calls-header-name="X-Total"/>"#,
    );
    for (left, fields) in [(1, "x-left: 1"), (0, "x-left: 0")] {
        let mut visit = visit();
        assert!(matches!(scene.run(&mut visit), End::Passed));
        assert_eq!(visit.left(), [fields, "x-total: 2"]);
        assert_eq!(visit.context.variables.get("left"), Some(&Value::Int32(left)));
        assert_eq!(visit.context.variables.get("wait"), None);
    }
    let mut visit = visit();
    let refused = refusal(scene.run(&mut visit));
    assert_eq!(visit.left(), ["x-left: 0", "x-total: 2"]);
    assert_eq!(visit.context.variables.get("wait"), Some(&Value::Int32(60)));
    assert_eq!(refused.headers.get("x-wait").unwrap(), "60");
    assert!(!refused.headers.contains_key("retry-after"));
}

#[test]
fn a_rate_limit_counts_by_subscription_and_leaves_others_alone() {
    let scene = Scene::new(Scope::Product, r#"<rate-limit calls="1" renewal-period="60"/>"#);
    assert!(passes(&scene, visit()));
    assert!(!passes(&scene, visit()));
    assert!(passes(&scene, Visit::new(Method::GET, &[]).of("bob")));
    assert!(passes(&scene, Visit::new(Method::GET, &[])));
    assert!(passes(&scene, Visit::new(Method::GET, &[])));
}

#[test]
fn nested_limits_apply_by_id_or_name_and_refuse_without_counting() {
    let cases = [
        (r#"<api id="orders" calls="1" renewal-period="60"/>"#, false),
        (r#"<api id="ORDERS;rev=3" calls="1" renewal-period="60"/>"#, false),
        (r#"<api name="Orders" calls="1" renewal-period="60"/>"#, false),
        (r#"<api name="orders" calls="1" renewal-period="60"/>"#, true),
        // The id wins.
        (r#"<api id="other" name="Orders" calls="1" renewal-period="60"/>"#, true),
        (
            r#"<api id="orders" calls="9" renewal-period="60"><operation id="get" calls="1" renewal-period="60"/></api>"#,
            false,
        ),
        (
            r#"<api id="orders" calls="9" renewal-period="60"><operation name="Get order" calls="1" renewal-period="60"/></api>"#,
            false,
        ),
        (
            r#"<api id="orders" calls="9" renewal-period="60"><operation id="put" calls="1" renewal-period="60"/></api>"#,
            true,
        ),
    ];
    for (nested, second_passes) in cases {
        let inbound = format!(r#"<rate-limit calls="2" renewal-period="60">{nested}</rate-limit>"#);
        let scene = Scene::new(Scope::Product, &inbound);
        assert!(passes(&scene, visit()), "{nested}");
        assert_eq!(passes(&scene, visit()), second_passes, "{nested}");
        // Another API is held to the outer limit alone, of which a refused call has used nothing.
        let other = || {
            let mut visit = visit();
            visit.context.api = None;
            visit
        };
        assert_eq!(passes(&scene, other()), !second_passes, "{nested}");
        assert!(!passes(&scene, other()), "{nested}");
    }
}

#[test]
fn keys_are_shared_by_all_policies_with_the_same_period() {
    let limit = |key: &str, period: u32| {
        format!(r#"<rate-limit-by-key calls="3" renewal-period="{period}" counter-key="{key}"/>"#)
    };
    let twice = Scene::new(Scope::Global, &(limit("k", 60) + &limit("k", 60)));
    // Each request counts twice: the second one finds room for one of its two.
    assert!(passes(&twice, visit()));
    assert!(!passes(&twice, visit()));
    let apart = Scene::new(Scope::Global, &(limit("k", 60) + &limit("k", 30) + &limit("l", 60)));
    assert_eq!((0..4).filter(|_| passes(&apart, visit())).count(), 3);
}

#[test]
fn increments_and_conditions() {
    let accepted = |attributes: &str| {
        let inbound = format!(r#"<rate-limit-by-key calls="10" renewal-period="60" counter-key="k" {attributes}/>"#);
        let scene = Scene::new(Scope::Global, &inbound);
        (0..20).filter(|_| passes(&scene, visit())).count()
    };
    let cases = [
        ("", 10),
        (r#"increment-count="4""#, 2),
        (r#"increment-count="0""#, 20),
        (r#"increment-condition="false""#, 20),
        (r#"increment-condition="true""#, 10),
        (r#"increment-after-response="true""#, 10),
        // Checked as one call, counted as four: the third still finds room.
        (r#"increment-after-response="true" increment-count="4""#, 3),
        (r#"increment-after-response="true" increment-condition="false""#, 20),
    ];
    for (attributes, expected) in cases {
        assert_eq!(accepted(attributes), expected, "{attributes}");
    }
}

#[test]
fn calls_under_way_are_counted_when_they_end() {
    let scene = Scene::new(
        Scope::Global,
        r#"<rate-limit-by-key calls="1" renewal-period="60" counter-key="k" increment-after-response="true"/>"#,
    );
    let (mut first, mut second) = (visit(), visit());
    assert!(matches!(scene.run(&mut first), End::Passed));
    assert!(matches!(scene.run(&mut second), End::Passed));
    scene.settle(&mut first);
    assert!(!passes(&scene, visit()));
    scene.settle(&mut second);
    assert!(!passes(&scene, visit()));
}
