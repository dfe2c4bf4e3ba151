//! `law` is what must hold in every run, whatever the seed, the link and the programs do: a table of
//! laws, each with its citation, what excuses a breach of it, and how it is checked. It judges from
//! evidence of its own (packets, notes, calls, bytes of the control connection), never by asking the
//! part that it judges. `docs/LAWS.md` tells it to people.

mod connections;
mod dialogue_law;
mod evidence;
mod file_laws;
mod reply_law;
mod reset_law;
mod rest_laws;
mod state_law;
mod waivers;

#[cfg(test)]
mod law_tests;

pub use connections::Trigger;
pub use evidence::{Evidence, Sight, Watch};
pub use rest_laws::Holding;

use std::time::Duration;

use halfclose_ftp::TransferReport;
use halfclose_stack::State;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::outcome::{BrokenLaw, End, TransferOutcome, WaivedLaw};
use crate::scenario::Scenario;
use crate::side::Side;
use crate::terms::law_names;
use crate::workload::Workload;

/// What is known of each of thousands: found at once, walked in an order that no hash decides, and its
/// memory is kept from run to run.
type Table<K, V> = IndexMap<K, V, FxBuildHasher>;

/// Something that must hold in every run.
pub struct Law {
    /// Its name.
    pub name: &'static str,
    /// Where it stands written.
    pub citation: &'static str,
    /// What it says, in one sentence.
    pub statement: &'static str,
    /// What excuses a breach of it.
    pub waived_by: &'static [Waiver],
    /// How it is checked.
    pub check: CheckTime,
}

/// How a law is checked.
#[derive(Clone, Copy)]
pub enum CheckTime {
    /// While the run goes on.
    AsItGoes,
    /// Once, at its end.
    AtTheEnd(fn(&Findings<'_>, &mut Vec<Breach>)),
}

/// What excuses a breach of a law. It is counted all the same.
pub struct Waiver {
    /// Its name: a setting where one decides.
    pub name: &'static str,
    /// Why it excuses the breach.
    pub reason: &'static str,
    /// Whether it excuses this one.
    pub applies: fn(&Findings<'_>, &Breach) -> bool,
}

/// What is known at the end of a run.
pub struct Findings<'a> {
    /// What was run.
    pub scenario: &'a Scenario,
    /// What everybody was asked to do.
    pub workload: &'a Workload,
    /// Why it stopped.
    pub end: End,
    /// When.
    pub now: Duration,
    /// What was seen on the way.
    pub evidence: &'a Evidence,
    /// What each transfer came to.
    pub transfers: &'a [TransferOutcome],
    /// The client program's word on each.
    pub reports: &'a [TransferReport],
    /// What both sides still hold, the client's first.
    pub holdings: [Holding; 2],
}

/// A law was broken; whether that is excused is not decided yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// Which law.
    pub law: &'static str,
    /// When it was seen.
    pub at: Duration,
    /// Where.
    pub side: Side,
    /// By which packet, if it was one.
    pub emission: Option<u64>,
    /// What was seen.
    pub seen: String,
    /// The same for a waiver to decide by.
    pub about: About,
}

/// What a breach is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A change of state.
    Arrow(State, State),
    /// A command that got no final reply.
    Unanswered,
    /// A connection in that state at the end.
    Alive(State),
    /// A transfer that went on with another file.
    ResumedAnother,
    /// Anything else.
    Other,
}

