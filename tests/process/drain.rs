//! The orderly end: readiness goes off first, what is in flight is finished, the exit code is 0.

use std::thread;

use holdfast_sim::sample::Backends;
use tempfile::tempdir;

use crate::azure::Azure;
use crate::folder::Folder;
use crate::gateway::{Gateway, Told, Wiring};
use crate::nginx::Nginx;
use crate::scripted::Held;
use crate::wait;

/// A gateway whose `/orders` stand behind a backend that answers when the test says so, and whose `/catalog` behind nginx.
struct Scene {
    nginx: Nginx,
    held: Held,
    azure: Azure,
}

impl Scene {
    fn new() -> Self {
        let (nginx, held) = (Nginx::start(), Held::start());
        let backends = Backends { orders: held.url(), ..nginx.backends() };
        let azure = Azure::start(&Folder::sample(&backends));
        Self { nginx, held, azure }
    }

    /// A gateway that serves, with a request in flight.
    fn serving(&self, wiring: &Wiring) -> (Gateway, thread::JoinHandle<Result<Told, String>>) {
        let gateway = wiring.start();
        wait::until("the gateway serves", || {
            let told = gateway.get("/catalog/items/1")?;
            wait::check(told.status == 200, told)
        });
        let in_flight = gateway.client();
        let in_flight = thread::spawn(move || in_flight.get("/orders/items/1"));
        self.held.wait_for_arrival();
        (gateway, in_flight)
    }
}

#[test]
fn on_sigterm_readiness_goes_off_and_requests_in_flight_are_finished() {
    let (scene, backup) = (Scene::new(), tempdir().unwrap());
    let wiring = Wiring::federated(&scene.azure, backup.path()).set("holdfast.drain.delay", "5s");
    let (mut gateway, in_flight) = scene.serving(&wiring);

    gateway.terminate();
    let reason = gateway.is_in(503, &["draining"]);
    assert!(!reason.is_empty());
    // Load balancers need time to notice: until then new requests are served too.
    let late = gateway.get("/catalog/items/2").expect("the listener still accepts");
    assert_eq!(late.status, 200, "{late:?}");
    assert!(!in_flight.is_finished(), "the request in flight was answered before its backend did");
    scene.held.release();
    let told = in_flight.join().unwrap().expect("the request in flight is answered");
    assert_eq!((told.status, told.body.as_slice()), (200, b"held and released".as_slice()), "{told:?}");
    assert_eq!(gateway.ended().code(), Some(0));
    wait::until("a heartbeat says that it drains", || {
        let beats = scene.azure.heartbeats();
        wait::check(beats.iter().any(|beat| beat["state"] == "draining" || beat["state"] == "stopped"), beats)
    });
    drop(scene.nginx);
}

#[test]
fn a_request_that_outlives_the_listener_is_finished_too() {
    let (scene, backup) = (Scene::new(), tempdir().unwrap());
    let (mut gateway, in_flight) = scene.serving(&Wiring::federated(&scene.azure, backup.path()));

    gateway.terminate();
    wait::until("the listener is closed", || wait::check(crate::traffic::is_closed(gateway.address()), "it is open"));
    gateway.must_run();
    scene.held.release();
    let told = in_flight.join().unwrap().expect("the request in flight is answered");
    assert_eq!((told.status, told.body.as_slice()), (200, b"held and released".as_slice()), "{told:?}");
    assert_eq!(gateway.ended().code(), Some(0));
}

#[test]
fn a_request_that_never_ends_is_left_at_the_deadline() {
    let (scene, backup) = (Scene::new(), tempdir().unwrap());
    let wiring = Wiring::federated(&scene.azure, backup.path()).set("holdfast.drain.timeout", "1s");
    let (mut gateway, in_flight) = scene.serving(&wiring);

    gateway.terminate();
    assert_eq!(gateway.ended().code(), Some(0));
    let told = in_flight.join().unwrap();
    assert!(told.is_err(), "nobody answered, yet there is an answer: {told:?}");
}

#[test]
fn a_gateway_that_never_became_ready_ends_with_code_0_too() {
    let backup = tempdir().unwrap();
    let endpoint = format!("http://{}", crate::ports::free());
    let wiring = Wiring::to(&endpoint, backup.path()).set("config.service.auth", "GatewayKey gw1&203001010000&AAAA");
    let mut gateway = wiring.start();
    gateway.is_not_ready("cannot be reached");
    gateway.terminate();
    assert_eq!(gateway.ended().code(), Some(0));
}
