//! A server's model, property by property: replies, kept bytes, actions.

use crate::wire::Wire;
use halfclose_ftp::model::{
    Answer, Choice, ControlFate, ControlLoss, Interruption, Judgement, Kept, PRESETS, Phrase,
    Resets, ServerTexts, When,
};
use halfclose_ftp::session::{Action, Event};
use halfclose_ftp::tcp::Ending;
use halfclose_ftp::transfer::{Lateness, TransferEnd};
use halfclose_ftp::{Server, ServerConfig, ServerModel, Told};
use std::collections::BTreeSet;
use std::time::Duration;

const COMPLETE: TransferEnd = TransferEnd {
    complete: true,
    ending: Some(Ending::Finished),
    store: None,
    idle: false,
    moved: 2048,
    late: Lateness::InTime,
};
const RESET: TransferEnd = TransferEnd { complete: false, ending: Some(Ending::Reset), ..COMPLETE };
const CUT: TransferEnd = TransferEnd { complete: false, ending: Some(Ending::Aborted), ..COMPLETE };

/// A judgement with a recognizable reply and nothing else.
const fn says(code: u16) -> Judgement {
    Judgement { answer: Answer::Says(Phrase(code, "x")), kept: Kept::All }
}

fn with(model: ServerModel) -> ServerConfig {
    ServerConfig { model, ..ServerConfig::default() }
}

/// A server after the reply to STOR b, with moving data.
fn moving(config: ServerConfig) -> Wire<Server> {
    let mut wire = Wire::new(config);
    wire.open_between("10.0.0.2:21", "10.0.0.1:49152");
    wire.hear("USER anonymous\r\nPASS x\r\nPORT 10,0,0,1,200,1\r\nSTOR b\r\n");
    assert_eq!(wire.data_opened(), "");
    assert!(matches!(wire.actions()[..], [.., Action::Transfer(_)]));
    wire
}

#[test]
fn a_preset_has_a_name_of_its_own_and_a_source() {
    let names: BTreeSet<_> = PRESETS.iter().map(|model| model.name).collect();
    assert_eq!(names.len(), 15);
    for model in &PRESETS {
        assert!(model.source.starts_with("measured: "), "{}", model.name);
        assert_eq!(ServerModel::by_name(model.name), Some(model));
    }
    assert_eq!(ServerModel::by_name("vsftpd"), None);
}

#[test]
fn words_know_the_transfer() {
    let texts = ServerTexts {
        opening: Phrase(150, "Opening {path}"),
        already_open: Phrase(125, "Open already"),
        complete: Phrase(226, "/{path} in {seconds} s, {rate}/s {brace"),
        ..ServerTexts::PLAIN
    };
    let mut wire = Wire::<Server>::new(with(ServerModel { texts, ..ServerModel::PLAIN }));
    wire.open_between("10.0.0.2:21", "10.0.0.1:49152");
    wire.hear("USER anonymous\r\nPASS x\r\nPORT 10,0,0,1,200,1\r\n");
    assert_eq!(wire.hear("STOR b\r\n"), "150 Opening b");
    wire.data_opened();
    wire.now += Duration::from_millis(31);
    let said = wire.event(Event::TransferEnded(COMPLETE));
    assert_eq!(said, "226 /b in 0.031 s, 64.51 Kbytes/s {brace");
    // A client that connects first.
    wire.hear("PASV\r\n");
    wire.event(Event::Listening(Some("10.0.0.2:3000".parse().unwrap())));
    wire.data_opened();
    assert_eq!(wire.hear("STOR c\r\n"), "125 Open already");
}

#[test]
fn a_reset_by_how_far_the_program_had_come() {
    let resets = |base: u16| Resets {
        in_time: Choice::Always(says(base)),
        behind: Choice::Either(says(base + 1), says(base + 2)),
        not_begun: Choice::Either(says(base + 3), says(base + 4)),
    };
    let model = ServerModel { on_reset: resets(420), after_fin: resets(440), ..ServerModel::PLAIN };
    for (end, draws, expected) in [
        (RESET, 0, "420 x"),
        (RESET, 1, "420 x"),
        (TransferEnd { late: Lateness::Behind, ..RESET }, 0, "421 x"),
        (TransferEnd { late: Lateness::Behind, ..RESET }, 1, "422 x"),
        (TransferEnd { late: Lateness::NotBegun, ..RESET }, 0, "423 x"),
        (TransferEnd { late: Lateness::NotBegun, ..RESET }, 1, "424 x"),
        // A reset after the FIN that the program has read: it never hears of it.
        (COMPLETE, 1, "226 Transfer complete."),
        (TransferEnd { late: Lateness::Behind, ..COMPLETE }, 0, "441 x"),
        (TransferEnd { late: Lateness::Behind, ..COMPLETE }, 1, "442 x"),
        (TransferEnd { late: Lateness::NotBegun, ..COMPLETE }, 1, "444 x"),
    ] {
        let mut wire = moving(ServerConfig { draws, ..with(model) });
        assert_eq!(wire.event(Event::TransferEnded(end)), expected, "{end:?} {draws}");
    }
    // The second transfer takes the second bit.
    let mut wire = moving(ServerConfig { draws: 0b10, ..with(model) });
    let behind = TransferEnd { late: Lateness::Behind, ..RESET };
    assert_eq!(wire.event(Event::TransferEnded(behind)), "421 x");
    wire.hear("PORT 10,0,0,1,200,1\r\nSTOR b\r\n");
    wire.data_opened();
    assert_eq!(wire.event(Event::TransferEnded(behind)), "422 x");
}

