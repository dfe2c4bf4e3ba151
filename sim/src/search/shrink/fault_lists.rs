//! `fault_lists` owns the lists of faults whose parts a shrink runs: a list of its own for each set of the kinds
//! of faults that reach a run before their packet is sent.

use super::Shape;
use super::known_runs::Effective;
use super::part_runs::PartRuns;
use crate::run::RunError;
use crate::scenario::Scenario;
use crate::scenario::fault::{Action, Fault};
use crate::workload::Workload;

/// Bytes of all copies of worlds, about. A larger world is not copied: each run starts at the beginning.
const COPIES_BYTES: usize = 256 << 20;

/// The kinds of faults that reach a run before their packet is sent, as bits: the hosts compute checksums where
/// a bit can flip, a law has a waiver where a segment is forged, and a law expects less of the times where a
/// packet can come early.
fn kind(fault: &Fault) -> u8 {
    match fault.action {
        Action::Corrupt { .. } => 1,
        Action::Inject(_) => 2,
        Action::Early(_) => 4,
        Action::Drop | Action::Duplicate | Action::Delay(_) | Action::Hold => 0,
    }
}

fn kinds<'f>(faults: impl IntoIterator<Item = &'f Fault>) -> u8 {
    faults.into_iter().fold(0, |kinds, fault| kinds | kind(fault))
}

/// A list of faults, and the lists without faults of some kinds.
pub(super) struct FaultLists {
    faults: Vec<Fault>,
    lists: Vec<FaultList>,
}

/// The faults that have no kind, or a kind of these kinds.
struct FaultList {
    kinds: u8,
    /// The scenario with the faults of the list.
    scenario: Scenario,
    /// For each fault of the list, the place in the whole list.
    places: Vec<usize>,
    /// For each fault of the whole list, the place in this list, if the fault is here.
    here: Vec<Option<usize>>,
}

impl FaultLists {
    /// The lists of these faults in the scenario `base`, which has no faults.
    pub(super) fn new(base: &Scenario, faults: Vec<Fault>) -> Self {
        let all = kinds(&faults);
        let lists = (0..=all).rev().filter(|kinds| kinds & !all == 0).map(|kinds| {
            let fits = |place: &usize| kind(&faults[*place]) & !kinds == 0;
            let places: Vec<_> = (0..faults.len()).filter(fits).collect();
            let here = (0..faults.len()).map(|place| places.binary_search(&place).ok()).collect();
            let list = places.iter().map(|place| faults[*place]).collect();
            FaultList { kinds, scenario: Scenario { faults: list, ..base.clone() }, places, here }
        });
        let lists = lists.collect();
        Self { faults, lists }
    }
}

/// Runs parts of a list of faults, each part in the list of the kinds of the part.
pub(super) struct Candidates<'t> {
    whole: &'t FaultLists,
    workload: &'t Workload,
    sought: (u64, &'t Shape),
    /// The runs of each list.
    runs: Vec<Option<PartRuns<'t>>>,
}

impl<'t> Candidates<'t> {
    /// No runs yet. A part must lead to the shape with the seed.
    pub(super) fn new(
        whole: &'t FaultLists,
        workload: &'t Workload,
        sought: (u64, &'t Shape),
    ) -> Self {
        let runs = whole.lists.iter().map(|_| None).collect();
        Self { whole, workload, sought, runs }
    }

    /// Runs a part of the list, by the places of the faults. Returns the faults with an effect if the run
    /// leads to the shape.
    ///
    /// # Errors
    /// A resumed run is not the run from the beginning.
    pub(super) fn run(&mut self, part: &[usize]) -> Result<Effective, RunError> {
        let Self { whole, workload, sought, runs } = self;
        let kinds = kinds(part.iter().map(|place| &whole.faults[*place]));
        let at = whole.lists.iter().position(|list| list.kinds == kinds);
        let at = at.expect("the kinds of a part are kinds of the list");
        let FaultList { scenario, places, here, .. } = &whole.lists[at];
        if runs[at].is_none() {
            let bytes = usize::try_from(workload.bytes()).unwrap_or(usize::MAX);
            let each = scenario.ring_bytes().saturating_add(bytes).max(1);
            let room = COPIES_BYTES / runs.len() / each;
            if room == 0 {
                runs.iter_mut().for_each(|runs| *runs = None);
            }
            runs[at] = Some(PartRuns::new(scenario, workload, *sought, room));
        }
        let runs = runs[at].as_mut().expect("made a line ago");
        let own: Vec<_> = part.iter().filter_map(|place| here[*place]).collect();
        let effective = runs.run(&own)?;
        Ok(effective.map(|own| own.into_iter().map(|place| places[place]).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::trace::Recording;
    use crate::run::run_loaded;
    use crate::search::shrink::{idle, without_chance, written_out};

    #[test]
    fn a_list_has_the_faults_of_its_kinds() {
        let faults = [
            "drop client data FIN 1",
            "corrupt client data DATA 1",
            "early 1ms server data ACK 1",
            "delay 1ms server data ACK 2",
        ];
        let faults = faults.map(|line| line.parse::<Fault>().expect("a fault"));
        let whole = FaultLists::new(&Scenario::default(), faults.to_vec());
        let places: Vec<_> = whole.lists.iter().map(|list| (list.kinds, &*list.places)).collect();
        let wanted: [(u8, &[usize]); 4] =
            [(5, &[0, 1, 2, 3]), (4, &[0, 2, 3]), (1, &[0, 1, 3]), (0, &[0, 3])];
        assert_eq!(places, wanted);
        assert_eq!(whole.lists[1].here, [Some(0), None, Some(1), Some(2)]);
        assert_eq!(whole.lists[1].scenario.faults, [faults[0], faults[2], faults[3]]);
    }
    /// Parts with other kinds than the whole list lead to the result of their run from the beginning.
    #[test]
    fn each_part_runs_with_its_own_kinds() {
        let mut scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
        scenario
            .vary(["link.corrupt=10%", "link.jitter=900us", "link.loss=10%"])
            .expect("sound settings");
        let workload = Workload::load(&scenario).expect("nothing is read");
        for seed in 0..3 {
            let finished = run_loaded(&scenario, &workload, seed, Recording::Headers);
            let shape = Shape::of(&finished.outcome);
            let base = without_chance(&scenario, seed);
            let lists = FaultLists::new(&base, written_out(&scenario, &finished));
            assert!(lists.lists.len() > 1, "{} lists", lists.lists.len());
            let mut candidates = Candidates::new(&lists, &workload, (seed, &shape));
            let count = lists.faults.len();
            let without = |out: usize| (0..count).filter(|at| *at != out).collect();
            let alone = (0..count).map(|at| vec![at]);
            for part in (0..count).map(without).chain(alone) {
                let result = candidates.run(&part).expect("equal runs");
                let faults = part.iter().map(|place| lists.faults[*place]).collect();
                let scenario = Scenario { faults, ..base.clone() };
                let outcome = run_loaded(&scenario, &workload, seed, Recording::Digest).outcome;
                let acts = |place: &usize| !idle(&lists.faults[*place].to_string(), &outcome);
                let wanted = (Shape::of(&outcome) == shape)
                    .then(|| part.iter().copied().filter(acts).collect::<Vec<_>>());
                assert_eq!(result, wanted, "seed {seed}, {part:?}");
            }
            assert!(candidates.runs.iter().filter(|runs| runs.is_some()).count() > 1);
        }
    }
}
