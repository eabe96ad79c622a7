//! Executes one operation (GraphQL, October 2021, §6): a machine that says which resolvers to run and takes their answers. It asks
//! nobody itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::policy::graphql::coerce;
use crate::policy::graphql::collect::{Collected, Part, Place, Turn, Waiting, collect, turns};
use crate::policy::graphql::cost::cost;
use crate::policy::graphql::introspect::{Meta, Said, type_named};
use crate::policy::graphql::plan::{Item, Plan};
use crate::policy::graphql::resolvers::Resolvers;
use crate::policy::graphql::schema::{Kind, Root, Schema, Shape};

/// Resolvers that one request runs at most.
pub const CALLS_MAX: u32 = 1_000;

/// Resolvers that one request runs side by side.
pub const PARALLEL_MAX: usize = 16;

/// The longest result of one request, in bytes, about.
pub const RESULT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Values that a result may consist of.
const NODES_MAX: usize = 500_000;

/// Errors that one result tells.
const ERRORS_MAX: usize = 1_000;

/// An operation under way.
#[derive(Clone, Debug)]
pub struct Execution {
    schema: Arc<Schema>,
    resolvers: Arc<Resolvers>,
    nodes: Vec<Node>,
    errors: Vec<Json>,
    queue: VecDeque<Waiting>,
    active: BTreeMap<u32, Waiting>,
    // What has not begun of a mutation.
    serial: VecDeque<Turn>,
    calls: u32,
    bytes: usize,
    is_over: bool,
}

/// A resolver to be run, or a request for the GraphQL service.
#[derive(Clone, Debug)]
pub struct Call {
    /// Tells its answer from others.
    pub id: u32,
    /// Who is asked.
    pub whom: Whom,
    /// The arguments of the field.
    pub arguments: Json,
    /// The object that the field is of; null for those that an operation begins with.
    pub parent: Arc<Json>,
    /// Where the field stands in the response, as in `users/2/posts`.
    pub path: String,
}

/// Who is asked.
#[derive(Clone, Debug)]
pub enum Whom {
    /// This resolver.
    Resolver(usize),
    /// The GraphQL service of the API, with this content.
    Endpoint(Arc<str>),
}

/// What an execution wants.
#[derive(Clone, Debug)]
pub enum Next {
    /// That this resolver is run.
    Call(Box<Call>),
    /// Answers.
    Wait,
    /// Nothing more: its response is known.
    Done,
}

#[derive(Clone, Debug)]
struct Node {
    parent: Option<usize>,
    key: Key,
    // Whether null may stand here.
    nullable: bool,
    state: State,
}

#[derive(Clone, Debug)]
enum Key {
    Root,
    Name(Arc<str>),
    Index(usize),
}

#[derive(Clone, Debug)]
enum State {
    Pending,
    Null,
    Leaf(Json),
    Object(Vec<usize>),
    List(Vec<usize>),
}

/// What the members of an object are found by.
#[derive(Clone, Copy)]
enum By {
    /// The name of the field: a resolver has given the object.
    Name,
    /// The name in the response: the GraphQL service has given it.
    Key,
}

/// Where the members of an object come from.
#[derive(Clone, Copy)]
enum Source<'v> {
    Root,
    Json(&'v Json, By),
    Meta(&'v Meta<'v>),
}

