//! Two runs diverge only after their first difference.

use halfclose::internals::{Workload, World};
use halfclose::{Fate, Finished, Recording, Side};

use super::run::{ran, scenario};

/// The time, side, fate and bytes of every packet, in the order of emission.
fn packets(finished: &Finished) -> Vec<(u128, usize, Fate, Vec<u8>)> {
    let packet = |(event, bytes): (&halfclose::PacketEvent, &[u8])| {
        (event.at.as_micros(), event.from as usize, event.fate, bytes.to_vec())
    };
    finished.trace.packets().map(packet).collect()
}

#[test]
fn a_fault_leaves_all_before_it_unchanged() {
    const LINK: [&str; 4] =
        ["link.loss=2%", "link.jitter=5ms", "link.duplicate=1%", "link.down.reorder=10%"];
    let base = scenario("", &LINK);
    for seed in 0..150 {
        let plain = packets(&ran(&base, seed));
        for action in ["drop", "duplicate", "delay 30ms", "hold"] {
            let k = usize::try_from(seed * 7 % 36).expect("small");
            let mut settings = LINK.to_vec();
            let fault = format!("fault={action} packet {k}");
            settings.push(&fault);
            let other = packets(&ran(&scenario("", &settings), seed));
            assert!(k < plain.len());
            assert_eq!(plain[..k], other[..k], "seed {seed}: {fault}");
            // The packet is the same; only the fate differs.
            assert_eq!((plain[k].0, &plain[k].3), (other[k].0, &other[k].3), "seed {seed}");
            assert_ne!(plain[k].2, other[k].2, "seed {seed}: {fault}");
        }
    }
}

#[test]
fn a_fate_of_a_seed_written_down_is_the_same_run() {
    // A list of faults can say everything that a seed draws: the same packets meet the same ends.
    let lossy = scenario("", &["link.loss=3%"]);
    for seed in 0..100 {
        let drawn = ran(&lossy, seed);
        let mut written = scenario("", &[]);
        for (event, _) in drawn.trace.packets().filter(|(event, _)| event.fate == Fate::Lost) {
            written.set("fault", &format!("drop packet {}", event.emission)).expect("sound");
        }
        let written = ran(&written, seed);
        assert_eq!(written.outcome.verdict, drawn.outcome.verdict, "seed {seed}");
        assert_eq!(written.outcome.told_at, drawn.outcome.told_at, "seed {seed}");
        assert_eq!(written.outcome.packets, drawn.outcome.packets, "seed {seed}");
        assert_eq!(written.outcome.unmatched_faults, [""; 0], "seed {seed}");
    }
}

#[test]
fn a_world_begun_again_forgets_its_faults() {
    let scenario = scenario(
        "",
        &[
            "link.netem=delay 20ms 5ms loss gemodel 1% 10% 70% 0.1% reorder 25% 50%",
            "link.nat_timeout=5s",
            "fault=drop client data DATA 2",
            "fault=inject RST in-window after server control DATA 3",
            "fault=hold server data ACK 1",
        ],
    );
    let workload = Workload::load(&scenario).expect("generated");
    let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
    for seed in 0..50 {
        world.reset(seed, Recording::Digest);
        let end = world.run();
        let again = world.conclude(end);
        let fresh = ran(&scenario, seed).outcome;
        assert_eq!(again.digest, fresh.digest, "seed {seed}");
        assert_eq!(again.unmatched_faults, fresh.unmatched_faults, "seed {seed}");
    }
}

#[test]
fn what_is_written_overrides_what_is_drawn() {
    // Everything that the client sends is lost, except the packets of the faults.
    let lost = ["link.up.loss=100%", "fault=duplicate client control SYN", "limit.time=60s"];
    let finished = ran(&scenario("", &lost), 0);
    let fates: Vec<_> = finished
        .trace
        .packets()
        .filter(|(event, _)| event.from == Side::Client)
        .map(|(event, _)| event.fate.words().into_owned())
        .collect();
    assert_eq!(fates[0], "duplicated");
    assert!(fates[1..].iter().all(|fate| fate == "dropped: loss"), "{fates:?}");
    assert!(finished.outcome.packets.server > 0, "the SYN arrived");
}
