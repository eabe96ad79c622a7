//! Subscription keys: where a request carries one, and what it opens. The decision order is APIM's; keys are kept as digests only.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::config::model::{Product, Subscription, SubscriptionScope};
use crate::http::{Query, RequestHead, latin1};

/// What opens what, compiled for look-up.
#[derive(Clone, Default)]
pub struct SubscriptionTable {
    /// Subscriptions by the digest of each of their keys. A look-up compares digests: how long it takes says nothing
    /// about how much of a guessed key was right.
    keys: BTreeMap<KeyDigest, Vec<Grant>>,
    /// Open products by the name of each of their APIs in lower case, the first in the order of the products.
    open_products: BTreeMap<Box<str>, usize>,
    /// The APIs of each product, in lower case.
    product_apis: Vec<BTreeSet<Box<str>>>,
}

/// The SHA-256 of a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct KeyDigest([u8; 32]);

/// What one subscription opens.
#[derive(Clone)]
struct Grant {
    subscription: usize,
    scope: GrantScope,
}

#[derive(Clone)]
enum GrantScope {
    AllApis,
    Api(String),
    Product(usize),
}

/// Whether an API is closed to requests without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionRequirement {
    /// A key is needed.
    Required,
    /// A key may be left out; one that is given must still be valid.
    Optional,
}

/// In whose name a request is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The subscription, by its place in the list that the table was built from; `None` for a request without a key.
    pub subscription: Option<usize>,
    /// The product whose policies run, by its place; `None` for keys of an API or of all APIs, and outside products.
    pub product: Option<usize>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// There is no key and one is needed.
    MissingKey,
    /// The key is of no active subscription, or of one that does not open the API.
    InvalidKey,
}

impl SubscriptionTable {
    /// Compiles the table. Subscriptions that are not active and those of products that do not exist open nothing.
    #[must_use]
    pub fn build(subscriptions: &[Subscription], products: &[Product]) -> Self {
        let mut table = Self::default();
        for (place, product) in products.iter().enumerate() {
            let apis: BTreeSet<Box<str>> = product.apis.iter().map(|api| api.to_ascii_lowercase().into()).collect();
            // Whether a product is published does not count: its subscriptions work before and after.
            if !product.subscription_required {
                for api in &apis {
                    table.open_products.entry(api.clone()).or_insert(place);
                }
            }
            table.product_apis.push(apis);
        }
        for (place, subscription) in subscriptions.iter().enumerate().filter(|(_, known)| known.active) {
            let scope = match &subscription.scope {
                SubscriptionScope::AllApis => GrantScope::AllApis,
                SubscriptionScope::Api(name) => GrantScope::Api(name.clone()),
                SubscriptionScope::Product(id) => {
                    let product = products.iter().position(|product| product.id.eq_ignore_ascii_case(id));
                    let Some(product) = product else { continue };
                    GrantScope::Product(product)
                }
            };
            let keys = [&subscription.primary_key, &subscription.secondary_key];
            let digests: BTreeSet<KeyDigest> =
                keys.into_iter().flatten().filter(|key| !key.0.is_empty()).map(|key| KeyDigest::of(&key.0)).collect();
            for digest in digests {
                table.keys.entry(digest).or_default().push(Grant { subscription: place, scope: scope.clone() });
            }
        }
        table
    }

    /// Decides whether a request may pass to the API called `api`.
    ///
    /// Without a key: an open product that has the API, then an API that needs no key. With a key: a subscription of the
    /// API, of a product that has it, or of all APIs. A wrong key is refused even where none is needed.
    ///
    /// # Errors
    /// Says whether the key is missing or wrong.
    pub fn authorize(
        &self,
        api: &str,
        requirement: SubscriptionRequirement,
        key: Option<&str>,
    ) -> Result<Access, Denied> {
        let api = lower(api);
        let Some(key) = key else {
            let product = self.open_products.get(api.as_ref()).copied();
            return match (product, requirement) {
                (Some(_), _) | (None, SubscriptionRequirement::Optional) => Ok(Access { subscription: None, product }),
                (None, SubscriptionRequirement::Required) => Err(Denied::MissingKey),
            };
        };
        let grants = self.keys.get(&KeyDigest::of(key)).map(Vec::as_slice).unwrap_or_default();
        grants.iter().find_map(|grant| self.access(grant, &api)).ok_or(Denied::InvalidKey)
    }

    fn access(&self, grant: &Grant, api: &str) -> Option<Access> {
        let subscription = Some(grant.subscription);
        match &grant.scope {
            GrantScope::AllApis => Some(Access { subscription, product: None }),
            GrantScope::Api(name) => name.eq_ignore_ascii_case(api).then_some(Access { subscription, product: None }),
            GrantScope::Product(product) => {
                let has_api = self.product_apis.get(*product).is_some_and(|apis| apis.contains(api));
                has_api.then_some(Access { subscription, product: Some(*product) })
            }
        }
    }
}

impl fmt::Debug for SubscriptionTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionTable")
            .field("keys", &self.keys.len())
            .field("products", &self.product_apis.len())
            .finish_non_exhaustive()
    }
}

