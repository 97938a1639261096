//! What matchers see of an event: the texts of the fields they ask for, taken and folded once.

use std::borrow::Cow;
use std::cell::OnceCell;

use indexmap::IndexSet;

use crate::engine::event::{Event, Rename, Value};
use crate::engine::fold::fold;

use super::text::Case;

/// The fields that the matchers of a log source ask for; a field's slot is its index.
#[derive(Debug, Clone, Default)]
pub struct Slots {
    names: IndexSet<String>,
}

impl Slots {
    /// The slot of a field, a new one if need be.
    pub fn add(&mut self, name: &str) -> usize {
        match self.names.get_index_of(name) {
            Some(slot) => slot,
            None => self.names.insert_full(name.to_owned()).0,
        }
    }
}

/// An event as the matchers of a log source see it.
#[derive(Debug)]
pub struct View<'e> {
    event: &'e Event,
    slots: Vec<Slot<'e>>,
    raw: OnceCell<Vec<Cow<'e, str>>>,
    folded: OnceCell<Vec<Cow<'e, str>>>,
}

#[derive(Debug)]
struct Slot<'e> {
    value: Option<&'e Value>,
    raw: OnceCell<Texts<'e>>,
    folded: OnceCell<Texts<'e>>,
}

/// Texts, of which there is usually one.
#[derive(Debug)]
enum Texts<'e> {
    One(Cow<'e, str>),
    Many(Vec<Cow<'e, str>>),
}

impl<'e> View<'e> {
    /// The event with the field names of a log source.
    #[must_use]
    pub fn new(event: &'e Event, renames: &[Rename], slots: &Slots) -> Self {
        let slot = |name: &String| Slot {
            value: event.field(renames, name),
            raw: OnceCell::new(),
            folded: OnceCell::new(),
        };
        Self {
            event,
            slots: slots.names.iter().map(slot).collect(),
            raw: OnceCell::new(),
            folded: OnceCell::new(),
        }
    }

    /// The value of a field, if the event has it.
    pub(super) fn value(&self, slot: usize) -> Option<&'e Value> {
        self.slots.get(slot).and_then(|slot| slot.value)
    }

    /// The texts of a field: one per value that is not null.
    pub(super) fn texts(&self, slot: usize, case: Case) -> &[Cow<'e, str>] {
        let Some(slot) = self.slots.get(slot) else { return &[] };
        let raw = || slot.raw.get_or_init(|| Texts::of(slot.value));
        let texts = match case {
            Case::Exact => raw(),
            Case::Folded => slot.folded.get_or_init(|| raw().folded()),
        };
        texts.as_slice()
    }

    /// The texts of all fields.
    pub(super) fn everything(&self, case: Case) -> &[Cow<'e, str>] {
        let raw = || self.event.fields().flat_map(|(_, value)| texts(Some(value))).collect();
        match case {
            Case::Exact => self.raw.get_or_init(raw),
            Case::Folded => self.folded.get_or_init(|| folded(self.raw.get_or_init(raw))),
        }
    }
}

impl<'e> Texts<'e> {
    fn of(value: Option<&'e Value>) -> Self {
        match value {
            Some(Value::Text(text)) => Self::One(Cow::Borrowed(text)),
            other => Self::Many(texts(other)),
        }
    }

    fn folded(&self) -> Self {
        match self {
            Self::One(text) => Self::One(Cow::Owned(fold(text))),
            Self::Many(texts) => Self::Many(folded(texts)),
        }
    }

    fn as_slice(&self) -> &[Cow<'e, str>] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

fn texts(value: Option<&Value>) -> Vec<Cow<'_, str>> {
    let mut texts = Vec::new();
    if let Some(value) = value {
        value.scalars(&mut |scalar| texts.extend(scalar.text()));
    }
    texts
}

fn folded<'e>(raw: &[Cow<'e, str>]) -> Vec<Cow<'e, str>> {
    raw.iter().map(|text| Cow::Owned(fold(text))).collect()
}
