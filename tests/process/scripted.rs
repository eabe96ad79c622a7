//! Tiny servers whose answers a test writes byte by byte: a backend that holds its answer back, and a service that lies. Speak just enough
//! HTTP/1.1 for one request per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::wait::PATIENCE;

/// A backend that answers a request only when the test says so.
pub(crate) struct Held {
    address: SocketAddr,
    arrivals: Receiver<String>,
    release: Sender<()>,
}

impl Held {
    /// Begins to listen.
    pub(crate) fn start() -> Self {
        let (arrived, arrivals) = channel();
        let (release, released) = channel::<()>();
        let released = Arc::new(Mutex::new(released));
        let address = serve(move |target, stream| {
            // The test may have ended: then nobody waits for this answer either.
            let _ended = arrived.send(target.to_owned());
            let _released = released.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE);
            answer(stream, "200 OK", &[], b"held and released")
        });
        Self { address, arrivals, release }
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until a request has arrived.
    pub(crate) fn wait_for_arrival(&self) {
        self.arrivals.recv_timeout(PATIENCE).expect("a request arrives at the backend");
    }

    /// Answers one request.
    pub(crate) fn release(&self) {
        self.release.send(()).expect("the backend runs");
    }
}

/// What a service answers to a target: it writes what it likes.
pub(crate) type Script = Box<dyn Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync>;

/// A configuration service without TLS that answers as scripted.
pub(crate) struct Service {
    address: SocketAddr,
    script: Arc<Mutex<Arc<Script>>>,
}

impl Service {
    /// Begins to answer by `script`.
    pub(crate) fn start(script: Script) -> Self {
        let script = Arc::new(Mutex::new(Arc::new(script)));
        let present = Arc::clone(&script);
        let address = serve(move |target, stream| {
            let script = Arc::clone(&present.lock().unwrap_or_else(PoisonError::into_inner));
            script(target, stream)
        });
        Self { address, script }
    }

    /// Answers by another script from now on.
    pub(crate) fn change(&self, script: Script) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(script);
    }

    /// `config.service.endpoint`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Writes one whole answer.
pub(crate) fn answer(stream: &mut impl Write, status: &str, fields: &[&str], content: &[u8]) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n", content.len())?;
    for field in fields {
        write!(stream, "{field}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(content)
}

fn serve(act: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = listener.local_addr().expect("an address");
    let act = Arc::new(act);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let act = Arc::clone(&act);
            thread::spawn(move || {
                // A gateway that goes away, or does not take what it is sent, is what these servers are for.
                let _gone = converse(stream, &*act);
            });
        }
    });
    address
}

fn converse(mut stream: TcpStream, act: &dyn Fn(&str, &mut TcpStream) -> std::io::Result<()>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let target = read_request(&mut stream)?;
    act(&target, &mut stream)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    // Until the other side has closed too: a close with unread bytes would be a reset.
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.read_to_end(&mut Vec::new()).map(drop)
}

/// Reads one request, content and all; gives its target. What comes behind it on the connection is lost.
pub(crate) fn read_request(stream: &mut impl Read) -> std::io::Result<String> {
    let mut reader = BufReader::new(stream);
    let (mut target, mut length) = (String::new(), 0);
    for line in (&mut reader).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if target.is_empty() {
            target = line.split(' ').nth(1).unwrap_or_default().to_owned();
        }
        if let Some((_, value)) = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    reader.take(length).read_to_end(&mut Vec::new())?;
    Ok(target)
}
