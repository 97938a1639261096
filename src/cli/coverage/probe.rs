//! A telemetry of an analytic → how a platform answers for it, by planning a rule over its fields.
//!
//! `windows/image_load` with `Signed` on `sentinel` is the rule `image_load where Signed is not null`: that it
//! compiles, and what its plan computes and joins, is the cell.

use std::sync::Arc;

use crate::check::{self, Options};
use crate::coverage::{Asked, Status, Telemetry};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::ir::Rule;
use crate::plan::PlanBody;
use crate::source::SourceMap;
use crate::syntax::weave;
use crate::taxonomy::Taxonomy;

use super::super::goal::Goal;

/// How the fields of a telemetry can be asked for on a platform, and why not.
pub(super) fn probe(telemetry: &Telemetry, goal: Option<&Goal>, taxonomy: &Taxonomy) -> Asked {
    let not_held = |reasons| Asked { status: Status::NotHeld, off: None, reasons };
    let Some(goal) = goal else { return not_held(Vec::new()) };
    let rule = match rule(telemetry, taxonomy) {
        Ok(rule) => rule,
        Err(found) => return not_held(messages(&found)),
    };
    let places = goal.platform.places(&telemetry.logsource);
    match goal.compile(&rule) {
        Ok(_) => Asked {
            status: held(&rule, goal),
            off: places.iter().find_map(|source| source.off.clone()),
            reasons: Vec::new(),
        },
        Err(refused) => {
            let codes: Vec<&str> = refused.iter().map(|found| found.code.id()).collect();
            let status = Status::refused(&codes);
            let platform = format!("`{}` ", goal.platform.name);
            let said = |reason: String| reason.replacen(&platform, "it ", 1);
            let reasons = messages(&refused).into_iter().map(said).collect();
            Asked { status, off: None, reasons }
        }
    }
}

/// A rule that needs the fields of a telemetry.
fn rule(telemetry: &Telemetry, taxonomy: &Taxonomy) -> Result<Arc<Rule>, Vec<Diagnostic>> {
    let tests: Vec<String> =
        telemetry.fields.iter().map(|field| format!("`{field}` is not null")).collect();
    let tests =
        if tests.is_empty() { String::new() } else { format!(" where {}", tests.join(" and ")) };
    let text = format!(
        "rule probe {{\n  events:\n    event = {}{tests}\n\n  condition:\n    event\n}}\n",
        telemetry.logsource
    );
    let mut sources = SourceMap::default();
    let source = sources.add("probe", text);
    let mut diagnostics = Diagnostics::default();
    let documents = weave::parse(source, sources.text(source), &mut diagnostics);
    let rules = check::check(&documents, taxonomy, &Options::default(), &mut diagnostics);
    rules.into_iter().flatten().next().ok_or_else(|| diagnostics.into_sorted())
}

/// How a rule that compiles gets at its fields.
fn held(rule: &Rule, goal: &Goal) -> Status {
    let Ok(plan) = goal.plan(rule) else { return Status::Direct };
    let legs = match &plan.body {
        PlanBody::Filter(legs) => legs,
        PlanBody::Timeline(_) => return Status::Direct,
    };
    if legs.iter().any(|leg| leg.place.among.is_some() || leg.place.lookup.is_some()) {
        Status::Join
    } else if legs.iter().flat_map(|leg| &leg.lets).any(|computed| computed.value.is_parsed()) {
        Status::Parse
    } else {
        Status::Direct
    }
}

fn messages(found: &[Diagnostic]) -> Vec<String> {
    found.iter().map(|found| format!("{} {}", found.code.id(), found.message)).collect()
}
