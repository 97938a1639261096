//! A plan in words, line by line: what is read, by what events belong together, what is carried
//! along, what must hold and what fires.
//!
//! ```text
//! order timeline over 1h
//! read DeviceRegistryEvents where ActionType == 'RegistryValueSet', clock Timestamp
//!   sip when RegistryKey contains '\CryptSIPDll'
//!   host = DeviceName
//! ```

use std::fmt::Write;

use crate::ir::words::{self, Named};
use crate::ir::{PatternId, Predicate};
use crate::platform::{Column, Place};

use super::totals::{Amount, Of, Total};
use super::{
    Before, Binding, Fire, Holds, Leg, Link, Mask, Plan, PlanBody, Show, Start, Timeline, rows,
};

impl Named for Column {
    fn name(&self) -> &str {
        &self.name
    }
}

/// The plan, a line each, details indented by two blanks.
#[must_use]
pub fn describe(plan: &Plan) -> Vec<String> {
    let mut lines = describe_events(plan);
    if let PlanBody::Timeline(timeline) = &plan.body {
        let name = |pattern: PatternId| timeline.name(pattern);
        lines.extend(Atoms { timeline, name: &name }.describe());
    }
    lines
}

/// The plan without what pipelines carry along.
#[must_use]
pub fn describe_events(plan: &Plan) -> Vec<String> {
    let kind = plan.name();
    match &plan.body {
        PlanBody::Filter(legs) => {
            let legs = legs.iter().flat_map(|leg| describe_leg(leg, &[], &[], &[], &[]));
            std::iter::once(kind).chain(legs).collect()
        }
        PlanBody::Timeline(timeline) => {
            let mut lines = vec![format!("{kind} over {}", words::span(timeline.window))];
            lines.extend(describe_timeline(timeline));
            lines
        }
    }
}

/// Where a place is: its table, or what its rows have in common.
#[must_use]
pub fn describe_place(place: &Place) -> String {
    let mut text = match (place.table.as_str(), place.category.as_str()) {
        ("", "any") => "events".to_owned(),
        ("", category) => format!("{category} events"),
        (table, _) => table.to_owned(),
    };
    let rows: Predicate<Column> = rows(place);
    if !rows.is_always() {
        let _ = write!(text, " where {rows}");
    }
    let _ = write!(text, ", clock {}", place.time.name);
    if let Some(lookup) = &place.lookup {
        let _ = write!(text, ", more by {} in {}", lookup.on.name, lookup.table);
    }
    text
}

fn describe_leg(
    leg: &Leg,
    patterns: &[String],
    keys: &[String],
    bindings: &[Binding],
    shows: &[Show],
) -> Vec<String> {
    let mut lines = vec![format!("read {}", describe_place(&leg.place))];
    let lets = leg.lets.iter();
    lines.extend(lets.map(|new| format!("  let {} = {}", new.column.name, new.value)));
    for (pattern, flag) in &leg.flags {
        match patterns.get(pattern.0) {
            Some(name) => lines.push(format!("  {name} when {flag}")),
            None => lines.extend(words::lines(flag).iter().map(|line| format!("  {line}"))),
        }
    }
    for (name, column) in keys.iter().zip(&leg.keys) {
        let column = column.as_ref().map_or("not carried", |column| column.name.as_str());
        lines.push(format!("  {name} = {column}"));
    }
    for (number, values) in leg.values.iter().enumerate() {
        for given in values.iter().filter(|given| !given.is_empty()) {
            let names: Vec<&str> = given.iter().map(|column| column.name.as_str()).collect();
            lines.push(format!("  value v{number} = {}", names.join(" with ")));
        }
    }
    for (binding, column) in bindings.iter().zip(&leg.bound) {
        let bound =
            column.iter().map(|column| format!("  bound {} = {}", binding.name, column.name));
        lines.extend(bound);
    }
    for (show, column) in shows.iter().zip(&leg.shows) {
        let shown = column.iter().map(|column| format!("  show {} = {}", show.name, column.name));
        lines.extend(shown);
    }
    lines
}

