//! Every task of a client's script, against this crate's server: dialogue, result, files.

use crate::world::{World, check_clean, pattern};
use halfclose_ftp::model::Phrase;
use halfclose_ftp::report::Value;
use halfclose_ftp::store::EntryKind;
use halfclose_ftp::wire::listing::{self, Form};
use halfclose_ftp::{
    ClientConfig, DataMode, Representation, ServerConfig, ServerModel, Task, Told, UploadMode,
};
use std::time::Duration;

/// The date at time 0: 2002-02-06T00:00:00Z.
const EPOCH: Duration = Duration::from_secs(1_012_953_600);

fn put(mode: UploadMode) -> Task {
    Task::Put { local: "a".into(), remote: "b".into(), mode }
}

fn resume() -> Task {
    Task::Get { remote: "b".into(), local: "a".into(), resume: true }
}

fn passive() -> ClientConfig {
    ClientConfig { mode: DataMode::Passive, ..ClientConfig::default() }
}

/// Runs tasks with these files on both sides.
fn with(
    tasks: &[Task],
    config: ClientConfig,
    server: ServerConfig,
    here: Option<&[u8]>,
    there: Option<&[u8]>,
) -> World {
    let mut world = World::new(config, server, crate::net::Rules::default());
    if let Some(here) = here {
        world.client.store_mut().insert("a", here.into());
    }
    if let Some(there) = there {
        world.server.store_mut().insert("b", there.into());
    }
    world.connect(tasks);
    world.run();
    check_clean(&world);
    world
}

/// The commands of a dialogue, without login, data connection and end.
fn commands(world: &World) -> String {
    let usual = ["USER", "PASS", "EPSV", "QUIT"];
    let said = world.dialogue();
    let commands = said.lines().filter(|line| {
        let verb = line.split(' ').next().unwrap_or_default();
        verb.len() <= 4 && verb.bytes().all(|it| it.is_ascii_uppercase()) && !usual.contains(&verb)
    });
    commands.collect::<Vec<_>>().join("|")
}

#[test]
fn where_a_transfer_begins() {
    let (abc, abcdef) = (&b"abc"[..], &b"abcdef"[..]);
    for (task, here, there, said, told, left) in [
        (
            put(UploadMode::Replace),
            Some(abc),
            Some(abcdef),
            "TYPE I|STOR b",
            Told::Success,
            Some(abc),
        ),
        (
            put(UploadMode::Append),
            Some(b"def"),
            Some(abc),
            "TYPE I|APPE b",
            Told::Success,
            Some(abcdef),
        ),
        (put(UploadMode::Append), Some(abc), None, "TYPE I|APPE b", Told::Success, Some(abc)),
        (
            put(UploadMode::Resume),
            Some(abcdef),
            Some(abc),
            "TYPE I|SIZE b|REST 3|STOR b",
            Told::Success,
            Some(abcdef),
        ),
        (
            put(UploadMode::Resume),
            Some(abc),
            Some(abc),
            "TYPE I|SIZE b|REST 3|STOR b",
            Told::Success,
            Some(abc),
        ),
        (
            put(UploadMode::Resume),
            Some(abc),
            None,
            "TYPE I|SIZE b|STOR b",
            Told::Success,
            Some(abc),
        ),
        (
            put(UploadMode::Resume),
            Some(abc),
            Some(abcdef),
            "TYPE I|SIZE b",
            Told::Failure,
            Some(abcdef),
        ),
        (
            put(UploadMode::Unique),
            Some(abc),
            Some(abcdef),
            "TYPE I|STOU b",
            Told::Success,
            Some(abcdef),
        ),
        (put(UploadMode::Replace), None, Some(abc), "", Told::Failure, Some(abc)),
        (resume(), Some(abc), Some(abcdef), "TYPE I|REST 3|RETR b", Told::Success, Some(abcdef)),
        (resume(), Some(abc), Some(abc), "TYPE I|REST 3|RETR b", Told::Success, Some(abc)),
        (resume(), None, Some(abc), "TYPE I|RETR b", Told::Success, Some(abc)),
        (resume(), Some(abcdef), Some(abc), "TYPE I|REST 6|RETR b", Told::Failure, Some(abcdef)),
        (resume(), Some(abc), None, "TYPE I|REST 3|RETR b", Told::Failure, Some(abc)),
    ] {
        let download = matches!(task, Task::Get { .. });
        let world =
            with(std::slice::from_ref(&task), passive(), ServerConfig::default(), here, there);
        let store = if download { world.client.store() } else { world.server.store() };
        let name = if download { "a" } else { "b" };
        let [report] = world.client.reports() else { panic!("one task, one report") };
        assert_eq!((commands(&world).as_str(), report.told), (said, told), "{task:?} {here:?}");
        assert_eq!(store.get(name), left, "{task:?} {here:?}");
        assert!(!report.text.is_empty());
    }
    let unique =
        with(&[put(UploadMode::Unique)], passive(), ServerConfig::default(), Some(abc), Some(b""));
    assert_eq!(unique.client.reports()[0].remote_name.as_deref(), Some("b.1"));
    assert_eq!(unique.server.store().get("b.1"), Some(abc));
}

