//! Chains of correlations: the firings of one are events of another.
//!
//! A firing lies at the time of the event that fires, and has the parts of its key as columns. The
//! correlations of a chain are planned like any other, each once, and listed so that each stands
//! after those whose firings it reads.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{
    Body, Correlation, FieldRef, PatternId, PatternSource, Predicate, Rule, Transform,
};
use crate::platform::{Column, ColumnType, Place, Platform, Scalar};
use crate::source::Span;

use super::keys::transformed;
use super::legs::{self, refuse_shared};
use super::push::Columns;
use super::totals::{Giver, Values};
use super::{Leg, Reach, Timeline, refuse};

/// How many correlations a chain may have, and how deep they may be chained.
const MAX_CHAINED: usize = 32;
const MAX_DEPTH: usize = 8;

/// The column of a firing that holds a part of its key, by number.
#[must_use]
pub fn part(number: usize) -> String {
    format!("sw_part{number}")
}

/// The plan of a correlation with those whose firings it reads.
pub(super) fn chain(
    correlation: &Correlation,
    rule: &Rule,
    platform: &Platform,
) -> Result<Timeline, Vec<Diagnostic>> {
    let mut chained = Chained::default();
    let timeline = legs::timeline(correlation, rule, platform, &mut chained)?;
    let chained = chained.timelines.into_iter().map(|(timeline, _)| timeline).collect();
    Ok(Timeline { chained, ..timeline })
}

/// Correlations whose firings others read.
#[derive(Debug, Default)]
pub(super) struct Chained<'a> {
    /// Those that were looked at, with the index of their plan if there is one.
    known: Vec<(&'a Arc<Rule>, Option<usize>)>,
    /// Their plans, and how many milliseconds each looks back.
    timelines: Vec<(Timeline, u64)>,
    /// How many are being planned.
    depth: usize,
}

impl<'a> Chained<'a> {
    /// The legs that read firings.
    pub(super) fn legs(
        &mut self,
        correlation: &'a Correlation,
        values: &[Values],
        platform: &Platform,
        found: &mut Vec<Diagnostic>,
    ) -> Vec<Leg> {
        let mut legs: Vec<Leg> = Vec::new();
        for (number, pattern) in correlation.patterns.iter().enumerate() {
            let PatternSource::Firings(rule) = &pattern.source else { continue };
            let index = match self.index(rule, pattern.span, platform) {
                Ok(Some(index)) => index,
                Ok(None) => continue,
                Err(refusals) => {
                    found.extend(refusals);
                    continue;
                }
            };
            let Some((timeline, _)) = self.timelines.get(index) else { continue };
            let reader =
                Reader { timeline, correlation, id: PatternId(number), span: pattern.span };
            let leg = reader.leg(index, values, platform, found);
            let same = |known: &&mut Leg| {
                known.firings == leg.firings && known.keys == leg.keys && known.lets == leg.lets
            };
            match legs.iter_mut().find(same) {
                Some(known) => merge(known, leg),
                None => legs.push(leg),
            }
        }
        legs
    }

    /// How far back those are looked at whose firings the legs read, in milliseconds.
    pub(super) fn back(&self, legs: &[Leg]) -> u64 {
        let read = legs.iter().filter_map(|leg| self.timelines.get(leg.firings?));
        read.map(|(_, back)| *back).max().unwrap_or(0)
    }

    /// The index of a rule's plan; none if it was refused before.
    fn index(
        &mut self,
        rule: &'a Arc<Rule>,
        span: Span,
        platform: &Platform,
    ) -> Result<Option<usize>, Vec<Diagnostic>> {
        if let Some((_, index)) = self.known.iter().find(|(known, _)| Arc::ptr_eq(known, rule)) {
            return Ok(*index);
        }
        if self.depth >= MAX_DEPTH || self.known.len() >= MAX_CHAINED {
            let message = format!(
                "more than {MAX_CHAINED} correlations are chained, or more than {MAX_DEPTH} deep"
            );
            return Err(vec![
                Diagnostic::new(Code::OverLimit, span, message)
                    .help("write one correlation over the events themselves"),
            ]);
        }
        self.depth += 1;
        let planned = self.plan(rule, platform);
        self.depth -= 1;
        self.known.push((rule, planned.as_ref().ok().copied()));
        planned.map(Some)
    }

    fn plan(&mut self, rule: &'a Rule, platform: &Platform) -> Result<usize, Vec<Diagnostic>> {
        let Body::Correlation(correlation) = &rule.body else {
            return Err(vec![refuse(rule.meta.span, "only correlations fire")]);
        };
        let mut timeline = legs::timeline(correlation, rule, platform, self)?;
        // Others see the key of a firing, not what its rule shows.
        timeline.shows.clear();
        timeline.legs.iter_mut().for_each(|leg| leg.shows.clear());
        if let Some(same) = self.timelines.iter().position(|(known, _)| *known == timeline) {
            return Ok(same);
        }
        let back = Reach::of(correlation).back.saturating_add(self.back(&timeline.legs));
        self.timelines.push((timeline, back));
        Ok(self.timelines.len() - 1)
    }
}

