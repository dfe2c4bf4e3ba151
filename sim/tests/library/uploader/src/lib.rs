//! An uploader that ends each upload with a RST, and the questions of its author: how often is a file
//! cut short, and is a file ever cut short although the user is told of success?

#[cfg(test)]
mod tests {
    use halfclose::{Recording, Scenario, Verdict, explore, record, run, shrink, sweep};

    /// The scenario of the author: 20,000 bytes over a link that loses 3 % of the packets, to a server
    /// that takes a reset for the end of the file.
    const LOSSY: &str = r#"
        about = "the uploader over a lossy link"

        [link]
        delay = "20ms"
        loss = "3%"

        [client]
        close = "reset-when-sent"

        [server]
        on_reset = "as-eof"

        [[do]]
        put = "photo.jpg"
        size = "20000"
    "#;

    /// The scenario with these settings, as `halfclose run -s` takes them.
    fn upload(settings: &[&str]) -> Scenario {
        let mut scenario: Scenario = LOSSY.parse().expect("the text is a scenario");
        scenario.vary(settings.iter().copied()).expect("the settings are sound");
        scenario
    }

    #[test]
    fn a_share_of_uploads_is_cut_short() {
        let lossy = upload(&[]);
        let swept = sweep(&lossy, 0..1000).jobs(2).run().expect("the runs are made");
        let share = 100.0 * swept.share(Verdict::SilentTruncation);
        let (least, most) = swept.interval(Verdict::SilentTruncation);
        println!(
            "{} runs: {share:.1} % silently truncated ({:.1} to {:.1} %)",
            swept.runs(),
            100.0 * least,
            100.0 * most
        );
        assert!(swept.is_complete() && share > 0.0);
    }

    /// The same share as a bound that a change of the uploader must keep.
    #[test]
    fn few_uploads_are_cut_short() {
        sweep(&upload(&[]), 0..1000).at_most(Verdict::SilentTruncation, 10.0).check_shares();
        sweep(&upload(&["client.close=fin"]), 0..1000)
            .at_most(Verdict::SilentTruncation, 0.0)
            .at_least(Verdict::Intact, 99.0)
            .check_shares();
    }

    #[test]
    fn a_fin_keeps_every_file() {
        let lossy = upload(&["client.close=fin", "link.loss=5%"]);
        sweep(&lossy, 0..300).check(|outcome| outcome.verdict != Verdict::SilentTruncation);
        let calm = upload(&["client.close=fin", "link.loss=0%"]);
        explore(&calm, 1).check(|outcome| outcome.verdict == Verdict::Intact);
    }

    #[test]
    fn a_run_can_be_looked_at() {
        let calm = upload(&["link.loss=0%"]);
        let outcome = run(&calm, 42).expect("the run is made");
        assert_eq!(outcome.verdict, Verdict::Intact);
        assert_eq!(outcome.transfers[0].reply, "226 Transfer complete.");
        let finished = record(&calm, 42, Recording::Headers).expect("the run is made");
        assert_eq!(finished.outcome.digest, outcome.digest);
        assert!(finished.ladder().iter().any(|line| line.contains("R.")), "the RST is there");
    }

    /// The fewest lost packets that lead to the silent truncation, as a scenario of their own.
    #[test]
    fn the_cause_is_one_packet() {
        let lossy = upload(&[]);
        let swept = sweep(&lossy, 0..1000).run().expect("the runs are made");
        let (_, seed) = swept.first(Verdict::SilentTruncation).expect("some run is truncated");
        let shrunk = shrink(&lossy, seed).run().expect("the run is written out");
        assert_eq!(shrunk.scenario.faults.len(), 1);
        let again: Scenario = shrunk.scenario.to_string().parse().expect("the text is a scenario");
        assert_eq!(run(&again, 7).expect("the run is made").verdict, Verdict::SilentTruncation);
    }

    /// Fails on purpose: this is the bug.
    #[test]
    fn a_reset_keeps_every_file() {
        let lossy = upload(&["link.loss=5%"]);
        sweep(&lossy, 0..300).check(|outcome| outcome.verdict != Verdict::SilentTruncation);
    }

    /// Fails on purpose: the share is above the bound.
    #[test]
    fn hardly_any_upload_is_cut_short() {
        sweep(&upload(&[]), 0..1000).at_most(Verdict::SilentTruncation, 0.1).check_shares();
    }

    /// Fails on purpose: the same bug without chance.
    #[test]
    fn a_reset_survives_any_one_fault() {
        let calm = upload(&["link.loss=0%"]);
        explore(&calm, 1).check(|outcome| outcome.verdict == Verdict::Intact);
    }
}
