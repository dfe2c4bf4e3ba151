//! The server alone, command by command (RFC 959 §5.4): the code of each reply, and its moment.

use crate::wire::Wire;
use halfclose_ftp::session::{Action, Event};
use halfclose_ftp::store::StoreError;
use halfclose_ftp::tcp::Ending;
use halfclose_ftp::transfer::{Lateness, TransferEnd};
use halfclose_ftp::{Judgement, Server, ServerConfig, ServerModel, Told, User};
use std::net::SocketAddr;

const OPENING: &str = "150 Opening BINARY mode data connection.";
const ABORTED: &str = "426 Connection Closed, transfer aborted.";
const COMPLETE: &str = "226 Transfer complete.";

const END: TransferEnd = TransferEnd {
    complete: false,
    ending: None,
    store: None,
    idle: false,
    moved: 7,
    late: Lateness::InTime,
};

fn logged_in(config: ServerConfig) -> Wire<Server> {
    let mut wire = Wire::new(config);
    assert_eq!(
        wire.open_between("10.0.0.2:21", "10.0.0.1:49152"),
        "220 halfclose FTP server ready."
    );
    wire.hear("USER anonymous\r\nPASS x\r\nTYPE I\r\n");
    wire
}

/// A logged-in server after the 150 reply to STOR or RETR on an open data connection.
fn moving(config: ServerConfig, command: &str) -> Wire<Server> {
    let mut wire = logged_in(config);
    wire.store.insert("b", (*b"content").into());
    wire.hear("PORT 10,0,0,1,200,1\r\n");
    assert_eq!(wire.hear(command), OPENING);
    assert_eq!(wire.data_opened(), "");
    assert!(matches!(wire.actions()[..], [.., Action::Transfer(_)]));
    wire
}

fn codes(said: &str) -> String {
    let code = |line: &str| line.get(..3).unwrap_or_default().to_owned();
    said.split('|').map(code).collect::<Vec<_>>().join(" ")
}

#[test]
fn long_lines_are_refused() {
    let mut wire = logged_in(ServerConfig::default());
    let long = format!("STOR {}\r\nNOOP\r\n", "x".repeat(10_000));
    assert_eq!(codes(&wire.hear(long)), "500 200");
}

#[test]
fn nothing_before_the_login() {
    let users = vec![User::new("me", "secret")];
    let config = ServerConfig { users, ..ServerConfig::default() };
    for (commands, expected) in [
        ("NOOP|SYST|OPTS X|STOR a|PASV|SIZE a", "200 215 501 530 530 530"),
        ("PASS secret", "503"),
        ("USER me|PASS wrong|PASS secret|NOOP", "331 530 503 200"),
        ("USER you|PASS secret|PWD", "331 530 530"),
        ("USER me|PASS secret|PWD", "331 230 257"),
        ("USER me|PASS secret|USER you|PWD", "331 230 331 530"),
    ] {
        let mut wire = Wire::<Server>::new(config.clone());
        wire.open_between("10.0.0.2:21", "10.0.0.1:49152");
        let said = wire.hear(commands.replace('|', "\r\n") + "\r\n");
        assert_eq!(codes(&said), expected, "{commands}");
    }
}

#[test]
fn passive() {
    let at: SocketAddr = "10.0.0.2:2049".parse().unwrap();
    for (command, expected) in [
        ("PASV", "227 Entering Passive Mode (10,0,0,2,8,1)."),
        ("EPSV", "229 Entering Extended Passive Mode (|||2049|)"),
        ("EPSV 1", "229 Entering Extended Passive Mode (|||2049|)"),
    ] {
        let mut wire = logged_in(ServerConfig::default());
        // What is pipelined behind it waits for the port.
        assert_eq!(wire.hear(format!("{command}\r\nSTOR a\r\n")), "");
        let asked = wire.actions();
        assert!(matches!(asked[..], [Action::DropData, Action::Listen { only: Some(_), .. }]));
        assert_eq!(wire.event(Event::Listening(Some(at))), format!("{expected}|{OPENING}"));
        // The client never comes.
        assert_eq!(codes(&wire.wait()), "425");
        assert_eq!(wire.now.as_secs(), 60);
        assert_eq!(wire.report().told, Told::Failure);
    }
    let mut wire = logged_in(ServerConfig::default());
    let said = wire.hear("EPSV ALL\r\nPASV\r\nPORT 10,0,0,1,200,1\r\nEPRT |1|10.0.0.1|2000|\r\n");
    assert_eq!(codes(&said), "200 503 503 503");
    assert_eq!(wire.hear("EPSV\r\n"), "");

    let mut wire = Wire::<Server>::new(ServerConfig::default());
    wire.open_between("[::1]:21", "[::1]:5000");
    let said = wire.hear("USER anonymous\r\nPASS x\r\nPASV\r\nEPSV 1\r\nEPRT |2|::1|2000|\r\n");
    assert_eq!(codes(&said), "331 230 502 522 200");
}

