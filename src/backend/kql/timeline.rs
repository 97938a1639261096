//! A correlation → one pipeline that returns one row per key.
//!
//! Legs are projected to the same columns ([`super::legs`]), simultaneous events of a key are counted
//! by mask, a one-step `scan` carries the latest start of each atom ([`super::scan`]), and the groups
//! that fire are summed up per key.
//!
//! Times are cut to milliseconds (`bin(Timestamp, 1ms)`) for groups and windows; the times that are
//! returned are the events' own. "Not yet" is a date long ago instead of null, so that no comparison
//! is ever null.

use minijinja::{Value, context};

use super::legs::{self, Shape};
use super::names::Names;
use super::reported;
use super::scan::{self, Class, Scan};
use super::syntax::{self, Kusto};
use crate::backend::template::{Template, Templates, template};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Report, Timeline, part};
use crate::source::Span;

/// The skeleton.
pub(super) const TIMELINE: Template = template!("kql/timeline.j2");

/// The query for the firings of a correlation; of a chain, each correlation is a `let` of its
/// firings.
pub(super) fn render(
    timeline: &Timeline,
    report: Option<Report>,
    templates: &Templates,
    rule: Span,
) -> Result<String, Vec<Diagnostic>> {
    let chain = || timeline.chained.iter().chain([timeline]);
    let taken: Vec<String> = chain().flat_map(legs::columns).collect();
    let names = Names::apart_from(&taken.iter().map(String::as_str).collect::<Vec<_>>());
    let mut chained = Vec::new();
    let mut refused = Vec::new();
    let mut first = 0;
    for (number, inner) in chain().enumerate() {
        let shape = Shape::of(inner, first, &names, rule, &mut refused);
        first += inner.legs.len();
        let firings = (number + 1 < chain().count()).then_some(number);
        let report = report.filter(|_| firings.is_none());
        let stage = Stage {
            timeline: inner,
            shape: &shape,
            number,
            firings,
            report,
            chained: &chained,
            chained_timelines: &timeline.chained,
        };
        match stage.render(templates, rule) {
            Ok(text) => chained.push(Kusto::trusted(text)),
            Err(more) => refused.extend(more),
        }
    }
    match chained.pop() {
        Some(query) if refused.is_empty() => Ok(query.to_string()),
        Some(_) | None => Err(refused),
    }
}

/// A correlation of a chain.
struct Stage<'a> {
    timeline: &'a Timeline,
    shape: &'a Shape<'a>,
    /// Its number.
    number: usize,
    /// Its number, if others read its firings.
    firings: Option<usize>,
    /// Which firings are reported.
    report: Option<Report>,
    /// What stands before it.
    chained: &'a [Kusto],
    /// Of which correlations that is.
    chained_timelines: &'a [Timeline],
}

impl Stage<'_> {
    fn render(&self, templates: &Templates, rule: Span) -> Result<String, Vec<Diagnostic>> {
        let mut refused = Vec::new();
        if self.timeline.fires.is_empty() {
            let message = "no event of the condition can fire it";
            refused.push(
                Diagnostic::new(Code::NotExpressible, rule, message)
                    .help("name an event that must occur, not only events that must not"),
            );
        }
        let sources = self.shape.sources(rule, &mut refused);
        if !refused.is_empty() {
            return Err(refused);
        }
        let classes = scan::classes(self.timeline);
        let pipeline = Pipeline { timeline: self.timeline, shape: self.shape, classes: &classes };
        let names = &self.shape.names;
        let before = if self.firings.is_some() { &[] } else { self.chained };
        let mut all = self.chained_timelines.iter().chain([self.timeline]);
        let context = context! {
            looks_ahead => all.any(|timeline| !timeline.nexts.is_empty()),
            chained => before.iter().cloned().map(Value::from).collect::<Vec<_>>(),
            reported => optional(self.report.map(|report| reported(report, &names.one("time")))),
            rows_name => optional(
                (!self.timeline.bindings.is_empty()).then(|| names.of("rows", self.number)),
            ),
            firings_name => optional(self.firings.map(|number| names.of("firings", number))),
            ..pipeline.context(sources)
        };
        templates.fill(&TIMELINE, context, rule).map_err(|problem| vec![problem])
    }
}

/// What follows the legs.
struct Pipeline<'a> {
    timeline: &'a Timeline,
    shape: &'a Shape<'a>,
    classes: &'a [Class<'a>],
}

