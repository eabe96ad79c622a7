//! Policies that change content as text: find-and-replace, redirect-content-urls, jsonp. What is no text in its charset they leave as it is.

use std::borrow::Cow;
use std::sync::Arc;

use crate::context::Body;
use crate::expr::Message;
use crate::http::charset;
use crate::http::media::MediaType;
use crate::http::{Bytes, HeaderMap, HeaderValue, Query, StatusCode, header};
use crate::policy::compile::Target;
use crate::policy::operand::Operand;
use crate::policy::reader::Reader;
use crate::policy::run::{BODY_BYTES_MAX, Failure, Flow, Ran, Run, Stop, body_of};
use crate::policy::shape::{Content, Shape, attribute};
use crate::policy::transform::whole_body;
use crate::policy::{Built, Policy};

/// `find-and-replace`
pub static FIND_AND_REPLACE: Shape =
    Shape { attributes: &[attribute("from").required(), attribute("to").required()], content: Content::Empty };

/// `redirect-content-urls`
pub static REDIRECT_CONTENT_URLS: Shape = Shape { attributes: &[], content: Content::Empty };

/// `jsonp`
pub static JSONP: Shape =
    Shape { attributes: &[attribute("callback-parameter-name").required()], content: Content::Empty };

/// The message whose content a policy changes.
#[must_use]
pub const fn message_of(target: Target) -> Message {
    match target {
        Target::Request | Target::DraftRequest => Message::Request,
        Target::Response | Target::DraftResponse => Message::Response,
    }
}

/// The content of a message; `None` when it has none.
///
/// # Errors
/// It has not been read yet.
pub fn content_of(run: &Run<'_>, message: Message) -> Result<Option<Bytes>, Stop> {
    whole_body(body_of(run.context, message), message)
}

/// The fields of a message.
pub fn fields_of<'r>(run: &'r mut Run<'_>, message: Message) -> &'r mut HeaderMap {
    match message {
        Message::Request => &mut run.context.request.headers,
        Message::Response => &mut run.response().headers,
    }
}

/// Puts other content into a message.
pub fn set_content(run: &mut Run<'_>, message: Message, content: impl Into<Bytes>) {
    let body = Body::Bytes(content.into());
    match message {
        Message::Request => run.context.request.body = body,
        Message::Response => {
            let response = run.response();
            response.body = body;
            response.headers.remove(header::CONTENT_LENGTH);
        }
    }
}

/// The text of a content of a message, in its charset; `None` when it is none.
#[must_use]
pub fn text_of<'c>(run: &Run<'_>, message: Message, content: &'c [u8]) -> Option<Cow<'c, str>> {
    match message {
        Message::Request => charset::text(&run.context.request.headers, content),
        Message::Response => {
            let fields = run.context.response.as_ref().map(|response| &response.headers);
            charset::text(fields.unwrap_or(&HeaderMap::new()), content)
        }
    }
}

/// Puts a text into a message, in the charset that the message names.
pub fn set_text(run: &mut Run<'_>, message: Message, text: String) {
    let content = charset::content(fields_of(run, message), text);
    set_content(run, message, content);
}

/// `find-and-replace`
#[derive(Clone, Debug)]
pub struct FindAndReplace {
    from: Operand,
    to: Operand,
    message: Message,
}

/// Compiles `<find-and-replace/>`.
pub fn build_find_and_replace(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let (from, to) = (reader.attribute::<Arc<str>>("from"), reader.attribute("to"));
    if from.as_ref().and_then(Operand::known).is_some_and(|from| from.is_empty()) {
        reader.error("from", "`from` is empty");
    }
    Some(Arc::new(FindAndReplace { from: from?, to: to?, message: message_of(reader.target()) }))
}

impl Policy for FindAndReplace {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let (from, to) = (self.from.get(run)?, self.to.get(run)?);
        if from.is_empty() {
            return Err(Stop::fail(Failure::expression("`from` of `find-and-replace` is empty")));
        }
        replace(run, self.message, &from, &to)
    }
}

