//! A synthetic GraphQL API of the simulated world, `feed`: an author posts, and readers hear of it on WebSockets. What it is; `host` acts it
//! out, `socket` is a reader's end of a WebSocket, `invariant::feed` judges it.

pub mod host;
mod socket;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use holdfast_core::config::folder::Files;
use serde_json::{Value, json};

/// The edit from which on the schema is another one.
pub const CHANGED_FROM: u32 = 3;

const SOURCE: &str = "feed-source";
const SOURCE_PORT: u16 = 9200;

/// Somebody who has subscribed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// Asks for signs of life itself.
    Lively,
    /// Answers when it is asked for one.
    Quiet,
}

impl Reader {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Lively, Self::Quiet];

    /// The name of its host.
    #[must_use]
    pub const fn host(self) -> &'static str {
        match self {
            Self::Lively => "reader-lively",
            Self::Quiet => "reader-quiet",
        }
    }

    /// How long nothing may happen on its sockets: then one side asks the other for a sign of life.
    #[must_use]
    pub const fn stillness(self) -> Duration {
        match self {
            Self::Lively => Duration::from_secs(10),
            // The gateway's own interval.
            Self::Quiet => Duration::from_secs(30),
        }
    }

    /// How long it bears to hear nothing at all.
    #[must_use]
    pub const fn patience(self) -> Duration {
        match self {
            Self::Lively => Duration::from_secs(15),
            Self::Quiet => Duration::from_secs(40),
        }
    }
}

/// Something that happens to a reader's link to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// What is sent is lost: sockets hang.
    Cut(Reader),
    /// What is sent comes later.
    Hold(Reader),
    /// The link works again.
    Mend(Reader),
}

/// A mutation as its author saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Post {
    /// Its number: one after the other.
    pub number: u64,
    /// When it began.
    pub began: Duration,
    /// When it ended.
    pub ended: Duration,
    /// Whether it was answered as it should be.
    pub is_taken: bool,
}

/// An event as a reader heard it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The number of the post.
    pub number: u64,
    /// When.
    pub at: Duration,
    /// What is wrong with it, in words.
    pub problem: String,
}

/// A socket of a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose it was.
    pub reader: Reader,
    /// When it was asked for.
    pub opened: Duration,
    /// By when the subscription was in force.
    pub subscribed: Duration,
    /// The edit that the handshake showed.
    pub edit: u32,
    /// What was heard on it, in order.
    pub heard: Vec<Heard>,
    /// When it ended.
    pub ended: Duration,
    /// How.
    pub end: End,
}

/// The end of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The gateway has closed it, with this code and reason.
    Closed(u16, String),
    /// The connection broke.
    Broken,
    /// The reader has waited for too long.
    Silence,
    /// It has said what it should not have.
    Nonsense(String),
    /// It outlived the world.
    Open,
}

/// What happened around the feed, in order.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// What the author posted.
    pub posts: Vec<Post>,
    /// When posts reached the data source, by their numbers.
    pub made: Vec<(u64, Duration)>,
    /// The sockets that have ended.
    pub sessions: Vec<Session>,
}

/// The feed, shared by its hosts and clients.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    account: Rc<RefCell<Account>>,
}

impl Feed {
    /// What has happened so far.
    #[must_use]
    pub fn account(&self) -> Account {
        self.account.borrow().clone()
    }
}

/// Adds the API to a configuration folder as it stands after this edit.
pub fn add_to(files: &mut Files, edit: u32) {
    let mut add = |path: String, document: String| files.0.insert(path, Bytes::from(document));
    let properties = |properties: Value| json!({ "properties": properties }).to_string();
    let api = json!({ "displayName": "feed", "path": "feed", "type": "graphql", "protocols": ["http"],
        "subscriptionRequired": true });
    add("apis/feed/apiInformation.json".to_owned(), properties(api));
    add("apis/feed/specification.graphql".to_owned(), schema(edit));
    add("gateways/gw1/apis/feed/gatewayApiInformation.json".to_owned(), "{}".to_owned());
    add("products/starter/apis/feed/productApiInformation.json".to_owned(), "{}".to_owned());
    let published = "<http-response><publish-event><targets><graphql-subscription id=\"posted\" /></targets></publish-event></http-response>";
    for (path, target, response) in [
        ("Mutation/post", "new/{context.GraphQL.Arguments[\"number\"]}", published),
        ("Item/author", "author/{context.GraphQL.Parent[\"number\"]}", ""),
    ] {
        let place = format!("apis/feed/resolvers/{}", path.replace('/', "-").to_lowercase());
        let entity = json!({ "displayName": path, "path": path });
        add(format!("{place}/resolverInformation.json"), properties(entity));
        let url = format!("@($\"http://{SOURCE}:{SOURCE_PORT}/{target}\")");
        let request = format!("<http-request><set-method>GET</set-method><set-url>{url}</set-url></http-request>");
        add(format!("{place}/policy.xml"), format!("<http-data-source>{request}{response}</http-data-source>"));
    }
}

fn schema(edit: u32) -> String {
    let more = if edit >= CHANGED_FROM { " since: Int" } else { "" };
    format!(
        "type Query {{ none: Int{more} }}
type Mutation {{ post(number: Int!): Item }}
type Subscription {{ posted: Item }}
type Item {{ number: Int! author: String }}"
    )
}

fn author(number: u64) -> String {
    format!("author of {number}")
}
