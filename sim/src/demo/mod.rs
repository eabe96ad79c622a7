//! The demo: the outage story against the wall clock, with real sockets, real TLS and a real folder, each step shown as it happens.

mod gateway;
mod stage;
mod story;

use std::process::ExitCode;

use crate::loopback;
use crate::terminal::say;

use stage::Stage;

/// Plays the story; exit code 0 when every step went as promised.
#[must_use]
pub fn run(serve: bool) -> ExitCode {
    let played = loopback::run(async {
        let mut stage = Stage::set().await?;
        story::play(&mut stage).await;
        let verdict = stage.table();
        if serve {
            stage.serve().await?;
        }
        Ok::<bool, String>(verdict)
    });
    match played {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        Ok(Ok(false)) => ExitCode::FAILURE,
        Ok(Err(error)) | Err(error) => failed(&error),
    }
}

fn failed(error: &str) -> ExitCode {
    say(&format!("error: the demo could not be set up: {error}"));
    ExitCode::FAILURE
}
