//! A scenario is everything a run depends on but its seed: one value that prints, parses and
//! compares. `keys` names each part of it, `file` reads and writes it as TOML.

mod arm;
pub(crate) mod clients;
mod expect;
pub mod fault;
pub mod file;
pub mod keys;
mod link;
pub(crate) mod nearest;
mod netem;
mod policy;
mod task;
pub mod units;
mod variants;

pub use arm::Arm;
pub use expect::Expect;
pub use fault::Fault;
pub use keys::InvalidSetting;
pub use link::{Burst, LinkConfig, Window};
pub use policy::PolicyChanges;
pub use task::{Command, Content, File, How, Listing, Origin, Task};
pub use variants::{Choice, Open, Pinned};

use std::time::Duration;

use halfclose_ftp::{
    AborReplies, Close, DownloadEnd, Judgement, OnFin, Representation, ServerModel,
};
use halfclose_stack::Congestion;

use crate::mutant::Mutant;

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

/// The client program and its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSetup {
    /// How many clients there are on its host: each does all of the tasks, with names of its own, and all
    /// begin at once.
    pub count: usize,
    /// A client of Q123208, which sets `close`, `host`, `mode`, `extended` and what its user sees.
    pub profile: Option<Profile>,
    /// How files are transferred.
    pub representation: Representation,
    /// Ask for the SIZE of an upload that did not end well.
    pub checks: bool,
    /// How it ends the data connection of an upload.
    pub close: Close,
    /// Close policy of its host, by name.
    pub host: String,
    /// Where its host differs from that.
    pub policy: PolicyChanges,
    /// Who opens the data connection.
    pub mode: DataMode,
    /// EPSV and EPRT (RFC 2428) first, PASV and PORT after a refusal.
    pub extended: bool,
    /// How long it waits for a reply; `None`: for ever.
    pub reply_timeout: Option<Duration>,
    /// What it takes for the end of a download.
    pub trusts: DownloadEnd,
    /// How it counts the replies after ABOR.
    pub abor_replies: AborReplies,
    /// Where it listens for active data connections; `None`: a free port.
    pub data_port: Option<u16>,
}

/// Who opens data connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataMode {
    /// The server connects to the client (PORT, EPRT).
    Active,
    /// The client connects to the server (PASV, EPSV).
    Passive,
}

/// The clients of Microsoft Knowledge Base Q123208.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// TCP/IP-32 3.11: ends PUT with a RST.
    Tcpip32_311,
    /// TCP/IP-32 3.11a by the article's list of affected versions: as 3.11.
    Tcpip32_311a,
    /// TCP/IP-32 3.11a by the article's resolution, which contradicts its list: as 3.11b.
    Tcpip32_311aCorrected,
    /// TCP/IP-32 3.11b: ends PUT with a FIN.
    Tcpip32_311b,
}

/// The server program and its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSetup {
    /// Close policy of its host, by name.
    pub host: String,
    /// Where its host differs from that.
    pub policy: PolicyChanges,
    /// Which real server it is like; `None`: none in particular.
    pub model: Option<&'static ServerModel>,
    /// What it makes of a reset while it stores a file; `None`: what its model says.
    pub on_reset: Option<Judgement>,
    /// How it ends the data connection of a download.
    pub close: Close,
    /// How long the program takes to take up a data connection that is there.
    pub accept_delay: Duration,
    /// How long it takes to look at bytes that have come.
    pub read_delay: Duration,
    /// How fast its disk takes bytes, in bytes per second; `None`: at once.
    pub store_rate: Option<u64>,
    /// How many bytes its disk has room for; `None`: any.
    pub capacity: Option<u64>,
    /// Where its active data connections leave from; `None`: a free port.
    pub active_port: Option<u16>,
    /// Bytes it says on an upload's data connection, unasked.
    pub chatter: usize,
    /// What it makes of an upload's FIN.
    pub on_fin: OnFin,
    /// How long a data connection may be silent; `None`: for ever.
    pub data_timeout: Option<Duration>,
}

/// What both TCPs have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSetup {
    /// Congestion control.
    pub congestion: Congestion,
    /// Receive buffer in bytes.
    pub receive_buffer: usize,
    /// Send buffer in bytes.
    pub send_buffer: usize,
    /// Nagle's algorithm (RFC 9293 §3.7.4).
    pub nagle: bool,
    /// Delayed acknowledgements (RFC 9293 §3.8.6.3); `None`: none.
    pub ack_delay: Option<Duration>,
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
            client: ClientSetup {
                count: 1,
                profile: None,
                representation: Representation::Image,
                checks: false,
                close: Close::Fin,
                host: "linux".to_owned(),
                policy: PolicyChanges::default(),
                mode: DataMode::Passive,
                extended: true,
                reply_timeout: None,
                trusts: DownloadEnd::Both,
                abor_replies: AborReplies::Counted,
                data_port: None,
            },
            server: ServerSetup {
                host: "linux".to_owned(),
                policy: PolicyChanges::default(),
                model: None,
                on_reset: Some(Judgement::ABORT),
                close: Close::Fin,
                accept_delay: Duration::ZERO,
                read_delay: Duration::ZERO,
                store_rate: None,
                capacity: None,
                active_port: None,
                chatter: 0,
                on_fin: OnFin::Done,
                // vsftpd's data_connection_timeout.
                data_timeout: Some(Duration::from_secs(300)),
            },
            tcp: TcpSetup {
                congestion: Congestion::Reno,
                // The most that needs no window scaling (RFC 7323 §2.1).
                receive_buffer: 65_535,
                send_buffer: 65_535,
                nagle: true,
                ack_delay: Some(Duration::from_millis(10)),
            },
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
    /// Whether anything in it can flip a bit: then both hosts need checksums.
    #[must_use]
    pub fn corrupts(&self) -> bool {
        let corrupt = |fault: &Fault| matches!(fault.action, fault::Action::Corrupt { .. });
        self.up.corrupt_ppm > 0 || self.down.corrupt_ppm > 0 || self.faults.iter().any(corrupt)
    }
}

impl ServerSetup {
    /// Make it like this one. What is set afterwards overrides it.
    pub fn set_model(&mut self, model: Option<&'static ServerModel>) {
        self.model = model;
        self.on_reset = if model.is_some() { None } else { Some(Judgement::ABORT) };
    }
}

impl Profile {
    /// Make `client` this one. What is set afterwards overrides it.
    pub fn apply(self, client: &mut ClientSetup) {
        client.profile = Some(self);
        client.close = match self {
            // Q123208: PUT ends with a RST.
            Self::Tcpip32_311 | Self::Tcpip32_311a => Close::ResetWhenSent,
            Self::Tcpip32_311aCorrected | Self::Tcpip32_311b => Close::Fin,
        };
        "wfw311".clone_into(&mut client.host);
        // Q129395: FTP.EXE listens and sends PORT. RFC 2428 is younger than it.
        client.mode = DataMode::Active;
        client.extended = false;
    }
}
