//! The keys of links: netem's words and ours, checksums, blackouts, and a NAT that forgets.

use halfclose::Verdict;

use super::run::{lines, ran, scenario};

#[test]
fn netem_s_words_and_ours_give_the_same_digest() {
    let netem = scenario(
        "q123208",
        &["link.netem=delay 50ms 10ms loss gemodel 1% 10% 70% 0.1% reorder 25% 50%"],
    );
    let ours = scenario(
        "q123208",
        &[
            "link.delay=50ms",
            "link.jitter=10ms",
            "link.gemodel=1% 10% 70% 0.1%",
            "link.reorder=25%",
            "link.reorder_correlation=50%",
        ],
    );
    let mut digests = Vec::new();
    for seed in 0..50 {
        let digest = ran(&netem, seed).outcome.digest;
        assert_eq!(digest, ran(&ours, seed).outcome.digest, "seed {seed}");
        digests.push(digest);
    }
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 50, "every seed is another run");
}

#[test]
fn every_model_leaves_its_words_in_the_trace() {
    for (setting, words) in [
        ("link.loss=10%", "dropped: loss"),
        ("link.gemodel=10% 30%", "dropped: burst loss"),
        ("link.duplicate=20%", "duplicated"),
        ("link.corrupt=10%", "corrupted: bit "),
        ("link.reorder=20%", "reordered: sent at once"),
        ("link.jitter=5ms", "jitter +"),
        ("link.blackout=0s..1s", "dropped: blackout"),
        ("link.rate=1mbit", "dropped: queue full"),
        ("link.drop_above=1400", "dropped: too large"),
    ] {
        let settings = [setting, "link.queue=3000", "tcp.congestion=none", "do.size=50kB"];
        let lines = lines(&ran(&scenario("", &settings), 1));
        assert!(lines.iter().any(|line| line.contains(words)), "{setting}\n{}", lines.join("\n"));
    }
}

#[test]
fn each_direction_is_by_itself() {
    let settings = ["link.up.loss=30%", "link.down.duplicate=30%"];
    for line in lines(&ran(&scenario("", &settings), 5)) {
        assert!(!line.contains("x--"), "{line}");
        assert!(!line.contains("duplicated") || line.contains("<--"), "{line}");
    }
}

#[test]
fn checksums_catch_every_flipped_bit() {
    let scenario = scenario("", &["link.corrupt=5%", "do.size=20kB", "do.2.get=b.bin"]);
    let mut flipped = 0;
    for seed in 0..150 {
        let finished = ran(&scenario, seed);
        flipped += finished.captured().iter().filter(|p| p.comment.contains("flipped")).count();
        assert_ne!(finished.outcome.verdict, Verdict::Corrupt, "seed {seed}");
    }
    assert!(flipped > 150, "{flipped}");
}

#[test]
fn a_blackout_is_waited_out() {
    let plain = ran(&scenario("", &[]), 0).outcome;
    let dark = ran(&scenario("", &["link.blackout=100ms..5s"]), 0);
    assert_eq!(dark.outcome.verdict, Verdict::Intact);
    assert!(dark.outcome.told_at > plain.told_at + std::time::Duration::from_secs(4));
    for (event, _) in dark.trace.packets() {
        let within = (100..5_000).contains(&event.at.as_millis());
        assert_eq!(event.fate.words() == "dropped: blackout", within);
    }
}

#[test]
fn a_nat_forgets_the_control_connection_during_a_long_transfer() {
    // Two minutes of download, and not a word on the control connection.
    let long = ["do.get=a.bin", "do.size=300kB", "link.rate=20kbit", "client.reply_timeout=60s"];
    let patient = ran(&scenario("", &long), 0).outcome;
    assert_eq!(patient.verdict, Verdict::Intact);
    let mut settings = long.to_vec();
    settings.push("link.nat_timeout=60s");
    let finished = ran(&scenario("", &settings), 0);
    // The file is whole, and 226 never arrives: the user is told of a failure.
    assert_eq!(finished.outcome.verdict, Verdict::FalseAlarm);
    let forgotten: Vec<_> =
        lines(&finished).into_iter().filter(|line| line.contains("forgotten")).collect();
    assert!(!forgotten.is_empty());
    assert!(forgotten.iter().all(|line| line.contains(" control ")), "{forgotten:?}");
    assert!(forgotten.iter().any(|line| line.contains("--x")), "both ways: {forgotten:?}");
    assert!(forgotten.iter().any(|line| line.contains("x--")), "both ways: {forgotten:?}");
}

/// lftp issue 691: a tunnel drops packets above some size without a word. Small files pass, large files
/// hang; the hosts announce the MSS of their own MTU, and an MTU of the tunnel's size is the cure.
#[test]
fn a_black_hole_by_size_passes_small_files_alone() {
    let two = ["do.1.put=README", "do.1.size=308", "do.2.put=COPYING", "do.2.size=18092"];
    for hole in [
        &["link.drop_above=1400"][..],
        &["link.up.drop_above=1400"],
        // A queue that no large packet fits in.
        &["link.rate=10mbit", "link.queue=1400"],
    ] {
        let ran = ran(&scenario("", &[&two[..], hole].concat()), 0);
        let verdicts: Vec<_> = ran.outcome.transfers.iter().map(|it| it.verdict).collect();
        assert_eq!(verdicts[0], Verdict::Intact, "{hole:?}");
        assert!(verdicts[1] < Verdict::Intact, "{hole:?}");
        let lines = lines(&ran);
        assert!(lines.iter().any(|line| line.contains("S 0:0(0)") && line.contains("mss 1460")));
        let lost = |line: &&String| line.contains("dropped: ");
        let all_large = lines.iter().filter(lost).all(|line| line.contains("(1460)"));
        assert!(all_large && lines.iter().any(|line| lost(&line)), "{hole:?}");
    }
    let down = ran(&scenario("", &[&two[..], &["link.down.drop_above=1400"]].concat()), 0);
    assert_eq!(down.outcome.verdict, Verdict::Intact, "nothing large goes down");
    let smaller =
        ran(&scenario("", &[&two[..], &["link.drop_above=1400", "link.mtu=1400"]].concat()), 0);
    assert_eq!(smaller.outcome.verdict, Verdict::Intact);
}