#[test]
fn a_download_that_is_reset() {
    let reset = |answer| {
        let model = ServerModel { on_download_reset: answer, ..ServerModel::PLAIN };
        let mut wire = Wire::<Server>::new(with(model));
        wire.store.insert("b", (*b"content").into());
        wire.open_between("10.0.0.2:21", "10.0.0.1:49152");
        wire.hear("USER anonymous\r\nPASS x\r\nPORT 10,0,0,1,200,1\r\nRETR b\r\n");
        wire.data_opened();
        let said = wire.event(Event::TransferEnded(RESET));
        assert!(wire.store.get("b").is_some());
        (said, wire.actions().contains(&Action::Close))
    };
    let counts = Answer::Says(Phrase(426, "{moved} bytes transmitted."));
    assert_eq!(reset(counts), ("426 2048 bytes transmitted.".into(), false));
    assert_eq!(reset(Answer::Silence(ControlFate::Close)), (String::new(), true));
}

#[test]
fn what_is_kept() {
    for (kept, received, left) in [
        (Kept::All, 10_000, Some(10_000)),
        (Kept::WholeBlocks(262_144), 10_000, Some(0)),
        (Kept::WholeBlocks(262_144), 1_048_576, Some(1_048_576)),
        (Kept::WholeBlocks(262_144), 1_000_000, Some(786_432)),
        (Kept::AllButLastRead(8192), 1, Some(1)),
        (Kept::AllButLastRead(8192), 8192, Some(8192)),
        (Kept::AllButLastRead(8192), 10_000, Some(8192)),
        (Kept::AllButLastRead(8192), 16_384, Some(8192)),
        (Kept::AllButLastRead(8192), 127_973, Some(122_880)),
        (Kept::Empty, 10_000, Some(0)),
        (Kept::Nothing, 10_000, None),
    ] {
        assert_eq!(kept.of(received), left, "{kept:?} of {received}");
    }
}

#[test]
fn silence() {
    for (control, action) in [
        (ControlFate::Stays, None),
        (ControlFate::Close, Some(Action::Close)),
        (ControlFate::Abort, Some(Action::Abort)),
    ] {
        let judgement = Judgement { answer: Answer::Silence(control), kept: Kept::All };
        let mut wire = moving(with(ServerModel::PLAIN.on_reset(judgement)));
        assert_eq!(wire.event(Event::TransferEnded(RESET)), "");
        assert_eq!(wire.actions().last(), action.as_ref(), "{control:?}");
        assert_eq!(wire.report().told, Told::Nothing);
        let said = wire.hear("NOOP\r\n");
        assert_eq!(said == "200 NOOP ok.", control == ControlFate::Stays, "{said}");
    }
}

#[test]
fn a_lost_control_connection() {
    for (control_loss, expected) in [
        (ControlLoss::Abort, Some(Action::CloseData)),
        (ControlLoss::Finish, None),
        (ControlLoss::NextData(9), Some(Action::Alarm(9))),
    ] {
        let mut wire = moving(with(ServerModel { control_loss, ..ServerModel::PLAIN }));
        wire.event(Event::ControlEnded(Ending::Reset));
        assert_eq!(wire.actions().first(), expected.as_ref(), "{control_loss:?}");
        if matches!(control_loss, ControlLoss::NextData(_)) {
            wire.event(Event::Alarm);
            assert_eq!(wire.actions(), [Action::CloseData]);
        }
        assert_eq!(wire.event(Event::TransferEnded(CUT)), "");
        assert_eq!(wire.report().told, Told::Nothing);
    }
}

