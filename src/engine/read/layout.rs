//! Layouts: what the names of a flat object's fields say, found out once for all objects with the
//! same names.
//!
//! Events of one kind have the same fields in the same order. For such objects, this knows which of
//! their values goes where in the event, which fields hold its time and which say its log source. The
//! names themselves are known by numbers, so that reading an object allocates its values only.
//!
//! `{"EventID": 1, "Channel": "Security"}` → names `Channel`, `EventID`; values 1 and 0 of the object.

use std::collections::HashMap;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use crate::engine::event::{Belongs, Event, Names, Origin, Value};

use super::json::{Json, Object};
use super::logsource::said;
use super::{TIMES, time, windows};

/// Names, layouts and log sources that are remembered at once; of more, all are forgotten.
const MOST_NAMES: usize = 20_000;
const MOST_LAYOUTS: usize = 2_000;

/// Fields that may say an event's log source.
const SAYING: [&str; 5] = ["_path", "Channel", "Provider_Name", "EventID", "EventType"];

/// Number of a name.
type NameId = u32;

/// An object: its names, by number, and values.
pub(super) type Flat = Vec<(NameId, Json)>;

/// All that is known so far.
#[derive(Debug, Default)]
pub(super) struct Layouts {
    names: NamesById,
    /// By the names of an object, in their order; `None`: it is not for us.
    layouts: HashMap<Vec<NameId>, Option<Arc<Layout>>>,
    /// Log sources by what the fields say.
    belongs: HashMap<String, Arc<[Belongs]>>,
    ids: Vec<NameId>,
    key: String,
}

#[derive(Debug, Default)]
struct NamesById {
    ids: HashMap<Box<str>, NameId>,
    names: Vec<Box<str>>,
    /// By number, the name that followed it last time; that of the first name is at 0.
    followers: Vec<NameId>,
}

#[derive(Debug)]
struct Layout {
    names: Names,
    /// For each name, the place of its value in the object, and whether another needs it, too.
    values: Vec<(usize, bool)>,
    /// Places of fields in the event that may hold its time, in the order in which they count.
    times: Vec<usize>,
    /// Places of fields in the event that may say its log source.
    saying: Vec<usize>,
}

impl Layouts {
    /// The object that a line holds.
    pub(super) fn parse(&mut self, line: &[u8]) -> Option<Flat> {
        if self.names.names.len() > MOST_NAMES
            || self.layouts.len() > MOST_LAYOUTS
            || self.belongs.len() > MOST_LAYOUTS
        {
            *self = Self::default();
        }
        let mut line = serde_json::Deserializer::from_slice(line);
        let object = (&mut self.names).deserialize(&mut line).ok()?;
        line.end().ok()?;
        Some(object)
    }

    /// The event that an object is, with its time and what its fields say of its log source; `None` if
    /// the object is not flat, or says more of itself.
    pub(super) fn event(&mut self, object: &mut Flat, origin: &Origin) -> Option<Event> {
        if !object.iter().all(|(_, value)| value.is_flat()) {
            return None;
        }
        self.spread_hashes(object);
        let layout = self.layout(object)?;
        let mut values = Vec::with_capacity(layout.values.len());
        for (place, is_shared) in &layout.values {
            let (_, value) = object.get_mut(*place)?;
            let value =
                if *is_shared { value.clone() } else { std::mem::replace(value, Json::NULL) };
            values.push(value.plain());
        }
        let mut event = Event::of(origin.clone(), Arc::clone(&layout.names), values);
        event.time = layout.times.iter().find_map(|place| event.at(*place).and_then(time));
        event.belongs = self.belongs(&layout, &event);
        Some(event)
    }

    /// An object with its names.
    pub(super) fn named(&self, object: Flat) -> Object {
        let name = |id: NameId| self.names.names.get(id as usize).map_or("", AsRef::as_ref);
        object.into_iter().map(|(id, value)| (name(id).to_owned(), value)).collect()
    }

    /// Adds the hashes that a list of hashes holds.
    fn spread_hashes(&mut self, object: &mut Flat) {
        let list = ["Hashes", "Hash"].iter().find_map(|name| {
            let id = self.names.ids.get(*name)?;
            object.iter().find(|(name, _)| name == id).map(|(_, value)| value)
        });
        let Some(Json::Scalar(Value::Text(list))) = list else { return };
        let hashes = windows::hashes(list);
        let found: Flat =
            hashes.map(|(name, hash)| (self.names.id(name), Json::Scalar(hash.into()))).collect();
        object.extend(found);
    }