#[test]
fn one_final_reply_for_every_end() {
    let ended = |ending| TransferEnd { ending: Some(ending), ..END };
    let failed = |store| TransferEnd { store: Some(store), ..ended(Ending::Aborted) };
    for (command, end, expected) in [
        ("STOR b", TransferEnd { complete: true, ..ended(Ending::Finished) }, COMPLETE),
        ("RETR b", TransferEnd { complete: true, ..END }, COMPLETE),
        ("STOR b", ended(Ending::Reset), ABORTED),
        ("RETR b", ended(Ending::Reset), ABORTED),
        ("STOR b", ended(Ending::TimedOut), ABORTED),
        ("STOR b", ended(Ending::Stalled), ABORTED),
        ("STOR b", TransferEnd { idle: true, ..ended(Ending::Aborted) }, "426 Data timeout."),
        ("STOR b", failed(StoreError::Full), "552 Insufficient storage space."),
        ("RETR b", failed(StoreError::Failed), "451 Local error in processing."),
    ] {
        let mut wire = moving(ServerConfig::default(), &format!("{command}\r\nNOOP\r\n"));
        // What is pipelined waits its turn.
        let said = wire.event(Event::TransferEnded(end));
        assert_eq!(said, format!("{expected}|200 NOOP ok."), "{command} {end:?}");
        let report = wire.report();
        assert_eq!(report.reply.as_ref().unwrap().to_string(), expected);
        assert_eq!(report.told == Told::Success, expected == COMPLETE);
        assert_eq!((report.sent + report.received, report.ending), (7, end.ending));
    }
}

#[test]
fn what_a_reset_means() {
    let reset = TransferEnd { ending: Some(Ending::Reset), ..END };
    for (on_reset, upload, download, kept) in [
        (Judgement::ABORT, ABORTED, ABORTED, true),
        (Judgement::ABORT_DELETE, ABORTED, ABORTED, false),
        (Judgement::AS_EOF, COMPLETE, ABORTED, true),
        (Judgement::PERROR_REPLY, "426 Error 146: Connection reset by peer", ABORTED, true),
        (Judgement::DROP_CONTROL, "", ABORTED, true),
    ] {
        let model = ServerModel::PLAIN.on_reset(on_reset);
        let config = ServerConfig { model, ..ServerConfig::default() };
        let mut wire = moving(config.clone(), "STOR new\r\n");
        assert_eq!(wire.event(Event::TransferEnded(reset)), upload, "{on_reset:?}");
        assert_eq!(wire.store.get("new").is_some(), kept, "{on_reset:?}");
        assert!(wire.store.get("b").is_some());
        let drops = wire.actions().contains(&Action::Abort);
        assert_eq!(drops, on_reset == Judgement::DROP_CONTROL);
        let mut wire = moving(config, "RETR b\r\n");
        assert_eq!(wire.event(Event::TransferEnded(reset)), download, "{on_reset:?}");
        assert!(wire.store.get("b").is_some());
    }
}

#[test]
fn abor_and_quit_during_a_transfer() {
    // RFC 959 §4.1.3: with and without the Synch, and before what was pipelined.
    for abor in [&b"ABOR\r\n"[..], b"\xff\xf4\xff\xf2ABOR\r\n", b"NOOP\r\nabor\r\n"] {
        let mut wire = moving(ServerConfig::default(), "STOR b\r\n");
        assert_eq!(wire.hear(abor), "");
        assert_eq!(wire.actions(), [Action::CloseData]);
        let end = TransferEnd { ending: Some(Ending::Aborted), ..END };
        let noop = if abor.starts_with(b"NOOP") { "|200 NOOP ok." } else { "" };
        let said = wire.event(Event::TransferEnded(end));
        assert_eq!(said.replace(noop, ""), format!("{ABORTED}|226 ABOR successful."));
    }
    // Before the data connection is there.
    let mut wire = logged_in(ServerConfig::default());
    wire.hear("PORT 10,0,0,1,200,1\r\nSTOR b\r\n");
    assert_eq!(wire.hear("ABOR\r\n"), format!("{ABORTED}|226 ABOR successful."));

    let mut wire = moving(ServerConfig::default(), "STOR b\r\nQUIT\r\n");
    let end = TransferEnd { complete: true, ..END };
    assert_eq!(wire.event(Event::TransferEnded(end)), format!("{COMPLETE}|221 Goodbye."));
    assert!(wire.actions().contains(&Action::Close));
}

