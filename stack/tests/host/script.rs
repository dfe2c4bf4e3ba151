//! `script.rs` runs one host against a script in the manner of packetdrill. A line is `[SECONDS] ACTION`;
//! time runs to SECONDS first. The action `< SEGMENT` is an arriving segment. The action `> SEGMENT`
//! requires a sent segment, at the time of the line if the line has a time; window and options count
//! only if written. Every different action is a list of commands to the user of the host, separated by
//! `;`, and the host transmits after the last command.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::ControlFlow;
use std::time::Duration;

use halfclose_stack::{
    Config, Congestion, ConnId, Ending, Flags, Host, ListenerId, Note, Packet, Ready, Segment,
};

const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const PORT: u16 = 21;
/// The initial sequence number of the peer: close to the wrap.
const PEER_ISN: u32 = u32::MAX - 999;

/// No congestion window, no Nagle, no delayed ACK: the script alone decides about packets.
pub(crate) fn config() -> Config {
    Config {
        address: HOST,
        congestion: Congestion::None,
        nagle: false,
        ack_delay: None,
        seed: 7,
        ..Config::default()
    }
}

/// Run `script` against a host of `config()`.
pub(crate) fn check(script: &str) {
    check_with(config(), script);
}

/// Run `script` against a host of `config`.
pub(crate) fn check_with(config: Config, script: &str) {
    let mut run = Run {
        host: Host::new(config),
        now: Duration::ZERO,
        out: VecDeque::new(),
        notes: Vec::new(),
        host_port: PORT,
        peer_port: 40000,
        isn: 0,
        conn: None,
        listener: None,
    };
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        run.line(line);
    }
    assert!(run.out.is_empty(), "left at the end: {:?}", run.printed());
}

/// A packet with the segment written as `text`.
pub(crate) fn packet(text: &str, ends: [SocketAddrV4; 2], [isn, ack_isn]: [u32; 2]) -> Packet {
    let mut words = text.split_whitespace();
    let flags = words.next().expect("flags");
    let range = words.next().expect("first:last(length)");
    let (first, rest) = range.split_once(':').expect("first:last(length)");
    let (_, len) = rest.trim_end_matches(')').split_once('(').expect("(length)");
    let (first, len): (u32, usize) = (number(first), number(len));
    let (mut ack, mut window, mut urgent, mut options) = (0, 65535, 0, Vec::new());
    while let Some(word) = words.next() {
        match word {
            "ack" => ack = number::<u32>(words.next().expect("ack")).wrapping_add(ack_isn),
            "win" => window = number(words.next().expect("win")),
            "urg" => urgent = number(words.next().expect("urg")),
            "<mss" | "<wscale" => {
                let value = words.next().expect("a value").trim_end_matches('>');
                let [high, low] = number::<u16>(value).to_be_bytes();
                options.extend(if word == "<mss" { [2, 4, high, low] } else { [1, 3, 3, low] });
            }
            word => panic!("what is {word}?"),
        }
    }
    let bits = |letter| match letter {
        'F' => Flags::FIN,
        'S' => Flags::SYN,
        'R' => Flags::RST,
        'P' => Flags::PSH,
        'U' => Flags::URG,
        '.' => Flags::ACK,
        letter => panic!("what is {letter}?"),
    };
    let flags = flags.chars().filter(|&c| c != '-').fold(Flags::default(), |all, c| all | bits(c));
    let numbers = [first.wrapping_add(isn), ack];
    let mut segment = Segment::bare(ends, numbers, flags, window);
    segment.urgent = urgent;
    segment.to_packet(&options, &vec![b'x'; len])
}

struct Run {
    host: Host,
    now: Duration,
    out: VecDeque<(Duration, Packet)>,
    notes: Vec<Note>,
    host_port: u16,
    peer_port: u16,
    /// The initial sequence number of the host, once the SYN has left.
    isn: u32,
    conn: Option<ConnId>,
    listener: Option<ListenerId>,
}

impl Run {
    fn line(&mut self, line: &str) {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let timed = first.as_bytes()[0].is_ascii_digit();
        let what = if timed { rest.trim() } else { line };
        if timed {
            self.run_to(seconds(first));
        }
        if let Some(text) = what.strip_prefix("< ") {
            let between = [self.peer(), SocketAddrV4::new(HOST, self.host_port)];
            let bytes = packet(text, between, [PEER_ISN, self.isn]);
            self.host.handle_packet(self.now, &bytes);
        } else if let Some(text) = what.strip_prefix("> ") {
            return self.expect(text, timed, line);
        } else {
            for command in what.split(';') {
                self.command(command.trim(), line);
            }
        }
        self.drain();
    }

    fn run_to(&mut self, until: Duration) {
        assert!(until >= self.now, "the script goes back in time");
        while let Some(at) = self.host.next_wakeup().filter(|&at| at <= until) {
            assert!(at >= self.now, "a wake-up in the past");
            self.now = at;
            self.host.handle_timeout(at);
            self.drain();
            assert!(self.host.next_wakeup() != Some(at), "the host spins at {at:?}");
        }
        self.now = until;
    }

    fn drain(&mut self) {
        while let Some(packet) = self.host.poll_transmit(self.now) {
            let segment = Segment::parse(&packet).expect("a host sends segments");
            if segment.flags.has(Flags::SYN) {
                self.isn = segment.seq;
                self.host_port = segment.source.port();
            }
            self.out.push_back((self.now, packet));
        }
        while let Some(note) = self.host.poll_note() {
            self.notes.push(note);
        }
    }

