//! `run_record` writes a run for scripts: `run --json`, a line of a sweep's results, a row of CSV. The keys
//! and their order are a contract with scripts.

use std::time::Duration;

use halfclose_stack::{ClosePolicy, Ending};
use serde::{Serialize, Serializer};

use crate::judge::expectation::{Unmet, met, told, unmet};
use crate::outcome::{BrokenLaw, End, Outcome, ResetSent, TransferOutcome, WaivedLaw};
use crate::scenario::{Choice, Scenario};

/// A run for scripts. A key of some forms only is optional, and `None` leaves the key out.
#[derive(Serialize)]
pub struct RunRecord<'a> {
    /// The name of the scenario.
    pub scenario: &'a str,
    /// In a line of a sweep: the values of the scenario's open keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<Choices<'a>>,
    /// The seed of the run.
    pub seed: u64,
    /// The worst verdict of a transfer.
    pub verdict: &'static str,
    #[serde(flatten)]
    judged: Option<Judged>,
    /// The keys of the transfer with the worst verdict.
    #[serde(flatten)]
    pub worst: Option<TransferRecord<'a>>,
    /// In `run --json`: the reason for the end of the worst transfer, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<&'a str>,
    /// In a line of a sweep: the bytes lost in all transfers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// Whether the TCP stack of a host stalled.
    pub stack_stalled: bool,
    /// The digest of the run, 32 hexadecimal digits.
    pub digest: String,
    /// The number of packets.
    pub packets: PacketCounts,
    /// The virtual time of the last message to the user, in microseconds.
    pub virtual_us: u64,
    #[serde(flatten)]
    ended: Option<EndRecord>,
    /// The names of the laws broken without a waiver.
    pub broken_laws: Vec<&'static str>,
    #[serde(flatten)]
    details: Option<Details<'a>>,
    /// In a line of a sweep: whether the run met the expectation of the scenario.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<bool>,
    transfers: Vec<TaskRecord<'a>>,
    /// The command line of the run.
    pub reproduce: &'a str,
    /// In a line of a sweep: the identity of the sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<&'a str>,
}

impl<'a> RunRecord<'a> {
    /// The keys of every form. `reproduce` is the command line of the run.
    #[must_use]
    pub fn new(scenario: &'a Scenario, outcome: &'a Outcome, reproduce: &'a str) -> Self {
        Self {
            scenario: &scenario.name,
            point: None,
            seed: outcome.seed,
            verdict: outcome.verdict.name(),
            judged: None,
            worst: outcome.worst().map(TransferRecord::of),
            because: None,
            lost: None,
            stack_stalled: outcome.stack_stalled,
            digest: format!("{:032x}", outcome.digest),
            packets: PacketCounts {
                client: outcome.packets.client,
                server: outcome.packets.server,
                dropped: outcome.packets.dropped,
            },
            virtual_us: micros(outcome.told_at),
            ended: None,
            broken_laws: outcome.broken_laws.iter().map(|law| law.name).collect(),
            details: None,
            expected: None,
            transfers: outcome.transfers.iter().map(TaskRecord::of).collect(),
            reproduce,
            sweep: None,
        }
    }

    /// Adds the further keys of `run --json`: the expectation, the end of the run, breaches of laws,
    /// divergences of smoltcp.
    #[must_use]
    pub fn with_details(
        mut self,
        scenario: &'a Scenario,
        outcome: &'a Outcome,
        because: Option<&'a str>,
    ) -> Self {
        let unmet = unmet(&scenario.expect, outcome);
        self.judged = Some(Judged {
            expected: met(&scenario.expect, &unmet),
            unmet: unmet.iter().map(UnmetRecord::of).collect(),
        });
        self.because = because;
        self.ended = Some(EndRecord { quiet_us: micros(outcome.quiet_at), end: end(outcome.end) });
        self.details = Some(Details {
            breaches: outcome.broken_laws.iter().map(BreachRecord::of).collect(),
            resets: outcome.resets.iter().map(ResetRecord::of).collect(),
            waived_laws: outcome.waived_laws.iter().map(Waived::of).collect(),
            divergences: outcome
                .divergences
                .iter()
                .map(|it| DivergenceRecord { what: it.to_string(), mended: it.mended() })
                .collect(),
            hosts: Sides {
                client: Host::of(&scenario.client.host),
                server: Host::of(&scenario.server.host),
            },
            unmatched_faults: &outcome.unmatched_faults,
        });
        self
    }

    /// Adds the keys of a line of a sweep.
    #[must_use]
    pub fn in_sweep(
        mut self,
        choices: &'a [Choice],
        lost: u64,
        expected: bool,
        sweep: &'a str,
    ) -> Self {
        self.point = (!choices.is_empty()).then_some(Choices(choices));
        self.lost = Some(lost);
        self.expected = Some(expected);
        self.sweep = Some(sweep);
        self
    }
}

/// The values of open keys, as a JSON object.
#[derive(Clone, Copy, Debug)]
pub struct Choices<'a>(pub &'a [Choice]);

