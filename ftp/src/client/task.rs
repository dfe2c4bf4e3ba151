//! `client::task` owns the words of a client's script: the tasks a client can do. Plain data.

use crate::wire::listing::Form;
use crate::wire::text::Text;
use std::fmt::{self, Display};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// A name at the server: bytes, as FTP moves them. Most servers use UTF-8 (RFC 2640); older ones
/// use an encoding that the client cannot know, such as Latin-1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteName(Arc<[u8]>);

impl RemoteName {
    /// Returns the name as text if the name is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl Deref for RemoteName {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for RemoteName {
    fn from(name: &[u8]) -> Self {
        Self(name.into())
    }
}

impl From<&str> for RemoteName {
    fn from(name: &str) -> Self {
        name.as_bytes().into()
    }
}

impl From<String> for RemoteName {
    fn from(name: String) -> Self {
        Self(name.into_bytes().into())
    }
}

impl From<Arc<str>> for RemoteName {
    fn from(name: Arc<str>) -> Self {
        Self(name.into())
    }
}

impl Text for RemoteName {
    fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl Display for RemoteName {
    /// Writes the name as text; a byte that is not UTF-8 becomes U+FFFD.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&String::from_utf8_lossy(self))
    }
}

/// One step of a client's script. The client sends QUIT after the last task.
///
/// A task that moves a file or a listing has a [`crate::TransferReport`] from the start of the
/// session. A task that sends a command only has a [`crate::CommandReport`] once the server has
/// answered. Both reports name the task by its index in the script. A failed task is reported, and
/// the script goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// Uploads a local file.
    Put {
        /// Name in the client's store.
        local: Arc<str>,
        /// Name on the server. With [`UploadMode::Unique`] a proposal, which most servers ignore.
        remote: RemoteName,
        /// How to treat an existing file on the server.
        mode: UploadMode,
    },
    /// Downloads a remote file (RETR).
    Get {
        /// Name on the server.
        remote: RemoteName,
        /// Name in the client's store.
        local: Arc<str>,
        /// Continue after the bytes of the local file (REST); from byte 0 if the server refuses
        /// REST.
        resume: bool,
    },
    /// Writes a directory listing into a local file, one line for each name, as the server sends
    /// the lines (with LF as line end). [`crate::TransferReport::listing`] gives the form, before
    /// the first byte arrives.
    List {
        /// The directory, or any argument of LIST and NLST; empty: the current directory.
        remote: RemoteName,
        /// Name in the client's store.
        local: Arc<str>,
        /// The form to ask for. `None`: facts (MLSD), with LIST and then NLST as fallbacks.
        form: Option<Form>,
    },
    /// Changes the current directory (CWD).
    ChangeDirectory {
        /// Name on the server.
        remote: RemoteName,
    },
    /// Creates a directory (MKD).
    MakeDirectory {
        /// Name on the server.
        remote: RemoteName,
    },
    /// Removes a directory (RMD).
    RemoveDirectory {
        /// Name on the server.
        remote: RemoteName,
    },
    /// Deletes a file (DELE).
    Delete {
        /// Name on the server.
        remote: RemoteName,
    },
    /// Renames a file (RNFR and RNTO).
    Rename {
        /// Name on the server.
        from: RemoteName,
        /// New name on the server.
        to: RemoteName,
    },
    /// Asks for the size in bytes (SIZE, RFC 3659 §4): [`crate::report::Value::Size`].
    Size {
        /// Name on the server.
        remote: RemoteName,
    },
    /// Asks for the modification time (MDTM, RFC 3659 §3): [`crate::report::Value::Date`].
    Modified {
        /// Name on the server.
        remote: RemoteName,
    },
    /// Sets the modification time (MFMT).
    SetModified {
        /// Name on the server.
        remote: RemoteName,
        /// Time since 1970-01-01T00:00:00Z.
        modified: Duration,
    },
    /// Asks for the current directory (PWD): [`crate::report::Value::Path`].
    PrintDirectory,
    /// Sends NOOP, which does nothing.
    Noop,
    /// Aborts the transfer of the task before (ABOR) once `after` bytes have moved. If the transfer
    /// ended sooner, or there was none, ABOR is sent outside a transfer.
    Abor {
        /// Number of bytes moved.
        after: u64,
    },
    /// Ends the program in the transfer of the task before once `after` bytes have moved: the
    /// system closes the data connection, then the control connection. No effect if the transfer
    /// ended sooner.
    Die {
        /// Number of bytes moved.
        after: u64,
    },
}

/// How an upload treats an existing file on the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UploadMode {
    /// STOR: replaces the file.
    #[default]
    Replace,
    /// APPE: appends to the file.
    Append,
    /// Continues the file: SIZE, then REST and STOR of the missing bytes, or APPE if the server
    /// does not know REST. A missing file is uploaded whole. A file longer than the source is a
    /// failure.
    Resume,
    /// STOU: keeps the file; the server chooses a new name.
    Unique,
}

impl Task {
    /// A task to upload `local` as `remote` (STOR).
    pub fn put(local: impl Into<Arc<str>>, remote: impl Into<RemoteName>) -> Self {
        Self::Put { local: local.into(), remote: remote.into(), mode: UploadMode::Replace }
    }

    /// A task to download `remote` into `local` (RETR).
    pub fn get(remote: impl Into<RemoteName>, local: impl Into<Arc<str>>) -> Self {
        Self::Get { remote: remote.into(), local: local.into(), resume: false }
    }

    /// A task to list `remote` into `local`.
    pub fn list(remote: impl Into<RemoteName>, local: impl Into<Arc<str>>) -> Self {
        Self::List { remote: remote.into(), local: local.into(), form: None }
    }
}
