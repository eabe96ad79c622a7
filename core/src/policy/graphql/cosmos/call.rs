//! The call of a resolver to Cosmos DB: signed, sent again when the service asks for patience, and for as many pages as there are.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::account::{Account, borne, signed};
use super::request::{Answer, CONTINUATION, Prepared, Request};
use crate::config::secret::Secret;
use crate::context::{Body, ResponseView};
use crate::http::percent::{Keep, encode, is_dot_segment};
use crate::http::{Bytes, HeaderName, HeaderValue, StatusCode, Url, header};
use crate::keys::TokenKey;
use crate::policy::Policy;
use crate::policy::authentication::managed_identity::no_token;
use crate::policy::authentication::token::{self, Got};
use crate::policy::effect::{Effect, OutboundBody, OutboundRequest, Reply};
use crate::policy::graphql::source::{ANSWER_BYTES_MAX, error_status};
use crate::policy::operand::{Operand, get_optional};
use crate::policy::routing::upstream_failure;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::transform::header_value;
use crate::telemetry::BackendRecord;

/// How long the service may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The version of the service's protocol, the last that is published.
const VERSION: &str = "2018-12-31";

/// The most answers that one query consists of.
const PAGES_MAX: usize = 1_000;

/// How often a request that comes too soon (429) is sent again, as the service's own clients do.
const TRIES_MAX: u32 = 9;

/// How long that may take together.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait when the service does not say.
const PAUSE: Duration = Duration::from_secs(5);

/// `cosmosdb-data-source`
#[derive(Clone, Debug)]
pub(super) struct CallCosmos {
    /// Tells the fetch of its token from those of others in the same section.
    pub(super) index: usize,
    pub(super) account: Operand<Account>,
    pub(super) by_identity: Option<Operand<bool>>,
    pub(super) database: Operand,
    pub(super) container: Operand,
    pub(super) request: Request,
}

/// A request under way, and what has come of it.
#[derive(Clone, Debug)]
pub struct Errand {
    account: Account,
    who: Who,
    // What it is for, as `dbs/d/colls/c`, and where.
    link: String,
    path: String,
    prepared: Prepared,
    items: Vec<Json>,
    bytes: usize,
    pages: usize,
    tries: u32,
    waited: Duration,
}

#[derive(Clone, Debug)]
enum Who {
    Key(Secret),
    Identity(TokenKey),
}

impl Policy for CallCosmos {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let errand = match run.state.errand.take() {
            Some(errand) => errand,
            None => Box::new(self.begin(run)?),
        };
        let date = run.now.wall.http_date();
        let authorization = match &errand.who {
            Who::Key(key) => signed(key, &errand.prepared.method, &errand.link, &date),
            Who::Identity(key) => match token::begin(run, self.index, key) {
                Got::Token(token) => borne(&token.text),
                Got::Nothing(why) => return Err(no_token(key, &why)),
                Got::Ask(effect) => {
                    run.state.errand = Some(errand);
                    return Ok(Flow::Ask(effect));
                }
            },
        };
        let Some(authorization) = authorization else {
            return Err(failed("what proves who asks cannot stand in a field"));
        };
        let outbound = errand.outbound(&date, authorization)?;
        run.state.backend = Some(BackendRecord {
            method: outbound.method.to_string(),
            url: outbound.url.to_string(),
            response_code: None,
        });
        run.state.errand = Some(errand);
        Ok(Flow::Ask(Box::new(Effect::Send(Box::new(outbound)))))
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        if run.state.tokens.contains_key(&self.index) {
            return Ok(token::advance(run, self.index, reply).map_or(Flow::Again, Flow::Ask));
        }
        match reply {
            Reply::Response(Ok(response)) => answered(run, *response),
            Reply::Response(Err(failure)) => Err(Stop::fail(upstream_failure(&failure))),
            Reply::Elapsed => Ok(Flow::Again),
            Reply::Body(_) | Reply::Head(_) | Reply::Dispatched | Reply::Cache(_) => {
                Err(failed("the wrong kind of answer came"))
            }
        }
    }
}

