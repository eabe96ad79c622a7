//! A real nginx as the backend of both sample APIs: one process, its configuration and its files in a temporary folder.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use holdfast_sim::sample::Backends;
use tempfile::TempDir;

use crate::child::{Process, installed, say};
use crate::{ports, wait};

/// nginx, until dropped.
pub(crate) struct Nginx {
    process: Process,
    address: SocketAddr,
    place: TempDir,
}

/// The item whose answer is a file of [`LARGE_BYTES`].
pub(crate) const LARGE_ITEM: &str = "/catalog/items/large";
/// Larger than any buffer on the way.
pub(crate) const LARGE_BYTES: usize = 8 * 1024 * 1024;

impl Nginx {
    /// Starts nginx and waits until it answers.
    pub(crate) fn start() -> Self {
        let program = installed("nginx");
        let place = tempfile::tempdir().expect("a temporary folder");
        let address = ports::free();
        let version = say(Command::new(&program).arg("-V")).err;
        let configuration = place.path().join("nginx.conf");
        fs::write(configuration, configuration_text(address, place.path(), &version)).expect("a file can be written");
        fs::write(place.path().join("large"), large_file()).expect("a file can be written");
        Self { process: launch(&place, address), address, place }
    }

    /// SIGKILL: from now on connections to it are refused.
    pub(crate) fn kill(&mut self) {
        self.process.must_run();
        self.process.kill();
    }

    /// Starts it again at the same address.
    pub(crate) fn restart(&mut self) {
        self.process = launch(&self.place, self.address);
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The sample's backends, both on this nginx.
    pub(crate) fn backends(&self) -> Backends {
        let Self { address, .. } = self;
        Backends {
            orders: format!("http://{address}/orders-service"),
            catalog: format!("http://{address}/catalog-service"),
        }
    }
}

fn launch(place: &TempDir, address: SocketAddr) -> Process {
    let mut command = Command::new(installed("nginx"));
    command.arg("-p").arg(place.path()).arg("-e").arg(place.path().join("error.log"));
    let mut process = Process::start("nginx", command.arg("-c").arg(place.path().join("nginx.conf")));
    wait::until("nginx listens", || {
        process.must_run();
        std::net::TcpStream::connect(address).map(drop).map_err(|error| error.to_string())
    });
    process
}

/// The content of [`LARGE_ITEM`]: no two stretches of it are the same, so that a lost or doubled one shows.
pub(crate) fn large_file() -> Vec<u8> {
    (0..LARGE_BYTES / 8).flat_map(|number| format!("{number:07}\n").into_bytes()).collect()
}

// Debian's packages differ in the modules they were built with; those that are there want a folder for temporary files.
fn configuration_text(address: SocketAddr, place: &std::path::Path, version: &str) -> String {
    let mut temporary = String::new();
    for module in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        if !version.contains(&format!("--without-http_{module}_module")) {
            // Writing to a string does not fail.
            let _written = writeln!(temporary, "  {module}_temp_path {}/{module};", place.display());
        }
    }
    let place = place.display();
    format!(
        r#"daemon off;
master_process off;
worker_processes 1;
pid {place}/nginx.pid;
error_log {place}/error.log info;
events {{ worker_connections 512; }}
http {{
{temporary}  access_log off;
  client_max_body_size 0;
  keepalive_requests 100000;
  server {{
    listen {address};
    add_header x-backend nginx always;
    location = /catalog-service/items/large {{ alias {place}/large; }}
    location / {{
      default_type application/json;
      return 200 '{{"backend":"nginx","method":"$request_method","uri":"$request_uri","edit":"$http_x_edit","greeting":"$http_x_greeting"}}';
    }}
  }}
}}
"#
    )
}
