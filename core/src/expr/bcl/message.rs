//! `IRequest`, `IResponse`, `IMessageBody` and `IUrl`. Decodes queries nowhere; `dictionary` does.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Call, Found, Row, always, form, row, text};
use crate::context::{Body, Context, ResponseView};
use crate::expr::exception::{Outcome, broken, invalid_cast, invalid_operation, null_reference};
use crate::expr::instance::{self, State};
use crate::expr::ty::{Class, Ty};
use crate::expr::xml::Root;
use crate::expr::{Interrupt, Message};
use crate::http::charset;
use crate::http::{Bytes, HeaderMap, Url, phrase};
use crate::value::json::Wanted;
use crate::value::{ContextPart, Library, MessageRef, UrlRef, Value};

pub(super) const ROWS: &[Row] = &[
    text("IRequest", "string Method", |context, _| Ok(Some(Cow::Borrowed(context.request.method.as_str())))),
    always("IRequest", "IUrl Url", &ContextPart::Url(UrlRef::Current)),
    always("IRequest", "IUrl OriginalUrl", &ContextPart::Url(UrlRef::Original)),
    text("IRequest", "string IpAddress", |context, _| Ok(Some(Cow::Borrowed(&context.request.ip)))),
    always("IRequest", "IReadOnlyDictionary<string, string[]> Headers", &ContextPart::Headers(MessageRef::Request)),
    always("IRequest", "IReadOnlyDictionary<string, string> MatchedParameters", &ContextPart::MatchedParameters),
    row("IRequest", "IMessageBody Body", |call| Ok(body_part(call, MessageRef::Request))),
    row("IResponse", "int StatusCode", |call| Ok(Value::Int32(i32::from(response(call)?.status.as_u16())))),
    row("IResponse", "string StatusReason", |call| {
        let response = response(call)?;
        let reason: Arc<str> = Arc::from(phrase(response.status, response.reason.as_deref()));
        call.yields(reason)
    }),
    row("IResponse", "IReadOnlyDictionary<string, string[]> Headers", |call| {
        Ok(Value::Context(ContextPart::Headers(message_ref(call)?)))
    }),
    row("IResponse", "IMessageBody Body", |call| {
        let message = message_ref(call)?;
        Ok(body_part(call, message))
    }),
    row("IMessageBody", "T As<T>(bool preserveContent = false)", as_type),
    row(
        "IMessageBody",
        "IDictionary<string, IList<string>> AsFormUrlEncodedContent(bool preserveContent = false)",
        |call| {
            let bytes = content_bytes(call)?;
            form::read(call, &text_of(call, &bytes))
        },
    ),
    text("IUrl", "string Host", |context, url| url_part(context, url, |url| &url.host)),
    text("IUrl", "string Path", |context, url| url_part(context, url, |url| &url.path)),
    // The article says int, the toolkit string; the article is followed (reference A3).
    row("IUrl", "int Port", |call| Ok(Value::Int32(url(call, |url| i32::from(url.port))?))),
    row("IUrl", "string QueryString", |call| {
        url_text(call, |url| {
            let query = url.query.as_deref().filter(|query| !query.is_empty());
            Arc::from(query.map_or_else(String::new, |query| format!("?{query}")))
        })
    }),
    row("IUrl", "IReadOnlyDictionary<string, string[]> Query", |call| match call.value(0) {
        Value::Context(ContextPart::Url(url)) => Ok(Value::Context(ContextPart::Query(*url))),
        _ => {
            let query = url(call, |url| url.query.clone().unwrap_or_default())?;
            form::lists(call, &query)
        }
    }),
    text("IUrl", "string Scheme", |context, url| url_part(context, url, |url| url.scheme.as_str())),
    row("IUrl", "string ToString()", |call| url_text(call, |url| Arc::from(url.to_string()))),
    row("IUrl", "Uri ToUri()", |call| {
        let text = url(call, Url::to_string)?;
        Ok(Value::Library(Library::Uri(Arc::new(super::uri::parse(&text)?))))
    }),
    // A gateway outside of Azure has neither (reference A3).
    row("IRequest", "IPrivateEndpointConnection PrivateEndpointConnection", |_| Ok(Value::Null)),
    row("IPrivateEndpointConnection", "string Name", |_| Err(null_reference())),
    row("IPrivateEndpointConnection", "string GroupId", |_| Err(null_reference())),
    row("IPrivateEndpointConnection", "string MemberName", |_| Err(null_reference())),
];

/// A URL that is not that of the exchange: of one of `context.Product.Apis`.
#[derive(Debug)]
pub(super) struct UrlObject(pub(super) Url);

impl State for UrlObject {
    fn text(&self, _ty: &Ty) -> String {
        self.0.to_string()
    }
}

fn url_part<'m>(context: &'m Context, url: &Value, part: fn(&Url) -> &str) -> Outcome<Found<'m>> {
    match url {
        Value::Context(ContextPart::Url(url)) => {
            context.url(*url).map(|url| Some(Cow::Borrowed(part(url)))).ok_or_else(null_reference)
        }
        _ => instance::state(url, |url: &mut UrlObject| Some(Cow::Owned(part(&url.0).to_owned()))),
    }
}

