//! A TCP host over smoltcp 0.14, sans-IO at the packet boundary: packets in, packets out, the next
//! wake-up. It owns what RFC 9293 wants at the end of a connection and smoltcp leaves open.
//!
//! A [`Host`] is a function of its [`Config`] and of the calls made on it: it reads no clock and no
//! environment, and time is a [`Duration`](std::time::Duration) since the start of the run, in whole
//! microseconds, that its caller passes.
//!
//! # Calling order
//!
//! 1. Give the host what happened: [`Host::handle_packet`], [`Host::handle_timeout`], and the user's
//!    calls (RFC 9293 §3.9.1): [`connect`](Host::connect), [`listen`](Host::listen),
//!    [`accept`](Host::accept), [`send`](Host::send), [`receive`](Host::receive),
//!    [`shutdown`](Host::shutdown), [`close`](Host::close), [`abort`](Host::abort). None of them
//!    transmits.
//! 2. Take [`Host::poll_transmit`] until it gives `None`; give the buffers back with
//!    [`Host::recycle`].
//! 3. Ask [`Host::next_wakeup`], and go to the earliest thing in the world.
//!
//! [`Host::poll_ready`] names the connections to look at, without a scan; [`Host::poll_note`] tells
//! every change of state, every [`Ending`] and every [`Divergence`], in order.
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
//! # How it is built
//!
//! One connection is one smoltcp `Interface` and a `SocketSet` of one. `table` finds it by 4-tuple,
//! then the listener, then nobody (an empty set answers with the right RST); so the cost of a packet
//! does not grow with connections, and an initial sequence number depends on the seed, the 4-tuple
//! and how often that was used, not on the order of connections. `judge` looks at a segment before
//! smoltcp does; `space` reads the sequence variables off the headers that pass; `ends` follows each
//! connection to its end; `deadline` gives it up. Only what an event touched is polled.
//!
//! # Where smoltcp 0.14 parts from RFC 9293
//!
//! Mended here, each with a test that fails without it:
//!
//! - CLOSE in SYN-RECEIVED loses the FIN: it waits for ESTABLISHED (§3.10.4).
//! - CLOSE in SYN-SENT sends a RST: the connection is deleted silently (§3.10.4).
//! - CLOSE with bytes unread sends a FIN, and data after CLOSE is accepted: a RST where the
//!   [`ClosePolicy`] says so (§3.6.1).
//! - ABORT sends a RST in every state: none in SYN-SENT, CLOSING, LAST-ACK and TIME-WAIT (§3.10.5).
//! - A RST after a retransmission timeout is numbered too low and ignored: it stands at SND.NXT, or
//!   where the peer's window ended if a probe of the closed window went further (§3.10.5).
//! - Any RST in the window is believed: by policy only one at RCV.NXT (RFC 5961 §3.2). A RST exactly
//!   there can be ignored: it ends the connection.
//! - A SYN on a synchronized connection is ignored: it draws a challenge ACK (RFC 5961 §4.2).
//! - A FIN on a segment cut by the window is taken without the bytes before it: it is not.
//! - Data after the peer's FIN is accepted: it is not (§3.10.7.4).
//! - Bytes unread are destroyed when TIME-WAIT ends: they wait for their user.
//! - A listener is one socket and steals late SYNs: there is a backlog, and the 4-tuple goes first.
//! - All ends look like CLOSED: see [`Ending`]. No deadlines but one that kills idle connections: see
//!   [`Deadlines`] and [`ClosePolicy`]. No urgent pointer: see [`Host::urgent`].
//!
//! Reported as a [`Divergence`] of the run and not mended:
//!
//! - A FIN that arrives before the data it follows, or once more on a segment whose data is here, is
//!   ignored until the peer's next timeout.
//! - Data on a segment with an ACK older than SND.UNA is dropped; the peer's timeout repeats it.
//! - Retransmission and probe timers can be lost, without congestion control easily (a FIN
//!   deadlock): a watchdog ends the connection as [`Ending::Stalled`].
//!
//! Neither (TIME-WAIT is the host's own once its user has closed, and answers as smoltcp does):
//! TIME-WAIT lasts [`TIME_WAIT`] and a new SYN does not reopen it; a RST assassinates it (RFC
//! 1337); windows are taken from old segments (no SND.WL1); SACK blocks are sent and not used; the
//! initial sequence number is not driven by a clock (MUST-8), for a run must replay.
//!
//! Ours, and not smoltcp's: a SYN is given up after 127 s as on Linux and not after three minutes
//! (MUST-23, §3.8.3); ABORT lets go first what the windows admit (§3.10.5 flushes it), for `send` on a
//! kernel would have transmitted it by then; a CLOSE in SYN-RECEIVED always waits for ESTABLISHED,
//! where §3.10.4 sends the FIN at once if there is nothing else to send.
//!
//! From Linux it also parts in this: an abandoned retransmission sends a RST (Linux is silent), a
//! connection in SYN-RECEIVED that is given up does too, and the congestion window begins at about
//! two kilobytes and not at ten segments.

mod close_policy;
mod config;
mod connection;
mod divergence;
mod ending;
mod host;
mod ids;
mod note;
mod packet;
mod reset_cause;
mod state;
mod time;

pub use packet::checksum;

pub use close_policy::{
    ClosePolicy, DataAfterClose, ReceivedAtReset, ResetValidation, UnreadAtClose,
};
pub use config::{Config, Congestion, Deadlines};
pub use divergence::Divergence;
pub use ending::Ending;
pub use host::events::Ready;
pub use host::seed_draws::SeedDraws;
pub use host::time_wait::TIME_WAIT;
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
