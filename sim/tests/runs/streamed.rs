//! The place of a file's bytes changes no result: in memory, generated during the transfer, or on a
//! disk. A file that another program writes during a run is an error, not a verdict.

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use halfclose::internals::{Held, SIZE_MAX, Workload, file, run_loaded};
use halfclose::{Outcome, Recording, Scenario, Visit, explore, sweep};

/// Tasks that put files over, behind and into each other, cut files off, and delete files.
const SCRIPTS: [&str; 5] = [
    r#"
        [client]
        close = "reset-when-sent"
        [[do]]
        put = "a"
        size = "30000"
        [[do]]
        put = "a"
        size = "90000"
        resume = true
        [[do]]
        append = "a"
        size = "20000"
        [[do]]
        get = "a"
    "#,
    r#"
        [server]
        on_reset = "as-eof"
        [client]
        close = "reset"
        [[do]]
        append = "a"
        size = "40000"
        before = "5000"
        [[do]]
        rename = "a"
        to = "b"
        [[do]]
        get = "b"
        [[do]]
        put = "c"
        size = "100"
        [[do]]
        ls = ""
    "#,
    r#"
        [client]
        type = "ascii"
        [[do]]
        put = "a"
        size = "30000"
        [[do]]
        append = "a"
        size = "7"
        [[do]]
        get = "a"
    "#,
    r#"
        [server]
        on_reset = "abort-delete"
        capacity = "60000"
        [[do]]
        put = "a"
        size = "50000"
        abort_after = "20000"
        [[do]]
        put = "b"
        size = "50000"
        [[do]]
        delete = "b"
        [[do]]
        put = "c"
        size = "1000"
        before = "1000"
        resume = true
    "#,
    r#"
        [server]
        store_rate = "200KB/s"
        host = "winsock"
        [client]
        count = 3
        close = "reset-when-acked"
        [[do]]
        get = "a"
        size = "65536"
        before = "40000"
        resume = true
        [[do]]
        put = "a"
        size = "10000"
    "#,
];

fn outcome(scenario: &Scenario, seed: u64, held: Held) -> Outcome {
    let workload = Workload::load_holding(scenario, held).expect("its files are generated");
    run_loaded(scenario, &workload, seed, Recording::Digest).outcome
}

#[track_caller]
fn assert_same(scenario: &Scenario, seed: u64) -> Outcome {
    let pinned = scenario.pin(0, seed).scenario;
    let here = outcome(&pinned, seed, Held::ALL);
    assert_eq!(here, outcome(&pinned, seed, Held::NONE), "{} seed {seed}", scenario.name);
    here
}

#[test]
fn the_catalogue_does_not_depend_on_where_files_are() {
    for name in Scenario::catalogue_names() {
        let scenario = Scenario::catalogue(name).expect(name);
        let arms = scenario.arms.iter().map(|arm| {
            let mut with = scenario.clone();
            with.take_arm(&arm.name).expect("it has that arm");
            with
        });
        for scenario in [scenario.clone()].into_iter().chain(arms) {
            (0..2).for_each(|seed| drop(assert_same(&scenario, seed)));
        }
    }
}

#[test]
fn scripts_do_not_depend_on_where_files_are() {
    let mut verdicts = std::collections::BTreeMap::new();
    for (index, script) in SCRIPTS.iter().enumerate() {
        let mut scenario = file::parse(script, &format!("script {index}"), "test.toml")
            .unwrap_or_else(|error| panic!("{script}\n{error}"));
        for loss in ["0%", "5%", "20%"] {
            scenario.set("link.loss", loss).expect("a loss");
            for seed in 0..12 {
                for transfer in assert_same(&scenario, seed).transfers {
                    *verdicts.entry((transfer.verdict, transfer.file.name())).or_insert(0) += 1;
                }
            }
        }
    }
    assert!(verdicts.len() >= 7, "too few kinds of ends to compare: {verdicts:?}");
}

/// Writes a file with the bytes of a generated file to the disk.
fn on_disk(folder: &Path, size: u64) -> String {
    let path = folder.join("big.iso");
    let mut generated = Scenario::default();
    generated.set("do.size", &size.to_string()).expect("a size");
    let workload = Workload::load(&generated).expect("its file is generated");
    fs::write(&path, workload.content(0).to_vec().expect("it is made")).expect("it is written");
    path.to_str().expect("a temporary name is text").to_owned()
}

