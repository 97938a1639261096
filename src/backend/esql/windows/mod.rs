//! Timelines → `STATS … BY key, BUCKET(@timestamp, window)`, where the author accepts that.
//!
//! ES|QL groups by windows that begin at fixed times and judges each when it is over, so events on
//! both sides of a border are not seen together (W0603). Within a window, numbers of events and the
//! first and last time of each pattern say what a condition needs ([`condition`]), and numbers of
//! values what an aggregate needs ([`values`]).
//!
//! `count(a) >= 5` per `Computer` in 10 m → `FROM … | WHERE a | STATS a = COUNT(*) BY Computer = …,
//! window = BUCKET(@timestamp, 10 minutes) | WHERE a >= 5`.

mod condition;
mod events;
mod values;

use minijinja::{Value, context};

use super::lines;
use super::predicate::Printer;
use super::syntax::{self, Expr, Text};
use crate::backend::infix::Top;
use crate::backend::template::{Template, Templates, template};
use crate::backend::{Query, Strategy};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Plan, Report, Timeline};

use self::condition::{Given, Totals};
use self::events::Events;

/// The skeleton.
pub(super) const SKELETON: Template = template!("esql/windows.j2");

/// How several events are found.
pub(super) const WINDOWS: Strategy = Strategy {
    name: "fixed windows",
    does: "counts, per key and window of fixed begin, the events of each pattern and their values",
    cost: "one pass, a row per key and window",
    limits: "only if W0603 is accepted, `distinct` only if W0608 is, too; orders of two events",
};

/// Why a condition is refused, and a way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reason {
    message: &'static str,
    help: &'static str,
}

const SLIDING: Reason = Reason {
    message: "ES|QL has no windows that slide: those of its queries begin at fixed times",
    help: "accept W0603 if such windows will do; or use the target `eql`",
};

const ESTIMATED: Reason = Reason {
    message: "ES|QL estimates how many different values there are",
    help: "accept W0608 if an estimate will do, or count events; or keep this rule to `splunk` and \
           `kql`",
};

const CHAINED: Reason = Reason {
    message: "ES|QL puts events together, not the firings of other rules",
    help: "write one correlation over the events themselves",
};

const CLOCKS: Reason = Reason {
    message: "ES|QL groups by one clock, but these events have several",
    help: "use the target `eql`",
};

/// The query of a correlation.
pub(super) fn queries(
    plan: &Plan,
    timeline: &Timeline,
    templates: &Templates,
) -> Result<Vec<Query>, Vec<Diagnostic>> {
    let rule = plan.meta.span;
    let refuse = |reason: Reason| {
        Diagnostic::new(Code::NotExpressible, rule, reason.message).help(reason.help)
    };
    if !timeline.chained.is_empty() {
        return Err(vec![refuse(CHAINED)]);
    }
    let mut printer = Printer::new(rule);
    let mut totals = Totals::new(timeline);
    let mut problems = Vec::new();
    let holds = condition::holds(timeline, &mut totals).map_err(|reason| vec![refuse(reason)])?;
    if !plan.accept.contains(&Code::FixedWindows) {
        problems.push(refuse(SLIDING));
    }
    if totals.has_estimates() && !plan.accept.contains(&Code::Estimates) {
        problems.push(refuse(ESTIMATED));
    }
    let events = Events::of(timeline, &mut printer, &mut totals);
    let clock = events.clock.clone().ok_or_else(|| vec![refuse(CLOCKS)])?;
    let given = totals.columns(&events, &mut printer);
    problems.extend(printer.into_problems());
    if !problems.is_empty() {
        return Err(problems);
    }
    let estimates = totals.has_estimates().then_some(Code::Estimates);
    let approximate = [Some(Code::FixedWindows), estimates].into_iter().flatten().collect();
    let found = Found { totals, given, holds, report: plan.report };
    let context = described(timeline, &events, found, &clock);
    let overridden = templates.is_replaced(&SKELETON);
    let text = templates.fill(&SKELETON, context, rule);
    text.map(|text| vec![Query { text, approximate, overridden }]).map_err(|problem| vec![problem])
}

/// What is asked of a window, and which windows are reported.
struct Found<'a> {
    totals: Totals<'a>,
    given: Vec<Given>,
    holds: Vec<Expr>,
    report: Option<Report>,
}

/// What the skeleton shows.
fn described(timeline: &Timeline, events: &Events, found: Found<'_>, clock: &Text) -> Value {
    let Found { mut totals, given, mut holds, report } = found;
    totals.add_times();
    let (mut groups, mut keep) = (Vec::new(), Vec::new());
    let window = format!("BUCKET({clock}, {})", syntax::span(timeline.window));
    for (key, value) in timeline.keys.iter().zip(&events.keys) {
        let name = syntax::name(key);
        holds.extend(events::present(&name, value.is_text));
        groups.push(assigned(&name, value.text.as_str()));
        keep.push(name);
    }
    let name = syntax::name(&condition::window(timeline));
    groups.push(assigned(&name, &window));
    holds.extend(report.into_iter().flat_map(|report| reported(report, &name, timeline.window)));
    keep.push(name);
    keep.extend(totals.names());
    let values = |texts: Vec<Text>| texts.into_iter().map(Value::from).collect::<Vec<_>>();
    context! {
        notes => values(notes(timeline, totals.has_estimates())),
        index => Value::from(events.index.clone()),
        parts => lines(events.parts.clone()),
        flags => values([events.flags(), given.iter().map(Given::assigned).collect()].concat()),
        totals => values(totals.shown(events, &given, clock)),
        groups => values(groups),
        holds => lines(holds),
        keep => Value::from(Text::join(keep, ", ")),
    }
}

/// Of a run at `R` the windows that ended in `[R - delay - interval - late, R - delay)`. Elastic's runs
/// drift by seconds, so that ranges overlap on purpose: the artifact holds back what was reported.
fn reported(report: Report, window: &Text, length: u64) -> [Expr; 2] {
    let until = report.delay.saturating_add(report.after);
    let from = until.saturating_add(report.interval).saturating_add(Report::LATE);
    let end = format!("{window} + {}", syntax::span(length));
    let part = |text: String| Expr { text: Text::trusted(text), top: Top::Atom };
    [
        part(format!("{end} > NOW() - {}", syntax::span(from))),
        part(format!("{end} <= NOW() - {}", syntax::span(until))),
    ]
}

/// What is given up, as comments.
fn notes(timeline: &Timeline, estimates: bool) -> Vec<Text> {
    let code = Code::FixedWindows.id();
    let length = syntax::span(timeline.window);
    let mut notes = vec![format!(
        "accepted ({code}): windows begin at fixed times, every {length}; events on both sides of \
         a border are not seen together"
    )];
    if estimates {
        let code = Code::Estimates.id();
        notes.push(format!("accepted ({code}): the number of different values is an estimate"));
    }
    if !timeline.shows.is_empty() {
        notes.push(format!("accepted ({code}): the fields to show are left out"));
    }
    notes.iter().map(|note| syntax::comment(note)).collect()
}

/// `name = value`.
fn assigned(name: &Text, value: &str) -> Text {
    Text::trusted(format!("{name} = {value}"))
}
