//! The log sources that an event belongs to: what it says itself, what its channel or log says, and
//! all those that hold them.
//!
//! `{"logsource": {"product": "windows", "category": "registry_set"}, …}` → `windows/registry_set`,
//! `category:registry_set`, `windows/registry_event`, …, `windows`.

use crate::engine::event::{Belongs, Value};
use crate::taxonomy::Parts;

use super::json::{Json, Object, get};
use super::{windows, zeek};

/// The log sources that events of a log source belong to: itself, and those that hold it.
#[must_use]
pub fn of_key(key: &str) -> Vec<Belongs> {
    let Parts { product, category, service } = Parts::of(key);
    let registry = ["registry_add", "registry_delete", "registry_set", "registry_rename"];
    let event = category.filter(|of| registry.contains(of)).map(|_| "registry_event");
    let mut belongs: Vec<Belongs> = Vec::new();
    for category in [category, event, None] {
        for service in [service, None] {
            for product in [product, None] {
                let key = Parts { product, category, service }.key();
                if !key.is_empty() && !belongs.iter().any(|known| known.logsource == key) {
                    let renames = zeek::renames(&key);
                    belongs.push(Belongs { logsource: key.into(), renames });
                }
            }
        }
    }
    belongs
}

/// Takes out of an event what it says itself of its log source, and the log sources that it means:
/// `{"logsource": {"product": "windows", …}}`, `{"logsource.product": "windows", …}`, or the key as a
/// text.
pub(super) fn explicit(object: &mut Object) -> Vec<Belongs> {
    let is_said = |key: &str| key.strip_prefix("logsource").is_some_and(is_end);
    if !object.iter().any(|(key, _)| is_said(key)) {
        return Vec::new();
    }
    let named = |name: &str| {
        let nested = || get(object, "logsource")?.get(name)?.text();
        let dotted = || get(object, &format!("logsource.{name}"))?.text();
        nested().or_else(dotted).map(|text| text.trim().to_lowercase()).filter(|of| !of.is_empty())
    };
    let key = match get(object, "logsource").and_then(Json::text) {
        Some(key) => key.trim().to_lowercase(),
        None => {
            let (product, category) = (named("product"), named("category"));
            let service = named("service");
            let parts = Parts {
                product: product.as_deref(),
                category: category.as_deref(),
                service: service.as_deref(),
            };
            parts.key()
        }
    };
    let belongs = if key.is_empty() { Vec::new() } else { of_key(&key) };
    if !belongs.is_empty() {
        object.retain(|(key, _)| !is_said(key));
    }
    belongs
}

/// Whether nothing but a part's name follows `logsource`.
fn is_end(rest: &str) -> bool {
    matches!(rest, "" | ".product" | ".category" | ".service" | ".definition")
}

/// The log sources that an event's fields say it is of.
pub(super) fn said(fields: &[(String, Value)]) -> Vec<Belongs> {
    let path = fields.iter().find(|(name, _)| name == "_path");
    match path.and_then(|(_, value)| value.text()) {
        Some(path) => of_zeek(&path),
        None => windows::belongs(fields),
    }
}

/// The log sources of a log of Zeek's.
pub(super) fn of_zeek(path: &str) -> Vec<Belongs> {
    of_key(&format!("zeek/service:{path}"))
}
