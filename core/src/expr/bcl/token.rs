//! `Jwt` and `BasicAuthCredentials`: what the two credentials of HTTP say. Verifies no signature, as in APIM.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::{Call, Row, row};
use crate::expr::exception::Outcome;
use crate::expr::instance::{Instance, State};
use crate::expr::ty::{Class, Ty};
use crate::value::time::TICKS_PER_SECOND;
use crate::value::{DateTime, DateTimeKind, Value};

pub(super) const ROWS: &[Row] = &[
    row("string", "this BasicAuthCredentials AsBasic()", as_basic),
    row("string", "this bool TryParseBasic(out BasicAuthCredentials credentials)", |call| {
        let credentials = as_basic(call)?;
        call.give(credentials.clone());
        Ok(Value::Bool(!credentials.is_null()))
    }),
    row("BasicAuthCredentials", "string UserId", user_id),
    // The toolkit's name for it (reference A3); both are taken.
    row("BasicAuthCredentials", "string Username", user_id),
    row("BasicAuthCredentials", "string Password", |call| {
        let password = call.state(0, |credentials: &mut Basic| Arc::clone(&credentials.password))?;
        Ok(Value::String(password))
    }),
    row("string", "this Jwt AsJwt()", as_jwt),
    row("string", "this bool TryParseJwt(out Jwt token)", |call| {
        let jwt = as_jwt(call)?;
        call.give(jwt.clone());
        Ok(Value::Bool(!jwt.is_null()))
    }),
    row("Jwt", "string Algorithm", |call| text(call, |jwt| jwt.algorithm.clone())),
    row("Jwt", "string Type", |call| text(call, |jwt| jwt.kind.clone())),
    row("Jwt", "string Id", |call| text(call, |jwt| jwt.claim("jti"))),
    row("Jwt", "string Issuer", |call| text(call, |jwt| jwt.claim("iss"))),
    row("Jwt", "string Subject", |call| text(call, |jwt| jwt.claim("sub"))),
    row("Jwt", "IEnumerable<string> Audiences", |call| {
        let audiences = call.state(0, |jwt: &mut Jwt| jwt.claims.get("aud").cloned())?;
        Ok(Value::Strings(audiences.unwrap_or_default().into()))
    }),
    row("Jwt", "DateTime? ExpirationTime", |call| time(call, "exp")),
    row("Jwt", "DateTime? NotBefore", |call| time(call, "nbf")),
    row("Jwt", "DateTime? IssuedAt", |call| time(call, "iat")),
    row("Jwt", "IReadOnlyDictionary<string, string[]> Claims", |call| {
        let claims = call.state(0, |jwt: &mut Jwt| Claims(Arc::clone(&jwt.claims)))?;
        let ty = Ty::Generic(Class::ReadOnlyDictionary, [Ty::String, Ty::array(Ty::String)].into());
        call.machine.object(ty, claims)
    }),
];

type ClaimMap = IndexMap<Arc<str>, Vec<Arc<str>>>;

/// `BasicAuthCredentials`
#[derive(Debug)]
struct Basic {
    user_id: Arc<str>,
    password: Arc<str>,
}

impl State for Basic {}

/// `Jwt`
#[derive(Debug)]
struct Jwt {
    algorithm: Option<Arc<str>>,
    kind: Option<Arc<str>>,
    claims: Arc<ClaimMap>,
}

impl Jwt {
    fn claim(&self, name: &str) -> Option<Arc<str>> {
        self.claims.get(name)?.first().cloned()
    }
}

impl State for Jwt {}

/// `Jwt.Claims`
#[derive(Debug)]
pub(super) struct Claims(pub(super) Arc<ClaimMap>);

impl State for Claims {
    fn type_name(&self, _ty: &Ty) -> String {
        "System.Collections.Generic.Dictionary`2[System.String,System.String[]]".to_owned()
    }

    fn items(&self) -> Option<Vec<Value>> {
        let ty = super::pair_type(Ty::String, Ty::array(Ty::String));
        let pairs = self.0.iter();
        Some(
            pairs
                .map(|(name, values)| {
                    super::pair(&ty, Value::String(Arc::clone(name)), Value::Strings(values.as_slice().into()))
                })
                .collect(),
        )
    }
}

