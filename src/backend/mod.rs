//! [`Plan`] → queries, one folder per query language.
//!
//! A back end knows quoting, operators and limits of its language; it never sees syntax, check or
//! another back end. Literals and identifiers are typed [`Fragment`]s, boolean structure comes from
//! [`infix`], and templates hold the skeleton of each query shape ([`template`]).

mod eql;
mod fragment;
pub mod infix;
mod kql;
mod splunk;
pub mod template;

pub use eql::Eql;
pub use fragment::Fragment;
pub use kql::Kql;
pub use splunk::Splunk;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Plan;

/// A finished query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Its text, without a final line break.
    pub text: String,
    /// Approximations that it needs and that the author accepted; a comment in the text says so.
    pub approximate: Vec<Code>,
}

/// A query language.
pub trait Backend: Sync {
    /// Its name on the command line, such as `kql`.
    fn target(&self) -> &'static str;

    /// What it is, in a line.
    fn title(&self) -> &'static str;

    /// The queries that together mean the plan: their results are united.
    ///
    /// # Errors
    /// Coded refusals, each at the test or construct that the language cannot say exactly.
    fn render(&self, plan: &Plan) -> Result<Vec<Query>, Vec<Diagnostic>>;
}

/// All query languages, by name.
pub const BACKENDS: &[&dyn Backend] = &[&Eql, &Kql, &Splunk];

/// The back end of this name.
#[must_use]
pub fn find(target: &str) -> Option<&'static dyn Backend> {
    BACKENDS.iter().copied().find(|backend| backend.target() == target)
}
