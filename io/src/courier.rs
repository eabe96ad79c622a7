//! Takes inspections to the configuration service, in their order and one at a time. Keeps none: what the service does not take can be
//! read at the gateway all the same.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use holdfast_core::http::Bytes;
use holdfast_core::inspection::Inspection;
use holdfast_core::telemetry::{Event, Level};
use serde_json::json;
use tokio::sync::mpsc;

use crate::azure::Client;
use crate::clock::Clock;
use crate::net::Net;
use crate::sink::Sink;

/// The most inspections that wait to be taken; more are not.
const WAITING_MAX: usize = 16;

/// Where workers leave inspections for the control loop.
#[derive(Debug)]
pub struct Tray {
    sender: mpsc::Sender<Arc<Inspection>>,
    receiver: Mutex<Option<mpsc::Receiver<Arc<Inspection>>>>,
}

impl Default for Tray {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        Self { sender, receiver: Mutex::new(Some(receiver)) }
    }
}

impl Tray {
    /// Leaves an inspection; it is dropped when nobody takes any, or too many wait.
    pub(crate) fn leave(&self, inspection: Arc<Inspection>) {
        drop(self.sender.try_send(inspection));
    }

    /// What takes them; whoever asks first gets it.
    pub(crate) fn take(&self) -> Option<mpsc::Receiver<Arc<Inspection>>> {
        self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Takes what is left in the tray to the service, for ever.
pub(crate) async fn deliver<N: Net>(
    client: Rc<Client<N>>,
    mut tray: mpsc::Receiver<Arc<Inspection>>,
    clock: Arc<dyn Clock>,
    sink: Arc<dyn Sink>,
) {
    while let Some(inspection) = tray.recv().await {
        let document = json!({ "traces": [inspection.to_json()] }).to_string();
        if let Err(failure) = client.send_telemetry(Bytes::from(document)).await {
            let message = format!("the trace {} was not taken: {}", inspection.id, failure.reason());
            sink.event(&Event::new(clock.now().wall, Level::Debug, "telemetry", "TelemetryFailed", message));
        }
    }
}
