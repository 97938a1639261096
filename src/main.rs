//! The `sigweave` command; everything is in the library.

fn main() {}
