//! `Authorization`: what get-authorization-context puts into a variable (its page, reference A3). Fetches nothing.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::{Row, row};
use crate::expr::instance::{Instance, State};
use crate::expr::ty::{Class, Ty};
use crate::value::{JToken, Value};

pub(super) const ROWS: &[Row] = &[
    row("Authorization", "string AccessToken", |call| {
        Ok(Value::String(call.state(0, |held: &mut Authorization| Arc::clone(&held.token))?))
    }),
    row("Authorization", "IReadOnlyDictionary<string, object> Claims", |call| {
        let claims = call.state(0, |held: &mut Authorization| Claims(Arc::clone(&held.claims)))?;
        let ty = Ty::Generic(Class::ReadOnlyDictionary, [Ty::String, Ty::Object].into());
        call.machine.object(ty, claims)
    }),
];

type ClaimMap = IndexMap<Arc<str>, Value>;

/// Its `Debug` does not show the token.
struct Authorization {
    token: Arc<str>,
    claims: Arc<ClaimMap>,
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authorization(…)")
    }
}

impl State for Authorization {}

/// `Authorization.Claims`
#[derive(Debug)]
struct Claims(Arc<ClaimMap>);

impl State for Claims {
    fn type_name(&self, _ty: &Ty) -> String {
        "System.Collections.Generic.Dictionary`2[System.String,System.Object]".to_owned()
    }

    fn items(&self) -> Option<Vec<Value>> {
        let ty = super::pair_type(Ty::String, Ty::Object);
        let pairs = self.0.iter();
        Some(pairs.map(|(name, value)| super::pair(&ty, Value::String(Arc::clone(name)), value.clone())).collect())
    }
}

/// The `Authorization` of a token and of what came with it.
pub(crate) fn authorization_object(token: &Arc<str>, claims: &Map<String, Json>) -> Value {
    let claims = claims.iter().map(|(name, value)| (Arc::from(&**name), claim(value))).collect();
    let held = Authorization { token: Arc::clone(token), claims: Arc::new(claims) };
    Value::Object(Instance::object(Ty::Class(Class::Authorization), held))
}

// As Json.NET reads a member into `object`.
fn claim(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::String(text) => Value::string(text.as_str()),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int64(whole),
            None => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::Array(_) | Json::Object(_) => {
            Value::Json(JToken::parse(&value.to_string()).unwrap_or_else(|_| JToken::null()))
        }
    }
}
