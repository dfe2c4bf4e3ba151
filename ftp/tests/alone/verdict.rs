//! The client alone: replies that answer nothing, early and late replies, sizes, and fallbacks.

use crate::client::{done, start};
use crate::wire::Wire;
use halfclose_ftp::session::{Action, Event};
use halfclose_ftp::tcp::Ending;
use halfclose_ftp::wire::listing::Form;
use halfclose_ftp::{Client, ClientConfig, DataMode, Task, Told};
use std::net::SocketAddr;
use std::time::Duration;

fn put() -> Task {
    Task::put("a", "b")
}

fn get() -> Task {
    Task::get("a", "b")
}

/// A client in passive mode that has sent EPSV.
fn at_epsv(config: ClientConfig, tasks: &[Task]) -> Wire<Client> {
    let mut wire = start(ClientConfig { mode: DataMode::Passive, ..config }, tasks);
    for (reply, command) in [("220 hi", "USER anonymous"), ("230 in", "TYPE I"), ("200 ok", "EPSV")]
    {
        assert_eq!(wire.hear(format!("{reply}\r\n")), command);
    }
    wire
}

#[test]
fn a_reply_that_was_here_before_its_command_is_no_answer() {
    // basic-ftp issue 120, proftpd pull request 2339: a command is answered twice.
    let mut wire = start(ClientConfig::default(), &[put()]);
    assert_eq!(wire.hear("220 hi\r\n"), "USER anonymous");
    assert_eq!(wire.hear("331 password\r\n"), "PASS halfclose@");
    assert_eq!(wire.hear("230 welcome\r\n230-logged\r\n"), "TYPE I");
    // The second reply began before TYPE was sent, and ends after it.
    assert_eq!(wire.hear("230 in\r\n"), "");
    assert_eq!(wire.hear("200 I\r\n200 I\r\n"), "");
    assert!(matches!(wire.actions()[..], [Action::Listen { .. }]));
    let at = Some("10.0.0.1:2049".parse().unwrap());
    assert_eq!(wire.event(Event::Listening(at)), "EPRT |1|10.0.0.1|2049|");
    assert_eq!(wire.hear("200 ok\r\n"), "STOR b");
    // 421 ends the session whenever it comes.
    wire.hear("421 shutting down\r\n");
    assert_eq!(&*wire.report().text, "421 shutting down");
}

#[test]
fn epsv_that_leads_nowhere_is_followed_by_pasv_once() {
    let to = |port| Action::Connect { from: None, to: SocketAddr::from(([10, 0, 0, 2], port)) };
    for (reply, failure) in [
        ("229 ok (|||2049|)", Some(Ending::Refused)),
        ("229 ok (|||2049|)", Some(Ending::TimedOut)),
        ("229 ok (2049)", None),
        ("229 ok (|||0|)", None),
        ("200 ok", None),
        ("425 no", None),
        ("530 no", None),
        ("502 what?", None),
    ] {
        let mut wire = at_epsv(ClientConfig::default(), &[put(), put()]);
        let said = wire.hear(format!("{reply}\r\n"));
        let said = match failure {
            Some(ending) => wire.event(Event::DataFailed(ending)),
            None => said,
        };
        assert_eq!(said, "PASV", "{reply}");
        wire.actions();
        wire.hear("227 Entering Passive Mode (127, 0, 0, 1, 8, 2)\r\n");
        assert_eq!(wire.actions(), [to(2050)]);
        assert_eq!(wire.event(Event::DataFailed(Ending::Refused)), "PASV", "once is enough");
        assert_eq!(wire.journal.reports[0].text, "Connection refused");
    }
    // By an option, the address of 227 counts too.
    let mut wire = at_epsv(ClientConfig { follows_227: true, ..ClientConfig::default() }, &[put()]);
    wire.hear("502 what?\r\n");
    wire.actions();
    wire.hear("227 (127,0,0,1,8,2)\r\n");
    let to = SocketAddr::from(([127, 0, 0, 1], 2050));
    assert_eq!(wire.actions(), [Action::Connect { from: None, to }]);
}