fn describe_timeline(timeline: &Timeline) -> Vec<String> {
    let name = |pattern: PatternId| timeline.name(pattern);
    let legs = timeline.legs.iter();
    let mut lines: Vec<String> = legs
        .flat_map(|leg| {
            describe_leg(
                leg,
                &timeline.patterns,
                &timeline.keys,
                &timeline.bindings,
                &timeline.shows,
            )
        })
        .collect();
    lines.push(format!("condition {}", words::condition(&timeline.cond, &name)));
    let keys = match timeline.keys.as_slice() {
        [] => "everything belongs together".to_owned(),
        keys => keys.join(", "),
    };
    lines.push(format!("key {keys}"));
    for binding in &timeline.bindings {
        let carriers: Vec<String> = binding.patterns.iter().map(|of| name(*of)).collect();
        lines.push(format!("a timeline for each {} of {}", binding.name, carriers.join(", ")));
    }
    if timeline.skew > 0 {
        lines.push(format!("skew {}", words::span(timeline.skew)));
    }
    let ahead = timeline.reach().ahead;
    if ahead > 0 {
        lines.push(format!("decided {} after the firing", words::span(ahead)));
    }
    lines.extend(describe_masks(timeline, &name));
    lines
}

impl Timeline {
    /// The name of a pattern.
    fn name(&self, pattern: PatternId) -> String {
        self.patterns.get(pattern.0).map_or("?", String::as_str).to_owned()
    }
}

/// Events that one event may be at the same time.
fn describe_masks(timeline: &Timeline, name: &dyn Fn(PatternId) -> String) -> Option<String> {
    let several: Vec<String> = timeline
        .masks
        .iter()
        .filter(|mask| mask.0.len() > 1)
        .map(|mask| both(mask, name))
        .collect();
    (!several.is_empty()).then(|| format!("one event may be {}", several.join(", ")))
}

fn both(mask: &Mask, name: &dyn Fn(PatternId) -> String) -> String {
    mask.0.iter().map(|pattern| name(*pattern)).collect::<Vec<_>>().join("+")
}

/// The atoms of a timeline and what is made of them.
struct Atoms<'a> {
    timeline: &'a Timeline,
    name: &'a dyn Fn(PatternId) -> String,
}

