//! [`Plan`] → queries, one folder per query language.
//!
//! A back end knows quoting, operators and limits of its language; it never sees syntax, check or
//! another back end. Literals and identifiers are typed [`Fragment`]s, boolean structure comes from
//! [`infix`], and templates hold the skeleton of each query shape ([`template`]).

mod eql;
mod esql;
mod fragment;
pub mod infix;
mod kql;
mod lucene;
mod splunk;
pub mod template;

pub use eql::Eql;
pub use esql::Esql;
pub use fragment::Fragment;
pub use kql::Kql;
pub use splunk::Splunk;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Kind, Plan, describe};
use template::{Template, Templates};

/// A finished query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Its text, without a final line break.
    pub text: String,
    /// Approximations that it needs and that the author accepted; a comment in the text says so.
    pub approximate: Vec<Code>,
    /// Whether its skeleton is the user's: then nobody has proven what it means. A comment says so,
    /// too.
    pub overridden: bool,
}

/// A way in which a back end finds what a plan means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strategy {
    /// Its name.
    pub name: &'static str,
    /// How it works.
    pub does: &'static str,
    /// What it costs.
    pub cost: &'static str,
    /// Beyond what it is refused.
    pub limits: &'static str,
}

/// A query language.
pub trait Backend: Sync {
    /// Its name on the command line, such as `kql`.
    fn target(&self) -> &'static str;

    /// What it is, in a line.
    fn title(&self) -> &'static str;

    /// The skeletons of its queries.
    fn skeletons(&self) -> &'static [Template];

    /// The queries that together mean the plan: their results are united.
    ///
    /// # Errors
    /// Coded refusals, each at the test or construct that the language cannot say exactly; E0704 and
    /// E0722 where a skeleton of the user's fails.
    fn lower(&self, plan: &Plan, templates: &Templates) -> Result<Vec<Query>, Vec<Diagnostic>>;

    /// A query with a comment.
    fn commented(&self, query: &str, comment: &str) -> String {
        format!("// {comment}\n{query}")
    }

    /// As [`Backend::lower`], and queries of a skeleton of the user's say so.
    ///
    /// # Errors
    /// As [`Backend::lower`].
    fn render(&self, plan: &Plan, templates: &Templates) -> Result<Vec<Query>, Vec<Diagnostic>> {
        let mut queries = self.lower(plan, templates)?;
        for query in queries.iter_mut().filter(|query| query.overridden) {
            query.text = self.commented(&query.text, OVERRIDDEN);
        }
        Ok(queries)
    }

    /// Beyond what the language refuses plans of this kind.
    fn limits(&self, kind: Kind) -> &'static str {
        kind.limits()
    }

    /// In which ways the queries find what the plan means; those of the plan, unless the language
    /// has ways of its own. Only of plans that are not refused.
    fn strategies(&self, plan: &Plan) -> Vec<Strategy> {
        let strategy = |kind: Kind| Strategy {
            name: kind.name(),
            does: kind.does(),
            cost: kind.cost(),
            limits: self.limits(kind),
        };
        plan.kinds().into_iter().map(strategy).collect()
    }

    /// The plan in words, a line each, as far as the language follows it.
    fn describe(&self, plan: &Plan) -> Vec<String> {
        describe(plan)
    }

    /// What the plan is called in this language.
    fn plan_name(&self, plan: &Plan) -> String {
        plan.name()
    }
}

/// What a query of a skeleton of the user's says of itself.
const OVERRIDDEN: &str = "overridden: the skeleton of this query is not Sigweave's";

/// All query languages, by name.
pub const BACKENDS: &[&dyn Backend] = &[&Eql, &Esql, &Kql, &Splunk];

/// The back end of this name.
#[must_use]
pub fn find(target: &str) -> Option<&'static dyn Backend> {
    BACKENDS.iter().copied().find(|backend| backend.target() == target)
}
