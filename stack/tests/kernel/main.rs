//! The host with the policy `linux` beside the kernel: the same steps against both, over a TUN device.
//! Every difference stands in `causes.rs` with its cause, or a test fails. The tests need Linux, root and
//! /dev/net/tun, and are skipped loudly without. Measured on Linux 6.18.
#![cfg(target_os = "linux")]

mod causes;
mod machine;
mod matrix;
mod ours;
mod pair;
mod peer;
mod route;
mod step;
mod timers;
mod tries;

use std::collections::BTreeMap;

use halfclose_stack::{ClosePolicy, State};

use machine::Machine;
use matrix::SITUATIONS;
use pair::{Pair, Script};
use peer::Peer;
use step::Step;
use tries::run_all;

/// The outcome of a number of scripts.
#[derive(Default)]
struct Count {
    scripts: usize,
    agree: usize,
    /// How often each cause of the list made a difference.
    causes: BTreeMap<&'static str, usize>,
    /// The scripts with a difference that no cause explains.
    unexplained: Vec<String>,
}

impl Count {
    /// Count a script by its first difference, if there is a difference.
    fn add(&mut self, pair: &Pair<'_>) {
        self.scripts += 1;
        let Some((step, [kernel, ours])) = &pair.difference else {
            self.agree += 1;
            return;
        };
        match pair.cause() {
            Some(cause) => *self.causes.entry(cause).or_default() += 1,
            None => {
                let log = pair.log.join("\n");
                self.unexplained
                    .push(format!("{log}\n  {step}\n    kernel {kernel}\n    ours   {ours}"));
            }
        }
    }

    /// Add the scripts of another count.
    fn join(&mut self, other: Self) {
        self.scripts += other.scripts;
        self.agree += other.agree;
        for (cause, times) in other.causes {
            *self.causes.entry(cause).or_default() += times;
        }
        self.unexplained.extend(other.unexplained);
    }

    /// Fail unless `least` scripts agree and every difference has a cause.
    fn check(&self, what: &str, least: usize) {
        let Self { scripts, agree, causes, unexplained } = self;
        println!("{what}: {agree} of {scripts} agree; {causes:?}");
        assert!(
            unexplained.is_empty(),
            "{what}: {} differences have no cause in causes.rs, such as\n{}",
            unexplained.len(),
            unexplained[..unexplained.len().min(5)].join("\n\n")
        );
        assert!(*agree >= least, "{what}: {agree} of {scripts} agree, fewer than {least}");
    }
}

/// Run the matrix with a host of `policy`. The counts are of the lawful segments and of all segments.
fn run_matrix(machine: &Machine, policy: ClosePolicy) -> [Count; 2] {
    let mut cases = Vec::new();
    for situation in &SITUATIONS {
        for (name, segment, lawful) in situation.segments() {
            let mut steps = situation.steps();
            steps.push(Step::Arrive(segment));
            let handshake = [State::SynSent, State::SynReceived].map(|state| state.to_string());
            if !handshake.iter().any(|state| state == situation.name) {
                steps.push(Step::Receive);
            }
            cases.push((format!("{}, {name}", situation.name), steps, lawful));
        }
    }
    let make = |at: usize| {
        let (title, steps, _) = &cases[at];
        Pair::new(title.clone(), machine, policy, Script::of(steps.clone()))
    };
    let mut counts = [Count::default(), Count::default()];
    run_all(cases.len(), 1, make, |at, pair| {
        let [of_lawful, of_all] = &mut counts;
        let (_, _, lawful) = cases[at];
        if lawful {
            of_lawful.add(pair);
        }
        of_all.add(pair);
    });
    counts
}

#[test]
fn every_state_takes_every_lawful_segment_as_the_kernel_does() {
    let Some(machine) = Machine::open() else { return };
    let [lawful, all] = run_matrix(&machine, ClosePolicy::linux());
    println!("all segments: {} of {} agree", all.agree, all.scripts);
    assert!(lawful.scripts > 380 && all.scripts == 1050, "the matrix has shrunk");
    assert!(all.agree >= 850, "of all segments {} agree", all.agree);
    lawful.check("lawful segments", lawful.scripts);
    // The matrix tells hosts apart: a host without the rules of Linux agrees far less.
    let [without, _] = run_matrix(&machine, ClosePolicy::winsock());
    assert!(without.agree * 10 < without.scripts * 9, "{} agree", without.agree);
}

/// Run 1,000 random scripts of 13 steps. `shuffles`: the link reorders and copies segments.
fn run_random(shuffles: bool) -> Option<Count> {
    let machine = Machine::open()?;
    let mut count = Count::default();
    let make = |at| {
        let script = Script::random(Peer::new(at as u64, shuffles, false));
        Pair::new(format!("seed {at}"), &machine, ClosePolicy::linux(), script)
    };
    run_all(1_000, 1, make, |_, pair| count.add(pair));
    Some(count)
}

#[test]
fn random_scripts_of_a_lawful_peer_end_as_at_the_kernel() {
    let Some(count) = run_random(false) else { return };
    count.check("random scripts", 990);
}

#[test]
fn random_scripts_with_reordering_and_copies_end_as_at_the_kernel() {
    let Some(count) = run_random(true) else { return };
    count.check("random scripts with reordering and copies", 975);
}
