//! `endpoint` owns what a capture shows of one end of one TCP connection: sequence numbers relative to
//! the end's SYN, what was acknowledged, what was repeated, and the FIN.

use halfclose_stack::Flags;

use crate::explain::decode::Segment;

/// The number of packet ranges ahead of a hole that are kept.
const RANGES: usize = 4;

/// A FIN of one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FinSeen {
    /// The packet of the first copy.
    pub(crate) frame: u64,
    /// When the first copy passed, in nanoseconds.
    pub(crate) at: u64,
    /// The relative sequence number behind the FIN.
    pub(crate) end: i64,
    /// The packet of the last copy, and its time; the first copy's if there was one only.
    pub(crate) last: (u64, u64),
    /// Copies of the FIN beyond the first.
    pub(crate) repeats: u32,
    /// The first packet that acknowledges the FIN, and its time.
    pub(crate) acked: Option<(u64, u64)>,
    /// Data before the FIN had not passed yet when the FIN passed.
    pub(crate) before_hole: bool,
    /// The relative number of the first byte of the segment with the FIN.
    pub(crate) start: i64,
    /// What this end had acknowledged of the other end when the FIN passed.
    pub(crate) heard: i64,
}

/// One end of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoint {
    /// The sequence number that counts as 0: the SYN's.
    base: Option<u32>,
    /// The first SYN of this end: packet and time.
    pub(crate) syn: Option<(u64, u64)>,
    /// When the last copy of the SYN passed.
    pub(crate) last_syn_at: u64,
    /// SYNs beyond the first.
    pub(crate) syn_repeats: u32,
    /// Packets from this end.
    pub(crate) packets: u64,
    /// The last packet from this end, and its time.
    pub(crate) last: (u64, u64),
    /// The last packet with data from this end, and its time.
    pub(crate) last_data: (u64, u64),
    /// The relative sequence number behind all that this end has sent.
    pub(crate) next: i64,
    /// The highest relative number that the other end acknowledged.
    pub(crate) acked: i64,
    /// When the other end last acknowledged something new.
    pub(crate) acked_at: u64,
    /// All before this relative number has passed.
    pub(crate) contiguous: i64,
    ahead: [(i64, i64); RANGES],
    pub(crate) fin: Option<FinSeen>,
    /// The first packet with data behind the end's own FIN: the end did not send that FIN.
    pub(crate) beyond_fin: Option<u64>,
    /// The end has acknowledged something behind its own FIN as if the FIN had not left.
    pub(crate) ignores_fin: bool,
    /// Packets with data that had passed before.
    pub(crate) repeats: u32,
    /// The first such packet, and the last with its time.
    pub(crate) first_repeat: u64,
    pub(crate) last_repeat: (u64, u64),
    /// Data before the segment with the FIN was repeated behind the FIN.
    pub(crate) filled_hole: bool,
    /// Repeats of data or FIN since the other end last acknowledged something new.
    pub(crate) fruitless: u32,
    /// Times that data arrived ahead of a hole.
    pub(crate) gaps: u32,
    /// Time to live of the packets without RST, and whether every one had the same.
    pub(crate) ttl: Option<u8>,
    pub(crate) ttl_steady: bool,
    /// Identification of the last IPv4 header without RST.
    ip_id: Option<u16>,
    /// Packets in a row whose identification followed closely on the one before.
    counted: u32,
    /// The first packet that offered no window behind the handshake.
    pub(crate) closed_window: Option<u64>,
    /// The window of the last packet, not scaled.
    pub(crate) window: u16,
    /// The other end acknowledged bytes that the capture does not have.
    pub(crate) missed: bool,
    /// Packets of this end were captured without all of their data.
    pub(crate) snapped: bool,
}

impl Endpoint {
    /// The relative number of `seq`; the nearest one to what was sent so far.
    pub(crate) fn relative(&self, seq: u32) -> Option<i64> {
        let base = self.base?;
        let low = u32::try_from(self.next & 0xffff_ffff).unwrap_or(0);
        let away = seq.wrapping_sub(base.wrapping_add(low)).cast_signed();
        Some(self.next + i64::from(away))
    }

    /// Whether the first sequence number of this end is known.
    pub(crate) fn is_based(&self) -> bool {
        self.base.is_some()
    }

    /// Whether a SYN with `seq` would be a copy of this end's SYN.
    pub(crate) fn begins_with(&self, seq: u32) -> bool {
        self.base == Some(seq)
    }

    /// Fixes the numbers of an end that is first seen in the middle: `next` is the first byte.
    pub(crate) fn base_on(&mut self, next: u32) {
        if self.base.is_none() {
            self.base = Some(next.wrapping_sub(1));
            self.next = 1;
            self.acked = 1;
            self.contiguous = 1;
        }
    }

    /// Bytes of data that this end sent, as far as the capture shows.
    pub(crate) fn bytes(&self) -> i64 {
        (self.data_end() - 1).max(0)
    }

    /// The relative number behind the last byte of data.
    pub(crate) fn data_end(&self) -> i64 {
        self.next - i64::from(self.fin.is_some_and(|fin| fin.end == self.next))
    }

    /// Bytes of data that the other end never acknowledged.
    pub(crate) fn unacknowledged(&self) -> i64 {
        (self.data_end() - self.acked.max(1)).max(0)
    }

    /// Whether the other end acknowledged every byte of data.
    pub(crate) fn all_acknowledged(&self) -> bool {
        self.acked >= self.data_end()
    }

    /// Whether `id` is far from the identifications that this end counts up; 0 says nothing.
    pub(crate) fn jumps(&self, id: Option<u16>) -> bool {
        let far = |(last, now): (u16, u16)| now != 0 && now.wrapping_sub(last) > 1 << 12;
        self.counted >= 3 && self.ip_id.zip(id).is_some_and(far)
    }

