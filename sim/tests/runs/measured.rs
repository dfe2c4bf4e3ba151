//! Every measured row of a real server beside the model in the simulation: the same results and
//! nothing else, or a place in the list of divergences with a reason. docs/MODELS.md explains the
//! rows and the mapping.

mod control;
mod measurements;
mod script;
mod stor;
