//! `explain`: what the analysis says of captures, beside what is true.

mod accuracy;
mod bounded;
mod cases;
mod damaged;
mod mixed;
mod recreated;
