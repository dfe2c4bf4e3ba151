//! An uploader of somebody's, and what its author wants to know of it: is a file whole whenever the
//! user is told so, whatever the network loses?

#[cfg(test)]
mod tests {
    use halfclose::{Scenario, Verdict, catalogue, explore, sweep};

    /// The uploader against a server that takes a reset for the end of the file, with these settings.
    fn upload(settings: &[&str]) -> Scenario {
        let mut scenario = catalogue::find("q123208").expect("it is built in");
        scenario.vary(["server.on_reset=as-eof", "do.size=20000"]).expect("sound");
        scenario.vary(settings.iter().copied()).expect("sound");
        scenario
    }

    #[test]
    fn a_fin_keeps_every_file() {
        let lossy = upload(&["client.close=fin", "link.loss=5%"]);
        sweep(&lossy, 0..300).check(|outcome| outcome.verdict != Verdict::SilentTruncation);
        let calm = upload(&["client.close=fin"]);
        explore(&calm, 1).check(|outcome| outcome.verdict == Verdict::Intact);
    }

    /// Fails on purpose: this is the bug.
    #[test]
    fn a_reset_keeps_every_file() {
        let lossy = upload(&["link.loss=5%"]);
        sweep(&lossy, 0..300).check(|outcome| outcome.verdict != Verdict::SilentTruncation);
    }

    /// Fails on purpose: the same without chance.
    #[test]
    fn a_reset_survives_any_one_fault() {
        let calm = upload(&[]);
        explore(&calm, 1).check(|outcome| outcome.verdict == Verdict::Intact);
    }
}
