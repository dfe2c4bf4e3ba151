//! The words of netem set the same keys as ours, and words without a counterpart are refused.

use super::*;
use crate::scenario::Scenario;

#[test]
fn netem_s_words_and_ours_are_the_same_link() {
    for (netem, ours) in [
        (
            "delay 50ms 10ms loss gemodel 1% 10% 70% 0.1% reorder 25% 50%",
            &[
                "delay=50ms",
                "jitter=10ms",
                "gemodel=1% 10% 70% 0.1%",
                "reorder=25%",
                "reorder_correlation=50%",
            ][..],
        ),
        ("loss 1%", &["loss=1%"]),
        ("loss random 0.3%", &["loss=0.3%"]),
        ("delay 0ms duplicate 5% corrupt 0.1%", &["delay=0s", "duplicate=5%", "corrupt=0.1%"]),
        ("latency 100ms rate 10mbit", &["delay=100ms", "rate=10mbit"]),
        ("loss gemodel 2%", &["gemodel=2% 98% 100% 0%"]),
        ("loss gemodel 2% 30%", &["gemodel=2% 30%"]),
        ("loss gemodel 2% 30% 60%", &["gemodel=2% 30% 60%"]),
        ("", &[]),
    ] {
        for way in ["link", "link.up", "link.down"] {
            let mut scenarios = [Scenario::default(), Scenario::default()];
            scenarios[0].vary([&*format!("{way}.netem={netem}")]).expect(netem);
            let ours: Vec<_> = ours.iter().map(|setting| format!("{way}.{setting}")).collect();
            scenarios[1].vary(ours.iter().map(String::as_str)).expect(netem);
            assert_eq!(scenarios[0], scenarios[1], "{netem}");
        }
    }
}

#[test]
fn netem_sets_what_it_names() {
    let mut scenario = Scenario::default();
    scenario
        .vary(["link.netem=delay 5ms loss 1%", "link.up.netem=loss gemodel 1% 20%"])
        .expect("sound");
    assert_eq!(scenario.get("link.up.delay").as_deref(), Ok("5ms"));
    assert_eq!(scenario.get("link.up.loss").as_deref(), Ok("0%"));
    assert_eq!(scenario.get("link.up.gemodel").as_deref(), Ok("1% 20% 100% 0%"));
    assert_eq!(scenario.get("link.down.loss").as_deref(), Ok("1%"));
}

#[test]
fn what_is_not_supported_is_named() {
    for (netem, message) in [
        (
            "limit 1000",
            "netem's `limit` is not supported: netem counts packets; set link.queue, in bytes",
        ),
        (
            "delay 10ms 5ms distribution normal",
            "netem's `distribution` is not supported: jitter is even, as netem's without a \
             distribution table",
        ),
        ("slot 1ms 2ms", "netem's `slot` is not supported: there are no slots"),
        ("loss 1% ecn", "netem's `ecn` is not supported: packets are lost, not marked"),
        (
            "delay 1ms reorder 5% gap 3",
            "netem's `gap` is not supported: reordering is by chance, not by count",
        ),
        (
            "loss state 1%",
            "netem's `state` is not supported: of netem's loss models, `loss random` and `loss \
             gemodel` are supported",
        ),
        ("loss 1% 25%", "netem's correlation of `loss` is not supported"),
        ("delay 5ms 1ms 25%", "netem's correlation of `delay` is not supported"),
        ("duplicate 1% 2%", "netem's correlation of `duplicate` is not supported"),
        ("corrupt 1% 2%", "netem's correlation of `corrupt` is not supported"),
        ("rate 1mbit 14", "netem's packet and cell overheads of `rate` are not supported"),
        ("los 1%", "`los` is none of netem's words; did you mean `loss`?"),
        ("delay", "netem's `delay` has no value"),
        ("loss gemodel", "netem's `gemodel` has no value"),
        ("loss gemodel 1% 2% 3% 4% 5%", "netem's `gemodel` takes one to four percentages"),
        ("loss gemodel 1% 101%", "`101%` is more than 100%"),
        ("delay 50", "`50` has no unit: write 20ms, 1.5s or 200us"),
        ("loss 1", "`1` has no unit: write 1% or 0.1%"),
    ] {
        let mut link = LinkConfig::default();
        assert_eq!(apply(&mut link, netem), Err(message.to_owned()), "{netem}");
        assert_eq!(link, LinkConfig::default(), "{netem}");
    }
}
