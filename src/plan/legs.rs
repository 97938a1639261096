//! Which places are read for the patterns of a rule, and what is tested there.
//!
//! Patterns that read the same table with the same key share a leg, so that an event that satisfies
//! several of them is one row with several flags.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Correlation, Key, Pattern, PatternId, PatternSource, Predicate, Rule};
use crate::platform::{self, Column, Place, Platform, Scalar, Source};
use crate::source::Span;
use crate::taxonomy::Parts;

use super::bindings;
use super::disjoint::may_overlap;
use super::firings::{self, Chained};
use super::push::{At, Columns};
use super::shows::{self, Site};
use super::totals::{self, Values};
use super::{Leg, Reach, Timeline, atoms, keys, refuse, rows};

/// One leg per place of the pattern's log source.
pub(super) fn filter(pattern: &Pattern, platform: &Platform) -> Result<Vec<Leg>, Vec<Diagnostic>> {
    let Some(events) = Events::of(pattern) else {
        return Err(vec![refuse(pattern.span, "only correlations read firings")]);
    };
    let places = places(&events, platform).map_err(|refusal| vec![refusal])?;
    let mut found = Vec::new();
    let mut legs = Vec::new();
    for source in places {
        let place = &source.place;
        let mut columns = Columns::of(platform, place);
        let at = At { logsource: events.logsource, source };
        let predicate = columns.push(events.predicate, at, &mut found);
        legs.push(Leg {
            place: Arc::clone(place),
            lets: columns.lets,
            firings: None,
            flags: vec![(PatternId(0), predicate)],
            keys: Vec::new(),
            bound: Vec::new(),
            shows: Vec::new(),
            values: Vec::new(),
        });
    }
    let never = |leg: &Leg| leg.flags.iter().all(|(_, predicate)| predicate.is_never());
    if !legs.iter().all(never) {
        legs.retain(|leg| !never(leg));
    }
    if found.is_empty() { Ok(legs) } else { Err(found) }
}

/// The legs of a correlation and its condition over them; `chained` receives the correlations whose
/// firings it reads.
pub(super) fn timeline<'a>(
    correlation: &'a Correlation,
    rule: &Rule,
    platform: &Platform,
    chained: &mut Chained<'a>,
) -> Result<Timeline, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let groups = group(correlation, platform, &mut found);
    let values = totals::values(&correlation.cond);
    let mut legs = Vec::new();
    for group in &groups {
        legs.push(leg(group, &legs, correlation, &values, platform, &mut found));
    }
    let firings = chained.legs(correlation, &values, platform, &mut found);
    found.extend(beyond_lookback(correlation, rule, platform, chained.back(&firings)));
    if !found.is_empty() {
        return Err(found);
    }
    let mut overlaps = overlaps(correlation, &groups, &legs, &mut found);
    overlaps.extend(firings::overlaps(correlation, &firings, &mut found));
    overlaps.sort_unstable();
    legs.extend(firings);
    check_keys(correlation, &legs, rule.meta.span, &mut found);
    found.extend(bindings::check_number(correlation, rule.meta.span));
    if !found.is_empty() {
        return Err(found);
    }
    bindings::take_out(correlation, &mut legs);
    let keys = correlation.keys.iter().filter(|key| bindings::is_of_all(key));
    let lowered = atoms::lower(correlation, &overlaps, &values, rule.meta.span)?;
    Ok(Timeline {
        legs,
        chained: Vec::new(),
        patterns: correlation.patterns.iter().map(|pattern| pattern.name.clone()).collect(),
        keys: keys.map(|key| key.name.clone()).collect(),
        bindings: bindings::of(correlation),
        window: correlation.window,
        skew: correlation.skew,
        cond: correlation.cond.clone(),
        overlaps,
        masks: lowered.masks,
        starts: lowered.starts,
        nexts: lowered.nexts,
        values,
        totals: lowered.totals,
        holds: lowered.holds,
        fires: lowered.fires,
        shows: shows::named(correlation),
    })
}

/// E0607 where the window is longer than the platform lets a query look back; `chained` is how far
/// the rules look back whose firings it reads.
fn beyond_lookback(
    correlation: &Correlation,
    rule: &Rule,
    platform: &Platform,
    chained: u64,
) -> Option<Diagnostic> {
    const DAY: u64 = 86_400_000;
    let days = platform.lookback?;
    let own = Reach::of(correlation).back;
    let back = own.saturating_add(chained);
    (back > days.saturating_mul(DAY)).then(|| {
        let message = match chained {
            0 if own == correlation.window => {
                format!("the window has {} days", back.div_ceil(DAY))
            }
            0 => format!("an absence is looked for in {} days before a firing", back.div_ceil(DAY)),
            _ => format!(
                "the window and those of the chained rules have {} days together",
                back.div_ceil(DAY)
            ),
        };
        let message = format!("{message}, but `{}` looks back {days} days at most", platform.name);
        Diagnostic::new(Code::OverLimit, rule.meta.span, message)
            .help("shorten the timespan; `m` are minutes and `M` are months")
    })
}