impl CallCosmos {
    fn begin(&self, run: &mut Run<'_>) -> Result<Errand, Stop> {
        let account = self.account.get(run)?;
        let by_identity = get_optional(self.by_identity.as_ref(), run)?.unwrap_or(false);
        let (database, container) = (self.database.get(run)?, self.container.get(run)?);
        let content = run.state.draft_request.as_ref().map_or(OutboundBody::Empty, |draft| draft.body.clone());
        let prepared = self.request.prepare(run, content)?;
        let who = match (by_identity, &account.key) {
            // As the service's own clients ask: for the account itself.
            (true, _) => Who::Identity(TokenKey::identity(format!("https://{}", account.endpoint.host), None)),
            (false, Some(key)) => Who::Key(key.clone()),
            (false, None) => return Err(failed(NO_KEY)),
        };
        let names = [("dbs", &*database), ("colls", &*container), ("docs", prepared.id.as_deref().unwrap_or(""))];
        let (mut link, mut path) = (String::new(), account.endpoint.path.trim_end_matches('/').to_owned());
        for (kind, name) in names {
            let name = name.trim();
            if is_dot_segment(name) || (name.is_empty() && kind != "docs") {
                return Err(failed(&format!("`{name}` is the name of no database or container")));
            }
            path.push_str(&format!("/{kind}"));
            if !name.is_empty() {
                path.push_str(&format!("/{}", encode(name, Keep::Segment)));
                link.push_str(&format!("{}{kind}/{name}", if link.is_empty() { "" } else { "/" }));
            }
        }
        if let Who::Key(Secret(key)) = &who {
            run.state.secrets.push(Arc::from(key.as_str()));
        }
        run.state.draft_request = None;
        let (items, waited) = (Vec::new(), Duration::ZERO);
        Ok(Errand { account, who, link, path, prepared, items, bytes: 0, pages: 0, tries: 0, waited })
    }
}

/// Why a connection without a key cannot be.
pub(super) const NO_KEY: &str = "the connection string has no `AccountKey`, and `use-managed-identity` is not `true`";

impl Errand {
    fn outbound(&self, date: &str, authorization: HeaderValue) -> Result<OutboundRequest, Stop> {
        let Prepared { method, headers, body, .. } = &self.prepared;
        let url = Url { path: self.path.clone(), query: None, ..self.account.endpoint.clone() };
        let mut headers = headers.clone();
        headers.insert(header::HOST, header_value(&url.authority())?);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::AUTHORIZATION, authorization);
        headers.insert(HeaderName::from_static("x-ms-date"), header_value(date)?);
        headers.insert(HeaderName::from_static("x-ms-version"), HeaderValue::from_static(VERSION));
        Ok(OutboundRequest {
            headers,
            body: body.clone(),
            tls: self.account.tls,
            max_response_bytes: ANSWER_BYTES_MAX,
            ..OutboundRequest::new(method.clone(), url, TIMEOUT)
        })
    }

    // How long to wait before it is sent again; none when that has been done often enough.
    fn pause(&mut self, response: &ResponseView) -> Option<Duration> {
        let said = response.headers.get("x-ms-retry-after-ms").and_then(|value| value.to_str().ok()?.parse().ok());
        let pause = said.map_or(PAUSE, Duration::from_millis);
        self.tries += 1;
        self.waited = self.waited.saturating_add(pause);
        (self.tries <= TRIES_MAX && self.waited <= PATIENCE).then_some(pause)
    }

    // Takes a page; whether another one is wanted.
    fn turn(&mut self, response: &ResponseView) -> Result<bool, Stop> {
        let content: &[u8] = if let Body::Bytes(content) = &response.body { content } else { b"" };
        let documents =
            serde_json::from_slice(content).ok().and_then(|mut page: Json| Some(page.get_mut("Documents")?.take()));
        let Some(Json::Array(documents)) = documents else {
            let message = "The answer of the data source is no page of results.";
            return Err(Stop::fail(Failure::new(StatusCode::BAD_GATEWAY, "DataSourceAnswerInvalid", message)));
        };
        self.items.extend(documents);
        self.bytes = self.bytes.saturating_add(content.len());
        self.pages += 1;
        let Some(next) = response.headers.get(CONTINUATION).filter(|_| self.prepared.answer == Answer::Pages) else {
            return Ok(false);
        };
        if self.pages >= PAGES_MAX || self.bytes as u64 >= ANSWER_BYTES_MAX {
            let message =
                "The data source has more results than fit into one answer: `paging` asks for a part of them.";
            return Err(Stop::fail(Failure::new(StatusCode::BAD_GATEWAY, "DataSourceAnswerTooLong", message)));
        }
        self.prepared.headers.insert(CONTINUATION, next.clone());
        Ok(true)
    }

    // Decision: results stand in `items`, as in the article's examples; where the next page begins in `endCursor`, as in Microsoft's other
    // GraphQL for this service, Data API builder (fixtures/exchange/graphql-cosmos-query.conversation).
    fn results(self, mut response: ResponseView) -> ResponseView {
        let next = response.headers.get(CONTINUATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let content = json!({ "items": self.items, "endCursor": next, "hasNextPage": next.is_some() });
        response.headers.remove(header::CONTENT_LENGTH);
        response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.body = Body::Bytes(Bytes::from(content.to_string()));
        response
    }
}

