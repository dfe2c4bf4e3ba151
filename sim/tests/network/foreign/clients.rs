//! Our server with the clients that real people use.

use std::fs;
use std::path::Path;

use super::client_rows::{ROWS, Row, Task};
use super::programs::{LIMIT, content, is_there, run_for, said};
use crate::served::Ours;

/// A length above several buffers of every client, and even.
const LENGTH: usize = 3_000_000;
/// A length above the kernel's buffers between two programs: aria2c 1.36 waits for ever for a 226
/// that arrives in one read with the 150.
const LARGE: usize = 64 << 20;

#[test]
fn curl() {
    check("curl", &["curl"]);
}

#[test]
fn wget() {
    check("wget", &["wget"]);
}

#[test]
fn lftp() {
    check("lftp", &["lftp"]);
}

#[test]
fn tnftp() {
    check("tnftp", &["tnftp"]);
}

#[test]
fn inetutils_ftp() {
    check("inetutils-ftp", &["inetutils-ftp"]);
}

#[test]
fn ncftp() {
    check("ncftpput", &["ncftpput", "ncftpget", "ncftpls"]);
}

#[test]
fn aria2() {
    check("aria2c", &["aria2c"]);
}

#[test]
fn ftplib_of_python() {
    check("python:ftplib", &["python3"]);
}

#[test]
fn every_row_names_a_known_client() {
    let programs = ["curl", "wget", "lftp", "tnftp", "inetutils-ftp", "aria2c", "python3"];
    let known = |row: &Row| programs.contains(&row.program) || row.program.starts_with("ncftp");
    assert!(ROWS.iter().all(known));
    assert!(ROWS.len() > 60, "{} rows", ROWS.len());
}

/// The longest run of aria2, in seconds: aria2 1.36 waits for ever if 150 and 226 arrive in one read, as
/// happens on a busy machine.
const ARIA2: &str = "90";
/// How often a row may fail: a program that gives up on a busy machine does not do so each time.
const TRIES: usize = 3;

/// Runs every row of a client, each with a server and a directory of its own.
fn check(needs: &str, programs: &[&str]) {
    if !is_there(needs) {
        return;
    }
    let mut failed = String::new();
    let mut done = 0;
    for row in ROWS.iter().filter(|row| programs.contains(&row.program)) {
        let problems: Vec<_> = (0..TRIES).map_while(|_| check_row(row).err()).collect();
        if problems.len() == TRIES {
            let problem = problems.join("\n");
            failed += &format!("{} {:?} {:?}: {problem}\n", row.program, row.task, row.arguments);
        }
        done += 1;
    }
    assert!(failed.is_empty(), "{failed}");
    assert!(done > 0, "{programs:?} have no rows");
}

fn check_row(row: &Row) -> Result<(), String> {
    let server = Ours::serve(&["--verbose"]);
    let client = tempfile::tempdir().expect("a directory");
    let (local, remote, other) = ("local.bin", "remote.bin", "other");
    let (here, there) = (client.path().join(local), server.path(remote));
    let length = if row.program == "aria2c" { LARGE } else { LENGTH };
    let (all, half) = (content(length), length / 2);
    let write = |path: &Path, bytes: &[u8]| fs::write(path, bytes).expect("space");
    fs::create_dir(server.path("photos")).expect("space");
    match row.task {
        Task::Upload => write(&here, &all),
        Task::ResumeUpload => (write(&here, &all), write(&there, &all[..half])).1,
        Task::Append => (write(&here, &all[half..]), write(&there, &all[..half])).1,
        Task::ResumeDownload => (write(&there, &all), write(&here, &all[..half])).1,
        Task::RemoveDirectory => fs::create_dir(server.path(other)).expect("space"),
        _ => write(&there, &all),
    }
    let fill = |words: &str| {
        let words = words.replace("{local}", local).replace("{remote}", remote);
        let words = words.replace("{other}", other).replace("{url}", &server.url());
        let words = words.replace("{host}", &server.host).replace("{half}", &half.to_string());
        words.replace("{port}", &server.port.to_string())
    };
    let mut arguments: Vec<String> = row.arguments.iter().map(|word| fill(word)).collect();
    if row.program == "lftp" {
        // The script of Python is one word.
        arguments = vec![arguments[0].clone(), arguments[1..].join(" ")];
    }
    let limit = if row.program == "aria2c" { ARIA2 } else { LIMIT };
    let output = run_for(limit, row.program, &arguments, &fill(row.input), client.path());
    let problem = |what: &str| Err(format!("{what}\n{}", said(&output)));
    if !output.status.success() {
        return problem("it says that it failed");
    }
    let same = |path: &Path| fs::read(path).is_ok_and(|bytes| bytes == all);
    let printed = String::from_utf8_lossy(&output.stdout);
    let done = match row.task {
        Task::Upload | Task::ResumeUpload | Task::Append => same(&there),
        Task::Download | Task::ResumeDownload => same(&here),
        Task::List => printed.contains(remote) && printed.contains("photos"),
        Task::Rename => same(&server.path(other)) && !there.exists(),
        Task::Delete => !there.exists(),
        Task::MakeDirectory => server.path(other).is_dir(),
        Task::RemoveDirectory => !server.path(other).exists(),
    };
    if done { Ok(()) } else { problem("it is not done") }
}
