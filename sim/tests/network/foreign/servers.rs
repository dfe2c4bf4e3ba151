//! Our client with the servers that real people use: files go up and come down, and each way to end
//! an upload gives the measured result of the server (`sim/tests/data/stor.tsv`).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::programs::content;
use super::theirs::{PURE_FTPD, PYFTPDLIB, Theirs, VSFTPD};
use crate::busy::again;

const STOR: &str = include_str!("../../data/stor.tsv");
/// The ways to end, in the words of the measurement and in ours.
const TEARDOWNS: [(&str, &str); 5] = [
    ("fin", "fin"),
    ("shutwr", "half-close"),
    ("rst", "reset"),
    ("rst_acked", "reset-when-acked"),
    ("fin_rst", "fin-then-reset"),
];
/// Lengths that leave the sender at once, so that the server alone decides the result.
const LENGTHS: [usize; 2] = [1, 10_000];
/// The number of tries for a server that answers in several ways.
const RUNS: usize = 5;

#[test]
fn vsftpd() {
    check(VSFTPD);
}

#[test]
fn pure_ftpd() {
    check(PURE_FTPD);
}

#[test]
fn pyftpdlib() {
    check(PYFTPDLIB);
}

fn check(model: &str) {
    let Some(server) = Theirs::start(model) else { return };
    files_go_up_and_come_down(&server);
    for length in LENGTHS {
        for (measured, close) in TEARDOWNS {
            let known = known(model, measured);
            // Waiting tells silence from slowness: a short wait where the server is known to be
            // silent.
            let silent = known.iter().any(|result| result.starts_with("none"));
            let patience = if silent { "2s" } else { "120s" };
            for run in 0..RUNS {
                // A busy machine may decide a race of the server as no measured machine has, now and
                // then.
                let mut tries = 0;
                again(|| {
                    tries += 1;
                    let name = format!("{close}-{length}-{run}-{tries}");
                    let seen = upload(&server, length, close, &name, patience);
                    match known.contains(&seen) {
                        true => Ok(()),
                        false => Err(format!(
                            "{model}, {length} bytes, {close}: {seen}, and measured was {known:?}"
                        )),
                    }
                });
            }
        }
    }
}

/// The measured results of 10,000 bytes, with and without a pause before the data: `426/whole`. A
/// single byte was no different.
pub(crate) fn known(model: &str, teardown: &str) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for line in STOR.lines() {
        let columns: Vec<_> = line.split('\t').collect();
        let [m, link, "PASV", t, "10000", _, results] = columns[..] else { continue };
        // This test has no pause, and a reset after the acknowledgment was measured with a pause
        // only: a server that has not looked yet sees a plain reset.
        let like = (link, t, teardown) == ("lo-nosettle", "rst", "rst_acked");
        if m == model && (t == teardown || like) {
            let results = results.split(' ').filter_map(|it| it.rsplit_once('x'));
            known.extend(results.map(|(result, _)| result.to_owned()));
        }
    }
    assert!(!known.is_empty(), "{model} {teardown} was not measured");
    known
}

/// One upload: the last reply and the stored file, in the words of the measurement.
fn upload(server: &Theirs, length: usize, close: &str, name: &str, patience: &str) -> String {
    let folder = tempfile::tempdir().expect("a directory");
    let local = folder.path().join(name);
    let content = content(length);
    fs::write(&local, &content).expect("space");
    let said = put(&local, &server.url(name), &["--close", close, "--timeout", patience]);
    // `150 ...` came before the data; no reply followed.
    let reply = said["reply"].as_str().filter(|reply| !reply.starts_with('1'));
    let reply = reply.and_then(|reply| reply.get(..3)).unwrap_or("none");
    let file = match fs::read(server.file(name)) {
        Err(_) => "absent",
        Ok(bytes) if bytes == content => "whole",
        Ok(bytes) if content.starts_with(&bytes) => "short",
        Ok(_) => "other",
    };
    let told = said["told"].as_str().expect("it says so");
    // The rule of success: a 2yz, and our own end of the data as intended.
    assert_eq!(told == "success", reply == "226", "{close}: {said}");
    format!("{reply}/{file}")
}

fn files_go_up_and_come_down(server: &Theirs) {
    let folder = tempfile::tempdir().expect("a directory");
    let content = content(3_000_000);
    let local = folder.path().join("up");
    fs::write(&local, &content).expect("space");
    for (name, options) in [("passive", &[][..]), ("active", &["--active"])] {
        let said = put(&local, &server.url(name), options);
        assert_eq!(said["told"], "success", "{said}");
        assert_eq!(fs::read(server.file(name)).expect("it is there"), content, "{name}");
        let back = folder.path().join(format!("{name}.back"));
        let said = halfclose("get", &[&server.url(name), &shown(&back)], options);
        assert_eq!(said["told"], "success", "{said}");
        assert_eq!(fs::read(&back).expect("it is there"), content, "{name}");
    }
    for (at, bytes) in [("passive", 1_000_000), ("half", 1_000_000)] {
        fs::write(server.file("half"), &content[..bytes]).expect("space");
        // The server may change its user, and must still be able to write there.
        let _ = Command::new("chmod").arg("666").arg(server.file("half")).status();
        let said = put(&local, &server.url("half"), &["--continue"]);
        assert_eq!(said["told"], "success", "{at}: {said}");
        assert_eq!(said["offset"], bytes, "{said}");
        assert_eq!(fs::read(server.file("half")).expect("it is there"), content);
    }
    let back = folder.path().join("half.back");
    fs::write(&back, &content[..1_000_000]).expect("space");
    let said = halfclose("get", &[&server.url("half"), &shown(&back)], &["--continue"]);
    assert_eq!((&said["told"], &said["bytes"]), (&"success".into(), &2_000_000.into()), "{said}");
    assert_eq!(fs::read(&back).expect("it is there"), content);
    let said = halfclose("ls", &[&server.url("")], &[]);
    let names = said["entries"].as_array().expect("a list");
    for name in ["passive", "active", "half"] {
        let entry = names.iter().find(|entry| entry["name"] == name);
        let entry = entry.unwrap_or_else(|| panic!("{name} is not in {said}"));
        assert_eq!(
            (&entry["kind"], &entry["size"]),
            (&"file".into(), &3_000_000.into()),
            "{entry}"
        );
    }
}

fn put(local: &Path, url: &str, options: &[&str]) -> Value {
    halfclose("put", &[&shown(local), url], options)
}

fn halfclose(command: &str, words: &[&str], options: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_halfclose"))
        .arg(command)
        .args(words)
        .arg("--json")
        .args(options)
        .output()
        .expect("the program starts");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{command} {words:?}: {}", String::from_utf8_lossy(&output.stderr))
    })
}

fn shown(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}
