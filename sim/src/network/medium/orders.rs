//! `orders` owns the fates that a search orders by emission number for one run at a time, and the
//! census of the packets of a run. Of a packet, only the ports are read.

use halfclose_stack::Segment;

use crate::network::fate::Fate;
use crate::side::CONTROL_PORT;
use crate::terms::clone_by_field::clone_by_field;

/// A packet of the census. Its index in the census is the emission number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Whether the packet belongs to a control connection; otherwise to a data connection.
    pub control: bool,
    /// The packet's fate on the link.
    pub fate: Fate,
}

/// Fates ordered by emission number.
#[derive(Debug, Default)]
pub(super) struct Orders {
    list: Vec<(u64, Fate)>,
    next: usize,
    census: Option<Vec<Passed>>,
}

clone_by_field! { Orders { list, next, census } }

impl Orders {
    /// From the next run on, order these fates.
    pub(super) fn set(&mut self, orders: &[(u64, Fate)]) {
        assert!(orders.is_sorted_by(|a, b| a.0 < b.0), "one fate a packet, in their order");
        self.list.clear();
        self.list.extend_from_slice(orders);
        self.next = 0;
    }

    /// Order one more fate, behind all others.
    pub(super) fn push(&mut self, emission: u64, fate: Fate) {
        let behind = self.list.last().is_none_or(|(last, _)| *last < emission);
        assert!(behind, "one fate a packet, in their order");
        self.list.push((emission, fate));
    }

    /// Count the packets of the next runs, or not.
    pub(super) fn count(&mut self, census: bool) {
        self.census = census.then(Vec::new);
    }

    /// Return to the state before a run.
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

    /// The fate ordered for the packet of this emission number. The caller asks for each packet
    /// once, in order.
    #[inline]
    pub(super) fn take(&mut self, emission: u64) -> Option<Fate> {
        let (number, fate) = *self.list.get(self.next)?;
        if number != emission {
            return None;
        }
        self.next += 1;
        Some(fate)
    }

    /// Count a packet and its fate.
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
