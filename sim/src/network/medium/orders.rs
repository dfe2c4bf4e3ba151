//! `medium::orders` is a list of fates by emission number, given for one run at a time, and the
//! census of the packets that passed: what a search over explicit fates needs of a run. It parses
//! nothing but the ports.

use halfclose_stack::Segment;

use crate::network::fate::Fate;
use crate::side::CONTROL_PORT;

/// A packet that was handed to the link, in the place of its emission number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// It belongs to the control connection; else to a data connection.
    pub control: bool,
    /// What became of it.
    pub fate: Fate,
}

/// Fates ordered by emission number.
#[derive(Debug, Default)]
pub(super) struct Orders {
    list: Vec<(u64, Fate)>,
    next: usize,
    census: Option<Vec<Passed>>,
}

impl Orders {
    /// Order these from the next run on.
    pub(super) fn set(&mut self, orders: &[(u64, Fate)]) {
        assert!(orders.is_sorted_by(|a, b| a.0 < b.0), "one fate a packet, in their order");
        self.list.clear();
        self.list.extend_from_slice(orders);
        self.next = 0;
    }

    /// Count the packets of the next runs, or not.
    pub(super) fn count(&mut self, census: bool) {
        self.census = census.then(Vec::new);
    }

    /// Before a run.
    pub(super) fn reset(&mut self) {
        self.next = 0;
        if let Some(census) = &mut self.census {
            census.clear();
        }
    }

    /// Whether nothing is ordered any more and nothing counted.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.next == self.list.len() && self.census.is_none()
    }

    /// What is ordered for the packet of this number, which is asked for once, in order.
    #[inline]
    pub(super) fn take(&mut self, emission: u64) -> Option<Fate> {
        let (number, fate) = *self.list.get(self.next)?;
        if number != emission {
            return None;
        }
        self.next += 1;
        Some(fate)
    }

    /// A packet passed.
    #[inline]
    pub(super) fn passed(&mut self, packet: &[u8], fate: Fate) {
        if let Some(census) = &mut self.census {
            census.push(Passed { control: is_control(packet), fate });
        }
    }

    /// Every packet of the run so far, by emission number; empty unless they are counted.
    pub(super) fn census(&self) -> &[Passed] {
        self.census.as_deref().unwrap_or_default()
    }

    /// Orders whose packet never came.
    pub(super) fn left(&self) -> usize {
        self.list.len() - self.next
    }
}

fn is_control(packet: &[u8]) -> bool {
    Segment::peek(packet).is_some_and(|segment| segment.ports().contains(&CONTROL_PORT))
}
