//! `timers.rs` compares timers: scripts with waits, many at a time, because the kernel needs real time.

use std::thread;

use halfclose_stack::ClosePolicy;

use crate::Count;
use crate::machine::Machine;
use crate::pair::{Pair, Script};
use crate::peer::Peer;
use crate::step::Step;
use crate::tries::run_all;

/// Scripts that wait for each timer of a connection, with a name for each.
#[rustfmt::skip]
const SCRIPTS: [(&str, &str); 24] = [
    ("SYN", "connect; wait 600; wait 500; wait 1000; wait 1000; wait 1000; wait 1000; wait 2000"),
    ("SYN answered late", "connect; wait 1500; < S. 0:0(0) ack 1; wait 1500; send 10; wait 1500"),
    ("SYN-ACK", "listen; < S 0:0(0); wait 600; wait 600; wait 2000"),
    ("SYN-ACK answered late", "listen; < S 0:0(0); wait 1500; < . 1:1(0) ack 1; accept; wait 2500"),
    ("data", "PASSIVE; send 100; wait 600; wait 600; wait 2000; wait 4000"),
    ("data, active", "ACTIVE; send 100; wait 600; wait 600; wait 2000; wait 4000"),
    ("data acknowledged at last", "PASSIVE; send 100; wait 1500; < . 1:1(0) ack 101; wait 2500"),
    ("data after a retransmission", "PASSIVE; send 100; wait 1500; < . 1:1(0) ack 101; send 50; wait 600; wait 600"),
    ("two segments", "PASSIVE; send 100; send 50; wait 1500; wait 2000"),
    ("two segments, one acknowledged", "PASSIVE; send 100; send 50; wait 300; < . 1:1(0) ack 101; wait 600; wait 600; wait 2000"),
    ("an equal ACK restarts nothing", "PASSIVE; send 100; wait 600; < . 1:1(0) ack 1; wait 600"),
    ("data arrives meanwhile", "PASSIVE; send 100; wait 600; < P. 1:51(50) ack 1; wait 600; receive"),
    ("FIN", "PASSIVE; shutdown; wait 600; wait 600; wait 2000; wait 4000"),
    ("FIN of an orphan", "PASSIVE; close; wait 600; wait 600; wait 2000"),
    ("data and FIN", "PASSIVE; send 100; close; wait 1500; wait 2000"),
    ("FIN behind acknowledged data", "PASSIVE; send 100; close; wait 600; < . 1:1(0) ack 101; wait 600; wait 600; < . 1:1(0) ack 102; wait 2500"),
    ("CLOSING", "PASSIVE; shutdown; < F. 1:1(0) ack 1; wait 600; wait 600; < . 2:2(0) ack 2; wait 2500"),
    ("LAST-ACK", "PASSIVE; < F. 1:1(0) ack 1; close; wait 600; wait 600; < . 2:2(0) ack 2; wait 1500"),
    ("FIN-WAIT-2", "PASSIVE; shutdown; < . 1:1(0) ack 2; wait 6500; < F. 1:1(0) ack 2; wait 1500"),
    ("FIN-WAIT-2 of an orphan", "PASSIVE; close; < . 1:1(0) ack 2; wait 3000; wait 3500; < F. 1:1(0) ack 2"),
    ("TIME-WAIT", "PASSIVE; close; < F. 1:1(0) ack 2; wait 3000; < F. 1:1(0) ack 2; wait 3000"),
    ("CLOSE-WAIT", "PASSIVE; < F. 1:1(0) ack 1; wait 3000; send 100; wait 1500; < . 2:2(0) ack 101; close; wait 1500"),
    ("closed window", "PASSIVE; < . 1:1(0) ack 1 win 0; send 100; wait 600; wait 600; wait 2000"),
    ("closed window that opens", "PASSIVE; < . 1:1(0) ack 1 win 0; send 100; wait 1500; < . 1:1(0) ack 1; wait 1500"),
];

#[test]
fn every_timer_fires_as_at_the_kernel() {
    let Some(machine) = Machine::open() else { return };
    let mut count = Count::default();
    let make = |at: usize| {
        let (name, script) = SCRIPTS[at];
        let script = Script::of(Step::script(&crate::matrix::opened(script)));
        Pair::new(name.to_owned(), &machine, ClosePolicy::linux(), script)
    };
    run_all(SCRIPTS.len(), SCRIPTS.len(), make, |_, pair| count.add(pair));
    count.check("timers", 22);
}

/// Threads with a machine each, and the scripts of a machine.
const MACHINES: u64 = 8;
const SCRIPTS_EACH: usize = 125;

#[test]
fn random_scripts_with_waits_end_as_at_the_kernel() {
    let run = |first: u64| {
        let machine = Machine::open()?;
        let mut count = Count::default();
        let make = |at| {
            let seed = first + at as u64;
            let script = Script::random(Peer::new(seed, seed % 2 == 1, true));
            Pair::new(format!("seed {seed}"), &machine, ClosePolicy::linux(), script)
        };
        run_all(SCRIPTS_EACH, SCRIPTS_EACH, make, |_, pair| count.add(pair));
        Some(count)
    };
    let counts: Option<Vec<Count>> = thread::scope(|scope| {
        let runs = (0..MACHINES).map(|it| scope.spawn(move || run(it * SCRIPTS_EACH as u64)));
        let runs: Vec<_> = runs.collect();
        runs.into_iter().map(|run| run.join().expect("no panic")).collect()
    });
    let Some(counts) = counts else { return };
    let mut all = Count::default();
    counts.into_iter().for_each(|count| all.join(count));
    all.check("random scripts with waits", 900);
}
