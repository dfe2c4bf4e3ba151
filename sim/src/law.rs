//! `law` owns the laws: rules that must hold in every run, for any seed, link and program. The
//! table of laws gives for each law a citation, the waivers that excuse a breach, and the check.
//! The laws judge from evidence of their own (packets, notes, calls, bytes of the control
//! connection) and never ask the component under judgement. `docs/LAWS.md` describes the laws for
//! readers.

mod connections;
pub(crate) mod contradiction_law;
mod dialogue_law;
mod disturbance;
mod evidence;
mod file_laws;
mod reply_law;
mod reset_law;
mod rest_laws;
mod state_law;
mod waivers;

#[cfg(test)]
mod law_tests;

pub(crate) use connections::Trigger;
pub(crate) use evidence::{Evidence, Watch};
pub(crate) use rest_laws::Holding;

use std::hash::{Hash, Hasher};
use std::time::Duration;

use halfclose_ftp::TransferReport;
use halfclose_stack::State;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::outcome::{BrokenLaw, End, TransferOutcome, WaivedLaw};
use crate::scenario::Scenario;
use crate::side::Side;
use crate::terms::hash_by_field::hash_by_field;
use crate::terms::law_names;
use crate::workload::Workload;

/// A table with fast lookup, whose iteration order is the order of insertion and not of a hash. The
/// memory is kept from run to run.
type Table<K, V> = IndexMap<K, V, FxBuildHasher>;

/// Hashes a table in the order of its entries.
fn hash_table<K: Hash, V: Hash, H: Hasher>(table: &Table<K, V>, state: &mut H) {
    table.len().hash(state);
    table.iter().for_each(|entry| entry.hash(state));
}

/// A rule that must hold in every run.
pub struct Law {
    /// Name of the law, as scenarios and JSON spell the name.
    pub name: &'static str,
    /// The documents that the law follows.
    pub citation: &'static str,
    /// The law in one sentence.
    pub statement: &'static str,
    /// Excuses for a breach of the law.
    pub waived_by: &'static [Waiver],
    /// When and how the law is checked.
    pub check: CheckTime,
}

/// How a law is checked.
#[derive(Clone, Copy)]
pub enum CheckTime {
    /// While the run goes on.
    AsItGoes,
    /// Once, at the end of the run.
    AtTheEnd(fn(&Findings<'_>, &mut Vec<Breach>)),
}

/// An excuse for breaches of a law. Excused breaches are counted all the same.
pub struct Waiver {
    /// Name of the waiver: the setting that decides, if there is one.
    pub name: &'static str,
    /// Reason for excusing the breach.
    pub reason: &'static str,
    /// Whether the waiver excuses this breach.
    pub applies: fn(&Findings<'_>, &Breach) -> bool,
}

/// The facts at the end of a run.
pub struct Findings<'a> {
    /// The scenario of the run.
    pub scenario: &'a Scenario,
    /// The tasks of all clients, and their files.
    pub workload: &'a Workload,
    /// Reason for the end of the run.
    pub end: End,
    /// Virtual time of the end.
    pub now: Duration,
    /// The evidence collected during the run.
    pub evidence: &'a Evidence,
    /// The outcome of each transfer.
    pub transfers: &'a [TransferOutcome],
    /// The client program's word on each.
    pub reports: &'a [TransferReport],
    /// Whether both programs are done: neither waits for a time.
    pub programs_done: bool,
    /// The resources that both sides still hold, the client's first.
    pub holdings: [Holding; 2],
}

/// A breach of a law, before the decision on waivers.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// Name of the law.
    pub law: &'static str,
    /// When the breach was seen.
    pub at: Duration,
    /// The side of the breach.
    pub side: Side,
    /// Emission number of the packet that broke the law, if a packet did.
    pub emission: Option<u64>,
    /// Description of the breach.
    pub seen: String,
    /// The same for a waiver to decide by.
    pub about: About,
}

// No law and no waiver reads the time, the number of a packet, or the words of a breach.
hash_by_field! { Breach { law, side, about } without { at, emission, seen } }

/// The subject of a breach, by which a waiver decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum About {
    /// A change of state.
    Arrow(State, State),
    /// A command without a final reply.
    Unanswered,
    /// A connection in this state at the end of the run.
    Alive(State),
    /// A transfer that resumed the file of another source.
    ResumedAnother,
    /// Any other subject of a breach.
    Other,
}

