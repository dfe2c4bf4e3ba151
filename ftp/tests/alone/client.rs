//! The client alone: its commands after each reply, and the result that its user sees.

use crate::wire::Wire;
use halfclose_ftp::session::{Action, Event};
use halfclose_ftp::tcp::Ending;
use halfclose_ftp::transfer::{Lateness, TransferEnd};
use halfclose_ftp::{Client, ClientConfig, Close, DataMode, Task, Told};
use std::time::Duration;

const END: TransferEnd = TransferEnd {
    complete: false,
    ending: None,
    store: None,
    idle: false,
    moved: 7,
    late: Lateness::InTime,
};

pub(crate) fn done(ending: Option<Ending>) -> TransferEnd {
    TransferEnd { complete: true, ending, ..END }
}

fn lost(ending: Ending) -> TransferEnd {
    TransferEnd { ending: Some(ending), ..END }
}

pub(crate) fn start(config: ClientConfig, tasks: &[Task]) -> Wire<Client> {
    let mut wire = Wire::<Client>::new(config);
    wire.store.insert("a", (*b"content").into());
    wire.with(|client, cx| client.start(tasks.into(), cx));
    wire.open_between("10.0.0.1:49152", "10.0.0.2:21");
    wire
}

/// Lines of a server, each with the client's answer.
fn talk(wire: &mut Wire<Client>, lines: &[(&str, &str)]) {
    for (line, expected) in lines {
        let said = wire.hear(format!("{}\r\n", line.replace('|', "\r\n")));
        assert_eq!(said, *expected, "to {line}");
        let listens = wire.actions().iter().any(|it| matches!(it, Action::Listen { .. }));
        if listens {
            let said = wire.event(Event::Listening(Some("10.0.0.1:2049".parse().unwrap())));
            assert_eq!(said, "PORT 10,0,0,1,8,1");
        }
    }
}

/// A client in active mode, up to the reply to STOR or RETR.
fn asked(config: ClientConfig, tasks: &[Task]) -> Wire<Client> {
    let mut wire = start(ClientConfig { extended: false, ..config }, tasks);
    let command = if matches!(tasks[0], Task::Put { .. }) { "STOR b" } else { "RETR a" };
    talk(
        &mut wire,
        &[
            ("120 soon", ""),
            ("220-hello|220 there", "USER anonymous"),
            ("331 password", "PASS halfclose@"),
            ("230 in", "TYPE I"),
            ("200 ok", ""),
            ("200 ok", command),
        ],
    );
    wire
}

fn put() -> Task {
    Task::put("a", "b")
}

fn get() -> Task {
    Task::get("a", "b")
}

#[test]
fn what_an_upload_tells() {
    use Told::{Failure, Success};
    for (close, end, reply, told) in [
        (Close::Fin, done(None), "226 ok", Success),
        (Close::Fin, done(None), "250 ok", Success),
        (Close::Fin, done(None), "426-aborted|426 really", Failure),
        (Close::Fin, done(None), "451 disk", Failure),
        (Close::Fin, done(None), "552 full", Failure),
        (Close::Fin, lost(Ending::Reset), "226 ok", Failure),
        (Close::HalfClose, done(Some(Ending::Finished)), "226 ok", Success),
        (Close::HalfClose, lost(Ending::Reset), "226 ok", Failure),
        (Close::Reset, done(Some(Ending::Aborted)), "226 ok", Success),
        (Close::ResetWhenSent, done(Some(Ending::Aborted)), "426 no", Failure),
        (Close::ResetWhenAcked, lost(Ending::TimedOut), "226 ok", Failure),
        (Close::FinThenReset, lost(Ending::Stalled), "226 ok", Failure),
    ] {
        for reply_first in [false, true] {
            let config = ClientConfig { close, ..ClientConfig::default() };
            let mut wire = asked(config, &[put()]);
            wire.data_opened();
            assert!(wire.actions().is_empty(), "nothing moves before the 150");
            wire.hear("150 go\r\n");
            assert!(matches!(wire.actions()[..], [Action::Transfer(_)]));
            assert_eq!(wire.report().told, Told::Nothing);
            let reply = reply.replace('|', "\r\n") + "\r\n";
            let said = if reply_first {
                wire.hear(reply) + &wire.event(Event::TransferEnded(end))
            } else {
                wire.event(Event::TransferEnded(end)) + &wire.hear(reply)
            };
            // A 2yz from before the end of the data is no verdict: SIZE tells.
            let early = reply_first && told == Success;
            assert_eq!(said, if early { "SIZE b" } else { "QUIT" }, "{close:?} {end:?}");
            if early {
                assert_eq!(wire.hear("213 7\r\n"), "QUIT");
            }
            let report = wire.report();
            assert_eq!((report.told, report.ending), (told, end.ending), "{close:?} {end:?}");
            assert_eq!(report.sent, 7);
        }
    }
}

