//! From the tree of a policy document to its program: structure, sections, scopes and fragments. Each family compiles its own elements.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::config::authorization::{Authorization, ClientGrant};
use crate::config::external_cache::ExternalCache;
use crate::config::model::{Backend, CertificateName, Logger, PolicyFormat};
use crate::config::named_values::names;
use crate::context::CertificateView;
use crate::diagnostic::{Diagnostic, nearest};
use crate::pki::ClientIdentity;
use crate::policy::authentication::authorization_context::grant;
use crate::policy::authentication::certificate::identity;
use crate::policy::dialect::{self, DOCUMENT_BYTES_MAX, Element, FRAGMENT_BYTES_MAX, Parsed};
use crate::policy::place::{Scope, Scopes, Section};
use crate::policy::program::{Code, Op, Place, Program};
use crate::policy::reader::Reader;
use crate::policy::registry::{self, Build, Entry, Status};
use crate::policy::shape;
use crate::policy::source::{Problem, Source};
use crate::policy::{Built, graphql};

/// How deep fragments may include one another.
pub const FRAGMENT_DEPTH_MAX: usize = 5;

/// The most ops that one section of one document compiles to, fragments included.
pub const OPS_MAX: usize = 20_000;

/// The most diagnostics that are given about one document.
pub const DIAGNOSTICS_MAX: usize = 200;

/// Findings about what a value says.
const OF_VALUES: [&str; 7] = [
    "attribute-value",
    "text-value",
    "unknown-authorization",
    "unknown-backend",
    "unknown-certificate",
    "unknown-fragment",
    "unknown-logger",
];

/// What policy documents refer to by name.
#[derive(Debug, Default)]
pub struct Catalog<'a> {
    /// Policy fragments by lower-case id.
    pub fragments: BTreeMap<String, Fragment<'a>>,
    /// Backend entities by lower-case id.
    pub backends: Arc<BTreeMap<String, Arc<Backend>>>,
    /// The loggers that are Event Hubs, by lower-case id.
    pub loggers: Arc<BTreeMap<String, Arc<Logger>>>,
    /// The connections to credential providers, by `provider/connection` in lower case.
    pub authorizations: Arc<BTreeMap<String, Arc<Authorization>>>,
    /// The certificates of the service by their ids.
    pub certificates: IndexMap<String, Arc<CertificateView>>,
    /// Whether there is an external cache.
    pub external: External,
}

/// Whether a gateway has an external cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum External {
    /// Nobody knows: the document is looked at by itself.
    #[default]
    Unknown,
    /// It has.
    Configured,
    /// It has not.
    Missing,
}

impl From<Option<&Arc<ExternalCache>>> for External {
    fn from(cache: Option<&Arc<ExternalCache>>) -> Self {
        if cache.is_some() { Self::Configured } else { Self::Missing }
    }
}

impl Catalog<'_> {
    /// What can be shown to a backend under this name.
    ///
    /// # Errors
    /// Why there is nothing.
    pub fn identity(&self, name: &CertificateName) -> Result<Arc<ClientIdentity>, String> {
        identity(&self.certificates, name)
    }

    /// What the connection of this key asks for tokens with.
    ///
    /// # Errors
    /// Why there is nothing.
    pub fn grant(&self, key: &str) -> Result<Arc<ClientGrant>, String> {
        grant(self.authorizations.get(key).map(AsRef::as_ref), key)
    }
}

/// A fragment, read once and compiled wherever it is included.
#[derive(Debug)]
pub struct Fragment<'a> {
    /// Its text.
    pub source: Source<'a>,
    /// Its tree.
    pub parsed: Parsed,
}

/// What a document compiles to.
#[derive(Clone, Debug, Default)]
pub struct Compilation {
    /// The program; not to be run when there is an error among the diagnostics.
    pub program: Program,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// The fragments that went into the program, by lower-case id.
    pub fragments: BTreeSet<String>,
    /// The backend entities that it names, by lower-case id.
    pub backends: BTreeSet<String>,
    /// The loggers that it names, by lower-case id.
    pub loggers: BTreeSet<String>,
    /// The connections to credential providers that it names, by `provider/connection` in lower case.
    pub authorizations: BTreeSet<String>,
    /// The certificates that it names to show them.
    pub certificates: BTreeSet<CertificateName>,
}

/// Compiles one document of one scope.
#[must_use]
pub fn compile(source: Source<'_>, format: PolicyFormat, scope: Scope, catalog: &Catalog<'_>) -> Compilation {
    let parsed = dialect::parse(source.text, format, DOCUMENT_BYTES_MAX);
    let mut compiler = Compiler::new(source, scope, catalog);
    compiler.report_all(parsed.problems);
    if let Some(root) = &parsed.root {
        compiler.document(root);
    }
    compiler.done
}