#[test]
fn a_file_on_a_disk_is_the_same_as_its_bytes() {
    const SIZE: u64 = (2 << 20) + 77;
    let folder = tempfile::tempdir().expect("a folder");
    let path = on_disk(folder.path(), SIZE);
    for settings in [
        &["do.put=a.bin", "client.profile=tcpip32-3.11b"][..],
        &["do.put=a.bin", "link.loss=1%"],
        &["do.get=a.bin", "client.profile=none", "link.loss=1%"],
        &["do.append=a.bin", "do.before=100"],
        &["do.put=a.bin", "do.resume=true", "do.before=1MiB", "server.on_reset=as-eof"],
    ] {
        let with = |key: &str, value: &str| {
            let mut scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
            scenario.set(key, value).expect("it is sound");
            scenario.vary(settings.iter().copied()).expect("they are sound");
            let workload = Workload::load(&scenario).expect("it can be read");
            assert_eq!(workload.held() > SIZE / 2, key == "do.size", "one of them is held");
            let outcome = run_loaded(&scenario, &workload, 3, Recording::Digest).outcome;
            workload.verify().expect("nobody writes it");
            outcome
        };
        let generated = with("do.size", &SIZE.to_string());
        assert_eq!(with("do.file", &path), generated, "{settings:?}");
    }
}

/// A file without a byte on the disk is refused by its size.
#[test]
fn a_file_that_is_too_large_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x");
    let file = File::create(&path).expect("it can be made");
    let mut scenario = Scenario::default();
    scenario.set("do.file", path.to_str().expect("text")).expect("a path");
    file.set_len(SIZE_MAX).expect("it can have a hole");
    let workload = Workload::load(&scenario).expect("it is as large as may be");
    assert_eq!((workload.bytes(), workload.held()), (SIZE_MAX, 0));
    file.set_len(SIZE_MAX + 1).expect("it can have a hole");
    let problem = Workload::load(&scenario).expect_err("it is larger").to_string();
    assert!(problem.contains("it is 4294967296 bytes long, more than 4294967295"), "{problem}");
}

#[test]
fn a_file_that_is_written_meanwhile_is_an_error() {
    const SIZE: u64 = 2 << 20;
    let folder = tempfile::tempdir().expect("a folder");
    let path = on_disk(folder.path(), SIZE);
    let mut scenario = Scenario::default();
    scenario.set("do.file", &path).expect("a path");
    let shorten = || {
        let file = File::options().write(true).open(&path).expect("it is there");
        file.set_len(SIZE / 2).expect("it can be shorter");
    };
    let problem = format!(
        "do.file: cannot read `{path}`: it had {SIZE} bytes, and has {} now \
         (a run needs a file without writers)",
        SIZE / 2
    );

    let workload = Workload::load(&scenario).expect("it can be read");
    shorten();
    let _ = run_loaded(&scenario, &workload, 0, Recording::Digest);
    assert_eq!(workload.verify().expect_err("it is shorter").to_string(), problem);

    // A sweep hands over the runs before the change, and none of the runs after.
    on_disk(folder.path(), SIZE);
    let (written, mut handed) = (AtomicBool::new(false), 0);
    let add = |runs: &mut u64, run: halfclose::SweptRun<'_>| {
        *runs += 1;
        if run.outcome.seed == 5 {
            shorten();
            written.store(true, Ordering::Relaxed);
        }
    };
    let ready = |_, runs: u64| {
        handed += runs;
        ControlFlow::Continue(())
    };
    let swept = sweep(&scenario, 0..100).fold(add, ready);
    assert_eq!(swept.expect_err("it is shorter").to_string(), problem);
    assert!(written.into_inner() && handed <= 5, "{handed}");

    on_disk(folder.path(), SIZE);
    let holds = |_: &Outcome| {
        shorten();
        true
    };
    let visit = |_: Visit<'_>| ControlFlow::Continue(());
    let explored = explore(&scenario, 1).visit(holds, visit);
    assert_eq!(explored.expect_err("it is shorter").to_string(), problem);
}