#[test]
fn a_server_that_knows_no_rest_or_no_size() {
    let refuses = |refuses| ServerConfig {
        model: ServerModel { refuses, ..ServerModel::PLAIN },
        ..ServerConfig::default()
    };
    const UNKNOWN: Phrase = Phrase(502, "What?");
    let (abc, abcdef) = (&b"abc"[..], &b"abcdef"[..]);
    let world = with(
        &[put(UploadMode::Resume), resume()],
        passive(),
        refuses(&[("REST", UNKNOWN)]),
        Some(abcdef),
        Some(abc),
    );
    assert_eq!(commands(&world), "TYPE I|SIZE b|REST 3|APPE b|REST 6|RETR b");
    assert_eq!(world.server.store().get("b"), Some(abcdef));
    assert_eq!(world.client.store().get("a"), Some(abcdef));

    let server = refuses(&[("SIZE", UNKNOWN)]);
    let world = with(&[put(UploadMode::Resume)], passive(), server, Some(abcdef), Some(abc));
    let text = "the server did not tell the size of its file, so the place to go on is unknown: \
                SIZE was answered 502 What?";
    assert_eq!(world.client.reports()[0].text, text);
    assert_eq!(world.server.store().get("b"), Some(abc));
}

#[test]
fn texts_end_their_lines_as_is_usual_here_and_there() {
    let config = ClientConfig { representation: Representation::Ascii, ..passive() };
    let tasks = [put(UploadMode::Replace), Task::get("b", "c"), put(UploadMode::Resume)];
    let text = b"one\ntwo\r\nthree";
    let world = with(&tasks, config, ServerConfig::default(), Some(text), None);
    assert_eq!(commands(&world), "TYPE A|STOR b|RETR b");
    let expected = Some(&b"one\ntwo\nthree"[..]);
    assert_eq!(
        (world.server.store().get("b"), world.client.store().get("c")),
        (expected, expected)
    );
    let told: Vec<_> = world.client.reports().iter().map(|it| it.told).collect();
    assert_eq!(told, [Told::Success, Told::Success, Told::Failure]);
    // What is on the way has all of its line ends.
    assert_eq!(world.client.reports()[0].sent, 15);
}

