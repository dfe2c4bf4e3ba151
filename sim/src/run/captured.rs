//! `captured` turns a recorded run into the packets of a capture: at the client, at the server, or on the
//! link between the two.

use std::collections::BTreeMap;
use std::io::{self, Write};

use halfclose_stack::checksum;

use super::Finished;
use crate::capture::{self, CaptureHeader, OwnedCapturedPacket};
use crate::network::fate::{Changes, Fate, flip};
use crate::network::trace::{Arrived, Event, PacketEvent};
use crate::scenario::Scenario;
use crate::side::Side;

/// Where a capture of a run is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CapturePoint {
    /// At the client's host: what the host sends, and what reaches the host.
    Client,
    /// At the server's host.
    Server,
    /// On the link: every packet as a host hands it over, lost packets too.
    #[default]
    Link,
}

impl CapturePoint {
    /// Every point, with its word on the command line.
    pub const ALL: [(&'static str, Self); 3] =
        [("client", Self::Client), ("server", Self::Server), ("link", Self::Link)];
}

impl Finished {
    /// Writes a run recorded at `Recording::Packets` as a pcapng capture, which Wireshark opens and
    /// `halfclose replay` runs again, and returns the number of packets. `scenario` is the scenario of
    /// the run.
    ///
    /// # Errors
    /// `to` cannot be written to.
    ///
    /// # Panics
    /// If the run was recorded at a lower level.
    pub fn write_pcap(
        &self,
        scenario: &Scenario,
        point: CapturePoint,
        to: &mut dyn Write,
    ) -> io::Result<u64> {
        let header = CaptureHeader::new(self.outcome.seed, scenario.to_string());
        let packets = self.captured_at(point);
        capture::write(to, &header, packets.iter().map(OwnedCapturedPacket::borrowed))
    }

    /// The packets of a run recorded at `Recording::Packets`, as a capture holds them: checksums are
    /// filled in, every fate but plain delivery has a comment, and so has every RST, with the reason.
    /// A corrupted packet has its flipped bit and the checksum of the packet that was sent.
    #[must_use]
    pub fn captured(&self) -> Vec<OwnedCapturedPacket> {
        let reasons = self.reasons();
        self.trace.wire().map(|(event, bytes)| emitted(event, bytes, Some(&reasons))).collect()
    }

    /// The packets as a capture at `point` holds them, in order of time. What a host sends and what
    /// reaches the host is all that a capture at the host shows; the comments say no more than the
    /// reasons of the host's own RSTs.
    #[must_use]
    pub fn captured_at(&self, point: CapturePoint) -> Vec<OwnedCapturedPacket> {
        let here = match point {
            CapturePoint::Link => return self.captured(),
            CapturePoint::Client => Side::Client,
            CapturePoint::Server => Side::Server,
        };
        let reasons = self.reasons();
        let mut arrivals =
            self.trace.arrivals().filter(|(arrived, _)| arrived.to == here).peekable();
        let mut packets = Vec::new();
        let take = |packets: &mut Vec<_>, (arrived, bytes): (&Arrived, &[u8])| {
            let mut bytes = bytes.to_vec();
            if checksum::are_absent(&bytes) {
                checksum::fill(&mut bytes);
            }
            let (at, comment) = (arrived.at, String::new());
            packets.push(OwnedCapturedPacket { at, bytes, comment });
        };
        for (index, event) in self.trace.events().iter().enumerate() {
            while let Some(arrival) = arrivals.next_if(|(arrived, _)| arrived.after <= index) {
                take(&mut packets, arrival);
            }
            if let Event::Packet(event) = event
                && event.from == here
            {
                let mut bytes = self.trace.bytes(event).to_vec();
                checksum::fill(&mut bytes);
                let comment = reasons.get(&event.emission).cloned().unwrap_or_default();
                packets.push(OwnedCapturedPacket { at: event.at, bytes, comment });
            }
        }
        arrivals.for_each(|arrival| take(&mut packets, arrival));
        packets
    }

    /// The reason of each RST, in words, by emission number.
    fn reasons(&self) -> BTreeMap<u64, String> {
        let resets = self.outcome.resets.iter();
        resets.filter_map(|it| Some((it.packet?, format!("reset: {}", it.cause.words())))).collect()
    }
}

/// A packet as a capture of the link holds the packet. `reasons` has the reason of each RST, by
/// emission number.
pub(crate) fn emitted(
    event: &PacketEvent,
    bytes: &[u8],
    reasons: Option<&BTreeMap<u64, String>>,
) -> OwnedCapturedPacket {
    let mut bytes = bytes.to_vec();
    checksum::fill(&mut bytes);
    if let Fate::Changed(Changes { corrupted: Some(bit), .. }) = event.fate {
        flip(&mut bytes, bit);
    }
    let mut comment = event.fate.words().into_owned();
    if event.fate != Fate::Forged
        && let Some(reason) = reasons.and_then(|reasons| reasons.get(&event.emission))
    {
        let between = if comment.is_empty() { "" } else { "; " };
        comment.push_str(between);
        comment.push_str(reason);
    }
    OwnedCapturedPacket { at: event.at, bytes, comment }
}
