//! Resources: ARM documents keyed by their relative id, kept verbatim. Knows nothing of what their properties mean.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::diagnostic::Diagnostic;

/// The id of a resource relative to the service, as in `/apis/echo/operations/get`. Compared without regard to ASCII case.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceId(Arc<str>);

impl ResourceId {
    /// An id from its text; a missing leading `/` is added, doubled and trailing slashes are dropped.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut id = String::with_capacity(text.len() + 1);
        for segment in text.split('/').filter(|segment| !segment.is_empty()) {
            id.push('/');
            id.push_str(segment);
        }
        Self(Arc::from(id))
    }

    /// The text, with its leading `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments, as in `["apis", "echo"]`.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').skip(1)
    }

    /// The last segment: the resource's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// The id of a child, as in `/apis/echo` + `policies/policy`.
    #[must_use]
    pub fn child(&self, relative: &str) -> Self {
        Self::new(&format!("{}/{relative}", self.0))
    }

    /// Whether this id is `other` or lies below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.as_str().as_bytes(), other.as_str().as_bytes());
        mine.get(..theirs.len()).is_some_and(|head| head.eq_ignore_ascii_case(theirs))
            && matches!(mine.get(theirs.len()), None | Some(b'/'))
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceId {}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        self.0.bytes().map(lower).cmp(other.0.bytes().map(lower))
    }
}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a resource's text stands, for diagnostics: a path in the folder, or the resource's id when a service sent it. Its `Debug`
/// does not show the text, which may hold secrets.
#[derive(Clone, Default)]
pub struct Origin {
    /// The name of the document.
    pub file: Arc<str>,
    /// Its whole text where it is at hand: spans and positions refer to it.
    pub text: Option<Arc<str>>,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").field("file", &self.file).finish()
    }
}

/// One ARM document. Its `Debug` does not show the properties, which may hold secrets.
#[derive(Clone)]
pub struct Resource {
    /// Its id relative to the service.
    pub id: ResourceId,
    /// The `properties` of the ARM document, verbatim, unknown ones included. A policy document is
    /// `{"format": "rawxml", "value": "<policies>…"}`.
    pub properties: Arc<Map<String, Value>>,
    /// Where it came from.
    pub origin: Origin,
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.properties.keys().collect();
        f.debug_struct("Resource").field("id", &self.id.as_str()).field("properties", &names).finish_non_exhaustive()
    }
}

/// Two resources are equal when id and properties are; where they came from does not count.
impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.properties == other.properties
    }
}

/// All resources of one gateway at one revision. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceSet {
    resources: BTreeMap<ResourceId, Arc<Resource>>,
    faults: BTreeMap<ResourceId, Vec<Diagnostic>>,
}

impl ResourceSet {
    /// Adds a resource; gives back the one that had the same id before.
    pub fn insert(&mut self, resource: Resource) -> Option<Arc<Resource>> {
        self.resources.insert(resource.id.clone(), Arc::new(resource))
    }

    /// Takes a resource and everything below its id away; says whether there was anything.
    pub fn remove(&mut self, id: &ResourceId) -> bool {
        let below: Vec<ResourceId> = self.iter_within(id).map(|resource| resource.id.clone()).collect();
        let was_there = self.resources.remove(id).is_some();
        below.iter().for_each(|id| {
            self.resources.remove(id);
        });
        was_there || !below.is_empty()
    }

    /// The resource with this id.
    #[must_use]
    pub fn get(&self, id: &ResourceId) -> Option<&Arc<Resource>> {
        self.resources.get(id)
    }

    /// All resources in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.resources.values()
    }

    /// The direct children of `collection`, as in `/apis` or `/apis/echo/operations`, in the order of their ids.
    pub fn children(&self, collection: &ResourceId) -> impl Iterator<Item = &Arc<Resource>> + use<'_> {
        let depth = collection.segments().count() + 1;
        self.iter_within(collection).filter(move |resource| resource.id.segments().count() == depth)
    }

    /// Everything below `id`, itself not included, in the order of ids.
    pub fn iter_within(&self, id: &ResourceId) -> impl Iterator<Item = &Arc<Resource>> + use<'_> {
        // The ids below one are neighbours: they begin with its text and a slash. No walk passes over any other.
        let prefix = ResourceId(Arc::from(format!("{id}/")));
        let from = prefix.clone();
        self.resources.range(from..).map(|(_, resource)| resource).take_while(move |resource| begins(resource, &prefix))
    }

    /// Records that a document of the resource `id` could not be read, so that what is left of it is not taken for the whole.
    /// The empty id stands for the set as such.
    pub fn fault(&mut self, id: ResourceId, diagnostic: Diagnostic) {
        self.faults.entry(id).or_default().push(diagnostic);
    }

    /// What could not be read, by resource.
    pub fn faults(&self) -> impl Iterator<Item = (&ResourceId, &[Diagnostic])> {
        self.faults.iter().map(|(id, faults)| (id, faults.as_slice()))
    }

    /// What could not be read of the resource `id`.
    #[must_use]
    pub fn faults_of(&self, id: &ResourceId) -> &[Diagnostic] {
        self.faults.get(id).map_or(&[], Vec::as_slice)
    }

    /// How many resources there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.resources.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }
}

