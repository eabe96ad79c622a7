//! The client against services that answer bytes as they were written here, over real sockets.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::*;
use holdfast_core::exchange::UpstreamTls;
use holdfast_core::time::{Instant, Now, WallTime};

use crate::clock::SystemClock;
use crate::net::TokioNet;
use crate::tls::{ClientTls, Identity, ServerTls, self_signed};

/// What a service does with one connection: the answers, in order; `None` closes it instead.
type Script = Vec<Vec<Option<Vec<u8>>>>;

fn answer(status: &str, headers: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", content.len()).into_bytes();
    bytes.extend_from_slice(content);
    bytes
}

fn ok(content: &str) -> Option<Vec<u8>> {
    Some(answer("200 OK", "", content.as_bytes()))
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Plays `script`, one entry per connection, and tells every request head that it saw.
async fn service(script: Script) -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (seen, requests) = mpsc::unbounded_channel();
    tokio::task::spawn_local(async move {
        for answers in script {
            let (mut stream, _) = listener.accept().await.unwrap();
            let seen = seen.clone();
            tokio::task::spawn_local(async move {
                for answer in answers {
                    let Some(request) = read_request(&mut stream).await else { return };
                    seen.send(request).unwrap();
                    let Some(bytes) = answer else { return };
                    stream.write_all(&bytes).await.unwrap();
                }
                // Held open: only the client may end it now.
                drop(read_request(&mut stream).await);
            });
        }
    });
    (port, requests)
}

async fn read_request(stream: &mut tokio::net::TcpStream) -> Option<String> {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        text.push(byte[0]);
    }
    let mut text = String::from_utf8(text).unwrap();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await.ok()?;
    text.push_str(&String::from_utf8(content).unwrap());
    Some(text)
}

fn client(endpoint: &str) -> Client<TokioNet> {
    let options = Options {
        endpoint: Url::parse(endpoint).unwrap(),
        gateway_id: "gw 1".to_owned(),
        authorization: Secret("GatewayKey gw1&203001010000&sig==".to_owned()),
        tls: None,
        timeout: Duration::from_secs(60),
    };
    Client::new(TokioNet, Arc::new(SystemClock::start()), options).unwrap()
}

