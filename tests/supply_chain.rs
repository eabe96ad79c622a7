//! Licences, sources and duplicate versions of everything that is linked, held against `deny.toml`. Asks no network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn metadata() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above the package");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

fn rules() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above the package");
    std::fs::read_to_string(root.join("deny.toml")).expect("deny.toml is there")
}

/// The quoted strings of `key = [ … ]` in the rules.
fn list(rules: &str, key: &str) -> BTreeSet<String> {
    let start = rules.find(&format!("\n{key} = [")).unwrap_or_else(|| panic!("deny.toml has no `{key}`"));
    let body = rules[start..].split_once('[').and_then(|(_, rest)| rest.split_once(']')).expect("a closed list").0;
    body.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The crates named in `skip = [ { crate = "…", … } ]`.
fn skipped(rules: &str) -> BTreeSet<String> {
    rules.split("{ crate = \"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// The packages that the resolved graph reaches, as (name, version, licence, source).
fn packages(metadata: &Value) -> Vec<(String, String, String, Option<String>)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    metadata["packages"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|p| (text(&p["name"]), text(&p["version"]), text(&p["license"]), p["source"].as_str().map(str::to_owned)))
        .collect()
}

/// Whether an SPDX expression can be satisfied by the allowed licences: `OR` needs one side, `AND` all, parentheses group.
fn satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = expression.split_whitespace().collect();
    let mut at = 0;
    let result = any(&tokens, &mut at, allowed);
    result && at == tokens.len()
}

fn any(tokens: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut result = all(tokens, at, allowed);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        result |= all(tokens, at, allowed);
    }
    result
}

fn all(tokens: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut result = one(tokens, at, allowed);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        result &= one(tokens, at, allowed);
    }
    result
}

fn one(tokens: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    if tokens.get(*at) == Some(&"(") {
        *at += 1;
        let result = any(tokens, at, allowed);
        *at += 1;
        return result;
    }
    let mut licence = tokens.get(*at).copied().unwrap_or_default().to_owned();
    *at += 1;
    if tokens.get(*at) == Some(&"WITH") {
        licence = format!("{licence} WITH {}", tokens.get(*at + 1).copied().unwrap_or_default());
        *at += 2;
    }
    allowed.contains(&licence)
}

#[test]
fn every_licence_is_allowed() {
    let allowed = list(&rules(), "allow");
    let packages = packages(&metadata());
    assert!(packages.len() > 50, "the graph was not read");
    let wrong: Vec<String> = packages
        .iter()
        .filter(|(_, _, licence, _)| !satisfied(licence, &allowed))
        .map(|(name, version, licence, _)| format!("{name} {version}: `{licence}`"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_source_is_the_same_registry() {
    let packages = packages(&metadata());
    let sources: BTreeSet<&String> = packages.iter().filter_map(|(_, _, _, source)| source.as_ref()).collect();
    assert_eq!(sources.len(), 1, "packages come from more than one place: {sources:?}");
    assert!(sources.iter().all(|source| source.starts_with("registry+")), "{sources:?} is no registry");
    let mut own: Vec<&str> =
        packages.iter().filter(|package| package.3.is_none()).map(|package| package.0.as_str()).collect();
    own.sort_unstable();
    assert_eq!(own, ["holdfast", "holdfast-core", "holdfast-sim"], "only the workspace's own packages have no source");
}

#[test]
fn duplicate_versions_are_known_and_explained() {
    let known = skipped(&rules());
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version, _, _) in packages(&metadata()) {
        versions.entry(name).or_default().insert(version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let unknown: Vec<String> = versions
        .iter()
        .filter(|(name, _)| !known.contains(*name))
        .map(|(name, versions)| format!("{name}: {versions:?}"))
        .collect();
    assert!(unknown.is_empty(), "duplicate versions without a reason in deny.toml:\n{}", unknown.join("\n"));
    let stale: Vec<&String> = known.iter().filter(|name| !versions.contains_key(*name)).collect();
    assert!(stale.is_empty(), "deny.toml explains duplicates that are gone: {stale:?}");
}

#[test]
fn the_reader_of_licence_expressions() {
    let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned).into_iter().collect();
    assert!(satisfied("MIT/Apache-2.0", &allowed));
    assert!(satisfied("(MIT OR GPL-3.0) AND Unicode-3.0", &allowed));
    assert!(!satisfied("MIT AND GPL-3.0", &allowed));
    assert!(!satisfied("GPL-3.0", &allowed));
    assert!(!satisfied("", &allowed));
    assert!(!satisfied("Apache-2.0 WITH LLVM-exception", &allowed));
}
