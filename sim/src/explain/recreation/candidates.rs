//! `candidates` writes the scenarios that may end like a session, the nearest first: the measured link
//! and files, the settings that show the cause of each transfer, and the other closes and servers.

use super::dark::{Dark, DarkFrom};
use super::sketch::{CloseSeen, Sketch, TaskSeen};
use crate::catalogue;
use crate::explain::cause::Cause;
use crate::scenario::{InvalidSetting, Scenario};

/// Words of `client.close` and `server.close`.
const CLOSES: [&str; 6] =
    ["fin", "half-close", "reset", "reset-when-sent", "reset-when-acked", "fin-then-reset"];

/// The words of `server.on_reset`.
const ON_RESETS: [&str; 5] = ["abort", "as-eof", "drop-control", "perror-reply", "abort-delete"];

/// Hosts whose unread bytes are lost at a reset, or that answer late data otherwise.
const HOSTS: [&[&str]; 4] = [
    &[],
    &["server.host=wfw311", "server.store_rate=200KB/s"],
    &["client.host=smoltcp", "server.host=smoltcp"],
    &["client.host=winsock", "server.host=winsock"],
];

/// The most copies of a SYN that a recipe drops.
const SYN_COPIES: u32 = 12;

/// Bytes of an upload behind the place at which the user ended the upload.
const MORE: u64 = 100_000;

/// A scenario to try.
pub(super) struct Candidate {
    /// A scenario of the catalogue, or none: the default.
    from: Option<(&'static str, Option<String>)>,
    settings: Vec<String>,
    /// The link goes dark at an event of the run.
    pub(super) dark: Option<Dark>,
}

impl Candidate {
    /// The scenario with the settings `more` behind the candidate's own.
    pub(super) fn scenario(&self, more: &[String]) -> Result<Scenario, InvalidSetting> {
        let mut scenario = match &self.from {
            None => Scenario::default(),
            Some((name, arm)) => {
                let mut scenario = Scenario::catalogue(name).expect("a name of the catalogue");
                if let Some(arm) = arm {
                    scenario.take_arm(arm)?;
                }
                scenario
            }
        };
        "from-capture".clone_into(&mut scenario.name);
        scenario.vary(self.settings.iter().chain(more).map(String::as_str))?;
        Ok(scenario)
    }
}

/// What shows the cause of a transfer.
#[derive(Clone, Default)]
struct Recipe {
    settings: Vec<String>,
    dark: Option<Dark>,
}

impl Recipe {
    fn of(settings: &[&str]) -> Self {
        Self { settings: settings.iter().map(|&it| it.to_owned()).collect(), dark: None }
    }

    fn dark(task: usize, from: DarkFrom, settings: &[&str]) -> Self {
        Self { dark: Some(Dark { task, from }), ..Self::of(settings) }
    }
}

/// The scenarios that may end like a session: a base, and dimensions with alternatives each. The first
/// alternative of each dimension is the nearest by the capture.
pub(super) struct Space {
    base: Vec<String>,
    dimensions: Vec<Vec<Recipe>>,
}

impl Space {
    /// The space of a session.
    pub(super) fn of(sketch: &Sketch) -> Self {
        let [own_close, own_server_close] = closes(sketch);
        let losses = sketch.losses.iter().map(|loss| format!("fault={loss}")).collect();
        let lossy = Recipe { settings: losses, dark: None };
        let mut dimensions: Vec<Vec<Recipe>> =
            sketch.tasks.iter().enumerate().map(|(at, task)| recipes(sketch, at, task)).collect();
        dimensions.push(vec![lossy, Recipe::default()]);
        dimensions.push(words("client.close", own_close, &CLOSES));
        dimensions.push(words("server.close", own_server_close, &CLOSES));
        dimensions.push(words("server.on_reset", reaction(sketch), &ON_RESETS));
        dimensions.push(HOSTS.iter().map(|host| Recipe::of(host)).collect());
        dimensions.push(sizes_asked(sketch));
        dimensions.push(rates(sketch));
        Self { base: base(sketch), dimensions }
    }

    /// How many alternatives each dimension has.
    pub(super) fn sizes(&self) -> Vec<usize> {
        self.dimensions.iter().map(Vec::len).collect()
    }

