//! `explain`: what the analysis says of captures, beside what is true.

mod accuracy;
mod bounded;
mod cases;
mod damaged;
#[path = "../soak/every_key.rs"]
mod every_key;
mod mixed;
mod pairing;
mod recreated;