#[test]
fn logging_in() {
    let mut wire = start(ClientConfig::default(), &[put()]);
    assert_eq!(wire.hear("230 in already\r\n"), "TYPE I");
    let config = ClientConfig { account: Some("secret".into()), ..ClientConfig::default() };
    let mut wire = start(config, &[put()]);
    wire.hear("220 hi\r\n");
    assert_eq!(wire.hear("332 account\r\n"), "ACCT secret");
    assert_eq!(wire.hear("230 in\r\n"), "TYPE I");
    let mut wire = start(ClientConfig::default(), &[put()]);
    wire.hear("220 hi\r\n");
    assert_eq!(wire.hear("332 account\r\n"), "QUIT");
    assert_eq!(wire.report().text, "332 account");
}

#[test]
fn a_peer_that_is_no_ftp_server_is_told_at_once() {
    for line in ["SSH-2.0-OpenSSH_9.2", "HTTP/1.1 400 Bad Request", "+OK POP3 ready"] {
        let mut wire = start(ClientConfig::default(), &[put()]);
        wire.hear(format!("{line}\r\n"));
        let text = format!("no FTP server: the peer said `{line}`");
        assert_eq!((wire.report().told, &wire.report().text), (Told::Failure, &text));
    }
}

#[test]
fn a_timeout_quotes_the_unfinished_reply() {
    let config =
        ClientConfig { reply_timeout: Some(Duration::from_secs(4)), ..ClientConfig::default() };
    for (bytes, end) in [
        ("", ""),
        ("553-no\r\n554 no\r\n", "; the server began a reply and did not end it: `553-no`"),
        ("633 hm\r\n", "; the server said `633 hm`, which is no reply of FTP"),
        ("200 o", "; the server began a line and did not end it: `200 o`"),
    ] {
        let mut wire = start(config.clone(), &[put()]);
        wire.hear("220 hi\r\n");
        wire.hear(bytes);
        wire.wait();
        let text = format!("Connection timed out: no reply to USER within 4 s{end}");
        assert_eq!(wire.report().text, text);
    }
}

#[test]
fn a_download_has_as_many_bytes_as_the_server_says() {
    let finished = done(Some(Ending::Finished));
    let plain = ClientConfig::default();
    let checks = ClientConfig { checks: true, ..ClientConfig::default() };
    for (config, size, go, after, told, text) in [
        (&plain, None, "150 go (7 bytes)", None, Told::Success, "226 ok"),
        (&plain, None, "150 go (8 bytes)", None, Told::Failure, "226 ok: 7 of 8 bytes are here"),
        (&checks, Some("213 7"), "150 go", None, Told::Success, "226 ok"),
        (&checks, Some("500 what?"), "150 go", None, Told::Success, "226 ok"),
        // The file has changed since the first question.
        (&checks, Some("213 5"), "150 go", Some("213 7"), Told::Success, "226 ok"),
        (
            &checks,
            Some("213 1000 bytes"),
            "150 go",
            Some("213 1000 bytes"),
            Told::Failure,
            "226 ok: 7 of 1,000 bytes are here",
        ),
    ] {
        let config = ClientConfig { mode: DataMode::Passive, ..config.clone() };
        let mut wire = start(config, &[get()]);
        wire.hear("220 hi\r\n");
        wire.hear("230 in\r\n");
        let mut said = wire.hear("200 ok\r\n");
        if let Some(size) = size {
            assert_eq!(said, "SIZE a");
            said = wire.hear(format!("{size}\r\n"));
        }
        assert_eq!(said, "EPSV");
        wire.hear("229 ok (|||2049|)\r\n");
        wire.data_opened();
        wire.hear(format!("{go}\r\n"));
        wire.event(Event::TransferEnded(finished));
        said = wire.hear("226 ok\r\n");
        if let Some(after) = after {
            assert_eq!(said, "SIZE a");
            said = wire.hear(format!("{after}\r\n"));
        }
        assert_eq!(said, "QUIT");
        assert_eq!((wire.report().told, &*wire.report().text), (told, text), "{size:?} {go}");
    }
}

