//! Runs in which no host and no program is at fault break no law: runs that were cut, killed
//! clients, tasks that share a name. Each row was found by random scenarios over every key.

use halfclose::internals::{Workload, World};
use halfclose::{FileState, Outcome, Recording, Scenario, shrink};

fn scenario(settings: &[&str]) -> Scenario {
    let mut scenario = Scenario { name: "no fault".to_owned(), ..Scenario::default() };
    scenario.vary(settings.iter().copied()).expect("the settings are sound");
    scenario
}

fn outcomes(settings: &[&str], seeds: u64) -> Vec<Outcome> {
    let scenario = scenario(settings);
    let workload = Workload::load(&scenario).expect("the files can be read");
    let run = |seed| {
        let mut world = World::new(&scenario, &workload, seed, Recording::Digest);
        let end = world.run();
        world.conclude(end)
    };
    (0..seeds).map(run).collect()
}

const CARGO: &str = concat!("do.1.file=", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

/// What each row is about, the settings, and the number of seeds.
const LAWFUL: &[(&str, &[&str], u64)] = &[
    (
        "a limit cuts the run while the server stores",
        &["limit.time=20min", "server.store_rate=1B/s"],
        2,
    ),
    (
        "a limit cuts the run while the server waits",
        &["limit.time=40min", "server.read_delay=1h"],
        2,
    ),
    ("the client program dies in a download", &["do.1.get=a", "do.1.die_after=5000"], 2),
    ("the client program dies in an upload", &["do.1.put=a", "do.1.die_after=5000"], 2),
    (
        "the segment that a RST would answer is lost",
        &[
            "client.close=reset-when-sent",
            "link.loss=10%",
            "link.jitter=5ms",
            "server.data_timeout=none",
        ],
        100,
    ),
    ("a listing names a file", &["do.1.append=d", "do.2.ls=d"], 1),
    ("two downloads of one name", &["do.1.get=a", CARGO, "do.2.get=a"], 1),
    (
        "an upload of no bytes leaves the old file, which is then fetched",
        &[
            "do.1.put=b",
            "do.1.before=2",
            "do.1.size=0",
            "do.2.get=b",
            "client.profile=tcpip32-3.11",
        ],
        2,
    ),
    (
        "a text is cut between CR and LF",
        &["do.1.put=a", CARGO, "do.1.die_after=1000", "client.type=ascii", "link.jitter=499ms"],
        40,
    ),
    (
        "a download waits for its data without a control connection",
        &["do.1.get=a", "link.down.corrupt=20%", "server.policy.linger=200ms"],
        20,
    ),
    (
        "a renamed file is appended to",
        &["do.1.get=a", "do.2.rename=a", "do.2.to=b", "do.3.append=b"],
        1,
    ),
    (
        "a rename of nothing, then an append to the file before",
        &["do.1.append=d", "do.2.rename=x/a", "do.2.to=d", "do.3.append=d", "do.4.get=d"],
        1,
    ),
    (
        "a download after an upload that could not resume a longer file",
        &["do.1.get=b", "do.2.put=b", "do.2.resume=true", "do.2.size=512", "do.3.get=b"],
        1,
    ),
    (
        "a download resumes behind the beginning of another file",
        &[
            "do.1.append=a",
            "do.1.before=10000",
            "do.2.put=a",
            "do.2.resume=true",
            "do.3.get=a",
            "do.3.resume=true",
            "do.3.before=5000",
        ],
        1,
    ),
];

#[test]
fn no_law_is_broken_where_none_is_at_fault() {
    for (about, settings, seeds) in LAWFUL {
        for outcome in outcomes(settings, *seeds) {
            let broken: Vec<_> = outcome.broken_laws.iter().map(ToString::to_string).collect();
            assert!(broken.is_empty(), "{about}, seed {}: {broken:?}", outcome.seed);
        }
    }
}

/// A download that follows an append to a renamed file is whole, and so is the second download of a
/// name.
#[test]
fn a_download_is_compared_with_the_file_that_the_tasks_made() {
    for settings in [
        &["do.1.get=a", "do.2.rename=a", "do.2.to=b", "do.3.append=b", "do.4.get=b"][..],
        &["do.1.get=a", "do.1.size=300", "do.2.get=a"],
        &["do.1.get=a", "do.2.append=a", "do.3.get=a"],
    ] {
        for transfer in &outcomes(settings, 1)[0].transfers {
            assert_eq!(transfer.file, FileState::Whole, "{settings:?}: {}", transfer.task);
        }
    }
}

#[test]
fn a_file_before_the_run_is_told_once() {
    for (settings, message) in [
        (
            &["do.1.get=a", "do.2.put=a", "do.2.before=5000"][..],
            "do.2.before: an earlier task says what is there: leave out before, or give do.1 the \
             file",
        ),
        (
            &["do.1.put=a", "do.2.append=a", "do.2.before=5000"],
            "do.2.before: an earlier task says what is there: leave out before, or give do.1 the \
             file",
        ),
    ] {
        let refused = Scenario::default().vary(settings.iter().copied());
        assert_eq!(refused.expect_err("two tasks tell it").to_string(), message);
    }
    // The file before a download is the client's own.
    scenario(&["do.1.put=a", "do.2.get=a", "do.2.before=5000"]);
}

/// Jitter written out as faults leads to the same laws.
#[test]
fn a_jittered_run_that_was_cut_can_be_shrunk() {
    let scenario = scenario(&["link.jitter=5ms", "server.store_rate=1B/s", "do.size=100KB"]);
    assert!(shrink(&scenario, 0).max_runs(3).run().is_ok());
}
