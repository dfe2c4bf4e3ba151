//! `known_runs` owns the runs that parts of one list of faults made: a tree whose nodes are the faults that
//! met their packet, in the order of the packets, and whose leaves are results. `known_runs` makes no runs.

use crate::network::faults::MetFault;

/// Nodes kept, of 40 bytes each: with more of them all is forgotten.
const NODES_MAX: usize = 1 << 20;

/// The result of a part: the faults with an effect, if the run led to the wanted shape.
pub(super) type Effective = Option<Vec<usize>>;

/// The runs of the parts so far.
#[derive(Default)]
pub(super) struct KnownRuns {
    nodes: Vec<Node>,
    results: Vec<Effective>,
    root: Next,
}

/// A fault that met its packet after the faults of the nodes above.
struct Node {
    fault: usize,
    /// The turn in which the packet left, from 1; 0: before the first turn.
    turn: u64,
    /// Without the fault, and with the fault.
    next: [Next; 2],
}

/// What follows a fault.
#[derive(Clone, Copy, Default)]
enum Next {
    /// No part went on here.
    #[default]
    Unknown,
    /// A further fault met its packet: the place in `nodes`.
    Node(u32),
    /// No further fault met its packet: the place in `results`.
    Result(u32),
}

/// What is known of the run of a part.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known<'k> {
    /// An earlier part made the same run, to this result.
    Result(&'k Effective),
    /// The run is new from this turn on, as `Node::turn` counts.
    UpTo(u64),
}

impl KnownRuns {
    /// What is known of the run with these faults: for each fault of the list, whether the fault acts.
    pub(super) fn find(&self, active: &[bool]) -> Known<'_> {
        let (mut next, mut turn) = (self.root, 0);
        loop {
            match next {
                Next::Unknown => return Known::UpTo(turn),
                Next::Result(at) => return Known::Result(&self.results[at as usize]),
                Next::Node(at) => {
                    let node = &self.nodes[at as usize];
                    turn = node.turn;
                    next = node.next[usize::from(active[node.fault])];
                }
            }
        }
    }

    /// Remembers a run: the faults that met their packet, the turns of the packets, and the result.
    /// Returns false if an earlier run with the same faults up to a packet had another packet there: then
    /// one of the runs is wrong.
    pub(super) fn learn(&mut self, met: &[MetFault], turns: &[u64], result: Effective) -> bool {
        if self.nodes.len() + met.len() > NODES_MAX {
            *self = Self::default();
        }
        let mut place = None;
        for (met, &turn) in met.iter().zip(turns) {
            let at = match *self.next(place) {
                Next::Result(_) => return false,
                Next::Node(at) => at,
                Next::Unknown => {
                    let new = u32::try_from(self.nodes.len()).expect("a million nodes at most");
                    *self.next(place) = Next::Node(new);
                    self.nodes.push(Node { fault: met.place, turn, next: [Next::Unknown; 2] });
                    new
                }
            };
            let node = &self.nodes[at as usize];
            if (node.fault, node.turn) != (met.place, turn) {
                return false;
            }
            place = Some((at, met.active));
        }
        let new = u32::try_from(self.results.len()).expect("a million results at most");
        let next = self.next(place);
        if !matches!(next, Next::Unknown) {
            return false;
        }
        *next = Next::Result(new);
        self.results.push(result);
        true
    }

    /// The number of runs.
    #[cfg(test)]
    pub(super) fn results(&self) -> usize {
        self.results.len()
    }

    /// What follows a node, with or without its fault; without a node, what a run begins with.
    fn next(&mut self, place: Option<(u32, bool)>) -> &mut Next {
        match place {
            None => &mut self.root,
            Some((at, active)) => &mut self.nodes[at as usize].next[usize::from(active)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_known_up_to_the_first_fault_that_differs() {
        let met = |places: &[(usize, bool)]| -> Vec<MetFault> {
            places.iter().map(|&(place, active)| MetFault { place, active }).collect()
        };
        let mut known = KnownRuns::default();
        assert_eq!(known.find(&[true; 3]), Known::UpTo(0));
        // With all faults the last fault meets no packet.
        assert!(known.learn(&met(&[(0, true), (1, true)]), &[4, 9], Some(vec![0, 1])));
        let same = Some(vec![0, 1]);
        assert_eq!(known.find(&[true; 3]), Known::Result(&same));
        assert_eq!(known.find(&[true, true, false]), Known::Result(&same));
        assert_eq!(known.find(&[true, false, true]), Known::UpTo(9));
        assert_eq!(known.find(&[false, true, true]), Known::UpTo(4));
        // Without the second fault the third meets a packet.
        let further = met(&[(0, true), (1, false), (2, true)]);
        assert!(known.learn(&further, &[4, 9, 12], None));
        assert_eq!(known.find(&[true, false, true]), Known::Result(&None));
        assert_eq!(known.find(&[true, false, false]), Known::UpTo(12));
    }

    #[test]
    fn runs_that_contradict_each_other_are_seen() {
        let met = |place| vec![MetFault { place, active: true }];
        let mut known = KnownRuns::default();
        assert!(known.learn(&met(0), &[4], None));
        assert!(!known.learn(&met(0), &[5], None), "the packet left in another turn");
        assert!(!known.learn(&met(1), &[4], None), "another packet came first");
        assert!(!known.learn(&[], &[], None), "no packet came");
        assert!(!known.learn(&met(0), &[4], None), "the run was known");
    }
}