#[test]
fn quit_in_a_transfer() {
    let bye: &[Phrase] = &[Phrase(221, "bye")];
    let now = Interruption { when: When::Now, ..Interruption::queued(bye) };
    let cutting = Interruption { control: ControlFate::Close, ..Interruption::cutting(bye) };
    let late = Interruption { when: When::NextData(9), ..cutting };
    let after = Interruption { control: ControlFate::CloseAfterTransfer, ..now };
    let gone = Interruption { control: ControlFate::Close, ..now };
    let done = "226 Transfer complete.";
    let goodbye = "226 Transfer complete.|221 Goodbye.";
    for (quit, at_once, actions, in_the_end) in [
        (Interruption::queued(&[]), "", &[][..], goodbye),
        (after, "221 bye", &[], done),
        (gone, "221 bye", &[Action::Close], ""),
        (cutting, "", &[Action::CloseData], "221 bye"),
        (late, "", &[Action::Alarm(9)], "221 bye"),
    ] {
        let mut wire = moving(with(ServerModel { quit, ..ServerModel::PLAIN }));
        assert_eq!(wire.hear("QUIT\r\n"), at_once, "{quit:?}");
        assert_eq!(wire.actions(), actions, "{quit:?}");
        assert_eq!(wire.event(Event::TransferEnded(COMPLETE)), in_the_end, "{quit:?}");
        let closes = wire.actions().contains(&Action::Close);
        assert_eq!(closes, quit != gone, "{quit:?}");
        assert_eq!(wire.hear("NOOP\r\n"), "");
    }
}

#[test]
fn a_control_connection_closed_while_a_transfer_waits_for_its_data_connection() {
    let bye: &[Phrase] = &[Phrase(221, "bye")];
    for (control, ends) in [
        (ControlFate::Close, Action::Close),
        (ControlFate::CloseAfterTransfer, Action::Close),
        (ControlFate::Abort, Action::Abort),
    ] {
        let quit = Interruption { when: When::Now, control, ..Interruption::queued(bye) };
        let mut wire = Wire::<Server>::new(with(ServerModel { quit, ..ServerModel::PLAIN }));
        wire.open_between("10.0.0.2:21", "10.0.0.1:49152");
        wire.hear("USER anonymous\r\nPASS x\r\nPORT 10,0,0,1,200,1\r\nSTOR b\r\n");
        wire.actions();
        assert_eq!(wire.hear("QUIT\r\n"), "221 bye", "{control:?}");
        assert_eq!(wire.actions(), [ends, Action::DropData], "{control:?}");
        assert_eq!(wire.store.open_files(), 0, "{control:?}");
        assert_eq!(wire.report().ended, Some(wire.now), "{control:?}");
    }
}

#[test]
fn abor_with_and_without_a_synch() {
    let model = ServerModel {
        abor: Choice::Always(Interruption::queued(&[Phrase(225, "idle")])),
        abor_synch: Choice::Either(
            Interruption::cutting(&[Phrase(426, "cut"), Phrase(226, "done")]),
            Interruption { cut: true, ..Interruption::queued(&[]) },
        ),
        ..ServerModel::PLAIN
    };
    let synch = &b"\xff\xf4\xff\xf2ABOR\r\n"[..];
    let mut wire = moving(with(model));
    assert_eq!(wire.hear("ABOR\r\n"), "");
    assert_eq!(wire.actions(), []);
    let said = wire.event(Event::TransferEnded(COMPLETE));
    assert_eq!(said, "226 Transfer complete.|225 idle");
    // Nothing to cut: RFC 959's word for it.
    assert_eq!(wire.hear(synch), "225 No transfer to abort.");

    let mut wire = moving(with(model));
    wire.hear(synch);
    assert_eq!(wire.actions(), [Action::CloseData]);
    assert_eq!(wire.event(Event::TransferEnded(CUT)), "426 cut|226 done");
    assert_eq!(wire.report().told, Told::Failure);

    // A Synch belongs to one line.
    let mut wire = moving(with(model));
    wire.hear(&b"\xff\xf4\xff\xf2NOOP\r\nABOR\r\n"[..]);
    assert_eq!(wire.actions(), []);
}

#[test]
fn a_command_that_a_server_does_not_know() {
    let refuses: &[(&str, Phrase)] = &[("PORT", Phrase(502, "'port' not implemented"))];
    let model = ServerModel { refuses, ..ServerModel::PLAIN };
    let mut wire = Wire::<Server>::new(with(model));
    wire.open_between("10.0.0.2:21", "10.0.0.1:49152");
    wire.hear("USER anonymous\r\nPASS x\r\n");
    assert_eq!(wire.hear("port 10,0,0,1,200,1\r\n"), "502 'port' not implemented");
    assert_eq!(wire.hear("PORTS\r\n"), "500 Unknown command.");
}

#[test]
fn a_program_that_takes_its_time_to_accept() {
    let accept_delay = Duration::from_millis(5);
    let mut wire = Wire::<Server>::new(ServerConfig { accept_delay, ..ServerConfig::default() });
    wire.open_between("10.0.0.2:21", "10.0.0.1:49152");
    wire.hear("USER anonymous\r\nPASS x\r\nPORT 10,0,0,1,200,1\r\nSTOR b\r\n");
    wire.data_opened();
    assert!(!wire.actions().iter().any(|action| matches!(action, Action::Transfer(_))));
    assert_eq!(wire.wait(), "");
    assert_eq!(wire.now, accept_delay);
    assert!(matches!(wire.actions()[..], [Action::Transfer(_)]));
}
