//! `ceiling` prints every measure beside its ceiling, one line each, best of several interleaved
//! runs: `cargo bench -p halfclose-benches --bench ceiling`. A name after `--` picks the lines that
//! contain it.

use std::time::Duration;

use halfclose::trace::Recording;
use halfclose::world::World;
use halfclose_benches::best::{best, timed};
use halfclose_benches::sessions;
use halfclose_benches::teardown::{self, Path};
use halfclose_benches::transfer::{self, Command, MTUS, SIZE};

const ROUNDS: u32 = 40;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part));
    println!("# ratio NAME OURS CEILING RATIO: sessions and connections a second, bytes a second,");
    println!("# packets a second; the best of {ROUNDS} runs each, taken in turn, on one core");
    sessions(&wants);
    transfers(&wants);
    teardowns(&wants);
}

#[expect(clippy::cast_precision_loss, reason = "three digits are printed")]
fn line(name: &str, amount: u64, ours: Duration, ceiling: Duration) {
    let rate = |time: Duration| amount as f64 / time.as_secs_f64();
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
    let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
    let mut bare = sessions::Bare::new(1, 65_535);
    let (mut mine, mut theirs) = (0, 0);
    let [ours, ceiling] = best(
        ROUNDS,
        [
            &mut || timed(|| mine = sessions::lab(&mut world, 0..COUNT, Recording::Digest)).1,
            &mut || timed(|| theirs = bare.one_by_one(0..COUNT)).1,
        ],
    );
    println!("# packets a session: ours {}, bare {}", mine / COUNT, theirs / COUNT);
    line("sessions", COUNT, ours, ceiling);
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
            let mut bare = transfer::Bare::new(mtu, workload.content(0));
            let mut wires = transfer::Bare::new(mtu, workload.content(0));
            let [ours, ceiling, wire] = best(
                ROUNDS / 4,
                [&mut || transfer::lab(&mut world, 1), &mut || bare.copy(), &mut || wires.wire()],
            );
            line(&name, SIZE, ours, ceiling);
            line(&format!("{name}-wire"), SIZE, ours, wire);
        }
    }
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
