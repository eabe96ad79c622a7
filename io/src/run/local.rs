//! The start inside a `LocalSet`: control plane and one worker on the caller's thread, in the caller's world. Reads no file, starts no
//! thread; the simulator and the demo run the gateway so, production runs the same two halves on threads.

use std::sync::Arc;

use holdfast_core::exchange::UpstreamTls;
use holdfast_core::gateway::BackupPlace;
use holdfast_core::snapshot::Snapshot;
use tokio::sync::mpsc;

use super::{backup_place, backup_store, provider, startup};
use crate::disk::Disk;
use crate::drive::{Control, run_control};
use crate::env::Env;
use crate::net::Net;
use crate::plane::Plane;
use crate::server::{self, Listeners, run_worker};
use crate::settings::Settings;
use crate::tls::ClientTls;

/// The authorities to trust, in PEM, instead of those of the system.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Of the configuration service.
    pub service: Option<String>,
    /// Of backends.
    pub upstream: Option<String>,
}

/// Runs the gateway until it is asked to end; gives the exit code. Plain HTTP only. Every message on `shutdown` is one request to end.
///
/// # Errors
/// It cannot start: in words.
pub async fn run_local<N: Net, D: Disk>(
    env: Env<N, D>,
    settings: Settings,
    trust: Trust,
    shutdown: mpsc::Receiver<()>,
) -> Result<i32, String> {
    let client = |authority: &Option<String>| {
        let authorities: Vec<String> = authority.iter().cloned().collect();
        ClientTls::new(&env.crypto, &env.clock, Vec::new(), &authorities).map_err(|fault| fault.to_string())
    };
    let (service, upstream) = (client(&trust.service)?, Arc::new(client(&trust.upstream)?));
    let plain = match settings.listeners.http {
        Some(address) => {
            Some(env.net.bind(address).await.map_err(|error| format!("cannot listen on `{address}`: {error}"))?)
        }
        None => None,
    };
    let plane = Plane::new(startup::first_status(&env));
    plane.shared.tokens.come_from(settings.identity.clone());
    let options = server::Options { timeouts: settings.timeouts, ..server::Options::new(Arc::clone(&upstream)) };
    let worker = run_worker(env.clone(), Arc::clone(&plane), Listeners { plain, tls: None }, options);
    let worker = tokio::task::spawn_local(worker);

    let backup = backup_store(&env, &settings);
    let place = backup_place(&env, &settings, &backup).await;
    let instance_id = startup::instance_id(&settings, None, env.seed);
    let control = Control {
        settings: startup::gateway_settings(&settings, instance_id, place, startup::Grounds::new(&env.crypto, &[])?),
        provider: provider(&settings, Some(service.config(UpstreamTls::default())), &upstream),
        backup: (place == BackupPlace::Present).then_some(backup),
    };
    let code = run_control(env, plane, control, shutdown, |_: &Arc<Snapshot>| {}).await;
    worker.abort();
    Ok(code)
}
