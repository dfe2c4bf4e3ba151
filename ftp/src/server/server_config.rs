//! `server::config` is what a server's owner decides: who may log in, which program it is like, how
//! long to wait, how much to bear. Plain data.

use crate::model::ServerModel;
use crate::transfer::Close;
use std::fmt;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Who may log in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Name.
    pub name: String,
    /// Password; `None`: any.
    pub password: Option<String>,
    /// May change nothing.
    pub read_only: bool,
}

impl User {
    /// Somebody with a password.
    pub fn new(name: impl Into<String>, password: impl Into<String>) -> Self {
        Self { name: name.into(), password: Some(password.into()), read_only: false }
    }

    /// `anonymous`, with any password (RFC 1635).
    #[must_use]
    pub fn anonymous() -> Self {
        Self { name: "anonymous".into(), password: None, read_only: false }
    }
}

impl fmt::Debug for User {
    /// Without the password.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, password, read_only } = self;
        let password = password.as_ref().map(|_| "****");
        let mut out = out.debug_struct("User");
        out.field("name", name).field("password", &password).field("read_only", read_only);
        out.finish()
    }
}

/// How much a server bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sessions at a time: one more is told 421.
    pub sessions: usize,
    /// Sessions at a time from one address: one more is told 421.
    pub per_address: usize,
    /// Wrong passwords in a session: after so many, 421.
    pub login_tries: u32,
    /// Names in a path.
    pub depth: usize,
    /// Names in a directory that is listed: a listing ends with 451 after it has looked at so many.
    pub listing: u64,
}

impl Limits {
    /// None.
    pub const NONE: Self = Self {
        sessions: usize::MAX,
        per_address: usize::MAX,
        login_tries: u32::MAX,
        depth: usize::MAX,
        listing: u64::MAX,
    };
}

/// What a server makes of the FIN that ends an upload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnFin {
    /// The end of the file (RFC 959 §3.4.1): it closes its side and replies.
    #[default]
    Done,
    /// Half of an end: it waits for the client to close wholly, which TCP does not show (reported of
    /// TLS's `close_notify` in curl/curl issue 17130 and python/cpython issue 103443).
    Waits,
}

impl OnFin {
    /// The words for the variants, as scenario files and command lines write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("done", Self::Done), ("waits", Self::Waits)];
}

/// Everything a server's sessions share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// 220; lines are separated by `\n`.
    pub banner: String,
    /// Who may log in.
    pub users: Vec<User>,
    /// Which server it is like: what it makes of resets, losses and interruptions, in which words.
    pub model: ServerModel,
    /// Where the model has two ways, transfer n (of all sessions) goes the way of bit n mod 64.
    pub draws: u64,
    /// How long it takes to take up a data connection that is there.
    pub accept_delay: Duration,
    /// How long it takes to look at what has come on one.
    pub read_delay: Duration,
    /// How many bytes it says on the data connection of an upload, though nobody asks it: what a
    /// session ticket of TLS 1.3 is to a client that never reads (reported in curl/curl issue 6149).
    pub chatter: usize,
    /// What it makes of the FIN that ends an upload.
    pub on_fin: OnFin,
    /// How a download's data connection is ended.
    pub close: Close,
    /// Where active data connections leave from. RFC 959 §3.2 says port 20, next to the control
    /// port; a second one to the same address must then wait out the first one's TIME-WAIT. `None`:
    /// an ephemeral port.
    pub active_port: Option<u16>,
    /// Data connections only to and from the client's own address, and to no port below 1024
    /// (RFC 2577 §3 and §8).
    pub strict_addresses: bool,
    /// The ports that PASV and EPSV listen at, in turn. `None`: any free port. If none of them is
    /// free: 425.
    pub passive_ports: Option<RangeInclusive<u16>>,
    /// The address that 227 names, if it is another one than the control connection's: a server
    /// behind a translator.
    pub passive_address: Option<Ipv4Addr>,
    /// How long a transfer waits for its data connection: then 425.
    pub data_connect_timeout: Duration,
    /// How long a data connection may move nothing: then 426.
    pub data_idle_timeout: Option<Duration>,
    /// How long a control connection may be silent (RFC 1123 §4.1.3.2: at least 5 min): then 421.
    /// Half a line is silence.
    pub control_idle_timeout: Option<Duration>,
    /// How long a session may take to log in: then 421.
    pub login_timeout: Option<Duration>,
    /// How long a wrong password waits for its answer (RFC 2577 §5).
    pub login_delay: Duration,
    /// How long a client may leave replies unread: then its control connection is reset.
    pub stall_timeout: Option<Duration>,
    /// How much it bears.
    pub limits: Limits,
    /// What date the time of its sessions begins with, since 1970-01-01T00:00:00Z: for the dates of
    /// listings, which are written differently when they are old.
    pub epoch: Duration,
}

impl ServerConfig {
    /// A server for everybody's network: nobody may log in yet, an upload is whole or absent, and
    /// everything has a limit.
    #[must_use]
    pub fn hardened() -> Self {
        let minute = Duration::from_secs(60);
        Self {
            users: Vec::new(),
            model: ServerModel::WHOLE_OR_ABSENT,
            control_idle_timeout: Some(5 * minute),
            data_idle_timeout: Some(5 * minute),
            login_timeout: Some(minute),
            login_delay: Duration::from_secs(1),
            stall_timeout: Some(minute),
            limits: Limits {
                sessions: 4096,
                per_address: 64,
                login_tries: 3,
                depth: 64,
                listing: 1_000_000,
            },
            ..Self::default()
        }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            banner: "halfclose FTP server ready.".into(),
            users: vec![User::anonymous()],
            model: ServerModel::PLAIN,
            draws: 0,
            accept_delay: Duration::ZERO,
            read_delay: Duration::ZERO,
            chatter: 0,
            on_fin: OnFin::Done,
            close: Close::Fin,
            active_port: None,
            strict_addresses: true,
            passive_ports: None,
            passive_address: None,
            data_connect_timeout: Duration::from_secs(60),
            // vsftpd's data_connection_timeout.
            data_idle_timeout: Some(Duration::from_secs(300)),
            control_idle_timeout: Some(Duration::from_secs(900)),
            login_timeout: None,
            login_delay: Duration::ZERO,
            stall_timeout: None,
            limits: Limits::NONE,
            epoch: Duration::ZERO,
        }
    }
}
