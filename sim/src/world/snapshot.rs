//! `snapshot` copies the state of a world out, to go on from the same moment again.

#[cfg(feature = "explain")]
use std::time::Duration;

use super::World;
use crate::network::draws::Kept;
use crate::network::fate::{Fate, Fates};
use crate::network::faults::MetFault;
use crate::outcome::End;

impl World<'_> {
    /// Take the state of `source`, so that both go on alike. Memory is used again.
    ///
    /// # Panics
    /// If the worlds are not of one scenario.
    pub(crate) fn copy_from(&mut self, source: &Self) {
        let Self {
            scenario,
            workload: _,
            scripts: _,
            seed,
            now,
            told_at,
            stations,
            client,
            server,
            wakes,
            turn,
            medium,
            log,
            judge,
            denied,
            // Scratch of a conclusion.
            lookup: _,
        } = source;
        assert!(std::ptr::eq(self.scenario, *scenario), "a copy is of the same scenario");
        self.seed = *seed;
        self.server.config_mut().draws = source.server.config().draws;
        (self.now, self.told_at, self.wakes) = (*now, *told_at, *wakes);
        (self.turn, self.denied) = (*turn, *denied);
        for (station, from) in self.stations.iter_mut().zip(stations) {
            station.copy_from(from);
        }
        self.client.copy_from(client);
        self.server.copy_from(server);
        self.medium.clone_from(medium);
        self.log.clone_from(log);
        self.judge.copy_from(judge);
    }

    /// Handle one event. Returns the end of the run if there is no event, or a limit is reached.
    pub(crate) fn step(&mut self) -> Option<End> {
        let end = self.arrive();
        if end.is_none() {
            self.go_on();
        }
        end
    }

    /// Handle every event before the time `at`, or every event of a shorter run.
    #[cfg(feature = "explain")]
    pub(crate) fn run_until(&mut self, at: Duration) {
        while self.next_event().is_some_and(|(next, _)| next < at) {
            if self.step().is_some() {
                return;
            }
        }
    }

    /// Draw the fates of all packets from now on from `seed`. The hosts keep what they have drawn.
    pub(crate) fn redraw(&mut self, seed: u64) {
        self.stations.iter_mut().for_each(|station| station.link.redraw(seed));
    }

    /// The state of the fates that the links draw: of the client's packets, and of the server's.
    pub(crate) fn copy_fates(&self, fates: &mut [Fates; 2]) {
        for (station, fates) in self.stations.iter().zip(fates) {
            station.link.copy_fates(fates);
        }
    }

    /// From now on keep the fates that the links draw, or keep none.
    pub(crate) fn keep_fates(&mut self, fates: bool) {
        self.medium.draws.keep(Kept { fates, ..Kept::default() });
    }

    /// Give the packet of this emission number this fate, too. The packet comes after all packets so
    /// far, and after all packets with an ordered fate.
    ///
    /// # Panics
    /// If the packet does not.
    pub(crate) fn order_one_more(&mut self, emission: u64, fate: Fate) {
        assert!(emission >= self.log.trace.next_emission(), "the packet has not left yet");
        self.medium.order_one_more(emission, fate);
    }

    /// From now on only these faults of the scenario act, by their places in the list. The faults that
    /// met their packet before stay as they were.
    pub(crate) fn switch_faults(&mut self, active: &[bool]) {
        self.medium.switch_faults(active);
    }

    /// The faults of the scenario whose packet was sent, in this order.
    pub(crate) fn met_faults(&self) -> &[MetFault] {
        self.medium.met_faults()
    }
}
