//! Text → AST. Never fails: what cannot be read is reported and left out.

pub mod ast;
pub mod sigma;
pub mod weave;
