//! A server that the test plays: HTTP/1.1 on connections that are kept, in clear text or over TLS, perhaps only for clients with a certificate.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use crate::wait::PATIENCE;

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// The number of its connection, from 1.
    pub(crate) connection: usize,
    /// The method.
    pub(crate) method: String,
    /// The target as it stands in the request line.
    pub(crate) target: String,
    /// The fields, names in lower case.
    pub(crate) fields: BTreeMap<String, String>,
    /// The content.
    pub(crate) content: Vec<u8>,
    /// The leaf that the client has shown, in DER.
    pub(crate) certificate: Option<Vec<u8>>,
}

impl Asked {
    /// A field; empty when it is not there.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The content as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).into_owned()
    }
}

/// A status line without the version, fields as they are written, and the content.
pub(crate) struct Answer(pub(crate) &'static str, pub(crate) Vec<String>, pub(crate) Vec<u8>);

/// What a server does with a request.
pub(crate) type Play = Box<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// A server on loopback; it ends with the test's process.
pub(crate) struct Played {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Played {
    /// Begins to listen.
    pub(crate) fn start(tls: Option<Arc<ServerConfig>>, play: Play) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, play) = (Arc::clone(&asked), Arc::new(play));
        let connections = AtomicUsize::new(0);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let number = connections.fetch_add(1, Ordering::Relaxed) + 1;
                let (tls, play, seen) = (tls.clone(), Arc::clone(&play), Arc::clone(&seen));
                // A gateway that hangs up is nobody's concern.
                thread::spawn(move || converse(number, stream, tls, &**play, &seen).ok());
            }
        });
        Self { address, asked }
    }

    /// One that answers every request with what it saw, as JSON.
    pub(crate) fn echo(tls: Option<Arc<ServerConfig>>) -> Self {
        Self::start(
            tls,
            Box::new(|asked| {
                let seen = json!({
                    "connection": asked.connection, "method": asked.method, "target": asked.target,
                    "fields": asked.fields, "content": asked.text(),
                });
                Answer("200 OK", vec!["content-type: application/json".to_owned()], seen.to_string().into_bytes())
            }),
        )
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn converse(
    number: usize,
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    play: &(dyn Fn(&Asked) -> Answer + Send + Sync),
    seen: &Mutex<Vec<Asked>>,
) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let Some(tls) = tls else {
        let mut stream = stream;
        while let Some(asked) = read(&mut stream)? {
            reply(&mut stream, Asked { connection: number, ..asked }, play, seen)?;
        }
        return Ok(());
    };
    let mut stream = StreamOwned::new(ServerConnection::new(tls).map_err(io::Error::other)?, stream);
    while let Some(asked) = read(&mut stream)? {
        let shown = stream.conn.peer_certificates().and_then(|chain| chain.first()).map(|leaf| leaf.to_vec());
        reply(&mut stream, Asked { connection: number, certificate: shown, ..asked }, play, seen)?;
    }
    Ok(())
}

/// The next request of a connection; nothing when the other side has ended it.
pub(crate) fn read(stream: &mut impl Read) -> io::Result<Option<Asked>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let fields = lines.filter_map(|line| line.split_once(':'));
    let fields: BTreeMap<String, String> =
        fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let length = fields.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut content = vec![0; length];
    stream.read_exact(&mut content)?;
    Ok(Some(Asked { method, target, fields, content, ..Asked::default() }))
}

fn reply(
    stream: &mut impl Write,
    asked: Asked,
    play: &(dyn Fn(&Asked) -> Answer + Send + Sync),
    seen: &Mutex<Vec<Asked>>,
) -> io::Result<()> {
    let Answer(status, fields, content) = play(&asked);
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    let mut head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", content.len());
    for field in fields {
        head.push_str(&format!("{field}\r\n"));
    }
    stream.write_all(&[head.as_bytes(), b"\r\n", &content].concat())?;
    stream.flush()
}
