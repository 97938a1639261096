//! What an analytic asks for, against what the rules and platforms of a project give: which evidence is
//! seen, and where one is blind and why.
//!
//! The analytic is data (`rules/an1246/analytic.toml`): classes of evidence, the telemetry in which each is
//! seen, the fields that are needed. Whether a platform has them is asked of the normal pipeline, which plans
//! a rule over these fields; this room puts the answers together and prints them.

mod layer;
mod markdown;
mod model;
mod report;
pub mod sysmon;
mod text;

pub use layer::layer;
pub use markdown::markdown;
pub use model::{Analytic, Class, LogSource, Mutable, Sample, Telemetry, parse};
pub use report::{
    Asked, Cell, Fact, Probe, Refused, Report, Row, Status, Verdict, milliseconds, report,
};
pub use text::text;

#[cfg(test)]
mod tests;
