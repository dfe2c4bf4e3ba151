//! `scenario::setup` is each end of a scenario: the client and the server program, the hosts they run
//! on, and what both TCPs have in common.

use std::time::Duration;

use halfclose_ftp::{
    AborReplies, Close, DataMode, DownloadEnd, Judgement, OnFin, Representation, ServerModel,
};
use halfclose_stack::{
    ClosePolicy, Congestion, DataAfterClose, ReceivedAtReset, ResetValidation, UnreadAtClose,
};

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

impl Default for ClientSetup {
    /// A plain client on a Linux host.
    fn default() -> Self {
        Self {
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
        }
    }
}

impl Default for ServerSetup {
    /// A plain server on a Linux host.
    fn default() -> Self {
        Self {
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
        }
    }
}

impl Default for TcpSetup {
    /// Reno, Nagle, delayed acknowledgements, and 65,535-byte buffers.
    fn default() -> Self {
        Self {
            congestion: Congestion::Reno,
            // The most that needs no window scaling (RFC 7323 §2.1).
            receive_buffer: 65_535,
            send_buffer: 65_535,
            nagle: true,
            ack_delay: Some(Duration::from_millis(10)),
        }
    }
}

/// Changes to a close policy; `None`: as the policy has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyChanges {
    /// `close` with bytes unread.
    pub unread_at_close: Option<UnreadAtClose>,
    /// Data after `close`.
    pub data_after_close: Option<DataAfterClose>,
    /// Bytes already received, at a reset.
    pub received_at_reset: Option<ReceivedAtReset>,
    /// Which resets count.
    pub reset_validation: Option<ResetValidation>,
    /// How long an orphan waits in FIN-WAIT-2; inside, `None`: for ever.
    pub fin_wait_2: Option<Option<Duration>>,
    /// How long a closed connection may go on delivering; inside, `None`: no limit of its own.
    pub linger: Option<Option<Duration>>,
}

impl PolicyChanges {
    /// The policy of that name, changed.
    ///
    /// # Panics
    /// If there is no such policy (`keys` refuses the name).
    #[must_use]
    pub fn of(&self, name: &str) -> ClosePolicy {
        let base = ClosePolicy::by_name(name)
            .expect("a scenario names only the close policies that are there");
        ClosePolicy {
            unread_at_close: self.unread_at_close.unwrap_or(base.unread_at_close),
            data_after_close: self.data_after_close.unwrap_or(base.data_after_close),
            received_at_reset: self.received_at_reset.unwrap_or(base.received_at_reset),
            reset_validation: self.reset_validation.unwrap_or(base.reset_validation),
            fin_wait_2: self.fin_wait_2.unwrap_or(base.fin_wait_2),
            linger: self.linger.unwrap_or(base.linger),
        }
    }
}

impl ServerSetup {
    /// The words for what a server makes of a reset, as scenario files write them.
    pub const ON_RESET: &'static [(&'static str, Option<Judgement>)] = &[
        ("abort", Some(Judgement::ABORT)),
        ("abort-delete", Some(Judgement::ABORT_DELETE)),
        ("as-eof", Some(Judgement::AS_EOF)),
        ("perror-reply", Some(Judgement::PERROR_REPLY)),
        ("drop-control", Some(Judgement::DROP_CONTROL)),
        ("as-model", None),
    ];

    /// Make it like this one. What is set afterwards overrides it.
    pub fn set_model(&mut self, model: Option<&'static ServerModel>) {
        self.model = model;
        self.on_reset = if model.is_some() { None } else { Some(Judgement::ABORT) };
    }
}

impl Profile {
    /// The words for the profiles, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("tcpip32-3.11", Self::Tcpip32_311),
        ("tcpip32-3.11a", Self::Tcpip32_311a),
        ("tcpip32-3.11a-corrected", Self::Tcpip32_311aCorrected),
        ("tcpip32-3.11b", Self::Tcpip32_311b),
    ];

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
