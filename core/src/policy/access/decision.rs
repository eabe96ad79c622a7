//! What `check-header` and `ip-filter` decide, with the words of each refusal: pure functions of evaluated attributes.

use std::sync::Arc;

use crate::http::{HeaderMap, HeaderName, joined};
use crate::policy::access::address::{Block, parse_address};

/// `action` of `ip-filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Only these addresses pass.
    Allow,
    /// All but these pass.
    Forbid,
}

/// How `check-header` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Respect,
    Ignore,
}

/// Why a request does not pass: the words of `context.LastError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Denial {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// Whether the client's address passes.
pub(super) fn filter(action: Action, blocks: &[Block], client: &str) -> Result<(), Denial> {
    let Some(address) = parse_address(client) else {
        let message = "Failed to establish IP address for the caller. Access denied.".to_owned();
        return Err(Denial { reason: "FailedToParseCallerIP", message });
    };
    let listed = blocks.iter().any(|block| block.contains(address));
    match (action, listed) {
        (Action::Allow, true) | (Action::Forbid, false) => Ok(()),
        (Action::Allow, false) => {
            let message = format!("Caller IP address {client} is not allowed. Access denied.");
            Err(Denial { reason: "CallerIpNotAllowed", message })
        }
        (Action::Forbid, true) => {
            let message = "Caller IP address is blocked. Access denied.".to_owned();
            Err(Denial { reason: "CallerIpBlocked", message })
        }
    }
}

/// Whether the request has the field `name`, with one of `values` if there are any.
///
/// A field on several lines is one list (RFC 9110 §5.3) and is compared as one: a client cannot pass by adding a second line.
/// `fixtures/policy/check-header-several-lines.conversation` shows it.
pub(super) fn check_header(headers: &HeaderMap, name: &str, values: &[Arc<str>], case: Case) -> Result<(), Denial> {
    // A name that no field can have is a name that the request does not have.
    let found = HeaderName::try_from(name).ok().and_then(|name| joined(headers, &name));
    let Some(found) = found else {
        let message = format!("Header {name} was not found in the request. Access denied.");
        return Err(Denial { reason: "HeaderNotFound", message });
    };
    let is_allowed = |allowed: &Arc<str>| match case {
        Case::Respect => **allowed == *found,
        Case::Ignore => allowed.to_lowercase() == found.to_lowercase(),
    };
    if values.is_empty() || values.iter().any(is_allowed) {
        return Ok(());
    }
    let message = format!("Header {name} value of {found} is not allowed. Access denied.");
    Err(Denial { reason: "HeaderValueNotAllowed", message })
}

#[cfg(test)]
mod tests {
    use crate::http::HeaderValue;

    use super::*;

    fn reason(result: Result<(), Denial>) -> &'static str {
        result.err().map_or("", |denial| denial.reason)
    }

    #[test]
    fn addresses_that_pass() {
        let blocks = [Block::parse("10.0.0.1").unwrap(), Block::range("10.1.0.0", "10.1.0.9").unwrap()];
        let cases = [
            (Action::Allow, "10.0.0.1", ""),
            (Action::Allow, "::ffff:10.1.0.9", ""),
            (Action::Allow, "10.1.0.10", "CallerIpNotAllowed"),
            (Action::Forbid, "10.1.0.10", ""),
            (Action::Forbid, "10.0.0.1", "CallerIpBlocked"),
            (Action::Forbid, "unknown", "FailedToParseCallerIP"),
            (Action::Allow, "", "FailedToParseCallerIP"),
        ];
        for (action, client, expected) in cases {
            assert_eq!(reason(filter(action, &blocks, client)), expected, "{action:?} {client}");
        }
        let denial = filter(Action::Allow, &blocks, "1.2.3.4").unwrap_err();
        assert_eq!(denial.message, "Caller IP address 1.2.3.4 is not allowed. Access denied.");
    }

    #[test]
    fn headers_that_pass() {
        let mut headers = HeaderMap::new();
        headers.append("x-one", HeaderValue::from_static("Abc"));
        headers.append("x-two", HeaderValue::from_static("a"));
        headers.append("x-two", HeaderValue::from_static("b"));
        let cases: [(&str, &[&str], Case, &str); 9] = [
            ("X-One", &[], Case::Respect, ""),
            ("x-one", &["z", "Abc"], Case::Respect, ""),
            ("x-one", &["abc"], Case::Respect, "HeaderValueNotAllowed"),
            ("x-one", &["abc"], Case::Ignore, ""),
            ("x-two", &["a"], Case::Respect, "HeaderValueNotAllowed"),
            ("x-two", &["a,b"], Case::Respect, ""),
            ("x-three", &[], Case::Respect, "HeaderNotFound"),
            ("no name", &[], Case::Respect, "HeaderNotFound"),
            ("x-one", &[""], Case::Ignore, "HeaderValueNotAllowed"),
        ];
        for (name, values, case, expected) in cases {
            let values: Vec<Arc<str>> = values.iter().map(|value| Arc::from(*value)).collect();
            assert_eq!(reason(check_header(&headers, name, &values, case)), expected, "{name} {values:?}");
        }
        let denial = check_header(&headers, "x-two", &[Arc::from("a")], Case::Ignore).unwrap_err();
        assert_eq!(denial.message, "Header x-two value of a,b is not allowed. Access denied.");
    }
}
