//! The loop with the real machine, a real folder and a real socket; what the machine decides is tested in the core.

use std::sync::Mutex as StdMutex;

use holdfast_core::config::secret::Secret;
use holdfast_core::gateway::{BackupPlace, EXIT_DRAINED, EXIT_FORCED, Settings, Source};
use holdfast_core::http::Url;
use holdfast_core::keys::TokenSource;
use holdfast_core::rng::Seed;
use holdfast_core::telemetry::{Measurement, RequestRecord};
use tokio::task::LocalSet;

use super::*;
use crate::clock::SystemClock;
use crate::disk::OsDisk;
use crate::net::TokioNet;
use crate::plane::Accepting;
use crate::sink::Sink;

#[derive(Default)]
struct Names(StdMutex<Vec<&'static str>>);

impl Sink for Names {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.name);
    }

    fn request(&self, _record: &RequestRecord) {}

    fn measurement(&self, _measurement: &Measurement) {}
}

fn env(sink: Arc<Names>) -> Env<TokioNet, OsDisk> {
    Env {
        net: TokioNet,
        disk: OsDisk,
        clock: Arc::new(SystemClock::start()),
        seed: Seed(1),
        crypto: Arc::new(rustls::crypto::ring::default_provider()),
        sink,
    }
}

fn settings(source: Source) -> Settings {
    Settings {
        gateway_id: "gw1".to_owned(),
        instance_id: "i1".to_owned(),
        version: "0".to_owned(),
        source,
        sync_interval: Duration::from_millis(20),
        heartbeat_interval: Duration::from_millis(20),
        backup: BackupPlace::Missing,
        drain_delay: Duration::ZERO,
        drain_timeout: Duration::from_secs(60),
        entropy: Default::default(),
        roots: [].into(),
    }
}

fn plane() -> Arc<Plane> {
    Plane::new(gateway::Status {
        state: "starting",
        ready: false,
        revision: None,
        since: String::new(),
        reason: String::new(),
        refused: Vec::new(),
    })
}

struct Running {
    plane: Arc<Plane>,
    names: Arc<Names>,
    ask_to_end: mpsc::Sender<()>,
    code: tokio::task::JoinHandle<i32>,
}

impl Running {
    fn start(source: Source, provider: Provider) -> Self {
        let (plane, names) = (plane(), Arc::new(Names::default()));
        let (ask_to_end, requests) = mpsc::channel(2);
        let control = Control { settings: settings(source), provider, backup: None };
        let loop_ = run_control(env(Arc::clone(&names)), Arc::clone(&plane), control, requests, |_| {});
        Self { plane, names, ask_to_end, code: tokio::task::spawn_local(loop_) }
    }

    async fn until(&self, holds: impl Fn(&gateway::Status) -> bool) {
        while !holds(&self.plane.status.load()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn saw(&self, name: &str) -> bool {
        self.names.0.lock().unwrap().contains(&name)
    }
}

fn missing_folder() -> (Source, Provider) {
    let endpoint = Url::parse("http://127.0.0.1:9/token").unwrap();
    let (crypto, clock) = (Arc::new(rustls::crypto::ring::default_provider()), Arc::new(SystemClock::start()));
    let tls = ClientTls::new(&crypto, &(clock as Arc<dyn Clock>), Vec::new(), &[]).unwrap();
    let path = PathBuf::from("/nowhere/at/all");
    let provider = Provider::Folder { path, tls: Arc::new(tls), proxies: Arc::default() };
    (Source::Folder { identity: TokenSource::Metadata { endpoint } }, provider)
}

#[tokio::test(flavor = "current_thread")]
async fn the_status_says_why_and_a_request_to_end_drains() {
    LocalSet::new()
        .run_until(async {
            let (source, provider) = missing_folder();
            let running = Running::start(source, provider);
            running.until(|status| status.reason.contains("`/nowhere/at/all` does not exist")).await;
            let mut accepting = running.plane.accepting();
            let in_flight = running.plane.enter();
            running.ask_to_end.send(()).await.unwrap();
            accepting.wait_for(|accepting| *accepting == Accepting::Closed).await.unwrap();
            assert!(!running.code.is_finished());
            drop(in_flight);
            assert_eq!(running.code.await.unwrap(), EXIT_DRAINED);
            assert_eq!(running.plane.status.load().state, "stopped");
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_second_request_to_end_waits_for_nobody() {
    LocalSet::new()
        .run_until(async {
            let (source, provider) = missing_folder();
            let running = Running::start(source, provider);
            let _in_flight = running.plane.enter();
            running.ask_to_end.send(()).await.unwrap();
            running.ask_to_end.send(()).await.unwrap();
            assert_eq!(running.code.await.unwrap(), EXIT_FORCED);
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_service_that_refuses_connections_is_named_and_an_ended_token_is_told() {
    LocalSet::new()
        .run_until(async {
            let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
            let options = azure::Options {
                endpoint: Url::parse(&format!("http://{unused}")).unwrap(),
                gateway_id: "gw1".to_owned(),
                authorization: Secret("GatewayKey gw1&197001010000&x".to_owned()),
                tls: None,
                timeout: Duration::from_secs(5),
            };
            let source = Source::Service { identity: unused.to_string() };
            let running = Running::start(source, Provider::Service(options, WallTime::from_unix_seconds(0)));
            running.until(|status| status.reason.contains("refused the connection")).await;
            assert!(running.saw("GatewayTokenExpired"));
            assert!(running.saw("LocalBackupLocationNotFound"));
            running.ask_to_end.send(()).await.unwrap();
            assert_eq!(running.code.await.unwrap(), EXIT_DRAINED);
        })
        .await;
}
