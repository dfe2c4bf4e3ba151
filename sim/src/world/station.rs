//! `world::station` is one host with the program on it: it pumps the program, and hands what the
//! host says to the link. What it writes meanwhile goes into the world's `Log`. It does not know the
//! other station, nor what happens next.

use std::time::Duration;

use halfclose_ftp::session::Session;
use halfclose_ftp::{Driver, MemoryStore};
use halfclose_stack::{Divergence, Host, Note, NoteKind, Packet};

use crate::fate::Fate;
use crate::law::{Evidence, Holding};
use crate::link::{Flight, Link};
use crate::medium::Medium;
use crate::outcome::EndedConnection;
use crate::side::Side;
use crate::sockets::Sockets;
use crate::trace::Trace;

/// One host, the program on it, and the direction of the link that it sends into.
pub(super) struct Station<P: Session> {
    pub(super) side: Side,
    pub(super) host: Host,
    pub(super) driver: Driver<P, MemoryStore>,
    pub(super) link: Link,
}

/// What a station writes while it works.
pub(super) struct Log<'a> {
    pub(super) medium: &'a mut Medium,
    pub(super) trace: &'a mut Trace,
    pub(super) ended: &'a mut Vec<EndedConnection>,
    pub(super) divergences: &'a mut Vec<Divergence>,
    pub(super) evidence: &'a mut Evidence,
}

impl<P: Session> Station<P> {
    /// Whether no timer of the host's or the program's fires before `at`.
    #[inline]
    pub(super) fn sleeps_until(&self, at: Duration) -> bool {
        self.host.sleeps_until(at) && self.driver.next_wakeup().is_none_or(|wakeup| wakeup >= at)
    }

    #[inline]
    pub(super) fn next_wakeup(&mut self) -> Option<Duration> {
        match (self.host.next_wakeup(), self.driver.next_wakeup()) {
            (Some(host), Some(driver)) => Some(host.min(driver)),
            (host, driver) => host.or(driver),
        }
    }

    #[inline]
    pub(super) fn settle(&mut self, now: Duration, log: &mut Log<'_>) {
        loop {
            self.drain_notes(log);
            let watch = Some(log.evidence.watch(self.side, now));
            self.driver.pump(&mut Sockets { host: &mut self.host, now, watch }, now);
            self.drain_notes(log);
            while let Some(packet) = self.host.poll_transmit(now) {
                self.transmit(now, packet, log);
            }
            self.drain_notes(log);
            // Egress may have given the program something to do: bytes transmitted, an end.
            let due = self.driver.next_wakeup().is_some_and(|at| at <= now);
            if !self.host.is_ready() && !due {
                return;
            }
        }
    }

    #[inline]
    fn transmit(&mut self, now: Duration, packet: Packet, log: &mut Log<'_>) {
        if !log.medium.is_clear(&self.link) || !log.evidence.liar.is_honest() {
            return self.transmit_into(now, packet, log);
        }
        let emission = log.trace.packet(now, self.side, Fate::Deliver, &packet);
        if let Some(sight) = log.evidence.sees(self.side, emission, &packet) {
            log.evidence.left(now, Some(sight), Fate::Deliver);
        }
        let arrival = self.link.arrival(now);
        self.link.carry(Flight { arrival, emission, packet });
    }

    /// Into a medium that may do something to it, and perhaps with a lie.
    fn transmit_into(&mut self, now: Duration, packet: Packet, log: &mut Log<'_>) {
        let forged = log.evidence.liar.forges(&packet);
        for packet in [Some(packet), forged].into_iter().flatten() {
            if log.evidence.liar.swallows(&packet) {
                self.host.recycle(packet);
                continue;
            }
            let sight = log.evidence.sees(self.side, log.trace.next_emission(), &packet);
            let (fate, back) = log.medium.pass(now, self.side, packet, &mut self.link, log.trace);
            log.evidence.left(now, sight, fate);
            if let Some(packet) = back {
                self.host.recycle(packet);
            }
        }
    }

    #[inline]
    fn drain_notes(&mut self, log: &mut Log<'_>) {
        if self.host.has_notes() {
            self.take_notes(log);
        }
    }

    fn take_notes(&mut self, log: &mut Log<'_>) {
        while let Some(note) = self.host.poll_note() {
            log.evidence.noted(self.side, &note);
            log.note(self.side, note);
        }
    }

    /// What it still holds.
    pub(super) fn holding(&self) -> Holding {
        Holding {
            host: self.host.audit(),
            in_flight: self.link.in_flight(),
            sessions: self.driver.sessions(),
            files: self.driver.store().open_files(),
        }
    }
}

impl Log<'_> {
    fn note(&mut self, side: Side, note: Note) {
        match note.kind {
            NoteKind::Ended(ending) => self.ended.push(EndedConnection {
                at: note.at,
                side,
                local: note.local.into(),
                peer: note.peer.into(),
                ending,
            }),
            NoteKind::Divergence(divergence) => {
                if !self.divergences.contains(&divergence) {
                    self.divergences.push(divergence);
                }
            }
            NoteKind::State { .. } => {}
        }
        self.trace.note(side, note);
    }
}
