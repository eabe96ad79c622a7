//! `llm-content-safety`: prompts and completions are judged by Azure AI Content Safety before they go on. What is found harmful is refused with
//! 403; what cannot be judged does not go on either.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::config::model::Backend;
use crate::context::Body;
use crate::expr::{Expected, Message};
use crate::http::{Bytes, HeaderValue, Method, StatusCode, Url, header};
use crate::llm::text;
use crate::policy::authentication::managed_identity::{Asked as Needed, of_entity};
use crate::policy::authentication::token;
use crate::policy::balancing::joined_path;
use crate::policy::content::content_of;
use crate::policy::dialect::Element;
use crate::policy::effect::{Effect, OutboundBody, OutboundRequest, Reply};
use crate::policy::operand::{Operand, Typed, get_optional};
use crate::policy::place::Section;
use crate::policy::reader::Reader;
use crate::policy::routing::{apply_entity, check_backend_id};
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Content, Occurs, Shape, TEXT, attribute, child};
use crate::policy::source::Problem;
use crate::policy::transform::header_value;
use crate::policy::{Built, Policy};
use crate::value::Value;

/// The longest text that the service judges at once, in characters.
pub const WINDOW_MAX: usize = 10_000;

/// The most windows of one completion.
pub const WINDOWS_MAX: usize = 1_000;

/// The version of the service's interface.
const API_VERSION: &str = "2024-09-01";

/// How long the service may take for one judgement.
const TIMEOUT: Duration = Duration::from_secs(60);

/// `llm-content-safety`
pub static LLM_CONTENT_SAFETY: Shape = Shape {
    attributes: &[
        attribute("backend-id").required(),
        attribute("shield-prompt"),
        attribute("enforce-on-completions"),
        attribute("window-size"),
        attribute("window-overlap-size"),
    ],
    content: Content::AnyOrder(&[
        child("categories", Occurs::Optional, &CATEGORIES),
        child("blocklists", Occurs::Optional, &BLOCKLISTS),
    ]),
};

static CATEGORIES: Shape = Shape {
    attributes: &[attribute("output-type").one_of(&["FourSeverityLevels", "EightSeverityLevels"])],
    content: Content::Children(&[child("category", Occurs::OneOrMore, &CATEGORY)]),
};

static CATEGORY: Shape = Shape {
    attributes: &[
        attribute("name").required().one_of(&["Hate", "SelfHarm", "Sexual", "Violence"]),
        attribute("threshold").required(),
    ],
    content: Content::Empty,
};

static BLOCKLISTS: Shape =
    Shape { attributes: &[], content: Content::Children(&[child("id", Occurs::OneOrMore, &TEXT)]) };

/// `llm-content-safety`
#[derive(Clone, Debug)]
pub struct ContentSafety {
    backend: Operand,
    shields: Option<Operand<bool>>,
    enforces: Option<Operand<bool>>,
    window: Option<Operand<Length>>,
    overlap: Option<Operand<Length>>,
    output: Option<Operand>,
    categories: Vec<(Operand, Operand<Threshold>)>,
    blocklists: Vec<Operand>,
    section: Section,
}

/// A number of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Length(usize);

/// `threshold`: from this severity on a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Threshold(u8);

/// What an exchange has texts judged by, with the values that it has for this exchange.
#[derive(Clone, Debug)]
pub struct Judge {
    entity: Arc<Backend>,
    window: usize,
    overlap: usize,
    output: Arc<str>,
    categories: Vec<(Arc<str>, u8)>,
    blocklists: Vec<Arc<str>>,
}

/// What is still to be asked of a judge.
#[derive(Clone, Debug)]
pub struct Hearing {
    judge: Arc<Judge>,
    open: VecDeque<Question>,
    asked: Option<Asked>,
}

