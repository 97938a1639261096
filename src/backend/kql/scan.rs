//! The latest start of each atom, carried along the groups of a key by a one-step `scan`, and what
//! fires.
//!
//! `Seen` of mask 1 → `_start0 = iff(_count0 > 0, _time, iff(_same, _step._start0, _never))`, where
//! `_step._start0` is the value at the group before and `_same` says that it has the same key. An
//! assignment that reads another atom's earlier value stands before the one that changes it, so
//! that it does not matter whether Kusto shows a step its own new values.

use std::collections::BTreeSet;

use minijinja::{Value, context};

use super::names::Names;
use super::shows::Shows;
use super::syntax::{self, Kusto};
use super::totals::Totals;
use super::{Kql, OPERATORS, boolean};
use crate::backend::infix::Expr;
use crate::plan::{Before, Fire, Holds, Link, Start, Timeline};

/// Masks whose events fire under the same condition.
#[derive(Debug, PartialEq)]
pub(super) struct Class<'a> {
    /// Indexes of the masks.
    pub(super) masks: Vec<usize>,
    links: &'a [Link],
    /// The bindings that the events carry.
    carried: Vec<usize>,
}

/// What fires, by condition and by the bindings that the events carry.
pub(super) fn classes(timeline: &Timeline) -> Vec<Class<'_>> {
    let mut classes: Vec<Class> = Vec::new();
    for Fire { mask, links } in &timeline.fires {
        let carried = timeline.carried(*mask);
        let same = |class: &&mut Class<'_>| class.links == links && class.carried == carried;
        match classes.iter_mut().find(same) {
            Some(class) => class.masks.push(*mask),
            None => classes.push(Class { masks: vec![*mask], links, carried }),
        }
    }
    classes
}

/// A timeline and the names of its query's columns.
#[derive(Clone, Copy)]
pub(super) struct Scan<'a> {
    /// What is printed.
    pub(super) timeline: &'a Timeline,
    /// How columns are called.
    pub(super) names: &'a Names,
}

