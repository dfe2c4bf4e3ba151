//! A scenario is everything a run depends on but its seed: one value that prints, parses and
//! compares. `keys` names each part of it, `file` reads and writes it as TOML.

mod arm;
pub mod catalogue;
mod clients;
mod consistency;
pub mod fault;
pub mod file;
pub mod keys;
mod link_config;
pub(crate) mod nearest;
mod netem;
mod setup;
mod task;
pub mod units;
mod values;
mod variants;

pub use arm::{Arm, Expect};
pub use fault::Fault;
pub use halfclose_ftp::DataMode;
pub use link_config::{Blackout, Burst, LinkConfig};
pub use setup::{ClientSetup, PolicyChanges, Profile, ServerSetup, TcpSetup};
pub use task::{Content, File, FileCommand, Listing, Origin, Task, Verb, WriteMode};
pub use values::InvalidSetting;
pub use variants::{Choice, Open, Pinned};

use std::time::Duration;

use halfclose_stack::ClosePolicy;

use crate::mutant::Mutant;
use crate::side::Side;

/// Everything a run depends on but its seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name in the catalogue, or the stem of its file.
    pub name: String,
    /// One line: what is to be seen.
    pub about: String,
    /// Where the story comes from: an article, an issue, a measurement.
    pub source: String,
    /// The story, for `show`: what the source says, and what is ours.
    pub story: String,
    /// Client to server.
    pub up: LinkConfig,
    /// Server to client.
    pub down: LinkConfig,
    /// Largest IPv4 packet, in bytes, in both directions.
    pub mtu: usize,
    /// After so long a silence of a connection a middlebox forgets it: then its packets vanish, both
    /// ways. `None`: never.
    pub nat_timeout: Option<Duration>,
    /// The client program and the host it runs on.
    pub client: ClientSetup,
    /// The server program and the host it runs on.
    pub server: ServerSetup,
    /// What both TCPs have in common.
    pub tcp: TcpSetup,
    /// What the client is asked to do, in order.
    pub tasks: Vec<Task>,
    /// What goes wrong, packet by packet, beside what the link does at random.
    pub faults: Vec<Fault>,
    /// What must come of it, for the exit status.
    pub expect: Expect,
    /// What else it can be: mended, or broken.
    pub arms: Vec<Arm>,
    /// Where a run is cut off.
    pub limit: Limit,
    /// A lie that the world tells, for testing the laws.
    pub mutant: Option<Mutant>,
    /// The seed of its runs, unless another is named; `None`: 0.
    pub seed: Option<u64>,
    /// Keys with several values, if it has any: it is [pinned](Self::pin) before it runs.
    pub open: Option<Box<Open>>,
}

/// Where a run is cut off; then it is `stuck`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Virtual time.
    pub time: Duration,
    /// Packets, of both directions.
    pub packets: u64,
}

impl Default for Scenario {
    /// A plain client uploads 10,000 bytes to a plain server over a link that loses nothing.
    fn default() -> Self {
        let link = LinkConfig::default();
        let file = File::new("a.bin");
        Self {
            name: String::new(),
            about: String::new(),
            source: String::new(),
            story: String::new(),
            up: link.clone(),
            down: link,
            mtu: 1500,
            nat_timeout: None,
            client: ClientSetup::default(),
            server: ServerSetup::default(),
            tcp: TcpSetup::default(),
            tasks: vec![Task::Put(file)],
            faults: Vec::new(),
            expect: Expect::default(),
            arms: Vec::new(),
            // Above every timer of TCP and FTP (the longest is TCP's 15 minutes), several times.
            limit: Limit { time: Duration::from_secs(4 * 3600), packets: 10_000_000 },
            mutant: None,
            seed: None,
            open: None,
        }
    }
}

impl Scenario {
    /// The direction of the link into which `sender` sends.
    #[must_use]
    pub fn link(&self, sender: Side) -> &LinkConfig {
        match sender {
            Side::Client => &self.up,
            Side::Server => &self.down,
        }
    }

    /// The direction of the link into which `sender` sends, for changing.
    pub fn link_mut(&mut self, sender: Side) -> &mut LinkConfig {
        match sender {
            Side::Client => &mut self.up,
            Side::Server => &mut self.down,
        }
    }

    /// The close policy of the host of `side`.
    #[must_use]
    pub fn close_policy(&self, side: Side) -> ClosePolicy {
        match side {
            Side::Client => self.client.policy.of(&self.client.host),
            Side::Server => self.server.policy.of(&self.server.host),
        }
    }

    /// Whether anything in it can flip a bit: then both hosts need checksums.
    #[must_use]
    pub fn corrupts(&self) -> bool {
        let corrupt = |fault: &Fault| matches!(fault.action, fault::Action::Corrupt { .. });
        self.up.corrupt_ppm > 0 || self.down.corrupt_ppm > 0 || self.faults.iter().any(corrupt)
    }
}