fn as_basic(call: &mut Call<'_, '_>) -> Outcome<Value> {
    match call.text_or_null(0)?.and_then(|text| basic(text)) {
        Some(credentials) => call.machine.object(Ty::Class(Class::BasicAuthCredentials), credentials),
        None => Ok(Value::Null),
    }
}

fn as_jwt(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let Some(text) = call.text_or_null(0)? else { return Ok(Value::Null) };
    call.machine.charge(text.len() * 4)?;
    match jwt(text) {
        Some(jwt) => call.machine.object(Ty::Class(Class::Jwt), jwt),
        None => Ok(Value::Null),
    }
}

fn user_id(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let user_id = call.state(0, |credentials: &mut Basic| Arc::clone(&credentials.user_id))?;
    Ok(Value::String(user_id))
}

fn text(call: &Call<'_, '_>, part: fn(&Jwt) -> Option<Arc<str>>) -> Outcome<Value> {
    let found = call.state(0, |jwt: &mut Jwt| part(jwt))?;
    Ok(found.map_or(Value::Null, Value::String))
}

fn without_scheme<'t>(text: &'t str, scheme: &str) -> &'t str {
    match text.split_at_checked(scheme.len()) {
        Some((before, rest)) if before.eq_ignore_ascii_case(scheme) => rest,
        _ => text,
    }
    .trim()
}

fn basic(text: &str) -> Option<Basic> {
    let bytes = STANDARD.decode(without_scheme(text, "Basic ")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let (user_id, password) = text.split_once(':')?;
    Some(Basic { user_id: user_id.into(), password: password.into() })
}

// Padding is left out by the standard, and tolerated.
fn part(text: &str) -> Option<Json> {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, CONFIG);
    let bytes = ENGINE.decode(text.replace('-', "+").replace('_', "/")).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn jwt(text: &str) -> Option<Jwt> {
    let parts: Vec<&str> = without_scheme(text, "Bearer ").split('.').collect();
    let [header, payload, _signature] = parts.as_slice() else { return None };
    let (header, payload) = (part(header)?, part(payload)?);
    Some(of_parts(header.as_object()?, payload.as_object()?))
}

fn of_parts(header: &Map<String, Json>, payload: &Map<String, Json>) -> Jwt {
    let claims = payload.iter().map(|(name, value)| (Arc::from(&**name), claim_values(value)));
    let of_header = |name: &str| header.get(name).and_then(Json::as_str).map(Arc::from);
    Jwt { algorithm: of_header("alg"), kind: of_header("typ"), claims: Arc::new(claims.collect()) }
}

/// The `Jwt` of a token that has been taken apart.
pub(crate) fn jwt_object(header: &Map<String, Json>, payload: &Map<String, Json>) -> Value {
    Value::Object(Instance::object(Ty::Class(Class::Jwt), of_parts(header, payload)))
}

/// The texts of a claim; an array has one for each of its items.
pub(crate) fn claim_values(value: &Json) -> Vec<Arc<str>> {
    match value {
        Json::Array(items) => items.iter().map(claim_text).collect(),
        one => vec![claim_text(one)],
    }
}

fn claim_text(value: &Json) -> Arc<str> {
    match value {
        Json::String(text) => Arc::from(&**text),
        Json::Null => Arc::from(""),
        Json::Number(number) if number.is_f64() => {
            Arc::from(Value::Double(number.as_f64().unwrap_or(f64::NAN)).to_string())
        }
        other => Arc::from(other.to_string()),
    }
}

// Seconds since 1970, as UTC.
#[expect(clippy::cast_possible_truncation, reason = "what a date cannot hold is refused below")]
fn time(call: &Call<'_, '_>, name: &str) -> Outcome<Value> {
    let text = call.state(0, |jwt: &mut Jwt| jwt.claim(name))?;
    let seconds: Option<f64> = text.and_then(|text| text.parse().ok()).filter(|seconds: &f64| seconds.abs() < 1e12);
    let moment = seconds.and_then(|seconds| {
        let epoch = DateTime::of_wall(crate::time::WallTime::from_unix_seconds(0), DateTimeKind::Utc);
        epoch.plus_ticks((seconds * TICKS_PER_SECOND as f64) as i64)
    });
    Ok(moment.map_or(Value::Null, Value::DateTime))
}
