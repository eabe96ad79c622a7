//! A subscription as a client asks for it on a socket: judged, planned, and executed once for each event. Knows nothing of sockets.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::policy::graphql::collect::collect;
use crate::policy::graphql::document::{Wrong, root_name};
use crate::policy::graphql::execute::Execution;
use crate::policy::graphql::plan::{Plan, Planned};
use crate::policy::graphql::request::{Request, check_size, wrong};
use crate::policy::graphql::resolvers::Resolvers;
use crate::policy::graphql::schema::{Root, Schema};
use crate::policy::graphql::{Rules, error};
use crate::policy::run::Site;

/// A subscription that events are executed for.
#[derive(Clone, Debug)]
pub struct Subscription {
    schema: Arc<Schema>,
    resolvers: Arc<Resolvers>,
    plan: Plan,
    /// The field of the type `Subscription` that it is about.
    pub field: Arc<str>,
}

impl Subscription {
    /// The subscription that an object with `query`, `operationName` and `variables` asks for.
    ///
    /// # Errors
    /// What is wrong with it, as GraphQL tells errors.
    pub fn new(site: &Site, asked: Map<String, Json>, rules: &[Rules]) -> Result<Self, Vec<Json>> {
        Self::planned(site, asked, rules).map_err(|wrongs| wrongs.iter().map(error).collect())
    }

    fn planned(site: &Site, mut asked: Map<String, Json>, rules: &[Rules]) -> Result<Self, Vec<Wrong>> {
        let (Some(schema), Some(resolvers)) = (site.schemas.graphql(), &site.resolvers) else {
            return Err(wrong("The API has no GraphQL schema."));
        };
        for rules in rules {
            if let Some(query) = rules.applied(schema, &asked)? {
                asked.insert("query".to_owned(), Json::from(query));
            }
        }
        let request = Request::of(asked)?;
        let Planned { plan, .. } = Planned::new(schema, &request, None)?;
        // So it is with the original: "Queries and mutations aren't supported over WebSocket".
        match plan.root {
            Root::Subscription => {}
            Root::Query | Root::Mutation => {
                let message = format!("A {} is sent over HTTP: sockets carry subscriptions.", root_name(plan.root));
                return Err(wrong(message));
            }
        }
        let field = only_field(schema, &plan)?;
        Ok(Self { schema: Arc::clone(schema), resolvers: Arc::clone(resolvers), plan, field })
    }

    /// Begins to execute what it asks for, of an event (GraphQL, October 2021, §6.2.3.2).
    #[must_use]
    pub fn execution(&self, event: &Json) -> Execution {
        Execution::of_event(Arc::clone(&self.schema), Arc::clone(&self.resolvers), &self.plan, event)
    }
}

// §6.2.3.1. INVARIANT: a document that follows the rules asks for one field at most.
fn only_field(schema: &Schema, plan: &Plan) -> Result<Arc<str>, Vec<Wrong>> {
    let first = collect(schema, &plan.of, &[&plan.items]).into_values().find_map(|of| of.fields.into_iter().next());
    let Some(first) = first else { return Err(wrong("A subscription must select a top level field.")) };
    match &first.arguments {
        Ok(_) => Ok(Arc::clone(&first.name)),
        Err(why) => Err(vec![Wrong { message: why.clone(), at: Some(first.at) }]),
    }
}

impl Rules {
    // What is left of a request, when something is taken out of it.
    fn applied(&self, schema: &Schema, asked: &Map<String, Json>) -> Result<Option<String>, Vec<Wrong>> {
        check_size(Json::Object(asked.clone()).to_string().len(), self.size_max)?;
        let (changed, _) = Request::of(asked.clone())?.allowed(schema, self.depth_max, &self.rules)?;
        Ok(changed.map(|changed| changed.query))
    }
}