    fn layout(&mut self, object: &Flat) -> Option<Arc<Layout>> {
        self.ids.clear();
        self.ids.extend(object.iter().map(|(name, _)| *name));
        if let Some(known) = self.layouts.get(&self.ids) {
            return known.clone();
        }
        let names = self.ids.iter().filter_map(|id| self.names.names.get(*id as usize));
        let layout = Layout::new(&names.map(AsRef::as_ref).collect::<Vec<_>>()).map(Arc::new);
        self.layouts.insert(self.ids.clone(), layout.clone());
        layout
    }

    fn belongs(&mut self, layout: &Layout, event: &Event) -> Arc<[Belongs]> {
        self.key.clear();
        for place in &layout.saying {
            self.key.push_str(layout.names.get(*place).map_or("", AsRef::as_ref));
            if let Some(text) = event.at(*place).and_then(Value::text) {
                self.key.push('=');
                self.key.push_str(&text);
            }
            self.key.push('\0');
        }
        if let Some(known) = self.belongs.get(&self.key) {
            return Arc::clone(known);
        }
        let fields = layout.saying.iter().filter_map(|place| {
            Some((layout.names.get(*place)?.to_string(), event.at(*place)?.clone()))
        });
        let belongs: Arc<[Belongs]> = said(&fields.collect::<Vec<_>>()).into();
        self.belongs.insert(self.key.clone(), Arc::clone(&belongs));
        belongs
    }
}

impl Layout {
    /// The layout of objects with these names; `None` if they say more than their fields' names.
    fn new(names: &[&str]) -> Option<Self> {
        if names.iter().any(|name| name.starts_with("logsource") || name.starts_with("winlog.")) {
            return None;
        }
        // Places go the way that values would go.
        let places = (0..).zip(names).map(|(at, name)| ((*name).to_owned(), Value::Integer(at)));
        let mut fields: Vec<(String, Value)> = places.collect();
        windows::rename(&mut fields);
        let event = Event::new(Origin { file: "".into(), line: 0 }, fields);
        let places: Vec<usize> = event.fields().filter_map(|(_, value)| place(value)).collect();
        let is_later = |at: usize, place: &usize| places.iter().skip(at + 1).any(|of| of == place);
        let found =
            |names: &[&str]| names.iter().filter_map(|name| event.place(&[], name)).collect();
        Some(Self {
            values: places.iter().enumerate().map(|(at, of)| (*of, is_later(at, of))).collect(),
            times: found(TIMES),
            saying: found(&SAYING),
            names: Arc::clone(event.names()),
        })
    }
}

fn place(value: &Value) -> Option<usize> {
    match value {
        Value::Integer(place) => usize::try_from(*place).ok(),
        Value::Null | Value::Text(_) | Value::Real(_) | Value::Boolean(_) | Value::List(_) => None,
    }
}

impl NamesById {
    /// The number of a name that follows another.
    fn following(&mut self, before: Option<NameId>, name: &str) -> NameId {
        let slot = before.map_or(0, |before| before as usize + 1);
        if let Some(id) = self.followers.get(slot)
            && self.names.get(*id as usize).is_some_and(|known| known.as_ref() == name)
        {
            return *id;
        }
        let id = self.id(name);
        if self.followers.len() <= slot {
            self.followers.resize(slot + 1, NameId::MAX);
        }
        if let Some(follower) = self.followers.get_mut(slot) {
            *follower = id;
        }
        id
    }

    fn id(&mut self, name: &str) -> NameId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = NameId::try_from(self.names.len()).unwrap_or(NameId::MAX);
        self.names.push(name.into());
        self.ids.insert(name.into(), id);
        id
    }
}

impl<'de> DeserializeSeed<'de> for &mut NamesById {
    type Value = Flat;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Flat, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut NamesById {
    type Value = Flat;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Flat, A::Error> {
        let mut object: Flat = Vec::with_capacity(32);
        while let Some(name) = {
            let before = object.last().map(|(name, _)| *name);
            map.next_key_seed(Follower { names: self, before })?
        } {
            object.push((name, map.next_value()?));
        }
        Ok(object)
    }
}

/// A name that follows another.
struct Follower<'n> {
    names: &'n mut NamesById,
    before: Option<NameId>,
}

impl<'de> DeserializeSeed<'de> for Follower<'_> {
    type Value = NameId;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<NameId, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Follower<'_> {
    type Value = NameId;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<NameId, E> {
        Ok(self.names.following(self.before, name))
    }
}
