//! The outage story, step by step: what is done, and what is promised of it.

use std::time::Duration;

use crate::azure::Fault;
use crate::client::ask;
use crate::sample::EDIT_HEADER;
use holdfast::net::TokioNet;

use super::stage::Stage;

const DRAIN_PATIENCE: Duration = Duration::from_secs(10);

/// Plays all acts; each enters what it saw into the stage's table.
pub(super) async fn play(stage: &mut Stage) {
    let acts = [federate(stage).await, outage(stage).await, restart_offline(stage).await];
    let acts = acts.into_iter().chain([return_of_azure(stage).await, without_backup(stage).await]);
    let acts: Vec<Result<(), String>> = acts.chain([bad_token(stage).await, drain(stage).await]).collect();
    for act in acts {
        if let Err(problem) = act {
            stage.enter("the act could be played", Err(problem));
        }
    }
}

async fn federate(stage: &mut Stage) -> Result<(), String> {
    stage.start_gateway("one")?;
    stage.promise("it takes its configuration and serves", async |stage| shows(stage, 1).await).await;
    stage
        .promise("without a key it answers 401 with the published body", async |stage| {
            let told = ask(&TokioNet, &stage.request("/orders/items/1")).await?;
            let body = String::from_utf8_lossy(&told.body).into_owned();
            let as_published = told.status.as_u16() == 401 && body.contains("missing subscription key");
            check(as_published, format!("{} {body}", told.status))
        })
        .await;
    stage.edit(2)?;
    stage.promise("an edit is taken up within a poll", async |stage| shows(stage, 2).await).await;
    stage.promise("it beats to the service", heartbeat).await;
    Ok(())
}

async fn outage(stage: &mut Stage) -> Result<(), String> {
    stage.note("the wire to Azure is cut");
    stage.azure.with(|azure| azure.set_fault(Fault::Cut));
    stage.promise("it notices and says so", async |stage| state(stage, 200, "disconnected").await).await;
    stage.edit(3)?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut failed = Vec::new();
    for item in 0..50 {
        match stage.get(&format!("/catalog/items/{item}")).await {
            Ok(told) if told.status.as_u16() == 200 && told.header(EDIT_HEADER) == "2" => {}
            Ok(told) => failed.push(format!("{} edit {}", told.status, told.header(EDIT_HEADER))),
            Err(error) => failed.push(error),
        }
    }
    let seen = if failed.is_empty() { Ok("50 of 50 requests served".to_owned()) } else { Err(failed.join("; ")) };
    stage.enter("it keeps serving what it has (fail-static)", seen);
    Ok(())
}

async fn restart_offline(stage: &mut Stage) -> Result<(), String> {
    stage.kill_gateway()?;
    stage.start_gateway("one")?;
    stage
        .promise("restarted while still cut off, it serves from its backup", async |stage| shows(stage, 2).await)
        .await;
    stage.promise("and says that it does", async |stage| state(stage, 200, "restored").await).await;
    Ok(())
}

async fn return_of_azure(stage: &mut Stage) -> Result<(), String> {
    stage.note("the wire is mended");
    stage.azure.with(|azure| azure.clear_fault(Fault::Cut));
    stage.promise("it catches up by itself", async |stage| shows(stage, 3).await).await;
    stage.promise("and is connected again", async |stage| state(stage, 200, "connected").await).await;
    Ok(())
}

async fn without_backup(stage: &mut Stage) -> Result<(), String> {
    stage.kill_gateway()?;
    stage.note("the wire to Azure is cut again");
    stage.azure.with(|azure| azure.set_fault(Fault::Cut));
    stage.start_gateway("empty")?;
    stage
        .promise("without backup and service it is not ready and says why", async |stage| {
            let seen = state(stage, 503, "starting").await?;
            let told = stage.get("/orders/items/1").await?;
            let body = String::from_utf8_lossy(&told.body).into_owned();
            check(
                told.status.as_u16() == 503 && !body.is_empty(),
                format!("{seen}; a request gets {} {body}", told.status),
            )
        })
        .await;
    stage.note("the wire is mended");
    stage.azure.with(|azure| azure.clear_fault(Fault::Cut));
    stage.promise("it becomes ready by itself once the service answers", async |stage| shows(stage, 3).await).await;
    Ok(())
}

async fn bad_token(stage: &mut Stage) -> Result<(), String> {
    stage.note("the service's keys are rotated: the gateway's token is dead");
    stage.azure.with(crate::azure::Azure::rotate_keys);
    stage
        .promise("a dead token is said, and never an empty 200", async |stage| {
            let seen = state(stage, 200, "disconnected").await?;
            let told = stage.get("/orders/items/1").await?;
            check(told.status.as_u16() == 200 && !told.body.is_empty(), format!("{seen}; requests are served"))
        })
        .await;
    Ok(())
}

async fn drain(stage: &mut Stage) -> Result<(), String> {
    let slow = stage.request("/orders/items/9?delay_ms=1500").header("ocp-apim-subscription-key", crate::sample::KEY);
    let in_flight = tokio::task::spawn_local(async move { ask(&TokioNet, &slow).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    stage.note("the gateway is asked to end while a request is in flight");
    stage.gateway()?.terminate();
    stage.promise("readiness goes off first", async |stage| state(stage, 503, "draining").await).await;
    let told = in_flight.await.map_err(|error| error.to_string())?;
    let finished = told.and_then(|told| check(told.status.as_u16() == 200, format!("it got {}", told.status)));
    stage.enter("the request in flight is finished", finished);
    let gateway = stage.take_gateway()?;
    let waited = tokio::time::timeout(DRAIN_PATIENCE, async {
        while !gateway.is_ended() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let ended = match waited.await {
        Ok(()) => gateway.ended().and_then(|code| check(code == 0, format!("exit code {code}"))),
        Err(_) => Err("it did not end".to_owned()),
    };
    stage.enter("then it ends with code 0", ended);
    Ok(())
}

async fn shows(stage: &Stage, edit: u32) -> Result<String, String> {
    let told = stage.get("/orders/items/1").await?;
    let seen = format!("GET /orders/items/1 -> {}, edit {}", told.status, told.header(EDIT_HEADER));
    check(told.status.as_u16() == 200 && told.header(EDIT_HEADER) == edit.to_string(), seen)
}

async fn state(stage: &Stage, code: u16, state: &str) -> Result<String, String> {
    let (seen_code, body) = stage.status().await?;
    let text = |name: &str| body.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    check(seen_code == code && text("state") == state, format!("{seen_code} {} ({})", text("state"), text("reason")))
}

async fn heartbeat(stage: &Stage) -> Result<String, String> {
    let last = stage.azure.with(|azure| azure.heartbeats().last().cloned()).ok_or("no heartbeat has come")?;
    let applied = last.document.get("appliedRevision").and_then(|value| value.as_str()).unwrap_or("none").to_owned();
    check(applied == "00000002", format!("a heartbeat says that revision {applied} is applied"))
}

fn check(holds: bool, seen: String) -> Result<String, String> {
    if holds { Ok(seen) } else { Err(seen) }
}
