//! Who the gateway is to backends: client certificates in real handshakes, tokens of managed identities. Its clients show nothing.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdfast_sim::sample::Backends;
use rcgen::KeyPair;
use serde_json::json;
use tempfile::tempdir;

use crate::authority::{Authority, Certified, Clients};
use crate::folder::Folder;
use crate::gateway::Wiring;
use crate::played::{Answer, Played};

/// A configuration folder whose `/orders` is the server at this address, under this policy of its inbound section.
fn folder(orders: &str, inbound: &str) -> Folder {
    let folder = Folder::sample(&Backends { orders: orders.to_owned(), catalog: orders.to_owned() });
    folder.write("apis/orders/policy.xml", &format!("<policies><inbound><base />{inbound}</inbound></policies>"));
    folder
}

/// A gateway with one worker, so that it has one pool of connections, which trusts this authority.
fn wiring(folder: &Folder, backup: &std::path::Path, authority: &Authority) -> Wiring {
    let file = backup.join("authority.pem");
    fs::write(&file, authority.pem()).expect("the file can be written");
    Wiring::to(&format!("file://{}", folder.path().display()), backup)
        .set("gateway.name", "gw1")
        .set("holdfast.workers", "1")
        .set("holdfast.upstream.ca.path", &file.display().to_string())
}

fn add_certificate(folder: &Folder, id: &str, certified: &Certified) {
    folder.write(
        &format!("certificates/{id}/certificateInformation.json"),
        r#"{"properties": {"subject": "of a test"}}"#,
    );
    folder.write(&format!("certificates/{id}/cert.pem"), &certified.chain);
    folder.write(&format!("certificates/{id}/key.pem"), &certified.key);
}

#[test]
fn a_backend_that_demands_a_certificate_gets_the_one_that_the_policy_names() {
    let (authority, backup) = (Authority::new(), tempdir().unwrap());
    let server = Played::echo(Some(authority.server(Clients::Certified, &[])));
    let indifferent = Played::echo(Some(authority.server(Clients::Anyone, &[])));
    let inbound = r#"<choose>
        <when condition="@(context.Request.Headers.ContainsKey("x-certificate"))">
          <authentication-certificate certificate-id="@(context.Request.Headers.GetValueOrDefault("x-certificate", ""))" />
        </when>
        <when condition="@(context.Request.Headers.ContainsKey("x-entity"))"><set-backend-service backend-id="mutual" /></when>
      </choose>"#;
    let folder = folder(&format!("https://localhost:{}", server.address().port()), inbound);
    folder.write(
        "apis/catalog/policy.xml",
        &format!(
            r#"<policies><inbound><base /><set-backend-service base-url="https://localhost:{}" />
               <authentication-certificate certificate-id="elliptic" /></inbound></policies>"#,
            indifferent.address().port()
        ),
    );
    let elliptic = authority.certify("elliptic");
    let rsa = authority.certify_key("rsa", &KeyPair::from_pem(RSA_KEY).expect("a key"));
    add_certificate(&folder, "elliptic", &elliptic);
    add_certificate(&folder, "rsa", &rsa);
    let entity = format!(
        r#"{{"properties": {{"url": "https://localhost:{}/entity", "protocol": "http",
            "credentials": {{"certificateIds": ["/certificates/rsa"]}}}}}}"#,
        server.address().port()
    );
    folder.write("backends/mutual/backendInformation.json", &entity);
    let mut gateway = wiring(&folder, backup.path(), &authority).start();
    gateway.is_in(200, &["connected"]);

    let ask = |fields: &[(&str, &str)]| gateway.get_with("/orders/items/1", fields).unwrap();
    for fields in [
        [("x-certificate", "elliptic")],
        [("x-certificate", "rsa")],
        [("x-certificate", "elliptic")],
        [("x-entity", "1")],
    ] {
        let told = ask(&fields);
        assert_eq!(told.status, 200, "{fields:?}: {told:?}");
    }
    let shown: Vec<(usize, Option<Vec<u8>>)> =
        server.asked().into_iter().map(|asked| (asked.connection, asked.certificate)).collect();
    let (elliptic_leaf, rsa_leaf) = (Some(elliptic.leaf()), Some(rsa.leaf()));
    let expected = vec![(1, elliptic_leaf.clone()), (2, rsa_leaf.clone()), (1, elliptic_leaf), (2, rsa_leaf)];
    assert!(
        shown == expected,
        "a connection speaks for one identity: {:?}",
        shown.iter().map(|(n, _)| n).collect::<Vec<_>>()
    );

    assert_eq!(server.asked()[0].field("x-edit"), "1", "the request is the one that policies have made");

    let told = gateway.get("/catalog/items/1").unwrap();
    assert_eq!(told.status, 200, "{told:?}");
    assert!(indifferent.asked()[0].certificate.is_none(), "who asks for nothing is shown nothing");

    let refused = ask(&[]);
    assert_eq!(refused.status, 500, "{refused:?}");
    assert_eq!(server.asked().len(), 4, "nothing is asked of a server that was shown nothing");
    let log = format!("{:?}", gateway.log());
    for secret in [&elliptic.key, &rsa.key] {
        let line = secret.lines().nth(1).expect("a line of the key");
        assert!(!log.contains(line), "no key in the log");
    }
    gateway.must_run();
}

