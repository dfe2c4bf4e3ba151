//! The keys of the link. Each row of the table is three keys: for both directions (`link.delay`),
//! for client to server (`link.up.delay`) and for server to client (`link.down.delay`).

use std::time::Duration;

use super::value_kinds::{Access, DELAY, MTU, PERCENTAGE, Permitted, QUEUE, RATE};
use super::{Key, Part, TomlForm, put};
use crate::scenario::values::{self, NONE};
use crate::scenario::{Blackout, Burst, LinkConfig, netem, units};
use crate::side::Side;

const TO_SERVER: &str = "for client to server alone";
const TO_CLIENT: &str = "for server to client alone";

macro_rules! three_keys_a_row {
    ($($name:literal, $access:expr, $doc:literal;)*) => {
        [
            $(key(concat!("link.", $name), $doc, &[Side::Client, Side::Server], $access),)*
            $(key(concat!("link.up.", $name), TO_SERVER, &[Side::Client], $access),)*
            $(key(concat!("link.down.", $name), TO_CLIENT, &[Side::Server], $access),)*
        ]
    };
}

pub(super) const KEYS: [Key; 3 * 13] = three_keys_a_row![
    "netem", NETEM, "tc-netem(8)'s words; sets the named keys, and is not printed";
    "delay", at!(delay, DELAY), "propagation delay in each direction";
    "jitter", at!(jitter, DELAY), "largest deviation of the delay, evenly distributed";
    "rate", at!(rate, RATE or NONE), "rate in each direction (none: no limit)";
    "queue", at!(queue, QUEUE),
        "bytes waiting for the rate; a packet without room is dropped (tail drop)";
    "drop_above", at!(drop_above, MTU or NONE),
        "largest packet in bytes that passes; larger packets are lost (none: all pass)";
    "loss", at!(loss_ppm, PERCENTAGE), "share of packets lost at random, in each direction";
    "gemodel", BURST, "loss in bursts, in place of loss: netem's p r 1-h 1-k";
    "duplicate", at!(duplicate_ppm, PERCENTAGE), "share of packets arriving twice";
    "corrupt", at!(corrupt_ppm, PERCENTAGE), "share of packets with one bit flipped";
    "reorder", at!(reorder_ppm, PERCENTAGE),
        "share of packets sent at once, ahead of delayed packets";
    "reorder_correlation", at!(reorder_correlation_ppm, PERCENTAGE),
        "correlation of a packet's reordering with the previous packet's";
    "blackout", BLACKOUT, "times without any delivery, such as 10s..12s,20s..21s";
];

const fn key(
    name: &'static str,
    doc: &'static str,
    senders: &'static [Side],
    access: Access<LinkConfig>,
) -> Key {
    let part = Part::Link(senders, access.set, access.get);
    Key { name, doc, form: access.form, permitted: access.permitted, part }
}

const NETEM: Access<LinkConfig> = Access {
    form: TomlForm::Text,
    permitted: || Permitted::others("words of tc-netem(8), as in `delay 20ms loss 1%`"),
    set: netem::apply,
    get: |_| Some(String::new()),
};

const BURST: Access<LinkConfig> = Access {
    form: TomlForm::Text,
    permitted: || Permitted::others("one to four percentages").or(NONE),
    set: |link, text| put(&mut link.burst, values::optional(text, NONE, burst)),
    get: |link| Some(values::print_optional(link.burst, NONE, print_burst)),
};

const BLACKOUT: Access<LinkConfig> = Access {
    form: TomlForm::Text,
    permitted: || Permitted::others("times such as 10s..12s, between commas").or(NONE),
    set: |link, text| {
        let read = values::optional(text, NONE, blackouts);
        put(&mut link.blackout, read.map(Option::unwrap_or_default))
    },
    get: |link| {
        let print = |it: &Blackout| [it.from, it.until].map(units::print_duration).join("..");
        let all = link.blackout.iter().map(print).collect::<Vec<_>>().join(",");
        Some(if all.is_empty() { NONE.to_owned() } else { all })
    },
};

/// netem's `gemodel p [r [1-h [1-k]]]` with netem's defaults: r = 1-p, 1-h = 1, 1-k = 0.
fn burst(text: &str) -> Result<Burst, String> {
    let shares = text.split_whitespace().map(values::percentage).collect::<Result<Vec<_>, _>>()?;
    netem::burst(&shares).ok_or_else(|| {
        format!("`{text}` is not one to four percentages: write p r 1-h 1-k, as in 1% 10% 70% 0.1%")
    })
}

fn print_burst(Burst { p, r, bad, good }: Burst) -> String {
    [p, r, bad, good].map(units::print_percentage).join(" ")
}

fn blackouts(text: &str) -> Result<Vec<Blackout>, String> {
    let blackout = |text: &str| {
        let text = text.trim();
        let (from, until) = text
            .split_once("..")
            .ok_or_else(|| format!("`{text}` is not a stretch of time: write 10s..12s"))?;
        let at = |text| values::duration(text, Duration::ZERO..=values::DAY * 365);
        let blackout = Blackout { from: at(from)?, until: at(until)? };
        if blackout.from >= blackout.until {
            return Err(format!("`{text}` ends before it begins"));
        }
        Ok(blackout)
    };
    text.split(',').map(blackout).collect()
}
