//! Watches an exchange step by step when someone may and wants to see it. Changes nothing of it.

use std::time::Duration;

use crate::context::{Context, ResponseView};
use crate::exchange::seen::{Seen, bytes_of, content, message, outbound};
use crate::exchange::strand::Frame;
use crate::exchange::{Exchange, Phase, link};
use crate::http::{ResponseHead, phrase};
use crate::inspection::{Fact, Inspection, Message, Reader, Secrets, Step, shortened};
use crate::policy::effect::{BodyFailure, CacheFailure, CacheRequest, CacheVerb, Content, Effect, EffectId, Reply};
use crate::policy::program::Op;
use crate::policy::{Scope, Section};
use crate::telemetry::ErrorRecord;
use crate::time::Now;

/// What watches an exchange.
#[derive(Debug)]
pub(super) struct Inspector {
    inspection: Inspection,
    secrets: Secrets,
    seen: Seen,
    // The step that runs, and where its op stands.
    current: Option<usize>,
    places: Vec<(usize, Section, Frame)>,
    // Effects that have been asked for, by which step.
    asked: Vec<(EffectId, usize)>,
    error: Option<ErrorRecord>,
    traces: usize,
}

impl Inspector {
    fn new(context: &Context, secrets: Secrets, reader: Option<Reader>) -> Box<Self> {
        let service = context.deployment.service_name.clone();
        let inspection = Inspection::new(service, context.request_id.to_string(), reader);
        Box::new(Self {
            inspection,
            secrets,
            seen: Seen::default(),
            current: None,
            places: Vec::new(),
            asked: Vec::new(),
            error: None,
            traces: 0,
        })
    }

    fn begin(&mut self, step: Step) {
        self.current = self.inspection.begin(step);
    }

    fn add(&mut self, fact: Fact) {
        if let Some(current) = self.current {
            self.inspection.add(current, fact);
        }
    }

    // The step whose policy asked for what comes to the op at `frame`.
    fn resumed(&self, section: Section, frame: Frame) -> Option<usize> {
        let is_here = |(_, of, place): &&(usize, Section, Frame)| (*of, *place) == (section, frame);
        self.places.iter().rev().find(is_here).map(|(step, ..)| *step)
    }

    fn set_took(&mut self, step: usize, context: &Context, now: Now) {
        let elapsed = context.elapsed(now);
        if let Some(step) = self.inspection.steps.get_mut(step) {
            step.took = elapsed.saturating_sub(step.begun);
        }
    }
}

impl Exchange {
    /// Begins to watch; what came in and where it was routed is the first step.
    pub(super) fn watch(&mut self, reader: Option<Reader>, now: Now) {
        let mut secrets = Secrets::default();
        for secret in self.snapshot.secrets.iter() {
            secrets.learn(secret);
        }
        if let Some(api) = &self.context.api {
            secrets.name_keys(&api.key_names.0, &api.key_names.1);
        }
        if let Some(subscription) = &self.context.subscription {
            secrets.learn(&subscription.primary_key);
            secrets.learn(&subscription.secondary_key);
        }
        let mut inspector = Inspector::new(&self.context, secrets, reader);
        let request = &self.context.request;
        let line = format!("{} {}", request.method, inspector.secrets.url(&request.original_url.to_string()));
        let received = message(line, &request.headers, content(&request.body), &mut inspector.secrets);
        inspector.begin(Step {
            section: Section::Inbound.as_str(),
            source: "api-inspector",
            at: self.context.arrived.wall,
            facts: vec![Fact::Received(received), Fact::Said(routed(&self.context))],
            took: self.context.elapsed(now),
            ..Step::default()
        });
        inspector.seen = Seen::of(&self.context, &self.state, &mut inspector.secrets);
        self.inspector = Some(inspector);
    }

