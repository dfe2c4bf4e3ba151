//! `ceiling` prints every measure beside its ceiling, a line each, best of several interleaved
//! runs: `cargo bench -p halfclose-benches --bench ceiling`. A name after `--` selects the lines
//! that contain the name. The ceiling of a level of recording is a run without recording, the
//! ceiling of two cores is twice one core, and the ceiling of a file on disk is the same file in
//! memory.

use std::path::PathBuf;
use std::time::Duration;

use halfclose::internals::{Held, Lockstep, Workload, World};
use halfclose::{Recording, Scenario};
use halfclose_benches::best::{best, timed};
use halfclose_benches::sessions::{self, CROWD_RING, CROWDS, RECORDINGS};
use halfclose_benches::teardown::{self, Path};
use halfclose_benches::transfer::{self, Command, MTUS, SIZE};

const ROUNDS: u32 = 40;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part));
    println!("# ratio NAME OURS CEILING RATIO: sessions and connections a second, bytes a second,");
    println!(
        "# packets a second; the best of up to {ROUNDS} runs each, taken in turn, on one core"
    );
    sessions(&wants);
    sweeps(&wants);
    explorations(&wants);
    connections(&wants);
    recording(&wants);
    two_cores(&wants);
    transfers(&wants);
    files(&wants);
    teardowns(&wants);
}

#[expect(clippy::cast_precision_loss, reason = "three digits are printed")]
fn precise(amount: u64) -> f64 {
    amount as f64
}

fn line(name: &str, amount: u64, ours: Duration, ceiling: Duration) {
    let rate = |time: Duration| precise(amount) / time.as_secs_f64();
    let ratio = ceiling.as_secs_f64() / ours.as_secs_f64();
    println!("ratio {name} {:.3e} {:.3e} {ratio:.2}", rate(ours), rate(ceiling));
}

fn sessions(wants: &impl Fn(&str) -> bool) {
    const COUNT: u64 = 300;
    if !wants("sessions") {
        return;
    }
    let scenario = sessions::scenario();
    let workload = transfer::workload(&scenario);
    let mut lockstep = Lockstep::new(&scenario, &workload, u64::MAX);
    let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
    let mut bare = sessions::Bare::new(1, 65_535);
    let (mut mine, mut theirs) = (0, 0);
    let [ours, single, ceiling] = best(
        ROUNDS,
        [
            &mut || timed(|| mine = sessions::side_by_side(&mut lockstep, 0..COUNT)).1,
            &mut || timed(|| sessions::lab(&mut world, 0..COUNT, Recording::Digest)).1,
            &mut || timed(|| theirs = bare.one_by_one(0..COUNT)).1,
        ],
    );
    println!("# packets a session: ours {}, bare {}", mine / COUNT, theirs / COUNT);
    line("sessions", COUNT, ours, ceiling);
    line("sessions-one-world", COUNT, single, ceiling);
}

/// Measures the same sessions, `count` of them in one world.
fn connections(wants: &impl Fn(&str) -> bool) {
    // The run is as short as possible, because some part of a long run is always disturbed.
    const COUNT: usize = 512;
    let mut alone = None;
    for clients in CROWDS {
        let name = format!("connections-{clients}");
        if !wants(&name) {
            continue;
        }
        let scenario = sessions::crowd(clients);
        let workload = transfer::workload(&scenario);
        let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
        let mut bare = sessions::Bare::new(clients, CROWD_RING);
        let runs = COUNT.div_ceil(clients) as u64;
        let rounds = if clients > COUNT { ROUNDS / 4 } else { ROUNDS };
        let (mut mine, mut theirs) = (0, 0);
        let [ours, ceiling] = best(
            rounds,
            [
                &mut || timed(|| mine = sessions::lab(&mut world, 0..runs, Recording::Digest)).1,
                &mut || timed(|| theirs = (0..runs).map(|_| bare.at_once()).sum()).1,
            ],
        );
        assert_eq!(mine, theirs, "{name}: the same packets");
        let nanos = [ours, ceiling].map(|time| time.as_secs_f64() * 1e9 / precise(mine));
        let [first, bare_first] = *alone.get_or_insert(nanos);
        println!(
            "# {name}: {:.0} ns a packet, {:.2} times the first; bare {:.0}, {:.2} times",
            nanos[0],
            nanos[0] / first,
            nanos[1],
            nanos[1] / bare_first
        );
        line(&name, mine, ours, ceiling);
    }
}

