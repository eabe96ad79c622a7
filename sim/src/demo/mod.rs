//! The demo: the outage story against the wall clock, with real sockets, real TLS and a real folder, each step shown as it happens.

mod gateway;
mod stage;
mod story;

use std::process::ExitCode;

use crate::terminal::say;

use stage::Stage;

/// Plays the story; exit code 0 when every step went as promised.
#[must_use]
pub fn run(serve: bool) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    let played = tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut stage = Stage::set().await?;
        story::play(&mut stage).await;
        let verdict = stage.table();
        if serve {
            stage.serve().await?;
        }
        Ok::<bool, String>(verdict)
    });
    match played {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

fn failed(error: &str) -> ExitCode {
    say(&format!("error: the demo could not be set up: {error}"));
    ExitCode::FAILURE
}
