//! `server::config` is what a server's owner decides: who may log in, what a reset means, how long
//! to wait, which words to use. Plain data.

use crate::transfer::Close;
use std::borrow::Cow;
use std::time::Duration;

/// What the server does when the data connection of an upload is reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnReset {
    /// 426, and keep what was received.
    #[default]
    Abort,
    /// 426, and remove it. Any other failed upload is removed as well.
    AbortDelete,
    /// Take the reset for the end of the file: 226.
    AsEof,
    /// 426 with the system's error text, and keep what was received.
    PerrorReply,
    /// Say nothing, reset the control connection, keep what was received.
    DropControl,
}

/// What becomes of a transfer whose control connection is lost (RFC 959 leaves it open; servers
/// differ).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControlLoss {
    /// It is aborted; what was received is kept.
    #[default]
    Abort,
    /// It runs to its end.
    Finish,
}

/// Who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Name.
    pub name: String,
    /// Password; `None`: any.
    pub password: Option<String>,
}

/// The replies' texts that differ between servers (and that users quote).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTexts {
    /// 150.
    pub opening: Cow<'static, str>,
    /// 226 after a transfer.
    pub complete: Cow<'static, str>,
    /// 426.
    pub aborted: Cow<'static, str>,
    /// 426 of [`OnReset::PerrorReply`].
    pub perror: Cow<'static, str>,
    /// 425.
    pub no_data: Cow<'static, str>,
    /// 426 when a data connection was idle for too long.
    pub data_timeout: Cow<'static, str>,
    /// 421 when a control connection was.
    pub control_timeout: Cow<'static, str>,
    /// 221.
    pub goodbye: Cow<'static, str>,
}

impl Default for ServerTexts {
    fn default() -> Self {
        Self {
            opening: "Opening BINARY mode data connection.".into(),
            complete: "Transfer complete.".into(),
            aborted: "Connection Closed, transfer aborted.".into(),
            perror: "Error 146: Connection reset by peer".into(),
            no_data: "Can't open data connection.".into(),
            data_timeout: "Data timeout.".into(),
            control_timeout: "Timeout, closing control connection.".into(),
            goodbye: "Goodbye.".into(),
        }
    }
}

/// Everything a server's sessions share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// 220; lines are separated by `\n`.
    pub banner: String,
    /// Who may log in.
    pub users: Vec<User>,
    /// What a reset of an upload's data connection means.
    pub on_reset: OnReset,
    /// How a download's data connection is ended.
    pub close: Close,
    /// What becomes of a transfer whose control connection is lost.
    pub control_loss: ControlLoss,
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
    /// The replies' texts.
    pub texts: ServerTexts,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            banner: "halfclose FTP server ready.".into(),
            users: vec![User { name: "anonymous".into(), password: None }],
            on_reset: OnReset::Abort,
            close: Close::Fin,
            control_loss: ControlLoss::Abort,
            active_port: None,
            strict_addresses: true,
            data_connect_timeout: Duration::from_secs(60),
            // vsftpd's data_connection_timeout.
            data_idle_timeout: Some(Duration::from_secs(300)),
            control_idle_timeout: Some(Duration::from_secs(900)),
            texts: ServerTexts::default(),
        }
    }
}
