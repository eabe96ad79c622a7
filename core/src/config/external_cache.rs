//! An external cache: where a Redis-compatible server is, and how it wants to be spoken to, read from a connection string in the form of
//! StackExchange.Redis. Connects nowhere.

use std::sync::Arc;
use std::time::Duration;

use crate::config::secret::Secret;
use crate::diagnostic::did_you_mean;

/// The most servers that a connection string names.
const ENDPOINTS_MAX: usize = 16;

/// How long a look-up may take when the connection string does not say.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(1);

/// How long connecting may take when the connection string does not say: the default of StackExchange.Redis.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest time that a connection string may ask for.
const TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// The ports of Redis, without TLS and with it (Azure's).
const PORTS: (u16, u16) = (6379, 6380);

/// The port of sentinels.
const SENTINEL_PORT: u16 = 26_379;

/// A cache outside of the process that policies of one gateway use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalCache {
    /// The id of its entity.
    pub id: Arc<str>,
    /// Where it is.
    pub server: RedisServer,
    /// What all keys begin with, so that several services may share one server.
    pub prefix: Arc<str>,
}

/// A Redis-compatible server, or several of which any may be asked. No part of its password is shown by `Debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisServer {
    /// Hosts and ports, at least one, in the order in which they are tried.
    pub endpoints: Vec<(String, u16)>,
    /// The name by which sentinels know the primary: then the endpoints are those of sentinels.
    pub service: Option<String>,
    /// Whether the connection is one over TLS.
    pub tls: RedisTls,
    /// Who connects; without a user Redis means its default one.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The number of the database.
    pub database: u32,
    /// How long connecting may take, TLS and authentication included.
    pub connect_timeout: Duration,
    /// How long one look-up may take.
    pub operation_timeout: Duration,
}

/// Whether a connection is one over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisTls {
    /// It is not.
    Off,
    /// It is; the certificate must name the host, or what is said here.
    On {
        /// `sslHost`
        name: Option<String>,
    },
}

/// What is wrong with a connection string, in words that show nothing of it but names of options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadConnection {
    /// In words.
    pub message: String,
    /// What may have been meant.
    pub help: Option<String>,
}

/// A server, and the options that have no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The server.
    pub server: RedisServer,
    /// Options whose effect one may miss, as they are written.
    pub without_effect: Vec<String>,
}

/// What an option of a connection string means here.
#[derive(Clone, Copy)]
enum Meaning {
    User,
    Password,
    Database,
    Tls,
    TlsName,
    Service,
    ConnectTimeout,
    OperationTimeout,
    /// It tunes a client that this one is not.
    Nothing,
    /// As `Nothing`, but someone may count on it.
    Missed,
    /// Another way to a server, which is not built.
    Unsupported,
}

const OPTIONS: &[(&str, Meaning)] = &[
    ("user", Meaning::User),
    ("password", Meaning::Password),
    ("defaultDatabase", Meaning::Database),
    ("ssl", Meaning::Tls),
    ("sslHost", Meaning::TlsName),
    ("serviceName", Meaning::Service),
    ("connectTimeout", Meaning::ConnectTimeout),
    ("syncTimeout", Meaning::OperationTimeout),
    ("asyncTimeout", Meaning::OperationTimeout),
    ("responseTimeout", Meaning::Nothing),
    ("abortConnect", Meaning::Nothing),
    ("allowAdmin", Meaning::Nothing),
    ("channelPrefix", Meaning::Nothing),
    ("configChannel", Meaning::Nothing),
    ("configCheckSeconds", Meaning::Nothing),
    ("connectRetry", Meaning::Nothing),
    ("heartbeatInterval", Meaning::Nothing),
    ("highIntegrity", Meaning::Nothing),
    ("keepAlive", Meaning::Nothing),
    ("name", Meaning::Nothing),
    ("protocol", Meaning::Nothing),
    ("resolveDns", Meaning::Nothing),
    ("setlib", Meaning::Nothing),
    ("sslProtocols", Meaning::Nothing),
    ("tiebreaker", Meaning::Nothing),
    ("version", Meaning::Nothing),
    ("writeBuffer", Meaning::Nothing),
    ("checkCertificateRevocation", Meaning::Missed),
    ("proxy", Meaning::Unsupported),
    ("tunnel", Meaning::Unsupported),
];

