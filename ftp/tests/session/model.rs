//! The effect of a model on files and connections, on the mock network.

use crate::net::Rules;
use crate::world::{SIZE, check_clean, close, code, only, pattern, put, world};
use halfclose_ftp::model::{Choice, ControlLoss, Judgement, Kept, Resets};
use halfclose_ftp::store::{Appears, Fate, Writing};
use halfclose_ftp::tcp::Ending;
use halfclose_ftp::{Close, MemoryStore, ServerConfig, ServerModel, Store, Told};
use std::time::Duration;

/// Judgements that differ by how far the program had come.
fn resets() -> ServerModel {
    let keeps = |kept| Choice::Always(Judgement { kept, ..Judgement::ABORT });
    let on_reset = Resets {
        in_time: keeps(Kept::All),
        behind: keeps(Kept::AllButLastRead(4096)),
        not_begun: keeps(Kept::Empty),
    };
    let after_fin =
        Resets { behind: Choice::Always(Judgement::ABORT), ..Resets::always(Judgement::AS_EOF) };
    ServerModel { on_reset, after_fin, ..ServerModel::PLAIN }
}

#[test]
fn a_program_that_is_behind_knows_it() {
    let ms = Duration::from_millis;
    let zero = Duration::ZERO;
    for (how, accept_delay, read_delay, reply, stored) in [
        (Close::ResetWhenAcked, zero, zero, 426, SIZE),
        (Close::ResetWhenAcked, zero, ms(1), 426, SIZE),
        (Close::Reset, zero, ms(1), 426, 8192),
        (Close::Reset, ms(1), zero, 426, 0),
        (Close::Reset, ms(1), ms(1), 426, 0),
        (Close::FinThenReset, zero, zero, 226, SIZE),
        (Close::FinThenReset, zero, ms(1), 426, SIZE),
        (Close::FinThenReset, ms(1), zero, 226, SIZE),
        (Close::Fin, ms(1), ms(1), 226, SIZE),
        (Close::HalfClose, ms(1), ms(1), 226, SIZE),
    ] {
        let server =
            ServerConfig { model: resets(), accept_delay, read_delay, ..ServerConfig::default() };
        let rules = Rules { window: 2 * SIZE, ..Rules::default() };
        let mut world = world(close(how), server, rules);
        world.connect(&[put()]);
        world.run();
        let context = format!("{how:?} {accept_delay:?} {read_delay:?}");
        assert_eq!(code(only(world.client.reports())), reply, "{context}");
        let file = world.server.store().get("b.bin").expect("it is kept");
        assert_eq!(file, &pattern(SIZE)[..stored], "{context}");
        check_clean(&world);
    }
}

#[test]
fn a_hidden_upload_appears_when_it_is_complete() {
    let model = ServerModel { hidden: true, ..ServerModel::PLAIN };
    let model = model.on_reset(Judgement::ABORT_DELETE);
    for (how, stored) in [(Close::Fin, &*pattern(SIZE)), (Close::Reset, b"old")] {
        let server = ServerConfig { model, ..ServerConfig::default() };
        let mut world = world(close(how), server, Rules::default());
        world.server.store_mut().insert("b.bin", (*b"old").into());
        world.connect(&[put()]);
        world.run();
        assert_eq!(world.server.store().get("b.bin"), Some(stored), "{how:?}");
        check_clean(&world);
    }
}

#[test]
fn a_loss_that_is_noticed_with_the_next_data() {
    let control_loss = ControlLoss::NextData(1000);
    let model = ServerModel { control_loss, ..ServerModel::PLAIN };
    let server = ServerConfig { model, ..ServerConfig::default() };
    let mut world = world(close(Close::Fin), server, Rules { window: SIZE, flush: false });
    world.server.store_mut().set_rate(Some(100_000));
    world.connect(&[put()]);
    let stored =
        |world: &crate::world::World| world.server.store().get("b.bin").map_or(0, <[u8]>::len);
    world.run_until(|world| stored(world) > 0);
    let before = stored(&world);
    world.net.cut(crate::net::SERVER, |local, _| local.port() == 21);
    world.run();
    assert_eq!(stored(&world), before + 1000);
    let report = only(world.server.reports());
    assert_eq!((report.told, report.ending), (Told::Nothing, Some(Ending::Aborted)));
    check_clean(&world);
}

#[test]
fn a_store_that_hides_and_cuts() {
    let mut store = MemoryStore::new();
    store.insert("a", (*b"old").into());
    let hidden = Writing { appears: Appears::WhenKept, ..Writing::default() };
    for (fate, kept, content) in [
        (Fate::Discard, false, &b"old"[..]),
        (Fate::Cut(2), true, b"ne"),
        (Fate::Keep, true, b"new"),
    ] {
        let file = store.open_write("a", hidden, Duration::ZERO).unwrap();
        let before = store.get("a").map(<[u8]>::to_vec);
        store.write(file, b"new", Duration::ZERO).unwrap();
        assert_eq!(store.get("a"), before.as_deref());
        store.close(file, fate).unwrap();
        assert_eq!(store.get("a"), Some(content), "{fate:?}");
        assert_eq!(store.poll_closed().unwrap().kept, kept);
        assert_eq!(store.names().count(), 1);
    }
}
