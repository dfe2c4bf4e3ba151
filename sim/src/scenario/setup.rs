//! `setup` owns the settings of each end of a scenario: the client and the server program, the
//! hosts on which the programs run, and the settings that both TCPs share.

use std::time::Duration;

use halfclose_ftp::{
    AborReplies, ClientHabit, Close, DataMode, DownloadEnd, Judgement, OnFin, Representation,
    ServerHabit, ServerModel,
};
use halfclose_stack::{
    ClosePolicy, Congestion, DataAfterClose, OldSegments, ReceivedAtReset, ResetTold,
    ResetValidation, SynRetries, TIME_WAIT, UnreadAtClose,
};

/// The client program and its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSetup {
    /// How many clients run on the host. Each client does all tasks under names of its own, and all
    /// clients begin at the same time.
    pub count: usize,
    /// A client of Q123208: sets `close`, `host`, `mode`, `extended` and the texts for the user.
    pub profile: Option<Profile>,
    /// How files are transferred.
    pub representation: Representation,
    /// Whether the client asks for the SIZE of an upload after a failure.
    pub checks: bool,
    /// How the client ends the data connection of an upload.
    pub close: Close,
    /// After how many bytes of an upload the client ends the data connection; `None`: after all.
    pub close_after: Option<u64>,
    /// The pause before the client's RST.
    pub reset_delay: Duration,
    /// Name of the host's close policy.
    pub host: String,
    /// Where the host differs from the named close policy.
    pub policy: PolicyChanges,
    /// Who opens the data connection.
    pub mode: DataMode,
    /// EPSV and EPRT (RFC 2428) first, PASV and PORT after a refusal.
    pub extended: bool,
    /// How long the client waits for a reply; `None`: for ever.
    pub reply_timeout: Option<Duration>,
    /// The sign by which the client recognises the end of a download.
    pub trusts: DownloadEnd,
    /// How the client counts the replies after ABOR.
    pub abor_replies: AborReplies,
    /// What the client program does wrong; `None`: nothing.
    pub habit: Option<ClientHabit>,
    /// The port where the client listens for active data connections; `None`: a free port.
    pub data_port: Option<u16>,
}

/// The clients of Microsoft Knowledge Base Q123208.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// TCP/IP-32 3.11: ends PUT with a RST.
    Tcpip32_311,
    /// TCP/IP-32 3.11a by the article's list of affected versions: as 3.11.
    Tcpip32_311a,
    /// TCP/IP-32 3.11a by the article's resolution, in contradiction to the article's list: as
    /// 3.11b.
    Tcpip32_311aCorrected,
    /// TCP/IP-32 3.11b: ends PUT with a FIN.
    Tcpip32_311b,
}

/// The server program and its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSetup {
    /// Name of the host's close policy.
    pub host: String,
    /// Where the host differs from the named close policy.
    pub policy: PolicyChanges,
    /// The real server that the program imitates; `None`: no particular server.
    pub model: Option<&'static ServerModel>,
    /// The server's reaction to a reset while a file is stored; `None`: as the model reacts.
    pub on_reset: Option<Judgement>,
    /// How the server ends the data connection of a download.
    pub close: Close,
    /// How long the program waits before accepting a data connection.
    pub accept_delay: Duration,
    /// How long the program waits before reading received bytes.
    pub read_delay: Duration,
    /// How fast the disk takes bytes, in bytes per second; `None`: at once.
    pub store_rate: Option<u64>,
    /// How many bytes the disk has room for; `None`: any number.
    pub capacity: Option<u64>,
    /// The port from which active data connections leave; `None`: a free port.
    pub active_port: Option<u16>,
    /// Bytes that the server sends on an upload's data connection, although no client asked for
    /// them.
    pub chatter: usize,
    /// What the server program does wrong; `None`: nothing.
    pub habit: Option<ServerHabit>,
    /// The server's reaction to the FIN of an upload.
    pub on_fin: OnFin,
    /// How long a data connection may be silent; `None`: for ever.
    pub data_timeout: Option<Duration>,
}