#[derive(Clone, Debug)]
enum Question {
    Shield(String),
    Analyze(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    // For a token of the backend's managed identity.
    Token,
    Shield,
    Analyze,
}

/// What the fetch of the token is told from others by: there is one hearing at a time, and no section has so many ops.
const FETCH: usize = usize::MAX;

/// Compiles `<llm-content-safety>`.
pub fn build_content_safety(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let backend = reader.attribute::<Arc<str>>("backend-id");
    check_backend_id(reader, "backend-id", backend.as_ref().and_then(Operand::known).map(|id| &**id));
    let (shields, enforces) = (reader.attribute("shield-prompt"), reader.attribute("enforce-on-completions"));
    let (window, overlap) = (reader.attribute("window-size"), reader.attribute("window-overlap-size"));
    let mut categories = Vec::new();
    let mut output = None;
    if let Some(element) = reader.child("categories") {
        output = reader.at(element).attribute("output-type");
        let elements: Vec<&Element> = element.elements().collect();
        for element in elements {
            let mut reader = reader.at(element);
            let (name, threshold) = (reader.attribute("name"), reader.attribute("threshold"));
            categories.push(name.zip(threshold));
        }
    }
    let blocklists = reader.child("blocklists").map(|element| reader.at(element).texts("id")).unwrap_or_default();
    if shields.is_none() && categories.is_empty() && blocklists.is_empty() {
        let message = "`llm-content-safety` judges nothing: it needs `shield-prompt`, `categories` or `blocklists`";
        let name = reader.element.name_span;
        reader.compiler.report(Problem::warning("no-effect", name, message));
    }
    let (categories, section) = (categories.into_iter().collect::<Option<Vec<_>>>()?, reader.section());
    let backend = backend?;
    Some(Arc::new(ContentSafety {
        backend,
        shields,
        enforces,
        window,
        overlap,
        output,
        categories,
        blocklists,
        section,
    }))
}

impl Policy for ContentSafety {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let judge = Arc::new(self.judge(run)?);
        let shields = get_optional(self.shields.as_ref(), run)?.unwrap_or(false);
        let enforces = get_optional(self.enforces.as_ref(), run)?.unwrap_or(false);
        if self.section == Section::Outbound {
            let answer = content_of(run, Message::Response)?.unwrap_or_default();
            return hear(run, judge.completion(&text::of_answer(&answer)));
        }
        let prompt = content_of(run, Message::Request)?.unwrap_or_default();
        let prompt = text::of_request(&prompt);
        if enforces {
            run.state.judges.push(Arc::clone(&judge));
            run.context.request.headers.remove(header::ACCEPT_ENCODING);
        }
        if prompt.is_empty() {
            return Ok(Flow::Next);
        }
        if prompt.chars().count() > WINDOW_MAX {
            return Err(refused(&format!("the prompt is longer than {WINDOW_MAX} characters")));
        }
        let mut open = VecDeque::new();
        if shields {
            open.push_back(Question::Shield(prompt.clone()));
        }
        if judge.analyzes() {
            open.push_back(Question::Analyze(prompt));
        }
        hear(run, Hearing { judge, open, asked: None })
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        go_on(run, reply)
    }
}

impl ContentSafety {
    fn judge(&self, run: &mut Run<'_>) -> Result<Judge, Stop> {
        let id = self.backend.get(run)?;
        let window = get_optional(self.window.as_ref(), run)?.map_or(WINDOW_MAX, |Length(length)| length);
        let window = window.clamp(1, WINDOW_MAX);
        let overlap = get_optional(self.overlap.as_ref(), run)?.map_or(0, |Length(length)| length);
        let output = get_optional(self.output.as_ref(), run)?.unwrap_or_else(|| Arc::from("FourSeverityLevels"));
        let mut categories = Vec::with_capacity(self.categories.len());
        for (name, threshold) in &self.categories {
            categories.push((name.get(run)?, threshold.get(run)?.0));
        }
        let blocklists = self.blocklists.iter().map(|id| id.get(run)).collect::<Result<_, _>>()?;
        let entity = run.site.backends.get(&id.trim().to_ascii_lowercase()).map(Arc::clone);
        let entity = entity
            .ok_or_else(|| Stop::fail(Failure::internal("InvalidBackend", format!("there is no backend `{id}`"))))?;
        Ok(Judge { entity, window, overlap: overlap.min(window - 1), output, categories, blocklists })
    }
}