impl Scan<'_> {
    /// For each atom that counts events: the sort that puts the events that count side by side, and
    /// the time of the `nth` latest at each of them. `key` sorts by the key.
    pub(super) fn ranks(&self, keys: &[Kusto]) -> Vec<Value> {
        let starts = self.timeline.starts.iter().enumerate();
        let rank = |(atom, start): (usize, &Start)| match start {
            Start::Nth { masks, nth } => Some(self.rank(atom, masks, *nth, keys)),
            Start::Seen(_) | Start::Chain(_) | Start::End(_) | Start::When { .. } => None,
        };
        starts.filter_map(rank).collect()
    }

    fn rank(&self, atom: usize, masks: &[usize], nth: u64, keys: &[Kusto]) -> Value {
        let counts = self.names.of("counts", atom);
        let (time, never) = (self.names.one("time"), self.names.one("never"));
        let back = nth.saturating_sub(1);
        let before = |column: &Kusto| match back {
            0 => column.to_string(),
            back => format!("prev({column}, {back})"),
        };
        let one_of = self.one_of(masks);
        let same = keys.iter().map(|key| format!("{} == {key}", before(key)));
        let same: Vec<String> = match back {
            0 => Vec::new(),
            _ => std::iter::once(format!("{} == 1", before(&counts))).chain(same).collect(),
        };
        let conditions =
            std::iter::once(format!("{counts} == 1")).chain(same).collect::<Vec<_>>().join(" and ");
        let order: String = keys.iter().map(|key| format!("{key} asc, ")).collect();
        let order = format!("{order}{counts} asc, {time} asc");
        let value = format!(
            "{} = iff({conditions}, {}, {never})",
            self.names.of("nth", atom),
            before(&time)
        );
        context! {
            counts => Value::from(Kusto::trusted(format!("{counts} = iff({one_of}, 1, 0)"))),
            order => Value::from(Kusto::trusted(order)),
            value => Value::from(Kusto::trusted(value)),
        }
    }

    /// Whether a row's mask is one of these.
    pub(super) fn one_of(&self, masks: &[usize]) -> String {
        let numbers: Vec<String> = masks
            .iter()
            .filter_map(|index| self.timeline.masks.get(*index))
            .map(|mask| mask.number().to_string())
            .collect();
        match numbers.as_slice() {
            [] => OPERATORS.never.to_owned(),
            [only] => format!("{} == {only}", self.names.one("mask")),
            numbers => format!("{} in ({})", self.names.one("mask"), numbers.join(", ")),
        }
    }

    /// How many events of each mask a group has, and its `nth` latest times.
    pub(super) fn counts(&self) -> Vec<Kusto> {
        let masks = (0..self.timeline.masks.len()).map(|index| {
            let name = self.names.of("count", index);
            Kusto::trusted(format!("{name} = countif({})", self.one_of(&[index])))
        });
        let nth = self.timeline.starts.iter().enumerate().filter_map(|(atom, start)| {
            let name = self.names.of("nth", atom);
            let counted = matches!(start, Start::Nth { .. });
            counted.then(|| Kusto::trusted(format!("{name} = max({name})")))
        });
        masks.chain(nth).collect()
    }

    /// The columns that the scan adds.
    pub(super) fn declared(&self) -> Kusto {
        let before = self.before().into_iter().map(|atom| self.names.of("before", atom));
        let starts = (0..self.timeline.starts.len()).map(|atom| self.names.of("start", atom));
        let columns = before.chain(starts).map(|name| Kusto::trusted(format!("{name}:datetime")));
        let more = self.totals().declared().into_iter().chain(self.shows().declared());
        Kusto::join(columns.chain(more).collect::<Vec<_>>(), ", ")
    }

    /// What each group assigns to them, readers before what they read.
    pub(super) fn assignments(&self) -> Vec<Kusto> {
        let before = self.before().into_iter().map(|atom| {
            let name = self.names.of("before", atom);
            Kusto::trusted(format!("{name} = {}", self.carried(atom)))
        });
        let starts = self.readers_first().into_iter().filter_map(|atom| {
            let start = self.timeline.starts.get(atom)?;
            let name = self.names.of("start", atom);
            Some(Kusto::trusted(format!("{name} = {}", self.latest(atom, start))))
        });
        let more = self.totals().assignments().into_iter().chain(self.shows().assignments());
        before.chain(starts).chain(more).collect()
    }

    /// Numbers kept for the window.
    pub(super) fn totals(&self) -> Totals<'_> {
        Totals { timeline: self.timeline, names: self.names }
    }

    fn shows(&self) -> Shows<'_> {
        Shows { timeline: self.timeline, names: self.names }
    }

    /// The condition over the atoms; none if it always holds.
    pub(super) fn holds(&self) -> Option<Kusto> {
        let printed = self.print(&self.timeline.holds).text;
        (printed.as_str() != OPERATORS.always).then_some(printed)
    }

    /// How many events of each class fire.
    pub(super) fn fired(&self, classes: &[Class<'_>]) -> Vec<Kusto> {
        let fired = |(number, class): (usize, &Class<'_>)| {
            let count = self.sum(&class.masks);
            let links = class.links.iter().map(|link| self.completes(link)).collect();
            let condition = boolean::any(links);
            let name = self.names.of("fired", number);
            Kusto::trusted(match class.links {
                [] => format!("{name} = {count}"),
                [_, ..] if condition.text.as_str() == OPERATORS.always => {
                    format!("{name} = {count}")
                }
                [_, ..] => format!("{name} = iff({}, {count}, 0)", condition.text),
            })
        };
        classes.iter().enumerate().map(fired).collect()
    }

    /// Whether the atom's latest start is at most so many milliseconds ago.
    pub(super) fn within(&self, atom: usize, milliseconds: u64) -> String {
        self.ago("start", atom, milliseconds)
    }

    fn ago(&self, what: &str, atom: usize, milliseconds: u64) -> String {
        let start = self.names.of(what, atom);
        let span = syntax::timespan(milliseconds);
        format!("{} - {start} <= {span}", self.names.one("time"))
    }

    /// Atoms whose start as of the group before decides what fires.
    fn before(&self) -> BTreeSet<usize> {
        let links = self.timeline.fires.iter().flat_map(|fire| &fire.links);
        links.flat_map(read).collect()
    }

    /// The latest start as of this group.
    fn latest(&self, atom: usize, start: &Start) -> String {
        let (time, never) = (self.names.one("time"), self.names.one("never"));
        let carried = self.carried(atom);
        match start {
            Start::Seen(masks) => format!("iff({} > 0, {time}, {carried})", self.sum(masks)),
            Start::Nth { .. } => format!("max_of({}, {carried})", self.names.of("nth", atom)),
            Start::Chain(links) => {
                let links = links.iter().map(|link| self.extended(link));
                let starts: Vec<String> = links.chain([carried]).collect();
                match starts.as_slice() {
                    [only] => only.clone(),
                    starts => format!("max_of({})", starts.join(", ")),
                }
            }
            Start::End(links) => {
                let each = links.iter().map(|link| {
                    let there = link.from.as_ref().map(|from| {
                        Expr::atom(format!("{} > {never}", self.at_group_before(from.end)))
                    });
                    boolean::all(self.holds_link(link).into_iter().chain(there).collect())
                });
                let any = boolean::any(each.collect());
                format!("iff({}, {time}, {carried})", any.text)
            }
            Start::When { masks, holds } => {
                let here = Expr::atom(format!("{} > 0", self.sum(masks)));
                let both = boolean::all(vec![here, self.at_step(holds)]);
                format!("iff({}, {time}, {carried})", both.text)
            }
        }
    }

    /// What holds at the group that the step is at, over starts that it has yet to assign.
    fn at_step(&self, holds: &Holds) -> Expr<Kql> {
        self.printed(holds, &|atom| {
            let start = self.timeline.starts.get(atom).map(|start| self.latest(atom, start));
            start.unwrap_or_default()
        })
    }

    /// The start of a chain that a link completes in this group.
    fn extended(&self, link: &Link) -> String {
        let value = match &link.from {
            Some(from) => self.at_group_before(from.start),
            None => self.names.one("time").to_string(),
        };
        let conditions = self.holds_link(link);
        if conditions.is_empty() {
            return value;
        }
        let holds = boolean::all(conditions);
        format!("iff({}, {value}, {})", holds.text, self.names.one("never"))
    }

    /// Whether the group has the events that a link needs, and may extend what is before it.
    fn holds_link(&self, link: &Link) -> Vec<Expr<Kql>> {
        let same = self.names.one("same");
        let known = link.from.iter().map(|_| Expr::atom(same.to_string()));
        let extends =
            link.from.iter().flat_map(|from| self.extends(from, |atom| self.at_group_before(atom)));
        known.chain(self.counted(link)).chain(extends).collect()
    }

    /// Whether the group has the events that a link needs, and no others.
    fn counted(&self, link: &Link) -> impl Iterator<Item = Expr<Kql>> {
        let test = |masks: &[usize], cmp: &str, number: u64| {
            Expr::atom(format!("{} {cmp} {number}", self.sum(masks)))
        };
        let needs = link.needs.iter().map(move |(masks, least)| test(masks, ">=", *least));
        let limits = link.limits.iter().map(move |(masks, most)| test(masks, "<=", *most));
        needs.chain(limits)
    }

    /// Whether the beginning ended not too long ago, and without what must not lie after it;
    /// `earlier` is an atom's start as of the groups before.
    fn extends(&self, from: &Before, earlier: impl Fn(usize) -> String) -> Vec<Expr<Kql>> {
        let end = earlier(from.end);
        let within = from.within.map(|span| {
            let span = syntax::timespan(span);
            Expr::atom(format!("{} - {end} <= {span}", self.names.one("time")))
        });
        let without = from.without.map(|of| Expr::atom(format!("{} <= {end}", earlier(of))));
        within.into_iter().chain(without).collect()
    }

    /// The start as of the groups before, of the same key.
    fn carried(&self, atom: usize) -> String {
        let (same, never) = (self.names.one("same"), self.names.one("never"));
        format!("iff({same}, {}, {never})", self.at_group_before(atom))
    }

    fn at_group_before(&self, atom: usize) -> String {
        format!("{}.{}", self.names.one("step"), self.names.of("start", atom))
    }

    /// Atoms in an order in which each stands before those whose earlier start it reads.
    fn readers_first(&self) -> Vec<usize> {
        let mut left: Vec<usize> = (0..self.timeline.starts.len()).collect();
        let mut ordered = Vec::new();
        while !left.is_empty() {
            let read: BTreeSet<usize> = left
                .iter()
                .flat_map(|reader| self.reads(*reader).into_iter().filter(move |of| of != reader))
                .collect();
            let free = left.iter().rposition(|atom| !read.contains(atom));
            ordered.push(left.remove(free.unwrap_or(left.len() - 1)));
        }
        ordered
    }

    fn reads(&self, atom: usize) -> Vec<usize> {
        match self.timeline.starts.get(atom) {
            Some(Start::Chain(links) | Start::End(links)) => links.iter().flat_map(read).collect(),
            Some(Start::When { holds, .. }) => {
                let asked = holds.atoms();
                let below = asked.iter().flat_map(|of| self.reads(*of)).collect::<Vec<_>>();
                asked.into_iter().chain(below).collect()
            }
            Some(Start::Seen(_) | Start::Nth { .. }) | None => Vec::new(),
        }
    }

    pub(super) fn sum(&self, masks: &[usize]) -> String {
        let counts: Vec<String> =
            masks.iter().map(|index| self.names.of("count", *index).to_string()).collect();
        if counts.is_empty() { "0".to_owned() } else { counts.join(" + ") }
    }

    fn completes(&self, link: &Link) -> Expr<Kql> {
        let window = self.timeline.window;
        let before = |atom: usize| self.names.of("before", atom).to_string();
        let inside = link.from.iter().flat_map(|from| {
            let start = Expr::atom(self.ago("before", from.start, window));
            std::iter::once(start).chain(self.extends(from, before))
        });
        let soon = link.soon.iter().map(|(next, span)| self.soon(*next, *span));
        boolean::all(self.counted(link).chain(inside).chain(soon).collect())
    }

    fn print(&self, holds: &Holds) -> Expr<Kql> {
        self.printed(holds, &|atom| self.names.of("start", atom).to_string())
    }

    fn printed(&self, holds: &Holds, start: &dyn Fn(usize) -> String) -> Expr<Kql> {
        let each = |parts: &[Holds]| parts.iter().map(|part| self.printed(part, start)).collect();
        match holds {
            Holds::Within(atom, milliseconds) => {
                let span = syntax::timespan(*milliseconds);
                Expr::atom(format!("{} - {} <= {span}", self.names.one("time"), start(*atom)))
            }
            Holds::Soon(next, milliseconds) => self.soon(*next, *milliseconds),
            Holds::Compare(left, cmp, right) => self.totals().compare(*left, *cmp, *right),
            Holds::All(parts) => boolean::all(each(parts)),
            Holds::Any(parts) => boolean::any(each(parts)),
            Holds::Not(inner) => boolean::not(&self.printed(inner, start)),
        }
    }
}

/// The atoms that a link reads as of earlier groups.
fn read(link: &Link) -> impl Iterator<Item = usize> {
    link.from.iter().flat_map(Before::atoms)
}