    /// The candidate with the alternative `choice[n]` of each dimension n.
    pub(super) fn candidate(&self, choice: &[usize]) -> Candidate {
        let mut settings = self.base.clone();
        let mut dark = None;
        for (dimension, &at) in self.dimensions.iter().zip(choice).rev() {
            settings.extend(dimension[at].settings.iter().cloned());
            dark = dark.or_else(|| dimension[at].dark.clone());
        }
        Candidate { from: None, settings, dark }
    }
}

/// Who asks for the size of an upload: no program, the client after a failure, or a task at the end.
fn sizes_asked(sketch: &Sketch) -> Vec<Recipe> {
    let count = sketch.tasks.last().map_or(0, |task| task.nth);
    let asked = sketch.tasks.iter().filter(|task| task.size_after.is_some());
    let asked =
        asked.zip(count + 1..).map(|(task, more)| format!("do.{more}.size_of=file{}", task.nth));
    let at_the_end = Recipe { settings: asked.collect(), dark: None };
    let by_itself = Recipe::of(&["client.check_size=true"]);
    if at_the_end.settings.is_empty() {
        return vec![Recipe::default(), by_itself];
    }
    vec![by_itself, at_the_end, Recipe::default()]
}

/// The rates of the link: none, the rate at which the slowest transfer came, and two others.
fn rates(sketch: &Sketch) -> Vec<Recipe> {
    let rate = |task: &TaskSeen| {
        let seconds = Some(task.lasted / 1_000_000_000).filter(|it| *it > 0)?;
        Some(task.bytes * 8 / seconds).filter(|rate| *rate > 1000)
    };
    let measured = sketch.tasks.iter().filter_map(rate).min();
    let measured = measured.map(|rate| Recipe::of(&[&format!("link.rate={rate}bit")]));
    let mut all = words("link.rate", "none", &["none", "1mbit", "64kbit"]);
    all.extend(measured);
    all
}

/// The words of a key as alternatives, `first` before the others.
fn words(key: &str, first: &str, all: &[&str]) -> Vec<Recipe> {
    let others = all.iter().copied().filter(|word| *word != first);
    std::iter::once(first)
        .chain(others)
        .map(|word| Recipe::of(&[&format!("{key}={word}")]))
        .collect()
}

/// The link, the modes and the tasks of the session.
fn base(sketch: &Sketch) -> Vec<String> {
    let mut settings = vec![
        format!("link.delay={}us", (sketch.round_trip / 2000).max(1)),
        format!("link.mtu={}", sketch.mtu.clamp(68, 65_535)),
        format!("client.mode={}", if sketch.active { "active" } else { "passive" }),
    ];
    if let Some(waited) = sketch.gave_up {
        settings.push(format!("client.reply_timeout={}us", waited / 1000));
    }
    for task in &sketch.tasks {
        let nth = task.nth;
        if task.absent {
            settings.push(format!("do.{}.delete=file{nth}", nth - 1));
        } else if task.sized {
            settings.push(format!("do.{}.size_of=file{nth}", nth - 1));
        }
        let size = task.offset + task.bytes;
        let resumes = task.offset > 0;
        match &*task.explained.command {
            "STOR" | "STOU" => settings.push(format!("do.{nth}.put=file{nth}")),
            "APPE" => settings.push(format!("do.{nth}.append=file{nth}")),
            "RETR" => settings.push(format!("do.{nth}.get=file{nth}")),
            _ => {
                settings.push(format!("do.{nth}.ls=/"));
                continue;
            }
        }
        settings.push(format!("do.{nth}.size={size}"));
        if resumes {
            settings.push(format!("do.{nth}.before={}", task.offset));
            settings.push(format!("do.{nth}.resume=true"));
        }
    }
    settings
}

/// The words for the closes of uploads and of downloads.
fn closes(sketch: &Sketch) -> [&'static str; 2] {
    let word = |upload: bool| {
        // A client that says ABOR resets the data connection, however it closes otherwise.
        let closes = sketch.tasks.iter().filter(|task| task.upload == upload);
        let closes = closes.filter(|task| task.before_abor.is_none());
        let mut words = closes.map(TaskSeen::sender_close).map(|close| match close {
            CloseSeen::Open => None,
            CloseSeen::Fin => Some("fin"),
            CloseSeen::FinThenReset => Some("fin-then-reset"),
            CloseSeen::Reset { acked: true } => Some("reset-when-acked"),
            CloseSeen::Reset { acked: false } => Some("reset-when-sent"),
        });
        words.find_map(|word| word).unwrap_or("fin")
    };
    [word(true), word(false)]
}

/// The reaction of the server to a reset, by the reply.
fn reaction(sketch: &Sketch) -> &'static str {
    let reset = sketch.tasks.iter().find(|task| {
        task.upload && matches!(task.closes[0], CloseSeen::Reset { .. } | CloseSeen::FinThenReset)
    });
    match reset.and_then(|task| task.code) {
        Some(200..=299) => "as-eof",
        None if reset.is_some() => "drop-control",
        Some(451) => "perror-reply",
        _ => "abort",
    }
}

/// What may show the cause of the transfer `at`, the likeliest first.
fn recipes(sketch: &Sketch, at: usize, task: &TaskSeen) -> Vec<Recipe> {
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
            // What the server holds ends where a packet was lost that no repeat has made good.
            let held = task.size_after.map(|size| size.saturating_sub(task.offset));
            let lost = held.filter(|held| *held < sent).map(|held| {
                Recipe::of(&[&format!("fault=drop client data DATA at {} 1", held + 1)])
            });
            lost.into_iter().chain([Recipe::default(), dark(DarkFrom::Data(acked), &[])]).collect()
        }
        Cause::Orderly | Cause::Refused => vec![Recipe::default()],
    }
}

/// A client that gives up because no reply comes in time: the copies of the last command are lost, or
/// the server is slow to write.
fn impatience(sketch: &Sketch, at: usize, task: &TaskSeen) -> Vec<Recipe> {
    let last = at + 1 == sketch.tasks.len();
    let Some(waited) = sketch.gave_up.filter(|_| last) else { return Vec::new() };
    let until = [waited.saturating_sub(1_000_000), waited + 100_000_000];
    let mut some: Vec<Recipe> =
        until.map(|lasts| Recipe::dark(at, DarkFrom::Command { lasts }, &[])).into();
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
    vec![all(opens, "SYN"), all(listens, "SYN-ACK")]
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

/// The cases of the catalogue and their arms: first the case that the session is like.
pub(super) fn cases(sketch: &Sketch) -> Vec<Candidate> {
    let like = sketch.tasks.iter().find_map(|task| task.explained.like);
    let names = like.into_iter().chain(catalogue::names().filter(|name| Some(*name) != like));
    let mut all = Vec::new();
    for name in names {
        let arms = Scenario::catalogue(name).expect("a name of the catalogue").arms;
        let arms = arms.into_iter().map(|arm| Some(arm.name));
        for arm in std::iter::once(None).chain(arms) {
            all.push(Candidate { from: Some((name, arm)), settings: Vec::new(), dark: None });
        }
    }
    all
}
