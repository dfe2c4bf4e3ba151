//! The fuzz targets of halfclose share their bodies with the tests of the workspace.

pub mod bodies;
#[path = "../../../ftp/tests/session/cost.rs"]
pub mod cost;