#[test]
fn listings_in_every_form() {
    let server = || ServerConfig { epoch: EPOCH, ..ServerConfig::default() };
    for (form, said) in [
        (None, "MLSD photos"),
        (Some(Form::Facts), "MLSD photos"),
        (Some(Form::Long), "TYPE A|LIST photos"),
        (Some(Form::Names), "TYPE A|NLST photos"),
    ] {
        let mut world = World::new(passive(), server(), crate::net::Rules::default());
        world.server.store_mut().set_epoch(EPOCH);
        world.server.store_mut().insert("photos/cat.jpg", pattern(1234));
        world.server.store_mut().insert("photos/2002/dog.jpg", pattern(1));
        world.connect(&[Task::List { remote: "photos".into(), local: "l".into(), form }]);
        world.run();
        check_clean(&world);
        assert_eq!(commands(&world), said);
        let [report] = world.client.reports() else { panic!("one task, one report") };
        assert_eq!(report.told, Told::Success);
        let form = report.listing.unwrap();
        let text = std::str::from_utf8(world.client.store().get("l").unwrap()).unwrap();
        let lines: Vec<_> = text
            .lines()
            .map(|line| listing::read(form, line.as_bytes(), EPOCH).entry().unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "{text}");
        if form == Form::Names {
            assert_eq!([lines[0].name, lines[1].name], [&b"photos/2002"[..], b"photos/cat.jpg"]);
        } else {
            assert_eq!((lines[0].name, lines[0].kind), (&b"2002"[..], Some(EntryKind::Directory)));
            let cat = lines[1];
            assert_eq!(
                (cat.name, cat.kind, cat.size),
                (&b"cat.jpg"[..], Some(EntryKind::File), Some(1234))
            );
            assert_eq!(cat.modified, Some(EPOCH));
        }
    }
    let world = with(&[Task::list("none", "l")], passive(), server(), None, None);
    assert_eq!(world.client.reports()[0].text, "550 No such file.");
    assert_eq!(world.client.store().get("l"), None);
}

#[test]
fn everything_else_that_may_be_asked() {
    let name = |name: &str| name.into();
    let tasks = [
        Task::PrintDirectory,
        Task::MakeDirectory { remote: name("d") },
        Task::ChangeDirectory { remote: name("d") },
        Task::PrintDirectory,
        Task::Size { remote: name("/b") },
        Task::SetModified { remote: name("/b"), modified: EPOCH },
        Task::Modified { remote: name("/b") },
        Task::Rename { from: name("/b"), to: name("c") },
        Task::Rename { from: name("/b"), to: name("c") },
        Task::Size { remote: name("c") },
        Task::Delete { remote: name("c") },
        Task::ChangeDirectory { remote: name("/") },
        Task::RemoveDirectory { remote: name("d") },
        Task::RemoveDirectory { remote: name("d") },
        Task::Noop,
    ];
    let world = with(&tasks, passive(), ServerConfig::default(), None, Some(b"abc"));
    assert_eq!(
        commands(&world),
        "PWD|MKD d|CWD d|PWD|TYPE I|SIZE /b|MFMT 20020206000000 /b|MDTM /b|RNFR /b|RNTO c|RNFR /b|\
         SIZE c|DELE c|CWD /|RMD d|RMD d|NOOP"
    );
    let told: Vec<_> = world.client.commands().iter().map(|it| it.told == Told::Success).collect();
    assert_eq!(told, (0..15).map(|at| ![8, 13].contains(&at)).collect::<Vec<_>>());
    let places: Vec<_> = world.client.commands().iter().map(|it| it.task).collect();
    assert_eq!(places, (0..15).collect::<Vec<_>>());
    let value = |at: usize| &world.client.commands()[at].value;
    assert_eq!(*value(0), Value::Path("/".into()));
    assert_eq!(*value(3), Value::Path("/d".into()));
    assert_eq!(*value(4), Value::Size(3));
    assert_eq!(*value(6), Value::Date(EPOCH));
    assert_eq!(world.client.commands()[8].text, "550 No such file.");
}

#[test]
fn nothing_is_left_untold_when_the_login_fails() {
    let server = ServerConfig { users: Vec::new(), ..ServerConfig::default() };
    let tasks = [Task::Noop, put(UploadMode::Replace), Task::Size { remote: "b".into() }];
    let world = with(&tasks, passive(), server, Some(b"abc"), None);
    let told: Vec<_> = world.client.commands().iter().map(|it| (it.task, it.told)).collect();
    assert_eq!(told, [(0, Told::Failure), (2, Told::Failure)]);
    assert_eq!(world.client.reports()[0].told, Told::Failure);
}

#[test]
fn a_full_disk_is_told() {
    let mut world = World::new(passive(), ServerConfig::default(), crate::net::Rules::default());
    world.client.store_mut().insert("a", pattern(10_000));
    world.server.store_mut().insert("old", pattern(100));
    world.server.store_mut().set_capacity(Some(5_000));
    world.connect(&[put(UploadMode::Replace), Task::Noop]);
    world.run();
    check_clean(&world);
    let report = &world.client.reports()[0];
    assert_eq!((report.told, &*report.text), (Told::Failure, "552 Insufficient storage space."));
    assert_eq!(world.client.commands()[0].told, Told::Success);
}

