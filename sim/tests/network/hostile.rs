//! Our server among hostile and unlucky clients: the program on 127.0.0.1, and a figure for each
//! attack. Under every attack the server answers clearly or closes, replaces no file by half, and
//! serves the next client.

mod client;
mod crowd;
mod disk;
mod ending;
mod flood;
pub(crate) mod hung_disk;
mod large;
mod limits;
mod paths;
pub(crate) mod raw;
mod refused;
pub(crate) mod resident;
mod slow;
mod survivors;
mod turns;
mod walls;
