//! Log sources, their fields and the fields' types: the neutral names that rules use.
//!
//! Data is in `rules/taxonomy`, one file per log source, read when it is asked for.

mod types;

pub use types::{Hash, Type};