impl Atoms<'_> {
    fn describe(&self) -> Vec<String> {
        let starts = self.timeline.starts.iter().enumerate();
        let mut lines: Vec<String> =
            starts.map(|(at, start)| format!("start s{at} = {}", self.start(start))).collect();
        let nexts = self.timeline.nexts.iter().enumerate();
        lines.extend(
            nexts.map(|(at, masks)| format!("next{at} = the next {} later", self.masks(masks))),
        );
        let totals = self.timeline.totals.iter().enumerate();
        lines.extend(totals.map(|(at, total)| format!("total n{at} = {}", self.total(total))));
        let holds = &self.timeline.holds;
        if *holds != Holds::All(Vec::new()) {
            let text = self.holds(holds);
            let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
            let whole = matches!(holds, Holds::All(parts) | Holds::Any(parts) if parts.len() > 1);
            lines.push(format!("holds {}", inner.filter(|_| whole).unwrap_or(&text)));
        }
        lines.extend(self.timeline.fires.iter().map(|fire| self.fire(fire)));
        lines
    }

    fn masks(&self, masks: &[usize]) -> String {
        let mask = |index: &usize| {
            self.timeline.masks.get(*index).map_or_else(String::new, |mask| both(mask, self.name))
        };
        masks.iter().map(mask).collect::<Vec<_>>().join(" or ")
    }

    fn start(&self, start: &Start) -> String {
        match start {
            Start::Seen(masks) => format!("the last {}", self.masks(masks)),
            Start::Nth { masks, nth } => {
                format!("number {nth} from the end of {}", self.masks(masks))
            }
            Start::Chain(links) => self.links(links),
            Start::End(links) => format!("the time of {}", self.links(links)),
            Start::When { masks, holds } => {
                format!("the last {} when {}", self.masks(masks), self.holds(holds))
            }
        }
    }

    /// Such as `values of a.Bytes below 100 in the last 1h`.
    fn total(&self, total: &Total) -> String {
        let values = self.timeline.values.get(total.values);
        let fields = values.iter().flat_map(|values| &values.givers).flat_map(|giver| {
            let patterns = giver.patterns.iter();
            patterns.map(|pattern| {
                let of = (self.name)(*pattern);
                let fields = giver.fields.iter().map(|field| format!("{of}.{}", field.name));
                fields.collect::<Vec<_>>().join(" with ")
            })
        });
        let of = format!("values of {}", fields.collect::<Vec<_>>().join(", "));
        match total.of {
            Of::Different => format!("number of different {of}"),
            Of::Number => format!("number of {of}"),
            Of::Compared(cmp, limit) => {
                format!("number of {of} {} {limit}", words::comparison(cmp))
            }
            Of::Sum => format!("sum of {of}"),
        }
    }

    fn links(&self, links: &[Link]) -> String {
        links.iter().map(|link| self.link(link)).collect::<Vec<_>>().join("; or ")
    }

    fn link(&self, link: &Link) -> String {
        let need = |(masks, least): &(Vec<usize>, u64)| match least {
            1 => self.masks(masks),
            least => format!("{least} of ({})", self.masks(masks)),
        };
        let limit = |(masks, most): &(Vec<usize>, u64)| match most {
            0 => format!("no {}", self.masks(masks)),
            most => format!("at most {most} of ({})", self.masks(masks)),
        };
        let now: Vec<String> =
            link.needs.iter().map(need).chain(link.limits.iter().map(limit)).collect();
        if let Some((next, length)) = link.soon {
            return format!("next{next} within {}", words::span(length));
        }
        let before = link.from.as_ref().map(before);
        match (now.is_empty(), before) {
            (true, None) => "at once".to_owned(),
            (true, Some(before)) => before,
            (false, None) => format!("{} at once", now.join(" and ")),
            (false, Some(before)) => format!("{before}, then {}", now.join(" and ")),
        }
    }

    fn fire(&self, fire: &Fire) -> String {
        let of = self.masks(&[fire.mask]);
        match fire.links.as_slice() {
            [] => format!("fires at {of}"),
            links => format!("fires at {of} if {}", self.links(links)),
        }
    }

    fn holds(&self, holds: &Holds) -> String {
        let each = |parts: &[Holds], word: &str| {
            let parts: Vec<String> = parts.iter().map(|part| self.holds(part)).collect();
            if parts.len() > 1 { format!("({})", parts.join(word)) } else { parts.concat() }
        };
        match holds {
            Holds::Within(start, 0) => format!("s{start} at once"),
            Holds::Within(start, length) => format!("s{start} within {}", words::span(*length)),
            Holds::Soon(next, length) => format!("next{next} within {}", words::span(*length)),
            Holds::Compare(left, cmp, right) => {
                format!("{} {} {}", amount(*left), words::comparison(*cmp), amount(*right))
            }
            Holds::All(parts) if parts.is_empty() => "always".to_owned(),
            Holds::Any(parts) if parts.is_empty() => "never".to_owned(),
            Holds::All(parts) => each(parts, " and "),
            Holds::Any(parts) => each(parts, " or "),
            Holds::Not(inner) => format!("not {}", self.holds(inner)),
        }
    }
}

fn amount(amount: Amount) -> String {
    match amount {
        Amount::Number(number) => number.to_string(),
        Amount::Total(total) => format!("n{total}"),
        Amount::Ratio(total, by) => format!("n{total} / n{by}"),
        Amount::Share(total, share) => format!("{share} * n{total}"),
    }
}

/// The beginning of a chain in earlier groups.
fn before(before: &Before) -> String {
    let mut text = format!("s{} before", before.start);
    if let Some(length) = before.within {
        let _ = write!(text, " (s{} within {})", before.end, words::span(length));
    }
    if let Some(absent) = before.without {
        let _ = write!(text, " (without s{absent} after s{})", before.end);
    }
    text
}
