//! `holdfast-sim azure`: fake Azure on real sockets, from the command line. Prints what a gateway needs to attach.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use holdfast::clock::{Clock, SystemClock};
use holdfast::net::{Net, TokioNet};
use holdfast_core::rng::Seed;
use tokio_rustls::TlsAcceptor;

use super::state::Azure;
use super::store::Store;
use super::tls::Identity;
use super::{admin, serve, watch};
use crate::terminal::say;

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration folder.
    pub config: PathBuf,
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where the admin side listens.
    pub admin: SocketAddr,
    /// The gateway that attaches.
    pub gateway: String,
    /// Where the authority's certificate is written; `None` serves plain HTTP.
    pub ca: Option<PathBuf>,
    /// Where keys and the newest revision's number are kept, so that the service can be killed and come back as the same one.
    pub state: Option<PathBuf>,
    /// How long the printed token lives.
    pub token_life: Duration,
}

/// Serves until the process ends.
///
/// # Errors
/// The folder cannot be read, an address cannot be had, the authority's file cannot be written: in words.
pub async fn run(options: Options) -> Result<(), String> {
    let (files, read) = watch::read(&options.config)?;
    for diagnostic in &read.diagnostics {
        say(&diagnostic.to_string());
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let store = options.state.as_deref().map(Store::open).transpose()?;
    let identity = identity(store.as_ref())?;
    let azure = match store.as_ref().and_then(Store::lasting) {
        Some(lasting) => Azure::resumed(&options.gateway, read.set, random_seed()?, lasting),
        None => Azure::new(&options.gateway, read.set, random_seed()?),
    };
    let mut shared = serve::Shared::new(azure, Arc::clone(&clock));
    if let Some(store) = store {
        shared = shared.keeping(store);
    }

    let api = bind(options.listen).await?;
    let side = bind(options.admin).await?;
    let address = TokioNet::local_address(&api).map_err(|error| error.to_string())?;
    let admin_address = TokioNet::local_address(&side).map_err(|error| error.to_string())?;
    let tls = match &options.ca {
        Some(path) => Some(acceptor(path, &identity)?),
        None => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let token = shared.with(|azure| azure.token(clock.now().wall.saturating_add(options.token_life)));
    say(&format!("endpoint {scheme}://localhost:{}", address.port()));
    say(&format!("admin http://{admin_address}"));
    if let Some(path) = &options.ca {
        say(&format!("ca {}", path.display()));
    }
    say(&format!("token {token}"));
    say("ready");

    tokio::task::spawn_local(admin::serve::<TokioNet>(shared.clone(), side));
    tokio::task::spawn_local(watch::watch(shared.clone(), options.config, files, |published| match published {
        Ok(published) => {
            say(&format!("revision {}", published.revision));
            for diagnostic in &published.diagnostics {
                say(&diagnostic.to_string());
            }
        }
        Err(error) => say(&format!("the folder cannot be read: {error}")),
    }));
    serve::serve::<TokioNet>(shared, api, tls).await;
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<<TokioNet as Net>::Listener, String> {
    TokioNet.bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))
}

fn identity(store: Option<&Store>) -> Result<Identity, String> {
    const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];
    match store {
        Some(store) => store.key_pairs().map(|(authority, server)| Identity::with_keys(&NAMES, authority, server))?,
        None => Identity::new(&NAMES),
    }
    .map_err(|error| error.to_string())
}

fn acceptor(ca: &std::path::Path, identity: &Identity) -> Result<TlsAcceptor, String> {
    std::fs::write(ca, &identity.authority_pem).map_err(|error| format!("{}: {error}", ca.display()))?;
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    Ok(TlsAcceptor::from(identity.server_config(crypto).map_err(|error| error.to_string())?))
}

/// Keys of a real process must not be guessable from its start time.
fn random_seed() -> Result<Seed, String> {
    let mut bytes = [0; 8];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut bytes).map_err(|_| "no random numbers could be had".to_owned())?;
    Ok(Seed(u64::from_le_bytes(bytes)))
}
