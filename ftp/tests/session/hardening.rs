//! The limits of a server: crowds, floods, silence, forged lines, and an end from outside.

use crate::hall::Hall;
use crate::net::{CLIENT, Rules, SERVER};
use crate::world::{World, pattern};
use halfclose_ftp::report::Speaker;
use halfclose_ftp::tcp::Tcp;
use halfclose_ftp::{ClientConfig, DataMode, Limits, ServerConfig, Task, Told, User};
use std::time::Duration;

fn hardened(limits: Limits) -> ServerConfig {
    ServerConfig { users: vec![User::new("me", "secret")], limits, ..ServerConfig::hardened() }
}

#[test]
fn crowds_are_told_so() {
    for (limits, few) in [
        (Limits { sessions: 3, ..Limits::NONE }, 3),
        (Limits { per_address: 2, ..Limits::NONE }, 2),
    ] {
        let mut hall = Hall::new(hardened(limits));
        let inside: Vec<_> = (0..few).map(|_| hall.enter()).collect();
        for conn in &inside {
            assert!(hall.hear(*conn).starts_with("220 "));
        }
        let outside = hall.enter();
        assert_eq!(hall.hear(outside), "421 Too many connections, try again later.|.");
        // The sessions inside notice nothing, and a free place admits a client.
        assert_eq!(hall.say(inside[0], b"QUIT\r\n"), 6);
        assert_eq!(hall.hear(inside[0]), "221 Goodbye.|.");
        let again = hall.enter();
        assert!(hall.hear(again).starts_with("220 "));
        assert_eq!(hall.server.sessions(), few);
    }
}

/// 3,000 STATs of a directory of 30 names are 6 MB of replies, which wait for their reader.
#[test]
fn a_flood_of_commands_waits_for_its_reader() {
    let mut hall = Hall::new(ServerConfig { stall_timeout: None, ..ServerConfig::default() });
    for number in 0..30 {
        hall.server.store_mut().insert(&format!("d/{number}"), (*b"x").into());
    }
    let conn = hall.enter();
    hall.say(conn, b"USER anonymous\r\nPASS x\r\n");
    hall.hear(conn);
    let flood = b"STAT d\r\n".repeat(3000);
    let mut said = hall.say(conn, &flood);
    assert!(said < 16 << 10, "{said} bytes of commands were taken, and nobody reads the replies");
    let mut replies = 0;
    for _ in 0..4000 {
        // A directory is read in a turn of its own.
        hall.now += Duration::from_micros(1);
        hall.settle();
        let heard = hall.hear(conn);
        replies += heard.matches("|212 ").count();
        said += hall.say(conn, &flood[said..]);
        if replies == 3000 {
            break;
        }
    }
    assert_eq!((said, replies), (flood.len(), 3000));
    assert_eq!(hall.say(conn, b"NOOP\r\n"), 6);
    assert_eq!(hall.hear(conn), "200 NOOP ok.|");
}

#[test]
fn a_client_that_reads_nothing_is_cut_off() {
    let mut hall = Hall::new(ServerConfig {
        stall_timeout: Some(Duration::from_secs(60)),
        ..ServerConfig::default()
    });
    let conn = hall.enter();
    hall.hear(conn);
    // Less than a window is taken by the host, and waits there: that is TCP's affair.
    hall.say(conn, &b"HELP\r\n".repeat(100));
    hall.pass(59);
    assert_eq!(hall.server.sessions(), 1);
    hall.pass(2);
    assert_eq!(hall.server.sessions(), 0);
    assert!(hall.hear(conn).ends_with('!'));
}

#[test]
fn who_is_too_slow_is_told_so() {
    // A byte a second is no login, and half a line is silence.
    let mut hall = Hall::new(hardened(Limits::NONE));
    let conn = hall.enter();
    hall.hear(conn);
    for byte in b"USER somebody who never comes to the end of his name, whatever it is" {
        hall.say(conn, &[*byte]);
        hall.pass(1);
    }
    assert_eq!(hall.hear(conn), "421 Login timed out.|.");
    assert_eq!(hall.now, Duration::from_secs(68));

    let conn = hall.enter();
    hall.say(conn, b"USER me\r\nPASS secret\r\n");
    hall.hear(conn);
    for _ in 0..301 {
        hall.say(conn, b"x");
        hall.pass(1);
    }
    assert_eq!(hall.hear(conn), "421 Timeout, closing control connection.|.");
}

#[test]
fn one_passive_port_is_enough_for_one() {
    let config = ServerConfig { passive_ports: Some(3000..=3000), ..ServerConfig::default() };
    let mut hall = Hall::new(config);
    let [first, second] = [hall.enter(), hall.enter()];
    for conn in [first, second] {
        hall.say(conn, b"USER anonymous\r\nPASS x\r\n");
        hall.hear(conn);
    }
    hall.say(first, b"EPSV\r\n");
    assert_eq!(hall.hear(first), "229 Entering Extended Passive Mode (|||3000|)|");
    hall.say(second, b"EPSV\r\n");
    assert_eq!(hall.hear(second), "425 No passive port is free, try again later.|");
    // The session goes on, and the port is free again once the other one is done with it.
    hall.say(first, b"QUIT\r\n");
    hall.say(second, b"PASV\r\n");
    assert_eq!(hall.hear(second), "227 Entering Passive Mode (10,0,0,2,11,184).|");
}