/// An endpoint that gives a token for each resource, named after its number.
fn token_endpoint() -> Played {
    let given = AtomicUsize::new(0);
    Played::start(
        None,
        Box::new(move |_| {
            let token = format!("token-{}", given.fetch_add(1, Ordering::Relaxed) + 1);
            let answer = json!({ "access_token": token, "expires_in": "3600", "token_type": "Bearer" });
            Answer("200 OK", vec!["content-type: application/json".to_owned()], answer.to_string().into_bytes())
        }),
    )
}

const BY_HEADER: &str = r#"<authentication-managed-identity
    resource="@(context.Request.Headers.GetValueOrDefault("x-resource", "api://one"))" />"#;

fn authorizations(server: &Played) -> Vec<String> {
    server.asked().iter().map(|asked| asked.field("authorization").to_owned()).collect()
}

#[test]
fn a_token_of_the_metadata_service_is_fetched_once_and_goes_with_every_request() {
    let (authority, backup) = (Authority::new(), tempdir().unwrap());
    let (service, server) = (token_endpoint(), Played::echo(None));
    let folder = folder(&format!("http://{}", server.address()), BY_HEADER);
    let endpoint = format!("http://{}/metadata/identity/oauth2/token", service.address());
    let wiring = wiring(&folder, backup.path(), &authority).set("holdfast.identity.endpoint", &endpoint);
    let mut gateway = wiring.start();
    gateway.is_in(200, &["connected"]);
    for resource in ["api://one", "api://two", "api://one"] {
        let told = gateway.get_with("/orders/items/1", &[("x-resource", resource)]).unwrap();
        assert_eq!(told.status, 200, "{told:?}");
    }
    assert_eq!(authorizations(&server), ["Bearer token-1", "Bearer token-2", "Bearer token-1"]);
    let asked = service.asked();
    let targets: Vec<&str> = asked.iter().map(|asked| asked.target.as_str()).collect();
    let target = |resource: &str| {
        format!("/metadata/identity/oauth2/token?api-version=2018-02-01&resource=api%3A%2F%2F{resource}")
    };
    assert_eq!(targets, [target("one"), target("two")]);
    assert!(asked.iter().all(|asked| asked.field("metadata") == "true"), "{asked:?}");
    assert!(!format!("{:?}", gateway.log()).contains("token-1"), "no token in the log");
}

