//! A correlation as a pipeline: the algorithm of [`crate::plan`], step by step.
//!
//! One row per event with `sw_time` (milliseconds), `sw_is…` for each pattern, `sw_mask` of them and
//! the key; one row per group of
//! simultaneous events with `sw_n…` events of each mask; then per atom what the group gives
//! (`sw_at…`), the latest start (`sw_start…`), and where an order extends it, the latest start as of
//! earlier groups (`sw_before…`); then the firings, summed up per key. `stats` and `streamstats`
//! group by exact values.

use std::collections::BTreeSet;

use minijinja::{Value, context};

use super::expression::{collect, name};
use super::firings;
use super::legs::{self, Legs, Rows};
use super::syntax::{EVAL, Eval, list_field, string};
use super::value::Assignments;
use super::{bindings, lookups, nexts, shows, totals, trusted, values};
use crate::backend::infix::{Expr, all, any, not};
use crate::backend::template::{Template, Templates, template};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::PatternId;
use crate::plan::{Before, Fire, Holds, Leg, Link, Report, Start, Timeline};
use crate::source::Span;

/// The skeleton of the pipeline.
pub(super) const TIMELINE: Template = template!("splunk/timeline.j2");
/// The longest window of `streamstats` in events (`max_stream_window` of limits.conf).
const MAX_WINDOW: u64 = 10_000;
/// So many patterns fit into the mask, a number that a double holds exactly.
const MAX_PATTERNS: usize = 50;

/// The pipeline for a correlation; of a chain, the rows of firings come before the rule's own steps.
///
/// # Errors
/// Refusals of what it cannot say exactly; `span` is the rule's place.
pub(super) fn timeline(
    timeline: &Timeline,
    report: Option<Report>,
    templates: &Templates,
    span: Span,
) -> Result<String, Vec<Diagnostic>> {
    let chained = collect(timeline.chained.iter().enumerate().map(|(number, inner)| {
        let keys = Keys::new(inner, span)?;
        let more = context! {
            search => false,
            chained => Vec::<Value>::new(),
            read => trusted(firings::read(inner)),
            occurrence => trusted(firings::occurrence(number, &keys.names)),
            reported => false,
        };
        stage(inner, &keys, Rows::Firings, more, templates, span)
    }))?;
    let keys = Keys::new(timeline, span)?;
    let all = || timeline.chained.iter().chain([timeline]).flat_map(|timeline| &timeline.legs);
    let events = || all().filter(|leg| leg.firings.is_none());
    let rows = match timeline.chained.as_slice() {
        [] => Legs::of(&timeline.legs).rows,
        [_, ..] => Rows::Firings,
    };
    let more = context! {
        search => legs::base(events()).0,
        columns => trusted(firings::columns(events(), span)?),
        chained => chained.into_iter().map(trusted).collect::<Vec<_>>(),
        occurrence => false,
        reported => report.map(|report| trusted(reported(report))),
    };
    stage(timeline, &keys, rows, more, templates, span)
}

/// Whether a firing lies in the range that a run reports. The search ends where late events may still
/// come (`dispatch.latest_time`), so its end is what the range is counted from.
fn reported(report: Report) -> String {
    let end = |before: u64| match before {
        0 => "info_max_time*1000".to_owned(),
        before => format!("info_max_time*1000-{before}"),
    };
    let from = end(report.interval.saturating_add(report.after));
    format!("sw_time>={from} AND sw_time<{}", end(report.after))
}

/// The steps of one correlation; `more` says what comes before and after.
fn stage(
    timeline: &Timeline,
    keys: &Keys,
    rows: Rows,
    more: Value,
    templates: &Templates,
    span: Span,
) -> Result<String, Vec<Diagnostic>> {
    check(timeline, span)?;
    let unfolded = [keys.fields.clone(), bindings::columns(timeline)].concat();
    let legs = Legs { legs: &timeline.legs, rows };
    let steps = events(timeline, legs, keys, span)?;
    let context = context! {
        steps => values(steps.steps),
        kept => trusted(keys.kept()),
        expanded => keys.several.iter().map(trusted).collect::<Vec<_>>(),
        present => trusted(keys.present()),
        nths => nths(timeline),
        keys => unfolded.iter().map(trusted).collect::<Vec<_>>(),
        own_keys => keys.fields.iter().map(trusted).collect::<Vec<_>>(),
        bindings => bindings::context(timeline),
        fired => bindings::fired(timeline, &keys.fields),
        groups => trusted(groups(timeline)),
        nexts => nexts::context(timeline),
        levels => levels(timeline),
        by => trusted(by(&unfolded)),
        by_own => trusted(by(&keys.fields)),
        firings => trusted(fired(timeline)),
        seen => trusted(seen(timeline)),
        values => totals::columns(timeline),
        copied => totals::before_groups(timeline),
        totals => trusted(totals::running(timeline)),
        shown => shows::columns(timeline),
        shows => shows::context(timeline, span)?,
        ..more
    };
    templates.fill(&TIMELINE, context, span).map_err(|problem| vec![problem])
}

