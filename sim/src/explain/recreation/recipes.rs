//! `recipes` owns the settings that may show the cause of a transfer, the likeliest first.

use super::dark::{Dark, DarkFrom};
use super::sketch::{Sketch, TaskSeen};
use crate::explain::cause::Cause;

/// Bytes of an upload behind the place at which the user ended the upload.
const MORE: u64 = 100_000;

/// How long before a late reply the light comes back, in nanoseconds.
const BEFORE_REPLY: u64 = 1_000_000_000;

/// The most copies of a SYN that a recipe drops.
const SYN_COPIES: u32 = 12;

/// What shows the cause of a transfer.
#[derive(Clone, Default)]
pub(super) struct Recipe {
    pub(super) settings: Vec<String>,
    pub(super) dark: Option<Dark>,
}

impl Recipe {
    pub(super) fn of(settings: &[&str]) -> Self {
        Self { settings: settings.iter().map(|&it| it.to_owned()).collect(), dark: None }
    }

    fn dark(task: usize, from: DarkFrom, settings: &[&str]) -> Self {
        Self { dark: Some(Dark { task, from, lasts: None }), ..Self::of(settings) }
    }

    /// The settings of the recipe, and one more.
    fn and(mut self, setting: &str) -> Self {
        self.settings.push(setting.to_owned());
        self
    }

    /// The light comes back after so many nanoseconds.
    fn until(mut self, lasts: u64) -> Self {
        self.dark = self.dark.map(|dark| Dark { lasts: Some(lasts), ..dark });
        self
    }
}

/// What may show the cause of the transfer `at`, the likeliest first.
pub(super) fn recipes(sketch: &Sketch, at: usize, task: &TaskSeen) -> Vec<Recipe> {
    let mut impatient = impatience(sketch, at, task);
    let key = |word: &str, value: u64| format!("do.{}.{word}={value}", task.nth);
    let [sent, acked] = [task.bytes, task.acked];
    let dark = |from: DarkFrom, settings: &[&str]| Recipe::dark(at, from, settings);
    let silence = format!("server.data_timeout={}us", (task.silence / 1000).max(1));
    let all = |word: &str, values: &[u64]| -> Vec<Recipe> {
        values.iter().map(|&value| Recipe::of(&[&key(word, value)])).collect()
    };
    match task.explained.cause {
        Cause::AbortedByUser => {
            let before = task.before_abor.unwrap_or(0);
            let mut some = all("abort_after", &[before, acked, before / 2, 0, sent, 1]);
            // The rest of an upload that was ended is not in the capture.
            let longer = [1, MORE].map(|more| key("size", task.offset + sent + more));
            for size in longer.iter().filter(|_| task.upload) {
                some.push(Recipe::of(&[size, &key("abort_after", before)]));
                some.push(Recipe::of(&[size, &key("abort_after", 0)]));
            }
            // The server holds less than the client sent: the packet behind those bytes was lost.
            let lost: Vec<_> = lost(task).into_iter().collect();
            let with_loss = some
                .clone()
                .into_iter()
                .flat_map(|recipe| lost.iter().map(move |loss| recipe.clone().and(loss)));
            some.extend(with_loss.collect::<Vec<_>>());
            some
        }
        Cause::ClientDied => all("die_after", &[acked, sent / 2, sent, 0, 1]),
        Cause::CloseWithUnread => {
            let chatter = format!("server.chatter={}", task.unasked.clamp(1, 1 << 20));
            let mut some = vec![Recipe::of(&[&chatter])];
            some.extend(all("die_after", &[acked, sent / 2]));
            some.push(Recipe::of(&[&format!("server.capacity={acked}")]));
            some
        }
        Cause::DataAfterClose | Cause::EarlyReply => {
            let mut some = vec![
                Recipe::of(&["client.trusts=reply"]),
                Recipe::of(&["client.trusts=reply", "link.rate=1mbit"]),
                Recipe::of(&["client.trusts=reply", "link.down.rate=512kbit"]),
            ];
            some.extend(all("die_after", &[acked, sent / 2]));
            some.extend(overtaken(sketch, task));
            some
        }
        Cause::TailUnacknowledged => {
            let patient = ["server.data_timeout=none"];
            [DarkFrom::Data(acked), DarkFrom::Acks(acked), DarkFrom::Data(sent.saturating_sub(1))]
                .into_iter()
                .flat_map(|from| [dark(from, &patient), dark(from, &[])])
                .collect()
        }
        Cause::FinLost => vec![
            dark(DarkFrom::Fin, &["server.data_timeout=none"]),
            dark(DarkFrom::Fin, &[]),
            dark(DarkFrom::FinAcks, &[]),
        ],
        Cause::HalfcloseStandoff => vec![
            Recipe::of(&["server.on_fin=waits"]),
            Recipe::of(&["server.on_fin=waits", &silence]),
        ],
        Cause::ControlSilent => {
            impatient.extend([
                dark(DarkFrom::Reply, &[]),
                Recipe::of(&["link.nat_timeout=20s", "link.rate=8kbit"]),
                dark(DarkFrom::Fin, &[]),
                dark(DarkFrom::Data(acked), &[]),
            ]);
            impatient
        }
        Cause::ForeignReset | Cause::MiddleboxIdleReset => forged(task),
        Cause::UnansweredSyn => {
            let mut some = vec![dark(DarkFrom::Syn, &[]), dark(DarkFrom::SynAcks, &[])];
            // A reply behind the darkness tells how long the darkness was.
            let lasts = task.answered_after.map(|after| after.saturating_sub(BEFORE_REPLY));
            if let Some(lasts) = lasts.filter(|lasts| *lasts > 0) {
                some.extend(some.clone().into_iter().map(|recipe| recipe.until(lasts)));
            }
            some.extend(unanswered(sketch, task));
            some
        }
        Cause::TimeWaitReuse => vec![Recipe::of(&[
            "client.mode=active",
            "client.data_port=20000",
            "server.active_port=20",
        ])],
        Cause::ServerFailed if task.is_listing() => vec![
            Recipe::of(&[&format!("do.{}.ls=absent", task.nth)]),
            Recipe::of(&[&silence]),
            Recipe::of(&[&silence, "server.on_fin=waits"]),
        ],
        Cause::ServerFailed if task.absent => vec![Recipe::default()],
        Cause::ServerFailed => vec![
            Recipe::of(&[&format!("server.capacity={acked}")]),
            Recipe::of(&[&silence]),
            Recipe::of(&[&silence, "server.on_fin=waits"]),
            dark(DarkFrom::Data(acked), &[&silence]),
            dark(DarkFrom::Fin, &[&silence]),
            Recipe::of(&["server.capacity=0"]),
        ],
        Cause::Unknown => {
            impatient.extend([
                Recipe::default(),
                dark(DarkFrom::Reply, &["limit.time=10s"]),
                dark(DarkFrom::Data(acked), &["limit.time=10s"]),
                Recipe::of(&["server.store_rate=1B/s", "limit.time=10s"]),
            ]);
            impatient
        }
        Cause::ResetBehindLastByte => {
            let lost = lost(task).map(|loss| Recipe::of(&[&loss]));
            lost.into_iter().chain([Recipe::default(), dark(DarkFrom::Data(acked), &[])]).collect()
        }
        Cause::Orderly | Cause::Refused => vec![Recipe::default()],
    }
}