    /// Begins the step of the op at `frame`, unless the op is only a way to another.
    pub(super) fn begin_step(&mut self, section: Section, frame: Frame, now: Now) {
        if self.inspector.is_none() {
            return;
        }
        let op = self.code(section, frame.level).and_then(|code| code.ops.get(frame.pc));
        let taken = match op {
            Some(Op::Take { asked }) => Some(Frame { pc: *asked, ..frame }),
            Some(Op::Base | Op::Around { .. } | Op::Jump { .. } | Op::EndBranch | Op::Leave) | None => {
                if let Some(inspector) = &mut self.inspector {
                    inspector.current = None;
                }
                return;
            }
            Some(Op::Policy(_) | Op::Unless { .. } | Op::Repeat(_) | Op::Again { .. } | Op::Fork(_) | Op::Enter(_)) => {
                None
            }
        };
        let link = link(&self.chain, &self.calls, frame.level);
        let scope = link.map_or("", |link| link.scope.as_str());
        let begins = link.filter(|_| frame.pc == 0).and_then(|link| link.field.clone());
        let place = self.place(section, frame).cloned();
        let Some(inspector) = &mut self.inspector else { return };
        if let Some(step) = taken.and_then(|asked| inspector.resumed(section, asked)) {
            inspector.current = Some(step);
            return;
        }
        let Some(place) = place else { return };
        inspector.begin(Step {
            section: section.as_str(),
            scope,
            source: place.element,
            path: place.path,
            policy_id: place.policy_id,
            at: now.wall,
            begun: self.context.elapsed(now),
            took: Duration::ZERO,
            facts: begins.map(|field| Fact::Said(format!("resolves {field}"))).into_iter().collect(),
        });
        if let Some(current) = inspector.current {
            inspector.places.push((current, section, frame));
        }
    }

    /// Ends the step that runs: what is otherwise than before it was its doing.
    pub(super) fn end_step(&mut self) {
        let Some(inspector) = &mut self.inspector else { return };
        for secret in self.state.secrets.drain(..) {
            inspector.secrets.learn(&secret);
        }
        let seen = Seen::of(&self.context, &self.state, &mut inspector.secrets);
        for change in seen.changes_since(&inspector.seen) {
            inspector.add(change);
        }
        inspector.seen = seen;
        for line in self.state.traces.get(inspector.traces..).unwrap_or_default() {
            inspector.add(Fact::Said(format!("trace: {}", shortened(line))));
        }
        inspector.traces = self.state.traces.len();
        let error = self.context.last_error.as_deref();
        if error != inspector.error.as_ref() {
            if let Some(error) = error {
                let (reason, message) = (error.reason.clone(), shortened(&error.message));
                inspector.add(Fact::Failed { reason, message });
            }
            inspector.error = error.cloned();
        }
    }

    /// Looks at an exchange that another strand goes on with: what is otherwise is nobody's doing.
    pub(super) fn look_again(&mut self) {
        if let Some(inspector) = &mut self.inspector {
            inspector.seen = Seen::of(&self.context, &self.state, &mut inspector.secrets);
        }
    }

    /// Says something of the step that runs.
    pub(super) fn note(&mut self, fact: impl FnOnce() -> Fact) {
        if let Some(inspector) = &mut self.inspector {
            inspector.add(fact());
        }
    }

    /// What the step that runs has asked for.
    pub(super) fn note_asked(&mut self, id: EffectId, effect: &Effect) {
        let Some(inspector) = &mut self.inspector else { return };
        let fact = match effect {
            Effect::ReadRequestBody { .. } => Fact::Said("reads the content of the request".to_owned()),
            Effect::ReadResponseBody { .. } => Fact::Said("reads the content of the response".to_owned()),
            Effect::PeekResponseBody { .. } => {
                Fact::Said("reads the content of the response, unless it is long".to_owned())
            }
            Effect::Forward(request) | Effect::Send(request) | Effect::Dispatch(request) => {
                Fact::Sent(outbound(request, &mut inspector.secrets))
            }
            Effect::Cache(request) => Fact::Said(asked_of_cache(request)),
            Effect::ReadFile { path, .. } => Fact::Said(format!("reads the file {path}")),
            Effect::Sleep(time) => Fact::Said(format!("waits for {} s", time.as_secs_f64())),
        };
        inspector.add(fact);
        if let Some(current) = inspector.current {
            inspector.asked.push((id, current));
        }
    }

