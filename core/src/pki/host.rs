//! Whether a certificate names a host, as `X509Certificate2.MatchesHostname` decides it. Resolves nothing.

use std::net::IpAddr;

use super::certificate::{AlternativeName, Certificate, SUBJECT_ALTERNATIVES};
use super::name::COMMON_NAME;

/// Whether `*` stands for a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wildcards {
    /// It does.
    Allowed,
    /// It does not.
    Refused,
}

/// Whether the common name counts where there are no alternative names of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommonName {
    /// It does.
    Allowed,
    /// It does not.
    Refused,
}

/// Whether `certificate` names `host`, a name or an IP address.
#[must_use]
pub fn matches(certificate: &Certificate, host: &str, wildcards: Wildcards, common_name: CommonName) -> bool {
    let names = certificate.alternative_names(SUBJECT_ALTERNATIVES);
    if let Ok(address) = host.parse::<IpAddr>() {
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let mut addresses = names.iter().filter(|name| matches!(name, AlternativeName::Address(_))).peekable();
        if addresses.peek().is_some() {
            return names.contains(&AlternativeName::Address(bytes));
        }
        return common_name == CommonName::Allowed && certificate.subject.last(COMMON_NAME) == Some(host);
    }
    let mut has_names = false;
    for name in &names {
        if let AlternativeName::Dns(pattern) = name {
            has_names = true;
            if fits(pattern, host, wildcards) {
                return true;
            }
        }
    }
    let subject = certificate.subject.last(COMMON_NAME).filter(|_| !has_names && common_name == CommonName::Allowed);
    subject.is_some_and(|pattern| fits(pattern, host, wildcards))
}

fn fits(pattern: &str, host: &str, wildcards: Wildcards) -> bool {
    let (pattern, host) = (pattern.trim_end_matches('.'), host.trim_end_matches('.'));
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    let (Some(rest), Some((label, parent))) = (pattern.strip_prefix("*."), host.split_once('.')) else { return false };
    wildcards == Wildcards::Allowed && !label.is_empty() && rest.eq_ignore_ascii_case(parent)
}
