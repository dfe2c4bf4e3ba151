//! `run_page` is the page of one run: the verdict, the ladder, the graphs, the packets that mattered, every
//! header field, the scenario and the laws.

mod page_parts;

use halfclose_stack::ClosePolicy;
use maud::{Markup, html};

use crate::explain::counterfactual::{self, Answers};
use crate::judge::expectation::unmet;
use crate::law::LAWS;
use crate::outcome::{Outcome, TransferOutcome};
use crate::report::page::arrows::seconds;
use crate::report::page::fate_picture;
use crate::report::page::ladder_svg::LadderPicture;
use crate::report::page::packet_data::{self, RunData, RunObject};
use crate::report::page::thinning::{DRAWN, LISTED, Thinned};
use crate::report::page::verdict_words::{badge, sentence};
use crate::report::page::{data_block, document, legend, section};
use crate::report::timeline::Timeline;
use crate::report::{ShownRun, byte_account, ended, told};
use crate::run::Finished;
use crate::search::fate_curve::{FateCurve, draws, fate};
use crate::side::Side;
use crate::workload::Workload;
use page_parts::{all_fields, graphs, switch_rules, switches};

/// Packets in all runs of the fate curve, at most, and the fewest continuations that are worth a picture.
const CURVE_PACKETS: u64 = 300_000;
const CURVE_LEAST: u64 = 100;

/// The page of a run.
pub(crate) struct RunPage<'a> {
    /// The run as the summary shows the run.
    shown: ShownRun<'a>,
    /// The run, recorded with headers at least.
    finished: &'a Finished,
    /// Each lost or changed packet and each fault, with the verdict of a run without it.
    without: Answers,
    /// How the end became certain, if the link draws anything.
    curve: Option<FateCurve>,
    /// The expectations that the run missed.
    unmet: Vec<String>,
    /// The ends of a bridge run; `None`: the run is a function of its seed, with laws and a digest.
    bridged: Option<BridgedEnds<'a>>,
}

/// What a page says of a bridge run beside the outcome.
pub(crate) struct BridgedEnds<'a> {
    /// The command of each end; `None`: a program of ours.
    pub commands: [Option<&'a str>; 2],
    /// Whether the state of each file is known, and so the verdict.
    pub known: bool,
    /// The run as `bridge --json` prints the run.
    pub object: serde_json::Value,
}

/// The fate curve of a run of so many packets; none if the run is too long, or nothing is drawn.
fn curve(shown: &ShownRun<'_>, packets: u64) -> Option<FateCurve> {
    let continuations = 2 * CURVE_PACKETS / packets.saturating_mul(packets).max(1);
    if continuations < CURVE_LEAST || !draws(shown.scenario) {
        return None;
    }
    let search = fate(shown.scenario, shown.outcome.seed).continuations(continuations.min(1000));
    search.run().ok()
}

impl<'a> RunPage<'a> {
    /// The page of a run that was recorded with headers. Makes a run for each lost or changed packet.
    pub(crate) fn new(shown: ShownRun<'a>, finished: &'a Finished, workload: &Workload) -> Self {
        let packets = finished.outcome.packets;
        let without = counterfactual::without_each(shown.scenario, workload, finished);
        let unmet = unmet(&shown.scenario.expect, &finished.outcome);
        let unmet = unmet.iter().map(ToString::to_string).collect();
        let curve = curve(&shown, packets.client + packets.server);
        Self { shown, finished, without, curve, unmet, bridged: None }
    }

    /// The page of a bridge run, which has no digest, no laws, and no other runs to compare with.
    #[cfg(all(feature = "net", target_os = "linux"))]
    pub(crate) fn of_bridge(
        shown: ShownRun<'a>,
        finished: &'a Finished,
        bridged: BridgedEnds<'a>,
    ) -> Self {
        let unmet = unmet(&shown.scenario.expect, &finished.outcome);
        let unmet = unmet.iter().map(ToString::to_string).collect();
        let without = Answers::default();
        Self { shown, finished, without, curve: None, unmet, bridged: Some(bridged) }
    }

    /// Whether the run was made in virtual time.
    fn simulated(&self) -> bool {
        self.bridged.is_none()
    }

    /// Whether the verdict is known: a command of a bridge may keep a file anywhere.
    fn known(&self) -> bool {
        self.bridged.as_ref().is_none_or(|bridged| bridged.known)
    }

