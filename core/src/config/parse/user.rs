//! Users and groups, as far as `context.User` and `context.Product` show them. Decides no access.

use crate::config::model::{Group, Identity, User};
use crate::config::parse::properties::Properties;
use crate::config::parse::{Parsing, reference};
use crate::config::resource::ResourceId;

const KNOWN: &[&str] =
    &["email", "firstName", "lastName", "note", "registrationDate", "identities", "groups", "state", "password"];

const GROUP_KNOWN: &[&str] = &["displayName", "description", "builtIn", "type", "externalId"];

/// The groups of the service.
pub(super) fn groups(parsing: &mut Parsing<'_>) -> Vec<Group> {
    let mut groups = Vec::new();
    for resource in parsing.family("/groups") {
        let mut properties = Properties::new(resource);
        properties.note_unknown(GROUP_KNOWN);
        let id = resource.id.name().to_owned();
        let display_name = properties.text(&["displayName"]).unwrap_or(&id).to_owned();
        let users = parsing.set.children(&resource.id.child("users")).map(|link| link.id.name().to_owned()).collect();
        groups.extend(parsing.settle(properties, Some(Group { id, display_name, users })));
    }
    groups
}

/// The users of the service.
pub(super) fn users(parsing: &mut Parsing<'_>) -> Vec<User> {
    let mut users = Vec::new();
    for resource in parsing.family("/users") {
        let mut properties = Properties::new(resource);
        let user = user(&mut properties);
        users.extend(parsing.settle(properties, Some(user)));
    }
    users
}

fn user(properties: &mut Properties<'_>) -> User {
    properties.note_unknown(KNOWN);
    let mut text = |name: &str| properties.text(&[name]).unwrap_or_default().to_owned();
    User {
        email: text("email"),
        first_name: text("firstName"),
        last_name: text("lastName"),
        note: text("note"),
        registered: properties.moment(&["registrationDate"]),
        identities: identities(properties),
        groups: groups_of(properties),
        id: properties.resource.id.name().to_owned(),
    }
}

fn identities(properties: &mut Properties<'_>) -> Vec<Identity> {
    let mut identities = Vec::new();
    for at in 0..properties.items(&["identities"]).len() {
        // The item is found by its place, so that a mistake in it is named there.
        let item = properties.items(&["identities"]).get(at);
        let text = |name: &str| item.and_then(|item| item.get(name)).and_then(|text| text.as_str());
        match (text("id"), text("provider")) {
            (Some(id), Some(provider)) => {
                identities.push(Identity { id: id.to_owned(), provider: provider.to_owned() });
            }
            _ => properties.error(&["identities"], "wrong-type", "an identity has an `id` and a `provider`"),
        }
    }
    identities
}

// The ids of the groups that the user's own document names: as texts, or as the objects of ARM's expanded answer.
fn groups_of(properties: &mut Properties<'_>) -> Vec<String> {
    let named = |item: &serde_json::Value| item.as_str().or_else(|| item.get("name")?.as_str()).map(str::to_owned);
    let items = properties.items(&["groups"]);
    let names: Option<Vec<String>> = items.iter().map(named).collect();
    match names {
        Some(names) => names.iter().map(|name| last_segment(name)).collect(),
        None => {
            properties.error(&["groups"], "wrong-type", "a group is named by its id, or is an object with a `name`");
            Vec::new()
        }
    }
}

fn last_segment(name: &str) -> String {
    reference::family_and_name(name).map_or_else(|| ResourceId::new(name).name().to_owned(), |(_, name)| name)
}
