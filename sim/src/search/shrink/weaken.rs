//! `weaken` makes the faults that cannot be left out milder: a lost packet that need only be late, and a
//! late packet that may come earlier.

use std::time::Duration;

use crate::scenario::fault::{Action, Fault};
use crate::search::limits::Stop;

/// Lists with more faults than this are not weakened: each fault takes up to 17 runs.
const FAULTS_MAX: usize = 12;

/// The milder actions in place of `action`, the mildest first.
fn milder(action: Action) -> Vec<Action> {
    let late = |exponents: std::ops::Range<u32>| {
        exponents.map(|exponent| Action::Delay(Duration::from_millis(1 << exponent)))
    };
    match action {
        // A hold lasts 200 ms at most.
        Action::Drop => late(0..8).chain([Action::Hold]).chain(late(8..16)).collect(),
        Action::Hold => late(0..8).collect(),
        Action::Delay(by) => {
            let less = |it: &Action| matches!(it, Action::Delay(delay) if *delay < by);
            late(0..16).filter(less).collect()
        }
        _ => Vec::new(),
    }
}

/// The faults of `list` with every milder fault of the same packets, in order; empty for a list that is not
/// weakened.
pub(super) fn with_milder(list: &[Fault]) -> Vec<Fault> {
    let list = if list.len() > FAULTS_MAX { &[] } else { list };
    let also = |fault: &Fault| {
        let milder = milder(fault.action).into_iter();
        let milder = milder.map(|action| Fault { action, ..*fault });
        std::iter::once(*fault).chain(milder).collect::<Vec<_>>()
    };
    list.iter().flat_map(also).collect()
}

/// The same faults with the mildest actions that still lead to the same result, fault by fault.
/// `reproduces` makes a run, and returns the faults that met a packet if the result is the same.
pub(super) fn weaken(
    list: &[Fault],
    stop: &Stop<'_>,
    reproduces: &mut impl FnMut(&[Fault]) -> Option<Vec<Fault>>,
) -> Vec<Fault> {
    let mut weak = list.to_vec();
    if list.len() > FAULTS_MAX {
        return weak;
    }
    for at in 0..list.len() {
        for action in milder(list[at].action) {
            if stop.is_set() {
                return weak;
            }
            let mut tried = weak.clone();
            tried[at].action = action;
            // A fault that no longer meets a packet is left out, not milder.
            if reproduces(&tried).is_some_and(|met| met.len() == tried.len()) {
                weak = tried;
                break;
            }
        }
    }
    weak
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mildest_action_that_suffices_is_kept() {
        let fault = |line: &str| line.parse::<Fault>().expect("a fault");
        let list = [
            "drop client data FIN 1",
            "drop client data DATA at 1 1",
            "duplicate client data ACK 2",
        ];
        let list = list.map(fault);
        // The FIN must be at least 5 ms late, the first DATA must be lost.
        let mut runs = 0;
        let mut reproduces = |tried: &[Fault]| {
            runs += 1;
            let late = |action| match action {
                Action::Delay(by) => by >= Duration::from_millis(5),
                action => action == Action::Drop,
            };
            let same = late(tried[0].action) && tried[1].action == Action::Drop;
            same.then(|| tried.to_vec())
        };
        let weak = weaken(&list, &Stop::never(), &mut reproduces);
        let weak: Vec<_> = weak.iter().map(ToString::to_string).collect();
        assert_eq!(weak[0], "delay 8ms client data FIN 1");
        assert_eq!(weak[1..], [list[1].to_string(), list[2].to_string()]);
        assert_eq!(runs, 4 + 17);
    }
}
