//! `candidates` writes the scenarios that may end like a session, the nearest first: the measured link
//! and files, the settings that show the cause of each transfer, and the other closes and servers.

use super::dark::Dark;
use super::recipes::{Recipe, recipes};
use super::sketch::{CloseSeen, Sketch, TaskSeen};
use crate::catalogue;
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