/// The sessions of a sweep on one thread: beside bare smoltcp, which has every session on its wire, and
/// beside the sweep that makes every run. A derived run is no simulated packet, so the line above says
/// how many runs were made and how many derived.
fn sweeps(wants: &impl Fn(&str) -> bool) {
    const BARE: u64 = 3_000;
    const ENGINE: u64 = 4_096;
    for (name, loss, seeds) in [
        ("sweep-lossless", 0, 100_000),
        ("sweep-1%", 10_000, 100_000),
        ("sweep-5%", 50_000, 300_000),
    ] {
        if !wants(name) {
            continue;
        }
        let scenario = sessions::lossy(loss);
        let mut bare = sessions::Bare::new(1, 65_535);
        let mut made = 0;
        let [ours, engine, ceiling] = best(
            ROUNDS / 10,
            [
                &mut || timed(|| made = sessions::searched(&scenario, seeds, true)).1,
                &mut || timed(|| sessions::searched(&scenario, ENGINE, false)).1,
                &mut || timed(|| bare.one_by_one(0..BARE)).1,
            ],
        );
        println!("# {name}: {seeds} seeds, {made} runs made, {} derived", seeds - made);
        line(name, seeds, ours, scaled(ceiling, seeds, BARE));
        line(&format!("{name}-engine"), seeds, ours, scaled(engine, seeds, ENGINE));
    }
}

/// Every placement of at most three faults, on one thread: schedules a second, beside the sessions of
/// bare smoltcp.
fn explorations(wants: &impl Fn(&str) -> bool) {
    const BARE: u64 = 3_000;
    if !wants("explore-3") {
        return;
    }
    let scenario = sessions::lossy(0);
    let mut bare = sessions::Bare::new(1, 65_535);
    let mut schedules = 0;
    let [ours, ceiling] = best(
        ROUNDS / 10,
        [&mut || timed(|| schedules = sessions::explored(&scenario, 3)).1, &mut || {
            timed(|| bare.one_by_one(0..BARE)).1
        }],
    );
    line("explore-3", schedules, ours, scaled(ceiling, schedules, BARE));
}

/// What `wanted` units take, if `done` of them take `time`.
fn scaled(time: Duration, wanted: u64, done: u64) -> Duration {
    Duration::from_secs_f64(time.as_secs_f64() * precise(wanted) / precise(done))
}

fn recording(wants: &impl Fn(&str) -> bool) {
    const COUNT: u64 = 300;
    if !wants("recording") {
        return;
    }
    let scenario = sessions::scenario();
    let workload = transfer::workload(&scenario);
    let mut worlds = RECORDINGS
        .map(|(_, recording)| (World::new(&scenario, &workload, 0, recording), recording));
    let [digest, headers, packets] = worlds
        .each_mut()
        .map(|(world, recording)| move || timed(|| sessions::lab(world, 0..COUNT, *recording)).1);
    let (mut digest, mut headers, mut packets) = (digest, headers, packets);
    let times = best(ROUNDS, [&mut digest, &mut headers, &mut packets]);
    for ((name, _), time) in RECORDINGS.into_iter().zip(times) {
        line(&format!("recording-{name}"), COUNT, time, times[0]);
    }
}