/// 64 sessions of one address guess as fast as the server answers, each again after the end.
#[test]
fn a_crowd_of_guessers_makes_one_guess_a_second() {
    let mut hall = Hall::new(hardened(ServerConfig::hardened().limits));
    let mut guesses = 0;
    let mut crowd: Vec<_> = (0..64).map(|_| hall.enter()).collect();
    for _ in 0..120 {
        for conn in &mut crowd {
            let heard = hall.hear(*conn);
            guesses += heard.matches("530 Login incorrect").count();
            if heard.ends_with(['.', '!']) && !heard.ends_with("ready.|") {
                *conn = hall.enter();
            }
            hall.say(*conn, b"USER me\r\nPASS guess\r\n");
        }
        hall.now += Duration::from_millis(500);
        hall.settle();
    }
    assert!((10..=60).contains(&guesses), "{guesses} guesses in a minute");
}

#[test]
fn a_passive_port_without_a_transfer_is_free_again_after_a_minute() {
    let config = ServerConfig {
        users: vec![User::anonymous()],
        passive_ports: Some(3000..=3000),
        ..ServerConfig::hardened()
    };
    let mut hall = Hall::new(config);
    let conn = hall.enter();
    hall.say(conn, b"USER anonymous\r\nPASS x\r\nPASV\r\n");
    hall.hear(conn);
    // NOOP keeps the session, and not the port.
    for _ in 0..3 {
        hall.pass(19);
        hall.say(conn, b"NOOP\r\n");
        assert_eq!((hall.hear(conn).as_str(), hall.net.listeners()), ("200 NOOP ok.|", 2));
    }
    hall.pass(4);
    hall.say(conn, b"STOR a\r\n");
    assert_eq!(hall.hear(conn), "425 Use PORT or PASV first.|");
    assert_eq!(hall.net.listeners(), 1);
}

#[test]
fn one_address_takes_half_of_the_passive_ports_at_most() {
    let config = ServerConfig { passive_ports: Some(3000..=3003), ..ServerConfig::default() };
    let mut hall = Hall::new(config);
    let crowd: Vec<_> = (0..3).map(|_| hall.enter()).collect();
    let mut codes = Vec::new();
    for conn in &crowd {
        hall.say(*conn, b"USER anonymous\r\nPASS x\r\nPASV\r\nPASV\r\n");
        let heard = hall.hear(*conn);
        codes.push(heard.split('|').rev().nth(1).unwrap()[..3].to_owned());
    }
    // A session may take another port in place of its own.
    assert_eq!(codes, ["227", "227", "425"]);
    assert_eq!(hall.net.listeners(), 3);
    hall.say(crowd[0], b"QUIT\r\n");
    hall.say(crowd[2], b"PASV\r\n");
    assert!(hall.hear(crowd[2]).starts_with("227 "));
}

#[test]
fn a_line_of_the_log_is_a_line_without_secrets() {
    let mut hall = Hall::new(hardened(Limits::NONE));
    hall.server.record_dialogue(true);
    let conn = hall.enter();
    hall.say(
        conn,
        b"USER me\x1b[2J\nPASS se\x07cret\r\npass\tother secret\r\nPAss\r\nSTOR a\x0bb\r\n",
    );
    hall.hear(conn);
    let said: Vec<_> = hall.server.drain_dialogue().collect();
    assert!(
        said.iter().any(|line| line.speaker == Speaker::Program && line.text.contains("10.0.0.1"))
    );
    for line in &said {
        assert!(!line.text.contains("cret"), "{line:?}");
        assert!(!line.text.contains(char::is_control), "{line:?}");
    }
    assert!(said.iter().any(|line| line.text == "USER me\\u{1b}[2J"), "{said:#?}");
    assert_eq!(hall.server.drain_dialogue().count(), 0);
}

/// An upload, up to the first bytes at the server.
fn uploading(config: ServerConfig) -> World {
    let client = ClientConfig {
        user: "me".into(),
        password: "secret".into(),
        mode: DataMode::Passive,
        ..ClientConfig::default()
    };
    let mut world = World::new(client, config, Rules::default());
    world.client.store_mut().insert("a", pattern(100_000));
    world.server.store_mut().insert("b", (*b"old").into());
    world.server.store_mut().set_rate(Some(10_000));
    world.connect(&[Task::put("a", "b"), Task::Noop]);
    world.run_until(|world| world.now > Duration::from_secs(2));
    world
}

