//! Every way to end a data connection, with the judgement of the peer.

use crate::net::Rules;
use crate::world::{SIZE, check_clean, close, code, get, only, pattern, put, run, world};
use halfclose_ftp::model::ControlLoss;
use halfclose_ftp::tcp::Ending;
use halfclose_ftp::{ClientConfig, Close, Judgement, ServerConfig, ServerModel, Task, Told};
use std::time::Duration;

#[test]
fn every_close_of_an_upload() {
    use Close::{Fin, FinThenReset, HalfClose, Reset, ResetWhenAcked, ResetWhenSent};
    use Ending::{Aborted, Finished};
    for (how, reply, told, client, server) in [
        (Fin, 226, Told::Success, None, Finished),
        (HalfClose, 226, Told::Success, Some(Finished), Finished),
        (Reset, 426, Told::Failure, Some(Aborted), Ending::Reset),
        (ResetWhenSent, 426, Told::Failure, Some(Aborted), Ending::Reset),
        (ResetWhenAcked, 426, Told::Failure, Some(Aborted), Ending::Reset),
        (FinThenReset, 226, Told::Success, Some(Aborted), Finished),
    ] {
        let world = run(&[put()], close(how), ServerConfig::default());
        let report = only(world.client.reports());
        assert_eq!((code(report), report.told, report.ending), (reply, told, client), "{how:?}");
        assert_eq!(only(world.server.reports()).ending, Some(server), "{how:?}");
        assert_eq!(world.server.store().get("b.bin"), Some(&*pattern(SIZE)), "{how:?}");
        check_clean(&world);
    }
}

#[test]
fn every_close_of_a_download() {
    use Close::{Fin, FinThenReset, HalfClose, Reset, ResetWhenAcked, ResetWhenSent};
    for (how, told, ending) in [
        (Fin, Told::Success, Ending::Finished),
        (HalfClose, Told::Success, Ending::Finished),
        (Reset, Told::Failure, Ending::Reset),
        (ResetWhenSent, Told::Failure, Ending::Reset),
        (ResetWhenAcked, Told::Failure, Ending::Reset),
        (FinThenReset, Told::Success, Ending::Finished),
    ] {
        let server = ServerConfig { close: how, ..ServerConfig::default() };
        let world = run(&[get()], ClientConfig::default(), server);
        let report = only(world.client.reports());
        assert_eq!(
            (code(report), report.told, report.ending),
            (226, told, Some(ending)),
            "{how:?}"
        );
        check_clean(&world);
    }
}

#[test]
fn every_meaning_of_a_reset() {
    let aborted = "426 Connection Closed, transfer aborted.";
    let error = "Error 146: Connection reset by peer";
    for (on_reset, reply, told, text, kept) in [
        (Judgement::ABORT, 426, Told::Failure, aborted, true),
        (Judgement::ABORT_DELETE, 426, Told::Failure, aborted, false),
        (Judgement::AS_EOF, 226, Told::Success, "226 Transfer complete.", true),
        (Judgement::PERROR_REPLY, 426, Told::Failure, &*format!("426 {error}"), true),
        (Judgement::DROP_CONTROL, 150, Told::Failure, error, true),
    ] {
        let model = ServerModel::PLAIN.on_reset(on_reset);
        let server = ServerConfig { model, ..ServerConfig::default() };
        let client = ClientConfig::ftp_exe(Close::ResetWhenSent);
        let mut world = run(&[put()], client, server);
        let report = only(world.client.reports());
        assert_eq!((code(report), report.told, &*report.text), (reply, told, text));
        assert_eq!(world.server.store().get("b.bin").is_some(), kept, "{on_reset:?}");
        let closed = world.server.store_mut().poll_closed().unwrap();
        assert_eq!((&*closed.name, closed.kept), ("b.bin", kept));
        check_clean(&world);
    }
}

#[test]
fn a_slow_disk_behind_a_flush_loses_bytes() {
    for (flush, whole) in [(false, true), (true, false)] {
        let rules = Rules { flush, window: 8192 };
        let mut world =
            world(ClientConfig::ftp_exe(Close::ResetWhenSent), ServerConfig::default(), rules);
        world.server.store_mut().set_rate(Some(10_000));
        world.connect(&[put()]);
        world.run();
        assert_eq!(code(only(world.client.reports())), 426);
        let stored = world.server.store().get("b.bin").unwrap();
        assert_eq!(stored.len() == SIZE, whole, "{} stored", stored.len());
        assert!(pattern(SIZE).starts_with(stored));
        // The disk took a second for 10,000 bytes, but for the last block.
        assert!(!whole || world.now > Duration::from_millis(500));
        check_clean(&world);
    }
}

#[test]
fn abor_in_a_transfer() {
    for (task, after) in [(put(), 5_000), (get(), 5_000), (put(), 0)] {
        let tasks = [task, Task::Abor { after }, Task::Noop];
        let world = run(&tasks, ClientConfig::default(), ServerConfig::default());
        let report = only(world.client.reports());
        let context = world.dialogue();
        assert_eq!((report.told, code(report)), (Told::Failure, 426), "{context}");
        assert_eq!(report.sent + report.received, after, "{context}");
        let end = "\nABOR\n426 Connection Closed, transfer aborted.\n22";
        assert!(context.contains(end), "{context}");
        assert!(context.ends_with("NOOP\n200 NOOP ok.\nQUIT\n221 Goodbye."), "{context}");
        check_clean(&world);
    }
}

#[test]
fn a_lost_control_connection() {
    for (policy, whole) in [(ControlLoss::Abort, false), (ControlLoss::Finish, true)] {
        let model = ServerModel { control_loss: policy, ..ServerModel::PLAIN };
        let server = ServerConfig { model, ..ServerConfig::default() };
        let rules = Rules { window: 2 * SIZE, ..Rules::default() };
        let mut world = world(ClientConfig::ftp_exe(Close::Fin), server, rules);
        world.server.store_mut().set_rate(Some(100_000));
        world.connect(&[put(), get()]);
        // The client has sent everything and closed; the server's disk is busy with it.
        world.run_until(|world| world.server.store().get("b.bin").is_some_and(|it| !it.is_empty()));
        world.net.cut(crate::net::SERVER, |local, _| local.port() == 21);
        world.run();
        for report in world.client.reports() {
            let error = "Error 146: Connection reset by peer";
            assert_eq!((report.told, &*report.text), (Told::Failure, error), "{policy:?}");
        }
        let stored = world.server.store().get("b.bin").unwrap().len();
        assert!(stored > 0 && (stored == SIZE) == whole, "{policy:?}: {stored}");
        assert_eq!(only(world.server.reports()).told, Told::Nothing);
        check_clean(&world);
    }
}