fn two_cores(wants: &impl Fn(&str) -> bool) {
    // Many runs, because each of them first makes its worlds.
    const COUNT: u64 = 4_096;
    if !wants("two-cores") {
        return;
    }
    let scenario = sessions::scenario();
    let sweep = |jobs| timed(|| sessions::swept(&scenario, 0..COUNT, jobs)).1;
    let [two, one] = best(ROUNDS / 2, [&mut || sweep(2), &mut || sweep(1)]);
    line("two-cores", COUNT, two, one / 2);
}

fn transfers(wants: &impl Fn(&str) -> bool) {
    for command in Command::ALL {
        for mtu in MTUS {
            let name = format!("{}-{mtu}", command.name());
            if !wants(&name) {
                continue;
            }
            let scenario = transfer::scenario(command, mtu, SIZE);
            let workload = transfer::workload(&scenario);
            let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
            let mut bare = transfer::Bare::new(mtu, &workload);
            let mut wires = transfer::Bare::new(mtu, &workload);
            let mut comparing = transfer::Bare::comparing(mtu, &workload);
            let [ours, ceiling, compared, wire] = best(
                ROUNDS / 4,
                [
                    &mut || transfer::lab(&mut world, 1),
                    &mut || bare.copy(),
                    &mut || comparing.copy(),
                    &mut || wires.wire(),
                ],
            );
            line(&name, SIZE, ours, ceiling);
            line(&format!("{name}-compared"), SIZE, ours, compared);
            line(&format!("{name}-wire"), SIZE, ours, wire);
        }
    }
}

/// Measures a file of 1 GiB in the page cache: in a warm world, and once from the opening of the
/// file to the verdict, as `run` does.
fn files(wants: &impl Fn(&str) -> bool) {
    const GIB: u64 = 1 << 30;
    const ROUNDS: u32 = 4;
    let lines = Command::ALL.map(|command| (command, format!("file-1gib-{}", command.name())));
    let once = "file-1gib-once";
    if !wants(once) && !lines.iter().any(|(_, name)| wants(name)) {
        return;
    }
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("file-1gib");
    transfer::write_file(&path, GIB);
    let load = |scenario: &Scenario, held| {
        Workload::load_holding(scenario, held).expect("the file was just written")
    };
    for (command, name) in lines {
        if wants(&name) {
            let scenario = transfer::of_file(command, &path);
            let workloads = [Held::default(), Held::ALL].map(|held| load(&scenario, held));
            let [mut disk, mut memory] = workloads
                .each_ref()
                .map(|workload| World::new(&scenario, workload, 0, Recording::Digest));
            let [ours, ceiling] = best(
                ROUNDS,
                [&mut || transfer::lab(&mut disk, 1), &mut || transfer::lab(&mut memory, 1)],
            );
            workloads[0].verify().expect("nobody writes it");
            line(&name, GIB, ours, ceiling);
        }
    }
    if wants(once) {
        let scenario = transfer::of_file(Command::Stor, &path);
        let run = |held| {
            let once = || {
                let workload = load(&scenario, held);
                transfer::lab(&mut World::new(&scenario, &workload, 0, Recording::Digest), 1);
                workload.verify().expect("nobody writes it");
            };
            timed(once).1
        };
        let [ours, ceiling] =
            best(ROUNDS / 2, [&mut || run(Held::default()), &mut || run(Held::ALL)]);
        line(once, GIB, ours, ceiling);
    }
    std::fs::remove_file(&path).expect("it was just written");
}

fn teardowns(wants: &impl Fn(&str) -> bool) {
    const COUNT: u64 = 2_000;
    for path in Path::ALL {
        let name = format!("teardown-{}", path.name());
        if !wants(&name) {
            continue;
        }
        let (mut mine, mut theirs) = (0, 0);
        let [ours, ceiling] = best(
            ROUNDS,
            [&mut || timed(|| mine = teardown::lab(path, COUNT)).1, &mut || {
                timed(|| theirs = teardown::bare(path, COUNT)).1
            }],
        );
        assert!(mine.abs_diff(theirs) < 2, "{name}: the same packets ({mine}, {theirs})");
        line(&name, COUNT, ours, ceiling);
    }
}