/// A pattern over events.
struct Events<'a> {
    logsource: &'a str,
    predicate: &'a Predicate,
    span: Span,
}

impl<'a> Events<'a> {
    /// None for the firings of another rule.
    fn of(pattern: &'a Pattern) -> Option<Self> {
        match &pattern.source {
            PatternSource::Events { logsource, predicate } => {
                Some(Self { logsource, predicate, span: pattern.span })
            }
            PatternSource::Firings(_) => None,
        }
    }
}

/// What one leg will read: patterns with their places, and their common key.
struct Group<'a> {
    place: &'a Place,
    /// An event is of one product, so legs of different products share none.
    product: Option<&'a str>,
    keys: Vec<Option<Scalar>>,
    members: Vec<Member<'a>>,
}

/// A pattern at one place.
struct Member<'a> {
    pattern: PatternId,
    events: Events<'a>,
    source: &'a Source,
}

impl<'a> Member<'a> {
    fn at(&self) -> At<'a> {
        At { logsource: self.events.logsource, source: self.source }
    }

    fn site(&self) -> Site<'a> {
        Site { at: self.at(), place: &self.source.place, span: self.events.span }
    }
}

/// The places of a pattern's log source, or why there are none.
fn places<'a>(events: &Events<'_>, platform: &'a Platform) -> Result<&'a [Source], Diagnostic> {
    let places = platform.places(events.logsource);
    if !places.is_empty() {
        return Ok(places);
    }
    let message = format!("`{}` does not hold `{}`", platform.name, events.logsource);
    let mut holders = platform::holders(events.logsource);
    holders.retain(|holder| *holder != platform.name);
    let holders = holders.join("`, `");
    let help = match holders.as_str() {
        "" => "no shipped platform holds it; describe your data in a platform file".to_owned(),
        holders => format!("held by: `{holders}`"),
    };
    let diagnostic = Diagnostic::new(Code::LogSourceNotHeld, events.span, message);
    Err(diagnostic.label(platform.entry(events.logsource), "taken away here").help(help))
}

fn group<'a>(
    correlation: &'a Correlation,
    platform: &'a Platform,
    found: &mut Vec<Diagnostic>,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (number, pattern) in correlation.patterns.iter().enumerate() {
        let id = PatternId(number);
        let Some(events) = Events::of(pattern) else { continue };
        let places = match places(&events, platform) {
            Ok(places) => places,
            Err(refusal) => {
                found.push(refusal);
                continue;
            }
        };
        let product = Parts::of(events.logsource).product;
        for source in places {
            let place = &source.place;
            let at = At { logsource: events.logsource, source };
            let keys = key_values(correlation, id, at, events.span, platform, found);
            let events = Events { ..events };
            let member = Member { pattern: id, events, source };
            let joins = |group: &&mut Group<'_>| {
                group.keys == keys && group.product == product && same_table(group.place, place)
            };
            match groups.iter_mut().find(joins) {
                Some(group) => group.members.push(member),
                None => groups.push(Group { place, product, keys, members: vec![member] }),
            }
        }
    }
    groups
}

fn same_table(one: &Place, other: &Place) -> bool {
    one.table == other.table
        && one.category == other.category
        && one.time == other.time
        && one.identity == other.identity
        && one.among == other.among
        && one.lookup == other.lookup
}

/// What each part of the key is for a pattern at a place.
fn key_values(
    correlation: &Correlation,
    pattern: PatternId,
    at: At<'_>,
    span: Span,
    platform: &Platform,
    found: &mut Vec<Diagnostic>,
) -> Vec<Option<Scalar>> {
    let columns = Columns::new(platform);
    let value = |key: &Key| {
        let (field, transform) = key.fields.get(pattern.0)?.as_ref()?;
        match columns.resolve(field, span, at) {
            Ok(resolved) => Some(keys::value(resolved, *transform)),
            Err(refusal) => {
                found.push(*refusal);
                None
            }
        }
    };
    correlation.keys.iter().map(value).collect()
}