/// Adds another pattern of the same firings to a leg.
fn merge(known: &mut Leg, leg: Leg) {
    known.flags.extend(leg.flags);
    let shows = known.shows.iter_mut().zip(leg.shows);
    shows.for_each(|(known, show)| *known = known.take().or(show));
    let values = known.values.iter_mut().flatten().zip(leg.values.into_iter().flatten());
    values.filter(|(known, _)| known.is_empty()).for_each(|(known, given)| *known = given);
}

/// Reads the firings of a correlation for a pattern.
struct Reader<'a> {
    timeline: &'a Timeline,
    /// That of the pattern.
    correlation: &'a Correlation,
    id: PatternId,
    span: Span,
}

impl Reader<'_> {
    fn leg(
        &self,
        index: usize,
        values: &[Values],
        platform: &Platform,
        found: &mut Vec<Diagnostic>,
    ) -> Leg {
        let place = place(self.timeline);
        let mut columns = Columns::of(platform, &place);
        let mut column = |what: &str, of: &str, field: &FieldRef, transform: Transform| {
            let value = value(self.timeline, &field.name, transform);
            if value.is_none() {
                found.push(not_carried(what, of, self.span));
            }
            Some(columns.column_of(&field.name, &value?))
        };
        let keys = self.correlation.keys.iter().map(|key| {
            let (field, transform) = key.fields.get(self.id.0)?.as_ref()?;
            column("key", &key.name, field, *transform)
        });
        let keys = keys.collect();
        let mut give = |giver: &Giver| -> Vec<Column> {
            let fields = giver.fields.iter().filter(|_| giver.patterns.contains(&self.id));
            fields
                .filter_map(|field| column("field", &field.name, field, Transform::None))
                .collect()
        };
        let values = values.iter();
        let values = values.map(|of| of.givers.iter().map(&mut give).collect()).collect();
        let show = |(of, field): &(PatternId, FieldRef)| {
            let value = value(self.timeline, &field.name, Transform::None);
            let value = value.filter(|_| *of == self.id)?;
            Some(columns.column_of(&field.name, &value))
        };
        let shows = self.correlation.show.iter().map(show).collect();
        let flags = vec![(self.id, Predicate::always())];
        Leg {
            place,
            firings: Some(index),
            lets: columns.lets,
            flags,
            keys,
            bound: Vec::new(),
            shows,
            values,
        }
    }
}

/// A part of the key of firings, as it compares.
fn value(of: &Timeline, name: &str, transform: Transform) -> Option<Scalar> {
    let number = of.keys.iter().position(|known| known == name)?;
    let ty = ty(of, number)?;
    let column = Scalar::Column(Column { name: part(number), ty, multi: false });
    Some(match transformed(transform) {
        Some(spelling) => Scalar::Spelt(Box::new(column), spelling),
        None => column,
    })
}

fn not_carried(what: &str, name: &str, span: Span) -> Diagnostic {
    refuse(span, format!("no plan finds the {what} `{name}` of firings"))
        .help("use a part of the chained rule's key")
}

/// The type of a part of the key.
fn ty(timeline: &Timeline, part: usize) -> Option<ColumnType> {
    timeline.legs.iter().find_map(|leg| Some(leg.keys.get(part)?.as_ref()?.ty))
}

/// What firings carry: the clock and what identifies events, as all legs have it.
fn place(timeline: &Timeline) -> Arc<Place> {
    let mut clocks = timeline.legs.iter().map(|leg| leg.place.time.name.as_str());
    let clock = clocks.next().filter(|first| clocks.all(|other| other == *first));
    let name = clock.unwrap_or("Timestamp").to_owned();
    let mut identity: Vec<Column> = Vec::new();
    for column in timeline.legs.iter().flat_map(|leg| &leg.place.identity) {
        match identity.iter_mut().find(|known| known.name == column.name) {
            Some(known) if known.ty != column.ty => known.ty = ColumnType::Text,
            Some(_) => {}
            None if column.name == name => {}
            None => identity.push(column.clone()),
        }
    }
    Arc::new(Place {
        table: String::new(),
        category: String::new(),
        conditions: Vec::new(),
        among: None,
        lookup: None,
        time: Column { name, ty: ColumnType::Time, multi: false },
        identity,
    })
}

/// Pairs of patterns that one firing satisfies.
pub(super) fn overlaps(
    correlation: &Correlation,
    legs: &[Leg],
    found: &mut Vec<Diagnostic>,
) -> Vec<(PatternId, PatternId)> {
    let mut pairs = Vec::new();
    for (at, leg) in legs.iter().enumerate() {
        for (number, (one, _)) in leg.flags.iter().enumerate() {
            let here = leg.flags.iter().skip(number + 1);
            pairs.extend(here.map(|(other, _)| (*one.min(other), *one.max(other))));
            let elsewhere = legs.iter().skip(at + 1).filter(|other| other.firings == leg.firings);
            for (other, _) in elsewhere.flat_map(|other| &other.flags) {
                found.push(refuse_shared(correlation, *one, *other));
            }
        }
    }
    pairs
}