/// A `by` clause, if there is anything to group by.
fn by(fields: &[String]) -> String {
    if fields.is_empty() { String::new() } else { format!(" by {}", fields.join(", ")) }
}

fn check(timeline: &Timeline, span: Span) -> Result<(), Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut refuse = |code, message: String, help: &str| {
        found.push(Diagnostic::new(code, span, message).help(help));
    };
    for leg in &timeline.legs {
        if leg.place.time.name != "_time" {
            let message = format!("the clock of the events is `{}`", leg.place.time.name);
            refuse(Code::NotExpressible, message, "in Splunk windows run on `_time` only");
        }
    }
    if timeline.patterns.len() > MAX_PATTERNS {
        let message = format!("the rule has more than {MAX_PATTERNS} events");
        refuse(Code::OverLimit, message, "split the rule");
    }
    for start in &timeline.starts {
        match start {
            Start::Nth { nth, .. } if *nth > MAX_WINDOW => {
                let message = format!("`streamstats` counts no more than {MAX_WINDOW} events");
                refuse(Code::OverLimit, message, "lower the number of events");
            }
            Start::Nth { .. }
            | Start::Seen(_)
            | Start::Chain(_)
            | Start::End(_)
            | Start::When { .. } => {}
        }
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// The key, as fields of lists and of expressions.
struct Keys {
    /// In `by` clauses.
    fields: Vec<String>,
    /// In expressions.
    names: Vec<String>,
    /// Those of `fields` that may hold several values.
    several: Vec<String>,
    /// Of each part the names of the columns that it comes from, by leg.
    sources: Vec<Vec<String>>,
}

impl Keys {
    fn new(timeline: &Timeline, span: Span) -> Result<Self, Vec<Diagnostic>> {
        let mut keys = Self {
            fields: Vec::new(),
            names: Vec::new(),
            several: Vec::new(),
            sources: Vec::new(),
        };
        for (at, key) in timeline.keys.iter().enumerate() {
            let field = key_name(key, span).map_err(|refusal| vec![refusal])?;
            let (sources, several) = sources(&timeline.legs, at, key, span)?;
            keys.names.push(if field.starts_with('"') {
                format!("'{key}'")
            } else {
                field.clone()
            });
            if several {
                keys.several.push(field.clone());
            }
            keys.fields.push(field);
            keys.sources.push(sources);
        }
        Ok(keys)
    }

    /// Assigns the parts of the key, those with several values without repetitions.
    fn assign(&self, steps: &mut Assignments) {
        let mut assignments = Vec::new();
        for (at, sources) in self.sources.iter().enumerate() {
            let (Some(name), Some(field)) = (self.names.get(at), self.fields.get(at)) else {
                continue;
            };
            let value = match sources.as_slice() {
                [] => "null()".to_owned(),
                [first, rest @ ..] if rest.iter().all(|source| source == first) => first.clone(),
                several => {
                    let cases = several.iter().enumerate();
                    let cases = cases.map(|(leg, source)| format!("sw_leg={leg}, {source}"));
                    format!("case({})", cases.collect::<Vec<_>>().join(", "))
                }
            };
            let value =
                if self.several.contains(field) { format!("mvdedup({value})") } else { value };
            if *name != value {
                assignments.push((name.clone(), value));
            }
        }
        let clobbers = assignments.iter().any(|(name, _)| self.reads_elsewhere(name));
        for (at, (name, value)) in assignments.iter().enumerate() {
            let target = if clobbers { format!("sw_key{at}") } else { name.clone() };
            steps.assign(&target, value);
        }
        for (at, (name, _)) in assignments.iter().enumerate().filter(|_| clobbers) {
            steps.assign(name, &format!("sw_key{at}"));
        }
    }

    /// Whether a part of the key comes from a column that another part is named after.
    fn reads_elsewhere(&self, name: &String) -> bool {
        let others = self.names.iter().zip(&self.sources).filter(|(other, _)| *other != name);
        others.flat_map(|(_, sources)| sources).any(|source| source == name)
    }

    /// Which rows take part.
    fn kept(&self) -> String {
        let present = self.names.iter().zip(&self.fields).flat_map(|(name, field)| {
            let there = format!("isnotnull({name})");
            let filled = format!("{name}!=\"\"");
            let single = !self.several.contains(field);
            std::iter::once(there).chain(single.then_some(filled))
        });
        let parts = std::iter::once("sw_mask>0".to_owned()).chain(present);
        parts.collect::<Vec<_>>().join(" AND ")
    }

    /// What is left to ask once every row has one value of each part.
    fn present(&self) -> String {
        let of_several = self.names.iter().zip(&self.fields);
        let of_several = of_several.filter(|(_, field)| self.several.contains(field));
        of_several.map(|(name, _)| format!("{name}!=\"\"")).collect::<Vec<_>>().join(" AND ")
    }
}

/// The columns of a part of the key, by leg, and whether any may hold several values.
fn sources(
    legs: &[Leg],
    at: usize,
    key: &str,
    span: Span,
) -> Result<(Vec<String>, bool), Vec<Diagnostic>> {
    let mut several = false;
    let sources = collect(legs.iter().map(|leg| {
        let column = leg.keys.get(at).and_then(Option::as_ref).ok_or_else(|| {
            let message = format!("an event does not carry the key `{key}`");
            vec![Diagnostic::new(Code::NotExpressible, span, message)]
        })?;
        several |= column.multi;
        name(column, span).map_err(|refusal| vec![refusal])
    }))?;
    Ok((sources, several))
}

/// A part of the key as a column of the result.
fn key_name(key: &str, span: Span) -> Result<String, Diagnostic> {
    let ours = key.starts_with("sw_") || RESULT.contains(&key);
    let field = list_field(key).filter(|_| !ours);
    field.map(|field| field.to_string()).ok_or_else(|| {
        let message = format!("the key `{key}` has a name that SPL output cannot use");
        Diagnostic::new(Code::NotExpressible, span, message).help(format!(
            "give the key an alias of letters, digits and `_` that does not begin with `sw_` \
                 and is none of {}",
            RESULT.map(|name| format!("`{name}`")).join(", ")
        ))
    })
}

/// Columns of the result beside the key.
const RESULT: [&str; 5] = ["_time", "first_firing", "last_firing", "firings", "seen"];

/// One row per event: its time, its mask, its key.
fn events(
    timeline: &Timeline,
    legs: Legs<'_>,
    keys: &Keys,
    span: Span,
) -> Result<Assignments, Vec<Diagnostic>> {
    let mut steps = Assignments::default();
    lookups::look_up(legs, &mut steps)?;
    legs::number_places(legs, &mut steps, span)?;
    legs::compute(legs, &mut steps, span)?;
    // Finer parts are cut off; microseconds first, since 0.123 may be a little less in floating point.
    steps.assign("sw_time", "floor(round(_time*1000000)/1000)");
    let flags =
        (0..timeline.patterns.len()).map(|pattern| legs::flag(legs, PatternId(pattern), span));
    for (pattern, flag) in collect(flags)?.into_iter().enumerate() {
        steps.assign(&format!("sw_is{pattern}"), &format!("if({}, 1, 0)", flag.text));
    }
    let mask = (0..timeline.patterns.len()).map(|pattern| match pattern {
        0 => "sw_is0".to_owned(),
        _ => format!("{}*sw_is{pattern}", 1_u64 << pattern.min(MAX_PATTERNS)),
    });
    steps.assign("sw_mask", &mask.collect::<Vec<_>>().join("+"));
    keys.assign(&mut steps);
    totals::assign(timeline, &mut steps, span)?;
    bindings::assign(timeline, &mut steps, span)?;
    shows::assign(timeline, &mut steps, span)?;
    Ok(steps)
}

/// Times of the `nth` latest event, found before events are grouped.
fn nths(timeline: &Timeline) -> Vec<Value> {
    let nth = |(at, start): (usize, &Start)| match start {
        Start::Nth { masks, nth } => Some(context! {
            nth => *nth,
            at => trusted(format!("sw_at{at}")),
            counts => trusted(counts(timeline, masks)),
        }),
        Start::Seen(_) | Start::Chain(_) | Start::End(_) | Start::When { .. } => None,
    };
    timeline.starts.iter().enumerate().filter_map(nth).collect()
}

/// 1 for events of the masks, else 0.
fn counts(timeline: &Timeline, masks: &[usize]) -> String {
    if masks.len() == timeline.masks.len() {
        return "1".to_owned();
    }
    let numbers = masks.iter().filter_map(|mask| timeline.masks.get(*mask));
    let tests = numbers.map(|mask| Expr::<Eval>::atom(format!("sw_mask={}", mask.number())));
    format!("if({}, 1, 0)", any(tests.collect(), &EVAL).text)
}

/// What is kept of a group: the number of events of each mask, and the `nth` latest events.
fn groups(timeline: &Timeline) -> String {
    let rows = timeline.masks.len() + timeline.totals.len();
    let counts = timeline.masks.iter().enumerate().map(|(at, mask)| match rows {
        1 => format!("count as sw_n{at}"),
        _ => format!("count(eval(sw_mask={})) as sw_n{at}", mask.number()),
    });
    let nths = timeline.starts.iter().enumerate().filter_map(|(at, start)| match start {
        Start::Nth { .. } => Some(format!("max(sw_at{at}) as sw_at{at}")),
        Start::Seen(_) | Start::Chain(_) | Start::End(_) | Start::When { .. } => None,
    });
    let more = shows::of_group(timeline).into_iter().chain(totals::of_group(timeline));
    counts.chain(nths).chain(more).collect::<Vec<_>>().join(" ")
}

/// Atoms by how many others they build on; those of a level are computed together.
fn levels(timeline: &Timeline) -> Vec<Value> {
    let depths = depths(&timeline.starts);
    let needed = remembered(timeline);
    let deepest = depths.iter().copied().max().unwrap_or(0);
    let level = |level: usize| {
        let here: Vec<usize> =
            depths.iter().enumerate().filter(|(_, at)| **at == level).map(|(at, _)| at).collect();
        let steps: Vec<Value> =
            here.iter().filter_map(|at| group_start(timeline, *at)).map(trusted).collect();
        let running = |to: &str, of: &[usize]| {
            let each = of.iter().map(|at| format!("max(sw_at{at}) as sw_{to}{at}"));
            trusted(each.collect::<Vec<_>>().join(" "))
        };
        let before: Vec<usize> = here.iter().copied().filter(|at| needed.contains(at)).collect();
        context! {
            steps => steps,
            starts => running("start", &here),
            remembers => !before.is_empty(),
            befores => running("before", &before),
        }
    };
    (0..=deepest).map(level).collect()
}

/// INVARIANT: an atom reads only atoms that stand before it.
fn depths(starts: &[Start]) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::new();
    for start in starts {
        let read: Vec<usize> = match start {
            Start::Seen(_) | Start::Nth { .. } => Vec::new(),
            Start::Chain(links) | Start::End(links) => links.iter().flat_map(read).collect(),
            Start::When { holds, .. } => holds.atoms(),
        };
        let below = read.into_iter().filter_map(|atom| depths.get(atom));
        depths.push(below.map(|depth| depth + 1).max().unwrap_or(0));
    }
    depths
}

