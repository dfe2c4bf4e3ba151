//! Explorations that coverage guides, beside random lists and random seeds.

use std::ops::ControlFlow;

use halfclose::{Explored, Scenario, explore, sweep};

/// A plain upload of five segments with the FIN on the last: the TCP of the client stalls if the right
/// packets are lost.
fn upload(settings: &str) -> Scenario {
    let mut scenario = Scenario::catalogue("smoltcp-fin-deadlock").expect("it is in the catalogue");
    let settings = settings.split_whitespace();
    scenario.vary(["fault=none"].into_iter().chain(settings)).expect("the settings are sound");
    scenario
}

/// A search of at most so many runs.
type Search<'s> = &'s dyn Fn(u64) -> Explored;

/// The number of the first run that stalls; `None`: none of 512 runs does.
fn first_stall(search: Search<'_>) -> Option<u64> {
    [32, 128, 512].into_iter().find_map(|most| {
        let guidance = search(most).guided.expect("the search is guided");
        guidance.first_stall.map(|(run, _)| run)
    })
}

/// The median over these numbers, where `None` is the largest.
fn median(mut numbers: Vec<Option<u64>>) -> u64 {
    numbers.sort_by_key(|number| number.unwrap_or(u64::MAX));
    numbers[numbers.len() / 2].unwrap_or(u64::MAX)
}

/// Runs of a random sweep until the first stall.
fn seeds(loss: &str, from: u64) -> Option<u64> {
    let scenario = upload(&format!("link.loss={loss}"));
    let (mut runs, mut stalled) = (0, false);
    let visit = sweep(&scenario, from..from + 100_000).visit(|_, outcome| {
        (runs, stalled) = (runs + 1, outcome.stack_stalled);
        if stalled { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    visit.expect("it runs");
    stalled.then_some(runs)
}

/// Guided searches find the FIN deadlock with far fewer runs than random seeds. Lists drawn without
/// guidance are the control: the lists make the difference, and the guidance adds next to nothing.
#[test]
fn lists_of_faults_find_the_fin_deadlock_sooner_than_seeds() {
    let (scenario, tries) = (upload(""), tries());
    let mut medians = Vec::new();
    for faults in [3, 6] {
        for guided in [true, false] {
            let all = (0..tries).map(|seed| {
                let of = explore(&scenario, faults).seed(seed);
                let runs = |most| if guided { of.guided(most) } else { of.unguided(most) };
                first_stall(&|most| runs(most).expect("it runs"))
            });
            let median = median(all.collect());
            println!("{faults} faults, guided {guided}: {median} runs");
            medians.push(median);
        }
    }
    // Random seeds at 1 % take too long in a debug build.
    for loss in ["1%", "5%"].into_iter().skip(usize::from(tries < 20)) {
        let median = median((0..tries).map(|at| seeds(loss, at * 1_000_000)).collect());
        println!("seeds at {loss}: {median} runs");
        medians.push(median);
    }
    let [_, _, six, random, .., five_percent] = medians[..] else { panic!("{medians:?}") };
    assert!(4 * six < five_percent, "fewer runs than random seeds: {medians:?}");
    assert!(six < 2 * random, "guidance costs little: {medians:?}");
}

/// Twenty for the table in docs/SEARCH.md, a few in a debug build.
fn tries() -> u64 {
    if cfg!(debug_assertions) { 5 } else { 20 }
}

#[test]
fn a_guided_exploration_is_a_function_of_its_seed() {
    let scenario = upload("");
    let run = |seed| explore(&scenario, 3).seed(seed).guided(60).expect("it runs");
    let (one, again, other) = (run(1), run(1), run(2));
    assert_eq!(one, again);
    assert_ne!(one, other);
    assert_eq!((one.runs(), one.exhaustive, one.exhaustive_up_to()), (60, false, None));
    let guidance = one.guided.expect("it is guided");
    assert!(guidance.complete && guidance.corpus > 5, "{guidance:?}");
    // The corpus is small where no run reaches anything new.
    let none = explore(&scenario, 0).guided(60).expect("it runs");
    assert_eq!((none.runs(), none.guided.expect("it is guided").corpus), (1, 1));
}

/// What a search reports as the first stall does stall, with the faults alone.
#[test]
fn a_reported_stall_stalls_again() {
    let scenario = upload("");
    let explored = (0..20).map(|seed| explore(&scenario, 6).seed(seed).guided(32));
    let mut stalls = explored.filter_map(|it| it.expect("it runs").guided?.first_stall);
    let (run, list) = stalls.next().expect("one of twenty searches stalls");
    let mut again = scenario.clone();
    let faults: Vec<_> = list.iter().map(|placed| format!("fault={placed}")).collect();
    again.vary(faults.iter().map(String::as_str)).expect("the faults are sound");
    let outcome = halfclose::run(&again, 0).expect("it runs");
    assert!(run <= 32 && outcome.stack_stalled, "{faults:?}");
}
