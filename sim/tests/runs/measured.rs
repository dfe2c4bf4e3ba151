//! Every row that was measured of a real server, beside what its model does in the simulation: the
//! same results, all of them and no other, or a place in the list of divergences with its reason.
//! docs/MODELS.md says what the rows are and how each was mapped.

mod control;
mod measurements;
mod script;
mod stor;