#[test]
fn in_kubernetes_the_token_of_the_pod_is_exchanged_and_read_anew() {
    let (authority, backup) = (Authority::new(), tempdir().unwrap());
    let (entra, server) = (token_endpoint(), Played::echo(None));
    let folder = folder(&format!("http://{}", server.address()), BY_HEADER);
    let file = backup.path().join("federated");
    fs::write(&file, "eyJ.first.token\n").expect("the file can be written");
    let wiring = wiring(&folder, backup.path(), &authority)
        .set("AZURE_FEDERATED_TOKEN_FILE", &file.display().to_string())
        .set("AZURE_CLIENT_ID", "client")
        .set("AZURE_TENANT_ID", "tenant")
        .set("AZURE_AUTHORITY_HOST", &format!("http://{}/", entra.address()));
    let mut gateway = wiring.start();
    gateway.is_in(200, &["connected"]);
    let ask = |resource: &str| gateway.get_with("/orders/items/1", &[("x-resource", resource)]).unwrap().status;
    assert_eq!(ask("api://one"), 200);
    fs::write(&file, "eyJ.second.token\n").expect("the file can be written");
    assert_eq!(ask("api://two"), 200);
    fs::remove_file(&file).expect("the file can be removed");
    assert_eq!((ask("api://one"), ask("api://three")), (200, 500), "what is at hand is used on");
    assert_eq!(authorizations(&server), ["Bearer token-1", "Bearer token-2", "Bearer token-1"]);
    let asked = entra.asked();
    assert!(asked.iter().all(|asked| asked.target == "/tenant/oauth2/v2.0/token"), "{asked:?}");
    let forms: Vec<String> = asked.iter().map(|asked| asked.text()).collect();
    assert!(forms[0].ends_with("client_assertion=eyJ.first.token"), "{forms:?}");
    assert!(forms[1].ends_with("client_assertion=eyJ.second.token") && forms.len() == 2, "{forms:?}");
    assert!(
        forms[0].contains("client_id=client&") && forms[0].contains("scope=api%3A%2F%2Fone%2F.default&"),
        "{forms:?}"
    );
}