    /// The command of a bridge at an end.
    fn command(&self, side: Side) -> Option<&'a str> {
        self.bridged.as_ref()?.commands[side as usize]
    }

    /// The page as the text of a file.
    pub(crate) fn text(&self) -> String {
        let timeline = &Timeline::of(self.finished);
        let [drawn, listed] = &[DRAWN, LISTED].map(|most| Thinned::of(timeline, most));
        let outcome = self.shown.outcome;
        let scenario = self.shown.scenario;
        let verdict = if self.known() { outcome.verdict.name() } else { "no verdict" };
        let title = format!("{} (seed {}): {verdict}", scenario.name, outcome.seed);
        let packets = packet_data::data(timeline, listed);
        let run = match &self.bridged {
            Some(bridged) => RunObject::Bridged(&bridged.object),
            None => RunObject::Simulated(Box::new(self.shown.record())),
        };
        let data = RunData { run, packets, left_out: listed.hidden.len() };
        let body = html! {
            (self.head())
            main {
                (self.told(timeline))
                (self.ladder(timeline, drawn))
                (graphs(timeline))
                @if self.simulated() { (self.mattered()) }
                @if let Some(curve) = &self.curve { (fate_picture::fate(curve)) }
                @else if self.simulated() && draws(scenario) { (no_curve(outcome)) }
                (all_fields(timeline, listed))
                @if self.simulated() { (self.laws()) }
                (section("scenario", "The scenario", "The whole scenario of the run, as a file.",
                    &html! { pre tabindex="0" { (scenario.to_string()) } }))
            }
            (data_block("data", &data))
        };
        document(&title, &switch_rules(timeline), &body)
    }

    fn head(&self) -> Markup {
        let ShownRun { scenario, outcome, reproduce, because } = self.shown;
        html! {
            header {
                h1 {
                    (scenario.name) @if !scenario.about.is_empty() { ": " (scenario.about) }
                }
                @if self.known() {
                    p { (badge(outcome.verdict)) " " strong #verdict { (sentence(outcome)) } }
                } @else {
                    p { strong #verdict {
                        "No verdict: the file may lie outside the directory of the server's command."
                    } }
                }
                @if let Some(because) = because { p { "Because " (because) "." } }
                p { "Again: " code #reproduce { (reproduce) } }
                @for unmet in &self.unmet { p { strong { "Broken: " } (unmet) } }
            }
        }
    }

    /// What the user saw, and the facts of the worst transfer.
    fn told(&self, timeline: &Timeline<'_>) -> Markup {
        let ShownRun { scenario, outcome, .. } = self.shown;
        // The packets of a bridge run do not say what a program has read.
        let bytes_stayed = match self.simulated() {
            true => byte_account::sentence(scenario, self.finished, timeline),
            false => None,
        };
        let Some(worst) = outcome.worst() else { return html! {} };
        let TransferOutcome { task, dialogue, reply, client, ending, .. } = worst;
        let said = match told(worst.told) {
            _ if self.command(Side::Client).is_some() => {
                "A command was the client. The exit status stands for what the user was told: 0 for \
                 success, any other for failure."
                    .to_owned()
            }
            "nothing" => "The user waited in vain: the last lines on the screen.".to_owned(),
            word => format!("The user read these lines, and took them for a {word}."),
        };
        let ends = format!("client {}, server {}", ended(ending.client), ended(ending.server));
        let bytes = match self.known() {
            true => {
                format!("{} of {} bytes stored ({})", worst.stored, worst.sent, worst.file.name())
            }
            false => "unknown".to_owned(),
        };
        let did = self.command(Side::Client).map_or_else(|| format!("ftp> {task}"), str::to_owned);
        section(
            "told",
            "What the user was told",
            &said,
            &html! {
                pre tabindex="0" { (did) "\n" (dialogue.join("\n")) }
                @if let Some(bytes) = bytes_stayed { p { (bytes) } }
                dl.facts {
                    dt { "file" } dd { (bytes) }
                    dt { "last reply" } dd { @if reply.is_empty() { "none" } @else { (reply) } }
                    dt { "the user saw last" } dd { @if client.is_empty() { "nothing" } @else { (client) } }
                    dt { "data connection" } dd { (ends) }
                    dt { "time" }
                    dd {
                        (seconds(outcome.told_at))
                        @if self.simulated() { " s virtual" } @else { " s in real time" }
                    }
                    dt { "packets" } dd {
                        (outcome.packets.client) " from the client, " (outcome.packets.server)
                        " from the server, " (outcome.packets.dropped) " lost"
                    }
                    dt { "seed" } dd { (outcome.seed) }
                    @if self.simulated() {
                        dt { "digest" } dd.mono #digest { (format!("{:032x}", outcome.digest)) }
                    }
                    (self.hosts())
                }
            },
        )
    }

    fn hosts(&self) -> Markup {
        let scenario = self.shown.scenario;
        let hosts = [(Side::Client, &scenario.client.host), (Side::Server, &scenario.server.host)];
        html! {
            @for (side, host) in hosts {
                dt { (side.name()) "'s host" }
                dd {
                    @if let Some(command) = self.command(side) {
                        "the kernel of the machine, for the command " code { (command) }
                    } @else {
                        (host) @if let Some(source) = ClosePolicy::source(host) { " (" (source) ")" }
                    }
                }
            }
        }
    }

    fn ladder(&self, timeline: &Timeline<'_>, thinned: &Thinned) -> Markup {
        let said = &self.finished.dialogue;
        let picture =
            LadderPicture { timeline, said, thinned, rows: Some("k"), brief: false, says: "" };
        let ends = self.shown.outcome.worst().filter(|worst| worst.connected).map(|worst| {
            let (client, server) = (ended(worst.ending.client), ended(worst.ending.server));
            format!("On the data connection the client {client}, and the server {server}. ")
        });
        let says = format!(
            "{}Each arrow is a packet from its sending to its arrival, and a line that ends in a cross \
             is a packet that was lost.",
            ends.unwrap_or_default()
        );
        section(
            "ladder",
            "The packets as a ladder",
            &says,
            &html! {
                @if let Some(sentence) = thinned.sentence("drawn") { p.thinned { strong { (sentence) } } }
                (switches(timeline))
                div.wide { (picture.markup()) }
                (legend())
            },
        )
    }

    /// The packets without which the run had ended otherwise.
    fn mattered(&self) -> Markup {
        let verdict = self.shown.outcome.verdict;
        let Answers { asked, unasked_packets, unasked_faults } = &self.without;
        let decided = asked.iter().filter(|one| one.verdict != verdict).count();
        let says = match (asked.len(), decided) {
            (0, _) => {
                "No packet was lost, held or changed by a draw or a fault that could be undone \
                       alone: the programs and the hosts decide."
                    .to_owned()
            }
            (all, 0) => format!(
                "None of the {all} lost, held or changed packets decided alone: without any one of them \
                 the verdict is the same."
            ),
            (all, some) => format!(
                "{some} of {all} lost, held or changed packets decided: without the fault the verdict \
                 is another."
            ),
        };
        section(
            "mattered",
            "Which packets mattered",
            &says,
            &html! {
                @if *unasked_packets > 0 {
                    p.thinned { strong {
                        "Not computed: the run without the first " (unasked_packets)
                        " lost or changed packets. Of a long run, only the last packets are asked about."
                    } }
                }
                @if *unasked_faults > 0 {
                    p.thinned { strong {
                        "Not computed: the run without the last " (unasked_faults) " faults."
                    } }
                }
                @if !asked.is_empty() {
                    div.wide { table {
                        thead { tr {
                            th.num { "packet" } th { "what happened" } th { "the verdict without the fault" }
                        } }
                        tbody { @for one in asked { tr {
                            td.num { @if let Some(packet) = one.packet { (packet) } }
                            td { (one.what) }
                            td {
                                (badge(one.verdict)) " "
                                @if one.verdict == verdict { "the same" } @else { strong { "decisive" } }
                            }
                        } } }
                    } }
                }
            },
        )
    }

    /// The laws, and the divergences of smoltcp.
    fn laws(&self) -> Markup {
        let Outcome { broken_laws, waived_laws, divergences, .. } = self.shown.outcome;
        let says = match broken_laws.len() {
            0 => format!("All {} laws held in this run.", LAWS.len()),
            broken => format!("{broken} of {} laws were broken in this run.", LAWS.len()),
        };
        section(
            "laws",
            "Laws, and where smoltcp differs",
            &says,
            &html! {
                ul {
                    @for law in broken_laws { li { strong { "broken: " } (law.to_string()) } }
                    @for law in waived_laws {
                        li { "excused: " (law.name) " by the waiver " (law.waiver) ", " (law.count) " times" }
                    }
                    @for divergence in divergences {
                        li {
                            "smoltcp, "
                            @if divergence.mended() { "mended here: " } @else { "with effect: " }
                            (divergence.to_string())
                        }
                    }
                    @if divergences.is_empty() { li { "The run met no divergence of smoltcp." } }
                }
            },
        )
    }
}

/// What stands in the place of the fate curve of a long run.
fn no_curve(outcome: &Outcome) -> Markup {
    let packets = outcome.packets.client + outcome.packets.server;
    let says = format!(
        "Not computed: the fate curve of a run of {packets} packets takes too many runs. `halfclose fate` \
         makes these runs."
    );
    section("fate", "At which packet the end was decided", &says, &html! {})
}
