//! Where a policy stands: the four sections and the scopes of a pipeline, and sets of them. Runs nothing.

/// A section of a policy document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// `inbound`
    Inbound,
    /// `backend`
    Backend,
    /// `outbound`
    Outbound,
    /// `on-error`
    OnError,
}

impl Section {
    /// All sections in the order of a document.
    pub const ALL: [Self; 4] = [Self::Inbound, Self::Backend, Self::Outbound, Self::OnError];

    /// The name of the element, which is also `context.LastError.Section`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Backend => "backend",
            Self::Outbound => "outbound",
            Self::OnError => "on-error",
        }
    }
}

/// The scope that a policy document belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The service.
    Global,
    /// A product.
    Product,
    /// An API.
    Api,
    /// An operation.
    Operation,
    /// A resolver of a GraphQL field.
    Resolver,
}

impl Scope {
    /// `context.LastError.Scope`
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Product => "product",
            Self::Api => "api",
            Self::Operation => "operation",
            Self::Resolver => "resolver",
        }
    }
}

// One bit for each letter, the first letter of the alphabet being the lowest bit.
const fn bits_of(letters: &str, [first, second, third, fourth, fifth]: [u8; 5]) -> u8 {
    let mut bits = 0;
    let mut rest = letters.as_bytes();
    while let [letter, tail @ ..] = rest {
        let letter = *letter;
        bits |= (letter == first) as u8
            | ((letter == second) as u8) << 1
            | ((letter == third) as u8) << 2
            | ((letter == fourth) as u8) << 3
            | ((letter == fifth) as u8) << 4;
        rest = tail;
    }
    bits
}

/// The sections that an element may stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sections(u8);

impl Sections {
    /// All four.
    pub const ALL: Self = Self(0b1111);

    /// These ones, written as in the policy reference: `I`, `B`, `O`, `E` in any order.
    #[must_use]
    pub const fn of(letters: &str) -> Self {
        Self(bits_of(letters, *b"IBOE "))
    }

    /// Whether `section` is among them.
    #[must_use]
    pub const fn contains(self, section: Section) -> bool {
        let bit = match section {
            Section::Inbound => 1,
            Section::Backend => 2,
            Section::Outbound => 4,
            Section::OnError => 8,
        };
        self.0 & bit != 0
    }

    /// Their names, as in `inbound, outbound`.
    #[must_use]
    pub fn names(self) -> String {
        let names: Vec<&str> = Section::ALL.into_iter().filter(|s| self.contains(*s)).map(Section::as_str).collect();
        names.join(", ")
    }
}

/// The scopes that an element may stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// All of the pipeline.
    pub const ALL: Self = Self(0b1111);

    /// These ones, written as `G`, `P`, `A`, `O`, `R` in any order.
    #[must_use]
    pub const fn of(letters: &str) -> Self {
        Self(bits_of(letters, *b"GPAOR"))
    }

    /// Whether `scope` is among them.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        let bit = match scope {
            Scope::Global => 1,
            Scope::Product => 2,
            Scope::Api => 4,
            Scope::Operation => 8,
            Scope::Resolver => 16,
        };
        self.0 & bit != 0
    }

    /// Their names, as in `product, api`.
    #[must_use]
    pub fn names(self) -> String {
        let all = [Scope::Global, Scope::Product, Scope::Api, Scope::Operation, Scope::Resolver];
        let names: Vec<&str> = all.into_iter().filter(|s| self.contains(*s)).map(Scope::as_str).collect();
        names.join(", ")
    }
}
