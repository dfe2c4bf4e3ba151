//! Random valid scenarios over every key of the key table. A new key takes part by its permitted
//! values; a key without a generator fails a test.

use halfclose::Scenario;
use halfclose::scenario::{KEYS, Key};

/// Packets of a run of the soak, at most.
pub(crate) const MOST_PACKETS: u64 = 30_000;

/// Numbers of a seed: `SplitMix64`, the same on every machine.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        usize::try_from(z % count as u64).expect("the count is small")
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// Values by the last letters of a range's end: `0s to 3600s` is a range of durations. A value
/// outside the range of its key is refused by the key and drawn again.
const UNITS: &[(&str, &[&str])] = &[
    ("%", &["0%", "0.1%", "1%", "5%", "20%", "50%", "100%"]),
    ("bit", &["1kbit", "64kbit", "512kbit", "10mbit", "1gbit"]),
    ("B/s", &["1B/s", "100B/s", "20KB/s", "200KB/s", "10MB/s"]),
    ("iB", SIZES),
    ("B", SIZES),
    (
        "s",
        &[
            "0s", "1us", "9us", "100us", "1ms", "10ms", "20ms", "150ms", "200ms", "499ms", "1s",
            "3s", "20s", "60s", "90s", "15min", "3h",
        ],
    ),
    ("h", &["1us", "20ms", "150ms", "200ms", "1s", "3s", "20s", "90s", "15min", "24h"]),
];

const SIZES: &[&str] =
    &["0", "1", "2", "512", "1000", "1460", "5000", "10000", "65535", "64KiB", "100KB", "300KB"];

const COUNTS: &[&str] =
    &["1", "2", "3", "20", "68", "120", "576", "1500", "1025", "9000", "20000", "50000", "65535"];

const PATHS: &[&str] = &["a", "b", "d", "d/a", "d/e/f", "with space", "\u{e9}"];

/// Keys whose values are chosen here: the key takes other values too, which are no subject of the
/// soak or would make the runs too long.
const CHOSEN: &[(&str, &[&str])] = &[
    // A mutant breaks a law by intention.
    ("mutant", &["none"]),
    // An optional law is a demand of a scenario, and most scenarios do not meet the law.
    ("expect.laws", &[""]),
    // Ten thousand clients take minutes.
    ("client.count", &["1", "2", "3", "9"]),
    ("do.file", &[concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]),
    ("limit.packets", &["1", "7", "50", "300", "5000"]),
    ("do.ls", &["/", "d", "d/e", "none"]),
];

/// A value of the key, or `None` where no generator knows the key's phrase. A value may be refused
/// by the key or by the rest of a scenario.
fn value(key: &Key, numbers: &mut Numbers) -> Option<String> {
    if let Some((_, words)) = CHOSEN.iter().find(|(name, _)| *name == key.name) {
        return Some(numbers.pick(words).to_owned());
    }
    let permitted = key.permitted();
    let others = &*permitted.others;
    let words = permitted.words.len();
    // Words and other values are drawn alike, but a single word such as `none` is rare.
    if words > 0 && (others.is_empty() || numbers.chance(if words > 1 { 50 } else { 15 })) {
        return Some(numbers.pick(&permitted.words).to_owned());
    }
    let spelled = match others {
        "a line of text" | "a text" => "some words",
        "a path" => numbers.pick(PATHS),
        "first characters of a reply, as in 226" => numbers.pick(&["226", "4", "5"]),
        "one to four percentages" => numbers.pick(&["1%", "1% 20%", "5% 30% 90%", "2% 9% 80% 1%"]),
        "times such as 10s..12s, between commas" => {
            numbers.pick(&["0s..1s", "1s..3s", "100ms..40s", "10s..12s", "50ms..51ms"])
        }
        "words of tc-netem(8), as in `delay 20ms loss 1%`" => numbers.pick(&[
            "delay 5ms 1ms",
            "loss 3%",
            "loss gemodel 1% 10%",
            "duplicate 2% reorder 10% 25%",
            "corrupt 1% rate 1mbit",
        ]),
        "a fault such as `drop server data FIN 2`" => return Some(fault(numbers)),
        range => {
            let (_, end) = range.split_once(" to ")?;
            let end = end.split(' ').next().unwrap_or_default();
            let unit = UNITS.iter().find(|(unit, _)| end.ends_with(unit));
            let number = end.bytes().all(|byte| byte.is_ascii_digit()).then_some(COUNTS);
            numbers.pick(unit.map(|(_, values)| *values).or(number)?)
        }
    };
    Some(spelled.to_owned())
}

fn fault(numbers: &mut Numbers) -> String {
    let action = numbers.pick(&[
        "drop",
        "drop",
        "drop",
        "duplicate",
        "hold",
        "delay 3s",
        "delay 200ms",
        "early 9ms",
        "corrupt",
        "corrupt bit 300",
        "inject RST",
        "inject RST in-window",
        "inject RST out-of-window as server",
        "inject FIN as client",
    ]);
    if numbers.chance(15) {
        return format!("{action} packet {}", numbers.below(60));
    }
    let from = numbers.pick(&["client", "server"]);
    let channel = numbers.pick(&["data", "data", "control", "data.2", "any"]);
    let segment = numbers.pick(&["SYN", "SYN-ACK", "DATA", "ACK", "FIN", "RST", "any"]);
    format!("{action} {from} {channel} {segment} {}", 1 + numbers.below(9))
}

