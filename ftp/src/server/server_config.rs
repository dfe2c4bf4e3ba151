//! `server::server_config` owns the settings of a server: users, model, timeouts, limits. Plain
//! data.

use crate::habit::ServerHabit;
use crate::model::ServerModel;
use crate::transfer::Close;
use std::fmt;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::time::Duration;

/// A user who may log in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The user name, as in USER.
    pub name: String,
    /// The password; `None`: any password.
    pub password: Option<String>,
    /// The user may change nothing.
    pub read_only: bool,
}

impl User {
    /// A user with a password and full permission.
    pub fn new(name: impl Into<String>, password: impl Into<String>) -> Self {
        Self { name: name.into(), password: Some(password.into()), read_only: false }
    }

    /// The user `anonymous` with any password (RFC 1635).
    #[must_use]
    pub fn anonymous() -> Self {
        Self { name: "anonymous".into(), password: None, read_only: false }
    }
}

impl fmt::Debug for User {
    /// Prints the user with the password masked.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, password, read_only } = self;
        let password = password.as_ref().map(|_| "****");
        let mut out = out.debug_struct("User");
        out.field("name", name).field("password", &password).field("read_only", read_only);
        out.finish()
    }
}

/// The limits of a server, against overload and attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sessions at a time; the next client is told 421.
    pub sessions: usize,
    /// Sessions at a time from the same address; the next client is told 421.
    pub per_address: usize,
    /// Wrong passwords in a session; the last is answered with 421.
    pub login_tries: u32,
    /// The most names in a path.
    pub depth: usize,
    /// The most names in a listed directory; a listing with more names ends with 451.
    pub listing: u64,
}

impl Limits {
    /// No limit at all.
    pub const NONE: Self = Self {
        sessions: usize::MAX,
        per_address: usize::MAX,
        login_tries: u32::MAX,
        depth: usize::MAX,
        listing: u64::MAX,
    };
}

/// How a server treats the FIN that ends an upload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnFin {
    /// As the end of the file (RFC 959 §3.4.1): the server closes the connection and replies.
    #[default]
    Done,
    /// As half of an end: the server waits for a full close, which TCP does not signal (reported of
    /// TLS's `close_notify` in curl/curl issue 17130 and python/cpython issue 103443).
    Waits,
}

impl OnFin {
    /// The words for the variants, as scenario files and command lines write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("done", Self::Done), ("waits", Self::Waits)];
}

/// Settings that all sessions of a server share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// The text of the greeting (220); `\n` separates lines.
    pub banner: String,
    /// The users who may log in.
    pub users: Vec<User>,
    /// The server program to imitate: the handling of resets, losses and interruptions, and the
    /// reply texts.
    pub model: ServerModel,
    /// Where the model has two choices, transfer n (counted over all sessions) takes the choice of
    /// bit n mod 64.
    pub draws: u64,
    /// Delay before the program accepts a waiting data connection.
    pub accept_delay: Duration,
    /// Delay before the program reads bytes that have arrived on a data connection.
    pub read_delay: Duration,
    /// Number of unrequested bytes that the server sends on the data connection of an upload, like
    /// a session ticket of TLS 1.3 to a client that never reads (reported in curl/curl issue 6149).
    pub chatter: usize,
    /// How the server treats the FIN that ends an upload.
    pub on_fin: OnFin,
    /// What the server does wrong; `None`: nothing.
    pub habit: Option<ServerHabit>,
    /// How the server ends the data connection of a download.
    pub close: Close,
    /// Local port of active data connections. RFC 959 §3.2 says port 20, next to the control port;
    /// a second connection from port 20 to the same address must then wait for the end of
    /// TIME-WAIT. `None`: an ephemeral port.
    pub active_port: Option<u16>,
    /// Whether data connections are limited to the client's own address and to ports from 1024 (RFC
    /// 2577 §3 and §8).
    pub strict_addresses: bool,
    /// The ports for PASV and EPSV, used in turn; 425 if none is free. `None`: any free port.
    pub passive_ports: Option<RangeInclusive<u16>>,
    /// The address in the 227 reply, if different from the address of the control connection: for a
    /// server behind an address translator.
    pub passive_address: Option<Ipv4Addr>,
    /// How long a transfer waits for the data connection; then 425.
    pub data_connect_timeout: Duration,
    /// How long a listener of PASV or EPSV may wait for a command that uses the data connection;
    /// then the port is free again. `None`: for ever.
    pub passive_timeout: Option<Duration>,
    /// How long a data connection may move no byte; then 426. `None`: for ever.
    pub data_idle_timeout: Option<Duration>,
    /// How long a control connection may be silent (RFC 1123 §4.1.3.2: at least 5 minutes); then
    /// 421. An incomplete line counts as silence. `None`: for ever.
    pub control_idle_timeout: Option<Duration>,
    /// How long a login may take; then 421. `None`: for ever.
    pub login_timeout: Option<Duration>,
    /// Delay before a wrong password is answered (RFC 2577 §5).
    pub login_delay: Duration,
    /// How long a client may leave replies unread; then the control connection is reset. `None`:
    /// for ever.
    pub stall_timeout: Option<Duration>,
    /// The limits on sessions, logins, paths and listings.
    pub limits: Limits,
    /// The date at time 0 of the sessions, since 1970-01-01T00:00:00Z. LIST writes old dates
    /// differently.
    pub epoch: Duration,
}

impl ServerConfig {
    /// Settings for a public network: no user yet, an upload is whole or absent, and everything has
    /// a limit.
    #[must_use]
    pub fn hardened() -> Self {
        let minute = Duration::from_secs(60);
        Self {
            users: Vec::new(),
            model: ServerModel::WHOLE_OR_ABSENT,
            control_idle_timeout: Some(5 * minute),
            data_idle_timeout: Some(5 * minute),
            login_timeout: Some(minute),
            passive_timeout: Some(minute),
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
            habit: None,
            close: Close::Fin,
            active_port: None,
            strict_addresses: true,
            passive_ports: None,
            passive_address: None,
            data_connect_timeout: Duration::from_secs(60),
            passive_timeout: None,
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
