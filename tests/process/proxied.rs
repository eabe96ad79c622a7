//! The way through a forward proxy: by policy, by the entity of a backend, by the environment; to servers with and without TLS.

use holdfast_sim::sample::Backends;
use tempfile::tempdir;

use crate::authority::{Authority, Clients};
use crate::folder::Folder;
use crate::forward_proxy::ForwardProxy;
use crate::gateway::{Gateway, Told, Wiring};
use crate::played::Played;
use crate::wait;

const OPENED: &str = "Basic dTpzd29yZGZpc2g=";

fn wiring(folder: &Folder, backup: &std::path::Path, authority: &Authority) -> Wiring {
    let file = backup.join("authority.pem");
    std::fs::write(&file, authority.pem()).expect("the file can be written");
    Wiring::to(&format!("file://{}", folder.path().display()), backup)
        .set("gateway.name", "gw1")
        .set("holdfast.workers", "1")
        .set("holdfast.upstream.ca.path", &file.display().to_string())
}

fn ask(gateway: &Gateway, target: &str, password: &str) -> Told {
    gateway.get_with(target, &[("x-password", password), ("proxy-authorization", "of the client")]).unwrap()
}

#[test]
fn servers_are_reached_through_a_proxy_that_knows_who_asks() {
    let (authority, backup) = (Authority::new(), tempdir().unwrap());
    let (plain, secure) = (Played::echo(None), Played::echo(Some(authority.server(Clients::Anyone, &[]))));
    let proxy = ForwardProxy::start(OPENED);
    let secure_port = secure.address().port();
    let folder = Folder::sample(&Backends {
        orders: format!("http://{}/base", plain.address()),
        catalog: format!("https://localhost:{secure_port}/base"),
    });
    let policy = format!(
        r#"<policies><inbound><base />
            <proxy url="{}" username="u" password="@(context.Request.Headers.GetValueOrDefault("x-password", ""))" />
        </inbound></policies>"#,
        proxy.url()
    );
    folder.write("apis/orders/policy.xml", &policy);
    folder.write("apis/catalog/policy.xml", &policy);
    let mut gateway = wiring(&folder, backup.path(), &authority).start();
    gateway.is_in(200, &["connected"]);

    for target in ["/orders/items/1?a=b", "/catalog/items/1?a=b", "/orders/items/1?a=b", "/catalog/items/1?a=b"] {
        let told = ask(&gateway, target, "swordfish");
        assert_eq!(told.status, 200, "{target}: {told:?}");
        assert_eq!(told.json().unwrap()["target"], "/base/items/1?a=b", "{told:?}");
    }
    let whole = format!("GET http://{}/base/items/1?a=b", plain.address());
    let tunnel = format!("CONNECT localhost:{secure_port}");
    assert_eq!(proxy.asked(), [whole.clone(), tunnel, whole], "a tunnel is used again");
    let connections: Vec<usize> = secure.asked().iter().map(|asked| asked.connection).collect();
    assert_eq!(connections, [1, 1]);
    assert!(
        plain.asked().iter().all(|asked| asked.field("host") == plain.address().to_string()),
        "{:?}",
        plain.asked()
    );
    assert!(plain.asked().iter().all(|asked| asked.field("proxy-authorization").is_empty()), "{:?}", plain.asked());

    for target in ["/orders/items/1", "/catalog/items/1"] {
        let told = ask(&gateway, target, "guessed");
        assert_eq!(told.status, 500, "what the proxy refuses is no answer of the backend: {told:?}");
    }
    assert_eq!((plain.asked().len(), secure.asked().len()), (2, 2));
    let log = wait::until("the log says what the proxy wants", || {
        let log = format!("{:?}", gateway.log());
        wait::check(log.contains("the proxy wants other credentials (407)"), log)
    });
    assert!(!log.contains("swordfish"), "{log}");
}

#[test]
fn the_environment_names_proxies_and_what_is_reached_without() {
    let (authority, backup) = (Authority::new(), tempdir().unwrap());
    let server = Played::echo(None);
    let (proxy, own) = (ForwardProxy::start(""), ForwardProxy::start(""));
    let port = server.address().port();
    let folder = Folder::sample(&Backends {
        orders: format!("http://127.0.0.1:{port}"),
        catalog: format!("http://localhost:{port}"),
    });
    folder.write("apis/orders/policy.xml", r#"<policies><inbound><base /><choose>
        <when condition="@(context.Request.Headers.ContainsKey("x-entity"))"><set-backend-service backend-id="own" /></when>
        <when condition="@(context.Request.Headers.ContainsKey("x-token"))"><authentication-managed-identity resource="r" ignore-error="true" /></when>
    </choose></inbound></policies>"#);
    folder.write(
        "backends/own/backendInformation.json",
        &format!(
            r#"{{"properties": {{"url": "http://localhost:{port}/own", "protocol": "http", "proxy": {{"url": "{}"}}}}}}"#,
            own.url()
        ),
    );
    let mut gateway = wiring(&folder, backup.path(), &authority)
        .set("HTTP_PROXY", &proxy.url())
        .set("NO_PROXY", "localhost")
        .set("holdfast.identity.endpoint", &format!("http://127.0.0.1:{port}/tokens"))
        .start();
    gateway.is_in(200, &["connected"]);
    for (target, field) in [
        ("/orders/items/1", "x-none"),
        ("/catalog/items/1", "x-none"),
        ("/orders/items/2", "x-entity"),
        ("/orders/items/3", "x-token"),
    ] {
        let told = gateway.get_with(target, &[(field, "1")]).unwrap();
        assert_eq!(told.status, 200, "{target}: {told:?}");
    }
    let through = |item: u32, host: &str| format!("GET http://{host}:{port}/items/{item}");
    assert_eq!(proxy.asked(), [through(1, "127.0.0.1"), through(3, "127.0.0.1")], "tokens are asked for without it");
    assert_eq!(
        own.asked(),
        [format!("GET http://localhost:{port}/own/items/2")],
        "an entity's own proxy stands before `NO_PROXY`"
    );
}
