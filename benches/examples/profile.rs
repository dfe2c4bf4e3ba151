//! `profile` does the work of one benchmark and nothing else, for a profiler: `profile NAME COUNT`.
//! With callgrind, the instructions of one unit are the difference of two counts, divided.

use std::process::ExitCode;

use halfclose::Recording;
use halfclose::internals::{Lockstep, World};
use halfclose_benches::sessions;
use halfclose_benches::teardown::{self, Path};
use halfclose_benches::transfer::{self, Command};

const USAGE: &str = "profile sessions|sessions-one-world|connections-CLIENTS|stor|retr|CLOSE[-bare] COUNT: COUNT sessions, runs \
                     of a world with CLIENTS clients, MiB at MTU 1500, or connections; CLOSE is fin, \
                     half-close, reset, reset-when-acked, fin-then-reset or simultaneous";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let work = match &args[..] {
        [name, count] => count.parse().ok().and_then(|count| find(name, count)),
        _ => None,
    };
    let Some(work) = work else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    work();
    ExitCode::SUCCESS
}

fn find(name: &str, count: u64) -> Option<Box<dyn FnOnce()>> {
    let (name, bare) = name.strip_suffix("-bare").map_or((name, false), |name| (name, true));
    if name == "sessions" {
        return Some(Box::new(move || sessions(count, bare)));
    }
    if name == "sessions-one-world" {
        return Some(Box::new(move || one_world(count)));
    }
    if let Some(clients) = name.strip_prefix("connections-") {
        let clients = clients.parse().ok().filter(|clients| (1..=10_000).contains(clients))?;
        return Some(Box::new(move || connections(clients, count, bare)));
    }
    if let Some(command) = Command::ALL.into_iter().find(|command| command.name() == name) {
        return Some(Box::new(move || transfer(command, count << 20, bare)));
    }
    let path = Path::ALL.into_iter().find(|path| path.name() == name)?;
    Some(Box::new(move || {
        let packets = if bare { teardown::bare(path, count) } else { teardown::lab(path, count) };
        println!("{packets} packets");
    }))
}

fn sessions(count: u64, bare: bool) {
    let packets = if bare {
        sessions::Bare::new(1, 65_535).one_by_one(0..count)
    } else {
        let scenario = sessions::scenario();
        let workload = transfer::workload(&scenario);
        let mut lockstep = Lockstep::new(&scenario, &workload, count);
        sessions::side_by_side(&mut lockstep, 0..count)
    };
    println!("{packets} packets");
}

fn one_world(count: u64) {
    let scenario = sessions::scenario();
    let workload = transfer::workload(&scenario);
    let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
    let packets = sessions::lab(&mut world, 0..count, Recording::Digest);
    println!("{packets} packets");
}

fn connections(clients: usize, count: u64, bare: bool) {
    let packets: u64 = if bare {
        let mut bare = sessions::Bare::new(clients, sessions::CROWD_RING);
        (0..count).map(|_| bare.at_once()).sum()
    } else {
        let scenario = sessions::crowd(clients);
        let workload = transfer::workload(&scenario);
        let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
        sessions::lab(&mut world, 0..count, Recording::Digest)
    };
    println!("{packets} packets");
}

fn transfer(command: Command, size: u64, bare: bool) {
    let scenario = transfer::scenario(command, 1500, size);
    let workload = transfer::workload(&scenario);
    let took = if bare {
        transfer::Bare::new(1500, &workload).copy()
    } else {
        let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
        transfer::lab(&mut world, 1)
    };
    println!("{took:?}");
}