impl Serialize for Choices<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// The packets of a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PacketCounts {
    /// Packets sent by the client.
    pub client: u64,
    /// Packets sent by the server.
    pub server: u64,
    /// Packets dropped by the link.
    pub dropped: u64,
}

/// A transfer for scripts.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TransferRecord<'a> {
    /// Bytes of the source.
    pub sent: u64,
    /// Bytes under the final name.
    pub stored: u64,
    /// The state of the file under the final name.
    pub file: &'static str,
    /// The message to the user: `success`, `failure` or `nothing`.
    pub told: &'static str,
    /// The server's last reply to the transfer.
    pub reply: &'a str,
    /// The last text on the user's screen.
    pub client: &'a str,
    /// How the data connection ended at each side.
    pub ending: Sides<Option<&'static str>>,
}

impl<'a> TransferRecord<'a> {
    fn of(transfer: &'a TransferOutcome) -> Self {
        Self {
            sent: transfer.sent,
            stored: transfer.stored,
            file: transfer.file.name(),
            told: told(transfer.told),
            reply: &transfer.reply,
            client: &transfer.client,
            ending: Sides {
                client: transfer.ending.client.map(Ending::name),
                server: transfer.ending.server.map(Ending::name),
            },
        }
    }
}

/// A value for each side.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sides<T> {
    /// The value of the client.
    pub client: T,
    /// The value of the server.
    pub server: T,
}

#[derive(Serialize)]
struct TaskRecord<'a> {
    task: &'a str,
    verdict: &'static str,
    #[serde(flatten)]
    transfer: TransferRecord<'a>,
}

impl<'a> TaskRecord<'a> {
    fn of(one: &'a TransferOutcome) -> Self {
        let (task, verdict) = (&*one.task, one.verdict.name());
        Self { task, verdict, transfer: TransferRecord::of(one) }
    }
}

/// The expectation of the scenario beside the outcome.
#[derive(Serialize)]
struct Judged {
    expected: Option<bool>,
    unmet: Vec<UnmetRecord>,
}

#[derive(Serialize)]
struct UnmetRecord {
    what: &'static str,
    wanted: String,
    got: String,
}

impl UnmetRecord {
    fn of(unmet: &Unmet) -> Self {
        let Unmet { what, wanted, got } = unmet;
        Self { what, wanted: wanted.clone(), got: got.clone() }
    }
}

#[derive(Serialize)]
struct EndRecord {
    quiet_us: u64,
    end: &'static str,
}

#[derive(Serialize)]
struct Details<'a> {
    breaches: Vec<BreachRecord<'a>>,
    resets: Vec<ResetRecord>,
    waived_laws: Vec<Waived>,
    divergences: Vec<DivergenceRecord>,
    hosts: Sides<Host<'a>>,
    unmatched_faults: &'a [String],
}

/// A RST that a host sent, with the reason in three vocabularies.
#[derive(Serialize)]
struct ResetRecord {
    packet: Option<u64>,
    from: &'static str,
    cause: &'static str,
    ietf_code: u16,
    nearest: bool,
    linux: Option<&'static str>,
}

impl ResetRecord {
    fn of(reset: &ResetSent) -> Self {
        Self {
            packet: reset.packet,
            from: reset.side.name(),
            cause: reset.cause.name(),
            ietf_code: reset.cause.ietf_code(),
            nearest: reset.cause.ietf_is_nearest(),
            linux: reset.cause.linux(),
        }
    }
}

#[derive(Serialize)]
struct BreachRecord<'a> {
    law: &'static str,
    citation: &'static str,
    seen: &'a str,
    side: &'static str,
    emission: Option<u64>,
    at_us: u64,
    count: u32,
}

impl<'a> BreachRecord<'a> {
    fn of(law: &'a BrokenLaw) -> Self {
        Self {
            law: law.name,
            citation: law.citation,
            seen: &law.seen,
            side: law.side.name(),
            emission: law.emission,
            at_us: micros(law.at),
            count: law.count,
        }
    }
}

#[derive(Serialize)]
struct Waived {
    law: &'static str,
    waiver: &'static str,
    count: u32,
}

impl Waived {
    fn of(law: &WaivedLaw) -> Self {
        Self { law: law.name, waiver: law.waiver, count: law.count }
    }
}

#[derive(Serialize)]
struct DivergenceRecord {
    what: String,
    mended: bool,
}

/// The close policy of a host, and the source of the policy's rules.
#[derive(Serialize)]
struct Host<'a> {
    policy: &'a str,
    source: Option<&'static str>,
}

impl<'a> Host<'a> {
    fn of(policy: &'a str) -> Self {
        Self { policy, source: ClosePolicy::source(policy) }
    }
}

fn end(end: End) -> &'static str {
    match end {
        End::Quiet => "quiet",
        End::OutOfTime => "out of time",
        End::OutOfPackets => "out of packets",
        End::Spinning => "spinning",
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).expect("a run ends long before 584,000 years")
}