    fn expect(&mut self, text: &str, timed: bool, line: &str) {
        let left = self.printed();
        if text == "nothing" {
            return assert!(left.is_empty(), "{line}: but {left:?}");
        }
        let (at, packet) = self.out.pop_front().unwrap_or_else(|| panic!("{line}: nothing left"));
        let mut got = self.print(&packet);
        if !text.contains('<') {
            got = got.split(" <").next().unwrap_or_default().to_owned();
        }
        if !text.contains("win") {
            let words: Vec<_> = got.split(' ').collect();
            let window = words.iter().position(|&word| word == "win").expect("always printed");
            got = [&words[..window], &words[window + 2..]].concat().join(" ");
        }
        assert_eq!(got, text, "{line}\nleft: {left:?}");
        assert!(!timed || at == self.now, "{line}: it left at {at:?}");
    }

    fn print(&self, packet: &[u8]) -> String {
        let segment = Segment::parse(packet).expect("a host sends segments");
        // The RST of a closed port is numbered 0 (RFC 9293 §3.10.7.1).
        let isn = if segment.seq == 0 { 0 } else { self.isn };
        segment.relative(packet, [isn, PEER_ISN]).to_string()
    }

    fn printed(&self) -> Vec<String> {
        self.out.iter().map(|(at, packet)| format!("{at:?} {}", self.print(packet))).collect()
    }

    fn peer(&self) -> SocketAddrV4 {
        SocketAddrV4::new(PEER, self.peer_port)
    }

    fn command(&mut self, command: &str, line: &str) {
        let (verb, word) = command.split_once(' ').unwrap_or((command, ""));
        let (now, conn) = (self.now, self.conn);
        let conn = || conn.expect("a connection");
        let host = &mut self.host;
        match verb {
            "listen" => {
                let backlog = if word.is_empty() { 8 } else { number(word) };
                self.listener = Some(host.listen(PORT, backlog).expect("free").0);
            }
            "unlisten" => host.unlisten(now, self.listener.expect("a listener")),
            "accept" if word == "none" => {
                assert_eq!(host.accept(self.listener.expect("a listener")), None, "{line}");
            }
            "accept" => self.conn = host.accept(self.listener.expect("a listener")),
            "connect" => {
                let from = (!word.is_empty()).then(|| number(word));
                let to = SocketAddrV4::new(PEER, PORT);
                self.peer_port = PORT;
                self.conn = Some(host.connect(now, from, to).expect("free"));
            }
            "peer" => self.peer_port = number(word),
            "send" => {
                let mut left = number(word);
                let taken = host.send(now, conn(), &mut |piece| {
                    let len = piece.len().min(left);
                    piece[..len].fill(b'y');
                    left -= len;
                    len
                });
                assert_eq!(taken, ControlFlow::Continue(number(word)), "{line}");
            }
            "send-fails" => {
                let got = host.send(now, conn(), &mut |_| 0);
                assert_eq!(got, ControlFlow::Break(ending(word)), "{line}");
            }
            "recv" => {
                let limit = word.parse().unwrap_or(usize::MAX);
                let got = host.receive(now, conn(), limit, &mut |piece| {
                    assert!(piece.iter().all(|&byte| byte == b'x'), "{line}");
                });
                let wanted = match word {
                    "none" => ControlFlow::Continue(0),
                    _ if limit < usize::MAX => ControlFlow::Continue(limit),
                    _ => ControlFlow::Break(ending(word)),
                };
                assert_eq!(got, wanted, "{line}");
            }
            "shutdown" => host.shutdown(now, conn()),
            "close" => host.close(now, conn()),
            "abort" => host.abort(now, conn()),
            "urgent" => host.urgent(now, conn()),
            "silence" => {
                host.handle_silence(now);
            }
            "ready" => {
                let got: Vec<_> = std::iter::from_fn(|| host.poll_ready()).collect();
                let conn = self.conn.map(Ready::Conn);
                assert!(conn.is_some_and(|conn| got.contains(&conn)), "{line}: {got:?}");
            }
            "quiet" => assert_eq!(host.poll_ready(), None, "{line}"),
            "asleep" => assert_eq!(host.next_wakeup(), None, "{line}"),
            "note" | "no-note" => {
                let found = self.notes.iter().position(|note| note.kind.to_string().contains(word));
                assert_eq!(found.is_some(), verb == "note", "{line}\nnotes: {:#?}", self.notes);
                if let Some(found) = found {
                    self.notes.remove(found);
                }
            }
            _ => self.status(verb, word, line),
        }
    }

    fn status(&mut self, verb: &str, word: &str, line: &str) {
        let status = self.host.status(self.conn.expect("a connection"));
        let got = match verb {
            "state" => status.state.to_string(),
            "ending" => status.ending.map_or("none".to_owned(), |ending| ending.to_string()),
            "unsent" => status.unsent.to_string(),
            "unacked" => status.unacknowledged.to_string(),
            "unread" => status.unread.to_string(),
            "urgent-ahead" => status.urgent.map_or("none".to_owned(), |ahead| ahead.to_string()),
            "peer-closed" => return assert!(status.peer_closed, "{line}"),
            "established" => return assert!(status.established, "{line}"),
            verb => panic!("what is {verb}?"),
        };
        assert_eq!(got, word, "{line}");
    }
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

fn seconds(text: &str) -> Duration {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    Duration::from_secs(number(whole)) + Duration::from_micros(number(&format!("{part:0<6}")))
}

fn ending(word: &str) -> Ending {
    match word {
        "finished" => Ending::Finished,
        "reset" => Ending::Reset,
        "refused" => Ending::Refused,
        "timed-out" => Ending::TimedOut,
        "aborted" => Ending::Aborted,
        "stalled" => Ending::Stalled,
        word => panic!("what is {word}?"),
    }
}
