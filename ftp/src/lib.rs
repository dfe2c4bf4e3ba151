//! FTP client and server, sans-IO at the byte boundary.
//!
//! The same code runs over a simulated link and over kernel sockets: a protocol machine
//! ([`client::Client`], [`server::Server`]) is a [`session::Session`], which takes bytes and events
//! and gives bytes and actions; [`driver::Driver`] carries both between any number of sessions and
//! one [`tcp::Tcp`]; [`transfer::Transfer`] is the one loop that moves a file, for both sides.
//! Nothing here knows a clock, a socket or a thread: time is the `now` that the caller passes. What does
//! comes by features: `net` has the operating system's sockets behind the same trait (`net::Sockets`),
//! `dir` a directory behind the same store (`store::DirectoryStore`).
//!
//! From the wire upwards: [`line`](wire::line), [`command`](wire::command), [`reply`](wire::reply), [`address`](wire::address), [`date`](wire::date),
//! [`representation`](wire::representation) and [`listing`](wire::listing) turn bytes into words and back; [`pathname`](wire::pathname) makes a client's
//! name a path, [`store`] holds the files; [`report`] says what came of each transfer.
//!
//! In stream mode the end of the data connection is the end of the file (RFC 959 §3.4.1), so how an
//! application ends it matters: [`transfer::Close`] is the choice of the side that sends,
//! [`model::ServerModel`] what a server makes of the result, [`report::Told`] what its user is told.
//!
//! A session needs no network; whoever holds it is the network:
//!
//! ```
//! use halfclose_ftp::report::{Journal, SessionId};
//! use halfclose_ftp::session::{Context, Event, Session};
//! use halfclose_ftp::{MemoryStore, Server, ServerConfig};
//! use std::time::Duration;
//!
//! let (config, mut store, mut journal) =
//!     (ServerConfig::default(), MemoryStore::new(), Journal::default());
//! let (id, now) = (SessionId(0), Duration::ZERO);
//! let mut cx = Context { config: &config, store: &mut store, journal: &mut journal, id, now };
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
//! Where we differ from the RFCs:
//! - ABOR with nothing to abort is answered 225, and 226 if a data connection waits, as real servers
//!   do; RFC 959 §4.2 has them the other way round.
//! - STRU R (RFC 959 §5.1's minimum) is refused, and so is a transfer without PORT, PASV, EPRT or EPSV
//!   before it: the default data port (§3.2) is not used.
//! - A CR of a text that no LF follows is sent and stored as it is (RFC 959 §3.1.1.1, by way of Telnet,
//!   would have CR NUL): nobody does that, and files would grow NULs.
//! - A reply's codes are those of RFC 959 §5.4, with three from elsewhere: 554 for an offset that a file
//!   cannot have (RFC 1123 §4.1.3.4), 504 for an address that is not the client's (RFC 2577 §3), and
//!   425 for PASV and EPSV where no port is free.
//! - The server's active data connection leaves from an ephemeral port unless the configuration
//!   names one (RFC 959 §3.2 says the port next to the control port: TIME-WAIT may still hold it).

pub mod client;
pub mod driver;
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

pub use client::{
    AborReplies, Client, ClientConfig, ClientTexts, DataMode, DownloadEnd, Task, UploadMode,
};
pub use driver::Driver;
pub use model::{Judgement, ServerModel};
pub use report::{CommandReport, Told, TransferReport};
pub use server::{Limits, OnFin, Server, ServerConfig, User};
pub use store::{MemoryStore, Store};
pub use transfer::Close;
pub use wire::representation::Representation;
