//! Line 11 of the table: an address that asks for passive ports and never connects, and SIGHUP in the
//! middle of a download.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

use rustix::process::Signal;

use super::any_server::{AnyServer, Properties};
use super::beside;
use crate::busy::free_port;

#[test]
fn one_address_asks_for_all_passive_ports() {
    const PORTS: u16 = 10;
    let first = free_port();
    let with = Properties { passive: Some((first, first + PORTS - 1)), ..Properties::OPEN };
    let trial = |server: &AnyServer| {
        let mut crowd: Vec<_> = (0..PORTS).map(|_| server.login()).collect();
        let asked = crowd.iter_mut().map(|client| client.say("EPSV"));
        let taken = asked.filter(|reply| reply.starts_with("229")).count();
        let mut other = server.login_from("127.0.0.2");
        let patience = server.patience(Duration::from_secs(5));
        other.stream.set_read_timeout(Some(patience)).expect("a time");
        let reply = other.ask("EPSV").unwrap_or_else(|_| "no reply".to_owned());
        let code = reply.get(..3).unwrap_or_default().to_owned();
        (
            format!("one address has {taken} of {PORTS} ports; another is told {reply}"),
            (taken, code),
        )
    };
    beside("11 passive ports", with, trial, |(taken, code)| {
        *taken <= usize::from(PORTS) / 2 && code == "229"
    });
}

#[test]
fn sighup_in_a_download() {
    const SIZE: u64 = 64 << 20;
    let trial = |server: &AnyServer| {
        let file = File::create(server.file("file")).and_then(|file| file.set_len(SIZE));
        file.expect("a sparse file");
        let mut client = server.login();
        let mut data = client.passive();
        let reply = client.say(&format!("RETR {}", server.path("file")));
        assert!(reply.starts_with("150") || reply.starts_with("125"), "{reply}");
        data.read_exact(&mut [0; 4096]).expect("the first bytes");
        server.signal(Signal::HUP);
        let mut rest = Vec::new();
        let _ = data.read_to_end(&mut rest);
        let whole = rest.len() as u64 + 4096 == SIZE;
        let reply = client.reply().unwrap_or_else(|_| "no reply".to_owned());
        let bytes = if whole { "whole" } else { "cut" };
        (format!("the download is {bytes}: {reply}"), whole && reply.starts_with("226"))
    };
    beside("11 SIGHUP in a download", Properties::OPEN, trial, |served| *served);
}
