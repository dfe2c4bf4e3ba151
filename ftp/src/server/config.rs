//! `server::config` is what a server's owner decides: who may log in, which program it is like, how
//! long to wait. Plain data.

use crate::model::ServerModel;
use crate::transfer::Close;
use std::time::Duration;

/// Who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Name.
    pub name: String,
    /// Password; `None`: any.
    pub password: Option<String>,
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
    /// How long a transfer waits for its data connection: then 425.
    pub data_connect_timeout: Duration,
    /// How long a data connection may move nothing: then 426.
    pub data_idle_timeout: Option<Duration>,
    /// How long a control connection may be silent (RFC 1123 §4.1.3.2: at least 5 min): then 421.
    pub control_idle_timeout: Option<Duration>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            banner: "halfclose FTP server ready.".into(),
            users: vec![User { name: "anonymous".into(), password: None }],
            model: ServerModel::PLAIN,
            draws: 0,
            accept_delay: Duration::ZERO,
            read_delay: Duration::ZERO,
            chatter: 0,
            on_fin: OnFin::Done,
            close: Close::Fin,
            active_port: None,
            strict_addresses: true,
            data_connect_timeout: Duration::from_secs(60),
            // vsftpd's data_connection_timeout.
            data_idle_timeout: Some(Duration::from_secs(300)),
            control_idle_timeout: Some(Duration::from_secs(900)),
        }
    }
}
