//! References between resources as ARM writes them. Looks nothing up.

/// What stands before the relative id in a full ARM id.
const SERVICE: &str = "/providers/microsoft.apimanagement/service/";

/// An id relative to the service, with its leading `/`: from a full ARM id, from a relative one, from one without leading `/`.
/// The service itself is `/`.
pub(super) fn relative(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let rest = match lower.find(SERVICE) {
        Some(at) => {
            let rest = text.get(at + SERVICE.len()..).unwrap_or("");
            rest.split_once('/').map_or("", |(_, rest)| rest)
        }
        None => text,
    };
    format!("/{}", rest.trim_matches('/'))
}

/// The family and the name of a reference to a resource of the first level, as in `("products", "x")` for `/products/x`.
pub(super) fn family_and_name(text: &str) -> Option<(String, String)> {
    let relative = relative(text);
    let (family, name) = relative.trim_start_matches('/').split_once('/')?;
    (!name.contains('/')).then(|| (family.to_ascii_lowercase(), name.to_owned()))
}

/// The name of an API without its revision, and the revision: `echo;rev=2` (or `echo%3Brev%3D2`) is `("echo", Some("2"))`.
pub(super) fn split_revision(name: &str) -> (String, Option<String>) {
    let decoded = name.replace("%3B", ";").replace("%3b", ";").replace("%3D", "=").replace("%3d", "=");
    let at = decoded.to_ascii_lowercase().find(";rev=");
    match at.and_then(|at| Some((decoded.get(..at)?, decoded.get(at + ";rev=".len()..)?))) {
        Some((api, revision)) => (api.to_owned(), Some(revision.to_owned())),
        None => (decoded, None),
    }
}

/// Whether `name` is a revision of the API `api`.
pub(super) fn is_revision_of(name: &str, api: &str) -> bool {
    split_revision(name).0.eq_ignore_ascii_case(api)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_every_form() {
        let full = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/contoso";
        assert_eq!(relative(full), "/");
        assert_eq!(relative(&format!("{full}/products/x")), "/products/x");
        assert_eq!(relative("products/x"), "/products/x");
        assert_eq!(relative("/apis/"), "/apis");
        assert_eq!(family_and_name(&format!("{full}/Products/x")), Some(("products".into(), "x".into())));
        assert_eq!(family_and_name("/apis"), None);
        assert_eq!(family_and_name("/apis/a/operations/b"), None);
    }

    #[test]
    fn revisions_in_names() {
        assert_eq!(split_revision("echo"), ("echo".into(), None));
        assert_eq!(split_revision("echo;rev=2"), ("echo".into(), Some("2".into())));
        assert_eq!(split_revision("echo%3Brev%3d12"), ("echo".into(), Some("12".into())));
        assert!(is_revision_of("Echo;REV=2", "echo"));
    }
}
