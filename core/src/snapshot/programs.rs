//! Policy documents with their named values put in, and programs shared between all places with the same text and the snapshot before.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::config::model::{CertificateName, Fragment as FragmentDocument, PolicyFormat, PolicyText};
use crate::config::named_values::{Substituted, Substitution};
use crate::diagnostic::Diagnostic;
use crate::policy::alone::unknown_names;
use crate::policy::dialect::{self, FRAGMENT_BYTES_MAX};
use crate::policy::source::Problem;
use crate::policy::{Catalog, External, Fragment, Program, Scope, Source, compile};
use crate::snapshot::build::{Authorizations, Backends, Certificates, Loggers};
use crate::span::Span;

type Sha = [u8; 32];

/// Programs by what they were compiled from.
pub(super) type ProgramCache = BTreeMap<Key, Arc<Cached>>;

/// What a program was compiled from, fragments aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    scope: Scope,
    text: Sha,
    // What is warned of depends on it.
    external: External,
}

/// A program, and what it is only valid with.
#[derive(Debug)]
pub(super) struct Cached {
    program: Arc<Program>,
    fragments: Vec<(String, Sha)>,
    backends: Vec<String>,
    certificates: Vec<CertificateName>,
    loggers: Vec<String>,
    authorizations: Vec<String>,
    warnings: Warnings,
}

/// Whether warnings were found when a program was compiled: they belong to a document, which shares its program with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Warnings {
    None,
    Some,
}

/// A document with its named values put in.
#[derive(Debug)]
pub(super) struct Prepared {
    file: Arc<str>,
    written: Arc<str>,
    format: PolicyFormat,
    substituted: Substituted,
    /// Names that stand for nothing.
    findings: Vec<Diagnostic>,
}

impl Prepared {
    pub(super) fn new(policy: &PolicyText, substitution: &Substitution) -> Self {
        let substituted = substitution.substitute(&policy.text);
        let mut prepared = Self {
            file: Arc::clone(&policy.origin.file),
            written: Arc::clone(&policy.text),
            format: policy.format,
            substituted,
            findings: Vec::new(),
        };
        prepared.findings = prepared.names(substitution);
        prepared
    }

    fn names(&self, substitution: &Substitution) -> Vec<Diagnostic> {
        let place = |problem: Problem| Source::plain(&self.file, &self.written).diagnostic(problem);
        let unknown = unknown_names(&self.written, &self.substituted).map(|(name, span)| {
            let problem = Problem::error("unknown-named-value", span, format!("there is no named value `{name}`"));
            place(match substitution.nearest(name) {
                Some(near) => problem.with_help(format!("did you mean `{near}`?")),
                None => problem,
            })
        });
        let missing = self.substituted.missing.iter().map(|(name, span)| {
            let message = format!("the value of the named value `{name}` is not at hand");
            place(Problem::error("missing-named-value", *span, message))
        });
        let outgrown = self.substituted.outgrown.iter().map(|span: &Span| {
            place(Problem::error("document-too-large", *span, "the document is too large with this named value put in"))
        });
        unknown.chain(missing).chain(outgrown).collect()
    }

    fn source(&self) -> Source<'_> {
        Source {
            file: &self.file,
            text: &self.substituted.text,
            written: &self.written,
            substituted: Some(&self.substituted),
        }
    }

    fn sha(&self) -> Sha {
        let mut digest = Sha256::new();
        digest.update([match self.format {
            PolicyFormat::Xml => 0,
            PolicyFormat::RawXml => 1,
        }]);
        digest.update(self.substituted.text.as_bytes());
        digest.finalize().into()
    }
}

/// The fragments of a revision, named values put in, by lower-case id.
pub(super) fn prepare_fragments(
    fragments: &[FragmentDocument],
    substitution: &Substitution,
) -> BTreeMap<String, Prepared> {
    let prepare =
        |fragment: &FragmentDocument| (fragment.id.to_ascii_lowercase(), Prepared::new(&fragment.policy, substitution));
    fragments.iter().map(prepare).collect()
}

/// The entities that documents refer to, fragments aside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entities<'e> {
    pub(super) backends: &'e Backends,
    pub(super) certificates: &'e Certificates,
    pub(super) loggers: &'e Loggers,
    pub(super) authorizations: &'e Authorizations,
    pub(super) external: External,
}

/// Compiles documents, each text once.
#[derive(Debug)]
pub(super) struct Programs<'a> {
    substitution: &'a Substitution,
    catalog: Catalog<'a>,
    fragments: BTreeMap<String, (Sha, &'a [Diagnostic])>,
    before: Option<&'a ProgramCache>,
    /// What was compiled or taken over.
    pub(super) made: ProgramCache,
    /// Warnings.
    pub(super) notes: Vec<Diagnostic>,
}