fn answered(run: &mut Run<'_>, response: ResponseView) -> Ran {
    let status = response.status;
    if let Some(record) = &mut run.state.backend {
        record.response_code = Some(status.as_u16());
    }
    let Some(mut errand) = run.state.errand.take() else { return Err(failed("nothing was asked")) };
    if status == StatusCode::TOO_MANY_REQUESTS
        && let Some(pause) = errand.pause(&response)
    {
        run.trace(format!("cosmosdb-data-source: the service asks for {} ms of patience", pause.as_millis()));
        run.state.errand = Some(errand);
        return Ok(Flow::Ask(Box::new(Effect::Sleep(pause))));
    }
    if status.as_u16() >= 400 {
        if let Err(why) = token::affirmed(response.clone()) {
            run.trace(format!("cosmosdb-data-source: {why}"));
        }
        run.context.response = Some(response);
        return Err(error_status(status));
    }
    if errand.prepared.answer == Answer::Item {
        run.context.response = Some(response);
        return Ok(Flow::Next);
    }
    if errand.turn(&response)? {
        run.state.errand = Some(errand);
        return Ok(Flow::Again);
    }
    run.context.response = Some(errand.results(response));
    Ok(Flow::Next)
}

fn failed(message: &str) -> Stop {
    Stop::fail(Failure::internal("DataSourceFailure", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{HeaderMap, Method};
    use crate::policy::operand::Typed as _;

    fn errand() -> Errand {
        let account = Account::from_literal("AccountEndpoint=https://a.example/;AccountKey=a2V5").unwrap();
        let (headers, body, answer) = (HeaderMap::new(), OutboundBody::Empty, Answer::Pages);
        Errand {
            who: Who::Key(Secret("a2V5".to_owned())),
            account,
            link: "dbs/d/colls/c".to_owned(),
            path: "/dbs/d/colls/c/docs".to_owned(),
            prepared: Prepared { method: Method::POST, id: None, headers, body, answer },
            items: Vec::new(),
            bytes: 0,
            pages: 0,
            tries: 0,
            waited: Duration::ZERO,
        }
    }

    fn page(field: (&'static str, &'static str), content: String) -> ResponseView {
        let mut response = crate::policy::run::empty_response();
        response.headers.insert(field.0, HeaderValue::from_static(field.1));
        response.body = Body::Bytes(Bytes::from(content));
        response
    }

    #[test]
    fn results_have_an_end() {
        let more = ("x-ms-continuation", "more");
        let mut many = errand();
        let empty = page(more, json!({ "Documents": [] }).to_string());
        let turned = std::iter::from_fn(|| many.turn(&empty).ok().filter(|goes_on| *goes_on)).count();
        assert_eq!(turned + 1, PAGES_MAX);
        let mut large = errand();
        let text = "x".repeat(1024 * 1024);
        let full = page(more, json!({ "Documents": [text] }).to_string());
        let turned = std::iter::from_fn(|| large.turn(&full).ok().filter(|goes_on| *goes_on)).count();
        assert_eq!(turned as u64 + 1, ANSWER_BYTES_MAX / (1024 * 1024));
        assert!(errand().turn(&page(more, "{}".to_owned())).is_err(), "no page of results");
    }

    #[test]
    fn patience_has_an_end() {
        let pauses = |field| {
            let (mut errand, response) = (errand(), page(field, String::new()));
            std::iter::from_fn(|| errand.pause(&response)).collect::<Vec<_>>()
        };
        assert_eq!(pauses(("x-ms-retry-after-ms", "7")), [Duration::from_millis(7); 9]);
        assert_eq!(pauses(("x-ms-retry-after-ms", "soon")), [PAUSE; 6]);
        assert_eq!(pauses(("x-ms-retry-after-ms", "30001")), []);
    }
}
