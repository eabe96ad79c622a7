//! The engines, each made ready to run a task again and again in the cheapest way that it has.

use std::hint::black_box;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use boa_engine::object::builtins::JsUint8Array;
use boa_engine::{Context, JsValue, NativeFunction, Source, js_string};
use hmac::{Hmac, Mac};
use holdfast_core::expr::scene::{Scene, Unfixed};
use holdfast_core::expr::{Expected, Expression, Place, compile};
use holdfast_core::rng::Seed;
use holdfast_core::span::Span;
use holdfast_core::time::WallTime;
use rhai::{Blob, Dynamic, Scope};
use serde_json::Value as Json;
use sha2::Sha256;

use crate::task::{self, Task};

/// Compiles a policy expression.
pub fn compiled(source: &str) -> Expression {
    let place = Place { file: &Arc::from("bench"), document: source, span: Span::new(0, source.len()) };
    compile(source, Expected::Any, place).unwrap_or_else(|problems| panic!("{source}: {problems:?}"))
}

/// Something that runs a task once.
pub type Run = Box<dyn FnMut()>;

/// Every engine that runs tasks, by name, the project's own first.
pub const ENGINES: [(&str, fn(&Task) -> Run); 3] = [("holdfast", holdfast), ("rhai", rhai), ("boa", boa)];

fn holdfast(task: &Task) -> Run {
    let unfixed = Unfixed { wall: WallTime::from_unix_seconds(1_700_000_000), seed: Seed(1) };
    let scene = Scene::of(&task::context(), unfixed).expect("a context");
    let expression = compiled(task.expression);
    let mut rng = scene.rng();
    let value = expression.eval(scene.eval(&mut rng)).expect("a value");
    agrees(task, &value.to_string().replace("True", "true"));
    Box::new(move || {
        black_box(expression.eval(scene.eval(&mut rng)).ok());
    })
}

fn agrees(task: &Task, result: &str) {
    let wanted = if task.result.is_empty() {
        base64(&mac("a key of an account", &task::payload()))
    } else {
        task.result.to_owned()
    };
    assert_eq!(result, wanted, "{}", task.name);
}

fn mac(key: &str, text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// What the peers call `context`.
fn shown() -> Json {
    let mut context = task::context();
    let (request, variables) = (context["request"].take(), context["variables"].take());
    serde_json::json!({
        "Request": { "Method": request["method"], "Headers": request["headers"], "Body": request["body"] },
        "Variables": variables,
    })
}

/// Rhai with what it lacks.
pub fn rhai_engine() -> rhai::Engine {
    let mut engine = rhai::Engine::new();
    engine.set_max_expr_depths(0, 0);
    engine.register_fn("hmac_sha256", |key: &str, text: &str| -> Blob { mac(key, text) });
    engine.register_fn("base64", |bytes: Blob| base64(&bytes));
    engine
}

fn rhai(task: &Task) -> Run {
    let engine = rhai_engine();
    let ast = engine.compile(task.rhai).expect("Rhai");
    let mut scope = Scope::new();
    let context = engine.parse_json(shown().to_string(), true).expect("JSON");
    scope.push_constant_dynamic("context", Dynamic::from(context));
    let value: Dynamic = engine.eval_ast_with_scope(&mut scope, &ast).expect("a value");
    agrees(task, &value.to_string());
    scope.rewind(1);
    Box::new(move || {
        black_box(engine.eval_ast_with_scope::<Dynamic>(&mut scope, &ast).ok());
        scope.rewind(1);
    })
}

fn boa(task: &Task) -> Run {
    let mut boa = Context::default();
    let texts = |arguments: &[JsValue], at: usize| {
        arguments.get(at).and_then(JsValue::as_string).map(|text| text.to_std_string_lossy()).unwrap_or_default()
    };
    let hmac = NativeFunction::from_copy_closure(move |_, arguments, context| {
        Ok(JsUint8Array::from_iter(mac(&texts(arguments, 0), &texts(arguments, 1)), context)?.into())
    });
    let base64 = NativeFunction::from_copy_closure(|_, arguments, context| {
        let array = JsUint8Array::from_object(arguments[0].as_object().expect("an array").clone())?;
        let bytes: Vec<u8> = array.iter(context).collect();
        Ok(js_string!(base64(&bytes).as_str()).into())
    });
    boa.register_global_callable(js_string!("hmacSha256"), 2, hmac).expect("registered");
    boa.register_global_callable(js_string!("base64"), 1, base64).expect("registered");
    boa.eval(Source::from_bytes(&format!("const context = {};", shown()))).expect("JavaScript");
    let function = boa.eval(Source::from_bytes(&format!("(function() {{ {} }})", task.script))).expect("JavaScript");
    let function = function.as_callable().expect("a function").clone();
    let value = function.call(&JsValue::undefined(), &[], &mut boa).expect("a value");
    agrees(task, &value.to_string(&mut boa).expect("text").to_std_string_lossy());
    Box::new(move || {
        black_box(function.call(&JsValue::undefined(), &[], &mut boa).ok());
    })
}