/// Settings that both TCPs share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSetup {
    /// Algorithm of congestion control.
    pub congestion: Congestion,
    /// Receive buffer in bytes.
    pub receive_buffer: usize,
    /// Send buffer in bytes.
    pub send_buffer: usize,
    /// Nagle's algorithm (RFC 9293 §3.7.4).
    pub nagle: bool,
    /// Minshall's form of Nagle's algorithm, as on Linux.
    pub minshall: bool,
    /// Segments that may leave before the first acknowledgment, without congestion control; `None`:
    /// no limit but the peer's window.
    pub initial_window: Option<u16>,
    /// When an unanswered SYN is sent again.
    pub syn_retries: SynRetries,
    /// How long TIME-WAIT lasts, once both programs have closed.
    pub time_wait: Duration,
    /// Every RST says why it was sent (draft-ietf-tcpm-rst-diagnostic-payload).
    pub reset_reason: bool,
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
            close_after: None,
            reset_delay: Duration::ZERO,
            host: "linux".to_owned(),
            policy: PolicyChanges::default(),
            mode: DataMode::Passive,
            extended: true,
            reply_timeout: None,
            trusts: DownloadEnd::Both,
            abor_replies: AborReplies::Counted,
            habit: None,
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
            habit: None,
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
            // The largest buffer without window scaling (RFC 7323 §2.1).
            receive_buffer: 65_535,
            send_buffer: 65_535,
            nagle: true,
            minshall: false,
            initial_window: None,
            syn_retries: SynRetries::default(),
            time_wait: TIME_WAIT,
            reset_reason: false,
            ack_delay: Some(Duration::from_millis(10)),
        }
    }
}

/// Changes to a close policy. `None` keeps the rule of the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyChanges {
    /// `close` with bytes unread.
    pub unread_at_close: Option<UnreadAtClose>,
    /// Reaction to data after `close`.
    pub data_after_close: Option<DataAfterClose>,
    /// Bytes already received, at a reset.
    pub received_at_reset: Option<ReceivedAtReset>,
    /// Rule for accepting a RST.
    pub reset_validation: Option<ResetValidation>,
    /// How often the program learns of a reset.
    pub reset_told: Option<ResetTold>,
    /// What becomes of old and early segments.
    pub old_segments: Option<OldSegments>,
    /// How long an orphan waits in FIN-WAIT-2; inside, `None`: for ever.
    pub fin_wait_2: Option<Option<Duration>>,
    /// How long a closed connection may go on delivering; `Some(None)`: no limit of its own.
    pub linger: Option<Option<Duration>>,
}

impl PolicyChanges {
    /// The close policy of this name, with the changes.
    ///
    /// # Panics
    /// If there is no close policy of this name; `keys` refuses such names.
    #[must_use]
    pub fn of(&self, name: &str) -> ClosePolicy {
        let base = ClosePolicy::by_name(name)
            .expect("a scenario names only the close policies that are there");
        ClosePolicy {
            unread_at_close: self.unread_at_close.unwrap_or(base.unread_at_close),
            data_after_close: self.data_after_close.unwrap_or(base.data_after_close),
            received_at_reset: self.received_at_reset.unwrap_or(base.received_at_reset),
            reset_validation: self.reset_validation.unwrap_or(base.reset_validation),
            reset_told: self.reset_told.unwrap_or(base.reset_told),
            old_segments: self.old_segments.unwrap_or(base.old_segments),
            fin_wait_2: self.fin_wait_2.unwrap_or(base.fin_wait_2),
            linger: self.linger.unwrap_or(base.linger),
        }
    }
}

impl ServerSetup {
    /// The words for the reactions to a reset, as scenario files write them.
    pub const ON_RESET: &'static [(&'static str, Option<Judgement>)] = &[
        ("abort", Some(Judgement::ABORT)),
        ("abort-delete", Some(Judgement::ABORT_DELETE)),
        ("as-eof", Some(Judgement::AS_EOF)),
        ("perror-reply", Some(Judgement::PERROR_REPLY)),
        ("drop-control", Some(Judgement::DROP_CONTROL)),
        ("as-model", None),
    ];

    /// Imitate this server. Later settings override the model's.
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

    /// Turn `client` into this client. Later settings override the profile's.
    pub fn apply(self, client: &mut ClientSetup) {
        client.profile = Some(self);
        client.close = match self {
            // Q123208: PUT ends with a RST.
            Self::Tcpip32_311 | Self::Tcpip32_311a => Close::ResetWhenSent,
            Self::Tcpip32_311aCorrected | Self::Tcpip32_311b => Close::Fin,
        };
        "wfw311".clone_into(&mut client.host);
        // Q129395: FTP.EXE listens and sends PORT. RFC 2428 is younger than FTP.EXE.
        client.mode = DataMode::Active;
        client.extended = false;
    }
}
