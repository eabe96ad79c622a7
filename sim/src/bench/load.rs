//! Load at a fixed rate on keep-alive connections; latency counts from the moment at which a request was due. Judges nothing.

use std::fmt;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use holdfast::net::{Net, TokioNet};
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;

use crate::loopback;

const CONNECTIONS: u32 = 8;
/// Requests per second on all connections together: far from saturation, so that what is seen is the gateway and not a queue.
const RATE: u32 = 400;

/// Latencies of many requests.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    times: Vec<Duration>,
    /// Requests that did not get 200.
    pub(super) failed: usize,
}

impl Latencies {
    /// Adds those of another round.
    pub(super) fn extend(&mut self, other: Self) {
        self.times.extend(other.times);
        self.failed += other.failed;
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut times = self.times.clone();
        times.sort_unstable();
        let at = |per_mille: usize| {
            let index = (times.len() * per_mille / 1000).min(times.len().saturating_sub(1));
            times.get(index).copied().unwrap_or_default().as_secs_f64() * 1000.0
        };
        let count = times.len();
        write!(
            f,
            "p50 {:.2} ms  p99 {:.2} ms  p99.9 {:.2} ms  max {:.2} ms  ({count} requests)",
            at(500),
            at(990),
            at(999),
            at(1000)
        )
    }
}

/// Asks for `length` on a thread of its own, so that nothing else of the benchmark delays the clients.
pub(super) fn start(gateway: SocketAddr, length: Duration) -> JoinHandle<Result<Latencies, String>> {
    std::thread::spawn(move || loopback::run(run(gateway, length))?)
}

async fn run(gateway: SocketAddr, length: Duration) -> Result<Latencies, String> {
    let began = Instant::now();
    let mut tasks = Vec::new();
    for number in 0..CONNECTIONS {
        let offset = Duration::from_secs(1) / RATE * number;
        tasks.push(tokio::task::spawn_local(connection(gateway, began + offset, length)));
    }
    let mut all = Latencies::default();
    for task in tasks {
        all.extend(task.await.map_err(|error| error.to_string())??);
    }
    Ok(all)
}

async fn connection(gateway: SocketAddr, first: Instant, length: Duration) -> Result<Latencies, String> {
    let mut sender = connect(gateway).await?;
    let gap = Duration::from_secs(1) * CONNECTIONS / RATE;
    let mut seen = Latencies::default();
    let (mut due, mut number) = (first, 0_usize);
    while due < first + length {
        tokio::time::sleep_until(due.into()).await;
        match one(&mut sender, number).await {
            Ok(200) => {}
            Ok(_) => seen.failed += 1,
            Err(_) => {
                seen.failed += 1;
                sender = connect(gateway).await?;
            }
        }
        seen.times.push(due.elapsed());
        due += gap;
        number += 1;
    }
    Ok(seen)
}

async fn connect(gateway: SocketAddr) -> Result<SendRequest<Empty<Bytes>>, String> {
    let stream =
        TokioNet.connect(&gateway.ip().to_string(), gateway.port()).await.map_err(|error| error.to_string())?;
    let (sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::task::spawn_local(async move {
        // A broken connection fails the request that waits on it, and is counted there.
        let _broken = connection.await;
    });
    Ok(sender)
}

async fn one(sender: &mut SendRequest<Empty<Bytes>>, number: usize) -> Result<u16, hyper::Error> {
    let api = number * 37 % 1000;
    let target = format!("/team-{}/api-{api}/things-{}/{number}", api % 50, number % 10);
    let request =
        Request::get(target).header("host", "gateway").body(Empty::new()).expect("INVARIANT: the target is a path");
    sender.ready().await?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    response.into_body().collect().await?;
    Ok(status)
}
