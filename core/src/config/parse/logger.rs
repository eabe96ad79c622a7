//! Loggers: the Event Hubs that `log-to-eventhub` writes to. Loggers of other kinds are left to whoever sends telemetry.

use std::sync::Arc;

use crate::config::connection_string::part;
use crate::config::model::{HubCredential, Logger};
use crate::config::named_values::Substitution;
use crate::config::parse::Parsing;
use crate::config::parse::properties::Properties;
use crate::config::resource::Resource;
use crate::config::secret::Secret;
use crate::http::Url;

/// Loggers of other kinds.
const OTHERS: [&str; 2] = ["applicationInsights", "azureMonitor"];

const KNOWN: &[&str] = &["loggerType", "description", "credentials", "isBuffered", "resourceId"];

/// The loggers of the service that are Event Hubs.
pub(super) fn loggers(parsing: &mut Parsing<'_>, substitution: &Substitution) -> Vec<Logger> {
    let mut loggers = Vec::new();
    for resource in parsing.family("/loggers") {
        let mut reader = Reader { properties: Properties::new(resource), substitution };
        let logger = reader.logger();
        loggers.extend(parsing.settle(reader.properties, logger));
    }
    loggers
}

struct Reader<'a, 's> {
    properties: Properties<'a>,
    substitution: &'s Substitution,
}

impl Reader<'_, '_> {
    fn logger(&mut self) -> Option<Logger> {
        let kind = self.properties.required(&["loggerType"])?;
        if !kind.eq_ignore_ascii_case("azureEventHub") {
            if is_event_hub(self.properties.resource) {
                let expected = "`azureEventHub`, `applicationInsights` or `azureMonitor`";
                self.properties.not_one_of(&["loggerType"], kind, expected);
            }
            return None;
        }
        self.properties.note_unknown(KNOWN);
        let (endpoint, path, credential) = match self.properties.value(&["credentials", "endpointAddress"]) {
            Some(_) => self.identity()?,
            None => self.connection()?,
        };
        let hub = match self.properties.value(&["credentials", "name"]) {
            Some(_) => self.text(&["credentials", "name"])?,
            None => path.or_else(|| self.properties.required(&["credentials", "name"]).map(str::to_owned))?,
        };
        Some(Logger { id: self.properties.resource.id.name().to_owned(), endpoint, hub, credential })
    }

    // `Endpoint=sb://…/;SharedAccessKeyName=…;SharedAccessKey=…;EntityPath=…`, in any order. No message shows any of it.
    fn connection(&mut self) -> Option<(Url, Option<String>, HubCredential)> {
        let path = ["credentials", "connectionString"];
        let text = self.text(&path)?;
        let part = |name: &str| part(&text, name);
        let endpoint =
            part("Endpoint").and_then(|text| Url::parse(&format!("https://{}", text.split_once("://")?.1)).ok());
        let Some(endpoint) = endpoint else {
            let message = "the connection string has no `Endpoint=sb://…`";
            self.properties.error(&path, "invalid-connection-string", message);
            return None;
        };
        let (Some(name), Some(key)) = (part("SharedAccessKeyName"), part("SharedAccessKey")) else {
            let message = "the connection string has no `SharedAccessKeyName` and `SharedAccessKey`";
            self.properties.error(&path, "invalid-connection-string", message);
            return None;
        };
        let credential = HubCredential::Key { name: name.to_owned(), key: Secret(key.to_owned()) };
        Some((endpoint, part("EntityPath").map(str::to_owned), credential))
    }

    fn identity(&mut self) -> Option<(Url, Option<String>, HubCredential)> {
        let path = ["credentials", "endpointAddress"];
        let address = self.text(&path)?;
        let host = address.split_once("://").map_or(address.as_str(), |(_, host)| host);
        let Ok(endpoint) = Url::parse(&format!("https://{host}")) else {
            self.properties.error(&path, "invalid-url", format!("`{address}` is no host"));
            return None;
        };
        let client = match self.properties.value(&["credentials", "identityClientId"]) {
            Some(_) => Some(self.text(&["credentials", "identityClientId"])?),
            None => None,
        };
        let client = client.filter(|client| !client.eq_ignore_ascii_case("SystemAssigned"));
        Some((endpoint, None, HubCredential::Identity { client: client.map(Arc::from) }))
    }

    fn text(&mut self, path: &[&str]) -> Option<String> {
        let written = self.properties.required(path)?;
        self.properties.substituted(path, written, self.substitution)
    }
}

/// Whether a logger is an Event Hub, or meant to be something that no logger is.
pub(super) fn is_event_hub(resource: &Resource) -> bool {
    let kind = resource.properties.get("loggerType").and_then(serde_json::Value::as_str).unwrap_or("");
    OTHERS.iter().all(|known| !kind.eq_ignore_ascii_case(known))
}
