//! `client::task` is what a client may be asked to do: the steps of its script. Plain data.

use crate::wire::listing::Form;
use std::sync::Arc;
use std::time::Duration;

/// One step of a client's script. QUIT follows the last one.
///
/// A step that moves a file or a listing has a [`crate::TransferReport`], from the session's begin
/// on; any other that says something to the server has a [`crate::CommandReport`], once it has been
/// answered. Both name the step by its place in the script. A step that fails is told of and left:
/// the next one is done all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Upload the local file.
    Put {
        /// Name in the client's store.
        local: Arc<str>,
        /// Name on the server. With [`UploadMode::Unique`] a proposal, which most servers ignore.
        remote: Arc<str>,
        /// What becomes of what is there.
        mode: UploadMode,
    },
    /// RETR: download the remote file.
    Get {
        /// Name on the server.
        remote: Arc<str>,
        /// Name in the client's store.
        local: Arc<str>,
        /// Go on after what the local file has already (REST); without REST at the server from its
        /// beginning.
        resume: bool,
    },
    /// List a directory into a local file, one line for each name, as the server writes it (lines end
    /// with LF here). [`crate::TransferReport::listing`] says in which form, before the first byte.
    List {
        /// The directory, or whatever LIST and NLST make of it; empty: the current one.
        remote: Arc<str>,
        /// Name in the client's store.
        local: Arc<str>,
        /// The form to ask for. `None`: facts (MLSD); LIST where a server does not know that, NLST
        /// where it knows neither.
        form: Option<Form>,
    },
    /// CWD.
    ChangeDirectory {
        /// Name on the server.
        remote: Arc<str>,
    },
    /// MKD.
    MakeDirectory {
        /// Name on the server.
        remote: Arc<str>,
    },
    /// RMD.
    RemoveDirectory {
        /// Name on the server.
        remote: Arc<str>,
    },
    /// DELE.
    Delete {
        /// Name on the server.
        remote: Arc<str>,
    },
    /// RNFR and RNTO.
    Rename {
        /// Name on the server.
        from: Arc<str>,
        /// Its new name.
        to: Arc<str>,
    },
    /// SIZE (RFC 3659 §4): [`crate::report::Value::Size`].
    Size {
        /// Name on the server.
        remote: Arc<str>,
    },
    /// MDTM (RFC 3659 §3): [`crate::report::Value::Date`].
    Modified {
        /// Name on the server.
        remote: Arc<str>,
    },
    /// MFMT.
    SetModified {
        /// Name on the server.
        remote: Arc<str>,
        /// Since 1970-01-01T00:00:00Z.
        modified: Duration,
    },
    /// PWD: [`crate::report::Value::Path`].
    PrintDirectory,
    /// NOOP.
    Noop,
    /// ABOR of the transfer before it, once it has moved `after` bytes; outside a transfer if it
    /// ended sooner, or if there was none.
    Abor {
        /// Bytes moved.
        after: u64,
    },
    /// The program dies in the transfer before it, once it has moved `after` bytes: its system closes
    /// its connections, the data connection first. Nothing, if the transfer ended sooner.
    Die {
        /// Bytes moved.
        after: u64,
    },
}

/// What an upload makes of a file that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UploadMode {
    /// STOR: takes its place.
    #[default]
    Replace,
    /// APPE: goes behind it.
    Append,
    /// Goes on with it: SIZE, then REST and STOR of what is missing, or APPE where a server knows no
    /// REST. A file that is not there is uploaded whole. One that is longer than the source is a
    /// failure.
    Resume,
    /// STOU: leaves it alone, and takes a name of the server's choice.
    Unique,
}

impl Task {
    /// STOR `local` as `remote`.
    pub fn put(local: impl Into<Arc<str>>, remote: impl Into<Arc<str>>) -> Self {
        Self::Put { local: local.into(), remote: remote.into(), mode: UploadMode::Replace }
    }

    /// RETR `remote` into `local`.
    pub fn get(remote: impl Into<Arc<str>>, local: impl Into<Arc<str>>) -> Self {
        Self::Get { remote: remote.into(), local: local.into(), resume: false }
    }

    /// List `remote` into `local`.
    pub fn list(remote: impl Into<Arc<str>>, local: impl Into<Arc<str>>) -> Self {
        Self::List { remote: remote.into(), local: local.into(), form: None }
    }
}
