//! `scenario` owns the value on which a run depends beside the run's seed: a [`Scenario`] prints,
//! parses and compares.
//!
//! To add a key: add a field here or in `scenario/setup.rs`, with a default, and a row in
//! `scenario/keys/key_table.rs` (`link_keys.rs` for the link, `policy_keys.rs` for a host's close
//! policy, `task_keys.rs` for a task, `expect_keys.rs` for the expectation). `-s`, files, `show`
//! and lists of values follow from the row. A check against another key goes to `consistency.rs`,
//! the effect of the key to `world/configure.rs`.

mod arm;
pub(crate) mod catalogue;
mod clients;
mod consistency;
pub(crate) mod fault;
pub(crate) mod file;
pub(crate) mod keys;
mod link_config;
pub(crate) mod nearest;
mod netem;
mod setup;
mod task;
pub(crate) mod units;
mod values;
mod variants;

pub use arm::{Arm, Expect};
pub use fault::{Action, Fault, Forged, Forgery, OnChannel, PacketName, Which};
pub use halfclose_ftp::DataMode;
pub use keys::{KEYS, Key};
pub use link_config::{Blackout, Burst, LinkConfig};
pub use setup::{ClientSetup, PolicyChanges, Profile, ServerSetup, TcpSetup};
pub use task::{Content, File, FileCommand, Listing, Origin, Task, Verb, WriteMode};
pub use values::InvalidSetting;
pub use variants::{Choice, Open, Pinned};

use std::time::Duration;

use halfclose_stack::ClosePolicy;

use crate::mutant::Mutant;
use crate::side::Side;

/// Everything on which a run depends, except the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Name in the catalogue, or the stem of the file's name.
    pub name: String,
    /// The effect to be seen, in one line.
    pub about: String,
    /// Where the story comes from: an article, an issue, a measurement.
    pub source: String,
    /// The story for `show`: the source's account, and our own additions.
    pub story: String,
    /// The link from client to server.
    pub up: LinkConfig,
    /// The link from server to client.
    pub down: LinkConfig,
    /// Largest IPv4 packet, in bytes, in both directions.
    pub mtu: usize,
    /// Silence of a connection after which a middlebox (NAT) forgets the connection and drops
    /// packets in both directions. `None`: never.
    pub nat_timeout: Option<Duration>,
    /// The client program and the host it runs on.
    pub client: ClientSetup,
    /// The server program and the host it runs on.
    pub server: ServerSetup,
    /// Settings that both TCPs share.
    pub tcp: TcpSetup,
    /// The client's tasks, in order.
    pub tasks: Vec<Task>,
    /// Faults of single packets, in addition to the link's random faults.
    pub faults: Vec<Fault>,
    /// The expected outcome of a run, for the exit status.
    pub expect: Expect,
    /// Variants of the scenario: one thing mended, or broken.
    pub arms: Vec<Arm>,
    /// Where a run is cut off.
    pub limit: Limit,
    /// A deliberate bug of the world, for testing the laws.
    pub mutant: Option<Mutant>,
    /// The seed of a run if the caller names none; `None`: 0.
    pub seed: Option<u64>,
    /// Keys with several values. [`pin`](Self::pin) chooses a value for each key before a run.
    pub open: Option<Box<Open>>,
}

/// The limits of a run. A run that reaches a limit is `stuck`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Virtual time since the beginning.
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
    /// The bytes of the buffers of all connections in a run: each client has two connections at a time,
    /// with two ends each.
    pub(crate) fn ring_bytes(&self) -> usize {
        let end = self.tcp.receive_buffer.saturating_add(self.tcp.send_buffer);
        end.saturating_mul(4).saturating_mul(self.client.count)
    }

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

    /// Whether a link or a fault can flip a bit: then both hosts need checksums.
    #[must_use]
    pub fn corrupts(&self) -> bool {
        let corrupt = |fault: &Fault| matches!(fault.action, Action::Corrupt { .. });
        self.up.corrupt_ppm > 0 || self.down.corrupt_ppm > 0 || self.faults.iter().any(corrupt)
    }
}
