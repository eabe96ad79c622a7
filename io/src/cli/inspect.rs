//! A configuration folder from the disk, read for one gateway. Prints nothing.

use holdfast_core::config::folder;
use holdfast_core::config::parse::{Parsed, parse};
use holdfast_core::config::{ResourceId, ResourceSet};
use holdfast_core::diagnostic::Diagnostic;

use crate::cli::arguments::Inspected;

/// A folder, read and parsed.
pub(super) struct Folder {
    pub(super) gateway: String,
    pub(super) set: ResourceSet,
    pub(super) read: Vec<Diagnostic>,
    pub(super) parsed: Parsed,
}

/// Reads the folder.
///
/// # Errors
/// Why there is nothing to look at: the folder cannot be read, or it is not clear which gateway is meant. What was found in the
/// folder all the same comes first.
pub(super) fn read(inspected: &Inspected) -> Result<Folder, Vec<Diagnostic>> {
    let name = inspected.directory.display().to_string();
    let files = crate::folder::read(&inspected.directory)
        .map_err(|message| vec![Diagnostic::error("unreadable-folder", name, message)])?;
    let folder::Read { set, diagnostics } = folder::read(&files);
    let gateway = match gateway(&set, inspected.gateway.as_deref()) {
        Ok(gateway) => gateway,
        Err(unclear) => return Err(diagnostics.into_iter().chain([*unclear]).collect()),
    };
    let parsed = parse(&set, &gateway);
    Ok(Folder { gateway, set, read: diagnostics, parsed })
}

fn gateway(set: &ResourceSet, asked: Option<&str>) -> Result<String, Box<Diagnostic>> {
    let collection = ResourceId::new("/gateways");
    let names: Vec<String> = set.children(&collection).map(|gateway| gateway.id.name().to_owned()).collect();
    match (asked, names.as_slice()) {
        (Some(asked), _) => Ok(asked.to_owned()),
        (None, [only]) => Ok(only.clone()),
        (None, []) => {
            let error = Diagnostic::error("no-gateway", "gateways", "the folder has no gateway");
            Err(Box::new(error.with_help("add `gateways/ID/gatewayInformation.json`")))
        }
        (None, several) => {
            let message = format!("the folder has {} gateways", several.len());
            let listed: Vec<String> = several.iter().map(|name| format!("`{name}`")).collect();
            let help = format!("choose one with `--gateway`: {}", listed.join(", "));
            Err(Box::new(Diagnostic::error("which-gateway", "gateways", message).with_help(help)))
        }
    }
}
