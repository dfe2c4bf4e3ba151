//! `value_kinds` owns the kinds of values: how a key of each kind reads and prints a value, and the
//! values that the key permits. Names of keys are unknown here.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Get, Set, TomlForm};
use crate::scenario::units;
use crate::scenario::values::{self, DAY, GIB, NONE};

/// The values that a key takes, for help texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permitted {
    /// Words, spelled as a scenario writes them.
    pub words: Vec<&'static str>,
    /// Values beside the words: a range such as `0s to 3600s`, or a phrase such as `a path`. Empty
    /// if the key takes words alone.
    pub others: String,
}

impl Permitted {
    pub(super) fn words<T>(words: &[(&'static str, T)]) -> Self {
        Self { words: words.iter().map(|(word, _)| *word).collect(), others: String::new() }
    }

    pub(super) fn others(others: &str) -> Self {
        Self { words: Vec::new(), others: others.to_owned() }
    }

    pub(super) fn range<T: Copy>(range: &RangeInclusive<T>, print: fn(T) -> String) -> Self {
        Self::others(&format!("{} to {}", print(*range.start()), print(*range.end())))
    }

    pub(super) fn or(mut self, word: &'static str) -> Self {
        self.words.push(word);
        self
    }
}

impl fmt::Display for Permitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.words.join(", ");
        match (&*self.others, &*words) {
            ("", words) => f.write_str(words),
            (others, "") => f.write_str(others),
            (others, words) => write!(f, "{others}, or {words}"),
        }
    }
}

/// A kind of quantity, held as `T`: how a file writes the quantity, how the quantity is read and
/// printed, and the permitted values.
pub(super) struct ValueKind<T> {
    pub(super) form: TomlForm,
    pub(super) read: fn(&str) -> Result<T, String>,
    pub(super) print: fn(T) -> String,
    pub(super) permitted: fn() -> Permitted,
}

/// How a key reads, prints and describes its value in a `T`.
pub(super) struct Access<T> {
    pub(super) form: TomlForm,
    pub(super) permitted: fn() -> Permitted,
    pub(super) set: Set<T>,
    pub(super) get: Get<T>,
}

// Derived, both would ask the same of `T`.
impl<T> Copy for Access<T> {}
impl<T> Clone for Access<T> {
    fn clone(&self) -> Self {
        *self
    }
}

/// The access to the field at a place. `at!(client.reply_timeout, TIMEOUT or NONE)` is a quantity
/// or the word `none`; `at!(client.close, words Close::WORDS)` is a word of a table.
macro_rules! at {
    ($($place:ident).+, words $words:expr $(, or $other:ident)?) => {
        Access {
            form: TomlForm::Text,
            permitted: || Permitted::words($words)$(.or($other))?,
            set: |it, text| {
                let read = |text: &str| values::choice(text, $words);
                put(&mut it.$($place).+, at!(@read text, read $(, $other)?))
            },
            get: |it| {
                let print = |value| values::word(&value, $words);
                Some(at!(@print it.$($place).+, print $(, $other)?))
            },
        }
    };
    ($($place:ident).+, list $words:expr) => {
        Access {
            form: TomlForm::List,
            permitted: || Permitted::words($words),
            set: |it, text| {
                let words = values::parts(text).map(|part| values::choice(part, $words));
                put(&mut it.$($place).+, words.collect())
            },
            get: |it| {
                let words = it.$($place).+.iter().map(|value| values::word(value, $words));
                Some(words.collect::<Vec<_>>().join(","))
            },
        }
    };
    ($($place:ident).+, $kind:ident $(or $other:ident)?) => {
        Access {
            form: $kind.form,
            permitted: || ($kind.permitted)()$(.or($other))?,
            set: |it, text| put(&mut it.$($place).+, at!(@read text, $kind.read $(, $other)?)),
            get: |it| Some(at!(@print it.$($place).+, $kind.print $(, $other)?)),
        }
    };
    (@read $text:expr, $read:expr) => { ($read)($text) };
    (@read $text:expr, $read:expr, $other:ident) => { values::optional($text, $other, $read) };
    (@print $value:expr, $print:expr) => { ($print)($value) };
    (@print $value:expr, $print:expr, $other:ident) => {
        values::print_optional($value, $other, $print)
    };
}

