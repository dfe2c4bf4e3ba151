//! `kinds` is how a key of each kind is read and printed, by the place that it names in what it belongs
//! to: a value, one that may be `none`, a number, a text, one or more of a few words, a switch. It knows
//! no key by name.

use super::{Key, Part, Set, TomlForm};
use crate::scenario::Scenario;

/// Access a value is read into `T`, and printed.
pub(super) type Access<T> = (Set<T>, fn(&T) -> String);

/// Access the value at a place is read and printed.
macro_rules! at {
    (value $($place:ident).+, $read:expr, $print:expr) => {
        (
            |it, text| $crate::scenario::keys::put(&mut it.$($place).+, $read(text)),
            |it| $print(it.$($place).+),
        )
    };
    (optional $($place:ident).+, $read:expr, $print:expr) => {
        (
            |it, text| {
                let value = $crate::scenario::values::optional(text, $read);
                $crate::scenario::keys::put(&mut it.$($place).+, value)
            },
            |it| $crate::scenario::values::print_optional(it.$($place).+, $print),
        )
    };
    (number $($place:ident).+, $read:expr) => {
        (
            |it, text| $crate::scenario::keys::put(&mut it.$($place).+, $read(text)),
            |it| it.$($place).+.to_string(),
        )
    };
    (switch $($place:ident).+) => {
        at!(number $($place).+, |text| {
            $crate::scenario::values::choice(text, $crate::scenario::keys::words::SWITCH)
        })
    };
    (text $($place:ident).+, $set:expr) => {
        (|it, text| $set(&mut it.$($place).+, text), |it| it.$($place).+.clone())
    };
    (list $($place:ident).+, $words:expr) => {
        (
            |it, text| {
                let parts = $crate::scenario::values::parts(text);
                let values = parts.map(|part| $crate::scenario::values::choice(part, $words));
                $crate::scenario::keys::put(&mut it.$($place).+, values.collect())
            },
            |it| {
                let word = |value| $crate::scenario::values::word(value, $words);
                it.$($place).+.iter().map(word).collect::<Vec<_>>().join(",")
            },
        )
    };
    (choice $($place:ident).+, $words:expr) => {
        (
            |it, text| {
                let value = $crate::scenario::values::choice(text, $words);
                $crate::scenario::keys::put(&mut it.$($place).+, value)
            },
            |it| $crate::scenario::values::word(&it.$($place).+, $words),
        )
    };
}

const fn key(name: &'static str, doc: &'static str, form: TomlForm, how: Access<Scenario>) -> Key {
    Key { name, doc, form, part: Part::Scenario(how.0, how.1) }
}

pub(super) const fn text(name: &'static str, doc: &'static str, how: Access<Scenario>) -> Key {
    key(name, doc, TomlForm::Text, how)
}

pub(super) const fn number(name: &'static str, doc: &'static str, how: Access<Scenario>) -> Key {
    key(name, doc, TomlForm::Number, how)
}

pub(super) const fn switch(name: &'static str, doc: &'static str, how: Access<Scenario>) -> Key {
    key(name, doc, TomlForm::Switch, how)
}

pub(super) const fn list(name: &'static str, doc: &'static str, how: Access<Scenario>) -> Key {
    key(name, doc, TomlForm::List, how)
}