/// A value on its way into the response.
enum Datum<'v> {
    Null,
    Json(&'v Json, By),
    Meta(Meta<'v>),
    Several(Vec<Meta<'v>>),
}

impl Execution {
    /// Begins a query or a mutation; `parts` are what the GraphQL service of the API is asked for.
    pub(super) fn new(schema: Arc<Schema>, resolvers: Arc<Resolvers>, plan: &Plan, parts: Vec<Part>) -> Self {
        let (mut execution, children) = Self::begun(schema, resolvers, plan);
        let schema = Arc::clone(&execution.schema);
        for turn in turns(children, parts) {
            match plan.root {
                Root::Mutation => execution.serial.push_back(turn),
                Root::Query | Root::Subscription => execution.begin(&schema, turn),
            }
        }
        execution
    }

    /// Begins what a subscription asks for of an event: the value of the field that it begins with.
    pub(super) fn of_event(schema: Arc<Schema>, resolvers: Arc<Resolvers>, plan: &Plan, event: &Json) -> Self {
        let (mut execution, children) = Self::begun(schema, resolvers, plan);
        let schema = Arc::clone(&execution.schema);
        for (node, field) in children {
            execution.complete(&schema, node, &field.shape, &field, Datum::Json(event, By::Name));
        }
        execution
    }

    // With a place for each field that the operation begins with.
    fn begun(schema: Arc<Schema>, resolvers: Arc<Resolvers>, plan: &Plan) -> (Self, Vec<Place>) {
        let root = Node { parent: None, key: Key::Root, nullable: true, state: State::Pending };
        let mut execution = Self {
            schema,
            resolvers,
            nodes: vec![root],
            errors: Vec::new(),
            queue: VecDeque::new(),
            active: BTreeMap::new(),
            serial: VecDeque::new(),
            calls: 0,
            bytes: 0,
            is_over: false,
        };
        let schema = Arc::clone(&execution.schema);
        let collected = collect(&schema, &plan.of, &[&plan.items]);
        let children = execution.object(0, collected);
        (execution, children)
    }

    fn begin(&mut self, schema: &Schema, turn: Turn) {
        match turn {
            Turn::Field((node, field)) => self.resolve(schema, node, field, Source::Root, &mut None),
            Turn::Endpoint(waiting) => self.queue.push_back(waiting),
        }
    }

    /// What is wanted next. Asked again and again until it waits or is done.
    pub fn poll(&mut self) -> Next {
        let schema = Arc::clone(&self.schema);
        loop {
            if self.active.len() >= PARALLEL_MAX {
                return Next::Wait;
            }
            if let Some(waiting) = self.queue.pop_front() {
                if !self.is_wanted(&waiting) {
                    continue;
                }
                if let Some(call) = self.call(waiting) {
                    return Next::Call(call);
                }
                continue;
            }
            if !self.active.is_empty() {
                return Next::Wait;
            }
            // What a mutation begins with is done one after the other (§6.2.2).
            match self.serial.pop_front() {
                Some(Turn::Field((node, _))) if !self.is_live(node) => {}
                Some(turn) => self.begin(&schema, turn),
                None => return Next::Done,
            }
        }
    }

    fn call(&mut self, waiting: Waiting) -> Option<Box<Call>> {
        if self.calls >= CALLS_MAX {
            let message = format!("The request needs more than {CALLS_MAX} calls of data sources.");
            self.fail_all(&waiting, &message);
            return None;
        }
        let (whom, arguments, parent, path) = match &waiting {
            Waiting::Resolver { node, field, resolver, parent } => {
                let arguments = match field.fields.first().map(|field| &field.arguments) {
                    Some(Ok(arguments)) => Json::Object(arguments.clone()),
                    Some(Err(why)) => {
                        let why = why.clone();
                        self.fail_all(&waiting, &why);
                        return None;
                    }
                    None => Json::Object(Map::new()),
                };
                (Whom::Resolver(*resolver), arguments, Arc::clone(parent), self.shown_path(*node))
            }
            Waiting::Endpoint { places, content } => {
                let paths: Vec<String> = places.iter().map(|(node, _)| self.shown_path(*node)).collect();
                (Whom::Endpoint(Arc::clone(content)), Json::Null, Arc::new(Json::Null), paths.join(", "))
            }
        };
        let id = self.calls;
        self.calls += 1;
        self.active.insert(id, waiting);
        Some(Box::new(Call { id, whom, arguments, parent, path }))
    }

    /// Takes what a resolver or the GraphQL service gave, or why it gave nothing.
    pub fn resume(&mut self, id: u32, answer: Result<Json, String>) {
        let Some(waiting) = self.active.remove(&id) else { return };
        let schema = Arc::clone(&self.schema);
        match (answer, waiting) {
            (_, waiting) if !self.is_wanted(&waiting) => {}
            (Ok(value), Waiting::Resolver { node, field, .. }) => {
                self.complete(&schema, node, &field.shape, &field, Datum::Json(&value, By::Name));
            }
            (Ok(value), Waiting::Endpoint { places, .. }) => self.share_out(&schema, &places, value),
            (Err(why), waiting) => self.fail_all(&waiting, &why),
        }
    }

    // What the GraphQL service says: data under the names in the response, and errors that say where they are (§7.1).
    fn share_out(&mut self, schema: &Schema, places: &[Place], mut answer: Json) {
        let errors = match answer.get_mut("errors").map(Json::take) {
            Some(Json::Array(errors)) => errors,
            Some(_) | None => Vec::new(),
        };
        let has_errors = !errors.is_empty();
        for mut error in errors.into_iter().take(ERRORS_MAX.saturating_sub(self.errors.len())) {
            // They are places in the document that the service got.
            if let Json::Object(members) = &mut error {
                members.remove("locations");
            }
            if !self.spend(&error) {
                return;
            }
            self.errors.push(error);
        }
        for (node, field) in places {
            if !self.is_live(*node) {
                continue;
            }
            match answer.get("data").and_then(|data| data.get(field.key())) {
                Some(value) => self.complete(schema, *node, &field.shape, field, Datum::Json(value, By::Key)),
                // It has said why.
                None if has_errors => self.nullify(*node),
                None => self.fail(*node, field, "The GraphQL service has given no data.".to_owned()),
            }
        }
    }

    fn is_wanted(&self, waiting: &Waiting) -> bool {
        match waiting {
            Waiting::Resolver { node, .. } => self.is_live(*node),
            Waiting::Endpoint { places, .. } => places.iter().any(|(node, _)| self.is_live(*node)),
        }
    }

    fn fail_all(&mut self, waiting: &Waiting, why: &str) {
        match waiting {
            Waiting::Resolver { node, field, .. } => self.fail(*node, field, why.to_owned()),
            Waiting::Endpoint { places, .. } => {
                for (node, field) in places {
                    if self.is_live(*node) {
                        self.fail(*node, field, why.to_owned());
                    }
                }
            }
        }
    }

    /// The response as far as it is known, as JSON.
    #[must_use]
    pub fn response(&self) -> String {
        let mut response = Map::new();
        response.insert("data".to_owned(), self.value(0));
        if !self.errors.is_empty() {
            response.insert("errors".to_owned(), Json::Array(self.errors.clone()));
        }
        Json::Object(response).to_string()
    }

    // INVARIANT: nodes are as deep as a request and the lists of its types, both of which the parser bounds.
    fn value(&self, node: usize) -> Json {
        match self.nodes.get(node).map(|node| &node.state) {
            Some(State::Leaf(value)) => value.clone(),
            Some(State::List(items)) => items.iter().map(|item| self.value(*item)).collect(),
            Some(State::Object(members)) => {
                let member = |member: &usize| {
                    let Some(Node { key: Key::Name(name), .. }) = self.nodes.get(*member) else { return None };
                    Some((name.to_string(), self.value(*member)))
                };
                Json::Object(members.iter().filter_map(member).collect())
            }
            Some(State::Null | State::Pending) | None => Json::Null,
        }
    }

    fn set(&mut self, node: usize, state: State) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.state = state;
        }
    }

    // Whether what comes for a node is still wanted: null has taken the place of none of those that it stands in.
    fn is_live(&self, node: usize) -> bool {
        let mut at = Some(node);
        while let Some(node) = at.and_then(|at| self.nodes.get(at)) {
            if let State::Null = node.state {
                return false;
            }
            at = node.parent;
        }
        !self.is_over
    }

    // A new node below `parent`, which holds it from now on; none when there are too many.
    fn child(&mut self, parent: usize, key: Key, shape: &Shape) -> Option<usize> {
        if self.is_over {
            return None;
        }
        if self.nodes.len() >= NODES_MAX {
            self.give_up(format!("The result has more than {NODES_MAX} values."));
            return None;
        }
        let index = self.nodes.len();
        let nullable = !matches!(shape, Shape::Required(_));
        self.nodes.push(Node { parent: Some(parent), key, nullable, state: State::Pending });
        if let Some(State::Object(children) | State::List(children)) =
            self.nodes.get_mut(parent).map(|node| &mut node.state)
        {
            children.push(index);
        }
        Some(index)
    }

    // Makes a node an object of these fields.
    fn object(&mut self, node: usize, collected: IndexMap<Arc<str>, Collected>) -> Vec<(usize, Arc<Collected>)> {
        self.set(node, State::Object(Vec::with_capacity(collected.len())));
        let mut children = Vec::with_capacity(collected.len());
        for (key, field) in collected {
            let Some(child) = self.child(node, Key::Name(key), &field.shape) else { break };
            children.push((child, Arc::new(field)));
        }
        children
    }

    // Resolves one field of an object. `parent` is the object as resolvers see it, made when the first one needs it.
    fn resolve(
        &mut self,
        schema: &Schema,
        node: usize,
        field: Arc<Collected>,
        source: Source<'_>,
        parent: &mut Option<Arc<Json>>,
    ) {
        let Some(first) = field.fields.first().cloned() else { return };
        let (name, no_arguments) = (&*first.name, Map::new());
        let arguments = first.arguments.as_ref().unwrap_or(&no_arguments);
        if name == "__typename" {
            return self.set(node, State::Leaf(Json::from(field.of.as_str())));
        }
        match source {
            Source::Meta(meta) => {
                let said = meta.member(schema, name, arguments);
                self.complete_said(schema, node, &field, said);
            }
            Source::Root if name == "__schema" => {
                self.complete_said(schema, node, &field, Said::One(Meta::Schema));
            }
            Source::Root if name == "__type" => {
                let said = type_named(schema, arguments).map_or(Said::Json(Json::Null), Said::One);
                self.complete_said(schema, node, &field, said);
            }
            Source::Root | Source::Json(..) => {
                if let Some(resolver) = self.resolvers.of(&field.of, name) {
                    let parent = Arc::clone(parent.get_or_insert_with(|| match source {
                        Source::Json(object, _) => Arc::new(object.clone()),
                        Source::Root | Source::Meta(_) => Arc::new(Json::Null),
                    }));
                    return self.queue.push_back(Waiting::Resolver { node, field, resolver, parent });
                }
                let datum = match source {
                    Source::Json(object, by) => {
                        let member = match by {
                            By::Name => object.get(name),
                            By::Key => object.get(&*first.key),
                        };
                        member.map_or(Datum::Null, |value| Datum::Json(value, by))
                    }
                    // Decision: what neither a resolver nor an object gives is null (fixtures/exchange/graphql-fields.conversation).
                    Source::Root | Source::Meta(_) => Datum::Null,
                };
                self.complete(schema, node, &field.shape, &field, datum);
            }
        }
    }

    fn complete_said(&mut self, schema: &Schema, node: usize, field: &Arc<Collected>, said: Said<'_>) {
        match said {
            Said::Json(value) => self.complete(schema, node, &field.shape, field, Datum::Json(&value, By::Name)),
            Said::One(meta) => self.complete(schema, node, &field.shape, field, Datum::Meta(meta)),
            Said::Several(several) => self.complete(schema, node, &field.shape, field, Datum::Several(several)),
        }
    }

    // §6.4.3
    fn complete(&mut self, schema: &Schema, node: usize, of: &Shape, field: &Arc<Collected>, datum: Datum<'_>) {
        let is_null = matches!(datum, Datum::Null | Datum::Json(Json::Null, _));
        match of {
            Shape::Required(_) if is_null => {
                let message = format!("Cannot return null for non-nullable field {}.{}.", field.of, field.name());
                self.fail(node, field, message);
            }
            Shape::Required(inner) => self.complete(schema, node, inner, field, datum),
            _ if is_null => self.set(node, State::Null),
            Shape::List(inner) => self.list(schema, node, inner, field, datum),
            Shape::Named(name) => match (schema.kind(name), datum) {
                (Some(Kind::Fields(_) | Kind::Union), datum) => self.composite(schema, node, name, field, datum),
                (_, Datum::Json(value, _)) => match coerce::result(schema, name, value) {
                    Ok(value) => {
                        if self.spend(&value) {
                            self.set(node, State::Leaf(value));
                        }
                    }
                    Err(why) => self.fail(node, field, why),
                },
                (_, Datum::Null | Datum::Meta(_) | Datum::Several(_)) => self.set(node, State::Null),
            },
        }
    }

    fn list(&mut self, schema: &Schema, node: usize, of: &Shape, field: &Arc<Collected>, datum: Datum<'_>) {
        let items: Vec<Datum<'_>> = match datum {
            Datum::Json(Json::Array(items), by) => items.iter().map(|item| Datum::Json(item, by)).collect(),
            Datum::Several(several) => several.into_iter().map(Datum::Meta).collect(),
            Datum::Json(..) | Datum::Null | Datum::Meta(_) => {
                let message = format!("Expected a list for the field {}.{}.", field.of, field.name());
                return self.fail(node, field, message);
            }
        };
        self.set(node, State::List(Vec::with_capacity(items.len().min(NODES_MAX))));
        for (index, item) in items.into_iter().enumerate() {
            if !self.is_live(node) {
                return;
            }
            let Some(child) = self.child(node, Key::Index(index), of) else { return };
            self.complete(schema, child, of, field, item);
        }
    }

    fn composite(&mut self, schema: &Schema, node: usize, name: &str, field: &Arc<Collected>, datum: Datum<'_>) {
        let source = match &datum {
            Datum::Json(value @ Json::Object(_), by) => Source::Json(value, *by),
            Datum::Meta(meta) => Source::Meta(meta),
            Datum::Json(..) | Datum::Null | Datum::Several(_) => {
                let message = format!("Expected an object of \"{name}\" for the field {}.{}.", field.of, field.name());
                return self.fail(node, field, message);
            }
        };
        let of = match concrete(schema, name, source) {
            Ok(of) => of.to_owned(),
            Err(why) => return self.fail(node, field, why),
        };
        let items: Vec<&[Item]> = field.fields.iter().map(|field| field.items.as_slice()).collect();
        let collected = collect(schema, &of, &items);
        let mut parent = None;
        for (child, field) in self.object(node, collected) {
            if !self.is_live(node) {
                return;
            }
            self.resolve(schema, child, field, source, &mut parent);
        }
    }

    // §6.4.4: null takes the place of the field, or of what it stands in where null is not allowed.
    fn fail(&mut self, node: usize, field: &Collected, message: String) {
        if self.errors.len() < ERRORS_MAX {
            let locations = field.fields.iter().map(|field| json!({ "line": field.at.0, "column": field.at.1 }));
            let locations: Vec<Json> = locations.collect();
            self.errors.push(json!({ "message": message, "locations": locations, "path": self.path(node) }));
        }
        self.nullify(node);
    }

    fn nullify(&mut self, node: usize) {
        let mut at = Some(node);
        while let Some(index) = at {
            let Some(node) = self.nodes.get_mut(index) else { return };
            if node.nullable {
                node.state = State::Null;
                return;
            }
            at = node.parent;
        }
    }

    fn shown_path(&self, node: usize) -> String {
        let steps = self.path(node);
        let shown = steps.iter().map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned));
        shown.collect::<Vec<_>>().join("/")
    }

    fn path(&self, node: usize) -> Vec<Json> {
        let mut path = Vec::new();
        let mut at = Some(node);
        while let Some(node) = at.and_then(|at| self.nodes.get(at)) {
            match &node.key {
                Key::Root => {}
                Key::Name(name) => path.push(Json::from(&**name)),
                Key::Index(index) => path.push(Json::from(*index)),
            }
            at = node.parent;
        }
        path.reverse();
        path
    }

    // Whether there is room for a value in the response.
    fn spend(&mut self, value: &Json) -> bool {
        self.bytes = self.bytes.saturating_add(cost(value));
        let fits = self.bytes <= RESULT_BYTES_MAX;
        if !fits {
            self.give_up(format!("The result is longer than {RESULT_BYTES_MAX} bytes."));
        }
        fits
    }

    // One error stands for all.
    fn give_up(&mut self, message: String) {
        if !self.is_over {
            self.is_over = true;
            self.nodes.truncate(1);
            self.set(0, State::Null);
            self.errors = vec![json!({ "message": message })];
            self.queue.clear();
            self.serial.clear();
        }
    }
}

// The type that an object is of (§6.4.3, ResolveAbstractType).
fn concrete<'s>(schema: &'s Schema, name: &'s str, source: Source<'_>) -> Result<&'s str, String> {
    if !schema.is_abstract(name) {
        return Ok(name);
    }
    let said = match source {
        Source::Json(object, _) => object.get("__typename").and_then(Json::as_str),
        Source::Root | Source::Meta(_) => None,
    };
    let mut possible = schema.members(name).filter(|member| schema.is_object(member));
    match said {
        Some(said) => possible.find(|member| *member == said).ok_or_else(|| {
            let said = crate::policy::schema::shortened(said);
            format!("\"{said}\" in `__typename` is no possible type of \"{name}\".")
        }),
        None => match (possible.next(), possible.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(format!("An object of \"{name}\" does not say in `__typename` of which type it is.")),
        },
    }
}
