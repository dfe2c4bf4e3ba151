//! The checks of a user's test: the text of a failure, and silence on success.

use std::panic::catch_unwind;
use std::time::Duration;

use halfclose::{Scenario, Verdict, explore, sweep};

fn scenario(settings: &[&str]) -> Scenario {
    let mut scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
    scenario.vary(settings.iter().copied()).expect("the settings are sound");
    scenario
}

/// Returns the text of a check that fails.
#[track_caller]
fn failure<T: std::fmt::Debug>(check: impl FnOnce() -> T + std::panic::UnwindSafe) -> String {
    let failed = catch_unwind(check).expect_err("it fails");
    failed.downcast_ref::<String>().expect("it says why").clone()
}

#[track_caller]
fn assert_says(text: &str, all: &[&str]) {
    for words in all {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
}

#[test]
fn what_holds_says_nothing() {
    let fin = scenario(&["client.profile=tcpip32-3.11b", "link.loss=0%,5%"]);
    sweep(&fin, 0..50).check(|outcome| outcome.verdict == Verdict::Intact);
    let calm = scenario(&["client.profile=tcpip32-3.11b"]);
    explore(&calm, 1).check(|outcome| outcome.verdict == Verdict::Intact);
}

/// A broken law fails a check that asks for nothing, unless the scenario expects the breach.
#[test]
fn a_law_is_always_asked() {
    let lie = scenario(&["mutant=flipped-byte", "link.loss=5%"]);
    let text = failure(|| sweep(&lie, 3..9).check(|_| true));
    assert_says(
        &text,
        &[
            "q123208: 6 of 6 runs fail; the first is seed 3\n",
            "  verdict  corrupt\n",
            "  broken   file-is-a-prefix (RFC 9293 §2.2, RFC 959 §3.4.1): ",
            "  cause    none of its faults: it fails without\n",
            "  the last packets\n",
            "\nreproduce: HALFCLOSE_SEED=3 cargo test -p halfclose -- --exact check::a_law_is_always_asked",
        ],
    );
    let expected = scenario(&["mutant=flipped-byte", "expect.broken_laws=file-is-a-prefix"]);
    sweep(&expected, 0..5).check(|_| true);
    let text = failure(|| explore(&lie, 0).check(|_| true));
    assert_says(
        &text,
        &["q123208: the run without faults fails\n", "HALFCLOSE_FAULTS='' cargo test"],
    );
}

/// A failure names the point of the grid. A check beyond the verdict fails for its own cause.
#[test]
fn a_failure_says_where_it_is() {
    let open = scenario(&["link.loss=0%,30%", "link.delay=1ms..9ms"]);
    let text = failure(|| sweep(&open, 0..40).check(|outcome| outcome.packets.dropped < 4));
    assert_says(&text, &[", link.loss=30%, link.delay=", "\n  the last packets\n"]);
    assert!(!text.contains("cause"), "fewer faults drop fewer packets:\n{text}");
    let two = scenario(&["server.on_reset=as-eof"]);
    let text = failure(|| explore(&two, 2).check(|outcome| outcome.verdict != Verdict::Truncated));
    assert!(text.starts_with("q123208: "), "{text}");
}

/// A run that panics, which is a fault of this program, is named.
#[test]
fn a_panic_is_passed_on() {
    let mut broken = scenario(&[]);
    "nobody's".clone_into(&mut broken.client.host);
    let sweeps = || sweep(&broken, 0..3).check(|_| true);
    let explores = || explore(&broken, 1).check(|_| true);
    assert!(catch_unwind(sweeps).is_err());
    assert!(catch_unwind(explores).is_err());
}

/// A sweep without a run proves nothing and fails.
#[test]
fn a_sweep_of_no_run_fails() {
    let fin = scenario(&["client.profile=tcpip32-3.11b"]);
    let text = failure(|| sweep(&fin, 7..7).check(|_| true));
    assert_eq!(text, "q123208: nothing was run: the range of seeds is empty");
}

/// A variable that selects no run fails the test, which would otherwise pass without a run.
#[test]
fn a_variable_that_selects_nothing_fails() {
    let with = |variable: &str, value: &str| {
        let this = std::env::current_exe().expect("this test runs");
        let mut command = std::process::Command::new(this);
        command.args(["--exact", "check::what_holds_says_nothing"]).env(variable, value);
        let output = command.output().expect("it starts");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert!(with("HALFCLOSE_SEED", "3").0 && with("HALFCLOSE_FAULTS", "").0);
    assert!(with("HALFCLOSE_FAULTS", "drop client data DATA at 1 1").0);
    for (variable, value, words) in [
        (
            "HALFCLOSE_SEED",
            "18446744073709551616",
            "HALFCLOSE_SEED: `18446744073709551616` is no seed from 0 to 18446744073709551615",
        ),
        (
            "HALFCLOSE_FAULTS",
            "drop client data DATA at 999999 1",
            "HALFCLOSE_FAULTS: `drop client data DATA at 999999 1` meets no packet",
        ),
        (
            "HALFCLOSE_FAULTS",
            "drop client data DATA at 1 1; drop client data DATA at 1 1",
            "`drop client data DATA at 1 1` meets no packet",
        ),
    ] {
        let (held, text) = with(variable, value);
        assert!(!held, "{variable}={value}");
        assert_says(&text, &[words]);
    }
}

/// A share above its bound fails with the first run that is against the bound.
#[test]
fn a_share_is_bounded() {
    let rst = scenario(&["link.loss=5%"]);
    let swept = sweep(&rst, 0..200).at_most(Verdict::Truncated, 50.0).check_shares();
    let count = swept.count(Verdict::Truncated);
    let (_, seed) = swept.first(Verdict::Truncated).expect("some runs are truncated");
    assert!(count > 2, "{count}");
    #[expect(clippy::cast_precision_loss, reason = "a count of 200")]
    let exact = count as f64 / 2.0;
    let _ = sweep(&rst, 0..200).at_most(Verdict::Truncated, exact).check_shares();
    let text = failure(|| sweep(&rst, 0..200).at_most(Verdict::Truncated, 1.0).check_shares());
    assert_says(
        &text,
        &[
            &format!(
                "q123208: {count} of 200 runs ({exact:.2} %) are truncated, and at most 1 % may be; \
                 the first is seed {seed}\n"
            ),
            "  verdict  truncated\n",
            "  cause    ",
            "(dropped: fault)\n",
            "  as a file, for `halfclose run FILE`\n    halfclose = 1\n",
            &format!("\nreproduce: HALFCLOSE_SEED={seed} cargo test -p halfclose -- --exact "),
        ],
    );
    let text = failure(|| sweep(&rst, 0..200).at_least(Verdict::Intact, 99.5).check_shares());
    assert_says(&text, &[" are intact, and at least 99.5 % must be; the first is seed "]);
    assert!(!text.contains("  verdict  intact\n"), "{text}");
}

/// The same bounds for the lists of an exploration; the example is a least list.
#[test]
fn a_share_of_an_exploration_is_bounded() {
    let rst = scenario(&["server.on_reset=as-eof", "do.size=3000"]);
    let silent = Verdict::SilentTruncation;
    let explored = explore(&rst, 1).at_most(silent, 50.0).check_shares();
    assert!(explored.exhaustive && explored.verdicts[&silent] > 0);
    let text = failure(|| explore(&rst, 1).at_most(silent, 0.0).check_shares());
    assert_says(
        &text,
        &[" are silent-truncation, and at most 0 % may be\n", "  cause    its faults\n"],
    );
}

/// A sweep that a time limit ends early proves nothing.
#[test]
fn a_sweep_that_is_cut_short_fails() {
    let fin = scenario(&["client.profile=tcpip32-3.11b"]);
    let brief = |ms| sweep(&fin, 0..1_000_000).jobs(1).max_time(Duration::from_millis(ms));
    let text = failure(|| brief(50).check_shares());
    assert!(text.ends_with(" of 1000000 runs were made: too little time"), "{text}");
    // A busy machine may make no run in so short a time.
    let some = [50, 500, 5_000].into_iter().any(|ms| {
        let swept = brief(ms).run().expect("generated bytes need no file");
        assert!(!swept.is_complete());
        swept.runs() > 0
    });
    assert!(some, "a sweep that is cut short has runs");
}

/// A check keeps the seed of a failure, and runs the seed first ever after.
#[test]
fn a_failed_seed_is_run_first() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = &folder.path().join("corpus.txt");
    let lossy = scenario(&["link.loss=9%"]);
    let check = |seeds| {
        let whole = |outcome: &halfclose::Outcome| outcome.verdict != Verdict::Truncated;
        sweep(&lossy, seeds).corpus(path).check(whole)
    };
    let text = failure(|| check(0..60));
    let seed = text.split("the first is seed ").nth(1).and_then(|rest| rest.lines().next());
    let seed: u64 = seed.expect("a seed").parse().expect("a number");
    let kept = std::fs::read_to_string(path).expect("it was made");
    assert_says(&kept, &[&format!("\nq123208 {seed}  # "), "HALFCLOSE_SEED=", "cargo test"]);
    // Another range finds the failure again, by the corpus alone.
    let text = failure(|| check(seed + 1..seed + 2));
    assert_says(&text, &[&format!("1 of 1 runs fail; the first is seed {seed}\n")]);
    assert_eq!(std::fs::read_to_string(path).expect("there"), kept, "no seed twice");
    std::fs::remove_file(path).expect("there");
    assert_eq!(check(seed + 1..seed + 2).runs(), 1, "it holds without the corpus");
}