fn begins(resource: &Resource, prefix: &ResourceId) -> bool {
    let (id, prefix) = (resource.id.as_str().as_bytes(), prefix.as_str().as_bytes());
    id.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// The number of a configuration revision. The wire form is eight lower-case hexadecimal digits, as in the original's skip token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Revision(pub u32);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl From<Revision> for String {
    fn from(revision: Revision) -> Self {
        revision.to_string()
    }
}

impl TryFrom<String> for Revision {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Characters of a text that is no revision which are repeated in the error.
const SHOWN_CHARS_MAX: usize = 32;

impl std::str::FromStr for Revision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            // A service can send anything under this name: what is repeated of it stays short.
            let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
            return Err(format!("`{shown}` is not a revision: expected eight hexadecimal digits"));
        }
        u32::from_str_radix(text, 16).map(Self).map_err(|error| format!("`{text}` is not a revision: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[&str]) -> ResourceSet {
        let mut set = ResourceSet::default();
        for id in ids {
            let resource = Resource { id: ResourceId::new(id), properties: Arc::default(), origin: Origin::default() };
            set.insert(resource);
        }
        set
    }

    #[test]
    fn ids_are_normalised_and_compared_without_case() {
        assert_eq!(ResourceId::new("apis//Echo/").as_str(), "/apis/Echo");
        assert_eq!(ResourceId::new("/APIS/echo"), ResourceId::new("/apis/Echo"));
        assert!(ResourceId::new("/apis/echo/operations/x").is_within(&ResourceId::new("/apis/ECHO")));
        assert!(!ResourceId::new("/apis/echo2").is_within(&ResourceId::new("/apis/echo")));
    }

    #[test]
    fn children_are_direct_and_neighbours_are_passed_over() {
        let set =
            set(&["/apis/a", "/apis/a/operations/x", "/apis/a-b", "/apis/a;rev=2", "/apisx/c", "/policies/policy"]);
        let apis = ResourceId::new("/apis");
        let names: Vec<&str> = set.children(&apis).map(|r| r.id.name()).collect();
        assert_eq!(names, ["a", "a-b", "a;rev=2"]);
        let operations = ResourceId::new("/apis/a/operations");
        assert_eq!(set.children(&operations).count(), 1);
    }

    #[test]
    fn remove_takes_the_tree() {
        let mut set = set(&["/apis/a", "/apis/a/operations/x", "/apis/ab"]);
        assert!(set.remove(&ResourceId::new("/apis/A")));
        assert_eq!(set.len(), 1);
        assert!(!set.remove(&ResourceId::new("/apis/zzz")));
    }

    #[test]
    fn what_is_below_an_id_is_what_is_within_it() {
        let ids =
            ["/apis/a", "/apis/A/x", "/apis/a/x/y", "/apis/a-b/x", "/apis/a.b", "/apis/a;rev=2/x", "/apis/a0", "/b"];
        let set = set(&ids);
        for top in ids.iter().chain(&["/apis", "/apis/a/x", "/", "/zzz"]).map(|id| ResourceId::new(id)) {
            let below: Vec<&ResourceId> = set.iter_within(&top).map(|resource| &resource.id).collect();
            let expected = set.iter().map(|resource| &resource.id).filter(|id| **id != top && id.is_within(&top));
            assert_eq!(below, expected.collect::<Vec<_>>(), "{top}");
        }
    }

    #[test]
    fn debug_shows_no_secrets() {
        let properties = serde_json::json!({"primaryKey": "k3y"}).as_object().cloned().unwrap();
        let origin = Origin { file: Arc::from("s.json"), text: Some(Arc::from("{\"primaryKey\": \"k3y\"}")) };
        let mut set = ResourceSet::default();
        set.insert(Resource { id: ResourceId::new("/subscriptions/s"), properties: Arc::new(properties), origin });
        let shown = format!("{set:?}");
        assert!(shown.contains("primaryKey") && !shown.contains("k3y"), "{shown}");
    }

    #[test]
    fn revisions_are_eight_hex_digits() {
        assert_eq!("000006fe".parse::<Revision>(), Ok(Revision(0x6fe)));
        assert_eq!(Revision(18).to_string(), "00000012");
        assert!("12".parse::<Revision>().is_err());
        assert!(
            "1".repeat(1_000_000).parse::<Revision>().is_err_and(|error| error.ends_with("eight hexadecimal digits"))
        );
        assert!("zzzzzzzz".parse::<Revision>().is_err());
        assert!("+000002a".parse::<Revision>().is_err());
    }
}
