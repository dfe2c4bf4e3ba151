//! A TCP host over smoltcp 0.14, sans-IO at the packet boundary: packets in, packets out, next wake-up.
//! The crate adds the rules of RFC 9293 for the end of a connection that smoltcp omits or breaks.
//!
//! A [`Host`] is a function of its [`Config`] and of the calls made on the host. A host reads no clock
//! and no environment: the caller passes the time, a [`Duration`](std::time::Duration) since the start
//! of the run, in whole microseconds.
//!
//! # Calling order
//!
//! 1. Tell the host about an event: [`Host::handle_packet`], [`Host::handle_timeout`], or a user call
//!    of RFC 9293 §3.9.1: [`connect`](Host::connect), [`listen`](Host::listen),
//!    [`accept`](Host::accept), [`send`](Host::send), [`receive`](Host::receive),
//!    [`shutdown`](Host::shutdown), [`close`](Host::close), [`abort`](Host::abort). None of these calls
//!    transmits.
//! 2. Take packets from [`Host::poll_transmit`] until the call returns `None`. Give the buffers back
//!    with [`Host::recycle`].
//! 3. Ask [`Host::next_wakeup`], and move the time to the earliest event of all hosts and links.
//!
//! [`Host::poll_ready`] names the connections with news, without a scan of all connections.
//! [`Host::poll_note`] returns every change of state, every [`Ending`] and every [`Divergence`], in
//! order.
//!
//! # Example
//!
//! Two hosts joined by a perfect wire:
//!
//! ```
//! use std::net::{Ipv4Addr, SocketAddrV4};
//! use std::ops::ControlFlow;
//! use std::time::Duration;
//! use halfclose_stack::{Config, Ending, Host};
//!
//! let address = |last| Ipv4Addr::new(10, 0, 0, last);
//! let [mut client, mut server] = [1, 2].map(|last| {
//!     Host::new(Config { address: address(last), seed: 42, ..Config::default() })
//! });
//! let now = Duration::from_millis(1);
//! let mut exchange = |client: &mut Host, server: &mut Host| loop {
//!     if let Some(packet) = client.poll_transmit(now) {
//!         server.handle_packet(now, &packet);
//!         client.recycle(packet);
//!     } else if let Some(packet) = server.poll_transmit(now) {
//!         client.handle_packet(now, &packet);
//!         server.recycle(packet);
//!     } else {
//!         break;
//!     }
//! };
//!
//! let (listener, port) = server.listen(21, 8).expect("the port is free");
//! let to = SocketAddrV4::new(address(2), port);
//! let mine = client.connect(now, None, to).expect("a port is free");
//! exchange(&mut client, &mut server);
//! let theirs = server.accept(listener).expect("the handshake is complete");
//!
//! let sent = client.send(now, mine, &mut |room| {
//!     room[..5].copy_from_slice(b"QUIT\n");
//!     5
//! });
//! assert_eq!(sent, ControlFlow::Continue(5));
//! client.close(now, mine); // a FIN, on the same segment
//! exchange(&mut client, &mut server);
//!
//! let mut text = Vec::new();
//! let read = server.receive(now, theirs, usize::MAX, &mut |piece| text.extend(piece));
//! assert_eq!((read, &text[..]), (ControlFlow::Continue(5), &b"QUIT\n"[..]));
//! let end = server.receive(now, theirs, usize::MAX, &mut |_| ());
//! assert_eq!(end, ControlFlow::Break(Ending::Finished));
//! server.close(now, theirs);
//! exchange(&mut client, &mut server);
//! ```
//!
//! # Where each rule lives
//!
//! | rule | file |
//! |---|---|
//! | user calls: OPEN, SEND, RECEIVE, CLOSE, ABORT, STATUS (§3.10.1 to §3.10.6) | `host/user.rs`, `connection/data.rs` |
//! | SEGMENT ARRIVES (§3.10.7): connection, listener, closed port | `host/arrival.rs` |
//! | which segments smoltcp may see: RST and SYN validation (RFC 5961), data after CLOSE, ACKs that would stop a timer | `connection/admission.rs` |
//! | ABORT, and the states without a RST: no RST in SYN-SENT, CLOSING, LAST-ACK and TIME-WAIT (§3.10.5) | `connection/reset.rs`, `host/abort.rs` |
//! | the number of a RST after a retransmission timeout | `connection/reset.rs` |
//! | segments that are old or early in a part, a FIN before its turn, a RST as of a closed port | `connection/admission.rs`, `host/mend.rs` |
//! | TIME-WAIT: answers to segments, a RST in TIME-WAIT, the end | `host/time_wait.rs` |
//! | changes of state, a FIN that waits for ESTABLISHED | `connection/transition.rs`, `host/teardown.rs` |
//! | how a connection has ended | `ending.rs` |
//! | deadlines: handshake, user timeout, idle, FIN-WAIT-2, linger, watchdog | `connection/deadline.rs` |
//! | SND.UNA, SND.NXT, RCV.NXT and the windows | `connection/sequence_space.rs` |
//! | data or a FIN that smoltcp lost | `connection/observation.rs` |
//! | the reason for a RST, in three vocabularies | `reset_cause.rs`, `host/abort.rs` |
//! | differences between kernels at the end of a connection | `close_policy.rs` |
//! | backlog of a listener; ephemeral ports; draws from the seed | `host/listener.rs`, `host/ports.rs`, `host/seed_draws.rs` |
//! | every offset in a TCP/IP header: decoder and builder | `packet/header.rs` |
//!
//! One connection is one smoltcp `Interface` with a `SocketSet` of one. `host/demux.rs` finds a
//! connection by 4-tuple, then a listener; an interface without sockets answers for closed ports. So
//! the cost of a packet does not grow with the number of connections. An initial sequence number
//! depends on the seed, the 4-tuple and the number of earlier uses of the 4-tuple, not on the order of
//! connections. smoltcp is polled only for connections that an event has touched
//! (`connection/poll.rs`).
//!
//! # Differences between smoltcp 0.14 and RFC 9293
//!
//! Mended by this crate, each with a test that fails without the mend:
//!
//! - CLOSE in SYN-RECEIVED: smoltcp loses the FIN. Here the FIN waits for ESTABLISHED (§3.10.4).
//! - CLOSE in SYN-SENT: smoltcp sends a RST. Here the connection is deleted silently (§3.10.4).
//! - CLOSE with unread bytes: smoltcp sends a FIN, and accepts data after CLOSE. Here a RST is sent
//!   where the [`ClosePolicy`] says so (§3.6.1).
//! - ABORT: smoltcp sends a RST in every state. Here no RST is sent in SYN-SENT, CLOSING, LAST-ACK and
//!   TIME-WAIT (§3.10.5).
//! - A RST after a retransmission timeout: smoltcp numbers the RST too low, and the peer ignores the
//!   RST. Here the number is SND.NXT, or the end of the peer's window if a probe of the closed window
//!   went further (§3.10.5).
//! - A RST in the window: smoltcp believes every RST. Here, by policy, only a RST at RCV.NXT ends the
//!   connection (RFC 5961 §3.2). smoltcp can ignore a RST exactly at RCV.NXT; here the RST counts.
//! - A SYN on a synchronized connection: smoltcp is silent. Here a challenge ACK answers (RFC 5961
//!   §4.2).
//! - A FIN on a segment cut by the window: smoltcp takes the FIN without the bytes before the FIN. Here
//!   the segment is dropped, and the peer sends the FIN again.
//! - Data after the peer's FIN: smoltcp accepts the data. Here the data is ignored (§3.10.7.4).
//! - Unread bytes at the end of TIME-WAIT: smoltcp destroys the bytes. Here the bytes wait for the
//!   user.
//! - A listener of smoltcp is one socket, and takes late SYNs of other connections. Here there is a
//!   backlog, and the 4-tuple is looked up first.
//! - smoltcp shows CLOSED for every ending: see [`Ending`]. smoltcp has one deadline, which also ends
//!   idle connections: see [`Deadlines`] and [`ClosePolicy`]. smoltcp has no urgent pointer: see
//!   [`Host::urgent`].
//!
//! - A FIN that arrives before the data in front of the FIN, or on a repeated segment whose data has
//!   arrived already; data or a FIN on a segment with an ACK older than SND.UNA; a new ACK on an old
//!   segment; a copy of the peer's SYN; a new SYN in SYN-RECEIVED and TIME-WAIT: smoltcp drops all of
//!   them. Here they count where [`OldSegments`] says so, as on Linux.
//!
//! Reported as a [`Divergence`] of the run and not mended:
//!
//! - Without [`OldSegments::Keep`], a FIN is ignored, until the peer's next timeout, if the FIN arrives
//!   before the data in front of the FIN, or on a repeated segment whose data has arrived already; and
//!   data on a segment with an old ACK is dropped.
//! - Without congestion control, smoltcp can lose its retransmission timer and its probe timer easily (a
//!   FIN deadlock). A watchdog ends the connection as [`Ending::Stalled`]. With congestion control,
//!   smoltcp does not see the ACKs that would stop the timer. What remains is a peer that takes an
//!   offered window back, as the rounding of a scaled window can.
//!
//! Neither mended nor reported: TIME-WAIT of a user who has not closed lasts [`TIME_WAIT`]; a RST ends TIME-WAIT early (RFC 1337); the
//! third equal ACK is retransmitted for, no matter how many segments are in flight; windows are taken from old segments (no SND.WL1); SACK blocks
//! are sent and not used; the initial sequence number is not driven by a clock (MUST-8), because a run
//! must replay.
//!
//! Differences of this crate, not of smoltcp: the handshake is given up after 127 s as on Linux, not
//! after three minutes (MUST-23, §3.8.3). ABORT first sends the data that the windows admit, because
//! `send` on a kernel would have transmitted the data by then (§3.10.5 flushes the data). CLOSE in
//! SYN-RECEIVED always waits for ESTABLISHED, where §3.10.4 sends the FIN at once if no data waits.
//!
//! The tests in `tests/kernel` compare the policy `linux` with a kernel: every state with every segment
//! that a lawful peer can send, random scripts, and scripts that wait for timers. Differences from Linux: an abandoned retransmission sends a RST, and so does an abandoned
//! connection in SYN-RECEIVED (Linux is silent in both); the congestion window begins at about two
//! kilobytes, not at ten segments. [`Config::initial_window`], [`Config::syn_retries`],
//! [`Config::minshall`] and [`Config::time_wait`] bring a host nearer to Linux. What smoltcp 0.14 keeps
//! to itself cannot be chosen: the shortest retransmission timeout is 1 s (Linux: 200 ms) and the longest
//! is 60 s (Linux: 120 s); the congestion window of Reno and CUBIC begins at 2 KiB; there is no tail loss
//! probe, no RACK, no use of SACK and no F-RTO.

mod clone_by_field;
mod close_policy;
mod config;
mod connection;
mod divergence;
mod ending;
mod hash_by_field;
mod host;
mod ids;
mod note;
mod packet;
mod reset_cause;
mod state;
mod time;

pub use packet::checksum;

pub use close_policy::{
    ClosePolicy, DataAfterClose, OldSegments, ReceivedAtReset, ResetTold, ResetValidation,
    UnreadAtClose,
};
pub use config::{Config, Congestion, Deadlines, SynRetries};
pub use divergence::Divergence;
pub use ending::Ending;
pub use host::events::Ready;
pub use host::seed_draws::SeedDraws;
pub use host::{Audit, Host};
pub use ids::{ConnId, ConnectError, ListenError, ListenerId, Status};
pub use note::{Note, NoteKind};
pub use packet::header::field_at;
pub use packet::notation::Relative;
pub use packet::options::Options;
pub use packet::pool::Packet;
pub use packet::segment::{Flags, Kind, Segment};
pub use reset_cause::ResetCause;
pub use state::State;
pub use time::TIME_WAIT;

/// The example of the README, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