const HERE: &str = "7 bytes are here, of a number that the server did not tell";

#[test]
fn what_a_download_tells() {
    let finished = done(Some(Ending::Finished));
    for (end, reply, told) in [
        (finished, "226 ok", Told::Success),
        (finished, "426 aborted", Told::Failure),
        (lost(Ending::Reset), "226 ok", Told::Failure),
        (lost(Ending::Reset), "426 aborted", Told::Failure),
        (lost(Ending::TimedOut), "226 ok", Told::Failure),
    ] {
        let mut wire = asked(ClientConfig::default(), &[get()]);
        wire.hear("150 go\r\n");
        wire.data_opened();
        wire.event(Event::TransferEnded(end));
        assert_eq!(wire.hear(format!("{reply}\r\n")), "QUIT");
        let text = match end.ending {
            Some(Ending::Reset) if reply.starts_with('2') => {
                format!("Connection reset by peer: {HERE}")
            }
            Some(Ending::TimedOut) => format!("Connection timed out: {HERE}"),
            _ => reply.to_owned(),
        };
        assert_eq!((wire.report().told, &wire.report().text), (told, &text));
    }
    // Refused before it began: no file appears.
    let mut wire = asked(ClientConfig::default(), &[get()]);
    assert_eq!(wire.hear("550 none\r\n"), "QUIT");
    assert_eq!((wire.report().told, wire.store.get("b")), (Told::Failure, None));
}

#[test]
fn a_lost_control_connection() {
    let error = "Error 146: Connection reset by peer";
    for (what, text, code) in [
        (Ok("421 timeout"), "421 timeout", 421),
        (Err(Ending::Reset), error, 150),
        (Err(Ending::TimedOut), "Connection timed out", 150),
        (Err(Ending::Stalled), "Connection timed out", 150),
        (Err(Ending::Finished), "Service not available, remote server has closed connection", 150),
    ] {
        let mut wire = asked(ClientConfig::ftp_exe(Close::Fin), &[put(), get()]);
        wire.data_opened();
        wire.hear("150 go\r\n");
        match what {
            Ok(reply) => wire.hear(format!("{reply}\r\n")),
            Err(ending) => wire.event(Event::ControlEnded(ending)),
        };
        assert!(wire.actions().contains(&Action::DropData));
        wire.event(Event::TransferEnded(lost(Ending::Aborted)));
        for report in &wire.journal.reports {
            assert_eq!((report.told, &*report.text), (Told::Failure, text));
        }
        assert_eq!(wire.report().reply.as_ref().unwrap().code, code);
        assert_eq!(wire.report().sent, 7);
    }
}

#[test]
fn the_last_word_stands_when_the_control_connection_is_lost_after_it() {
    let mut wire = asked(ClientConfig::default(), &[get(), put()]);
    wire.hear("150 go\r\n");
    wire.data_opened();
    wire.hear("226 ok\r\n");
    wire.event(Event::ControlEnded(Ending::Reset));
    wire.event(Event::TransferEnded(done(Some(Ending::Finished))));
    let told: Vec<_> = wire.journal.reports.iter().map(|report| report.told).collect();
    assert_eq!(told, [Told::Success, Told::Failure]);
}

