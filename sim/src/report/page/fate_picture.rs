//! `fate_picture` draws how the end of a run became certain: a column for each packet, filled with the
//! shares of the verdicts of runs that go on from there.

use maud::{Markup, html};

use crate::report::page::section;
use crate::report::page::verdict_words::sign;
use crate::search::FateCurve;
use crate::verdict::Verdict;

/// Pixels of the columns together, of their height, and of the space beside them.
const WIDTH: i64 = 620;
const HEIGHT: i64 = 150;
const LEFT: i64 = 60;
const RIGHT: i64 = 220;
const TOP: i64 = 12;

/// The section of the page with the curve.
pub(crate) fn fate(curve: &FateCurve) -> Markup {
    let decisive: Vec<_> = curve.decisive().filter_map(|point| point.packet).collect();
    let verdict = curve.outcome.verdict;
    let jump = match &decisive[..] {
        [] => "No single packet changes a quarter of these runs.".to_owned(),
        packets => {
            let packets: Vec<_> = packets.iter().map(u64::to_string).collect();
            format!("The end changes at packet {}.", packets.join(", "))
        }
    };
    let says = format!(
        "Each column says how {} runs end that share all fates up to a packet with this run, and draw \
         every later fate anew: at the right, every run is {verdict}. {jump}",
        curve.continuations
    );
    section("fate", "At which packet the end was decided", &says, &picture(curve))
}

fn picture(curve: &FateCurve) -> Markup {
    let count = i64::try_from(curve.points.len().max(1)).unwrap_or(1);
    let (width, height) = (LEFT + WIDTH + RIGHT, TOP + HEIGHT + 40);
    let x = |at: i64| LEFT + at * WIDTH / count;
    let known: Vec<Verdict> = Verdict::ALL
        .into_iter()
        .filter(|verdict| curve.points.iter().any(|point| point.verdicts.contains_key(verdict)))
        .collect();
    html! {
        div.wide { svg.chart xmlns="http://www.w3.org/2000/svg" role="img"
            aria-label="Shares of the verdicts behind each packet"
            viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) {
            rect.paper width=(width) height=(height) {}
            @for (point, at) in curve.points.iter().zip(0_i64..) {
                @for (verdict, top, tall) in pieces(&known, |verdict| point.share(verdict)) {
                    rect class={ "v-" (verdict.name()) } x=(x(at)) y=(TOP + top)
                        width=((x(at + 1) - x(at)).max(1)) height=(tall) {
                        title {
                            @match point.packet {
                                Some(packet) => { "up to packet " (packet) },
                                None => { "before all packets" },
                            }
                            ": " (verdict.name()) " " (percent(point.share(verdict))) " %"
                        }
                    }
                }
            }
            @for part in [0_i64, 50, 100] {
                @let y = TOP + HEIGHT - HEIGHT * part / 100;
                path.grid d={ "M" (LEFT) " " (y) "H" (LEFT + WIDTH) } {}
                text.tick x=(LEFT - 6) y=(y + 4) text-anchor="end" { (part) " %" }
            }
            @for point in curve.decisive() {
                @let at = curve.points.iter().position(|it| it == point).unwrap_or(0);
                @let from = x(i64::try_from(at).unwrap_or(0));
                path.whisker d={ "M" (from) " " (TOP + HEIGHT) "v8" } {}
                text.tick x=(from) y=(TOP + HEIGHT + 20) text-anchor="middle" {
                    (point.packet.unwrap_or(0))
                }
            }
            text.tick x=(LEFT) y=(TOP + HEIGHT + 34) { "packets of the run, from left to right" }
            @for (verdict, at) in known.iter().zip(0_i64..) {
                rect class={ "v-" (verdict.name()) } x=(LEFT + WIDTH + 14) y=(TOP + at * 22) width="14"
                    height="14" {}
                text x=(LEFT + WIDTH + 34) y=(TOP + at * 22 + 12) {
                    (sign(*verdict)) " " (verdict.name())
                }
            }
        } }
    }
}

/// The pieces of a column from the top: each verdict with its first pixel and its height.
#[expect(clippy::cast_possible_truncation, reason = "a share of a height in pixels")]
fn pieces(known: &[Verdict], share: impl Fn(Verdict) -> f64) -> Vec<(Verdict, i64, i64)> {
    let mut sum = 0.0;
    let mut pieces = Vec::new();
    for &verdict in known {
        let top = (sum * HEIGHT as f64).round() as i64;
        sum += share(verdict);
        let end = (sum * HEIGHT as f64).round() as i64;
        if end > top {
            pieces.push((verdict, top, end - top));
        }
    }
    pieces
}

fn percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}
