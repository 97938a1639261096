//! Which firings raise alerts: `alert: suppress by host for 24h`.
//!
//! A firing raises an alert unless one was raised less than the span before it for the same parts
//! of the key. Firings that raise none are firings all the same: they are counted and reported.

use std::collections::HashMap;

use crate::engine::key::KeyValues;
use crate::ir::Suppress;

/// The alerts that were raised.
#[derive(Debug)]
pub(super) struct Alerts {
    /// The parts of the key that have to be the same, by index; none: all of them.
    by: Vec<usize>,
    span: i64,
    /// When the last one was raised, by those parts.
    last: HashMap<KeyValues, i64>,
}

impl Alerts {
    /// None so far; `names` are those of the key's parts.
    pub(super) fn new(suppress: &Suppress, names: &[String]) -> Self {
        let places = suppress.by.iter().filter_map(|by| names.iter().position(|name| name == by));
        let span = super::millis(suppress.span);
        Self { by: places.collect(), span, last: HashMap::new() }
    }

    /// Whether a firing raises an alert; firings come in time order.
    pub(super) fn raise(&mut self, key: &KeyValues, time: i64) -> bool {
        let parts = if self.by.is_empty() {
            key.clone()
        } else {
            self.by.iter().filter_map(|at| key.get(*at).cloned()).collect()
        };
        let is_suppressed =
            self.last.get(&parts).is_some_and(|last| time < last.saturating_add(self.span));
        if !is_suppressed {
            self.last.insert(parts, time);
        }
        !is_suppressed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(by: &[&str], firings: &[(&str, &str, i64)]) -> Vec<i64> {
        let suppress =
            Suppress { by: by.iter().map(|part| (*part).to_owned()).collect(), span: 1_000 };
        let mut alerts = Alerts::new(&suppress, &["host".to_owned(), "user".to_owned()]);
        let raises = |(host, user, time): &(&str, &str, i64)| {
            let key = vec![(*host).to_owned(), (*user).to_owned()];
            alerts.raise(&key, *time).then_some(*time)
        };
        firings.iter().filter_map(raises).collect()
    }

    #[test]
    fn the_span_begins_at_an_alert_and_is_over_at_its_end() {
        let firings = [("a", "u", 0), ("a", "u", 999), ("a", "u", 1_000), ("a", "u", 1_500)];
        assert_eq!(raised(&[], &firings), [0, 1_000]);
    }

    #[test]
    fn only_the_named_parts_have_to_be_the_same() {
        let firings = [("a", "u", 0), ("a", "v", 1), ("b", "u", 2)];
        assert_eq!(raised(&[], &firings), [0, 1, 2]);
        assert_eq!(raised(&["host"], &firings), [0, 2]);
        assert_eq!(raised(&["user"], &firings), [0, 1]);
    }
}