impl Pipeline<'_> {
    fn context(&self, sources: Vec<Value>) -> Value {
        let names = self.names();
        let scan = Scan { timeline: self.timeline, names };
        let own_keys = self.shape.key_names();
        let bindings = self.shape.bindings();
        let bound = !self.timeline.bindings.is_empty();
        let keys = [own_keys.clone(), bindings.columns()].concat();
        let several = sources.len() > 1;
        let sorted = keys.iter().map(|key| Kusto::trusted(format!("{key} asc")));
        let backwards = keys.iter().map(|key| Kusto::trusted(format!("{key} desc")));
        let same = keys.iter().map(|key| Kusto::trusted(format!("prev({key}) == {key}")));
        context! {
            never => Value::from(names.one("never")),
            ever => Value::from(names.one("ever")),
            time => Value::from(names.one("time")),
            same => Value::from(names.one("same")),
            step => Value::from(names.one("step")),
            match_id => Value::from(names.one("match")),
            source_names => list(self.shape.source_names()),
            sources, several,
            present => optional(self.shape.present()),
            ranks => scan.ranks(&keys),
            copied => scan.totals().before_groups(self.shape),
            choices => list(self.choices(&scan)),
            counts => list(
                scan.counts()
                    .into_iter()
                    .chain(scan.totals().of_group())
                    .chain(self.shape.shows().of_group(&scan))
                    .chain(self.chosen_of_group()),
            ),
            keys => list(keys.iter().cloned()),
            own_keys => list(own_keys.iter().cloned()),
            row => Value::from(names.one("row")),
            bindings => bindings.context(&scan),
            once => if bound { bindings.once(self.classes, &own_keys) } else { Vec::new() },
            rank => optional(bound.then(|| bindings.rank(self.classes))),
            together => Value::from(bindings.together(&scan, self.shape, self.classes)),
            without_times => optional(self.shape.shows().without_times().filter(|_| bound)),
            sorted => list(sorted),
            backwards => list(backwards),
            ahead_declared => optional(scan.ahead_declared()),
            ahead_assignments => scan.ahead_assignments().into_iter().map(Value::from).collect::<Vec<_>>(),
            is_same => Value::from(Kusto::join(same.collect::<Vec<_>>(), " and ")),
            declared => Value::from(scan.declared()),
            assignments => scan.assignments().into_iter().map(Value::from).collect::<Vec<_>>(),
            holds => optional(scan.holds()),
            fired => list(scan.fired(self.classes)),
            firings => Value::from(self.firings()),
            shown => optional(self.shape.shows().at_firing()),
            chosen => optional(self.chosen()),
            copy => Value::from(names.one("copy")),
            occurrence => list(self.occurrence()),
            totals => list(self.totals(&scan)),
            result => list(self.result()),
        }
    }

    fn names(&self) -> &Names {
        &self.shape.names
    }

    /// Per class, what decides which of its events in a group stands for them: the largest one.
    fn choices(&self, scan: &Scan<'_>) -> Vec<Kusto> {
        let ids =
            self.shape.identity.iter().map(|column| format!(", {}", syntax::name(&column.name)));
        let ids: String = ids.collect();
        let choice = |(number, class): (usize, &Class<'_>)| {
            let name = self.names().of("choice", number);
            let one_of = scan.one_of(&class.masks);
            Kusto::trusted(format!("{name} = iff({one_of}, strcat(\"1\"{ids}), \"\")"))
        };
        self.classes.iter().enumerate().map(choice).collect()
    }

    /// Per class, the event that stands for its events in a group.
    fn chosen_of_group(&self) -> Vec<Kusto> {
        let columns = self.shape.event_columns();
        let listed = Kusto::join(columns.clone(), ", ");
        let choose = |number: usize| {
            let choice = self.names().of("choice", number);
            let found = format!("arg_max({choice}, {listed})");
            if self.classes.len() == 1 {
                return Kusto::trusted(found);
            }
            let named = (0..columns.len()).map(|column| self.of_class(number, column));
            let named = Kusto::join(named.collect::<Vec<_>>(), ", ");
            Kusto::trusted(format!("({choice}, {named}) = {found}"))
        };
        (0..self.classes.len()).map(choose).collect()
    }

    /// The event's columns: those of the first class that fires. None if there is but one class.
    fn chosen(&self) -> Option<Kusto> {
        if self.classes.len() < 2 {
            return None;
        }
        let assign = |(column, name): (usize, Kusto)| {
            let last = self.classes.len() - 1;
            let cases = (0..last).map(|class| {
                let fired = self.names().of("fired", class);
                format!("{fired} > 0, {}, ", self.of_class(class, column))
            });
            let cases: String = cases.collect();
            Kusto::trusted(format!("{name} = case({cases}{})", self.of_class(last, column)))
        };
        let columns = self.shape.event_columns().into_iter().enumerate();
        Some(Kusto::join(columns.map(assign).collect::<Vec<_>>(), ", "))
    }

    fn of_class(&self, class: usize, column: usize) -> Kusto {
        Kusto::trusted(format!("{}_{column}", self.names().of("event", class)))
    }

    fn firings(&self) -> Kusto {
        let fired = (0..self.classes.len()).map(|class| self.names().of("fired", class));
        Kusto::join(fired.collect::<Vec<_>>(), " + ")
    }

    /// What others read of a firing: its event, and the parts of its key.
    fn occurrence(&self) -> Vec<Kusto> {
        let keys = self.shape.key_names().into_iter().enumerate();
        let keys = keys.map(|(number, key)| Kusto::trusted(format!("{} = {key}", part(number))));
        self.shape.event_columns().into_iter().chain(keys).collect()
    }

    /// What is kept of the groups of a key that fire.
    fn totals(&self, scan: &Scan<'_>) -> Vec<Kusto> {
        let (names, time) = (self.names(), &self.shape.time);
        let firings = self.firings();
        let sums = [
            format!("{} = min({time})", names.one("first")),
            format!("{} = max({time})", names.one("last")),
            format!("{} = sum({firings})", names.one("firings")),
        ];
        let seen = (0..self.timeline.patterns.len()).map(|pattern| {
            let name = names.of("seen", pattern);
            if !self.timeline.bindings.is_empty() {
                return format!("{name} = max({name})");
            }
            let within = scan.within(pattern, self.timeline.window);
            format!("{name} = max(iff({within}, 1, 0))")
        });
        let mut last = self.shape.event_columns();
        last.extend(self.shape.shows().columns());
        let event = match last.as_slice() {
            [only] => format!("{only} = max({only})"),
            columns => format!("arg_max({})", Kusto::join(columns.to_vec(), ", ")),
        };
        sums.into_iter().chain(seen).chain([event]).map(Kusto::trusted).collect()
    }

    /// The columns of the result: the last firing's event, the key, and what is known of firings.
    fn result(&self) -> Vec<Kusto> {
        let names = self.names();
        let mut result =
            Named { columns: self.shape.event_columns(), taken: self.shape.event_names() };
        let keys = if self.shape.is_keyed() { self.timeline.keys.as_slice() } else { &[] };
        for (number, key) in keys.iter().enumerate() {
            result.add(key, &names.of("key", number));
        }
        result.add("FirstFiring", &names.one("first"));
        result.add("LastFiring", &names.one("last"));
        result.add("Firings", &names.one("firings"));
        result.add("Seen", &self.seen());
        for (show, value) in self.timeline.shows.iter().zip(self.shape.shows().columns()) {
            result.add(&show.name, &value);
        }
        result.columns
    }

    /// Names of the patterns that were seen at a firing, with commas between.
    fn seen(&self) -> Kusto {
        let part = |(pattern, name): (usize, &String)| {
            let seen = self.names().of("seen", pattern);
            format!("iff({seen} == 1, {}, \"\")", syntax::text(&format!("{name}, ")))
        };
        let parts: Vec<String> = self.timeline.patterns.iter().enumerate().map(part).collect();
        Kusto::trusted(format!("trim_end(\", \", strcat({}))", parts.join(", ")))
    }
}

/// Columns of a result, each with another name.
struct Named {
    columns: Vec<Kusto>,
    taken: Vec<String>,
}

impl Named {
    /// Adds a column, unless one of this name holds the key already; `FirstFiring` of a key that is
    /// called so gets a number.
    fn add(&mut self, wanted: &str, value: &Kusto) {
        let numbered = (2..).map(|number| format!("{wanted}{number}"));
        let free = std::iter::once(wanted.to_owned())
            .chain(numbered)
            .find(|name| !self.taken.contains(name))
            .unwrap_or_default();
        self.columns.push(Kusto::trusted(format!("{} = {value}", syntax::name(&free))));
        self.taken.push(free);
    }
}

fn list(parts: impl IntoIterator<Item = Kusto>) -> Value {
    Value::from(Kusto::join(parts, ", "))
}

/// A part that the template leaves out if there is none.
fn optional(part: Option<Kusto>) -> Value {
    part.map_or_else(|| Value::from(false), Value::from)
}