    /// What came for a step.
    pub(super) fn note_answer(&mut self, id: EffectId, reply: &Reply, now: Now) {
        let Some(inspector) = &mut self.inspector else { return };
        let Some(at) = inspector.asked.iter().position(|(asked, _)| *asked == id) else { return };
        let (_, step) = inspector.asked.remove(at);
        let secrets = &mut inspector.secrets;
        let fact = match reply {
            Reply::Head(Ok((head, follows))) => {
                let content = match follows {
                    Content::None => "no content",
                    Content::Follows => "content follows",
                };
                Fact::Received(message(status_line(head), &head.headers, content.to_owned(), secrets))
            }
            Reply::Response(Ok(response)) => Fact::Received(view(response, secrets)),
            Reply::Head(Err(failure)) | Reply::Response(Err(failure)) => {
                Fact::Said(format!("no response: {}", shortened(&failure.message)))
            }
            Reply::Body(Ok(bytes)) => Fact::Said(format!("read {}", bytes_of(bytes.len()))),
            Reply::Body(Err(BodyFailure::TooLarge)) => Fact::Said("the content is too large".to_owned()),
            Reply::Body(Err(BodyFailure::Broken(why))) => Fact::Said(format!("the content broke off: {why}")),
            Reply::Cache(Ok(Some(entry))) => Fact::Said(format!("found {}", bytes_of(entry.len()))),
            Reply::Cache(Ok(None)) => Fact::Said("nothing was there".to_owned()),
            Reply::Cache(Err(CacheFailure(why))) => Fact::Said(format!("no answer: {}", shortened(why))),
            Reply::Dispatched | Reply::Elapsed => {
                let context = &self.context;
                return inspector.set_took(step, context, now);
            }
        };
        inspector.inspection.add(step, fact);
        inspector.set_took(step, &self.context, now);
    }

    /// Time has passed since the last step: it took at least this long.
    pub(super) fn note_time(&mut self, now: Now) {
        if let Some(inspector) = &mut self.inspector
            && let Some(current) = inspector.current.take()
        {
            inspector.set_took(current, &self.context, now);
        }
    }

    /// Ends the watch with the response that the client gets.
    pub(super) fn inspected(&mut self, head: &ResponseHead, now: Now) -> Option<Box<Inspection>> {
        debug_assert!(matches!(self.phase, Phase::Settling(_)), "the response is known");
        let mut inspector = self.inspector.take()?;
        let sent = message(status_line(head), &head.headers, String::new(), &mut inspector.secrets);
        let mut facts = vec![Fact::Sent(sent)];
        let error = self.context.last_error.as_deref().filter(|error| inspector.error.as_ref() != Some(*error));
        facts.extend(
            error.map(|error| Fact::Failed { reason: error.reason.clone(), message: shortened(&error.message) }),
        );
        // A resolver that fails leads nowhere else.
        let section = match self.context.last_error.as_deref().filter(|error| error.scope != Scope::Resolver.as_str()) {
            Some(_) => Section::OnError,
            None => Section::Outbound,
        };
        inspector.begin(Step {
            section: section.as_str(),
            source: "api-inspector",
            at: now.wall,
            begun: self.context.elapsed(now),
            facts,
            ..Step::default()
        });
        let mut inspection = inspector.inspection;
        inspector.secrets.cover(&mut inspection);
        Some(Box::new(inspection))
    }
}

fn routed(context: &Context) -> String {
    let mut parts = Vec::new();
    let mut part = |kind: &str, id: Option<&str>| parts.extend(id.map(|id| format!("{kind} `{id}`")));
    part("API", context.api.as_ref().map(|api| api.id.as_str()));
    part("operation", context.operation.as_ref().map(|operation| operation.id.as_str()));
    part("product", context.product.as_ref().map(|product| product.id.as_str()));
    part("subscription", context.subscription.as_ref().map(|subscription| subscription.id.as_str()));
    if parts.is_empty() { "no API serves it".to_owned() } else { format!("routed to {}", parts.join(", ")) }
}

// Not the key, which may be made of anything.
fn asked_of_cache(CacheRequest { cache, key: _, verb }: &CacheRequest) -> String {
    let id = &cache.id;
    match verb {
        CacheVerb::Get { .. } => format!("looks into the cache `{id}`"),
        CacheVerb::Set { entry, lifetime } => {
            format!("stores {} in the cache `{id}` for {} s", bytes_of(entry.len()), lifetime.as_secs())
        }
        CacheVerb::Remove => format!("removes from the cache `{id}`"),
    }
}

fn status_line(head: &ResponseHead) -> String {
    let reason = phrase(head.status, head.reason.as_deref());
    format!("{} {reason}", head.status.as_u16()).trim_end().to_owned()
}

fn view(response: &ResponseView, secrets: &mut Secrets) -> Message {
    let head =
        ResponseHead { status: response.status, reason: response.reason.clone(), headers: response.headers.clone() };
    message(status_line(&head), &head.headers, content(&response.body), secrets)
}