impl<'a> Programs<'a> {
    pub(super) fn new(
        substitution: &'a Substitution,
        fragments: &'a BTreeMap<String, Prepared>,
        Entities { backends, certificates, loggers, authorizations, external }: Entities<'_>,
        before: Option<&'a ProgramCache>,
    ) -> Self {
        let (backends, certificates) = (Arc::clone(backends), certificates.clone());
        let (loggers, authorizations) = (Arc::clone(loggers), Arc::clone(authorizations));
        let mut catalog =
            Catalog { fragments: BTreeMap::new(), backends, loggers, authorizations, certificates, external };
        let mut shas = BTreeMap::new();
        for (id, prepared) in fragments {
            let source = prepared.source();
            let parsed = dialect::parse(source.text, prepared.format, FRAGMENT_BYTES_MAX);
            catalog.fragments.insert(id.clone(), Fragment { source, parsed });
            shas.insert(id.clone(), (prepared.sha(), prepared.findings.as_slice()));
        }
        let (made, notes) = (ProgramCache::new(), Vec::new());
        Self { substitution, catalog, fragments: shas, before, made, notes }
    }

    /// What is wrong with the fragments themselves, by id.
    pub(super) fn broken_fragments(&self) -> BTreeMap<String, Vec<Diagnostic>> {
        let mut broken = BTreeMap::new();
        for (id, fragment) in &self.catalog.fragments {
            let names = self.fragments.get(id).map(|(_, findings)| findings.to_vec()).unwrap_or_default();
            let problems = fragment.parsed.problems.iter().map(|problem| fragment.source.diagnostic(problem.clone()));
            let errors: Vec<Diagnostic> = problems.chain(names).filter(Diagnostic::is_error).collect();
            if !errors.is_empty() {
                broken.insert(id.clone(), errors);
            }
        }
        broken
    }

    /// The program of a document.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn program(
        &mut self,
        policy: Option<&PolicyText>,
        scope: Scope,
    ) -> Result<Option<Arc<Program>>, Vec<Diagnostic>> {
        let Some(policy) = policy else { return Ok(None) };
        let prepared = Prepared::new(policy, self.substitution);
        let key = Key { scope, text: prepared.sha(), external: self.catalog.external };
        let known = self.known(&key);
        if let Some(cached) = &known {
            self.made.insert(key.clone(), Arc::clone(cached));
            if cached.warnings == Warnings::None {
                return Ok(Some(Arc::clone(&cached.program)));
            }
        }
        let compilation = compile(prepared.source(), prepared.format, scope, &self.catalog);
        let used = compilation.fragments.iter().filter_map(|id| self.fragments.get(id).map(|found| (id, found)));
        let (mut fragments, mut findings) = (Vec::new(), prepared.findings);
        for (id, (sha, names)) in used {
            fragments.push((id.clone(), *sha));
            findings.extend_from_slice(names);
        }
        findings.extend(compilation.diagnostics);
        let (errors, notes): (Vec<_>, Vec<_>) = findings.into_iter().partition(Diagnostic::is_error);
        let warnings = if notes.is_empty() { Warnings::None } else { Warnings::Some };
        self.notes.extend(notes);
        if !errors.is_empty() {
            return Err(errors);
        }
        if let Some(cached) = known {
            return Ok(Some(Arc::clone(&cached.program)));
        }
        let program = Arc::new(compilation.program);
        let backends = compilation.backends.into_iter().collect();
        let certificates = compilation.certificates.into_iter().collect();
        let cached = Cached {
            program: Arc::clone(&program),
            fragments,
            backends,
            certificates,
            loggers: compilation.loggers.into_iter().collect(),
            authorizations: compilation.authorizations.into_iter().collect(),
            warnings,
        };
        self.made.insert(key, Arc::new(cached));
        Ok(Some(program))
    }

    // A program with the same text, all of whose fragments and backends are still the same.
    fn known(&self, key: &Key) -> Option<Arc<Cached>> {
        let made = self.made.get(key).or_else(|| self.before.and_then(|before| before.get(key)))?;
        let same = |(id, sha): &(String, Sha)| self.fragments.get(id).is_some_and(|(now, _)| now == sha);
        let there = |id: &String| self.catalog.backends.contains_key(id);
        let shown = |name: &CertificateName| self.catalog.identity(name).is_ok();
        let is_logger = |id: &String| self.catalog.loggers.contains_key(id);
        let gives = |id: &String| self.catalog.grant(id).is_ok();
        let valid = made.fragments.iter().all(same)
            && made.backends.iter().all(there)
            && made.certificates.iter().all(shown)
            && made.loggers.iter().all(is_logger)
            && made.authorizations.iter().all(gives);
        valid.then(|| Arc::clone(made))
    }
}
