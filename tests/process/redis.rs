//! A real Redis of the test's own: with a password, with users, with TLS, as a cluster of three, behind a sentinel. Keeps nothing on a disk.
//! Judges no gateway.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;

use crate::authority::{Authority, Certified};
use crate::child::{Process, installed, say};
use crate::{ports, wait};

/// The password of [`Redis`], for the default user and for `gateway`.
pub(crate) const PASSWORD: &str = "correct-horse=battery";

/// A server that runs until it is stopped or dropped.
pub(crate) struct Redis {
    process: Option<Process>,
    address: SocketAddr,
    place: TempDir,
    door: Door,
}

/// How a server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Plain,
    Tls,
    /// One that is part of a cluster and hears of the others by this port.
    Cluster(u16),
}

impl Redis {
    /// Starts a server and waits until it answers.
    pub(crate) fn start(door: Door) -> Self {
        let place = tempfile::tempdir().expect("a temporary folder");
        if door == Door::Tls {
            let authority = Authority::new();
            let Certified { chain, key } = authority.certify("localhost");
            for (name, text) in [("ca.pem", &authority.pem()), ("cert.pem", &chain), ("key.pem", &key)] {
                fs::write(place.path().join(name), text).expect("a file can be written");
            }
        }
        let mut redis = Self { process: None, address: ports::free(), place, door };
        redis.restart();
        redis
    }

    /// Starts it again where it was; it has forgotten everything.
    pub(crate) fn restart(&mut self) {
        let configuration = self.place.path().join("redis.conf");
        fs::write(&configuration, self.configuration()).expect("a file can be written");
        let mut process = Process::start("redis", Command::new(installed("redis-server")).arg(&configuration));
        wait::until("redis answers", || {
            process.must_run();
            let said = self.cli(&["PING"]);
            wait::check(said.trim() == "PONG", said)
        });
        self.process = Some(process);
    }

    /// SIGKILL.
    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    /// Where it listens, as a connection string names it.
    pub(crate) fn endpoint(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// The certificate of the authority that vouches for it.
    pub(crate) fn authority(&self) -> String {
        self.place.path().join("ca.pem").display().to_string()
    }

    /// What its own command line client prints.
    pub(crate) fn cli(&self, words: &[&str]) -> String {
        let mut command = Command::new(installed("redis-cli"));
        command.arg("-p").arg(self.address.port().to_string()).args([
            "-h",
            "localhost",
            "--no-auth-warning",
            "-a",
            PASSWORD,
        ]);
        if self.door == Door::Tls {
            command.arg("--tls").arg("--cacert").arg(self.authority());
        }
        let said = say(command.args(words));
        said.out + &said.err
    }

    fn configuration(&self) -> String {
        let (port, place) = (self.address.port(), self.place.path().display());
        let door = match self.door {
            Door::Plain => format!("port {port}\n"),
            Door::Cluster(others) => format!(
                "port {port}\ncluster-enabled yes\ncluster-port {others}\ncluster-node-timeout 2000\n\
                 cluster-config-file nodes.conf\ncluster-require-full-coverage no\n"
            ),
            Door::Tls => format!(
                "port 0\ntls-port {port}\ntls-auth-clients no\ntls-cert-file {place}/cert.pem\n\
                 tls-key-file {place}/key.pem\ntls-ca-cert-file {place}/ca.pem\n"
            ),
        };
        format!(
            "{door}bind 127.0.0.1\ndir {place}\nsave \"\"\nappendonly no\ndaemonize no\nrequirepass {PASSWORD}\n\
             user gateway on >{PASSWORD} ~holdfast:* -@all +getrange +set +del +select +asking\n"
        )
    }
}

/// Three servers that share the slots out among them.
pub(crate) struct Cluster(pub(crate) Vec<Redis>);

impl Cluster {
    /// Starts them and waits until each knows the others.
    pub(crate) fn start() -> Self {
        let doors: Vec<u16> = (0..3).map(|_| ports::free().port()).collect();
        let nodes: Vec<Redis> = doors.iter().map(|door| Redis::start(Door::Cluster(*door))).collect();
        for (node, (from, to)) in nodes.iter().zip([("0", "5461"), ("5462", "10922"), ("10923", "16383")]) {
            assert_eq!(node.cli(&["CLUSTER", "ADDSLOTSRANGE", from, to]).trim(), "OK");
        }
        for (node, door) in nodes.iter().zip(&doors).skip(1) {
            let port = node.address.port().to_string();
            assert_eq!(nodes[0].cli(&["CLUSTER", "MEET", "127.0.0.1", &port, &door.to_string()]).trim(), "OK");
        }
        for node in &nodes {
            wait::until("the cluster is whole", || {
                let (said, slots) = (node.cli(&["CLUSTER", "INFO"]), node.cli(&["CLUSTER", "SLOTS"]));
                let ports = nodes.iter().all(|node| slots.contains(&node.address.port().to_string()));
                wait::check(said.contains("cluster_state:ok") && ports, said)
            });
        }
        Self(nodes)
    }

