//! The command `halfclose`.
fn main() {}