#[test]
fn an_early_success_of_an_upload_is_no_verdict() {
    // curl issue 6016, LightFTP issue 81.
    for (replies, told, text) in [
        (&["213 7"][..], Told::Success, "226 ok"),
        (&["552 full", "213 5"], Told::Failure, "552: the server holds 5 of 7 bytes"),
        (&["213 5"], Told::Failure, "226 ok: the server holds 5 of 7 bytes"),
        (
            &["500 what?"],
            Told::Failure,
            "226 ok: the server said so before the end of the data and does not tell the size of \
             the file, so whether the file is whole is unknown",
        ),
    ] {
        let mut wire = at_epsv(ClientConfig::default(), &[put()]);
        wire.hear("229 ok (|||2049|)\r\n");
        assert_eq!(wire.data_opened(), "STOR b");
        wire.hear("226 ok\r\n");
        assert_eq!(wire.event(Event::TransferEnded(done(None))), "SIZE b");
        for reply in replies {
            wire.hear(format!("{reply}\r\n"));
        }
        assert_eq!((wire.report().told, &*wire.report().text), (told, text), "{replies:?}");
    }
}

#[test]
fn a_failed_upload_tells_the_old_file_from_the_new() {
    let config = ClientConfig { checks: true, mode: DataMode::Passive, ..ClientConfig::default() };
    for (before, date, after, date_after, text) in [
        (
            "213 7",
            "213 20200101000000",
            "213 7",
            Some("213 20200101000000"),
            "426: the server holds the file of 7 bytes that was there before, unchanged",
        ),
        (
            "213 7",
            "213 20200101000000",
            "213 7",
            Some("213 20260101000000"),
            "426, but the server holds all 7 bytes",
        ),
        (
            "213 7",
            "500 what?",
            "213 7",
            None,
            "426: the server holds a file of all 7 bytes, which may be the old file: that had the \
             same size",
        ),
        ("550 none", "", "213 7", None, "426, but the server holds all 7 bytes"),
        ("550 none", "", "550 none", None, "426, and the server holds no such file"),
    ] {
        let mut wire = start(config.clone(), &[put()]);
        wire.hear("220 hi\r\n");
        wire.hear("230 in\r\n");
        assert_eq!(wire.hear("200 ok\r\n"), "SIZE b");
        let mut said = wire.hear(format!("{before}\r\n"));
        if !date.is_empty() {
            assert_eq!(said, "MDTM b");
            said = wire.hear(format!("{date}\r\n"));
        }
        assert_eq!(said, "EPSV");
        wire.hear("229 ok (|||2049|)\r\n");
        wire.data_opened();
        wire.hear("150 go\r\n");
        wire.event(Event::TransferEnded(done(Some(Ending::Aborted))));
        assert_eq!(wire.hear("426 cut\r\n"), "SIZE b");
        let mut said = wire.hear(format!("{after}\r\n"));
        if let Some(date) = date_after {
            assert_eq!(said, "MDTM b");
            said = wire.hear(format!("{date}\r\n"));
        }
        assert_eq!(said, "QUIT");
        assert_eq!((wire.report().told, &*wire.report().text), (Told::Failure, text));
    }
}

#[test]
fn listings_fall_back_and_may_be_empty() {
    let list = |form| Task::List { remote: "".into(), local: "l".into(), form };
    let config = ClientConfig { mode: DataMode::Passive, ..ClientConfig::default() };
    for refusal in ["550 no", "402 no", "451 no", "503 no", "530 no", "202 no"] {
        let mut wire = start(config.clone(), &[list(None)]);
        wire.hear("220 hi\r\n");
        assert_eq!(wire.hear("230 in\r\n"), "EPSV");
        wire.hear("229 ok (|||2049|)\r\n");
        assert_eq!(wire.data_opened(), "MLSD");
        assert_eq!(wire.hear(format!("{refusal}\r\n")), "TYPE A", "{refusal}");
        assert_eq!(wire.hear("200 ok\r\n"), "EPSV");
        wire.hear("229 ok (|||2050|)\r\n");
        assert_eq!(wire.data_opened(), "LIST");
        // The first error is told if the second command fails too.
        wire.hear("550 none\r\n");
        assert_eq!((wire.report().told, &*wire.report().text), (Told::Failure, refusal));
    }
    for (reply, told) in [
        ("550 No files found.", Told::Success),
        ("450 No files found", Told::Success),
        ("550 No such directory", Told::Failure),
    ] {
        let mut wire = start(config.clone(), &[list(Some(Form::Names))]);
        wire.hear("220 hi\r\n");
        wire.hear("230 in\r\n");
        wire.hear("200 ok\r\n");
        wire.hear("229 ok (|||2049|)\r\n");
        assert_eq!(wire.data_opened(), "NLST");
        wire.hear(format!("{reply}\r\n"));
        assert_eq!((wire.report().told, &*wire.report().text), (told, reply));
    }
}
