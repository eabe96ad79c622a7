//! A client that asks again and again while the test does something else, and remembers every answer that is not as promised.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use holdfast_sim::sample::{EDIT_HEADER, KEY};

use crate::gateway::Gateway;
use crate::wait;

/// Requests, one after another, until [`Traffic::end`].
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicU64>,
    thread: Option<JoinHandle<Vec<String>>>,
}

const PAUSE: Duration = Duration::from_millis(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const FAILURES_MAX: usize = 20;

impl Traffic {
    /// Begins to ask. Promised of every answer: 200, from the backend, and never an older edit than before.
    pub(crate) fn to(gateway: &Gateway) -> Self {
        let url = gateway.url("/orders/items/1");
        let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&served));
        let thread = thread::spawn(move || ask_until(&stopped, &counted, &url));
        Self { stop, served, thread: Some(thread) }
    }

    /// Waits until so many more requests have been served: what was done before was done under traffic.
    pub(crate) fn goes_on(&self, more: u64) {
        let before = self.served.load(Ordering::Acquire);
        wait::until("requests go on", || {
            let served = self.served.load(Ordering::Acquire);
            wait::check(served >= before + more, served - before)
        });
    }

    /// Stops asking; fails the test if any answer was not as promised.
    pub(crate) fn end(mut self) {
        self.stop.store(true, Ordering::Release);
        let failures = self.thread.take().map(|thread| thread.join().expect("the client does not panic"));
        let served = self.served.load(Ordering::Acquire);
        assert_eq!(failures, Some(Vec::new()), "{served} requests were served, these were not");
        assert!(served > 0, "no request was made");
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

fn ask_until(stop: &AtomicBool, served: &AtomicU64, url: &str) -> Vec<String> {
    let client = reqwest::blocking::Client::builder().no_proxy().timeout(REQUEST_TIMEOUT).build();
    let client = client.expect("a client");
    let (mut failures, mut newest) = (Vec::new(), 0);
    while !stop.load(Ordering::Acquire) && failures.len() < FAILURES_MAX {
        match ask(&client, url) {
            Ok(edit) if edit >= newest => newest = edit,
            Ok(edit) => failures.push(format!("edit {edit} after edit {newest}")),
            Err(failure) => failures.push(failure),
        }
        served.fetch_add(1, Ordering::AcqRel);
        thread::sleep(PAUSE);
    }
    failures
}

fn ask(client: &reqwest::blocking::Client, url: &str) -> Result<u32, String> {
    let answer =
        client.get(url).header("ocp-apim-subscription-key", KEY).send().map_err(|error| format!("{error:?}"))?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().map_err(|error| format!("{error:?}"))?;
    let edit = headers.get(EDIT_HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
    match edit {
        Some(edit) if status == 200 && text.contains("\"backend\":\"nginx\"") => Ok(edit),
        _ => Err(format!("{status} {text}")),
    }
}

/// Whether a connection to `address` is refused: nobody listens there.
pub(crate) fn is_closed(address: SocketAddr) -> bool {
    std::net::TcpStream::connect(address).is_err()
}
