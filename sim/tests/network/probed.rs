//! `halfclose probe` of real servers: three servers give three tables, each as measured; a table can be
//! kept and compared; and an interrupt leaves no file at the server.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::busy::again;
use crate::foreign::programs::said;
use crate::foreign::servers::known;
use crate::foreign::theirs::{PURE_FTPD, PYFTPDLIB, Properties, Theirs, VSFTPD};
use crate::hostile::raw::{pause, until};
use crate::program::{halfclose, takes_interrupts};

/// The ways to end, in our words and in the words of the measurement.
const TEARDOWNS: [(&str, &str); 5] = [
    ("fin", "fin"),
    ("half-close", "shutwr"),
    ("reset", "rst"),
    ("reset-when-acked", "rst_acked"),
    ("fin-then-reset", "fin_rst"),
];

/// Probes a server; a server that is silent for so many seconds has no answer.
fn probe(server: &Theirs, silence: u32, words: &[&str]) -> Output {
    let (url, silence) = (server.directory_url(), format!("{silence}s"));
    halfclose(&[&["probe", &url, "--timeout", &silence], words].concat())
}

fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(output)))
}

/// Files of a probe that are still at the server.
fn left(server: &Theirs) -> Vec<String> {
    let entries = fs::read_dir(server.file("")).expect("the directory of the server");
    let names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.contains("halfclose-probe")).collect()
}

/// The object of a probe of every way to end, with the answers; or an answer that was never measured.
fn table(server: &Theirs, model: &str, silence: u32) -> Result<(Value, Vec<String>), String> {
    let closes = TEARDOWNS.map(|(ours, _)| ours).join(",");
    let output = probe(server, silence, &["--json", "--sizes", "10000", "--close", &closes]);
    let probed = object(&output);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let rows = probed["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), TEARDOWNS.len(), "{probed}");
    let mut table = Vec::new();
    for (row, (ours, measured)) in rows.iter().zip(TEARDOWNS) {
        assert_eq!(row["close"], ours, "{row}");
        let code = row["reply"].as_str().and_then(|reply| reply.get(..3)).unwrap_or("none");
        let answer = format!("{code}/{}", row["file"].as_str().expect("a state"));
        let known = known(model, measured);
        if !known.contains(&answer) {
            return Err(format!("{model}, {ours}: {answer}, measured {known:?}: {row}"));
        }
        table.push(answer);
    }
    Ok((probed, table))
}

#[test]
fn three_servers_give_three_tables_as_measured() {
    let mut tables = BTreeMap::new();
    for model in [VSFTPD, PURE_FTPD, PYFTPDLIB] {
        let Some(server) = Theirs::start(model) else { continue };
        // A busy machine makes a server silent, or decides a race as no measured machine has.
        let mut silence = 1;
        let (probed, table) = again(|| {
            silence *= 2;
            table(&server, model, silence)
        });
        let alike = probed["behaves_like"].as_array().expect("names");
        assert!(alike.contains(&model.into()), "{model}: {alike:?}");
        assert!(probed["server"].as_str().is_some_and(|said| !said.is_empty()), "{probed}");
        assert_eq!((left(&server), &probed["left"]), (Vec::new(), &Value::Array(Vec::new())));
        // The same server again differs in nothing, and in something after a change of the table.
        let folder = tempfile::tempdir().expect("a directory");
        let kept = folder.path().join("kept.json");
        let kept = kept.to_str().expect("ASCII");
        fs::write(kept, probed.to_string()).expect("space");
        let words = ["--sizes", "10000", "--close", "fin,half-close", "--expect", kept];
        again(|| {
            let second = probe(&server, silence, &words);
            assert_eq!(second.status.code(), Some(1), "three ways are missing: {}", said(&second));
            let text = String::from_utf8_lossy(&second.stdout).into_owned();
            let lines = text.lines().filter(|line| line.starts_with("differs: "));
            if lines.count() == 3 { Ok(()) } else { Err(text) }
        });
        tables.insert(model, table);
    }
    let mut all: Vec<_> = tables.values().collect();
    all.sort();
    all.dedup();
    // A reset before the server looks is a race of pyftpdlib; its table is never another's all the same.
    assert_eq!(all.len(), tables.len(), "{tables:?}");
}

#[test]
fn a_probe_needs_a_user_and_a_directory() {
    for (url, what) in [
        ("ftp://127.0.0.1:1/", "write ftp://USER@HOST/DIR/"),
        ("ftp://me:x@127.0.0.1:1/a.bin", "end the URL of the directory with `/`"),
    ] {
        let output = halfclose(&["probe", url]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(text.contains(what), "{text}");
    }
}

#[test]
fn a_probe_that_may_not_log_in_tries_once() {
    let folder = tempfile::tempdir().expect("a directory");
    let log = folder.path().join("log");
    fs::write(&log, "").expect("space");
    let with = Properties { log: Some(&log), password: true, ..Properties::OPEN };
    let Some(server) = Theirs::start_with(PYFTPDLIB, with) else { return };
    let url = server.directory_url().replacen("secret", "wrong", 1);
    let output = halfclose(&["probe", &url, "--timeout", "60s"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(text.contains("530") && !text.contains("may still be at the server"), "{text}");
    // Without STOR there is nothing to delete, and no reason to log in again.
    let log = fs::read_to_string(&log).expect("the log of the server");
    assert_eq!(log.matches("failed login").count(), 1, "{log}");
}

/// A server may let a row wait for the whole time-out, so no row waits for the next.
#[test]
fn each_row_is_printed_when_it_is_there() {
    let Some(server) = Theirs::start(PYFTPDLIB) else { return };
    let mut child = Command::new(env!("CARGO_BIN_EXE_halfclose"))
        .args(["probe", &server.directory_url(), "--close", "fin", "--sizes", "1,3000000"])
        .args(["--runs", "200"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let rows = BufReader::new(child.stdout.take().expect("a pipe")).lines().skip(2);
    let first: Vec<_> = rows.take(2).map(|line| line.expect("a line")).collect();
    assert!(first.iter().all(|row| row.trim_start().starts_with("fin ")), "{first:?}");
    assert_eq!(child.try_wait().expect("it is ours"), None, "400 uploads are not done");
    let signalled = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(signalled.expect("kill(1)").success());
    child.wait().expect("it ends");
    assert_eq!(left(&server), [""; 0]);
}

#[test]
fn an_interrupted_probe_leaves_no_file() {
    let Some(server) = Theirs::start(PYFTPDLIB) else { return };
    for after in [20_u64, 60, 120, 200, 300, 450] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_halfclose"))
            .args(["probe", &server.directory_url(), "--sizes", "10000,3000000", "--runs", "50"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        // Before the program takes the signal, an interrupt ends the program or, where the tests run in
        // the background of a shell, does nothing.
        until("the program takes SIGINT", || {
            takes_interrupts(child.id()) || child.try_wait().expect("it is ours").is_some()
        });
        pause(Duration::from_millis(after));
        let signalled = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
        assert!(signalled.expect("kill(1)").success());
        let ended = child.wait().expect("it ends");
        assert_eq!(ended.code(), Some(130), "{after} ms: {ended}");
        assert_eq!(left(&server), Vec::<String>::new(), "after {after} ms");
    }
}