/// What the server holds ends where a packet was lost that no repeat has made good.
fn lost(task: &TaskSeen) -> Option<String> {
    let held = task.size_after.map(|size| size.saturating_sub(task.offset));
    let channel = task.channel?;
    let held = held.filter(|held| *held < task.bytes)?;
    Some(format!("fault=drop client data.{channel} DATA at {} 1", held + 1))
}

/// A client that gives up because no reply comes in time: the copies of the last command are lost, or
/// the server is slow to write.
fn impatience(sketch: &Sketch, at: usize, task: &TaskSeen) -> Vec<Recipe> {
    let last = at + 1 == sketch.tasks.len();
    let Some(waited) = sketch.gave_up.filter(|_| last) else { return Vec::new() };
    let until = [waited.saturating_sub(1_000_000), waited + 100_000_000];
    let mut some: Vec<Recipe> =
        until.map(|lasts| Recipe::dark(at, DarkFrom::Command, &[]).until(lasts)).into();
    if task.upload {
        for slower in [2, 1] {
            let rate = task.bytes.saturating_mul(1_000_000_000) / (slower * waited);
            some.push(Recipe::of(&[&format!("server.store_rate={}B/s", rate.max(1))]));
        }
    }
    some
}

/// Every copy of the SYN of the data connection is lost, or every answer, with the light on for the
/// control connection.
fn unanswered(sketch: &Sketch, task: &TaskSeen) -> Vec<Recipe> {
    let Some(channel) = task.channel else { return Vec::new() };
    let (opens, listens) = if sketch.active { ("server", "client") } else { ("client", "server") };
    let all = |side: &str, segment: &str| -> Recipe {
        let copies = 1..=SYN_COPIES;
        let lost = copies.map(|nth| format!("fault=drop {side} data.{channel} {segment} {nth}"));
        Recipe { settings: lost.collect(), dark: None }
    };
    // The last packet of the handshake alone may be lost, and the listener resets at its close.
    let last = format!("fault=drop {opens} data.{channel} ACK 1");
    vec![Recipe::of(&[&last]), all(opens, "SYN"), all(listens, "SYN-ACK"), all(opens, "ACK")]
}

/// The sender's RST overtakes the data before the RST, and the data finds no connection.
fn overtaken(sketch: &Sketch, task: &TaskSeen) -> Option<Recipe> {
    let channel = task.channel?;
    let side = if task.upload { "client" } else { "server" };
    let early = (sketch.round_trip / 8_000).max(1);
    Some(Recipe::of(&[&format!("fault=early {early}us {side} data.{channel} RST 1")]))
}

/// Forged resets behind the first packets of either side.
fn forged(task: &TaskSeen) -> Vec<Recipe> {
    let silent = ["server.accept_delay=40s"];
    let quiet: &[&str] =
        if task.explained.cause == Cause::MiddleboxIdleReset { &silent } else { &[] };
    let mut all = Vec::new();
    for claimed in ["client", "server"] {
        for behind in ["client data DATA 1", "server data DATA 1", "client data DATA 3"] {
            let fault = format!("fault=inject RST exact as {claimed} after {behind}");
            let mut settings = vec![&*fault];
            settings.extend(quiet);
            all.push(Recipe::of(&settings));
        }
    }
    all
}
