//! Whole sessions: the dialogue, the moved bytes, and nothing left open.

use crate::net::{self, Rules};
use crate::world::{SIZE, World, check_clean, code, get, only, pattern, put, run};
use halfclose_ftp::report::Speaker;
use halfclose_ftp::tcp::Tcp;
use halfclose_ftp::{ClientConfig, DataMode, ServerConfig, Task, Told, TransferReport, User};
use std::net::SocketAddr;
use std::time::Duration;

#[test]
fn every_data_connection_both_ways() {
    for (mode, extended, word) in [
        (DataMode::Active, false, "PORT 10,0,0,1,"),
        (DataMode::Active, true, "EPRT |1|10.0.0.1|"),
        (DataMode::Passive, false, "PASV"),
        (DataMode::Passive, true, "EPSV"),
    ] {
        for task in [put(), get()] {
            let config = ClientConfig { mode, extended, ..ClientConfig::default() };
            let world = run(std::slice::from_ref(&task), config, ServerConfig::default());
            let context = world.dialogue();
            assert!(context.contains(word), "{context}");
            let report = only(world.client.reports());
            assert_eq!((report.told, code(report)), (Told::Success, 226), "{context}");
            assert_eq!(report.sent + report.received, SIZE as u64);
            let served = only(world.server.reports());
            assert_eq!(served.told, Told::Success);
            assert_eq!(served.sent + served.received, SIZE as u64);
            let upload = matches!(task, Task::Put { .. });
            let stored = if upload { world.server.store() } else { world.client.store() };
            assert_eq!(stored.get("b.bin"), Some(&*pattern(SIZE)));
            check_clean(&world);
        }
    }
}

#[test]
fn a_dialogue_in_full() {
    let tasks = [
        Task::Noop,
        put(),
        Task::Size { remote: "b.bin".into() },
        Task::Abor { after: 0 },
        Task::Size { remote: "none".into() },
    ];
    let server = ServerConfig { banner: "one\ntwo\nthree".into(), ..ServerConfig::default() };
    let config = ClientConfig { extended: false, ..ClientConfig::default() };
    let world = run(&tasks, config, server);
    let expected = "\
220-one
 two
220 three
USER anonymous
331 Please specify the password.
PASS ****
230 Login successful.
NOOP
200 NOOP ok.
TYPE I
200 Type is I (image).
PORT 10,0,0,1,192,2
200 Data address accepted.
STOR b.bin
150 Opening BINARY mode data connection.
226 Transfer complete.
SIZE b.bin
213 10000
ABOR
225 No transfer to abort.
SIZE none
550 No such file.
QUIT
221 Goodbye.";
    assert_eq!(world.dialogue(), expected);
    check_clean(&world);
}

#[test]
fn each_transfer_has_its_own_data_connection() {
    for mode in [DataMode::Active, DataMode::Passive] {
        let config = ClientConfig { mode, ..ClientConfig::default() };
        let world = run(&[put(), get(), put()], config, ServerConfig::default());
        assert!(world.client.reports().iter().all(|report| report.told == Told::Success));
        let dialogue = world.dialogue();
        let word = if mode == DataMode::Active { "EPRT" } else { "EPSV" };
        let counts = [word, "150 ", "TYPE I"].map(|it| dialogue.matches(it).count());
        assert_eq!(counts, [3, 3, 1], "{dialogue}");
        check_clean(&world);
    }
}

#[test]
fn failures_before_a_transfer() {
    let users = vec![User::new("me", "x")];
    let world = run(
        &[put(), get()],
        ClientConfig::default(),
        ServerConfig { users, ..ServerConfig::default() },
    );
    for report in world.client.reports() {
        assert_eq!((report.told, &*report.text), (Told::Failure, "530 Login incorrect."));
    }
    check_clean(&world);

    let tasks = [Task::get("none", "x"), Task::put("none", "x"), put()];
    let world = run(&tasks, ClientConfig::default(), ServerConfig::default());
    let told: Vec<_> = world.client.reports().iter().map(|it| (it.told, &*it.text)).collect();
    assert_eq!(
        told,
        [
            (Told::Failure, "550 No such file."),
            (Told::Failure, "Local file error"),
            (Told::Success, "226 Transfer complete."),
        ]
    );
    assert_eq!(world.client.store().get("x"), None);
    check_clean(&world);
}

#[test]
fn a_silent_client_is_sent_away() {
    let mut world = World::new(ClientConfig::default(), ServerConfig::default(), Rules::default());
    let mut host = world.net.host(net::CLIENT);
    let at = SocketAddr::new(net::ip(net::SERVER), 21);
    let silent = host.connect(None, at).unwrap();
    world.run();
    assert_eq!(world.now, Duration::from_secs(900));
    let mut heard = Vec::new();
    let _ = host.receive(silent, usize::MAX, &mut |bytes| {
        heard.extend_from_slice(bytes);
    });
    assert!(
        String::from_utf8(heard)
            .unwrap()
            .ends_with("\r\n421 Timeout, closing control connection.\r\n")
    );
    host.close(silent);
    check_clean(&world);
}

#[test]
fn a_refused_server_is_told() {
    let mut world = World::new(ClientConfig::default(), ServerConfig::default(), Rules::default());
    world.connect_to(22, &[put()]);
    world.run();
    let report = only(world.client.reports());
    assert_eq!((report.told, &*report.text), (Told::Failure, "Connection refused"));
    check_clean(&world);
}

#[test]
fn ten_mebibytes_and_many_clients() {
    let rules = Rules { window: 65_536, ..Rules::default() };
    let mut world = World::new(ClientConfig::default(), ServerConfig::default(), rules);
    let big = pattern(10 << 20);
    world.client.store_mut().insert("big", big.clone());
    world.connect(&[Task::put("big", "big"), Task::get("big", "back")]);
    world.run();
    assert_eq!(world.server.store().get("big"), Some(&*big));
    assert_eq!(world.client.store().get("back"), Some(&*big));
    check_clean(&world);

    world.client.store_mut().insert("small", pattern(100));
    for at in 0..500 {
        world.connect(&[Task::put("small", format!("small{at}"))]);
    }
    world.run();
    let small = world.client.reports().iter().skip(2);
    assert_eq!(small.filter(|report| report.told == Told::Success).count(), 500);
    check_clean(&world);
}

#[test]
fn a_reset_driver_does_it_again() {
    let tasks = [put(), get()];
    let mut first = run(&tasks, ClientConfig::default(), ServerConfig::default());
    // The network is the same one, so its second ports are others.
    let portless = |reports: &[TransferReport]| {
        let portless = |report: &TransferReport| TransferReport {
            control: None,
            data: None,
            ..report.clone()
        };
        reports.iter().map(portless).collect::<Vec<_>>()
    };
    let reports = portless(first.client.reports());
    first.client.reset();
    assert!(first.client.reports().is_empty() && first.client.dialogue().is_empty());
    first.connect(&tasks);
    first.run();
    assert_eq!(portless(first.client.reports()), reports);
    let programs = first.client.dialogue().iter().filter(|it| it.speaker == Speaker::Program);
    assert_eq!(programs.count(), 0);
    check_clean(&first);
}
