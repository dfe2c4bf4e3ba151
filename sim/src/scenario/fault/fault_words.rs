//! `fault_words` reads and prints faults. A line is `ACTION PACKET`, as in `drop server data FIN
//! 2`; a table of a file has a key for each part. Both forms fill in the same draft and print the
//! same parts.

use std::fmt;
use std::time::Duration;

use halfclose_stack::Kind;

use super::{Action, Fault, Forged, Forgery, OnChannel, PacketName, Place, Which};
use crate::scenario::nearest::hint;
use crate::scenario::units;
use crate::scenario::values;
use crate::side::Side;

/// The keys of a `[[fault]]`, in printing order.
pub(super) const KEYS: [&str; 13] = [
    "from", "channel", "segment", "at", "nth", "packet", "action", "delay", "early", "bit",
    "forge", "place", "as",
];

const SIDES: &[(&str, Side)] = &[("client", Side::Client), ("server", Side::Server)];

const SEGMENTS: &[(&str, Option<Kind>)] = &[
    ("SYN", Some(Kind::Syn)),
    ("SYN-ACK", Some(Kind::SynAck)),
    ("DATA", Some(Kind::Data)),
    ("ACK", Some(Kind::Ack)),
    ("FIN", Some(Kind::Fin)),
    ("RST", Some(Kind::Rst)),
    ("any", None),
];

const ACTIONS: &[&str] = &["drop", "duplicate", "delay", "early", "hold", "corrupt", "inject"];

const FORGED: &[(&str, Forged)] = &[("RST", Forged::Rst), ("FIN", Forged::Fin)];

const PLACES: &[(&str, Place)] = &[
    ("exact", Place::Exact),
    ("in-window", Place::InWindow),
    ("out-of-window", Place::OutOfWindow),
];

/// The word for every packet of a name, in place of an ordinal.
const EVERY: &str = "every";

const EXAMPLE: &str = "write it as in `drop server data FIN 2` or `drop packet 17`";

/// A fault with some parts still missing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    from: Option<Side>,
    channel: Option<OnChannel>,
    segment: Option<Option<Kind>>,
    at: Option<u32>,
    nth: Option<u64>,
    packet: Option<u64>,
    action: Option<String>,
    delay: Option<Duration>,
    early: Option<Duration>,
    bit: Option<u32>,
    forge: Option<Forged>,
    place: Option<Place>,
    sender: Option<Side>,
}

impl Draft {
    /// Set a part of the fault.
    ///
    /// # Errors
    /// There is no such part, or the part does not take this value.
    pub(crate) fn set(&mut self, key: &str, text: &str) -> Result<(), String> {
        match key {
            "from" => self.from = Some(values::choice(text, SIDES)?),
            "channel" => self.channel = Some(channel(text)?),
            "segment" => self.segment = Some(values::choice(text, SEGMENTS)?),
            "at" => self.at = Some(values::number(text, 0..=u32::MAX)?),
            "nth" if text == EVERY => self.nth = Some(PacketName::EVERY),
            "nth" => {
                let nth = values::number(text, 1..=u64::from(u32::MAX));
                self.nth = Some(nth.map_err(|problem| format!("{problem}, or `{EVERY}`"))?);
            }
            "packet" => self.packet = Some(values::number(text, 0..=u64::MAX)?),
            "action" => self.action = Some(known(text, ACTIONS)?),
            "delay" => {
                self.delay = Some(values::duration(text, Duration::from_micros(1)..=values::DAY)?);
            }
            "early" => {
                self.early = Some(values::duration(text, Duration::from_micros(1)..=values::DAY)?);
            }
            "bit" => self.bit = Some(values::number(text, 0..=u32::MAX)?),
            "forge" => self.forge = Some(values::choice(text, FORGED)?),
            "place" => self.place = Some(values::choice(text, PLACES)?),
            "as" => self.sender = Some(values::choice(text, SIDES)?),
            _ => return Err(format!("unknown key{}", hint(key, KEYS.into_iter()))),
        }
        Ok(())
    }

    /// The fault, once all is said.
    ///
    /// # Errors
    /// A part is missing, or two parts do not go together.
    pub(crate) fn finish(self) -> Result<Fault, String> {
        Ok(Fault { action: self.action()?, packet: self.which()? })
    }

    fn which(&self) -> Result<Which, String> {
        let Self { from, channel, segment, at, nth, packet, .. } = *self;
        let named = from.is_some() || channel.is_some() || segment.is_some();
        if let Some(packet) = packet {
            if named || at.is_some() || nth.is_some() {
                return Err("a packet is named by its number or in words, not both".to_owned());
            }
            return Ok(Which::Emission(packet));
        }
        let Some(from) = from else { return Err(format!("names no packet: {EXAMPLE}")) };
        let channel = channel.unwrap_or(OnChannel::Any);
        let segment = segment.flatten();
        if at.is_some() && segment.is_none() {
            return Err("`at` needs a segment: an ACK's is its acknowledgment number".to_owned());
        }
        Ok(Which::Named(PacketName { from, channel, segment, at, nth: nth.unwrap_or(1) }))
    }

