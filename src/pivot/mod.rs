//! Certificates and what is known of them → indicators with scores, clusters, and rules that hunt for them.
//!
//! `evil.pem` → SHA-1, SHA-256, hash of the key, serial number, names, validity; for each of these a
//! score with its reasons; a Weave rule per key and log source, which the normal pipeline turns into
//! queries, so that values of a certificate, which its owner chose, never leave their quotes.
//!
//! Nothing is asked of any network. Scores of what only telemetry knows (how many clients saw it, which
//! network a server is in) are the analyst's: `docs/an1976.md`.

mod base64;
mod blob;
mod certificate;
mod cluster;
mod hunt;
mod indicator;
mod input;
mod name;
mod pem;
mod rows;
mod score;
mod shapes;

pub use cluster::{Cluster, clusters};
pub use hunt::{Hunt, hunts};
pub use indicator::{Indicator, lookup, shown};
pub use input::read;
pub use score::{Band, Key, keys};

#[cfg(test)]
mod tests;
