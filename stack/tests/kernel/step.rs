//! `step.rs` owns the words of a step script: the user calls and the arriving segments that a kernel and
//! a host both take, and the reactions that are compared.

use std::fmt;
use std::time::Duration;

use halfclose_stack::Flags;

/// The initial sequence number of the peer: close to the wrap.
pub(crate) const PEER_ISN: u32 = u32::MAX - 99;

/// A step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Active OPEN: a SYN leaves.
    Connect,
    /// Passive OPEN: the port listens.
    Listen,
    Accept,
    Send(usize),
    Receive,
    /// Shut the sending side.
    Shutdown,
    Close,
    /// CLOSE with `SO_LINGER` of 0 seconds.
    Abort,
    Arrive(Arriving),
    /// Time passes, at least so much: timers fire.
    Wait(Duration),
}

/// A segment of the peer. Numbers are relative to the initial sequence numbers of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arriving {
    pub(crate) flags: Flags,
    pub(crate) seq: u32,
    /// The acknowledgment, meaningless without the flag.
    pub(crate) ack: u32,
    pub(crate) len: usize,
    pub(crate) window: u16,
}

impl Arriving {
    /// A segment with the flags written as in packetdrill.
    pub(crate) fn new(flags: &str, seq: u32, len: usize, ack: u32) -> Self {
        let flag = |letter| match letter {
            'F' => Flags::FIN,
            'S' => Flags::SYN,
            'R' => Flags::RST,
            'P' => Flags::PSH,
            _ => Flags::ACK,
        };
        let flags = flags.chars().map(flag).fold(Flags::default(), |all, flag| all | flag);
        Self { flags, seq, ack, len, window: u16::MAX }
    }
}

impl Step {
    /// Read the steps of a script: words separated by `;`, segments as packetdrill writes them.
    pub(crate) fn script(text: &str) -> Vec<Self> {
        text.split(';').map(str::trim).filter(|text| !text.is_empty()).map(Self::read).collect()
    }

    fn read(text: &str) -> Self {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        match verb {
            "connect" => Self::Connect,
            "listen" => Self::Listen,
            "accept" => Self::Accept,
            "send" => Self::Send(rest.parse().expect("a number of bytes")),
            "receive" => Self::Receive,
            "shutdown" => Self::Shutdown,
            "close" => Self::Close,
            "abort" => Self::Abort,
            "wait" => Self::Wait(Duration::from_millis(rest.parse().expect("milliseconds"))),
            "<" => {
                let words: Vec<&str> = rest.split(' ').collect();
                let (seq, last) = words[1].split_once(':').expect("first:last(length)");
                let (_, len) = last.trim_end_matches(')').split_once('(').expect("(length)");
                let number = |text: &str| text.parse().expect("a number");
                let ack = words.get(3).map_or(0, |ack| number(ack));
                let len = len.parse().expect("a length");
                let window = words.get(5).map(|window| window.parse().expect("a window"));
                let segment = Arriving::new(words[0], number(seq), len, ack);
                Self::Arrive(Arriving { window: window.unwrap_or(segment.window), ..segment })
            }
            _ => panic!("what is {text}?"),
        }
    }
}

impl fmt::Display for Arriving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = i64::from(self.seq.cast_signed());
        write!(f, "{} {first}:{}({})", self.flags, first + self.len as i64, self.len)?;
        if self.flags.has(Flags::ACK) {
            write!(f, " ack {}", self.ack)?;
        }
        if self.window < u16::MAX { write!(f, " win {}", self.window) } else { Ok(()) }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("connect"),
            Self::Listen => f.write_str("listen"),
            Self::Accept => f.write_str("accept"),
            Self::Send(len) => write!(f, "send {len}"),
            Self::Receive => f.write_str("receive"),
            Self::Shutdown => f.write_str("shutdown"),
            Self::Close => f.write_str("close"),
            Self::Abort => f.write_str("abort"),
            Self::Arrive(segment) => write!(f, "< {segment}"),
            Self::Wait(time) => write!(f, "wait {}", time.as_millis()),
        }
    }
}

/// The reaction to a step: the segments that left, the state afterwards, and the words for the user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reaction {
    pub(crate) sent: Vec<String>,
    pub(crate) state: String,
    pub(crate) told: String,
}

impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sent = if self.sent.is_empty() { "nothing".to_owned() } else { self.sent.join(", ") };
        write!(f, "> {sent}; {}", self.state)?;
        if self.told.is_empty() { Ok(()) } else { write!(f, "; {}", self.told) }
    }
}

/// One end of a connection under a script: the kernel's or the host's.
pub(crate) trait End {
    /// Take a step, and collect every segment that leaves at once.
    fn take(&mut self, step: &Step) -> Reaction;
}

/// The segment of `packet` in packetdrill's notation without window and options, and relative to `isn`
/// and the peer's. PSH is left out: RFC 9293 leaves the flag to the sender.
pub(crate) fn printed(segment: &halfclose_stack::Segment, isn: u32) -> String {
    let letters = segment.flags.to_string().replace('P', "");
    // A RST of a closed port is numbered 0 (RFC 9293 §3.10.7.1).
    let reset = segment.flags.has(Flags::RST);
    let isn = if reset && segment.seq == 0 { 0 } else { isn };
    let first = segment.seq.wrapping_sub(isn);
    let last = first.wrapping_add(u32::from(segment.payload_len));
    let ack = match segment.flags.has(Flags::ACK) {
        true => format!(" ack {}", segment.ack.wrapping_sub(PEER_ISN)),
        false => String::new(),
    };
    format!("{letters} {first}:{last}({}){ack}", segment.payload_len)
}
