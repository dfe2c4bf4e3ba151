//! `client::config` is what a user decides before a session: who it is, how data connections are
//! made and ended, how long to wait. Plain data.

use crate::tcp::Ending;
use crate::transfer::Close;
use crate::wire::representation::Representation;
use std::borrow::Cow;
use std::time::Duration;

/// Who opens data connections (RFC 959 §3.2 makes the server do it, RFC 1123 §4.1.2.6 allows both).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataMode {
    /// The client listens and says where (PORT, EPRT); the server connects.
    #[default]
    Active,
    /// The server listens and says where (PASV, EPSV); the client connects.
    Passive,
}

impl DataMode {
    /// The words for the variants, as scenario files and command lines write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("active", Self::Active), ("passive", Self::Passive)];
}

/// What the client's own program tells its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTexts {
    /// A connection was reset.
    pub reset: Cow<'static, str>,
    /// A connection was refused.
    pub refused: Cow<'static, str>,
    /// A connection or a reply timed out.
    pub timed_out: Cow<'static, str>,
    /// The server closed the control connection before it had answered.
    pub closed: Cow<'static, str>,
    /// This side cut the connection itself.
    pub aborted: Cow<'static, str>,
    /// The server has said more than a reply can be: 1 MiB.
    pub endless: Cow<'static, str>,
    /// A file of this side could not be read or written.
    pub store: Cow<'static, str>,
    /// The rest of a text was to be transferred, whose bytes nobody counts.
    pub resumes_text: Cow<'static, str>,
    /// The rest of a file was to be uploaded, and the server has more than all of it.
    pub longer: Cow<'static, str>,
}

impl Default for ClientTexts {
    /// In the manner of strerror.
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
    /// FTP.EXE of Windows for Workgroups 3.11, as far as Q123208 quotes it.
    #[must_use]
    pub fn ftp_exe() -> Self {
        Self { reset: "Error 146: Connection reset by peer".into(), ..Self::default() }
    }
}

/// What a client takes for the end of a download.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DownloadEnd {
    /// The server's 2yz and the end of the data, in either order: RFC 959 §3.4.1 makes the end of
    /// the data connection the end of the file.
    #[default]
    Both,
    /// The server's 2yz alone: it closes the data connection then, whatever is on the way (reported
    /// in gezedo/lwftp issue 10 and eclipse-ecal/fineftp-server issue 63).
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
    /// One for the transfer, one for ABOR (RFC 959 §5.4), unless the first is 225.
    #[default]
    Counted,
    /// The next one is for both; a second one is taken for the answer to the next command (reported
    /// in aio-libs/aioftp issue 205 and `fsspec/filesystem_spec` issue 231).
    One,
}

impl AborReplies {
    /// The words for the variants, as scenario files and command lines write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("counted", Self::Counted), ("one", Self::One)];
}

/// Everything a client's sessions share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// Sent with USER.
    pub user: String,
    /// Sent with PASS, if asked for.
    pub password: String,
    /// Who opens data connections.
    pub mode: DataMode,
    /// EPRT and EPSV first (RFC 2428), PORT and PASV after a 5yz.
    pub extended: bool,
    /// How files are transferred. Listings are ASCII, whatever this says.
    pub representation: Representation,
    /// How an upload's data connection is ended.
    pub close: Close,
    /// Where it listens for active data connections. RFC 1123 §4.1.2.5 wants a new port for each
    /// transfer, because of TIME-WAIT: `None`, a free one.
    pub data_port: Option<u16>,
    /// What it takes for the end of a download.
    pub trusts: DownloadEnd,
    /// How it counts the replies to ABOR.
    pub abor_replies: AborReplies,
    /// Ask for the SIZE of an upload that did not end well, and say what that tells
    /// ([`crate::TransferReport::remote_size`]).
    pub checks: bool,
    /// How long to wait for a reply; `None`: for ever.
    pub reply_timeout: Option<Duration>,
    /// How long a data connection may move nothing; `None`: for ever.
    pub data_idle_timeout: Option<Duration>,
    /// The program's own words.
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
            close: Close::Fin,
            data_port: None,
            trusts: DownloadEnd::Both,
            abor_replies: AborReplies::Counted,
            checks: false,
            reply_timeout: None,
            data_idle_timeout: None,
            texts: ClientTexts::default(),
        }
    }
}

impl ClientConfig {
    /// FTP.EXE as Q123208 has it: PORT, no extensions, its own error texts. The way it ends an
    /// upload depends on the version of TCPIP32: `close`.
    #[must_use]
    pub fn ftp_exe(close: Close) -> Self {
        Self { extended: false, close, texts: ClientTexts::ftp_exe(), ..Self::default() }
    }
}

/// What the program says of an end that it did not choose.
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
