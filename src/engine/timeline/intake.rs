//! From events to occurrences: keys, bindings and the values that aggregates look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::event::{Event, Rename, Value};
use crate::engine::key::{KeyValues, key_values};
use crate::ir::{Correlation, FieldRef, PatternId, Transform};

use super::aggregate::entries;
use super::shape::Shape;
use super::state::{Hit, Occurrence};

/// Keys that one event with several values in its key fields may take part in.
const MOST_KEYS: usize = 1_024;

/// A pattern that an event satisfies, and what the event calls its log source's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// The pattern.
    pub pattern: PatternId,
    /// Names that differ.
    pub renames: &'static [Rename],
}

type Carried = Vec<Option<(FieldRef, Transform)>>;

/// How events become occurrences.
#[derive(Debug)]
pub(super) struct Intake {
    names: Vec<String>,
    /// Parts that all patterns carry: the key.
    keys: Vec<Carried>,
    /// Parts that some patterns carry.
    bindings: Vec<Carried>,
    show: Vec<(PatternId, FieldRef)>,
}

impl Intake {
    /// For a correlation.
    pub(super) fn new(correlation: &Correlation) -> Self {
        let carried_by_all = |fields: &Carried| {
            fields.len() >= correlation.patterns.len() && fields.iter().all(Option::is_some)
        };
        let (keys, bindings): (Vec<_>, Vec<_>) =
            correlation.keys.iter().partition(|key| carried_by_all(&key.fields));
        Self {
            names: keys.iter().map(|key| key.name.clone()).collect(),
            keys: keys.into_iter().map(|key| key.fields.clone()).collect(),
            bindings: bindings.into_iter().map(|key| key.fields.clone()).collect(),
            show: correlation.show.clone(),
        }
    }

    /// Names of the parts of the key.
    pub(super) fn key_names(&self) -> &[String] {
        &self.names
    }

    /// The occurrences of an event: one per key that it takes part in, by key.
    pub(super) fn occurrences(
        &self,
        shape: &Shape,
        time: i64,
        event: &Event,
        sightings: &[Sighting],
    ) -> Vec<(KeyValues, Occurrence)> {
        let mut by_key: BTreeMap<KeyValues, Vec<Sighting>> = BTreeMap::new();
        for sighting in sightings {
            for key in self.keys_of(event, *sighting) {
                by_key.entry(key).or_default().push(*sighting);
            }
        }
        let occurrence = |sightings: &[Sighting]| Occurrence {
            time,
            seq: 0,
            origin: event.origin.clone(),
            hits: sightings.iter().map(|sighting| self.hit(event, *sighting)).collect(),
            values: values(shape, event, sightings),
            show: self.shown(event, sightings),
        };
        by_key.into_iter().map(|(key, sightings)| (key, occurrence(&sightings))).collect()
    }

    /// The keys of a pattern's occurrence: one per combination of values; none if a part lacks.
    fn keys_of(&self, event: &Event, sighting: Sighting) -> Vec<KeyValues> {
        let mut keys = vec![Vec::new()];
        for part in &self.keys {
            let values = carried(part, event, sighting).unwrap_or_default();
            keys = keys
                .iter()
                .flat_map(|key: &KeyValues| {
                    values.iter().map(move |value| {
                        let mut longer = key.clone();
                        longer.push(value.clone());
                        longer
                    })
                })
                .take(MOST_KEYS)
                .collect();
        }
        keys
    }

    fn hit(&self, event: &Event, sighting: Sighting) -> Hit {
        let shared = |values: Vec<String>| values.into_iter().map(Arc::from).collect();
        let bound = self.bindings.iter();
        let bound = bound.map(|part| carried(part, event, sighting).map(shared)).collect();
        Hit { pattern: sighting.pattern, bound }
    }

    fn shown(&self, event: &Event, sightings: &[Sighting]) -> Vec<(usize, Value)> {
        let shown = self.show.iter().enumerate().filter_map(|(index, (pattern, field))| {
            let sighting = sightings.iter().find(|sighting| sighting.pattern == *pattern)?;
            let value = event.field(sighting.renames, &field.name)?;
            Some((index, value.clone()))
        });
        shown.collect()
    }
}

fn values(shape: &Shape, event: &Event, sightings: &[Sighting]) -> Vec<Vec<super::state::Entry>> {
    let matched: Vec<_> = sightings.iter().map(|of| (of.pattern, of.renames)).collect();
    shape.operands.iter().map(|operand| entries(operand, event, &matched)).collect()
}

/// The values of a part of a key in a pattern's occurrence; `None` if the pattern lacks the part.
fn carried(part: &Carried, event: &Event, sighting: Sighting) -> Option<Vec<String>> {
    let (field, transform) = part.get(sighting.pattern.0)?.as_ref()?;
    Some(key_values(event, sighting.renames, field, *transform))
}
