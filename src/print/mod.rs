//! AST ↔ text: how rules are written.
//!
//! [`weave`] prints a Weave file in its one style: same tokens, same comments, other blanks.
//!
//! `rule r{events:a=windows/image_load condition:a}` → the same on seven lines.

mod layout;
mod weave;

pub use weave::weave;