fn leg(
    group: &Group<'_>,
    others: &[Leg],
    correlation: &Correlation,
    values: &[Values],
    platform: &Platform,
    found: &mut Vec<Diagnostic>,
) -> Leg {
    let mut columns = Columns::of(platform, group.place).beside(others, group.place);
    let first = Place::clone(group.place);
    let uniform =
        group.members.iter().all(|member| member.source.place.conditions == first.conditions);
    let mut flags: Vec<(PatternId, Predicate<Column>)> = Vec::new();
    for member in &group.members {
        let at = member.at();
        let mut predicate = columns.push(member.events.predicate, at, found);
        if !uniform {
            predicate = Predicate::all([rows(&member.source.place), predicate]);
        }
        match flags.iter_mut().find(|(pattern, _)| *pattern == member.pattern) {
            Some((_, flag)) => *flag = Predicate::any([flag.clone(), predicate]),
            None => flags.push((member.pattern, predicate)),
        }
    }
    let keys = key_columns(group, correlation, &mut columns);
    let conditions = if uniform { first.conditions.clone() } else { Vec::new() };
    let sites = |patterns: &[PatternId]| -> Vec<Site<'_>> {
        let members = group.members.iter().filter(|member| patterns.contains(&member.pattern));
        members.map(Member::site).collect()
    };
    let shows = correlation
        .show
        .iter()
        .map(|(pattern, field)| shows::column(field, &sites(&[*pattern]), &mut columns, found));
    let shows = shows.collect();
    let values = values.iter().map(|values| {
        let given = values.givers.iter();
        given
            .map(|giver| {
                totals::given(values.are, giver, &sites(&giver.patterns), &mut columns, found)
            })
            .collect()
    });
    let values = values.collect();
    let place = Arc::new(Place { conditions, ..first });
    let bound = Vec::new();
    Leg { place, firings: None, lets: columns.lets, flags, keys, bound, shows, values }
}

/// The columns of the key, computed where its values are not compared as they are.
fn key_columns(
    group: &Group<'_>,
    correlation: &Correlation,
    columns: &mut Columns<'_>,
) -> Vec<Option<Column>> {
    let Some(member) = group.members.first() else { return Vec::new() };
    let carried = correlation.keys.iter().zip(&group.keys);
    let column = |(key, value): (&Key, &Option<Scalar>)| {
        let (field, _) = key.fields.get(member.pattern.0)?.as_ref()?;
        Some(columns.column_of(&field.name, value.as_ref()?))
    };
    carried.map(column).collect()
}

/// E0608 where a key's columns do not compare, E0602 where a binding may hold several values.
fn check_keys(correlation: &Correlation, legs: &[Leg], span: Span, found: &mut Vec<Diagnostic>) {
    for (number, key) in correlation.keys.iter().enumerate() {
        let columns: Vec<_> =
            legs.iter().map(|leg| leg.keys.get(number).cloned().flatten()).collect();
        if !bindings::is_of_all(key) {
            bindings::check(key, &columns, span, found);
        }
        let mut held = columns.iter().flatten();
        let Some(first) = held.next() else { continue };
        if let Some(other) = held.find(|column| column.ty != first.ty) {
            let message = format!(
                "the key `{}` is `{}` in one event and `{}`, of another type, in the other",
                key.name, first.name, other.name
            );
            let help = "use fields that the platform keeps in columns of one type";
            found.push(Diagnostic::new(Code::KeyTypes, span, message).help(help));
        }
    }
}

/// Pairs of patterns that one event may satisfy.
fn overlaps(
    correlation: &Correlation,
    groups: &[Group<'_>],
    legs: &[Leg],
    found: &mut Vec<Diagnostic>,
) -> Vec<(PatternId, PatternId)> {
    let mut pairs = Vec::new();
    for (at, (leg, group)) in legs.iter().zip(groups).enumerate() {
        for (number, (one, left)) in flagged(leg).enumerate() {
            let here = flagged(leg).skip(number + 1);
            let overlapping = here.filter(|(_, right)| may_overlap(&left, right));
            pairs.extend(overlapping.map(|(other, _)| (one.min(other), one.max(other))));
            let later = legs.iter().zip(groups).skip(at + 1);
            let elsewhere = later
                .filter(|(other, _)| other.place.table == leg.place.table)
                .filter(|(_, other)| !differ(other.product, group.product))
                .map(|(other, _)| other);
            for (other, right) in elsewhere.flat_map(flagged) {
                if may_overlap(&left, &right) {
                    found.push(refuse_shared(correlation, one, other));
                }
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Whether both are known and not the same.
fn differ(one: Option<&str>, other: Option<&str>) -> bool {
    one.is_some() && other.is_some() && one != other
}

/// The flags of a leg with the conditions of its place.
fn flagged(leg: &Leg) -> impl Iterator<Item = (PatternId, Predicate<Column>)> {
    let place = rows(&leg.place);
    leg.flags.iter().map(move |(id, flag)| (*id, Predicate::all([place.clone(), flag.clone()])))
}

pub(super) fn refuse_shared(
    correlation: &Correlation,
    one: PatternId,
    other: PatternId,
) -> Diagnostic {
    let name =
        |id: PatternId| correlation.patterns.get(id.0).map_or("", |pattern| pattern.name.as_str());
    let span = correlation.patterns.get(other.0).map_or_else(Span::default, |found| found.span);
    let message = format!(
        "`{}` and `{}` may match the same event, but take their key or binding from different fields",
        name(one),
        name(other)
    );
    refuse(span, message).help("add a test to one of them that the other excludes")
}
