//! Sigweave compiles detection rules: Sigma and Weave in, Splunk SPL, Microsoft KQL, Elastic EQL
//! and ES|QL out, exact or refused with a reason.
//!
//! Text goes in at the top of the house and leaves at the bottom; each room knows only what is
//! above it (`docs/architecture.md`):
//!
//! `source` ← `diagnostic` ← `yaml` ← `syntax`, `taxonomy`, `platform`, `project`;
//! `check`: syntax + taxonomy → `ir`; `lint`: syntax; `plan`: ir + platform; `backend`: plan → queries;
//! `engine`: ir; `emit`: queries + project → outputs; `pivot`, `coverage`: beside the pipeline; `cli`:
//! everything.

pub mod backend;
pub mod check;
pub mod cli;
pub mod coverage;
pub mod diagnostic;
pub mod emit;
pub mod engine;
pub mod ir;
pub mod lint;
pub mod pivot;
pub mod plan;
pub mod platform;
pub mod print;
pub mod project;
pub mod source;
pub mod syntax;
pub mod taxonomy;
pub mod yaml;
