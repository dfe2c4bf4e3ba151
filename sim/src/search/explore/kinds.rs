//! `kinds` keeps each kind of end of a run once, so that a kept result is a number.

use std::ops::Index;

use crate::scenario::fault::Action;
use crate::verdict::Verdict;

/// The end of a run, as far as an exploration counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) verdict: Verdict,
    pub(super) broken_laws: Vec<&'static str>,
    pub(super) stack_stalled: bool,
}

/// Every kind of end that an exploration has met.
#[derive(Default)]
pub(super) struct Kinds(Vec<Kind>);

impl Kinds {
    /// The number of a kind, which stays.
    pub(super) fn number(&mut self, kind: Kind) -> u16 {
        let at = self.0.iter().position(|known| *known == kind).unwrap_or_else(|| {
            self.0.push(kind);
            self.0.len() - 1
        });
        u16::try_from(at).expect("there are few verdicts and laws")
    }
}

impl Index<u16> for Kinds {
    type Output = Kind;

    fn index(&self, number: u16) -> &Kind {
        &self.0[usize::from(number)]
    }
}

/// The number of an action among those that an exploration places.
pub(super) fn code(action: Action) -> u8 {
    let at = Action::EXPLORED.iter().position(|it| *it == action);
    at.and_then(|at| u8::try_from(at).ok()).expect("an exploration places few actions")
}