/// The table of laws, in the order of `docs/LAWS.md`.
pub static LAWS: &[Law] = &[
    Law {
        name: law_names::PREFIX,
        citation: "RFC 9293 §2.2, RFC 959 §3.4.1",
        statement: "A stored file is a prefix of the sent file, behind the old bytes if it was \
                    appended: a stream delivers its bytes in order, each byte once, or stops.",
        waived_by: &[waivers::RESUME, waivers::HABIT],
        check: CheckTime::AtTheEnd(file_laws::prefix),
    },
    Law {
        name: law_names::SUCCESS,
        citation: "RFC 959 §3.4.1 and §4.2.1",
        statement: "2yz to an upload, or success told of a download, means the whole file, unless \
                    the sender's FIN came before the last byte.",
        waived_by: &[
            waivers::AS_EOF,
            waivers::MODEL,
            waivers::RESUME,
            waivers::TRUSTS,
            waivers::ABOR_REPLIES,
            waivers::FORGED,
            waivers::HABIT,
        ],
        check: CheckTime::AtTheEnd(file_laws::success),
    },
    Law {
        name: law_names::UNCONTRADICTED,
        citation: "RFC 959 §3.4.1 and §4.2.1, RFC 3659 §4",
        statement: "Success is told of a file that is not whole only where the client could not \
                    have known: no reset, no refusal and no other size was told before.",
        waived_by: &[waivers::CLIENT_HABIT, waivers::TRUSTS, waivers::ABOR_REPLIES],
        check: CheckTime::AtTheEnd(contradiction_law::uncontradicted),
    },
    Law {
        name: law_names::OLD_FILE,
        citation: "RFC 959 §4.1.3, STOR",
        statement: "A stored file does not change before the server accepts an upload in its \
                    place, or its client renames or deletes the file.",
        waived_by: &[],
        check: CheckTime::AsItGoes,
    },
    Law {
        name: law_names::RESETS,
        citation: "RFC 9293 §3.5.2, §3.6.1 and §3.10.5",
        statement: "No RST unless a program or a deadline aborted, no connection was at the port, \
                    unread or late data was dropped, or an unacceptable ACK met a handshake; \
                    none in TIME-WAIT.",
        waived_by: &[],
        check: CheckTime::AsItGoes,
    },
    Law {
        name: law_names::STATES,
        citation: "RFC 9293 §3.3.2, figure 5 and its notes; §3.10.4, §3.10.5, §3.10.7, §3.10.8",
        statement: "Every change of state begins in the last state, and is an arrow of the \
                    figure, of its notes, or of a reset, abort or time-out.",
        waived_by: &[waivers::FIN_WAIT_2],
        check: CheckTime::AsItGoes,
    },
    Law {
        name: law_names::ONE_REPLY,
        citation: "RFC 959 §5.4 and §4.2",
        statement: "Every command gets exactly one final reply, in order, while its control \
                    connection lasts; only 421 may come unasked.",
        waived_by: &[
            waivers::DROP_CONTROL,
            waivers::MODEL,
            waivers::RESET_LOST,
            waivers::ON_FIN,
            waivers::FORGED,
            waivers::HABIT,
            waivers::NO_DATA,
        ],
        check: CheckTime::AtTheEnd(dialogue_law::unanswered),
    },
    Law {
        name: law_names::REPLY_CODES,
        citation: "RFC 959 §5.4, RFC 1123 §4.1.3.4, RFC 2428 §2-§4, RFC 2577 §3, RFC 3659, RFC 7151",
        statement: "Every reply has a code that the table of command-reply sequences allows \
                    there.",
        waived_by: &[waivers::MODEL, waivers::HABIT],
        check: CheckTime::AsItGoes,
    },
    Law {
        name: law_names::AT_REST,
        citation: "RFC 9293 §3.4.2, §3.8.1 and §3.8.3",
        statement: "After the last loss and the last call of a program, both hosts have no \
                    connection within 2 MSL, the FIN-WAIT-2 deadline and a bound on \
                    retransmission.",
        waived_by: &[
            waivers::RESET_LOST,
            waivers::NO_FIN_WAIT_2,
            waivers::ON_FIN,
            waivers::FORGED,
            waivers::NO_DATA,
        ],
        check: CheckTime::AtTheEnd(rest_laws::at_rest),
    },
    Law {
        name: law_names::LEAKS,
        citation: "this house: docs/LAWS.md",
        statement: "At the end of a run that became quiet, no resource is held for an ended \
                    connection: no packet buffer, slot, listener, session or open file.",
        waived_by: &[],
        check: CheckTime::AtTheEnd(rest_laws::leaks),
    },
    Law {
        name: law_names::NO_RESET,
        citation: "RFC 959 §3.4.1, curl's test of a closed data connection",
        statement: "No host sends a RST on a data connection. Only scenarios with this law in \
                    `expect.laws` are held to the law.",
        waived_by: &[],
        check: CheckTime::AsItGoes,
    },
];

/// The laws broken without an excuse, and the laws broken with an excuse. The waiver named `denied`
/// excuses nothing, so that a test can show the need for the waiver.
#[must_use]
pub(crate) fn judge(
    findings: &Findings<'_>,
    denied: Option<&str>,
) -> (Vec<BrokenLaw>, Vec<WaivedLaw>) {
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
