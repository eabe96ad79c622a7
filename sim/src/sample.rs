//! The sample configuration of demo and simulation: two APIs, a product, a key, and a number that every response shows.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use holdfast_core::config::folder::Files;

/// The gateway resource's id.
pub const GATEWAY: &str = "gw1";
/// A key of the sample's only subscription.
pub const KEY: &str = "5f7c1d20a9c84a6fb3d1e0a4c2b89e61";
/// The header that carries the number of the edit, on the request to the backend and on the response.
pub const EDIT_HEADER: &str = "x-edit";

/// Where the sample's two backends are.
#[derive(Clone, Debug)]
pub struct Backends {
    /// The base URL behind `/orders`.
    pub orders: String,
    /// The base URL behind `/catalog`.
    pub catalog: String,
}

/// The sample as it stands after this edit.
#[must_use]
pub fn files(edit: u32, backends: &Backends) -> Files {
    let mut files = BTreeMap::new();
    let mut add = |path: &str, content: String| files.insert(path.to_owned(), Bytes::from(content));
    add("policy.xml", service_policy(edit));
    add("gateways/gw1/gatewayInformation.json", GATEWAY_INFORMATION.to_owned());
    for (name, path, url) in [("orders", "orders", &backends.orders), ("catalog", "catalog", &backends.catalog)] {
        add(&format!("gateways/gw1/apis/{name}/gatewayApiInformation.json"), "{}".to_owned());
        add(&format!("apis/{name}/apiInformation.json"), api_information(name, path, url));
        add(&format!("apis/{name}/specification.yaml"), SPECIFICATION.replace("NAME", name));
    }
    add("apis/orders/policy.xml", ORDERS_POLICY.to_owned());
    add("products/starter/productInformation.json", PRODUCT.to_owned());
    add("products/starter/apis/orders/productApiInformation.json", "{}".to_owned());
    add("products/starter/apis/catalog/productApiInformation.json", "{}".to_owned());
    add("subscriptions/alice/subscriptionInformation.json", SUBSCRIPTION.replace("KEY", KEY));
    add("named values/greeting/namedValueInformation.json", NAMED_VALUE.to_owned());
    Files(files)
}

/// Writes the sample into a folder.
///
/// # Errors
/// The operating system's.
pub fn write(directory: &Path, edit: u32, backends: &Backends) -> std::io::Result<()> {
    for (path, content) in &files(edit, backends).0 {
        let path = directory.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, content)?;
    }
    Ok(())
}

fn service_policy(edit: u32) -> String {
    format!(
        r#"<policies>
  <inbound>
    <set-header name="{EDIT_HEADER}" exists-action="override"><value>{edit}</value></set-header>
  </inbound>
  <backend>
    <forward-request />
  </backend>
  <outbound>
    <set-header name="{EDIT_HEADER}" exists-action="override"><value>{edit}</value></set-header>
  </outbound>
  <on-error>
    <set-header name="{EDIT_HEADER}" exists-action="override"><value>{edit}</value></set-header>
  </on-error>
</policies>
"#
    )
}

fn api_information(name: &str, path: &str, url: &str) -> String {
    serde_json::json!({
        "properties": {
            "displayName": name,
            "path": path,
            "protocols": ["http", "https"],
            "serviceUrl": url,
            "subscriptionRequired": true,
            "apiRevision": "1",
            "isCurrent": true
        }
    })
    .to_string()
}

const GATEWAY_INFORMATION: &str =
    r#"{ "properties": { "description": "the sample's gateway", "locationData": { "name": "on the rock" } } }"#;

const ORDERS_POLICY: &str = r#"<policies>
  <inbound>
    <base />
    <set-header name="x-greeting" exists-action="override"><value>{{greeting}}</value></set-header>
    <choose>
      <when condition="@(context.Request.Method == "POST" && context.Request.Headers.GetValueOrDefault("x-request-id", "") == "")">
        <return-response>
          <set-status code="400" reason="Bad Request" />
          <set-body>a POST needs an x-request-id</set-body>
        </return-response>
      </when>
    </choose>
  </inbound>
  <backend><base /></backend>
  <outbound><base /></outbound>
  <on-error><base /></on-error>
</policies>
"#;

const PRODUCT: &str = r#"{ "properties": { "displayName": "Starter", "state": "published", "subscriptionRequired": true, "approvalRequired": false } }"#;

const SUBSCRIPTION: &str = r#"{ "properties": { "displayName": "Alice", "scope": "/products/starter", "state": "active", "primaryKey": "KEY" } }"#;

const NAMED_VALUE: &str =
    r#"{ "properties": { "displayName": "greeting", "value": "hello from the rock", "secret": false } }"#;

const SPECIFICATION: &str = "openapi: 3.0.1
info:
  title: NAME
  version: '1.0'
paths:
  /items:
    get:
      operationId: list-items
      summary: List items
      responses:
        '200':
          description: All items
    post:
      operationId: add-item
      summary: Add an item
      responses:
        '201':
          description: Added
  /items/{id}:
    get:
      operationId: get-item
      summary: Get an item
      parameters:
        - name: id
          in: path
          required: true
          schema:
            type: string
      responses:
        '200':
          description: The item
";
