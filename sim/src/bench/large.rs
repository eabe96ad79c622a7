//! A large configuration, made up: many APIs with the same shape and different names. Serves no other purpose.

use std::collections::BTreeMap;
use std::fmt::Write;

use bytes::Bytes;
use holdfast_core::config::folder::Files;

/// The gateway resource's id.
pub(super) const GATEWAY: &str = "gw1";
/// The header by which a response shows the edit.
pub(super) const EDIT_HEADER: &str = "x-edit";

/// The configuration's files: `apis` APIs of `operations` operations, every scope with a policy; `edit` stands in the service's.
pub(super) fn files((apis, operations): (usize, usize), edit: usize, backend: &str) -> Files {
    let mut files = BTreeMap::new();
    let mut add = |path: String, content: String| files.insert(path, Bytes::from(content));
    add("policy.xml".to_owned(), SERVICE_POLICY.replace("EDIT", &edit.to_string()));
    add(
        format!("gateways/{GATEWAY}/gatewayInformation.json"),
        r#"{"properties":{"locationData":{"name":"here"}}}"#.to_owned(),
    );
    for api in 0..apis {
        let folder = format!("apis/api-{api}");
        add(format!("gateways/{GATEWAY}/apis/api-{api}/gatewayApiInformation.json"), "{}".to_owned());
        add(format!("{folder}/apiInformation.json"), information(api, backend));
        add(format!("{folder}/specification.yaml"), specification(api, operations));
        add(format!("{folder}/policy.xml"), API_POLICY.replace("API", &api.to_string()));
        for operation in 0..operations {
            let policy = OPERATION_POLICY.replace("OPERATION", &operation.to_string());
            add(format!("{folder}/operations/operation-{operation}/policy.xml"), policy);
        }
    }
    Files(files)
}

fn information(api: usize, backend: &str) -> String {
    serde_json::json!({ "properties": {
        "displayName": format!("API {api}"),
        "path": format!("team-{}/api-{api}", api % 50),
        "protocols": ["http", "https"],
        "serviceUrl": format!("{backend}/service-{api}"),
        "subscriptionRequired": false,
        "apiRevision": "1",
        "isCurrent": true
    }})
    .to_string()
}

fn specification(api: usize, operations: usize) -> String {
    let mut text = format!("openapi: 3.0.1\ninfo:\n  title: API {api}\n  version: '1.0'\npaths:\n");
    for operation in 0..operations {
        // Writing to a string does not fail.
        let _written = write!(
            text,
            "  /things-{operation}/{{id}}:\n    get:\n      operationId: operation-{operation}\n      parameters:\n        - name: id\n          \
             in: path\n          required: true\n          schema:\n            type: string\n      responses:\n        '200':\n          \
             description: A thing\n"
        );
    }
    text
}

const SERVICE_POLICY: &str = r#"<policies>
  <inbound><set-header name="x-edit" exists-action="override"><value>EDIT</value></set-header></inbound>
  <backend><forward-request /></backend>
  <outbound><set-header name="x-edit" exists-action="override"><value>EDIT</value></set-header></outbound>
</policies>"#;

const API_POLICY: &str = r#"<policies>
  <inbound>
    <base />
    <set-header name="x-api" exists-action="override"><value>API</value></set-header>
    <set-variable name="caller" value="@(context.Request.Headers.GetValueOrDefault("x-caller", "nobody"))" />
  </inbound>
  <backend><base /></backend>
  <outbound><base /></outbound>
  <on-error><base /></on-error>
</policies>"#;

const OPERATION_POLICY: &str = r#"<policies>
  <inbound>
    <base />
    <choose>
      <when condition="@((string)context.Variables["caller"] == "somebody" && context.Request.Method == "GET")">
        <set-header name="x-operation" exists-action="override"><value>OPERATION</value></set-header>
      </when>
      <otherwise>
        <set-query-parameter name="operation" exists-action="override"><value>OPERATION</value></set-query-parameter>
      </otherwise>
    </choose>
  </inbound>
  <backend><base /></backend>
  <outbound><base /></outbound>
  <on-error><base /></on-error>
</policies>"#;
