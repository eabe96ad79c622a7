//! A configuration folder on the disk, begun as the sample and edited as a person does. Reads no configuration.

use std::fs;
use std::path::{Path, PathBuf};

use holdfast_sim::sample::{self, Backends};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A configuration folder.
pub(crate) struct Folder {
    place: TempDir,
    backends: Backends,
}

impl Folder {
    /// The sample's folder with its two APIs on these backends; responses show edit 1.
    pub(crate) fn sample(backends: &Backends) -> Self {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = Self { place, backends: backends.clone() };
        sample::write(&folder.path(), 1, backends).expect("the sample can be written");
        folder
    }

    /// Where it is.
    pub(crate) fn path(&self) -> PathBuf {
        self.place.path().join("configuration")
    }

    /// Makes responses show `edit`: one file changes.
    pub(crate) fn edit(&self, edit: u32) {
        let files = sample::files(edit, &self.backends);
        let policy = files.0.get("policy.xml").expect("the sample has a service policy");
        self.write("policy.xml", &String::from_utf8_lossy(policy));
    }

    /// Takes the whole folder away, as a volume that is not mounted (yet).
    pub(crate) fn unmount(&self) {
        fs::rename(self.path(), self.place.path().join("away")).expect("the folder can be moved");
    }

    /// Puts it back.
    pub(crate) fn mount(&self) {
        fs::rename(self.place.path().join("away"), self.path()).expect("the folder can be moved");
    }

    /// What stands in a file.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Adds the GraphQL API `shop` of this schema, open over `http` unless `properties` say otherwise.
    pub(crate) fn graphql(&self, schema: &str, properties: Value) {
        let mut api = json!({ "displayName": "Shop", "path": "shop", "type": "graphql", "protocols": ["http"],
            "subscriptionRequired": false });
        if let (Some(api), Value::Object(properties)) = (api.as_object_mut(), properties) {
            api.extend(properties);
        }
        self.write("apis/shop/apiInformation.json", &json!({ "properties": api }).to_string());
        self.write("apis/shop/specification.graphql", schema);
        self.write("gateways/gw1/apis/shop/gatewayApiInformation.json", "{}");
        // The key that the test's requests carry is the product's.
        self.write("products/starter/apis/shop/productApiInformation.json", "{}");
    }

    /// Gives the field at `path` (`Type/field`) of that API a resolver.
    pub(crate) fn resolver(&self, path: &str, document: &str) {
        let place = format!("apis/shop/resolvers/{}", path.replace('/', "-").to_lowercase());
        let entity = json!({ "properties": { "displayName": path, "path": path } });
        self.write(&format!("{place}/resolverInformation.json"), &entity.to_string());
        self.write(&format!("{place}/policy.xml"), document);
    }

    /// Replaces a file, or adds it. It appears as a whole, as editors and `git` make it: nobody sees half of it.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let beside = self.place.path().join("beside");
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("the folder can be made");
        fs::write(&beside, content).and_then(|()| fs::rename(&beside, &path)).expect("the file can be written");
    }
}
