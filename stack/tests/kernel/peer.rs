//! `peer.rs` owns a random lawful peer and a random user: the steps of a script, drawn from a seed while
//! the script runs against the kernel.

use std::time::Duration;

use halfclose_stack::Flags;

use crate::step::{Arriving, Step};

/// Milliseconds of a wait: shorter and longer than a retransmission timeout.
const WAITS: [u64; 3] = [300, 600, 1_500];
/// The waits of a script, which take real time.
const MOST_WAITS: u32 = 2;

/// Draws from a seed (xorshift64).
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let len = u64::try_from(from.len()).ok().filter(|&len| len > 0)?;
        from.get(usize::try_from(self.below(len)).ok()?).copied()
    }
}

/// The peer and the user of one script.
pub(crate) struct Peer {
    draws: Draws,
    /// Whether the link reorders and copies segments.
    shuffles: bool,
    /// How often time may still pass between two steps.
    waits: u32,
    /// SND.NXT of the peer, and whether the peer has sent a FIN or a RST.
    next: u32,
    finished: bool,
    reset: bool,
    /// The ends of the segments that the peer has received, and how many the peer has acknowledged.
    ends: Vec<u32>,
    acknowledged: usize,
    /// Every segment of the peer, and a segment that the link holds back.
    sent: Vec<Arriving>,
    held: Option<Arriving>,
    shut: bool,
    closed: bool,
}

impl Peer {
    pub(crate) fn new(seed: u64, shuffles: bool, waits: bool) -> Self {
        Self {
            draws: Draws::new(seed),
            shuffles,
            waits: if waits { MOST_WAITS } else { 0 },
            next: 1,
            finished: false,
            reset: false,
            ends: vec![1],
            acknowledged: 0,
            sent: Vec::new(),
            held: None,
            shut: false,
            closed: false,
        }
    }

    /// The steps into ESTABLISHED.
    pub(crate) fn opening(&mut self) -> Vec<Step> {
        match self.draws.below(2) {
            0 => Step::script("listen; < S 0:0(0); < . 1:1(0) ack 1; accept"),
            _ => Step::script("connect; < S. 0:0(0) ack 1"),
        }
    }

    /// Take a segment of the kernel, printed without numbers of its own, into account.
    pub(crate) fn hear(&mut self, printed: &str) {
        let mut words = printed.split(' ');
        let (flags, range) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        if flags.contains('R') {
            self.reset = true;
        }
        let Some((first, rest)) = range.split_once(':') else { return };
        let number = |text: &str| text.parse::<u32>().expect("a number");
        let (last, _) = rest.split_once('(').expect("first:last(length)");
        let end = number(last) + u32::from(flags.contains('F'));
        let known = self.ends.last().copied().unwrap_or(1);
        if number(first) <= known && end > known && !flags.contains('S') {
            self.ends.push(end);
        }
    }

    /// The next step, or `None` at the end of the script.
    pub(crate) fn step(&mut self) -> Option<Step> {
        if self.waits > 0 && self.draws.below(5) == 0 {
            self.waits -= 1;
            return self.draws.pick(&WAITS).map(Duration::from_millis).map(Step::Wait);
        }
        for _ in 0..20 {
            let draw = self.draws.below(100);
            let step = if draw < 40 { self.user(draw) } else { self.peer(draw) };
            if step.is_some() {
                return step;
            }
        }
        None
    }

    fn user(&mut self, draw: u64) -> Option<Step> {
        if self.closed {
            return None;
        }
        match draw {
            0..14 if !self.shut => Some(Step::Send(1 + self.below(400))),
            14..26 => Some(Step::Receive),
            26..31 if !self.shut => {
                self.shut = true;
                Some(Step::Shutdown)
            }
            31..38 => {
                self.closed = true;
                Some(Step::Close)
            }
            38..40 => {
                self.closed = true;
                Some(Step::Abort)
            }
            _ => None,
        }
    }

    fn peer(&mut self, draw: u64) -> Option<Step> {
        if self.shuffles && draw < 58 {
            return self.link(draw);
        }
        if self.reset {
            return None;
        }
        let ack = self.ack();
        let at = |flags: &str, seq, len| Arriving::new(flags, seq, len, ack);
        let segment = match draw {
            40..62 if !self.finished => {
                let len = 1 + self.below(300);
                let segment = at("P.", self.next, len);
                self.next += u32::try_from(len).expect("a short segment");
                segment
            }
            62..76 => at(".", self.next, 0),
            76..84 if !self.finished => {
                let len = if draw < 80 { 0 } else { 1 + self.below(300) };
                let segment = at("F.", self.next, len);
                self.next += u32::try_from(len).expect("a short segment") + 1;
                self.finished = true;
                segment
            }
            84..94 => Arriving { ack, ..self.sent.last().copied()? },
            94..97 => {
                self.reset = true;
                let flags = if draw == 94 { "R" } else { "R." };
                at(flags, self.next, 0)
            }
            _ => return None,
        };
        if !segment.flags.has(Flags::RST) {
            self.sent.push(segment);
        }
        self.deliver(segment)
    }

    /// A segment that the link has copied or held back.
    fn link(&mut self, draw: u64) -> Option<Step> {
        match draw {
            40..50 => self.draws.pick(&self.sent.clone()).map(Step::Arrive),
            _ => self.held.take().map(Step::Arrive),
        }
    }

    /// Deliver `segment`, or hold the segment back while a later segment arrives.
    fn deliver(&mut self, segment: Arriving) -> Option<Step> {
        if self.shuffles && self.held.is_none() && self.draws.below(5) == 0 {
            self.held = Some(segment);
            return None;
        }
        Some(Step::Arrive(segment))
    }

    /// An acknowledgment: of everything, of what was acknowledged before, or of a part.
    fn ack(&mut self) -> u32 {
        let last = self.ends.len() - 1;
        self.acknowledged = match self.draws.below(4) {
            0 => self.acknowledged,
            1 => self.acknowledged + self.below(last + 1 - self.acknowledged),
            _ => last,
        };
        self.ends[self.acknowledged]
    }

    fn below(&mut self, limit: usize) -> usize {
        let drawn = self.draws.below(u64::try_from(limit.max(1)).expect("a small limit"));
        usize::try_from(drawn).expect("a small number")
    }
}
