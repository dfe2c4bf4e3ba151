//! `json` is a run as one JSON object. Its keys are a contract with scripts.

use halfclose_stack::ClosePolicy;
use serde_json::{Value, json};

use crate::outcome::{End, Endings, TransferOutcome};
use crate::report::{ShownRun, told};

/// A run as one object: the keys of a transfer are those of its worst one.
#[must_use]
pub fn run(run: &ShownRun<'_>) -> Value {
    let outcome = run.outcome;
    let mut object = json!({
        "scenario": run.scenario.name,
        "seed": outcome.seed,
        "verdict": outcome.verdict.name(),
    });
    let mut add = |more: Value| {
        if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
            object.extend(more);
        }
    };
    if let Some(worst) = outcome.worst() {
        add(transfer(worst));
    }
    add(json!({
        "digest": format!("{:032x}", outcome.digest),
        "packets": {
            "client": outcome.packets.client,
            "server": outcome.packets.server,
            "dropped": outcome.packets.dropped,
        },
        "virtual_us": micros(outcome.told_at),
        "quiet_us": micros(outcome.quiet_at),
        "end": end(outcome.end),
        "broken_laws": outcome.broken_laws.iter().map(|law| law.name).collect::<Vec<_>>(),
        "breaches": outcome.broken_laws.iter().map(|law| json!({
            "law": law.name,
            "citation": law.citation,
            "seen": law.seen,
            "side": law.side.name(),
            "emission": law.emission,
            "at_us": micros(law.at),
            "count": law.count,
        })).collect::<Vec<_>>(),
        "waived_laws": outcome.waived_laws.iter().map(|law| json!({
            "law": law.name,
            "waiver": law.waiver,
            "count": law.count,
        })).collect::<Vec<_>>(),
        "divergences": outcome.divergences.iter().map(|it| {
            json!({ "what": it.to_string(), "mended": it.mended() })
        }).collect::<Vec<_>>(),
        "hosts": { "client": host(&run.scenario.client.host), "server": host(&run.scenario.server.host) },
        "unmatched_faults": outcome.unmatched_faults,
        "transfers": outcome.transfers.iter().map(|one| {
            let mut value = json!({ "task": one.task, "verdict": one.verdict.name() });
            if let (Value::Object(value), Value::Object(more)) = (&mut value, transfer(one)) {
                value.extend(more);
            }
            value
        }).collect::<Vec<_>>(),
        "reproduce": run.reproduce,
    }));
    object
}

fn transfer(transfer: &TransferOutcome) -> Value {
    let Endings { client, server } = transfer.ending;
    json!({
        "sent": transfer.sent,
        "stored": transfer.stored,
        "file": transfer.file.name(),
        "told": told(transfer.told),
        "reply": transfer.reply,
        "client": transfer.client,
        "ending": {
            "client": client.map(|ending| ending.to_string()),
            "server": server.map(|ending| ending.to_string()),
        },
    })
}

/// A host's close policy, and where its rules are from.
fn host(policy: &str) -> Value {
    json!({ "policy": policy, "source": ClosePolicy::source(policy) })
}

fn end(end: End) -> &'static str {
    match end {
        End::Quiet => "quiet",
        End::OutOfTime => "out of time",
        End::OutOfPackets => "out of packets",
        End::Spinning => "spinning",
    }
}

fn micros(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_micros()).expect("a run ends long before 584,000 years")
}
