//! Where tokens of managed identities come from, by what the platform puts into the environment. Asks nobody.

use std::sync::Arc;

use holdfast_core::config::secret::Secret;
use holdfast_core::http::Url;
use holdfast_core::keys::TokenSource;

use super::read::Reader;
use super::table;

const ENDPOINT: &str = "holdfast.identity.endpoint";

/// Where the agent of Azure Arc puts the files by which it knows whom it may give tokens to, as this process sees it.
const ARC_KEYS: &str = "holdfast.identity.arc.keys";

/// The metadata service of Azure's virtual machines: what there is when the environment says nothing.
#[must_use]
pub fn metadata_service() -> TokenSource {
    let endpoint = table::find(ENDPOINT).and_then(|key| key.default).and_then(|text| Url::parse(text).ok());
    TokenSource::Metadata { endpoint: endpoint.unwrap_or_default() }
}

/// A given endpoint, else workload identity, else the endpoint of App Service, else the agent of Azure Arc, else the metadata service; the order of Azure's own
/// libraries.
pub(super) fn source(reader: &mut Reader) -> Option<TokenSource> {
    if reader.is_given(ENDPOINT) {
        return reader.read(ENDPOINT, url).map(|endpoint| TokenSource::Metadata { endpoint });
    }
    if let Some(file) = reader.text("AZURE_FEDERATED_TOKEN_FILE") {
        let authority = reader.read("AZURE_AUTHORITY_HOST", url)?;
        let client = reader.text("AZURE_CLIENT_ID").map(Arc::from);
        let tenant = reader.text("AZURE_TENANT_ID").map(Arc::from);
        if let (Some(client), Some(tenant)) = (client, tenant) {
            return Some(TokenSource::Workload { authority, tenant, client, file: Arc::from(file) });
        }
        let message = "`AZURE_FEDERATED_TOKEN_FILE` has no effect without `AZURE_CLIENT_ID` and `AZURE_TENANT_ID`";
        reader.warn(message.to_owned());
    }
    if let (true, Some(secret)) = (reader.is_given("IDENTITY_ENDPOINT"), reader.text("IDENTITY_HEADER")) {
        let endpoint = reader.read("IDENTITY_ENDPOINT", url)?;
        return Some(TokenSource::AppService { endpoint, secret: Secret(secret) });
    }
    if reader.is_given("IDENTITY_ENDPOINT") && reader.text("IMDS_ENDPOINT").is_some() {
        let endpoint = reader.read("IDENTITY_ENDPOINT", url)?;
        let folder = reader.text(ARC_KEYS)?;
        return Some(TokenSource::Arc { endpoint, folder: Arc::from(folder) });
    }
    Some(metadata_service())
}

fn url(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|error| format!("`{text}` is not a URL: {error}"))
}
