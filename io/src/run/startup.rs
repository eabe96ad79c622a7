//! What is made once, before anything runs: the world, the runtimes, trust, names. Serves nothing.

use std::path::Path;
use std::sync::Arc;

use holdfast_core::exchange::UpstreamTls;
use holdfast_core::gateway::{self, BackupPlace, Status};
use holdfast_core::pki::{Certificate, Entropy};
use holdfast_core::rng::Seed;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use tokio::runtime::{Builder, Runtime};

use super::{World, gateway_source};
use crate::clock::SystemClock;
use crate::disk::{Disk, OsDisk};
use crate::env::Env;
use crate::net::{Net, TokioNet};
use crate::settings::{CertificateCheck, Settings, Source};
use crate::sink::Sink;
use crate::tls::{ClientTls, ServerTls, native_roots, self_signed};

const CA_BYTES_MAX: u64 = 4 * 1024 * 1024;
const HOSTNAME_FILE: &str = "/proc/sys/kernel/hostname";

/// The real world.
pub(super) fn world(clock: Arc<SystemClock>, sink: Arc<dyn Sink>) -> Result<World, String> {
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let mut seed = [0; 8];
    crypto.secure_random.fill(&mut seed).map_err(|_| "the operating system gives no random numbers".to_owned())?;
    Ok(Env { net: TokioNet, disk: OsDisk, clock, seed: Seed(u64::from_le_bytes(seed)), crypto, sink })
}

/// A runtime for one thread.
pub(super) fn runtime() -> Result<Runtime, String> {
    Builder::new_current_thread().enable_all().build().map_err(|error| format!("no runtime: {error}"))
}

/// TLS on all sides of the process.
pub(super) struct Tls {
    /// Towards clients.
    pub(super) server: Arc<ServerTls>,
    /// Towards backends.
    pub(super) upstream: Arc<ClientTls>,
    /// Towards the configuration API.
    pub(super) service: Option<Arc<ClientConfig>>,
    /// The roots that the system trusts.
    pub(super) roots: Vec<CertificateDer<'static>>,
}

impl Tls {
    pub(super) fn load(env: &World, settings: &Settings) -> Result<Self, String> {
        let fallback = self_signed().map_err(|fault| fault.to_string())?;
        let server = ServerTls::new(Arc::clone(&env.crypto), Arc::clone(&env.clock), &fallback)
            .map_err(|fault| fault.to_string())?;
        let roots = native_roots();
        let upstream = client(env, "holdfast.upstream.ca.path", settings.upstream_ca.as_deref(), roots.clone())?;
        let service = match &settings.source {
            Source::Folder(_) => None,
            Source::Service(service) => {
                let roots = roots.clone();
                // A given root is the only one: whoever names it wants nobody else to vouch for the service.
                let roots = if service.ca.is_some() { Vec::new() } else { roots };
                let client = client(env, "holdfast.service.ca.path", service.ca.as_deref(), roots)?;
                let is_checked = service.certificates == CertificateCheck::Verified;
                Some(client.config(UpstreamTls { validate_chain: is_checked, validate_name: is_checked }))
            }
        };
        Ok(Self { server: Arc::new(server), upstream: Arc::new(upstream), service, roots })
    }
}

fn client(env: &World, key: &str, ca: Option<&Path>, roots: Vec<CertificateDer<'static>>) -> Result<ClientTls, String> {
    let authorities = match ca {
        Some(path) => vec![pem(path).map_err(|reason| format!("`{key}`: `{}` {reason}", path.display()))?],
        None => Vec::new(),
    };
    ClientTls::new(&env.crypto, &env.clock, roots, &authorities).map_err(|fault| match ca {
        Some(path) => format!("`{key}`: `{}`: {fault}", path.display()),
        None => fault.to_string(),
    })
}

fn pem(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?.len();
    if length > CA_BYTES_MAX {
        return Err(format!("has more than {CA_BYTES_MAX} bytes"));
    }
    std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))
}

/// The id of this process: as set, or the name of the host (in Kubernetes, of the pod), or one by chance.
pub(super) fn instance_id(settings: &Settings, hostname: Option<String>, seed: Seed) -> String {
    let of_kernel = || {
        let name = std::fs::read_to_string(HOSTNAME_FILE).ok()?;
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    };
    settings
        .instance_id
        .clone()
        .or(hostname)
        .or_else(of_kernel)
        .unwrap_or_else(|| seed.fork("instance").rng().uuid().to_string())
}

/// What the status paths say until the machine has said something.
pub(super) fn first_status<N: Net, D: Disk>(env: &Env<N, D>) -> Status {
    Status {
        state: "starting",
        ready: false,
        revision: None,
        since: env.clock.now().wall.to_string(),
        reason: "the process has just started".to_owned(),
        refused: Vec::new(),
    }
}

/// What policies draw secrets from and verify certificates with.
pub(super) struct Grounds {
    entropy: Entropy,
    roots: Arc<[Arc<Certificate>]>,
}

impl Grounds {
    /// From the random numbers of this world, and with these roots; one that cannot be read is left out.
    pub(super) fn new(crypto: &CryptoProvider, roots: &[CertificateDer<'_>]) -> Result<Self, String> {
        let mut entropy = Entropy::default();
        crypto.secure_random.fill(&mut entropy.0).map_err(|_| "there are no random numbers".to_owned())?;
        let roots = roots.iter().filter_map(|root| Certificate::of_der(root)).map(Arc::new).collect();
        Ok(Self { entropy, roots })
    }
}

/// What the gateway machine is told.
pub(super) fn gateway_settings(
    settings: &Settings,
    instance_id: String,
    backup: BackupPlace,
    grounds: Grounds,
) -> gateway::Settings {
    gateway::Settings {
        gateway_id: settings.gateway_id.clone(),
        instance_id,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        source: gateway_source(settings),
        sync_interval: settings.sync_interval,
        heartbeat_interval: settings.heartbeat_interval,
        backup,
        drain_delay: settings.drain_delay,
        drain_timeout: settings.drain_timeout,
        entropy: grounds.entropy,
        roots: grounds.roots,
    }
}