#[test]
fn stat_during_a_transfer() {
    // RFC 959 §4.1.3: also between a transfer's replies, without a wait for the transfer.
    let mut wire = moving(ServerConfig::default(), "STOR b\r\nNOOP\r\n");
    assert_eq!(wire.hear(b"\xff\xf4\xff\xf2STAT\r\n"), "");
    assert_eq!(wire.actions(), [Action::Progress]);
    let said = wire.event(Event::Progress(1234));
    assert_eq!(said, "211-Status:| A transfer is under way.| 1234 bytes received|211 End.");
    // Twice, and then an end.
    wire.hear("STAT\r\nSTAT\r\nABOR\r\n");
    assert_eq!(wire.actions(), [Action::Progress, Action::Progress, Action::CloseData]);
    // A file's STAT is a command like any other, and waits.
    let mut wire = moving(ServerConfig::default(), "RETR b\r\n");
    assert_eq!(wire.hear("STAT b\r\n"), "");
    assert!(wire.actions().is_empty());
    let said = wire.event(Event::TransferEnded(TransferEnd { complete: true, ..END }));
    assert!(said.starts_with(&format!("{COMPLETE}|213-")), "{said}");
    // Before the data connection is there.
    let mut wire = logged_in(ServerConfig::default());
    wire.hear("PORT 10,0,0,1,200,1\r\nSTOR b\r\n");
    assert_eq!(wire.hear("STAT\r\n"), "211 A transfer waits for its data connection.");
}

#[test]
fn a_refused_data_connection() {
    let mut wire = logged_in(ServerConfig { active_port: Some(20), ..ServerConfig::default() });
    wire.hear("PORT 10,0,0,1,200,1\r\nSTOR b\r\n");
    let from: SocketAddr = "10.0.0.2:20".parse().unwrap();
    let to: SocketAddr = "10.0.0.1:51201".parse().unwrap();
    assert_eq!(wire.actions(), [Action::DropData, Action::Connect { from: Some(from), to }]);
    let said = wire.event(Event::DataFailed(Ending::Refused));
    assert_eq!(said, "425 Can't open data connection.");
    // The address was for one transfer.
    assert_eq!(codes(&wire.hear("STOR b\r\n")), "425");
}

#[test]
fn arbitrary_bytes_are_answered() {
    let mut state = 1_u64;
    let mut wire = logged_in(ServerConfig::default());
    for round in 0..5_000 {
        let words = [
            "USER a",
            "PASS",
            "PASV",
            "STOR ",
            "RETR b",
            "ABOR",
            "\r\n",
            "\r\n",
            "\u{ff}",
            "PORT 10,0,0,1,9,9",
        ];
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let word = words[usize::try_from((state >> 33) % 10).unwrap()];
        if wire.session_room() >= word.len() {
            wire.hear(word);
        }
        for action in wire.actions() {
            match action {
                Action::Listen { .. } => drop(wire.event(Event::Listening(wire_at(round)))),
                Action::Connect { .. } if round % 2 == 0 => drop(wire.data_opened()),
                Action::Connect { .. } => drop(wire.event(Event::DataFailed(Ending::TimedOut))),
                Action::Transfer(_) => drop(wire.event(Event::TransferEnded(END))),
                Action::Progress => drop(wire.event(Event::Progress(7))),
                Action::Alarm(_)
                | Action::CloseData
                | Action::DropData
                | Action::Close
                | Action::Abort => {}
            }
        }
        if wire.session_room() < 100 {
            wire.wait();
        }
    }
}

fn wire_at(round: u32) -> Option<SocketAddr> {
    (!round.is_multiple_of(3)).then(|| "10.0.0.2:3000".parse().unwrap())
}

impl Wire<Server> {
    fn session_room(&self) -> usize {
        halfclose_ftp::session::Session::room(&self.session)
    }
}
