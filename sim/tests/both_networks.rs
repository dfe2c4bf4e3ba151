//! The same dialogue over the simulation and over the kernel's sockets: the same commands, the same
//! replies, the same files. What the laboratory shows is what a user runs.

#![cfg(feature = "net")]

use std::sync::Arc;
use std::time::Duration;

use halfclose::scenario::{Scenario, file};
use halfclose::side::Side;
use halfclose::trace::Recording;
use halfclose::workload::Workload;
use halfclose::world::World;
use halfclose_ftp::net::Sockets;
use halfclose_ftp::report::Spoken;
use halfclose_ftp::{
    Client, ClientConfig, DataMode, Driver, MemoryStore, Place, Server, ServerConfig, Task,
};

const SCENARIO: &str = r#"
[link]
delay = "1ms"
[[do]]
mkdir = "d"
[[do]]
put = "d/a"
size = "100KB"
[[do]]
put = "d/a"
size = "1KB"
[[do]]
append = "d/a"
size = "70KB"
[[do]]
ls = "/d"
[[do]]
get = "d/a"
[[do]]
get = "none/b"
size = "200KB"
[[do]]
put = "c"
size = "0"
[[do]]
rename = "c"
to = "e"
[[do]]
rename = "c"
to = "e"
[[do]]
size_of = "e"
[[do]]
size_of = "d"
[[do]]
put = "d"
[[do]]
delete = "e"
[[do]]
delete = "e"
[[do]]
rmdir = "d"
[[do]]
put = "d/a"
size = "200KB"
resume = true
[[do]]
noop = true
"#;

/// The date on which every simulated run begins.
const EPOCH: Duration = Duration::from_secs(1_012_953_600);

/// What a client is asked to do, as the scenario has it.
fn tasks() -> Arc<[Task]> {
    let name = |name: &str| -> Arc<str> { name.into() };
    let put = |number: usize, remote: &str, place| Task::Put {
        local: format!("the source of do.{number}").into(),
        remote: remote.into(),
        place,
    };
    let rename = || Task::Rename { from: name("c"), to: name("e") };
    [
        Task::MakeDirectory { remote: name("d") },
        put(2, "d/a", Place::Over),
        put(3, "d/a", Place::Over),
        put(4, "d/a", Place::Behind),
        Task::list("d", "the listing of :d"),
        Task::get("d/a", "d/a"),
        Task::get("none/b", "none/b"),
        put(8, "c", Place::Over),
        rename(),
        rename(),
        Task::Size { remote: name("e") },
        Task::Size { remote: name("d") },
        put(13, "d", Place::Over),
        Task::Delete { remote: name("e") },
        Task::Delete { remote: name("e") },
        Task::RemoveDirectory { remote: name("d") },
        put(17, "d/a", Place::Resume),
        Task::Noop,
    ]
    .into()
}

/// Who said what, but for the addresses, which differ.
fn lines(spoken: &[Spoken]) -> Vec<String> {
    let masked = |text: &str| {
        let text = match text.split_once(' ').unwrap_or((text, "")) {
            ("227" | "229" | "PORT" | "EPRT", _) => text.split(['|', '(']).next().unwrap_or(text),
            _ => text,
        };
        text.trim_end_matches(|c: char| c.is_ascii_digit() || c == ',').to_owned()
    };
    let line = |it: &Spoken| {
        let text = if it.text.starts_with("213 ") { it.text.clone() } else { masked(&it.text) };
        format!("{:?}: {text}", it.speaker)
    };
    spoken.iter().map(line).collect()
}

fn files(store: &MemoryStore) -> Vec<(String, Vec<u8>)> {
    let content =
        |name: &str| store.image(name).expect("it is named").to_vec().expect("it is made");
    // A listing has the times of its network in it.
    let names = store.names().filter(|name| !name.contains("listing"));
    names.map(|name| (name.to_owned(), content(name))).collect()
}

/// Both drivers over the kernel, in one thread; the files before are those of the simulated run.
fn over_the_kernel(
    mode: DataMode,
    workload: &Workload,
) -> (Driver<Client, MemoryStore>, Driver<Server, MemoryStore>) {
    let config = ServerConfig { epoch: EPOCH, ..ServerConfig::default() };
    let mut server = Driver::server(config, MemoryStore::new());
    server.store_mut().set_epoch(EPOCH);
    server.store_mut().insert_image("none/b", workload.content(6));
    let client = ClientConfig { mode, ..ClientConfig::default() };
    let mut client: Driver<Client, _> = Driver::client(client, MemoryStore::new());
    client.record_dialogue(true);
    for (index, task) in tasks().iter().enumerate() {
        if let Task::Put { local, .. } = task {
            client.store_mut().insert_image(local, workload.content(index));
        }
    }
    for directory in ["d", "none"] {
        halfclose_ftp::Store::make_directory(client.store_mut(), directory, Duration::ZERO)
            .expect("it is not there yet");
    }
    let mut here = Sockets::new().expect("the kernel has sockets");
    let mut there = Sockets::new().expect("the kernel has sockets");
    let at = "127.0.0.1:0".parse().expect("an address");
    let at = server.listen(&mut there, at, 8).expect("a port is free");
    let now = here.now();
    client.connect(&mut here, at, tasks(), now).expect("a port is free");
    while !client.is_done() {
        let now = here.now();
        assert!(now < Duration::from_secs(60), "{:#?}", lines(client.dialogue()));
        client.pump(&mut here, now);
        let now = there.now();
        server.pump(&mut there, now);
        let soon = Duration::from_micros(200);
        here.wait(Some(here.now() + soon)).expect("it waits");
        there.wait(Some(there.now() + soon)).expect("it waits");
    }
    (client, server)
}

#[test]
fn the_same_dialogue_over_both_networks() {
    for (mode, name) in [(DataMode::Passive, "passive"), (DataMode::Active, "active")] {
        let mut scenario: Scenario =
            file::parse(SCENARIO, "both", "both.toml").expect("it is sound");
        scenario.set("client.mode", name).expect("it is sound");
        let workload = Workload::load(&scenario).expect("its files are generated");
        let mut world = World::new(&scenario, &workload, 0, Recording::Headers);
        let end = world.run();
        let outcome = world.conclude(end);
        assert_eq!(outcome.broken_laws, []);

        let (client, server) = over_the_kernel(mode, &workload);
        let simulated = lines(world.client().dialogue());
        assert!(simulated.len() > 70, "{simulated:#?}");
        assert_eq!(lines(client.dialogue()), simulated, "{name}");
        assert_eq!(files(server.store()), files(world.store(Side::Server)), "{name}");
        assert_eq!(files(client.store()), files(world.store(Side::Client)), "{name}");
        for (real, simulated) in client.reports().iter().zip(world.client().reports()) {
            assert_eq!((real.told, &real.text), (simulated.told, &simulated.text));
            assert_eq!((real.sent, real.received), (simulated.sent, simulated.received));
        }
        let values = |it: &[halfclose_ftp::CommandReport]| {
            it.iter().map(|it| (it.told, it.value.clone())).collect::<Vec<_>>()
        };
        assert_eq!(values(client.commands()), values(world.client().commands()), "{name}");
    }
}
