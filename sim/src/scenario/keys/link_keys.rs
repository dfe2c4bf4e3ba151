//! The keys of the link: each once for both directions, and once for each.

use std::time::Duration;

use super::accessors::Access;
use super::{Direction, Key, Part, TomlForm, put};
use crate::scenario::units;
use crate::scenario::values;
use crate::scenario::{Blackout, Burst, LinkConfig, netem};

pub(super) const KEYS: [Key; 36] = {
    const BOTH: Direction = Direction::Both;
    const UP: Direction = Direction::Up;
    const DOWN: Direction = Direction::Down;
    const TO_SERVER: &str = "the same, client to server";
    const TO_CLIENT: &str = "the same, server to client";
    [
        link(
            "link.netem",
            "netem's own words; sets what they name, and is not printed",
            BOTH,
            NETEM,
        ),
        link("link.delay", "propagation delay, both ways", BOTH, DELAY),
        link("link.jitter", "how far the delay varies, evenly, to both sides", BOTH, JITTER),
        link("link.rate", "rate, both ways (none: no limit)", BOTH, RATE),
        link("link.queue", "bytes that may wait for the rate (tail drop)", BOTH, QUEUE),
        link("link.loss", "share of packets lost at random, both ways", BOTH, LOSS),
        link("link.gemodel", "burst loss in place of loss: netem's p r 1-h 1-k", BOTH, BURST),
        link("link.duplicate", "share of packets that arrive twice", BOTH, DUPLICATE),
        link("link.corrupt", "share of packets with one bit flipped", BOTH, CORRUPT),
        link("link.reorder", "share of packets sent at once, ahead of the delayed", BOTH, REORDER),
        link("link.reorder_correlation", "how much that depends on the last", BOTH, CORRELATION),
        link(
            "link.blackout",
            "when it carries nothing: 10s..12s, more after commas",
            BOTH,
            BLACKOUT,
        ),
        link("link.up.netem", TO_SERVER, UP, NETEM),
        link("link.up.delay", TO_SERVER, UP, DELAY),
        link("link.up.jitter", TO_SERVER, UP, JITTER),
        link("link.up.rate", TO_SERVER, UP, RATE),
        link("link.up.queue", TO_SERVER, UP, QUEUE),
        link("link.up.loss", TO_SERVER, UP, LOSS),
        link("link.up.gemodel", TO_SERVER, UP, BURST),
        link("link.up.duplicate", TO_SERVER, UP, DUPLICATE),
        link("link.up.corrupt", TO_SERVER, UP, CORRUPT),
        link("link.up.reorder", TO_SERVER, UP, REORDER),
        link("link.up.reorder_correlation", TO_SERVER, UP, CORRELATION),
        link("link.up.blackout", TO_SERVER, UP, BLACKOUT),
        link("link.down.netem", TO_CLIENT, DOWN, NETEM),
        link("link.down.delay", TO_CLIENT, DOWN, DELAY),
        link("link.down.jitter", TO_CLIENT, DOWN, JITTER),
        link("link.down.rate", TO_CLIENT, DOWN, RATE),
        link("link.down.queue", TO_CLIENT, DOWN, QUEUE),
        link("link.down.loss", TO_CLIENT, DOWN, LOSS),
        link("link.down.gemodel", TO_CLIENT, DOWN, BURST),
        link("link.down.duplicate", TO_CLIENT, DOWN, DUPLICATE),
        link("link.down.corrupt", TO_CLIENT, DOWN, CORRUPT),
        link("link.down.reorder", TO_CLIENT, DOWN, REORDER),
        link("link.down.reorder_correlation", TO_CLIENT, DOWN, CORRELATION),
        link("link.down.blackout", TO_CLIENT, DOWN, BLACKOUT),
    ]
};

const fn link(
    name: &'static str,
    doc: &'static str,
    way: Direction,
    how: Access<LinkConfig>,
) -> Key {
    Key { name, doc, form: TomlForm::Text, part: Part::Link(way, how.0, how.1) }
}

const NETEM: Access<LinkConfig> = (netem::apply, |_| String::new());
const DELAY: Access<LinkConfig> = at!(value delay, delay, units::print_duration);
const JITTER: Access<LinkConfig> = at!(value jitter, delay, units::print_duration);
const RATE: Access<LinkConfig> = at!(optional rate, values::rate, units::print_rate);
const QUEUE: Access<LinkConfig> =
    at!(value queue, |v| values::size(v, 1..=values::GIB), units::print_size);
const LOSS: Access<LinkConfig> = at!(value loss_ppm, values::percentage, units::print_percentage);
const BURST: Access<LinkConfig> = at!(optional burst, burst, print_burst);
const DUPLICATE: Access<LinkConfig> =
    at!(value duplicate_ppm, values::percentage, units::print_percentage);
const CORRUPT: Access<LinkConfig> =
    at!(value corrupt_ppm, values::percentage, units::print_percentage);
const REORDER: Access<LinkConfig> =
    at!(value reorder_ppm, values::percentage, units::print_percentage);
const CORRELATION: Access<LinkConfig> =
    at!(value reorder_correlation_ppm, values::percentage, units::print_percentage);
const BLACKOUT: Access<LinkConfig> = (
    |link, v| put(&mut link.blackout, values::optional(v, blackout).map(Option::unwrap_or_default)),
    |link| {
        let print = |w: &Blackout| {
            format!("{}..{}", units::print_duration(w.from), units::print_duration(w.until))
        };
        match &link.blackout[..] {
            [] => values::NONE.to_owned(),
            windows => windows.iter().map(print).collect::<Vec<_>>().join(","),
        }
    },
);

fn delay(text: &str) -> Result<Duration, String> {
    values::duration(text, Duration::ZERO..=Duration::from_secs(3600))
}

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

fn blackout(text: &str) -> Result<Vec<Blackout>, String> {
    let window = |text: &str| {
        let text = text.trim();
        let (from, until) = text
            .split_once("..")
            .ok_or_else(|| format!("`{text}` is not a stretch of time: write 10s..12s"))?;
        let at = |text| values::duration(text, Duration::ZERO..=values::DAY * 365);
        let window = Blackout { from: at(from)?, until: at(until)? };
        if window.from >= window.until {
            return Err(format!("`{text}` ends before it begins"));
        }
        Ok(window)
    };
    text.split(',').map(window).collect()
}