fn replace(run: &mut Run<'_>, message: Message, from: &str, to: &str) -> Ran {
    let Some(content) = content_of(run, message)? else { return Ok(Flow::Next) };
    let Some(text) = text_of(run, message, &content) else { return Ok(Flow::Next) };
    let count = text.matches(from).count();
    let bytes = text.len().saturating_sub(count * from.len()).saturating_add(count.saturating_mul(to.len()));
    if u64::try_from(bytes).unwrap_or(u64::MAX) > BODY_BYTES_MAX {
        let message = format!("the content would be longer than {BODY_BYTES_MAX} bytes");
        return Err(Stop::fail(Failure::internal("ContentTooLarge", message)));
    }
    if count > 0 {
        let changed = text.replace(from, to);
        set_text(run, message, changed);
    }
    Ok(Flow::Next)
}

/// `redirect-content-urls`
#[derive(Clone, Copy, Debug)]
pub struct RedirectContentUrls {
    message: Message,
}

/// Compiles `<redirect-content-urls/>`.
pub fn build_redirect_content_urls(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    Some(Arc::new(RedirectContentUrls { message: message_of(reader.target()) }))
}

impl Policy for RedirectContentUrls {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let Some(base) = &run.state.upstream.base else { return Ok(Flow::Next) };
        let backend = format!("{}://{}{}", base.scheme.as_str(), base.authority(), base.path.trim_end_matches('/'));
        let asked = &run.context.request.original_url;
        let prefix = asked.path.get(..run.site.prefix_bytes).unwrap_or("").trim_end_matches('/');
        let gateway = format!("{}://{}{prefix}", asked.scheme.as_str(), asked.authority());
        match self.message {
            Message::Request => replace(run, self.message, &gateway, &backend),
            Message::Response => replace(run, self.message, &backend, &gateway),
        }
    }
}

/// `jsonp`
#[derive(Clone, Debug)]
pub struct Jsonp {
    parameter: Operand,
}

/// Compiles `<jsonp/>`.
pub fn build_jsonp(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    Some(Arc::new(Jsonp { parameter: reader.attribute("callback-parameter-name")? }))
}

impl Policy for Jsonp {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let parameter = self.parameter.get(run)?;
        let query = Query::new(run.context.request.original_url.query.as_deref());
        let Some(callback) = query.get(&parameter).map(std::borrow::Cow::into_owned) else { return Ok(Flow::Next) };
        if !is_identifier(&callback) {
            let message = format!("Value of callback parameter {parameter} is not a valid JavaScript identifier.");
            return Err(Stop::fail(Failure::new(StatusCode::BAD_REQUEST, "CallbackParameterInvalid", message)));
        }
        if !run
            .context
            .response
            .as_ref()
            .and_then(|response| media_of(&response.headers))
            .is_some_and(|media| media.is_json())
        {
            return Ok(Flow::Next);
        }
        let Some(content) = content_of(run, Message::Response)? else { return Ok(Flow::Next) };
        let Some(text) = text_of(run, Message::Response, &content) else { return Ok(Flow::Next) };
        set_content(run, Message::Response, format!("{callback}({text});"));
        // Decision: the type of a script, or no browser runs it (fixtures/policy/jsonp.conversation).
        fields_of(run, Message::Response)
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/javascript"));
        Ok(Flow::Next)
    }
}

fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    let starts = |c: char| c.is_alphabetic() || c == '_' || c == '$';
    characters.next().is_some_and(starts) && characters.all(|c| starts(c) || c.is_numeric())
}

/// The media type that `Content-Type` says; `None` when it says none.
#[must_use]
pub fn media_of(headers: &HeaderMap) -> Option<MediaType<'_>> {
    MediaType::parse(headers.get(header::CONTENT_TYPE)?.to_str().ok()?)
}
