//! `client::client_config` owns the settings of a client: the login, how to open and end data
//! connections, how long to wait. Plain data.

use crate::habit::ClientHabit;
use crate::tcp::Ending;
use crate::transfer::Close;
use crate::wire::representation::Representation;
use std::borrow::Cow;
use std::time::Duration;

/// Which side opens data connections. RFC 959 §3.2 has the server connect; RFC 1123 §4.1.2.6 allows
/// both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataMode {
    /// The client listens and names the port (PORT, EPRT); the server connects.
    #[default]
    Active,
    /// The server listens and names the port (PASV, EPSV); the client connects.
    Passive,
}

impl DataMode {
    /// The words for the variants, as scenario files and command lines write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("active", Self::Active), ("passive", Self::Passive)];
}

/// The texts of the client program's own messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTexts {
    /// A connection was reset.
    pub reset: Cow<'static, str>,
    /// A connection was refused.
    pub refused: Cow<'static, str>,
    /// A connection or a reply timed out.
    pub timed_out: Cow<'static, str>,
    /// The server closed the control connection before the reply.
    pub closed: Cow<'static, str>,
    /// This side cut the connection.
    pub aborted: Cow<'static, str>,
    /// The server sent more than 1 MiB in reply to one command.
    pub endless: Cow<'static, str>,
    /// A local file could not be read or written.
    pub store: Cow<'static, str>,
    /// A resumed transfer in ASCII type: the position in a text has no byte count.
    pub resumes_text: Cow<'static, str>,
    /// A resumed upload: the server's file is longer than the local file.
    pub longer: Cow<'static, str>,
}

impl Default for ClientTexts {
    /// Texts as `strerror` has them.
    fn default() -> Self {
        Self {
            reset: "Connection reset by peer".into(),
            refused: "Connection refused".into(),
            timed_out: "Connection timed out".into(),
            closed: "Service not available, remote server has closed connection".into(),
            aborted: "Transfer aborted".into(),
            endless: "The server's reply does not end".into(),
            store: "Local file error".into(),
            resumes_text: "Only an image can be resumed, not a text".into(),
            longer: "The server's file is longer than the local one".into(),
        }
    }
}

impl ClientTexts {
    /// The texts of FTP.EXE of Windows for Workgroups 3.11, as far as Q123208 quotes them.
    #[must_use]
    pub fn ftp_exe() -> Self {
        Self { reset: "Error 146: Connection reset by peer".into(), ..Self::default() }
    }
}

/// The event that a client takes for the end of a download.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DownloadEnd {
    /// The server's 2yz reply and the end of the data, in either order: RFC 959 §3.4.1 makes the
    /// end of the data connection the end of the file.
    #[default]
    Both,
    /// The server's 2yz reply alone: the client then closes the data connection, even with data on
    /// the way (reported in gezedo/lwftp issue 10 and eclipse-ecal/fineftp-server issue 63).
    Reply,
}

impl DownloadEnd {
    /// The words for the variants, as scenario files and command lines write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("both", Self::Both), ("reply", Self::Reply)];
}

/// How a client counts the replies after ABOR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AborReplies {
    /// One reply for the transfer and one for ABOR (RFC 959 §5.4), unless the first reply is 225.
    #[default]
    Counted,
    /// The next reply answers both; a second reply is taken for the answer to the next command
    /// (reported in aio-libs/aioftp issue 205 and `fsspec/filesystem_spec` issue 231).
    One,
}

impl AborReplies {
    /// The words for the variants, as scenario files and command lines write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("counted", Self::Counted), ("one", Self::One)];
}

/// Settings that all sessions of a client share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// User name, sent with USER.
    pub user: String,
    /// Password, sent with PASS if the server asks.
    pub password: String,
    /// Which side opens data connections.
    pub mode: DataMode,
    /// Try EPRT and EPSV first (RFC 2428), PORT and PASV after a 5yz reply.
    pub extended: bool,
    /// The type of file transfers. Listings are always ASCII.
    pub representation: Representation,
    /// What the client does wrong; `None`: nothing.
    pub habit: Option<ClientHabit>,
    /// How the client ends the data connection of an upload.
    pub close: Close,
    /// The number of bytes of an upload after which the client ends the data connection as `close`
    /// says, in the middle of the file; `None`: after all bytes.
    pub close_after: Option<u64>,
    /// The pause before the RST of a `close` that ends with a RST.
    pub reset_delay: Duration,
    /// Local port for active data connections; `None`: a free port for each transfer, as RFC 1123
    /// §4.1.2.5 wants because of TIME-WAIT.
    pub data_port: Option<u16>,
    /// The event that counts as the end of a download.
    pub trusts: DownloadEnd,
    /// How the client counts the replies after ABOR.
    pub abor_replies: AborReplies,
    /// Sent with ACCT where the server asks for an account (332).
    pub account: Option<String>,
    /// Connect to the address of 227, not only to its port. The default is false: a hostile server
    /// can make such a client connect to any host, as RFC 2577 §3 tells of servers.
    pub follows_227: bool,
    /// Change to a directory before its listing (CWD), so that a missing directory and an empty
    /// directory differ for servers that list both as nothing.
    pub enters: bool,
    /// Ask for SIZE and MDTM before a transfer and for SIZE after a transfer, and compare
    /// ([`crate::TransferReport::remote_size`]).
    pub checks: bool,
    /// How long to wait for a reply; `None`: for ever.
    pub reply_timeout: Option<Duration>,
    /// How long a data connection may move no byte; `None`: for ever.
    pub data_idle_timeout: Option<Duration>,
    /// Texts of the program's own messages.
    pub texts: ClientTexts,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            user: "anonymous".into(),
            password: "halfclose@".into(),
            mode: DataMode::Active,
            extended: true,
            representation: Representation::Image,
            habit: None,
            close: Close::Fin,
            close_after: None,
            reset_delay: Duration::ZERO,
            data_port: None,
            trusts: DownloadEnd::Both,
            abor_replies: AborReplies::Counted,
            account: None,
            follows_227: false,
            enters: false,
            checks: false,
            reply_timeout: None,
            data_idle_timeout: None,
            texts: ClientTexts::default(),
        }
    }
}

impl ClientConfig {
    /// Settings of FTP.EXE as Q123208 describes the program: PORT, no extended commands, FTP.EXE's
    /// error texts. `close` depends on the version of TCPIP32.
    #[must_use]
    pub fn ftp_exe(close: Close) -> Self {
        Self { extended: false, close, texts: ClientTexts::ftp_exe(), ..Self::default() }
    }
}

/// The program's message for a connection that ended in this way.
pub(super) fn ended(ending: Ending, config: &ClientConfig) -> &str {
    let texts = &config.texts;
    match ending {
        Ending::Finished => &texts.closed,
        Ending::Reset => &texts.reset,
        Ending::Refused => &texts.refused,
        Ending::TimedOut | Ending::Stalled => &texts.timed_out,
        Ending::Aborted => &texts.aborted,
    }
}