#[test]
fn an_end_by_decision_leaves_files_whole_or_as_they_were() {
    let mut world = uploading(hardened(Limits::NONE));
    world.retire();
    world.run();
    // What moved has come to its end; what was to follow has been told.
    assert_eq!(world.server.store().get("b"), Some(&*pattern(100_000)));
    assert_eq!(world.client.reports()[0].told, Told::Success);
    let noop = &world.client.commands()[0];
    assert_eq!(
        (noop.told, &*noop.text),
        (Told::Failure, "421 Service closing control connection.")
    );
    assert!(world.server.is_done() && world.client.is_done());
    assert_eq!((world.net.open(), world.net.listeners()), (0, 0));

    let mut world = uploading(hardened(Limits::NONE));
    world.retire();
    world.cut();
    world.run();
    assert_eq!(world.server.store().get("b"), Some(&b"old"[..]));
    let report = &world.client.reports()[0];
    assert_eq!(
        (report.told, report.reply.as_ref().unwrap().to_string()),
        (Told::Failure, "426 Connection Closed, transfer aborted.".into())
    );
    let noop = &world.client.commands()[0];
    assert_eq!(&*noop.text, "421 Service closing control connection.");
    assert!(world.server.is_done());
    assert_eq!((world.server.store().open_files(), world.net.listeners()), (0, 0));
}

#[test]
fn who_waits_for_a_data_connection_is_told_of_the_end_too() {
    let mut hall = Hall::new(ServerConfig::default());
    let conn = hall.enter();
    hall.say(conn, b"USER anonymous\r\nPASS x\r\nPASV\r\nSTOR a\r\n");
    hall.hear(conn);
    hall.server.retire(&mut hall.hosts[SERVER], hall.now);
    assert_eq!(
        hall.hear(conn),
        "425 Can't open data connection.|421 Service closing control connection.|."
    );
    assert!(hall.server.is_done());
}

#[test]
fn passwords_behind_a_wrong_one_wait_for_their_answers() {
    let mut hall = Hall::new(hardened(ServerConfig::hardened().limits));
    let (guesses, knows) = (hall.enter(), hall.enter());
    hall.say(guesses, b"USER me\r\nPASS guess\r\nNOOP\r\n");
    assert!(hall.hear(guesses).ends_with("331 Please specify the password.|"));
    // A right password of the same address is as slow: the time does not tell the two apart.
    hall.say(knows, b"USER me\r\nPASS secret\r\n");
    assert!(hall.hear(knows).ends_with("331 Please specify the password.|"));
    hall.now += Duration::from_millis(999);
    assert_eq!(hall.hear(guesses), "");
    hall.pass(1);
    // What was said behind it is answered behind it.
    assert_eq!(hall.hear(guesses), "530 Login incorrect.|200 NOOP ok.|");
    assert_eq!(hall.hear(knows), "");
    hall.pass(1);
    assert_eq!(hall.hear(knows), "230 Login successful.|");
    // Who leaves does not wait.
    hall.say(guesses, b"USER me\r\nPASS guess\r\n");
    hall.hosts[CLIENT].close(guesses);
    hall.settle();
    assert_eq!(hall.server.sessions(), 1);
}

#[test]
fn to_begin_again_forgets_no_wrong_password() {
    let mut hall = Hall::new(hardened(Limits { login_tries: 3, ..Limits::NONE }));
    let conn = hall.enter();
    hall.hear(conn);
    for expected in [
        "530 Login incorrect.|",
        "530 Login incorrect.|",
        "530 Login incorrect. Too many wrong passwords.|.",
    ] {
        hall.say(conn, b"REIN\r\nUSER me\r\nPASS guess\r\n");
        hall.pass(1);
        assert!(hall.hear(conn).ends_with(expected));
    }
    // Nor does REIN restart the time for the login.
    let conn = hall.enter();
    hall.hear(conn);
    for _ in 0..3 {
        hall.say(conn, b"REIN\r\n");
        hall.pass(25);
    }
    assert!(hall.hear(conn).ends_with("421 Login timed out.|."));
}

#[test]
fn reports_that_are_handed_over_do_not_pile_up() {
    let client = ClientConfig { mode: DataMode::Passive, ..ClientConfig::default() };
    let mut world = World::new(client, ServerConfig::default(), Rules::default());
    world.client.store_mut().insert("a", pattern(100));
    world.server.hand_over_reports(true);
    let tasks: Vec<_> = (0..500).map(|number| Task::put("a", format!("b{number}"))).collect();
    world.connect(&tasks);
    world.connect(&tasks[..1]);
    let mut taken = 0;
    while !world.client.is_done() {
        world.step();
        while let Some(report) = world.server.poll_report() {
            assert_eq!((report.told, report.received), (Told::Success, 100));
            assert!(report.name.starts_with('b') && report.reply.is_some());
            taken += 1;
        }
        assert!(world.server.reports().len() <= 2);
    }
    assert_eq!(taken, 501);
}
