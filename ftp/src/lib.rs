//! An FTP client and server without I/O of their own (sans-IO): the same code runs over a simulated
//! link and over kernel sockets.
//!
//! A protocol machine ([`client::Client`], [`server::Server`]) is a [`session::Session`], which
//! takes bytes and events and returns bytes and actions. [`driver::Driver`] carries both between
//! any number of sessions and a network with the trait [`tcp::Tcp`]. [`transfer::Transfer`] is the
//! one loop that moves a file, for both sides. [`store::Store`] holds the files, [`report`] the
//! results. Clocks, sockets and threads are unknown here: time is the `now` that the caller passes.
//! Two features add the operating system: `net` has sockets (`net::Sockets`), `dir` a directory as
//! a store (`store::DirectoryStore`).
//!
//! [`wire`] owns the bytes of the protocol: [`line`](wire::line), [`command`](wire::command),
//! [`reply`](wire::reply), [`address`](wire::address), [`date`](wire::date),
//! [`representation`](wire::representation), [`pathname`](wire::pathname) and
//! [`listing`](wire::listing).
//!
//! In stream mode the end of the data connection is the end of the file (RFC 959 §3.4.1), so the
//! way an application ends the connection matters: [`transfer::Close`] is the choice of the sending
//! side, [`model::ServerModel`] the server's judgement of the result, [`report::Told`] the message
//! to the user.
//!
//! A session needs no network; the owner of the session carries the bytes:
//!
//! ```
//! use halfclose_ftp::report::{Journal, SessionId};
//! use halfclose_ftp::session::{Context, Event, Session, Shared};
//! use halfclose_ftp::{MemoryStore, Server, ServerConfig};
//! use std::time::Duration;
//!
//! let (config, store) = (&ServerConfig::default(), &mut MemoryStore::new());
//! let (journal, shared) = (&mut Journal::default(), &mut Shared::default());
//! let (id, now) = (SessionId(0), Duration::ZERO);
//! let mut cx = Context { config, store, journal, shared, id, now };
//!
//! let mut server = Server::default();
//! let (local, peer) = ("10.0.0.2:21".parse()?, "10.0.0.1:49152".parse()?);
//! server.handle_event(Event::Opened { local, peer }, &mut cx);
//! server.handle_bytes(b"noop\r\n");
//! server.handle_lines(&mut cx);
//! assert_eq!(server.unsent(), b"220 halfclose FTP server ready.\r\n200 NOOP ok.\r\n");
//! # Ok::<(), std::net::AddrParseError>(())
//! ```
//!
//! # Where a new command is added
//!
//! A server command, in this order; the compiler asks for steps 2 and 3 after step 1:
//! 1. `wire/command.rs`: a variant of [`Command`](wire::command::Command), and a row in `parse`
//!    (remove the verb from `NOT_IMPLEMENTED`, if the verb is there).
//! 2. `server/dispatch.rs`: a row in `handle_command`, the table from a command to a method, and in
//!    `needs_data`, if the command has a data connection.
//! 3. The method, in the file of the command's kind: `server/access.rs`, `parameter.rs`,
//!    `transfer_commands.rs`, `list_commands.rs`, `file_commands.rs` or `information.rs`. The reply
//!    codes for a store's errors are in `server/error_reply.rs`.
//! 4. `server/access.rs`: `allows`, if the command is allowed before the login.
//! 5. `server/information.rs`: the verb in `HELP`, and in FEAT if an extension of RFC 959 defines
//!    the command (RFC 2389).
//! 6. Tests: a row in `tests/words.rs` for the parser, and lines with replies in
//!    `tests/golden/data/`.
//!
//! A client command is a variant of [`Task`] in `client/task.rs`, with a row in
//! `client/next_command.rs` (no data connection) or `client/client_transfer.rs` (with data).
//!
//! # Where the crate differs from the RFCs
//!
//! - ABOR without a transfer is answered with 225, and with 226 if a data connection waits, as real
//!   servers do; RFC 959 §4.2 has the two codes the other way round.
//! - STRU R (in the minimum of RFC 959 §5.1) is refused, and so is a transfer without PORT, PASV,
//!   EPRT or EPSV before the transfer: the default data port (§3.2) is not used.
//! - In text, a CR without LF is sent and stored unchanged (RFC 959 §3.1.1.1, through Telnet, wants
//!   CR NUL): no known program sends CR NUL, and files would collect NULs.
//! - Reply codes are those of RFC 959 §5.4, with three additions: 554 for an offset that the file
//!   cannot have (RFC 1123 §4.1.3.4), 504 for an address that is not the client's (RFC 2577 §3),
//!   and 425 for PASV and EPSV without a free port.
//! - An active data connection of the server leaves from an ephemeral port unless the configuration
//!   names a port. RFC 959 §3.2 wants the port next to the control port, which TIME-WAIT may still
//!   hold.

pub mod client;
mod clone_by_field;
pub mod driver;
mod habit;
pub mod model;
#[cfg(feature = "net")]
pub mod net;
pub mod report;
pub mod server;
pub mod session;
mod slot_table;
pub mod store;
pub mod tcp;
pub mod transfer;
pub mod wire;
mod work;

pub use client::{
    AborReplies, Client, ClientConfig, ClientTexts, DataMode, DownloadEnd, RemoteName, Task,
    UploadMode,
};
pub use driver::Driver;
pub use habit::{ClientHabit, LAST_BUFFER, LATE, ServerHabit};
pub use model::{Judgement, ServerModel};
pub use report::{CommandReport, Told, TransferReport};
pub use server::{Limits, OnFin, Server, ServerConfig, User};
pub use session::guesses::Guesses;
pub use store::{MemoryStore, Store};
pub use transfer::Close;
pub use wire::representation::Representation;
pub use work::Work;

/// The examples of the README, as tests of the documentation.
#[cfg(all(doctest, feature = "net"))]
#[doc = include_str!("../README.md")]
struct Readme;