/// Compiles a fragment by itself, as it stands in `section`.
#[must_use]
pub fn compile_fragment(
    source: Source<'_>,
    format: PolicyFormat,
    scope: Scope,
    section: Section,
    catalog: &Catalog<'_>,
) -> Compilation {
    let parsed = dialect::parse(source.text, format, FRAGMENT_BYTES_MAX);
    let mut compiler = Compiler::new(source, scope, catalog);
    compiler.report_all(parsed.problems);
    compiler.stand_in(section);
    // One without a name, so that what no fragment can hold is found.
    compiler.open_fragments.push(String::new());
    if let Some(root) = &parsed.root {
        compiler.fragment(root, Compiler::policies);
    }
    compiler.done
}

/// What is being put together while the elements of a document are walked.
#[derive(Debug)]
pub struct Compiler<'a> {
    /// The document, or the fragment, that is being compiled.
    pub source: Source<'a>,
    /// The scope of the document.
    pub scope: Scope,
    /// The section that is being compiled.
    pub section: Section,
    /// What set-header, set-body and the like refer to.
    pub target: Target,
    /// What documents refer to by name.
    pub catalog: &'a Catalog<'a>,
    /// What there is so far.
    pub done: Compilation,
    path: Vec<String>,
    open_fragments: Vec<String>,
}

/// The message that set-header, set-body and the like change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The request on its way to the backend.
    Request,
    /// The response on its way to the client.
    Response,
    /// The request that a send-request puts together.
    DraftRequest,
    /// The response that a return-response puts together.
    DraftResponse,
}

impl<'a> Compiler<'a> {
    fn new(source: Source<'a>, scope: Scope, catalog: &'a Catalog<'a>) -> Self {
        Self {
            source,
            scope,
            section: Section::Inbound,
            target: Target::Request,
            catalog,
            done: Compilation::default(),
            path: Vec::new(),
            open_fragments: Vec::new(),
        }
    }

    /// Reports a finding about the text that is being compiled.
    pub fn report(&mut self, problem: Problem) {
        if self.is_about_a_gap(&problem) {
            return;
        }
        // Placing a finding walks the document: what would not be kept is not placed.
        if self.done.diagnostics.len() < DIAGNOSTICS_MAX {
            let diagnostic = self.source.diagnostic(problem);
            self.report_diagnostic(diagnostic);
        }
    }

    // A named value that nobody knows is reported where it stands; what it might have made of the value around it is unknown.
    fn is_about_a_gap(&self, problem: &Problem) -> bool {
        let offset = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        let text = self.source.text.get(offset(problem.span.start)..offset(problem.span.end)).unwrap_or("");
        OF_VALUES.contains(&problem.code) && names(text).next().is_some()
    }

    /// Reports a finding that is already placed.
    pub fn report_diagnostic(&mut self, diagnostic: Diagnostic) {
        if self.done.diagnostics.len() < DIAGNOSTICS_MAX {
            self.done.diagnostics.push(diagnostic);
        }
    }

    /// Reports findings about the text that is being compiled.
    pub fn report_all(&mut self, problems: Vec<Problem>) {
        for problem in problems {
            self.report(problem);
        }
    }

    /// Adds an op of `element`; gives its index in the section.
    pub fn emit(&mut self, op: Op, element: &Element) -> usize {
        let place = Place {
            element: registry::static_name(&element.name),
            path: Arc::from(self.path.join("/")),
            policy_id: element.attribute("id").and_then(|id| id.value.literal()).map(Arc::from),
        };
        let code = self.done.program.code_mut(self.section);
        let index = code.ops.len();
        if index < OPS_MAX {
            code.ops.push(op);
            code.places.push(place);
        } else if index == OPS_MAX {
            let message = format!("this section compiles to more than {OPS_MAX} steps");
            self.report(Problem::error("document-too-large", element.name_span, message));
        }
        index
    }

    /// The ops of the section so far.
    pub const fn code(&mut self) -> &mut Code {
        self.done.program.code_mut(self.section)
    }

    /// The index that the next op will have.
    pub fn next_index(&mut self) -> usize {
        self.code().ops.len()
    }

    /// Whether an element with this name is open around what is being compiled, the innermost not counted.
    #[must_use]
    pub fn is_inside(&self, name: &str) -> bool {
        let outer = self.path.split_last().map_or(&[][..], |(_, outer)| outer);
        outer.iter().any(|step| step.split('[').next() == Some(name))
    }

    /// Walks a part of the document that counts in the path, as in `when[2]`.
    pub fn inside(&mut self, step: String, body: impl FnOnce(&mut Self)) {
        self.path.push(step);
        body(self);
        self.path.pop();
    }