#[test]
fn a_listing_falls_back() {
    const UNKNOWN: Phrase = Phrase(500, "Unknown command.");
    for (refuses, said, form) in [
        (&[("MLSD", UNKNOWN)][..], "MLSD|TYPE A|LIST", Form::Long),
        (&[("MLSD", UNKNOWN), ("LIST", UNKNOWN)], "MLSD|TYPE A|LIST|NLST", Form::Names),
    ] {
        for mode in [DataMode::Active, DataMode::Passive] {
            let model = ServerModel { refuses, ..ServerModel::PLAIN };
            let server = ServerConfig { model, ..ServerConfig::default() };
            let config = ClientConfig { mode, ..ClientConfig::default() };
            let world = with(&[Task::list("", "l")], config, server, None, Some(b"abc"));
            let report = &world.client.reports()[0];
            assert_eq!((report.told, report.listing), (Told::Success, Some(form)));
            if mode == DataMode::Passive {
                assert_eq!(commands(&world), said);
            }
            let text = std::str::from_utf8(world.client.store().get("l").unwrap()).unwrap();
            assert_eq!(
                listing::read(form, text.trim_end().as_bytes(), EPOCH).entry().unwrap().name,
                b"b"
            );
        }
    }
    // Asked for by name, it is not replaced by another.
    let model = ServerModel { refuses: &[("MLSD", UNKNOWN)], ..ServerModel::PLAIN };
    let server = ServerConfig { model, ..ServerConfig::default() };
    let task = Task::List { remote: "".into(), local: "l".into(), form: Some(Form::Facts) };
    let world = with(&[task], passive(), server, None, None);
    assert_eq!(world.client.reports()[0].text, "500 Unknown command.");
}

#[test]
fn after_a_doubtful_end_the_user_is_told_what_the_server_holds() {
    use halfclose_ftp::{Close, Judgement};
    for (judgement, close, text, there) in [
        (
            Judgement::ABORT,
            Close::ResetWhenAcked,
            "426, but the server holds all 10,000 bytes",
            Some(10_000),
        ),
        (
            Judgement::ABORT_DELETE,
            Close::ResetWhenAcked,
            "426, and the server holds no such file",
            None,
        ),
        (Judgement::AS_EOF, Close::ResetWhenAcked, "226 Transfer complete.", Some(10_000)),
        (Judgement::DROP_CONTROL, Close::ResetWhenAcked, "Connection reset by peer", None),
        (Judgement::ABORT, Close::Fin, "226 Transfer complete.", Some(10_000)),
    ] {
        let model = ServerModel::PLAIN.on_reset(judgement);
        let server = ServerConfig { model, ..ServerConfig::default() };
        let config = ClientConfig { checks: true, close, ..passive() };
        let mut world = World::new(config, server, crate::net::Rules::default());
        world.client.store_mut().insert("a", pattern(10_000));
        world.connect(&[put(UploadMode::Replace)]);
        world.run();
        check_clean(&world);
        let report = &world.client.reports()[0];
        assert_eq!((&*report.text, report.remote_size), (text, there), "{judgement:?}");
        assert_eq!(report.told == Told::Success, text.starts_with("226"));
    }
    // A part of the file, and a file with an unknown beginning.
    for (place, text) in [
        (UploadMode::Replace, "552: the server holds 4,096 of 10,000 bytes"),
        (UploadMode::Append, "552: the server holds 4,096 bytes"),
    ] {
        let config = ClientConfig { checks: true, ..passive() };
        let mut world = World::new(config, ServerConfig::default(), crate::net::Rules::default());
        world.client.store_mut().insert("a", pattern(10_000));
        world.server.store_mut().set_capacity(Some(5_000));
        world.server.store_mut().set_rate(Some(1 << 30));
        world.connect(&[put(place)]);
        world.run();
        assert_eq!(world.client.reports()[0].text, text);
    }
}
