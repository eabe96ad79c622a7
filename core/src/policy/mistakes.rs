//! Mistakes in rate limits, access, cors and mocks, and the diagnostics that they give: one table. Tests only.

use std::sync::Arc;

use crate::config::model::PolicyFormat;
use crate::policy::{Catalog, Scope, Source, compile};

const HEAD: &str = "<policies><inbound>";

/// The diagnostics about one element in inbound: `code column: message`, columns counted from the element's own start.
fn found(element: &str) -> Vec<String> {
    let text = format!("{HEAD}{element}</inbound></policies>");
    let file: Arc<str> = Arc::from("policy.xml");
    let done = compile(Source::plain(&file, &text), PolicyFormat::RawXml, Scope::Product, &Catalog::default());
    let column = |diagnostic: &crate::diagnostic::Diagnostic| {
        let column = diagnostic.position.map_or(0, |position| usize::try_from(position.column).unwrap());
        column.saturating_sub(HEAD.len())
    };
    done.diagnostics.iter().map(|found| format!("{} {}: {}", found.code, column(found), found.message)).collect()
}

fn assert_found(cases: &[(&str, &[&str])]) {
    for (element, expected) in cases {
        assert_eq!(found(element), *expected, "{element}");
    }
}

#[test]
fn rate_limits() {
    assert_found(&[
        (r#"<rate-limit calls="5" renewal-period="60"/>"#, &[]),
        (
            r#"<rate-limit calls="many" renewal-period="301"/>"#,
            &[
                "attribute-value 20: `many` is not a number of calls: expected 0 to 4294967295",
                "attribute-value 42: `301` is not a renewal period: expected 1 to 300 seconds",
            ],
        ),
        (
            r#"<rate-limit calls="-1" renewal-period="0"/>"#,
            &[
                "attribute-value 20: `-1` is not a number of calls: expected 0 to 4294967295",
                "attribute-value 40: `0` is not a renewal period: expected 1 to 300 seconds",
            ],
        ),
        (
            r#"<rate-limit calls="5" renewal-period="60" total-calls-header-name="@(5)"/>"#,
            &["expression-not-allowed 68: the value of `total-calls-header-name` cannot be an expression"],
        ),
        (
            r#"<rate-limit calls="5" renewal-period="60"><api calls="2" renewal-period="60"/></rate-limit>"#,
            &["missing-attribute 44: `api` needs the attribute `id` or `name`"],
        ),
        (
            r#"<rate-limit calls="5" renewal-period="60"><api id="a" calls="2"><operation name="x" calls="z" renewal-period="9"/></api></rate-limit>"#,
            &[
                "missing-attribute 44: `api` needs the attribute `renewal-period`",
                "attribute-value 92: `z` is not a number of calls: expected 0 to 4294967295",
            ],
        ),
        (
            r#"<rate-limit calls="5" renewal-period="60" retry-after-header-name="no name"/>"#,
            &["attribute-value 68: `no name` is not the name of a header"],
        ),
        (
            r#"<rate-limit calls="5" renewal-period="60"/><rate-limit calls="5" renewal-period="60"/>"#,
            &["duplicate-element 45: `rate-limit` may stand in a section once"],
        ),
        (
            r#"<rate-limit-by-key calls="5" renewal-period="1e9" counter-key="k"/>"#,
            &["attribute-value 46: `1e9` is not a renewal period: expected 1 to 300 seconds"],
        ),
        (
            r#"<rate-limit-by-key calls="5" renewal-period="60" increment-condition="yes"/>"#,
            &[
                "missing-attribute 2: `rate-limit-by-key` needs the attribute `counter-key`",
                "attribute-value 71: `yes` is neither `true` nor `false`",
            ],
        ),
    ]);
}

#[test]
fn access() {
    assert_found(&[
        (
            r#"<check-header name="x" failed-check-httpcode="99" failed-check-error-message="m" ignore-case="maybe"><valu>a</valu></check-header>"#,
            &[
                "unknown-element 103: `check-header` cannot hold `valu`",
                "attribute-value 47: `99` is not a status code from 200 to 599",
                "attribute-value 95: `maybe` is neither `true` nor `false`",
            ],
        ),
        (
            r#"<ip-filter action="allow"><address-range from="10.0.0.1" to="10.0.0.9"/><address>::1</address></ip-filter>"#,
            &[],
        ),
        (
            r#"<ip-filter action="deny"><address>10.0.0.300</address></ip-filter>"#,
            &[
                "attribute-value 20: `deny` is not an action: expected `allow` or `forbid`",
                "attribute-value 35: `10.0.0.300` is not an address or a network: not an IPv4 or IPv6 address",
            ],
        ),
        (
            r#"<ip-filter action="allow"><address-range from="10.0.0.9" to="10.0.0.1"/><address-range from="10.0.0.9" to="::1"/></ip-filter>"#,
            &[
                "attribute-value 62: the first address is above the last",
                "attribute-value 108: one end is an IPv4 address, the other an IPv6 address",
            ],
        ),
        (
            r#"<ip-filter action="allow"/>"#,
            &["missing-element 2: `ip-filter` needs a child `address` or `address-range`"],
        ),
    ]);
}

#[test]
fn cors() {
    assert_found(&[
        (
            "<cors><allowed-headers><header>*</header></allowed-headers><allowed-origins><origin>*</origin></allowed-origins></cors>",
            &[],
        ),
        (
            "<cors><allowed-origins><origin>http://a/b</origin><origin>https://*.a</origin></allowed-origins></cors>",
            &[
                "missing-element 2: `cors` needs a child `allowed-headers`",
                "attribute-value 32: `http://a/b` is not an origin: an origin has no path: it ends with the host or the port",
                "attribute-value 59: `https://*.a` is not an origin: `*` cannot stand for a part of an origin",
            ],
        ),
        (
            r#"<cors allow-credentials="1"><allowed-methods preflight-result-max-age="-1"><method>*</method></allowed-methods></cors>"#,
            &[
                "missing-element 2: `cors` needs a child `allowed-origins`",
                "missing-element 2: `cors` needs a child `allowed-headers`",
                "attribute-value 26: `1` is neither `true` nor `false`",
                "attribute-value 72: `preflight-result-max-age` is `-1`, expected 0 to 2147483647 seconds",
            ],
        ),
    ]);
}

#[test]
fn mocks() {
    assert_found(&[
        (r#"<mock-response/>"#, &[]),
        (
            r#"<mock-response status-code="20" index="x" content-type="@(1)"/>"#,
            &[
                "expression-not-allowed 57: the value of `content-type` cannot be an expression",
                "attribute-value 29: `20` is not a status code from 200 to 599",
                "attribute-value 40: `x` is not the number of an example, from 0",
            ],
        ),
    ]);
}
