//! `thinning` chooses the packets of a long run that a picture draws: handshakes, every packet that the
//! link lost or changed, every FIN and RST, and the beginning and the end of the rest.

use std::time::Duration;

#[cfg(feature = "cli")]
use crate::report::timeline::SeenPacket;
use crate::report::timeline::Timeline;

/// How many packets a form of output shows. Each drawn packet takes some 1,600 bytes of a page, each
/// listed packet some 700.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The most packets that are shown without leaving any out.
    pub(crate) whole: usize,
    /// The most packets that are shown in any case.
    pub(crate) most: usize,
}

/// The packets of a ladder.
pub(crate) const DRAWN: Bounds = Bounds { whole: 400, most: 1_200 };
/// The packets in the list of a page: every drawn packet is listed.
pub(crate) const LISTED: Bounds = Bounds { whole: 2_000, most: 2_500 };
/// The packets drawn before and behind each packet that stays.
const AROUND: usize = 1;

/// The packets drawn before the first data connection opens, where the login is left out.
#[cfg(feature = "cli")]
const BEFORE_DATA: usize = 3;

/// The choice of packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Thinned {
    /// The drawn packets, in order, as places in [`Timeline::packets`].
    pub drawn: Vec<usize>,
    /// The times of the packets that are not drawn, in order.
    pub hidden: Vec<Duration>,
    /// The number of lost, changed, SYN, FIN and RST packets that are not drawn.
    pub missed: usize,
}

impl Thinned {
    /// Chooses from the packets of a run: all, or the packets that matter with some packets beside them.
    pub(crate) fn of(timeline: &Timeline<'_>, Bounds { whole, most }: Bounds) -> Self {
        let packets = &timeline.packets;
        if packets.len() <= whole {
            return Self { drawn: (0..packets.len()).collect(), ..Self::default() };
        }
        let (ends, last) = (whole / 4, packets.len());
        let mut stays = vec![false; last];
        stays[..ends].fill(true);
        stays[last - ends..].fill(true);
        for (at, _) in packets.iter().enumerate().filter(|(_, packet)| packet.matters()) {
            stays[at.saturating_sub(AROUND)..(at + AROUND + 1).min(last)].fill(true);
        }
        let mut chosen = stays.iter().filter(|stays| **stays).count();
        let mut missed = 0;
        // Too many packets matter: the neighbours go first, then packets from the middle.
        for at in middle_out(last) {
            if chosen <= most {
                break;
            }
            let inner = at >= ends && at < last - ends;
            if stays[at] && inner && !packets[at].matters() {
                (stays[at], chosen) = (false, chosen - 1);
            }
        }
        for at in middle_out(last) {
            if chosen <= most {
                break;
            }
            if stays[at] {
                (stays[at], chosen, missed) = (false, chosen - 1, missed + 1);
            }
        }
        let drawn = (0..last).filter(|at| stays[*at]).collect();
        let hidden = (0..last).filter(|at| !stays[*at]).map(|at| packets[at].event.at).collect();
        Self { drawn, hidden, missed }
    }

    /// Leaves out the login too: all but the last packets before the first data connection opens.
    #[cfg(feature = "cli")]
    pub(crate) fn without_login(mut self, timeline: &Timeline<'_>) -> Self {
        let packets = &timeline.packets;
        let is_data =
            |packet: &SeenPacket<'_>| timeline.channels[packet.channel].starts_with("data");
        let opens = packets.iter().position(is_data).unwrap_or(0).saturating_sub(BEFORE_DATA);
        let login: Vec<_> = self.drawn.extract_if(.., |place| *place < opens).collect();
        self.hidden.extend(login.into_iter().map(|place| packets[place].event.at));
        self.hidden.sort_unstable();
        self
    }

    /// A sentence that says what is left out of a list; `None` if nothing is. `done` is the participle:
    /// packets are drawn, or listed.
    pub(crate) fn sentence(&self, done: &str) -> Option<String> {
        let all = self.drawn.len() + self.hidden.len();
        let (drawn, hidden) = (self.drawn.len(), self.hidden.len());
        let missed = match self.missed {
            0 => format!("every handshake, FIN, RST and every lost or changed packet is {done}"),
            missed => format!("{missed} of them are SYN, FIN, RST, lost or changed packets"),
        };
        (hidden > 0).then(|| {
            format!(
                "Thinned out: {drawn} of {all} packets are {done}, {hidden} are left out ({missed})."
            )
        })
    }
}

/// The places `0..count` from the middle outwards.
fn middle_out(count: usize) -> impl Iterator<Item = usize> {
    let middle = count / 2;
    (0..=count).flat_map(move |distance| {
        let (low, high) = (middle.checked_sub(distance), middle + distance);
        let high = (high < count && distance > 0).then_some(high);
        [low.filter(|low| *low < count), high].into_iter().flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::middle_out;

    #[test]
    fn every_place_comes_once() {
        for count in [0, 1, 2, 7] {
            let mut all: Vec<_> = middle_out(count).collect();
            assert!(all.first().is_none_or(|first| *first == count / 2));
            all.sort_unstable();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
        }
    }
}