#[tokio::test(flavor = "current_thread")]
async fn three_calls_over_one_connection() {
    LocalSet::new()
        .run_until(async {
            let compressed = gzip(b"{\"revision\":\"0000002a\"}");
            let answers = vec![
                Some(answer("200 OK", "content-encoding: gzip\r\n", &compressed)),
                Some(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()),
                ok("{\"events\":[]}"),
                ok("{}"),
            ];
            let (port, mut requests) = service(vec![answers]).await;
            let client = client(&format!("http://127.0.0.1:{port}//prefix///"));
            assert_eq!(client.fetch_snapshot(None).await.unwrap().unwrap(), "{\"revision\":\"0000002a\"}");
            assert_eq!(client.fetch_snapshot(Some(Revision(0x2a))).await, Ok(None));
            assert_eq!(client.fetch_events(Revision(0x2a)).await.unwrap(), "{\"events\":[]}");
            assert_eq!(client.send_heartbeat(Bytes::from_static(b"{\"beat\":1}")).await.unwrap(), "{}");
            let first = requests.recv().await.unwrap();
            assert!(first.starts_with("GET /prefix/gateways/gw%201/snapshot HTTP/1.1\r\n"), "{first}");
            assert!(first.contains("authorization: GatewayKey gw1&203001010000&sig==\r\n"));
            assert!(first.contains("accept-encoding: gzip\r\n") && !first.contains("if-none-match"));
            assert!(requests.recv().await.unwrap().contains("if-none-match: \"0000002a\"\r\n"));
            let third = requests.recv().await.unwrap();
            assert!(third.starts_with("GET /prefix/gateways/gw%201/events?$top=100&$skiptoken=0000002a "), "{third}");
            let fourth = requests.recv().await.unwrap();
            assert!(fourth.starts_with("POST /prefix/gateways/gw%201/heartbeat ") && fourth.ends_with("{\"beat\":1}"));
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_connection_that_died_while_idle_costs_nothing() {
    LocalSet::new()
        .run_until(async {
            let (port, _requests) = service(vec![vec![ok("1"), None], vec![ok("2")]]).await;
            let client = client(&format!("http://127.0.0.1:{port}"));
            assert_eq!(client.fetch_events(Revision(1)).await.unwrap(), "1");
            assert_eq!(client.fetch_events(Revision(1)).await.unwrap(), "2");
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn calls_at_the_same_time_do_not_wait_for_each_other() {
    LocalSet::new()
        .run_until(async {
            let (port, _requests) = service(vec![vec![ok("1")], vec![ok("2")]]).await;
            let client = client(&format!("http://127.0.0.1:{port}"));
            let (a, b) = tokio::join!(client.fetch_events(Revision(1)), client.send_heartbeat(Bytes::new()));
            assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn refusals_carry_code_delay_and_message() {
    LocalSet::new()
        .run_until(async {
            let expired = br#"{"error":{"message":"the token has expired"}}"#;
            let answers = vec![
                Some(answer("401 Unauthorized", "", expired)),
                Some(answer("429 Too Many Requests", "retry-after: 7\r\n", b"")),
                Some(answer("410 Gone", "", b"")),
                Some(answer("304 Not Modified", "", b"")),
            ];
            let (port, _requests) = service(vec![answers]).await;
            let client = client(&format!("http://127.0.0.1:{port}"));
            let status = |code, retry_after, message: &str| {
                Err(FetchFailure::Status { code, retry_after, message: message.to_owned() })
            };
            assert_eq!(client.fetch_events(Revision(1)).await, status(401, None, "the token has expired"));
            let wait = Some(Duration::from_secs(7));
            assert_eq!(
                client.fetch_events(Revision(1)).await,
                status(429, wait, "the service asks for fewer requests")
            );
            assert_eq!(client.fetch_events(Revision(1)).await, status(410, None, "the revision asked for is too old"));
            // A 304 to a question without condition is no answer.
            assert!(client.fetch_snapshot(None).await.is_err());
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn bombs_and_rubbish_are_refused() {
    LocalSet::new()
        .run_until(async {
            let bomb = gzip(&vec![b' '; EVENTS.decompressed_max + 1]);
            let large = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 65 * 1024).into_bytes();
            let large = [large, vec![b'x'; 65 * 1024]].concat();
            let script = vec![
                vec![Some(answer("200 OK", "content-encoding: gzip\r\n", &bomb))],
                vec![Some(large)],
                vec![Some(b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec())],
                vec![Some(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort".to_vec()), None],
            ];
            let (port, _requests) = service(script).await;
            // A client of its own each time, so that no connection is carried over.
            let fresh = || client(&format!("http://127.0.0.1:{port}"));
            assert!(matches!(fresh().fetch_events(Revision(1)).await, Err(FetchFailure::Malformed(_))));
            assert!(matches!(fresh().send_heartbeat(Bytes::new()).await, Err(FetchFailure::Malformed(_))));
            let Err(FetchFailure::Unreachable(words)) = fresh().fetch_events(Revision(1)).await else { panic!() };
            assert!(words.contains("not HTTP/1.1"), "{words}");
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn unreachable_in_words() {
    LocalSet::new()
        .run_until(async {
            let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
            let refused = client(&format!("http://127.0.0.1:{unused}")).fetch_events(Revision(1)).await;
            assert_eq!(refused, Err(FetchFailure::Unreachable(format!("`127.0.0.1:{unused}` refused the connection"))));
        })
        .await;
}

/// A clock that stands still.
struct Stopped(WallTime);

impl Clock for Stopped {
    fn now(&self) -> Now {
        Now { instant: Instant::ZERO, wall: self.0 }
    }
}

/// A service that speaks TLS with the certificate of `localhost` and answers every connection once.
async fn tls_service(identity: &Identity) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerTls::new(provider, Arc::new(SystemClock::start()), identity).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = tls.acceptor().accept(stream).await else { continue };
            let mut request = [0; 4096];
            if stream.read(&mut request).await.is_ok_and(|length| length > 0) {
                stream.write_all(&answer("200 OK", "", b"{}")).await.unwrap();
            }
        }
    });
    port
}

fn tls_client(endpoint: &str, authority: Option<&Identity>, checks: UpstreamTls, wall: WallTime) -> Client<TokioNet> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clock: Arc<dyn Clock> = Arc::new(Stopped(wall));
    let authorities: Vec<String> = authority.iter().map(|identity| identity.chain_pem.clone()).collect();
    let tls = ClientTls::new(&provider, &clock, Vec::new(), &authorities).unwrap().config(checks);
    let mut client = client(endpoint);
    client.options.tls = Some(tls);
    client
}

#[tokio::test(flavor = "current_thread")]
async fn certificates_are_judged_and_the_verdict_is_in_words() {
    const CHECKED: UpstreamTls = UpstreamTls { validate_chain: true, validate_name: true };
    const UNCHECKED: UpstreamTls = UpstreamTls { validate_chain: false, validate_name: false };
    const NOW: WallTime = WallTime::from_unix_seconds(1_800_000_000);
    LocalSet::new()
        .run_until(async {
            let identity = self_signed().unwrap();
            let port = tls_service(&identity).await;
            let (name, address) = (format!("https://localhost:{port}"), format!("https://127.0.0.1:{port}"));
            let cases = [
                (&name, Some(&identity), CHECKED, NOW, None),
                (&address, None, UNCHECKED, NOW, None),
                (&name, None, CHECKED, NOW, Some("name its root in `holdfast.service.ca.path`")),
                (&address, Some(&identity), CHECKED, NOW, Some("not valid for the name `127.0.0.1`")),
                (
                    &name,
                    Some(&identity),
                    CHECKED,
                    WallTime::from_unix_seconds(0),
                    Some("is this machine's clock right?"),
                ),
            ];
            for (endpoint, authority, checks, wall, expected) in cases {
                let result = tls_client(endpoint, authority, checks, wall).fetch_events(Revision(1)).await;
                match (result, expected) {
                    (Ok(_), None) => {}
                    (Err(FetchFailure::Unreachable(words)), Some(part)) => assert!(words.contains(part), "{words}"),
                    (result, expected) => panic!("{endpoint}: {result:?} instead of {expected:?}"),
                }
            }
        })
        .await;
}

#[test]
fn targets_never_double_slashes() {
    assert_eq!(target("/", "gw1", "snapshot"), "/gateways/gw1/snapshot");
    assert_eq!(target("//a///b/", "gw1", "heartbeat"), "/a/b/gateways/gw1/heartbeat");
    assert_eq!(target("", "a/b?", "snapshot"), "/gateways/a%2Fb%3F/snapshot");
}