fn url<R>(call: &Call<'_, '_>, look: impl FnOnce(&Url) -> R) -> Outcome<R> {
    match call.value(0) {
        Value::Context(ContextPart::Url(url)) => call.machine.context.url(*url).map(look).ok_or_else(null_reference),
        _ => call.state(0, |url: &mut UrlObject| look(&url.0)),
    }
}

fn url_text(call: &mut Call<'_, '_>, text: fn(&Url) -> Arc<str>) -> Outcome<Value> {
    let text = url(call, text)?;
    call.yields(text)
}

fn message_ref(call: &Call<'_, '_>) -> Outcome<MessageRef> {
    match call.value(0) {
        Value::Response(stored) => Ok(MessageRef::Stored(Arc::clone(stored))),
        Value::Context(ContextPart::Response) => Ok(MessageRef::Response),
        _ => Err(broken("expected a response")),
    }
}

fn response<'a>(call: &'a Call<'_, '_>) -> Outcome<&'a ResponseView> {
    match call.value(0) {
        Value::Response(stored) => Ok(stored),
        Value::Context(ContextPart::Response) => call.machine.context.response.as_ref().ok_or_else(null_reference),
        _ => Err(broken("expected a response")),
    }
}

/// The content of the message; `None` when the exchange has no response.
fn content<'a>(call: &'a Call<'_, '_>, message: &'a MessageRef) -> Option<&'a Body> {
    match message {
        MessageRef::Request => Some(&call.machine.context.request.body),
        MessageRef::Response => call.machine.context.response.as_ref().map(|response| &response.body),
        MessageRef::Stored(response) => Some(&response.body),
    }
}

/// The fields of the message.
pub(super) fn headers<'a>(call: &'a Call<'_, '_>, message: &'a MessageRef) -> Option<&'a HeaderMap> {
    headers_of(call.machine.context, message)
}

pub(super) fn headers_of<'a>(context: &'a crate::context::Context, message: &'a MessageRef) -> Option<&'a HeaderMap> {
    match message {
        MessageRef::Request => Some(&context.request.headers),
        MessageRef::Response => context.response.as_ref().map(|response| &response.headers),
        MessageRef::Stored(response) => Some(&response.headers),
    }
}

// `Body` is null when the message has none (reference A3).
fn body_part(call: &Call<'_, '_>, message: MessageRef) -> Value {
    match content(call, &message) {
        None | Some(Body::Absent) => Value::Null,
        Some(Body::Unread | Body::Bytes(_) | Body::Gone | Body::Consumed) => Value::Context(ContextPart::Body(message)),
    }
}

// The content of the body at 0; it is noted as consumed unless the argument at 1 says otherwise.
fn content_bytes(call: &mut Call<'_, '_>) -> Outcome<Bytes> {
    let preserve = call.bool(1)?;
    let Value::Context(ContextPart::Body(message)) = call.value(0) else {
        return Err(broken("expected a body"));
    };
    let which = match message {
        MessageRef::Request => Some(Message::Request),
        MessageRef::Response => Some(Message::Response),
        MessageRef::Stored(_) => None,
    };
    let bytes = match (content(call, message), which) {
        (Some(Body::Bytes(bytes)), _) => bytes.clone(),
        (Some(Body::Unread), Some(which)) => return Err(Interrupt::NeedsBody(which)),
        (Some(Body::Absent) | None, _) => return Err(null_reference()),
        // What APIM says of a body that is gone is not documented; an exception names the cause. Fixture `body/gone`.
        (Some(Body::Gone | Body::Unread), _) => return Err(invalid_operation("The body has already been consumed.")),
        (Some(Body::Consumed), _) => {
            let message = "The body has already been consumed: an earlier expression read it without preserveContent.";
            return Err(invalid_operation(message));
        }
    };
    if let (Some(which), false) = (which, preserve) {
        call.machine.noted.consumed.note(which);
    }
    call.machine.charge(bytes.len())?;
    Ok(bytes)
}

// The text of the content of the body at 0, in its charset.
fn text_of(call: &Call<'_, '_>, bytes: &[u8]) -> String {
    let fields = match call.value(0) {
        Value::Context(ContextPart::Body(message)) => headers(call, message),
        _ => None,
    };
    charset::text_lossy(fields.unwrap_or(&HeaderMap::new()), bytes).into_owned()
}

fn as_type(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let bytes = content_bytes(call)?;
    let ty = call.types.first().unwrap_or(&Ty::Error);
    match ty {
        Ty::Array(item) if **item == Ty::Byte => Ok(Value::Bytes(Arc::from(&bytes[..]))),
        Ty::String => Ok(Value::string(text_of(call, &bytes))),
        Ty::Class(Class::JObject | Class::JArray | Class::JToken) => {
            let token = super::json::read(call, &text_of(call, &bytes), Wanted::Any)?;
            let value = Value::Json(token);
            if ty.admits(&value) { Ok(value) } else { Err(invalid_cast(&value.type_name(), &ty.full_name())) }
        }
        Ty::Class(Class::XElement | Class::XNode) => {
            super::xml::load(call, &Arc::from(text_of(call, &bytes)), Root::Element)
        }
        Ty::Class(Class::XDocument) => super::xml::load(call, &Arc::from(text_of(call, &bytes)), Root::Document),
        _ => Err(broken("As<T> of a type that the checker refuses")),
    }
}