    /// Compiles the policies inside `parent`.
    pub fn policies(&mut self, parent: &Element) {
        self.policies_each(parent, Self::policy);
    }

    /// Walks the policies inside `parent`, each in its place of the path.
    pub fn policies_each(&mut self, parent: &Element, mut each: impl FnMut(&mut Self, &Element)) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for element in parent.elements() {
            let count = seen.entry(&element.name).or_default();
            *count += 1;
            self.inside(format!("{}[{count}]", element.name), |compiler| each(compiler, element));
        }
    }

    /// Compiles the children of an element that are not policies of their own, in the order written. What `build` does not know
    /// has been reported by the shape of the element.
    pub fn parts(&mut self, parent: &Element, build: fn(&mut Reader<'_, '_, '_>) -> Option<Built>) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for element in parent.elements() {
            let count = seen.entry(&element.name).or_default();
            *count += 1;
            self.inside(format!("{}[{count}]", element.name), |compiler| {
                let Some(policy) = build(&mut Reader { compiler, element }) else { return };
                let asked = compiler.emit(Op::Policy(policy), element);
                let status = registry::find(&element.name).map(|entry| entry.status);
                if let Some(Status::Built { build: Build::Asking(_), .. }) = status {
                    compiler.emit(Op::Take { asked }, element);
                }
            });
        }
    }

    fn document(&mut self, root: &Element) {
        if self.scope == Scope::Resolver {
            return graphql::source::document(self, root);
        }
        if root.name != "policies" {
            let message = format!("expected `policies` as the root element, found `{}`", root.name);
            let help = "policies stand in a section: `<policies><inbound>…</inbound></policies>`";
            self.report(Problem::error("root-element", root.name_span, message).with_help(help));
            return;
        }
        self.check_bare(root);
        for child in root.elements() {
            if !Section::ALL.iter().any(|section| section.as_str() == child.name) {
                let problem =
                    Problem::error("unknown-section", child.name_span, format!("`{}` is not a section", child.name));
                let near = nearest(&child.name, Section::ALL.iter().map(|section| section.as_str()));
                self.report(match near {
                    Some(near) => problem.with_help(format!("did you mean `{near}`?")),
                    None => problem.with_help("the sections are: inbound, backend, outbound, on-error"),
                });
            }
        }
        for section in Section::ALL {
            self.section(section, root);
        }
    }

    fn stand_in(&mut self, section: Section) {
        self.section = section;
        self.target = match section {
            Section::Inbound | Section::Backend => Target::Request,
            Section::Outbound | Section::OnError => Target::Response,
        };
    }

    fn section(&mut self, section: Section, root: &Element) {
        self.stand_in(section);
        let mut found = root.elements().filter(|element| element.name == section.as_str());
        let Some(element) = found.next() else {
            // Decision: a document without the element inherits the section (fixtures/exchange/missing-section.conversation).
            self.inside("base[1]".to_owned(), |compiler| {
                compiler.emit(Op::Base, &Element { name: "base".to_owned(), ..Element::default() });
            });
            return;
        };
        for again in found {
            let message = format!("`{}` is there twice", again.name);
            self.report(Problem::error("duplicate-element", again.name_span, message));
        }
        self.check_bare(element);
        self.check_backend_section(section, element);
        self.check_once(element);
        self.policies(element);
    }

    // Decision, after the management API's own refusal: one policy besides `base` (fixtures/policy/backend-section.conversation).
    fn check_backend_section(&mut self, section: Section, element: &Element) {
        let second = element.elements().filter(|child| child.name != "base").nth(1);
        if let (Section::Backend, Some(second)) = (section, second) {
            let message = "the backend section holds one policy besides `base`";
            let help = "wrap them: `choose` and `retry` hold several";
            self.report(Problem::error("backend-section", second.name_span, message).with_help(help));
        }
    }

    fn check_once(&mut self, section: &Element) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for element in section.elements() {
            let once =
                registry::find(&element.name).is_some_and(|entry| entry.occurs == registry::Occurs::OncePerSection);
            if once && !seen.insert(&element.name) {
                let message = format!("`{}` may stand in a section once", element.name);
                self.report(Problem::error("duplicate-element", element.name_span, message));
            }
        }
    }

    /// Compiles one policy.
    pub fn policy(&mut self, element: &Element) {
        let Some(entry) = registry::find(&element.name) else {
            let message = format!("`{}` is not a policy", element.name);
            let problem = Problem::error("unknown-element", element.name_span, message);
            self.report(match nearest(&element.name, registry::names()) {
                Some(near) => problem.with_help(format!("did you mean `{near}`?")),
                None => problem,
            });
            return;
        };
        match entry.status {
            Status::Built { shape, build } => self.build(element, entry, shape, build),
            Status::Refused { why } => {
                let message = format!("the policy `{}` is not supported: {why}", element.name);
                let help = "remove it, or keep it out of what this gateway serves: nothing is skipped silently";
                self.report(Problem::error("unsupported-policy", element.name_span, message).with_help(help));
            }
        }
    }

    fn build(&mut self, element: &Element, entry: &Entry, shape: &'static shape::Shape, build: Build) {
        if entry.scopes == Scopes::of("R") && self.scope != Scope::Resolver {
            let message = match graphql::source::ROOTS.contains(&entry.name) {
                true => format!("`{}` is the whole document of a GraphQL resolver, no policy of others", element.name),
                false => format!(
                    "`{}` stands in the `http-response` or `response` of a GraphQL resolver alone",
                    element.name
                ),
            };
            return self.report(Problem::error("scope-not-allowed", element.name_span, message));
        }
        if !entry.sections.contains(self.section) {
            let message = format!("`{}` cannot stand in `{}`", element.name, self.section.as_str());
            let help = format!("it may stand in: {}", entry.sections.names());
            self.report(Problem::error("section-not-allowed", element.name_span, message).with_help(help));
        }
        if !entry.scopes.contains(self.scope) {
            let message = format!("`{}` cannot stand in a policy of the {} scope", element.name, self.scope.as_str());
            let help = format!("it may stand in the scopes: {}", entry.scopes.names());
            self.report(Problem::error("scope-not-allowed", element.name_span, message).with_help(help));
        }
        let mut problems = Vec::new();
        shape::check(element, shape, &mut problems);
        self.report_all(problems);
        match build {
            Build::Leaf(build) => {
                let policy = build(&mut Reader { compiler: self, element });
                if let Some(policy) = policy {
                    self.emit(Op::Policy(policy), element);
                }
            }
            Build::Asking(build) => {
                let policy = build(&mut Reader { compiler: self, element });
                if let Some(policy) = policy {
                    let asked = self.emit(Op::Policy(policy), element);
                    self.emit(Op::Take { asked }, element);
                }
            }
            Build::Structure(build) => build(self, element),
        }
    }

    /// Compiles the policies of a fragment in place of the `include-fragment` that names it.
    pub fn include(&mut self, id: &str, element: &Element) {
        self.include_with(id, element, Self::policies);
    }

    /// Compiles a fragment in place of the `include-fragment` that names it; `inner` compiles what its root holds.
    pub fn include_with(&mut self, id: &str, element: &Element, inner: impl FnOnce(&mut Self, &Element)) {
        let key = id.to_ascii_lowercase();
        let catalog = self.catalog;
        let Some(fragment) = catalog.fragments.get(&key) else {
            let problem = Problem::error("unknown-fragment", element.name_span, format!("there is no fragment `{id}`"));
            self.report(match nearest(&key, catalog.fragments.keys().map(String::as_str)) {
                Some(near) => problem.with_help(format!("did you mean `{near}`?")),
                None => problem,
            });
            return;
        };
        if self.open_fragments.contains(&key) {
            let message = format!("the fragment `{id}` includes itself");
            self.report(Problem::error("fragment-cycle", element.name_span, message));
            return;
        }
        if self.open_fragments.len() >= FRAGMENT_DEPTH_MAX {
            let message = format!("fragments include one another more than {FRAGMENT_DEPTH_MAX} deep");
            self.report(Problem::error("fragment-depth", element.name_span, message));
            return;
        }
        self.done.fragments.insert(key.clone());
        self.open_fragments.push(key);
        let outer = std::mem::replace(&mut self.source, fragment.source);
        self.report_all(fragment.parsed.problems.clone());
        if let Some(root) = &fragment.parsed.root {
            self.fragment(root, inner);
        }
        self.source = outer;
        self.open_fragments.pop();
    }

    fn fragment(&mut self, root: &Element, inner: impl FnOnce(&mut Self, &Element)) {
        if root.name != "fragment" {
            let message = format!("expected `fragment` as the root element, found `{}`", root.name);
            self.report(Problem::error("root-element", root.name_span, message));
            return;
        }
        self.check_bare(root);
        inner(self, root);
    }

    fn check_bare(&mut self, element: &Element) {
        let mut problems = Vec::new();
        shape::check_bare(element, &mut problems);
        self.report_all(problems);
    }

    /// Whether a fragment is being compiled.
    #[must_use]
    pub const fn is_in_fragment(&self) -> bool {
        !self.open_fragments.is_empty()
    }
}
