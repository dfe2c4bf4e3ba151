//! `matrix.rs` owns the matrix of states and segments: how a connection comes into each state, and each
//! segment as a function of the numbers in the state. A segment is lawful if a peer that follows RFC 9293
//! can have sent the segment, on a link that reorders, copies and loses.

use crate::step::{Arriving, Step};

/// A connection in a state, with the numbers on both sides relative to the initial numbers.
pub(crate) struct Situation {
    pub(crate) name: &'static str,
    script: &'static str,
    /// SND.NXT of the peer.
    peer: u32,
    /// Bytes of data and the FIN that the peer has sent.
    data: u32,
    fin: bool,
    /// SND.UNA and SND.NXT of the end under test.
    una: u32,
    nxt: u32,
}

const fn situation(
    name: &'static str,
    script: &'static str,
    [peer, data]: [u32; 2],
    fin: bool,
    [una, nxt]: [u32; 2],
) -> Situation {
    Situation { name, script, peer, data, fin, una, nxt }
}

/// The ways into ESTABLISHED, as the words PASSIVE and ACTIVE of the scripts below.
const OPENS: [(&str, &str); 2] = [
    ("PASSIVE", "listen; < S 0:0(0); < . 1:1(0) ack 1; accept"),
    ("ACTIVE", "connect; < S. 0:0(0) ack 1"),
];

/// Every state of figure 5 that takes segments, and what a state may hold.
#[rustfmt::skip]
pub(crate) const SITUATIONS: [Situation; 25] = [
    situation("SYN-SENT", "connect", [0, 0], false, [0, 1]),
    situation("SYN-RECEIVED", "listen; < S 0:0(0)", [1, 0], false, [0, 1]),
    situation("ESTABLISHED", "PASSIVE", [1, 0], false, [1, 1]),
    situation("ESTABLISHED active", "ACTIVE", [1, 0], false, [1, 1]),
    situation("ESTABLISHED unread", "PASSIVE; < P. 1:101(100) ack 1", [101, 100], false, [1, 1]),
    situation("ESTABLISHED read", "PASSIVE; < P. 1:101(100) ack 1; receive", [101, 100], false, [1, 1]),
    situation("ESTABLISHED sent", "PASSIVE; send 100", [1, 0], false, [1, 101]),
    situation("ESTABLISHED acked", "PASSIVE; send 100; < . 1:1(0) ack 101", [1, 0], false, [101, 101]),
    situation("ESTABLISHED gap", "PASSIVE; < P. 101:201(100) ack 1", [201, 100], false, [1, 1]),
    situation("FIN-WAIT-1", "PASSIVE; shutdown", [1, 0], false, [1, 2]),
    situation("FIN-WAIT-1 closed", "PASSIVE; close", [1, 0], false, [1, 2]),
    situation("FIN-WAIT-1 sent", "PASSIVE; send 100; shutdown", [1, 0], false, [1, 102]),
    situation("FIN-WAIT-1 sent closed", "PASSIVE; send 100; close", [1, 0], false, [1, 102]),
    situation("FIN-WAIT-2", "PASSIVE; shutdown; < . 1:1(0) ack 2", [1, 0], false, [2, 2]),
    situation("FIN-WAIT-2 closed", "PASSIVE; close; < . 1:1(0) ack 2", [1, 0], false, [2, 2]),
    situation("CLOSE-WAIT", "PASSIVE; < F. 1:1(0) ack 1", [2, 0], true, [1, 1]),
    situation("CLOSE-WAIT unread", "PASSIVE; < F. 1:101(100) ack 1", [102, 100], true, [1, 1]),
    situation("CLOSE-WAIT sent", "PASSIVE; < F. 1:1(0) ack 1; send 100", [2, 0], true, [1, 101]),
    situation("CLOSING", "PASSIVE; shutdown; < F. 1:1(0) ack 1", [2, 0], true, [1, 2]),
    situation("CLOSING closed", "PASSIVE; close; < F. 1:1(0) ack 1", [2, 0], true, [1, 2]),
    situation("LAST-ACK", "PASSIVE; < F. 1:1(0) ack 1; shutdown", [2, 0], true, [1, 2]),
    situation("LAST-ACK closed", "PASSIVE; < F. 1:1(0) ack 1; close", [2, 0], true, [1, 2]),
    situation("LAST-ACK sent", "PASSIVE; < F. 1:1(0) ack 1; send 100; close", [2, 0], true, [1, 102]),
    situation("TIME-WAIT", "PASSIVE; shutdown; < . 1:1(0) ack 2; < F. 1:1(0) ack 2", [2, 0], true, [2, 2]),
    situation("TIME-WAIT closed", "PASSIVE; close; < . 1:1(0) ack 2; < F. 1:1(0) ack 2", [2, 0], true, [2, 2]),
];

/// `script` with the steps of its way into ESTABLISHED.
pub(crate) fn opened(script: &str) -> String {
    OPENS.iter().fold(script.to_owned(), |script, (word, steps)| script.replace(word, steps))
}

