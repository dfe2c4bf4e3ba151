//! A hash that forgets a part of the state is found by the comparison.

use std::ops::ControlFlow;

use super::*;
use crate::scenario::catalogue;
use crate::search::explore;
use crate::search::explore::{Reached, Visit};

/// A hash that forgets a part of the state merges states that go on differently, and the comparison finds
/// a difference. Every run that comes to a kept state is compared, because the searches are short.
#[test]
fn a_forgotten_part_of_a_state_is_found() {
    // A lost reply costs a second, and after an earlier delay that is more than this client waits.
    let hasty = ["client.profile=tcpip32-3.11b", "client.reply_timeout=1100ms"];
    for (part, settings, scope) in [
        (StatePart::Links, &[][..], Scope::Data),
        (StatePart::Hosts, &[], Scope::Data),
        (StatePart::Programs, &[], Scope::Data),
        (StatePart::Times, &hasty, Scope::Control),
    ] {
        let mut scenario = catalogue::load("q123208").expect("the catalogue has this case");
        scenario.vary(settings.iter().copied()).expect("the settings are sound");
        let found = explore(&scenario, 2).scope(scope).merged_by(Some(part), 1);
        let Err(RunError::NotAlike { seed: 0, faults }) = found else {
            panic!("{part:?} decide how a run goes on: {found:?}")
        };
        assert!(faults.starts_with("fault=") && faults.contains(" packet "), "{faults}");
    }
}

/// The same in an exploration that derives the children of a list from those of an earlier list.
#[test]
fn a_part_that_known_ends_forget_is_found() {
    for part in [StatePart::Links, StatePart::Hosts] {
        let scenario = catalogue::load("q123208").expect("the catalogue has this case");
        let visit = &mut |_: Visit<'_>| ControlFlow::Continue(());
        let found =
            explore(&scenario, 3).walk_by(Some(part), Reached::default(), None, visit, None);
        let Err(RunError::NotAlike { seed: 0, faults }) = found else {
            panic!("{part:?} decide how a run goes on: {:?}", found.map(|found| found.explored))
        };
        assert!(faults.starts_with("fault=") && faults.contains(" packet "), "{faults}");
    }
}
