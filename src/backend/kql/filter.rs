//! A rule over single events → `Table | where …`; the result are the events themselves.
//!
//! Legs of the same table become one `where … or …`, so that no event is returned twice; legs of
//! several tables become a `union`.

use std::borrow::Cow;

use minijinja::{Value, context};

use super::leg;
use super::predicate::{self, Nulls};
use super::syntax::{self, Kusto};
use super::{Kql, boolean, reported};
use crate::backend::infix::Expr;
use crate::backend::template::{Template, Templates, template};
use crate::diagnostic::Diagnostic;
use crate::ir::Predicate;
use crate::plan::{Leg, Let, Report};
use crate::platform::Column;
use crate::source::Span;

/// The skeleton.
pub(super) const FILTER: Template = template!("kql/filter.j2");

/// The query for the events of any leg.
pub(super) fn render(
    legs: &[Leg],
    report: Option<Report>,
    templates: &Templates,
    rule: Span,
) -> Result<String, Vec<Diagnostic>> {
    let mut refused = Vec::new();
    legs.iter().for_each(|leg| leg::check_names(leg, rule, &mut refused));
    let sources: Vec<Value> = by_table(legs)
        .iter()
        .map(|branch| {
            let range = report.and_then(|report| branch.range(report));
            let stages = range.into_iter().chain(branch.stages(rule, &mut refused));
            let stages: Vec<Value> = stages.map(Value::from).collect();
            context! { table => Value::from(syntax::name(branch.table)), stages => stages }
        })
        .collect();
    if !refused.is_empty() {
        return Err(refused);
    }
    let several = sources.len() > 1;
    let context = context! { sources, several };
    templates.fill(&FILTER, context, rule).map_err(|problem| vec![problem])
}

/// Legs that read the same table and whose computed columns are the same.
struct Branch<'a> {
    table: &'a str,
    lets: &'a [Let],
    legs: Vec<&'a Leg>,
}

fn by_table(legs: &[Leg]) -> Vec<Branch<'_>> {
    let mut branches: Vec<Branch> = Vec::new();
    for leg in legs {
        let same = |branch: &&mut Branch| {
            let other = branch.legs.first().and_then(|other| other.place.lookup.as_ref());
            branch.table == leg.place.table
                && branch.lets == leg.lets.as_slice()
                && other == leg.place.lookup.as_ref()
        };
        match branches.iter_mut().find(same) {
            Some(branch) => branch.legs.push(leg),
            None => {
                let (table, lets) = (leg.place.table.as_str(), leg.lets.as_slice());
                branches.push(Branch { table, lets, legs: vec![leg] });
            }
        }
    }
    branches
}

impl Branch<'_> {
    /// The rows of the report range.
    fn range(&self, report: Report) -> Option<Kusto> {
        let time = syntax::name(&self.legs.first()?.place.time.name);
        Some(Kusto::trusted(format!("where {}", reported(report, &time))))
    }

    fn stages(&self, rule: Span, refused: &mut Vec<Diagnostic>) -> Vec<Kusto> {
        if let [only] = self.legs.as_slice() {
            return leg::stages(only, &wanted(only), rule, refused);
        }
        let uniform = self.legs.windows(2).all(|pair| match pair {
            [one, other] => {
                one.place.conditions == other.place.conditions
                    && one.place.among == other.place.among
            }
            _ => true,
        });
        let rows = self.legs.iter().map(|leg| leg::rows(leg)).collect();
        let shared = match self.legs.first() {
            Some(first) if uniform => leg::rows(first),
            Some(_) | None => boolean::any(rows),
        };
        let mut branch = |leg: &&Leg| {
            let test = predicate::print(&wanted(leg), Nulls::Drop, rule, refused);
            let parts = if uniform { vec![test] } else { vec![leg::rows(leg), test] };
            boolean::all(parts)
        };
        let tests: Vec<Expr<Kql>> = self.legs.iter().map(&mut branch).collect();
        let mut stages: Vec<Kusto> = leg::filter(&shared).into_iter().collect();
        stages.extend(leg::lookup(&self.legs));
        stages.extend(leg::extend(self.lets));
        stages.extend(leg::filter(&boolean::any(tests)));
        stages
    }
}

/// What a leg's events satisfy.
fn wanted(leg: &Leg) -> Cow<'_, Predicate<Column>> {
    match leg.flags.as_slice() {
        [(_, only)] => Cow::Borrowed(only),
        flags => Cow::Owned(Predicate::any(flags.iter().map(|(_, flag)| flag.clone()))),
    }
}