    fn action(&self) -> Result<Action, String> {
        let implied = self.delay.map(|_| "delay").or(self.early.map(|_| "early"));
        let Some(action) = self.action.as_deref().or(implied) else {
            return Err(format!("has no action: it is one of {}", ACTIONS.join(", ")));
        };
        let extra = [
            (self.delay.is_some(), "delay", "delay"),
            (self.early.is_some(), "early", "early"),
            (self.bit.is_some(), "bit", "corrupt"),
            (self.forge.is_some(), "forge", "inject"),
            (self.place.is_some(), "place", "inject"),
            (self.sender.is_some(), "as", "inject"),
        ];
        if let Some((_, key, owner)) = extra.iter().find(|(set, _, owner)| *set && *owner != action)
        {
            return Err(format!("`{key}` belongs to {owner}, and the action is {action}"));
        }
        Ok(match action {
            "drop" => Action::Drop,
            "duplicate" => Action::Duplicate,
            "delay" => {
                Action::Delay(self.delay.ok_or("delays by how much? Write delay = \"200ms\"")?)
            }
            "early" => {
                Action::Early(self.early.ok_or("is early by how much? Write early = \"5ms\"")?)
            }
            "hold" => Action::Hold,
            "corrupt" => Action::Corrupt { bit: self.bit },
            _ => Action::Inject(Forgery {
                segment: self.forge.ok_or("injects what? Write forge = \"RST\" or \"FIN\"")?,
                place: self.place.unwrap_or(Place::Exact),
                sender: self.sender,
            }),
        })
    }
}

fn channel(text: &str) -> Result<OnChannel, String> {
    match text.strip_prefix("data.") {
        Some(which) => Ok(OnChannel::DataNumber(values::number(which, 1..=u32::MAX)?)),
        None => {
            let words = [
                ("control", OnChannel::Control),
                ("data", OnChannel::Data),
                ("data.2", OnChannel::DataNumber(2)),
                ("any", OnChannel::Any),
            ];
            values::choice(text, &words)
        }
    }
}

fn known(text: &str, words: &[&str]) -> Result<String, String> {
    let pairs: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
    values::choice(text, &pairs).map(str::to_owned)
}

impl std::str::FromStr for Fault {
    type Err = String;

    /// Read a line: `drop server data FIN 2`, `delay 200ms client data DATA at 1461 1`, `inject RST
    /// in-window as server after client data DATA 3`, `drop packet 17`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace().peekable();
        let mut draft = Draft::default();
        let mut set = |key: &str, value: Option<&str>| {
            let value = value.ok_or_else(|| format!("`{text}` ends too soon: {EXAMPLE}"))?;
            draft.set(key, value)
        };
        let action = words.next();
        set("action", action)?;
        match action {
            Some(when @ ("delay" | "early")) => set(when, words.next())?,
            Some("corrupt") if words.next_if_eq(&"bit").is_some() => set("bit", words.next())?,
            Some("inject") => {
                set("forge", words.next())?;
                if let Some(place) = words.next_if(|word| PLACES.iter().any(|p| p.0 == *word)) {
                    set("place", Some(place))?;
                }
                if words.next_if_eq(&"as").is_some() {
                    set("as", words.next())?;
                }
                words.next_if_eq(&"after");
            }
            _ => {}
        }
        if words.next_if_eq(&"packet").is_some() {
            set("packet", words.next())?;
        } else {
            for key in ["from", "channel", "segment"] {
                set(key, words.next())?;
            }
            if words.next_if_eq(&"at").is_some() {
                set("at", words.next())?;
            }
            if let Some(nth) = words.next() {
                set("nth", Some(nth))?;
            }
        }
        match words.next() {
            Some(word) => Err(format!("`{word}` is one word too many: {EXAMPLE}")),
            None => draft.finish(),
        }
    }
}

impl Fault {
    /// The parts of the fault as keys and values of a table in a file.
    #[must_use]
    pub fn parts(&self) -> Vec<(&'static str, String)> {
        let mut parts = Vec::new();
        match &self.packet {
            Which::Emission(packet) => parts.push(("packet", packet.to_string())),
            Which::Named(PacketName { from, channel, segment, at, nth }) => {
                parts.push(("from", from.name().to_owned()));
                parts.push(("channel", channel.to_string()));
                parts.push(("segment", values::word(segment, SEGMENTS)));
                parts.extend(at.map(|at| ("at", at.to_string())));
                let every = *nth == PacketName::EVERY;
                parts.push(("nth", if every { EVERY.to_owned() } else { nth.to_string() }));
            }
        }
        let action = |word: &str| ("action", word.to_owned());
        match &self.action {
            Action::Drop => parts.push(action("drop")),
            Action::Duplicate => parts.push(action("duplicate")),
            Action::Hold => parts.push(action("hold")),
            Action::Delay(by) => {
                parts.extend([action("delay"), ("delay", units::print_duration(*by))]);
            }
            Action::Early(by) => {
                parts.extend([action("early"), ("early", units::print_duration(*by))]);
            }
            Action::Corrupt { bit } => {
                parts.push(action("corrupt"));
                parts.extend(bit.map(|bit| ("bit", bit.to_string())));
            }
            Action::Inject(Forgery { segment, place, sender }) => {
                parts.push(action("inject"));
                parts.push(("forge", values::word(segment, FORGED)));
                parts.push(("place", values::word(place, PLACES)));
                parts.extend(sender.map(|side| ("as", side.name().to_owned())));
            }
        }
        parts
    }
}

impl fmt::Display for Fault {
    /// Print the fault as a line for `from_str`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts();
        let split = parts.iter().position(|(key, _)| *key == "action").expect("it has one");
        let (packet, action) = parts.split_at(split);
        for (key, value) in action {
            match *key {
                "bit" | "as" => write!(f, "{key} {value} ")?,
                _ => write!(f, "{value} ")?,
            }
        }
        if matches!(self.action, Action::Inject(_)) {
            f.write_str("after ")?;
        }
        for (index, (key, value)) in packet.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            match *key {
                "packet" | "at" => write!(f, "{space}{key} {value}")?,
                _ => write!(f, "{space}{value}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for OnChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Control => f.write_str("control"),
            Self::Data => f.write_str("data"),
            Self::DataNumber(number) => write!(f, "data.{number}"),
        }
    }
}
