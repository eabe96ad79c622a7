//! A forward proxy that the test plays: opens tunnels (CONNECT), passes on requests with a whole URL, and wants to know who asks.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::played::{Asked, read};
use crate::wait::PATIENCE;

/// A proxy on loopback.
pub(crate) struct ForwardProxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl ForwardProxy {
    /// One that lets in whoever says `authorization`; with an empty one, everybody.
    pub(crate) fn start(authorization: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&seen);
                // Whoever hangs up is nobody's concern.
                thread::spawn(move || serve(stream, authorization, &seen).ok());
            }
        });
        Self { address, asked }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked so far, as `CONNECT localhost:1`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect()
    }
}

fn serve(mut stream: TcpStream, authorization: &str, seen: &Mutex<Vec<Asked>>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    while let Some(asked) = read(&mut stream)? {
        let is_known = authorization.is_empty() || asked.field("proxy-authorization") == authorization;
        let (method, target, fields) = (asked.method.clone(), asked.target.clone(), asked.fields.clone());
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        if !is_known {
            let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"p\"\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(refusal.as_bytes())?;
            continue;
        }
        if method == "CONNECT" {
            let server = TcpStream::connect(&target)?;
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
            return relay(stream, server);
        }
        let rest = target.strip_prefix("http://").ok_or(io::ErrorKind::InvalidData)?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut server = TcpStream::connect(host)?;
        let mut head = format!("{method} /{path} HTTP/1.1\r\n");
        for (name, value) in fields.iter().filter(|(name, _)| *name != "proxy-authorization") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        server.write_all(&[head.as_bytes(), b"\r\n", &asked.content].concat())?;
        // One answer with its length, so that the connection can be kept.
        stream.write_all(&answer(&mut server)?)?;
    }
    Ok(())
}

fn answer(server: &mut TcpStream) -> io::Result<Vec<u8>> {
    server.set_read_timeout(Some(PATIENCE))?;
    let mut whole = Vec::new();
    while !whole.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        server.read_exact(&mut byte)?;
        whole.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&whole).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut content = vec![0; length.unwrap_or(0)];
    server.read_exact(&mut content)?;
    whole.extend_from_slice(&content);
    Ok(whole)
}

fn relay(client: TcpStream, server: TcpStream) -> io::Result<()> {
    let (mut from_client, mut to_client) = (client.try_clone()?, client);
    let (mut from_server, mut to_server) = (server.try_clone()?, server);
    let up = thread::spawn(move || {
        let copied = io::copy(&mut from_client, &mut to_server);
        to_server.shutdown(Shutdown::Write).ok();
        copied
    });
    let down = io::copy(&mut from_server, &mut to_client);
    to_client.shutdown(Shutdown::Both).ok();
    up.join().ok();
    down.map(drop)
}
