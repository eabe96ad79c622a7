//! A service that lies, floods and breaks off: what was served keeps being served, nothing crashes, and a good word later is believed.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use holdfast_core::config::bounds::MAX_RESOURCES;
use holdfast_core::config::{Revision, folder, wire};
use holdfast_sim::sample::{self, Backends, GATEWAY};
use tempfile::tempdir;

use crate::gateway::Wiring;
use crate::nginx::Nginx;
use crate::scripted::{Script, Service, answer};
use crate::traffic::Traffic;

const TOKEN: &str = "GatewayKey gw1&203001010000&AAAA";
const MIB: usize = 1024 * 1024;
const GZIP: &[&str] = &["content-encoding: gzip"];

/// The sample as it stands after `edit`, as the snapshot of that revision.
fn snapshot(edit: u32, backends: &Backends) -> Vec<u8> {
    let read = folder::read(&sample::files(edit, backends));
    let document = wire::Snapshot { revision: Revision(edit), gateway: GATEWAY.to_owned(), resources: read.set };
    wire::write_snapshot(&document)
}

/// A service that behaves: whoever asks for events is told to take the snapshot.
fn honest(edit: u32, backends: &Backends) -> Script {
    let document = snapshot(edit, backends);
    Box::new(move |target, stream| match target {
        target if target.contains("/snapshot") => answer(stream, "200 OK", &[], &document),
        target if target.contains("/heartbeat") => answer(stream, "200 OK", &[], b"{}"),
        _ => answer(stream, "410 Gone", &[], b""),
    })
}

/// A service whose snapshot is whatever `write` sends.
fn hostile(write: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Script {
    Box::new(
        move |target, stream| {
            if target.contains("/snapshot") { write(stream) } else { answer(stream, "410 Gone", &[], b"") }
        },
    )
}

fn document(content: Vec<u8>) -> Script {
    hostile(move |stream| answer(stream, "200 OK", &[], &content))
}

/// A gzip stream of `pattern` again and again between `head` and `tail`: small on the wire.
fn bomb(head: &[u8], pattern: &[u8], size: usize, tail: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(head).unwrap();
    let block = pattern.repeat((64 * 1024 / pattern.len()).max(1));
    for _ in 0..size.div_ceil(block.len()) {
        encoder.write_all(&block).unwrap();
    }
    encoder.write_all(tail).unwrap();
    encoder.finish().unwrap()
}

fn compressed(content: Vec<u8>) -> Script {
    hostile(move |stream| answer(stream, "200 OK", GZIP, &content))
}

/// Everything that a hostile service can come up with: its name, a word of the reason that it shall be refused for, and what is sent.
fn attacks(backends: &Backends) -> Vec<(&'static str, &'static str, Script)> {
    let good = String::from_utf8(snapshot(2, backends)).unwrap();
    let head = br#"{"format":1,"revision":"00000002","gateway":"gw1","resources":["#;
    let wrong_types = br#"{"id":7,"properties":"no"},"#;
    vec![
        ("garbage", "line 1 column 1", document(b"<html>\x00\xff</html>".to_vec())),
        ("nothing", "cannot be read", document(Vec::new())),
        (
            "wrong types",
            "line 1 column 13",
            document(br#"{"format":"1","revision":2,"gateway":[],"resources":{}}"#.to_vec()),
        ),
        ("another gateway's", "`gw2`", document(good.replace("\"gw1\"", "\"gw2\"").into_bytes())),
        ("a truncated document", "EOF", document(good.as_bytes()[..good.len() / 2].to_vec())),
        ("deep nesting", "recursion limit", document(deep(head))),
        ("more resources than there can be", "more than 500000", compressed(many_resources())),
        ("100 MB of wrong types", "more than 10000000 values", compressed(bomb(head, wrong_types, 100 * MIB, b"{}]}"))),
        (
            "100 MB of one text",
            "eight hexadecimal digits",
            compressed(bomb(br#"{"format":1,"revision":""#, b"a", 100 * MIB, b"\"}")),
        ),
        ("a bomb of 600 MB", "bytes decompressed", compressed(bomb(b"", b" ", 600 * MIB, b"{}"))),
        ("no gzip under that name", "gzip", compressed(b"this is not gzip".to_vec())),
        ("100 MB on the wire", "bytes on the wire", hostile(flood)),
        (
            "chunks of no size",
            "cannot be reached",
            hostile(|stream| stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")),
        ),
        (
            "less than announced",
            "cannot be reached",
            hostile(|stream| stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{\"format\":1,")),
        ),
        (
            "another protocol",
            "not HTTP/1.1",
            hostile(|stream| stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\x00\x01\x02")),
        ),
        (
            "endless header fields",
            "cannot be reached",
            hostile(|stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
                (0..200_000).try_for_each(|number| write!(stream, "x-{number}: y\r\n"))
            }),
        ),
        (
            "a redirect to somewhere else",
            "redirects",
            hostile(|stream| answer(stream, "302 Found", &["location: http://127.0.0.1:1/"], b"")),
        ),
    ]
}

fn deep(head: &[u8]) -> Vec<u8> {
    let mut document = head.to_vec();
    document.extend_from_slice(br#"{"id":"/apis/a","properties":{"a":"#);
    document.resize(document.len() + 4 * MIB, b'[');
    document
}

fn many_resources() -> Vec<u8> {
    let resource = |number: usize| format!(r#"{{"id":"/tags/{number}","properties":{{}}}},"#).into_bytes();
    let resources: Vec<u8> = (0..=MAX_RESOURCES).flat_map(resource).collect();
    bomb(br#"{"format":1,"revision":"00000002","gateway":"gw1","resources":["#, &resources, 1, b"{}]}")
}

fn flood(stream: &mut TcpStream) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 100 * MIB)?;
    let block = vec![b' '; MIB];
    (0..100).try_for_each(|_| stream.write_all(&block))
}

fn wiring(service: &Service, backup: &Path) -> Wiring {
    let wiring = Wiring::to(&service.endpoint(), backup).set("config.service.auth", TOKEN);
    // A flood needs its time on a busy machine: it shall be refused for what it is.
    wiring.set("config.service.integration.timeout", "20s")
}

#[test]
fn whatever_the_service_sends_what_was_served_keeps_being_served() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let backends = nginx.backends();
    let service = Service::start(honest(1, &backends));
    let mut gateway = wiring(&service, backup.path()).start();
    gateway.shows(1);

    let traffic = Traffic::to(&gateway);
    for (name, word, attack) in attacks(&backends) {
        service.change(honest(1, &backends));
        gateway.is_in(200, &["connected"]);
        service.change(attack);
        let reason = gateway.is_disconnected(word);
        assert!(reason.len() < 1000 && !reason.contains('\n'), "after {name} the reason is: {reason}");
        traffic.goes_on(2);
        gateway.must_run();
    }
    service.change(honest(3, &backends));
    gateway.shows(3);
    traffic.end();
    assert!(!gateway.errors().iter().any(|line| line.contains("panicked")), "{:?}", gateway.errors());
}

#[test]
fn a_gateway_that_has_nothing_yet_takes_nothing_hostile_and_waits_for_better() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let backends = nginx.backends();
    let service = Service::start(document(b"garbage".to_vec()));
    let mut gateway = wiring(&service, backup.path()).start();
    gateway.is_not_ready("cannot be read");
    assert_eq!(std::fs::read_dir(backup.path()).unwrap().count(), 0, "garbage was saved");
    service.change(honest(1, &backends));
    gateway.shows(1);
}