/// The atoms that some order extends.
fn remembered(timeline: &Timeline) -> BTreeSet<usize> {
    let chains = timeline.starts.iter().flat_map(|start| match start {
        Start::Chain(links) | Start::End(links) => links.as_slice(),
        Start::Seen(_) | Start::Nth { .. } | Start::When { .. } => &[],
    });
    let fires = timeline.fires.iter().flat_map(|fire| &fire.links);
    chains.chain(fires).flat_map(read).collect()
}

/// The atoms that a link reads as of earlier groups.
fn read(link: &Link) -> impl Iterator<Item = usize> {
    link.from.iter().flat_map(Before::atoms)
}

/// What the group gives to an atom, as an assignment.
fn group_start(timeline: &Timeline, at: usize) -> Option<String> {
    let value = match timeline.starts.get(at)? {
        Start::Seen(masks) => format!("if({}>0, sw_time, null())", sum(masks)),
        Start::Nth { .. } => return None,
        Start::Chain(links) => latest(links),
        Start::End(links) => {
            let any = any(links.iter().map(holds_link).collect(), &EVAL);
            format!("if({}, sw_time, null())", any.text)
        }
        Start::When { masks, holds: what } => {
            let here = Expr::atom(format!("{}>0", sum(masks)));
            let both = all(vec![here, holds(what)], &EVAL);
            format!("if({}, sw_time, null())", both.text)
        }
    };
    Some(format!("sw_at{at}={value}"))
}