/// The kind of quantities in a range.
macro_rules! range {
    ($form:ident, $read:expr, $range:expr, $print:expr) => {
        ValueKind {
            form: TomlForm::$form,
            read: |text| $read(text, $range),
            print: $print,
            permitted: || Permitted::range(&$range, $print),
        }
    };
}

const MICROSECOND: Duration = Duration::from_micros(1);
const YEAR: Duration = DAY.saturating_mul(365);

pub(super) const SWITCHES: &[(&str, bool)] = &[("true", true), ("false", false)];
pub(super) const SWITCH: ValueKind<bool> = ValueKind {
    form: TomlForm::Switch,
    read: |text| values::choice(text, SWITCHES),
    print: |on| on.to_string(),
    permitted: || Permitted::words(SWITCHES),
};

pub(super) const DELAY: ValueKind<Duration> = range!(
    Text,
    values::duration,
    Duration::ZERO..=Duration::from_secs(3600),
    units::print_duration
);
pub(super) const TIMEOUT: ValueKind<Duration> =
    range!(Text, values::duration, MICROSECOND..=DAY, units::print_duration);
pub(super) const TIMEOUT_OR_NONE: ValueKind<Option<Duration>> = ValueKind {
    form: TomlForm::Text,
    read: |text| values::optional(text, NONE, TIMEOUT.read),
    print: |timeout| values::print_optional(timeout, NONE, TIMEOUT.print),
    permitted: || (TIMEOUT.permitted)().or(NONE),
};
/// RFC 9293 §3.8.6.3: an acknowledgment is delayed by less than half a second.
pub(super) const ACK_DELAY: ValueKind<Duration> = range!(
    Text,
    values::duration,
    MICROSECOND..=Duration::from_micros(499_999),
    units::print_duration
);
pub(super) const INSTANT: ValueKind<Duration> =
    range!(Text, values::duration, Duration::ZERO..=YEAR, units::print_duration);
pub(super) const TIME_LIMIT: ValueKind<Duration> =
    range!(Text, values::duration, MICROSECOND..=YEAR, units::print_duration);

pub(super) const SIZE: ValueKind<u64> = range!(Text, values::size, 0..=GIB, units::print_size);
pub(super) const QUEUE: ValueKind<u64> = range!(Text, values::size, 1..=GIB, units::print_size);
pub(super) const BUFFER: ValueKind<usize> =
    range!(Text, values::memory, 1..=1 << 30, units::print_memory);
pub(super) const CHATTER: ValueKind<usize> =
    range!(Text, values::memory, 0..=1 << 20, units::print_memory);
pub(super) const RATE: ValueKind<u64> =
    range!(Text, values::rate, values::RATES, units::print_rate);
pub(super) const BYTE_RATE: ValueKind<u64> =
    range!(Text, values::byte_rate, 1..=1_000_000_000_000, units::print_byte_rate);
pub(super) const PERCENTAGE: ValueKind<u32> = ValueKind {
    form: TomlForm::Text,
    read: values::percentage,
    print: units::print_percentage,
    permitted: || Permitted::range(&(0..=1_000_000), units::print_percentage),
};

pub(super) const MTU: ValueKind<usize> = ValueKind {
    form: TomlForm::Number,
    read: values::mtu,
    print: print_number,
    permitted: || Permitted::range(&values::MTUS, print_number),
};
pub(super) const CLIENTS: ValueKind<usize> =
    range!(Number, values::number, values::CLIENTS, print_number);
pub(super) const SEGMENTS: ValueKind<u16> = range!(Number, values::number, 1..=1000, print_number);
pub(super) const PACKETS: ValueKind<u64> =
    range!(Number, values::number, 1..=1_000_000_000_000_u64, print_number);
pub(super) const SEED: ValueKind<u64> = range!(Number, values::number, 0..=u64::MAX, print_number);
pub(super) const LISTEN_PORT: ValueKind<u16> =
    range!(Text, values::number, 1024..=u16::MAX, print_number);
pub(super) const ACTIVE_PORT: ValueKind<u16> = ValueKind {
    form: TomlForm::Text,
    read: values::active_port,
    print: print_number,
    permitted: || Permitted::others("1 to 65535 but 21"),
};

fn print_number<T: fmt::Display>(number: T) -> String {
    number.to_string()
}
