//! The library as another crate uses it: the checks of a test, and a package outside the workspace.

mod check;
mod package;