#[test]
fn a_connection_gets_tokens_of_its_provider_and_its_secret_stands_apart() {
    let (authority, backup) = (Authority::new(), tempdir().unwrap());
    let given = AtomicUsize::new(0);
    let give = move |asked: &crate::played::Asked| {
        if !asked.text().contains("client_secret=s3cret") {
            return Answer("401 Unauthorized", Vec::new(), br#"{"error": "invalid_client"}"#.to_vec());
        }
        let number = given.fetch_add(1, Ordering::Relaxed) + 1;
        let answer = json!({ "access_token": format!("token-{number}"), "expires_in": 3600, "scope": "read" });
        Answer("200 OK", vec!["content-type: application/json".to_owned()], answer.to_string().into_bytes())
    };
    let provider = Played::start(Some(authority.server(Clients::Anyone, &[])), Box::new(give));
    let server = Played::echo(None);
    let inbound = r#"<get-authorization-context provider-id="crm" authorization-id="read" context-variable-name="auth" />
        <set-header name="Authorization"><value>@("Bearer " + ((Authorization)context.Variables.GetValueOrDefault("auth"))?.AccessToken)</value></set-header>
        <set-header name="X-Scope"><value>@((string)((Authorization)context.Variables["auth"]).Claims["scope"])</value></set-header>"#;
    let folder = folder(&format!("http://{}", server.address()), inbound);
    let token_url = format!("https://localhost:{}/token", provider.address().port());
    folder.write(
        "authorization providers/crm/authorizationProviderInformation.json",
        &json!({ "properties": { "identityProvider": "oauth2", "oauth2": { "grantTypes": { "clientCredentials": { "tokenUrl": token_url } } } } })
            .to_string(),
    );
    folder.write(
        "authorization providers/crm/authorizations/read/authorizationInformation.json",
        r#"{"properties": {"authorizationType": "OAuth2", "oauth2grantType": "ClientCredentials", "parameters": {"clientId": "c"}}}"#,
    );
    folder.write("secrets.env", "authorizations.crm/read.clientSecret=s3cret\n");
    let mut gateway = wiring(&folder, backup.path(), &authority).start();
    gateway.is_in(200, &["connected"]);
    for _ in 0..2 {
        let told = gateway.get("/orders/items/1").unwrap();
        assert_eq!(told.status, 200, "{told:?}");
    }
    assert_eq!(authorizations(&server), ["Bearer token-1", "Bearer token-1"]);
    assert_eq!(server.asked()[0].field("x-scope"), "read");
    let asked = provider.asked();
    assert_eq!(asked.len(), 1, "one token serves all: {asked:?}");
    assert_eq!(asked[0].text(), "grant_type=client_credentials&client_id=c&client_secret=s3cret");
    let log = format!("{:?}", gateway.log());
    assert!(!log.contains("s3cret") && !log.contains("token-1"), "neither in the log");
    gateway.must_run();
}

/// Of this test alone; the library that makes certificates makes no such keys.
const RSA_KEY: &str = "-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDeLTr1cV+BYff9
VlZ/wnYka4EhzCo5Lun5j3QIbvNnn/NIeO/NS1PiB6WAdJDxibp87R4MOr0eTlqQ
38RW78irN8gTgvVnKyOILn+91aLC8daAaWpeFrKpJJWAl5NRqzeXMeEaXgR8dAMz
D0R787JKeUwo/flFwUjDDpA3PfqJ3z3izFXevorwiMXwfr+/AIRwnkUSp3933IIk
eUuBJa4zP8qLui61+cjDMZFUVa6iNDNfbRzSNccxbIki+UYMhgUZQKcp19GME+hl
IAAiUqx0uda4ZPwIpwG5py0B5xaWkvoiNEd7N97Q5rqD9Mre6H5XsvQe/rZJhbez
9T2hF735AgMBAAECggEAXGKbbx8/Eupdd+sUWdjPTpKjZh3i+tc+tKbJnY4hSZgx
zhN3x7qIfWcnkzQlZ0KZmMPyqCwuorD7KN3bYzkfDM9Ls41TpRxDkKehN5tjrENq
qgfrkodGsF3Fiuy8dgvHuGelzlSE8gk9oVg6Zn5tx1kL6cm+Axr9uhpOrqHnkbdL
yW7fcnW+OHWylm6yCHYOnpsdlKKrEkdO5/8LQDdPg2aGe4hHSNLqZkIo0HZsfGSA
9NFXZhil1QWk5HBOY7bIcVzgfQdHwERTiTxYHDJhyoap5/old96FnE2mfJIDWy6Q
zQqdZhr4RhI7OQJ+TPVt20TF23VE1HZKd49X2oZ/VwKBgQDvrrzKmlBksMeC13Pi
TIvQXu4Dm0i+M0OrPkcXmff4nhxqRfwpiePS/jhu1v2LXoOMKmln2Ta/GqpwrXeT
7COtwus/2s5l49NYhEujPsXaJ7bJ6APJWzWBAksHhgXK8qHj2uU+IqyeMzZhVcmf
IfCnWR2Gb9mpPfznrnBH3j99NwKBgQDtTWUQLyyzKox9sQjLQkX3tEb6+LVzNY2/
hPk9cxeF9TNdn277Ij+XkKJTBIyxXmznuzbMehoXdLK8uKmNJtANTUspKyAz+CNK
0Ck6wDIn1qv0VPrZ4Edq/79bsv1l83s2J/A22SYUlNDyiOct1CoV0wD6mxLEf3Wt
ftImsN22TwKBgH1jL3baRcZ3SNhlOEWh/96xWtjeKq7+CJ+URALP1I7mwDzEggeF
EH936TPrGtcHSdBQ+7WNR/uvyoyJ4y2qcnvbpdBQ+nsJNa5v/1XWaBEZh6GW1CxJ
n/LurSuxbGRgjFq0UAsyfpWAeyluhLzQN6KEl1KWPwsv15eohSrD1Pj/AoGBAIzY
bO2oMk29KVnI48FQeprE44Q+beQNmy5bTFuOnh2iJXSiFor0Du50qAPCJYd41gbM
dX/z0NyvJQ8iQ3BF4yKiB8RNlnWCB+B1oKMARESlA7anYaRDm+AEH53bpM8ILs87
8TV8uT9p/IKXgy8OSFRfwqr7s63xQPVS2oSgYVe9AoGAAvoT8tO+qF68Q2tl9DB9
RktCTMaMmtEhdXP5j7UCIKdyP0E354NeXmI3/EWdRWQ+mOemNiJ1plQ400pL5T+z
C135he/eQxzIZ5hrf/xC3dEKpWyZLXQQi4PTsWXNCpjUEqPOeHpuIr7NGPtLq6v5
xbXVTI9Y45ST76gR+A0iezE=
-----END PRIVATE KEY-----
";