impl Connection {
    /// Reads a connection string: `host:port,…,password=…,ssl=True,…`. Names of options are compared without case, the last of two
    /// counts, as StackExchange.Redis has it. A value may hold `=`, but no comma.
    ///
    /// # Errors
    /// No server is named, an option is unknown or not supported, or its value cannot be.
    pub fn parse(text: &str) -> Result<Self, BadConnection> {
        let mut reading = Reading::default();
        for (number, part) in (1..).zip(text.split(',')) {
            let part = part.trim();
            match part.split_once('=') {
                _ if part.is_empty() => {}
                None => reading.endpoints.push((number, part)),
                Some((name, value)) => reading.option(number, name.trim(), value.trim())?,
            }
        }
        reading.finish()
    }
}

#[derive(Default)]
struct Reading<'t> {
    // With the number of its part, by which a finding names it: what it holds may be a part of a password with a comma.
    endpoints: Vec<(usize, &'t str)>,
    user: Option<String>,
    password: Option<Secret>,
    database: u32,
    is_secured: bool,
    name: Option<String>,
    service: Option<String>,
    connect: Option<Duration>,
    operation: Option<Duration>,
    without_effect: Vec<String>,
}

impl<'t> Reading<'t> {
    fn option(&mut self, number: usize, name: &'t str, value: &'t str) -> Result<(), BadConnection> {
        let known = OPTIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let Some((name, meaning)) = known else {
            let help = did_you_mean(name, OPTIONS.iter().map(|(known, _)| *known));
            return Err(BadConnection { message: format!("part {number} is no option that is known"), help });
        };
        match meaning {
            Meaning::User => self.user = Some(value.to_owned()).filter(|user| !user.is_empty()),
            Meaning::Password => self.password = Some(Secret(value.to_owned())).filter(|of| !of.0.is_empty()),
            Meaning::Database => {
                self.database = value.parse().map_err(|_| bad(format!("`{name}` is not the number of a database")))?;
            }
            Meaning::Tls => self.is_secured = flag(name, value)?,
            Meaning::TlsName => self.name = Some(value.to_owned()).filter(|host| !host.is_empty()),
            Meaning::Service => {
                let is_wrong = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_');
                if value.contains(is_wrong) {
                    return Err(bad(format!("`{name}` is not a name that sentinels know")));
                }
                self.service = Some(value.to_owned()).filter(|service| !service.is_empty());
            }
            Meaning::ConnectTimeout => self.connect = Some(milliseconds(name, value)?),
            Meaning::OperationTimeout => self.operation = Some(milliseconds(name, value)?),
            Meaning::Nothing => {}
            Meaning::Missed => {
                if flag(name, value)? {
                    self.without_effect.push((*name).to_owned());
                }
            }
            Meaning::Unsupported => {
                if !(value.is_empty() || value.eq_ignore_ascii_case("none")) {
                    return Err(bad(format!("`{name}` is not supported")));
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Connection, BadConnection> {
        let port = match (&self.service, self.is_secured) {
            (Some(_), _) => SENTINEL_PORT,
            (None, true) => PORTS.1,
            (None, false) => PORTS.0,
        };
        let mut endpoints = Vec::new();
        for (number, text) in self.endpoints {
            let read = endpoint(text, port);
            endpoints
                .push(read.ok_or_else(|| bad(format!("part {number} is neither a host with its port nor an option")))?);
        }
        if endpoints.is_empty() || endpoints.len() > ENDPOINTS_MAX {
            return Err(bad(format!("expected 1 to {ENDPOINTS_MAX} servers, as in `cache.example:6380`")));
        }
        let tls = if self.is_secured { RedisTls::On { name: self.name } } else { RedisTls::Off };
        let server = RedisServer {
            endpoints,
            service: self.service,
            tls,
            user: self.user,
            password: self.password,
            database: self.database,
            connect_timeout: self.connect.unwrap_or(CONNECT_TIMEOUT),
            operation_timeout: self.operation.unwrap_or(OPERATION_TIMEOUT),
        };
        Ok(Connection { server, without_effect: self.without_effect })
    }
}

fn bad(message: String) -> BadConnection {
    BadConnection { message, help: None }
}

fn flag(name: &str, value: &str) -> Result<bool, BadConnection> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Ok(true),
        "false" | "no" | "off" => Ok(false),
        _ => Err(bad(format!("`{name}` is neither `True` nor `False`"))),
    }
}

fn milliseconds(name: &str, value: &str) -> Result<Duration, BadConnection> {
    let time = value.parse().ok().map(Duration::from_millis).filter(|time| !time.is_zero() && *time <= TIMEOUT_MAX);
    time.ok_or_else(|| bad(format!("`{name}` is not a number of milliseconds from 1 to {}", TIMEOUT_MAX.as_millis())))
}

// `host`, `host:port`, `[v6]:port`, or an IPv6 address alone.
fn endpoint(text: &str, standard: u16) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(bracketed) => bracketed.map(|(host, rest)| (host, rest.strip_prefix(':')))?,
        None => match text.split_once(':') {
            Some((_, rest)) if rest.contains(':') => (text, None),
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = port.map_or(Some(standard), |port| port.parse().ok().filter(|port| *port != 0))?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    (!host.is_empty() && host.chars().all(is_host)).then(|| (host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> RedisServer {
        Connection::parse(text).unwrap().server
    }

    #[test]
    fn a_connection_string_as_azure_gives_it_out() {
        let read = server("contoso.redis.cache.windows.net:6380,password=aB/c+d==,ssl=True,abortConnect=False");
        assert_eq!(read.endpoints, [("contoso.redis.cache.windows.net".to_owned(), 6380)]);
        assert_eq!(read.password, Some(Secret("aB/c+d==".to_owned())));
        assert_eq!((read.tls, read.user, read.database), (RedisTls::On { name: None }, None, 0));
        assert_eq!((read.connect_timeout, read.operation_timeout), (CONNECT_TIMEOUT, OPERATION_TIMEOUT));
    }

    #[test]
    fn every_option_that_counts() {
        let text = "a, b:7000 ,[::1]:7001,SSL=true,sslHost=Cache,user=u,password=p,defaultDatabase=3,connectTimeout=700,\
                    syncTimeout=250,checkCertificateRevocation=True,proxy=None,keepAlive=5";
        let Connection { server, without_effect } = Connection::parse(text).unwrap();
        let endpoints = [("a".to_owned(), 6380), ("b".to_owned(), 7000), ("::1".to_owned(), 7001)];
        assert_eq!(server.endpoints, endpoints);
        assert_eq!(server.tls, RedisTls::On { name: Some("Cache".to_owned()) });
        assert_eq!((server.user.as_deref(), server.database), (Some("u"), 3));
        assert_eq!(server.connect_timeout, Duration::from_millis(700));
        assert_eq!(server.operation_timeout, Duration::from_millis(250));
        assert_eq!(without_effect, ["checkCertificateRevocation"]);
        assert!(!format!("{server:?}").contains("\"p\""), "no password is shown");
    }

    #[test]
    fn sentinels_have_a_port_of_their_own() {
        let read = server("a,b:7000,serviceName=mymaster,ssl=True");
        assert_eq!(read.endpoints, [("a".to_owned(), 26_379), ("b".to_owned(), 7000)]);
        assert_eq!(read.service.as_deref(), Some("mymaster"));
        assert_eq!(server("a,serviceName=").service, None);
    }

    #[test]
    fn what_is_wrong_is_said_without_showing_any_of_it() {
        let table = [
            ("", "expected 1 to 16 servers, as in `cache.example:6380`"),
            ("password=x", "expected 1 to 16 servers, as in `cache.example:6380`"),
            ("h,password=hunter,2=x", "part 3 is no option that is known"),
            ("h,password=hunter,hunter 2", "part 3 is neither a host with its port nor an option"),
            ("h:0", "part 1 is neither a host with its port nor an option"),
            ("h,ssl=maybe", "`ssl` is neither `True` nor `False`"),
            ("h,defaultDatabase=-1", "`defaultDatabase` is not the number of a database"),
            ("h,synctimeout=90000", "`syncTimeout` is not a number of milliseconds from 1 to 60000"),
            ("h,serviceName=my master", "`serviceName` is not a name that sentinels know"),
            ("h,tunnel=http:h", "`tunnel` is not supported"),
        ];
        for (text, expected) in table {
            assert_eq!(Connection::parse(text).map_err(|bad| bad.message), Err(expected.to_owned()), "{text}");
        }
        let help = Connection::parse("h,pasword=x").unwrap_err().help;
        assert_eq!(help.as_deref(), Some("did you mean `password`?"));
    }
}
