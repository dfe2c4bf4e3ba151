//! `parity` runs one scenario twice, over the simulated network and over the operating system's,
//! and compares the dialogues, the reports of the client, and the files of both sides. The
//! comparison shows that users run the code that the laboratory tests.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use halfclose_ftp::net::Sockets;
use halfclose_ftp::report::{Speaker, Spoken};
use halfclose_ftp::{Client, Driver, MemoryStore, Server};

use crate::network::trace::Recording;
use crate::scenario::{Scenario, file};
use crate::side::Side;
use crate::workload::Workload;
use crate::world::configure;
use crate::world::{World, initial_files};

const SEED: u64 = 1;
/// The longest real time of a session.
const LIMIT: Duration = Duration::from_secs(20);

/// The simulated link of the comparison: everything that fits into the windows leaves before a
/// reset.
const LOOPBACK: [&str; 4] =
    ["link.delay=50us", "link.mtu=65535", "tcp.congestion=none", "tcp.nagle=false"];

/// Every task of a client, with tasks that are refused.
const EVERYTHING: &str = r#"
    do = [
        { mkdir = "new" },
        { rmdir = "new" },
        { mkdir = "photos" },
        { put = "photos/a.bin", size = "100kB" },
        { size_of = "photos/a.bin" },
        { mtime = "photos/a.bin" },
        { size_of = "nothing" },
        { append = "photos/b.bin", size = "3000", before = "5000" },
        { put = "c.bin", size = "20000", before = "7000", resume = true },
        { get = "d.bin", size = "300000" },
        { get = "e.bin", size = "20000", before = "7000", resume = true },
        { put = "empty", size = "0" },
        { put = "photos", size = "10" },
        { size_of = "photos" },
        { put = "photos/b.bin", size = "100" },
        { ls = "photos" },
        { noop = true },
        { rename = "photos/a.bin", to = "f.bin" },
        { rename = "gone", to = "f.bin" },
        { delete = "f.bin" },
        { delete = "f.bin" },
        { rmdir = "photos" },
        { put = "c.bin", size = "20000", resume = true },
    ]
"#;

const UPLOAD: &str = "do = [{ put = \"a.bin\", size = \"10000\" }]";

#[test]
fn every_command_has_the_same_reply_and_leaves_the_same_files() {
    for settings in [
        &["client.mode=passive"][..],
        &["client.mode=active"],
        &["client.mode=passive", "client.extended=false"],
        &["client.mode=active", "client.extended=false"],
    ] {
        let lines = compare(EVERYTHING, settings, |world, client, server| {
            for (side, store) in [(Side::Client, client.store()), (Side::Server, server.store())] {
                let simulated = world.store(side);
                let names = left(store);
                assert_eq!(names, left(simulated), "{settings:?}, {side:?}");
                for name in names {
                    assert!(
                        content(store, name) == content(simulated, name),
                        "{settings:?}, {side:?}: {name} is another file"
                    );
                }
            }
            let reports = |of: &Driver<Client, _>| -> Vec<_> {
                let all = of.reports().iter();
                all.map(|it| (it.told, it.text.clone(), it.sent, it.received)).collect()
            };
            assert_eq!(reports(client), reports(world.client()), "{settings:?}");
            let values = |of: &Driver<Client, _>| -> Vec<_> {
                of.commands().iter().map(|it| (it.told, it.value.clone())).collect()
            };
            assert_eq!(values(client), values(world.client()), "{settings:?}");
        });
        assert!(lines > 90, "only {lines} lines");
    }
}

#[test]
fn every_end_of_an_upload_has_the_same_reply() {
    let mut lines = 0;
    for close in
        ["fin", "half-close", "reset", "reset-when-sent", "reset-when-acked", "fin-then-reset"]
    {
        for policy in ["abort", "abort-delete", "as-eof", "perror-reply", "drop-control"] {
            let (close, policy) =
                (format!("client.close={close}"), format!("server.on_reset={policy}"));
            lines += compare(UPLOAD, &[&close, &policy], |_, _, _| ());
        }
    }
    assert!(lines > 300, "only {lines} lines");
}

#[test]
fn every_measured_server_has_the_same_reply_to_a_whole_upload() {
    for model in &halfclose_ftp::model::PRESETS {
        let model = format!("server.model={}", model.name);
        compare(UPLOAD, &[&model], |_, _, _| ());
    }
}

/// Compares the dialogues, and the results of `more`. Returns the number of equal lines.
fn compare(
    text: &str,
    settings: &[&str],
    more: impl FnOnce(&World<'_>, &Driver<Client, MemoryStore>, &Driver<Server, MemoryStore>),
) -> usize {
    let mut scenario = file::parse(text, "parity", "parity.toml").expect("a scenario");
    scenario.vary(LOOPBACK.into_iter().chain(settings.iter().copied())).expect("settings");
    let workload = Workload::load(&scenario).expect("nothing is read");
    let mut world = World::new(&scenario, &workload, SEED, Recording::Headers);
    let end = world.run();
    let simulated = said(world.client().dialogue());
    let (client, server) = real(&scenario, &workload);
    assert_eq!(simulated, said(client.dialogue()), "{settings:?}: simulated on the left");
    more(&world, &client, &server);
    assert_eq!(world.conclude(end).broken_laws, [], "{settings:?}");
    simulated.lines().count()
}

/// The files of a store without listings, whose times depend on the network.
fn left(store: &MemoryStore) -> Vec<&str> {
    store.names().filter(|name| !name.contains("listing")).collect()
}

fn content(store: &MemoryStore, name: &str) -> Vec<u8> {
    store.content(name).expect("it is named").to_vec().expect("it is in memory")
}

fn real(
    scenario: &Scenario,
    workload: &Workload,
) -> (Driver<Client, MemoryStore>, Driver<Server, MemoryStore>) {
    let scripts = configure::scripts(workload, scenario.client.count);
    let mut client = Driver::client(configure::client(scenario), MemoryStore::new());
    let mut server = Driver::server(configure::server(scenario, SEED), MemoryStore::new());
    client.record_dialogue(true);
    initial_files::lay_out(scenario, workload, &scripts, client.store_mut(), server.store_mut());
    let sockets = || Sockets::new().expect("the system gives sockets");
    let (mut here, mut there) = (sockets(), sockets());
    let at = SocketAddr::from(([127, 0, 0, 1], 0));
    let at = server.listen(&mut there, at, configure::BACKLOG).expect("a port is free");
    for script in scripts {
        client.connect(&mut here, at, script, Duration::ZERO).expect("it is there");
    }
    while !client.is_done() {
        let now = here.now();
        assert!(now < LIMIT, "not done: {}", said(client.dialogue()));
        client.pump(&mut here, now);
        server.pump(&mut there, now);
        here.wait(Some(now)).expect("it can be waited for");
        there.wait(Some(there.now())).expect("it can be waited for");
    }
    (client, server)
}

/// A dialogue without the parts that must differ: ports, addresses and durations.
fn said(dialogue: &[Spoken]) -> String {
    let mut text = String::new();
    for line in dialogue {
        let sign = match line.speaker {
            Speaker::Client => '>',
            Speaker::Server => '<',
            Speaker::Program => '*',
        };
        let differs = ["PORT ", "EPRT ", "227 ", "229 "].iter().any(|it| line.text.starts_with(it))
            || line.text.contains(" seconds (measured here), ");
        let said = match differs {
            true => line.text.chars().filter(|c| c.is_alphabetic()).collect(),
            false => line.text.clone(),
        };
        writeln!(text, "{sign} {said}").expect("a String takes everything");
    }
    text
}