    /// Sends the key, with its slot, from one server to another; both are in the middle of it.
    pub(crate) fn migrate(&self, key: &str, from: usize, to: usize) {
        let (from, to) = (&self.0[from], &self.0[to]);
        let slot = from.cli(&["CLUSTER", "KEYSLOT", key]);
        let id = |node: &Redis| node.cli(&["CLUSTER", "MYID"]).trim().to_owned();
        assert_eq!(to.cli(&["CLUSTER", "SETSLOT", slot.trim(), "IMPORTING", &id(from)]).trim(), "OK");
        assert_eq!(from.cli(&["CLUSTER", "SETSLOT", slot.trim(), "MIGRATING", &id(to)]).trim(), "OK");
        let port = to.address.port().to_string();
        let moved = from.cli(&["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "AUTH", PASSWORD, "KEYS", key]);
        assert_eq!(moved.trim(), "OK");
    }

    /// The slot of the key is the second server's for good.
    pub(crate) fn settle(&self, key: &str, to: usize) {
        let slot = self.0[to].cli(&["CLUSTER", "KEYSLOT", key]);
        let id = self.0[to].cli(&["CLUSTER", "MYID"]);
        // The new one first: it would else not know what it has.
        for node in [&self.0[to]].into_iter().chain(&self.0) {
            assert_eq!(node.cli(&["CLUSTER", "SETSLOT", slot.trim(), "NODE", id.trim()]).trim(), "OK");
        }
        // What one of them has heard of before could still take it back.
        wait::until("all servers know whose the slot is", || {
            let views: Vec<Vec<String>> = self.0.iter().map(|node| holding(node, id.trim())).collect();
            wait::check(
                views.iter().all(|view| *view == views[to] && view.iter().any(|part| part == slot.trim())),
                views,
            )
        });
    }
}

// The epoch and the slots of the server with this id, as `node` knows them.
fn holding(node: &Redis, id: &str) -> Vec<String> {
    let nodes = node.cli(&["CLUSTER", "NODES"]);
    let line = nodes.lines().find(|line| line.starts_with(id)).unwrap_or("");
    let parts = line.split(' ').enumerate().filter(|(at, part)| *at == 6 || *at >= 8 && !part.starts_with('['));
    parts.map(|(_, part)| part.trim().to_owned()).collect()
}

/// A sentinel that watches a primary, without a password of its own.
pub(crate) struct Sentinel {
    _process: Process,
    _place: TempDir,
    address: SocketAddr,
}

impl Sentinel {
    /// Makes `replica` one of `primary`, and starts a sentinel that calls them `orders`.
    pub(crate) fn start(primary: &Redis, replica: &Redis) -> Self {
        let port = primary.address.port();
        assert_eq!(replica.cli(&["CONFIG", "SET", "masterauth", PASSWORD]).trim(), "OK");
        assert_eq!(replica.cli(&["REPLICAOF", "127.0.0.1", &port.to_string()]).trim(), "OK");
        wait::until("the replica is up to date", || {
            let said = primary.cli(&["INFO", "replication"]);
            wait::check(said.contains("state=online"), said)
        });
        let (place, address) = (tempfile::tempdir().expect("a temporary folder"), ports::free());
        let configuration = place.path().join("sentinel.conf");
        let text = format!(
            "port {}\nbind 127.0.0.1\ndir {}\nsentinel monitor orders 127.0.0.1 {port} 1\n\
             sentinel auth-pass orders {PASSWORD}\nsentinel down-after-milliseconds orders 300\n\
             sentinel failover-timeout orders 3000\n",
            address.port(),
            place.path().display()
        );
        fs::write(&configuration, text).expect("a file can be written");
        let mut command = Command::new(installed("redis-server"));
        let mut process = Process::start("sentinel", command.arg(&configuration).arg("--sentinel"));
        wait::until("the sentinel knows the replica", || {
            process.must_run();
            let port = address.port().to_string();
            let mut command = Command::new(installed("redis-cli"));
            let said = say(command.args(["-h", "127.0.0.1", "-p", &port, "SENTINEL", "REPLICAS", "orders"]));
            wait::check(said.out.contains(&replica.address.port().to_string()), said.out + &said.err)
        });
        Self { _process: process, _place: place, address }
    }

    /// Where it listens, as a connection string names it.
    pub(crate) fn endpoint(&self) -> String {
        format!("localhost:{}", self.address.port())
    }
}