/// The latest of the starts of the links that hold.
fn latest(links: &[Link]) -> String {
    let value = |link: &Link| match &link.from {
        Some(from) => format!("sw_before{}", from.start),
        None => "sw_time".to_owned(),
    };
    match links {
        [link] => format!("if({}, {}, null())", holds_link(link).text, value(link)),
        links => {
            let each = links
                .iter()
                .map(|link| format!("if({}, {}, -1)", holds_link(link).text, value(link)));
            format!("nullif(max({}), -1)", each.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether the group has the events that a link needs and no others, and what it extends is there.
fn holds_link(link: &Link) -> Expr<Eval> {
    let needs = link.needs.iter();
    let needs = needs.map(|(masks, least)| Expr::atom(format!("{}>={least}", sum(masks))));
    let limits = link.limits.iter();
    let limits = limits.map(|(masks, most)| Expr::atom(format!("{}<={most}", sum(masks))));
    let from = link.from.iter().flat_map(extends);
    let soon = link.soon.iter().map(|(next, span)| nexts::soon(*next, *span));
    all(needs.chain(limits).chain(from).chain(soon).collect(), &EVAL)
}

/// Whether the beginning is there, not too long ago, and without what must not lie after it.
fn extends(from: &Before) -> Vec<Expr<Eval>> {
    let end = from.end;
    let there = Expr::atom(format!("isnotnull(sw_before{})", from.start));
    let within = from.within.map(|span| Expr::atom(format!("sw_time-sw_before{end}<={span}")));
    let without = from.without.map(|of| {
        let never = Expr::atom(format!("isnull(sw_before{of})"));
        any(vec![never, Expr::atom(format!("sw_before{of}<=sw_before{end}"))], &EVAL)
    });
    [Some(there), within, without].into_iter().flatten().collect()
}

/// The number of events of the masks.
pub(super) fn sum(masks: &[usize]) -> String {
    match masks {
        [] => "0".to_owned(),
        masks => masks.iter().map(|mask| format!("sw_n{mask}")).collect::<Vec<_>>().join("+"),
    }
}

/// The number of the group's events that fire.
fn fired(timeline: &Timeline) -> String {
    let (orders, plain): (Vec<&Fire>, Vec<&Fire>) =
        timeline.fires.iter().partition(|fire| !fire.links.is_empty());
    let condition = holds(&timeline.holds);
    let mut parts = Vec::new();
    if !plain.is_empty() {
        let masks: Vec<usize> = plain.iter().map(|fire| fire.mask).collect();
        parts.push(format!("if({}, {}, 0)", condition.text, sum(&masks)));
    }
    for fire in orders {
        let links = fire.links.iter().map(|link| completes(link, timeline.window));
        let links = any(links.collect(), &EVAL);
        let both = match &timeline.holds {
            Holds::All(parts) if parts.is_empty() => links,
            Holds::All(_)
            | Holds::Any(_)
            | Holds::Not(_)
            | Holds::Within(..)
            | Holds::Soon(..)
            | Holds::Compare(..) => all(vec![condition.clone(), links], &EVAL),
        };
        parts.push(format!("if({}, {}, 0)", both.text, sum(&[fire.mask])));
    }
    if parts.is_empty() { "0".to_owned() } else { parts.join("+") }
}

/// Whether a link holds with a start inside the window.
pub(super) fn completes(link: &Link, window: u64) -> Expr<Eval> {
    let inside = |from: &Before| Expr::atom(format!("sw_time-sw_before{}<={window}", from.start));
    let inside = link.from.as_ref().map(inside);
    all(std::iter::once(holds_link(link)).chain(inside).collect(), &EVAL)
}

pub(super) fn holds(condition: &Holds) -> Expr<Eval> {
    match condition {
        Holds::Within(at, span) => within(*at, *span),
        Holds::Soon(next, span) => nexts::soon(*next, *span),
        Holds::Compare(left, cmp, right) => totals::compare(*left, *cmp, *right),
        Holds::All(parts) => all(parts.iter().map(holds).collect(), &EVAL),
        Holds::Any(parts) => any(parts.iter().map(holds).collect(), &EVAL),
        Holds::Not(inner) => not(&holds(inner), &EVAL),
    }
}

fn within(at: usize, span: u64) -> Expr<Eval> {
    let there = Expr::atom(format!("isnotnull(sw_start{at})"));
    all(vec![there, Expr::atom(format!("sw_time-sw_start{at}<={span}"))], &EVAL)
}

/// The names of the patterns that lie in the window.
fn seen(timeline: &Timeline) -> String {
    let each = timeline.patterns.iter().enumerate().map(|(at, pattern)| {
        format!("if({}, {}, null())", within(at, timeline.window).text, string(pattern))
    });
    match each.collect::<Vec<_>>().as_slice() {
        [only] => only.clone(),
        several => format!("mvappend({})", several.join(", ")),
    }
}
