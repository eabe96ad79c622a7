//! A real Redis of the test's own: with a password, with users, with TLS. Keeps nothing on a disk. Judges no gateway.

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
            Door::Tls => format!(
                "port 0\ntls-port {port}\ntls-auth-clients no\ntls-cert-file {place}/cert.pem\n\
                 tls-key-file {place}/key.pem\ntls-ca-cert-file {place}/ca.pem\n"
            ),
        };
        format!(
            "{door}bind 127.0.0.1\ndir {place}\nsave \"\"\nappendonly no\ndaemonize no\nrequirepass {PASSWORD}\n\
             user gateway on >{PASSWORD} ~holdfast:* -@all +getrange +set +del +select +ping +client\n"
        )
    }
}
