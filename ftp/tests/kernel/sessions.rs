//! The client and the server of this crate over the kernel's TCP.

use crate::world::World;
use halfclose_ftp::report::Told;
use halfclose_ftp::{ClientConfig, Close, DataMode, ServerConfig, Task};

const CLOSES: [Close; 6] = [
    Close::Fin,
    Close::HalfClose,
    Close::Reset,
    Close::ResetWhenSent,
    Close::ResetWhenAcked,
    Close::FinThenReset,
];

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

/// Uploads a file of `length` bytes with this way to close.
fn put(length: usize, close: Close, mode: DataMode) -> World {
    let client = ClientConfig { close, mode, ..ClientConfig::default() };
    let mut world = World::new(client, ServerConfig::default());
    world.client.store_mut().insert("a.bin", content(length).into());
    world.connect(&[Task::put("a.bin", "b.bin")]);
    world.run();
    world
}

#[test]
fn files_go_up_and_come_down() {
    for mode in [DataMode::Active, DataMode::Passive] {
        for length in [0, 1, 10_000, 5_000_000] {
            let mut world = put(length, Close::Fin, mode);
            assert_eq!(world.server.store().get("b.bin"), Some(&*content(length)));
            world.connect(&[Task::get("b.bin", "c.bin")]);
            world.run();
            assert_eq!(world.client.store().get("c.bin"), Some(&*content(length)));
            assert!(world.client.reports().iter().all(|report| report.told == Told::Success));
        }
    }
}

/// Loopback loses nothing: only the bytes that the sender drops differ, and the replies.
#[test]
fn each_way_to_close_has_its_reply() {
    for close in CLOSES {
        let world = put(10_000, close, DataMode::Passive);
        let report = &world.client.reports()[0];
        let code = report.reply.as_ref().map(|reply| reply.code);
        let reset = matches!(close, Close::Reset | Close::ResetWhenSent | Close::ResetWhenAcked);
        assert_eq!(code, Some(if reset { 426 } else { 226 }), "{close:?}");
        assert_eq!(world.server.store().get("b.bin"), Some(&*content(10_000)), "{close:?}");
    }
}

#[test]
fn a_reset_when_acknowledged_loses_nothing_of_a_large_file() {
    let world = put(8 << 20, Close::ResetWhenAcked, DataMode::Passive);
    assert_eq!(world.client.reports()[0].reply.as_ref().unwrap().code, 426);
    assert_eq!(world.server.store().get("b.bin").map(<[u8]>::len), Some(8 << 20));
}

#[test]
fn nothing_is_left_behind() {
    let mut world = put(10_000, Close::Fin, DataMode::Active);
    world.run();
    assert_eq!(world.server.sessions(), 0);
    let [client, server] = &world.sockets;
    assert!(client.is_flushed() && server.is_flushed());
    let said = world.dialogue();
    assert_eq!(said.last().map(String::as_str), Some("221 Goodbye."), "{said:#?}");
}