impl KeyDigest {
    fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// The key that a request carries: in the header, and only when that is absent in the query parameter. An empty value is
/// as good as none; a header given more than once is one value joined by commas, which is no key.
#[must_use]
pub fn key_of<'r>(key_header: &str, key_query: &str, request: &'r RequestHead) -> Option<Cow<'r, str>> {
    let mut fields = request.headers.get_all(key_header).iter().filter(|value| !value.is_empty());
    let Some(first) = fields.next() else {
        return Query::new(request.url.query.as_deref()).get(key_query).filter(|value| !value.is_empty());
    };
    let mut key = first.to_str().map_or_else(|_| Cow::Owned(latin1(first)), Cow::Borrowed);
    for more in fields {
        key.to_mut().push(',');
        key.to_mut().push_str(&latin1(more));
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;
    use crate::http::{HeaderMap, HeaderValue, HttpVersion, Method, Url};

    const REQUIRED: SubscriptionRequirement = SubscriptionRequirement::Required;
    const OPTIONAL: SubscriptionRequirement = SubscriptionRequirement::Optional;

    fn product(id: &str, subscription_required: bool, apis: &[&str]) -> Product {
        Product {
            id: id.into(),
            display_name: id.into(),
            subscription_required,
            approval_required: false,
            subscriptions_limit: None,
            published: false,
            apis: apis.iter().map(|api| (*api).to_owned()).collect(),
            groups: Vec::new(),
            policy: None,
        }
    }

    fn subscription(scope: SubscriptionScope, key: &str, active: bool) -> Subscription {
        Subscription {
            id: key.into(),
            display_name: key.into(),
            scope,
            active,
            primary_key: Some(Secret(format!("{key}-1"))),
            secondary_key: Some(Secret(format!("{key}-2"))),
            owner: None,
            created: None,
            start: None,
            end: None,
        }
    }

    fn table() -> SubscriptionTable {
        let products = [
            product("Gold", true, &["Paid", "both"]),
            product("free", false, &["both"]),
            product("free2", false, &["both"]),
        ];
        let subscriptions = [
            subscription(SubscriptionScope::AllApis, "all", true),
            subscription(SubscriptionScope::Api("paid".into()), "api", true),
            subscription(SubscriptionScope::Product("gold".into()), "gold", true),
            subscription(SubscriptionScope::AllApis, "suspended", false),
            subscription(SubscriptionScope::Product("gone".into()), "gone", true),
            Subscription {
                primary_key: Some(Secret(String::new())),
                ..subscription(SubscriptionScope::AllApis, "x", true)
            },
        ];
        SubscriptionTable::build(&subscriptions, &products)
    }

    #[test]
    fn decision_order() {
        let table = table();
        let access = |subscription, product| Ok(Access { subscription, product });
        for (api, requirement, key, expected) in [
            ("both", REQUIRED, None, access(None, Some(1))),
            ("BOTH", OPTIONAL, None, access(None, Some(1))),
            ("plain", OPTIONAL, None, access(None, None)),
            ("plain", REQUIRED, None, Err(Denied::MissingKey)),
            ("paid", REQUIRED, None, Err(Denied::MissingKey)),
            ("paid", REQUIRED, Some("all-1"), access(Some(0), None)),
            ("paid", REQUIRED, Some("api-2"), access(Some(1), None)),
            ("PAID", REQUIRED, Some("gold-1"), access(Some(2), Some(0))),
            ("both", REQUIRED, Some("gold-2"), access(Some(2), Some(0))),
            ("both", REQUIRED, Some("api-1"), Err(Denied::InvalidKey)),
            ("plain", OPTIONAL, Some("gold-1"), Err(Denied::InvalidKey)),
            ("plain", OPTIONAL, Some("nonsense"), Err(Denied::InvalidKey)),
            ("plain", OPTIONAL, Some(""), Err(Denied::InvalidKey)),
            ("paid", REQUIRED, Some("suspended-1"), Err(Denied::InvalidKey)),
            ("paid", REQUIRED, Some("gone-1"), Err(Denied::InvalidKey)),
            ("paid", REQUIRED, Some("ALL-1"), Err(Denied::InvalidKey)),
        ] {
            assert_eq!(table.authorize(api, requirement, key), expected, "{api} {requirement:?} {key:?}");
        }
        assert!(!format!("{table:?}").contains("all-1"));
    }

    #[test]
    fn header_before_query() {
        let request = |fields: &[&'static str], query: &str| {
            let mut headers = HeaderMap::new();
            for value in fields {
                headers.append("x-key", HeaderValue::from_static(value));
            }
            let url = Url::parse(&format!("https://h/a?{query}")).unwrap();
            RequestHead { method: Method::GET, url, headers, version: HttpVersion::Http11, has_body: false }
        };
        for (fields, query, key) in [
            (&["h"][..], "key=q", Some("h")),
            (&[], "key=q%2B+", Some("q+ ")),
            (&[], "KEY=q", Some("q")),
            (&[""], "key=q", Some("q")),
            (&["a", "b"], "", Some("a,b")),
            (&[], "key=", None),
            (&[], "", None),
        ] {
            assert_eq!(key_of("X-Key", "key", &request(fields, query)).as_deref(), key, "{fields:?} {query}");
        }
    }
}