/// A completion has been read that judges wait for: has it judged, before anything of it goes to the client.
///
/// # Errors
/// It must be read first.
pub fn judge_completion(run: &mut Run<'_>) -> Ran {
    while let Some(judge) = run.state.judges.pop() {
        let answer = content_of(run, Message::Response)?.unwrap_or_default();
        let hearing = judge.completion(&text::of_answer(&answer));
        if let Flow::Ask(effect) = hear(run, hearing)? {
            return Ok(Flow::Ask(effect));
        }
    }
    Ok(Flow::Next)
}

/// Takes a judgement; the next question, if there is one.
///
/// # Errors
/// The text is refused, or could not be judged.
pub fn go_on(run: &mut Run<'_>, reply: Reply) -> Ran {
    let Some(hearing) = run.state.hearing.take() else { return Ok(Flow::Next) };
    if hearing.asked == Some(Asked::Token) {
        let Some(effect) = token::advance(run, FETCH, reply) else { return hear(run, *hearing) };
        run.state.hearing = Some(hearing);
        return Ok(Flow::Ask(effect));
    }
    hearing.judged(reply)?;
    hear(run, *hearing)
}

fn hear(run: &mut Run<'_>, mut hearing: Hearing) -> Ran {
    let Some(question) = hearing.open.pop_front() else { return Ok(Flow::Next) };
    let mut request = hearing.judge.ask(run, &question)?;
    match of_entity(run, FETCH, Some(&hearing.judge.entity))? {
        Needed::Perform(effect) => {
            hearing.open.push_front(question);
            hearing.asked = Some(Asked::Token);
            run.state.hearing = Some(Box::new(hearing));
            return Ok(Flow::Ask(effect));
        }
        Needed::Known(value) => {
            drop(value.map(|value| request.headers.insert(header::AUTHORIZATION, value)));
        }
    }
    hearing.asked = Some(match question {
        Question::Shield(_) => Asked::Shield,
        Question::Analyze(_) => Asked::Analyze,
    });
    run.state.hearing = Some(Box::new(hearing));
    Ok(Flow::Ask(Box::new(Effect::Send(Box::new(request)))))
}

impl Judge {
    fn analyzes(&self) -> bool {
        !(self.categories.is_empty() && self.blocklists.is_empty())
    }

    // The windows of a completion, one behind the other with what they have in common.
    fn completion(self: &Arc<Self>, words: &str) -> Hearing {
        let characters: Vec<char> = words.chars().collect();
        let step = self.window.saturating_sub(self.overlap).max(1);
        let mut open = VecDeque::new();
        let mut start = 0;
        while self.analyzes() && start < characters.len() && open.len() < WINDOWS_MAX {
            let end = (start + self.window).min(characters.len());
            open.push_back(Question::Analyze(characters.get(start..end).unwrap_or_default().iter().collect()));
            if end == characters.len() {
                break;
            }
            start += step;
        }
        Hearing { judge: Arc::clone(self), open, asked: None }
    }

    fn ask(&self, run: &Run<'_>, question: &Question) -> Result<OutboundRequest, Stop> {
        let (action, content) = match question {
            Question::Shield(prompt) => ("text:shieldPrompt", json!({ "userPrompt": prompt, "documents": [] })),
            Question::Analyze(words) => ("text:analyze", self.analysis(words)),
        };
        let base = self.entity.url.as_ref().ok_or_else(|| {
            Stop::fail(Failure::internal("InvalidBackend", format!("the backend `{}` has no URL", self.entity.id)))
        })?;
        let path = joined_path(&base.path, &format!("/contentsafety/{action}"));
        let url = Url { path, query: Some(format!("api-version={API_VERSION}")), ..base.clone() };
        let mut request = OutboundRequest::new(Method::POST, url, TIMEOUT);
        request.headers.insert(header::HOST, header_value(&base.authority())?);
        request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.body = OutboundBody::Bytes(Bytes::from(content.to_string()));
        apply_entity(run, &mut request, &self.entity)?;
        Ok(request)
    }