/// The laws.
pub static LAWS: &[Law] = &[
    Law {
        name: law_names::PREFIX,
        citation: "RFC 9293 §2.2, RFC 959 §3.4.1",
        statement: "A stored file is a prefix of what was sent, behind what was there if it was \
                    appended: a stream delivers its bytes in order, each once, or stops.",
        waived_by: &[waivers::RESUME],
        check: CheckTime::AtTheEnd(file_laws::prefix),
    },
    Law {
        name: law_names::SUCCESS,
        citation: "RFC 959 §3.4.1 and §4.2.1",
        statement: "2yz to an upload, or success told of a download, means the whole file, unless \
                    the sender's FIN came before its last byte.",
        waived_by: &[waivers::AS_EOF, waivers::MODEL, waivers::RESUME],
        check: CheckTime::AtTheEnd(file_laws::success),
    },
    Law {
        name: law_names::OLD_FILE,
        citation: "RFC 959 §4.1.3, STOR",
        statement: "A stored file does not change before an upload in its place is accepted, or its \
                    client renames or deletes it.",
        waived_by: &[],
        check: CheckTime::AsItGoes,
    },
    Law {
        name: law_names::RESETS,
        citation: "RFC 9293 §3.5.2, §3.6.1 and §3.10.5",
        statement: "No RST unless a program or a deadline aborted, nobody was at the port, unread \
                    or late data was dropped, or an unacceptable ACK met a handshake.",
        waived_by: &[],
        check: CheckTime::AsItGoes,
    },
    Law {
        name: law_names::STATES,
        citation: "RFC 9293 §3.3.2, figure 5 and its notes; §3.10.4, §3.10.5, §3.10.7, §3.10.8",
        statement: "Every change of state begins where the last one ended, and is an arrow of the \
                    figure, of its notes, or of a reset, abort or time-out.",
        waived_by: &[waivers::FIN_WAIT_2],
        check: CheckTime::AsItGoes,
    },
    Law {
        name: law_names::ONE_REPLY,
        citation: "RFC 959 §5.4 and §4.2",
        statement: "Every command gets one final reply, in order, while its control connection \
                    lasts; nothing but 421 is said unasked.",
        waived_by: &[waivers::DROP_CONTROL, waivers::MODEL, waivers::RESET_LOST],
        check: CheckTime::AtTheEnd(dialogue_law::unanswered),
    },
    Law {
        name: law_names::REPLY_CODES,
        citation: "RFC 959 §5.4, RFC 1123 §4.1.3.4, RFC 2428 §2-§4, RFC 2577 §3, RFC 3659, RFC 7151",
        statement: "Every reply has a code that the table of command-reply sequences allows there.",
        waived_by: &[waivers::MODEL],
        check: CheckTime::AsItGoes,
    },
    Law {
        name: law_names::AT_REST,
        citation: "RFC 9293 §3.4.2, §3.8.1 and §3.8.3",
        statement: "Once nothing is lost any more and the programs are done, both hosts have no \
                    connection within 2 MSL, the FIN-WAIT-2 deadline and a bound on retransmission.",
        waived_by: &[waivers::RESET_LOST, waivers::NO_FIN_WAIT_2],
        check: CheckTime::AtTheEnd(rest_laws::at_rest),
    },
    Law {
        name: law_names::LEAKS,
        citation: "this house: docs/LAWS.md",
        statement: "At the end of a run that became quiet, nothing is held for a connection that \
                    is over: no packet buffer, slot, listener, session or open file.",
        waived_by: &[],
        check: CheckTime::AtTheEnd(rest_laws::leaks),
    },
];

/// What the laws say of a run: those broken, and those broken with an excuse. `denied` names a
/// waiver that does not count: so a test shows that it is needed.
#[must_use]
pub fn judge(findings: &Findings<'_>, denied: Option<&str>) -> (Vec<BrokenLaw>, Vec<WaivedLaw>) {
    let mut late = Vec::new();
    for law in LAWS {
        if let CheckTime::AtTheEnd(check) = law.check {
            check(findings, &mut late);
        }
    }
    let (mut broken, mut waived) = (Vec::new(), Vec::new());
    for breach in findings.evidence.breaches().iter().chain(&late) {
        let law = LAWS.iter().find(|law| law.name == breach.law).expect("breaches name laws");
        let excuse =
            |waiver: &&Waiver| Some(waiver.name) != denied && (waiver.applies)(findings, breach);
        match law.waived_by.iter().find(excuse) {
            Some(waiver) => count_waived(&mut waived, law.name, waiver.name),
            None => count_broken(&mut broken, law, breach),
        }
    }
    (broken, waived)
}

fn count_waived(waived: &mut Vec<WaivedLaw>, name: &'static str, waiver: &'static str) {
    match waived.iter_mut().find(|known| (known.name, known.waiver) == (name, waiver)) {
        Some(known) => known.count += 1,
        None => waived.push(WaivedLaw { name, waiver, count: 1 }),
    }
}

fn count_broken(broken: &mut Vec<BrokenLaw>, law: &Law, breach: &Breach) {
    match broken.iter_mut().find(|known| known.name == law.name) {
        Some(known) => known.count += 1,
        None => broken.push(BrokenLaw {
            name: law.name,
            citation: law.citation,
            at: breach.at,
            side: breach.side,
            emission: breach.emission,
            seen: breach.seen.clone(),
            count: 1,
        }),
    }
}