    /// Takes a segment of this end without RST; `heard` is what this end has acknowledged of the other
    /// end by now.
    pub(crate) fn sent(&mut self, segment: &Segment<'_>, heard: i64) {
        let syn = segment.flags.has(Flags::SYN);
        if syn {
            self.takes_syn(segment);
        } else {
            self.base_on(segment.seq);
        }
        let Some(rel) = self.relative(segment.seq) else { return };
        self.packets += 1;
        self.last = (segment.frame, segment.at);
        self.ttl_steady = self.ttl.is_none_or(|ttl| ttl == segment.ttl && self.ttl_steady);
        self.ttl = Some(segment.ttl);
        let close = |(last, now): (u16, u16)| (1..=64).contains(&now.wrapping_sub(last));
        let counts = self.ip_id.zip(segment.ip_id).is_some_and(close);
        self.counted = if counts { self.counted + 1 } else { 0 };
        self.ip_id = segment.ip_id;
        self.window = segment.window;
        if segment.window == 0 && !syn && self.closed_window.is_none() {
            self.closed_window = Some(segment.frame);
        }
        let start = rel + i64::from(syn);
        let end = start + i64::from(segment.len);
        self.snapped |= u64::from(segment.len) > segment.payload.len() as u64;
        // A keep-alive probes with a byte that was acknowledged long ago (RFC 9293 §3.8.4).
        let probe = segment.len <= 1 && end <= self.acked && end == self.next;
        if segment.len > 0 && !probe {
            self.takes_data(segment, start, end);
        }
        if segment.flags.has(Flags::FIN) {
            self.takes_fin(segment, end + 1, heard);
        } else if segment.len == 0 {
            self.ignores_fin |= self.fin.is_some_and(|fin| end < fin.end);
        }
        self.next = self.next.max(end + i64::from(segment.flags.has(Flags::FIN)));
    }

    fn takes_syn(&mut self, segment: &Segment<'_>) {
        // A host that gave up the handshake answers the next copy of the SYN as a new one.
        let anew = self.base != Some(segment.seq) && self.bytes() == 0 && self.acked <= 1;
        if self.base.is_none() || (anew && self.fin.is_none()) {
            self.base = Some(segment.seq);
            (self.next, self.contiguous, self.acked) = (1, 1, 0);
        }
        match self.syn {
            Some(_) => self.syn_repeats += 1,
            None => self.syn = Some((segment.frame, segment.at)),
        }
        self.last_syn_at = segment.at;
    }

    fn takes_data(&mut self, segment: &Segment<'_>, start: i64, end: i64) {
        self.last_data = (segment.frame, segment.at);
        if self.fin.is_some_and(|fin| end > fin.end - 1) {
            self.beyond_fin.get_or_insert(segment.frame);
        }
        if end <= self.next {
            self.repeats_at(segment);
            self.repeats += 1;
            self.filled_hole |= self.fin.is_some_and(|fin| start < fin.start);
            if self.first_repeat == 0 {
                self.first_repeat = segment.frame;
            }
        }
        self.gaps += u32::from(start > self.next);
        self.passes(start, end);
    }

    fn repeats_at(&mut self, segment: &Segment<'_>) {
        self.last_repeat = (segment.frame, segment.at);
        self.fruitless += 1;
    }

    /// The bytes from `start` to `end` pass.
    fn passes(&mut self, start: i64, end: i64) {
        if start > self.contiguous {
            // The slot of the same range, or a free one; ranges beyond are forgotten.
            let slot =
                self.ahead.iter_mut().find(|(from, to)| *to == 0 || (start <= *to && end >= *from));
            if let Some(range) = slot {
                *range = if range.1 == 0 {
                    (start, end)
                } else {
                    (range.0.min(start), range.1.max(end))
                };
            }
            return;
        }
        self.contiguous = self.contiguous.max(end);
        while let Some(range) =
            self.ahead.iter_mut().find(|(from, to)| *to > 0 && *from <= self.contiguous)
        {
            self.contiguous = self.contiguous.max(range.1);
            *range = (0, 0);
        }
    }

    fn takes_fin(&mut self, segment: &Segment<'_>, end: i64, heard: i64) {
        if let Some(fin) = &mut self.fin {
            // A FIN behind more data than the first one is no copy; the first one stays.
            fin.repeats += 1;
            fin.last = (segment.frame, segment.at);
            if segment.len == 0 {
                self.repeats_at(segment);
            }
            return;
        }
        let acked = None;
        self.fin = Some(FinSeen {
            frame: segment.frame,
            at: segment.at,
            end,
            start: end - 1 - i64::from(segment.len),
            last: (segment.frame, segment.at),
            repeats: 0,
            acked,
            before_hole: self.contiguous < end - 1,
            heard,
        });
    }

    /// Takes an acknowledgment number that the other end sent in `segment`.
    pub(crate) fn acknowledged(&mut self, segment: &Segment<'_>) {
        self.base_on(segment.ack);
        let Some(rel) = self.relative(segment.ack) else { return };
        if rel > self.next {
            // Bytes that the capture does not have, or a number out of nowhere.
            if rel - self.next > 1 << 30 {
                return;
            }
            self.missed = true;
            self.next = rel;
            self.contiguous = rel;
        }
        if rel > self.acked {
            self.acked = rel;
            self.acked_at = segment.at;
            self.fruitless = 0;
        }
        if let Some(fin) = &mut self.fin
            && fin.acked.is_none()
            && rel >= fin.end
        {
            fin.acked = Some((segment.frame, segment.at));
        }
    }
}