impl Situation {
    pub(crate) fn steps(&self) -> Vec<Step> {
        Step::script(&opened(self.script))
    }

    fn active(&self) -> bool {
        self.script.contains("ACTIVE") || self.script.contains("connect")
    }

    /// Every segment of the matrix in this state: the name, the segment, and whether the segment is lawful.
    #[rustfmt::skip]
    pub(crate) fn segments(&self) -> Vec<(&'static str, Arriving, bool)> {
        let Self { peer: n, una, nxt, .. } = *self;
        let old = if una > 1 { una - una / 2 } else { una.wrapping_sub(1) };
        let data_at = n.wrapping_sub(self.data + u32::from(self.fin));
        let (open, has_data) = (!self.fin, self.data >= 100);
        let (waits, older) = (una < nxt && una > 0, una > 1);
        let unsent = nxt + 100;
        let back = n.wrapping_sub(1);
        let at = |flags, seq, len, ack| Arriving::new(flags, seq, len, ack);
        let rows = vec![
            ("ACK", at(".", n, 0, nxt), true),
            ("ACK of nothing", at(".", n, 0, una), waits),
            ("old ACK", at(".", n, 0, old), older),
            ("ACK of the unsent", at(".", n, 0, unsent), false),
            ("keep-alive", at(".", back, 0, nxt), true),
            ("data", at("P.", n, 50, nxt), open),
            ("data, ACK of nothing", at("P.", n, 50, una), open && waits),
            ("data, old ACK", at("P.", n, 50, old), open && older),
            ("data, ACK of the unsent", at("P.", n, 50, unsent), false),
            ("data behind a gap", at("P.", n.wrapping_add(100), 50, nxt), open),
            ("copy of data", at("P.", data_at, 100, nxt), has_data),
            ("copy of data, ACK of nothing", at("P.", data_at, 100, una), has_data && waits),
            ("data half old", at("P.", n.wrapping_sub(50), 100, nxt), open && has_data),
            ("data beyond the window", at("P.", n.wrapping_add(70_000), 50, nxt), false),
            ("data without ACK", at("P", n, 50, 0), false),
            ("FIN", at("F.", n, 0, nxt), open),
            ("FIN, ACK of nothing", at("F.", n, 0, una), open && waits),
            ("FIN, old ACK", at("F.", n, 0, old), open && older),
            ("FIN behind a gap", at("F.", n.wrapping_add(100), 0, nxt), open),
            ("FIN on data", at("F.", n, 50, nxt), open),
            ("FIN on data behind a gap", at("F.", n.wrapping_add(100), 50, nxt), open),
            ("FIN on old data", at("F.", data_at, 100, nxt), open && has_data),
            ("copy of FIN", at("F.", back, 0, nxt), self.fin),
            ("copy of FIN, ACK of nothing", at("F.", back, 0, una), self.fin && waits),
            ("copy of FIN on data", at("F.", data_at, 100, nxt), self.fin && has_data),
            ("FIN without ACK", at("F", n, 0, 0), false),
            ("RST", at("R", n, 0, 0), true),
            ("RST with ACK", at("R.", n, 0, nxt), true),
            ("RST one back", at("R", back, 0, 0), self.fin),
            ("RST with ACK one back", at("R.", back, 0, nxt), self.fin),
            ("RST in the window", at("R", n.wrapping_add(10), 0, 0), open),
            ("RST with ACK in the window", at("R.", n.wrapping_add(10), 0, nxt), open),
            ("RST beyond the window", at("R", n.wrapping_add(100_000), 0, 0), false),
            ("old RST", at("R", n.wrapping_sub(50), 0, 0), has_data),
            ("copy of SYN", at("S", 0, 0, 0), !self.active()),
            ("copy of SYN-ACK", at("S.", 0, 0, 1), self.active()),
            ("new SYN in the window", at("S", n.wrapping_add(1000), 0, 0), n > 0),
            ("new SYN beyond the window", at("S", n.wrapping_add(200_000), 0, 0), n > 0),
            ("new SYN below", at("S", n.wrapping_sub(10_000), 0, 0), n > 0),
            ("new SYN-ACK", at("S.", n.wrapping_add(1000), 0, nxt), false),
            ("no flag", at("", n, 0, 0), false),
            ("SYN and FIN", at("SF", n, 0, 0), false),
        ];
        // In SYN-SENT the peer has sent nothing: a SYN of its own, an answer to the SYN, or an ACK of an
        // older connection.
        let answers = ["ACK of the unsent", "RST with ACK", "copy of SYN-ACK", "new SYN in the window"];
        let unsynchronized = n == 0;
        rows.into_iter()
            .map(|(name, segment, lawful)| {
                let answer = answers.contains(&name);
                (name, segment, if unsynchronized { answer } else { lawful })
            })
            .collect()
    }
}
