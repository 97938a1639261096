//! How much YAML is read: every bound of the reader in one table, each with its code.
//!
//! Files come from pull requests; without bounds a few kilobytes can cost minutes or the stack.
//! Rules need a depth of about six and a few hundred values.

/// Bytes of a file (E0106): ten thousand rules.
pub const FILE_BYTES: usize = 16 << 20;

/// Bytes of one scalar (E0106); a long regular expression has a few thousand.
pub const SCALAR_BYTES: usize = 64 << 10;

/// Scalars, lists and mappings of a file (E0106).
pub const NODES: usize = 1_000_000;

/// Lists and mappings within each other (E0103).
pub const DEPTH: usize = 64;

/// Documents of a file, empty and broken ones included (E0105).
pub const DOCUMENTS: usize = 10_000;

/// Refused anchors, aliases and tags that are reported per document (E0104); the rest would repeat.
pub const ALIAS_REPORTS: usize = 10;

/// Findings of one kind of severity per file; a file with more is not worth more memory.
pub const FINDINGS: usize = 1_000;