#[test]
fn patience() {
    let config =
        ClientConfig { reply_timeout: Some(Duration::from_secs(30)), ..ClientConfig::default() };
    let mut wire = asked(config, &[put()]);
    wire.data_opened();
    wire.hear("150 go\r\n");
    wire.event(Event::TransferEnded(done(None)));
    wire.wait();
    let text = "Connection timed out: no final reply to STOR within 30 s";
    assert_eq!((wire.report().told, &*wire.report().text), (Told::Failure, text));
    assert!(wire.actions().contains(&Action::Close));

    // FTP.EXE has none.
    let mut wire = asked(ClientConfig::default(), &[put()]);
    wire.data_opened();
    wire.hear("150 go\r\n");
    wire.event(Event::TransferEnded(done(None)));
    assert_eq!(halfclose_ftp::session::Session::next_wakeup(&wire.session), None);
    assert_eq!(wire.report().told, Told::Nothing);
}

#[test]
fn extended_commands_fall_back() {
    let mut wire = start(ClientConfig::default(), &[put(), put()]);
    wire.hear("220 hi\r\n");
    wire.hear("230 in\r\n");
    wire.hear("200 ok\r\n");
    let at = Some("10.0.0.1:2049".parse().unwrap());
    assert_eq!(wire.event(Event::Listening(at)), "EPRT |1|10.0.0.1|2049|");
    assert_eq!(wire.hear("500 what?\r\n"), "PORT 10,0,0,1,8,1");
    wire.hear("200 ok\r\n");
    assert_eq!(wire.hear("550 no\r\n"), "");
    assert_eq!(wire.event(Event::Listening(at)), "PORT 10,0,0,1,8,1", "once is enough");

    let config = ClientConfig { mode: DataMode::Passive, ..ClientConfig::default() };
    let mut wire = start(config, &[put(), put()]);
    assert_eq!(wire.hear("220 hi\r\n"), "USER anonymous");
    assert_eq!(wire.hear("230 in\r\n"), "TYPE I");
    assert_eq!(wire.hear("200 ok\r\n"), "EPSV");
    assert_eq!(wire.hear("502 what?\r\n"), "PASV");
    wire.actions();
    // The port counts, not the address.
    wire.hear("227 Entering Passive Mode (127,0,0,1,8,1).\r\n");
    let to = "10.0.0.2:2049".parse().unwrap();
    assert_eq!(wire.actions(), [Action::Connect { from: None, to }]);
    assert_eq!(wire.data_opened(), "STOR b");
    assert_eq!(wire.hear("550 no\r\n"), "PASV");
    wire.hear("227 =10,0,0,2,8,2\r\n");
    assert_eq!(wire.event(Event::DataFailed(Ending::Refused)), "QUIT");
    assert_eq!(wire.journal.reports[1].text, "Connection refused");
}

#[test]
fn abor_counts_replies() {
    for (replies, expected) in [
        ("426 cut\r\n226 aborted\r\n", 426),
        ("226 complete\r\n225 nothing to do\r\n", 226),
        ("225 aborted\r\n", 225),
    ] {
        let mut wire = asked(ClientConfig::default(), &[put(), Task::Abor { after: 3 }]);
        wire.data_opened();
        wire.hear("150 go\r\n");
        let said = wire.event(Event::Alarm);
        assert!(said.ends_with("ABOR"), "{said}");
        wire.event(Event::TransferEnded(lost(Ending::Aborted)));
        assert_eq!(wire.hear(replies), "QUIT", "{replies}");
        let report = wire.report();
        assert_eq!((report.told, report.reply.as_ref().unwrap().code), (Told::Failure, expected));
    }
}