/// The keys that begin a task, and the keys that add to a task.
fn task_keys() -> (Vec<&'static Key>, Vec<&'static Key>) {
    let begins = |key: &&Key| {
        let mut scenario = Scenario::default();
        let value = if key.name == "do.noop" { "true" } else { "a" };
        scenario.vary([format!("{}=z", "do.2.put").as_str()]).expect("a second task begins");
        scenario.set(&key.name.replace("do.", "do.3."), value).is_ok()
    };
    KEYS.iter().filter(|key| key.is_task()).partition(begins)
}

/// The generator of scenarios.
pub(crate) struct Generator {
    begin: Vec<&'static Key>,
    more: Vec<&'static Key>,
    plain: Vec<&'static Key>,
}

impl Generator {
    pub(crate) fn new() -> Self {
        let (begin, more) = task_keys();
        let plain = KEYS.iter().filter(|key| !key.is_task()).collect();
        Self { begin, more, plain }
    }

    /// A valid scenario, and the settings by which `halfclose run` repeats the scenario.
    pub(crate) fn scenario(&self, number: u64) -> (Scenario, Vec<String>) {
        let numbers = &mut Numbers::of(number);
        let mut made = Made::default();
        for task in 1..=1 + numbers.below(4) {
            self.task(task, numbers, &mut made);
        }
        if numbers.chance(60) {
            let loss = numbers.pick(&["0.5%", "1%", "2%", "5%", "10%", "20%"]);
            made.keep(format!("link.loss={loss}"));
        }
        for _ in 0..numbers.below(14) {
            let key = self.plain[numbers.below(self.plain.len())];
            if let Some(value) = value(key, numbers) {
                made.keep(format!("{}={value}", key.name));
            }
        }
        let Made { mut scenario, settings } = made;
        scenario.name = "soak".to_owned();
        // No run of the soak is endless.
        scenario.limit.packets = scenario.limit.packets.min(MOST_PACKETS);
        (scenario, settings)
    }

    fn task(&self, task: usize, numbers: &mut Numbers, made: &mut Made) {
        let name = |key: &Key| key.name.replacen("do.", &format!("do.{task}."), 1);
        // Most tasks move a file; the first one always does.
        let moving = ["do.put", "do.get", "do.append"];
        let moves = task == 1 || numbers.chance(70);
        let kinds = self.begin.iter().filter(|key| !moves || moving.contains(&key.name));
        let kinds: Vec<_> = kinds.collect();
        let begin = kinds[numbers.below(kinds.len())];
        if begin.name == "do.rename" {
            // A rename is complete with its new name alone.
            let (from, to) = (numbers.pick(PATHS), numbers.pick(PATHS));
            made.keep_all(&[format!("{}={from}", name(begin)), format!("do.{task}.to={to}")]);
            return;
        }
        let Some(value) = value(begin, numbers) else { return };
        let value = if begin.name == "do.noop" { "true".to_owned() } else { value };
        if !made.keep(format!("{}={value}", name(begin))) {
            return;
        }
        for key in &self.more {
            if numbers.chance(25)
                && let Some(value) = self::value(key, numbers)
            {
                made.keep(format!("{}={value}", name(key)));
            }
        }
    }
}

/// A scenario in the making.
#[derive(Default)]
struct Made {
    scenario: Scenario,
    settings: Vec<String>,
}

impl Made {
    fn keep(&mut self, setting: String) -> bool {
        self.keep_all(&[setting])
    }

    /// Keep the settings if the scenario with them is valid.
    fn keep_all(&mut self, settings: &[String]) -> bool {
        let mut next = self.scenario.clone();
        let kept = next.vary(settings.iter().map(String::as_str)).is_ok() && next.open.is_none();
        if kept {
            self.scenario = next;
            self.settings.extend_from_slice(settings);
        }
        kept
    }
}

/// Every key has a generator, and every key has at least one value in 20,000 scenarios that is not
/// the default.
#[test]
fn every_key_takes_part() {
    let numbers = &mut Numbers::of(0);
    for key in KEYS {
        assert!(
            value(key, numbers).is_some(),
            "{} has no generator: {}",
            key.name,
            key.permitted()
        );
    }
    let generator = Generator::new();
    let mut missing: Vec<_> = KEYS.iter().filter(|key| key.name != "mutant").collect();
    for number in 0..20_000 {
        let (scenario, settings) = generator.scenario(number);
        missing.retain(|key| {
            let values = key.values(&scenario);
            let changed = values.iter().any(|(_, value)| *value != key.default_value());
            // netem's words set other keys and have no value of their own.
            !changed && !settings.iter().any(|it| it.starts_with(&format!("{}=", key.name)))
        });
        if missing.is_empty() {
            return;
        }
    }
    let names: Vec<_> = missing.iter().map(|key| key.name).collect();
    panic!("never changed: {names:?}");
}