    fn analysis(&self, words: &str) -> Json {
        let mut asked = json!({ "text": words, "outputType": &*self.output });
        if !self.categories.is_empty() {
            let names: Vec<&str> = self.categories.iter().map(|(name, _)| &**name).collect();
            asked["categories"] = json!(names);
        }
        if !self.blocklists.is_empty() {
            let names: Vec<&str> = self.blocklists.iter().map(|id| &**id).collect();
            asked["blocklistNames"] = json!(names);
            asked["haltOnBlocklistHit"] = json!(true);
        }
        asked
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Shielded {
    user_prompt_analysis: Option<Attack>,
    documents_analysis: Option<Vec<Attack>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Attack {
    attack_detected: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Analyzed {
    blocklists_match: Option<Vec<Match>>,
    categories_analysis: Option<Vec<Severity>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Match {
    blocklist_name: String,
}

#[derive(Deserialize)]
struct Severity {
    category: String,
    severity: Option<u8>,
}

impl Hearing {
    fn judged(&self, reply: Reply) -> Result<(), Stop> {
        let content = judgement(reply).map_err(unjudged)?;
        let wrong = |error: serde_json::Error| unjudged(format!("its answer cannot be read: {error}"));
        match self.asked {
            Some(Asked::Shield) => {
                let Shielded { user_prompt_analysis, documents_analysis } =
                    serde_json::from_slice(&content).map_err(wrong)?;
                let mut all = user_prompt_analysis.into_iter().chain(documents_analysis.into_iter().flatten());
                match all.any(|analysis| analysis.attack_detected) {
                    true => Err(refused("an attack was detected in the prompt")),
                    false => Ok(()),
                }
            }
            Some(Asked::Analyze) => self.analyzed(serde_json::from_slice(&content).map_err(wrong)?),
            Some(Asked::Token) | None => Ok(()),
        }
    }

    fn analyzed(&self, analyzed: Analyzed) -> Result<(), Stop> {
        if let Some(Match { blocklist_name }) = analyzed.blocklists_match.unwrap_or_default().first() {
            return Err(refused(&format!("a term of the blocklist `{blocklist_name}` was found")));
        }
        for Severity { category, severity } in analyzed.categories_analysis.unwrap_or_default() {
            let limit = self.judge.categories.iter().find(|(name, _)| name.eq_ignore_ascii_case(&category));
            if let (Some((_, limit)), Some(severity)) = (limit, severity)
                && severity >= *limit
            {
                return Err(refused(&format!("`{category}` has the severity {severity}")));
            }
        }
        Ok(())
    }
}

fn judgement(reply: Reply) -> Result<Bytes, String> {
    let response = reply.response()?;
    match response.body {
        Body::Bytes(bytes) if response.status.is_success() => Ok(bytes),
        _ => Err(format!("it answered with the status code {}", response.status.as_u16())),
    }
}

// Decision: what cannot be judged does not go on (fixtures/policy/llm-content-safety.conversation).
fn unjudged(why: String) -> Stop {
    Stop::fail(Failure::internal("ContentSafetyFailure", format!("content safety could not judge the text: {why}")))
}

// What was found is the operator's matter: `LastError` says it, the client is told the original's sentence.
fn refused(why: &str) -> Stop {
    let failure = Failure::new(StatusCode::FORBIDDEN, "ContentSafetyViolation", why);
    let public = crate::policy::run::Public::Text("Request failed content safety check.".to_owned());
    Stop::fail(Failure { public, ..failure })
}

impl Typed for Length {
    const EXPECTED: Expected = Expected::Int;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let length = text.parse().ok().filter(|length| *length <= WINDOW_MAX);
        length.map(Self).ok_or_else(|| format!("`{text}` is not a number of characters: expected 0 to {WINDOW_MAX}"))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}

impl Typed for Threshold {
    const EXPECTED: Expected = Expected::Int;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let threshold = text.parse().ok().filter(|threshold| *threshold <= 7);
        threshold.map(Self).ok_or_else(|| format!("`{text}` is not a severity: expected 0 to 7"))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}
