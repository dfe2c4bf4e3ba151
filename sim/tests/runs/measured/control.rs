//! The loss of the control connection, QUIT and ABOR in the middle of a STOR, and a RETR with a
//! reset: each line of the measurement, replayed by the script of the measurement.

use halfclose_ftp::model::PRESETS;

use super::measurements::{Results, control, divergences, retr};
use super::script::{Event, play, play_download};

#[test]
fn every_event_in_a_transfer() {
    let divergences = divergences();
    let mut failed = String::new();
    let rows = control();
    assert_eq!(rows.values().map(|(rows, _)| rows).sum::<usize>(), 80);
    assert_eq!(rows.len(), PRESETS.len() * 5);
    for ((name, word), (_, measured)) in rows {
        let model = PRESETS.iter().find(|model| model.name == name).expect("a preset");
        let event = match word {
            "ctl_rst" => Event::Reset,
            "ctl_fin" => Event::Fin,
            "ctl_quit" => Event::Quit,
            "abor" => Event::Abor,
            "abor_iac" => Event::AborSynch,
            other => panic!("an unknown event {other}"),
        };
        let seen: Results = [0, 1].map(|draws| play(model, event, draws)).into();
        let name = format!("{name} {word}");
        let diverges = divergences.contains_key(&*name);
        if (seen == measured) == diverges {
            let listed = if diverges { " (listed as a divergence)" } else { "" };
            failed += &format!("{name}: was {measured:?}, is {seen:?}{listed}\n");
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn a_download_that_is_reset() {
    let rows: Vec<_> = retr().collect();
    assert_eq!(rows.len(), PRESETS.len());
    for (name, measured) in rows {
        let model = PRESETS.iter().find(|model| model.name == name).expect("a preset");
        assert_eq!(play_download(model), measured, "{name}");
    }
}
