//! A missing file and a missing directory, told as missing by each program and at once: a program that
//! repeats the command, lists nothing or speaks of rights was told the wrong reply code.

use std::fs;
use std::time::Duration;

use super::programs::{is_there, run, said};
use crate::busy::again;
use crate::hostile::raw::instant;
use crate::served::Ours;

/// "At once" for a program that starts, logs in and asks, on a busy machine; a program that repeats the
/// command is late each time.
const AT_ONCE: Duration = Duration::from_secs(10);

/// A command with the exit status, or none for any failure, and the words by which the program says that
/// the name is missing.
type Row = (&'static str, Option<i32>, &'static str);

/// Runs `program` for each row; `arguments` turns the words of a row into arguments.
fn check(
    program: &str,
    needs: &str,
    rows: &[Row],
    arguments: impl Fn(&Ours, &str) -> (Vec<String>, String),
) {
    if !is_there(needs) {
        return;
    }
    let server = Ours::serve(&[]);
    fs::write(server.path("file"), "x").expect("space");
    fs::create_dir(server.path("empty")).expect("space");
    let client = tempfile::tempdir().expect("a directory");
    fs::write(client.path().join("file"), "x").expect("space");
    for (words, status, missing) in rows {
        let (arguments, input) = arguments(&server, words);
        let output = again(|| {
            let began = instant();
            let output = run(program, &arguments, &input, client.path());
            let took = began.elapsed();
            if took < AT_ONCE {
                Ok(output)
            } else {
                Err(format!("{program} {words} took {took:?}"))
            }
        });
        let told = said(&output);
        assert!(told.contains(missing), "{program} {words}: no `{missing}` in: {told}");
        match status {
            Some(status) => assert_eq!(output.status.code(), Some(*status), "{words}: {told}"),
            None => assert!(!output.status.success(), "{words}: {told}"),
        }
        assert!(!client.path().join("gone").exists(), "{program} {words} left a file");
    }
}

#[test]
fn lftp_says_missing_at_once() {
    // Without settings: lftp repeats what it takes for a passing trouble, for ever.
    const ROWS: &[Row] = &[
        ("ls gone", Some(1), "550 No such"),
        ("cls gone", Some(1), "550 No such"),
        ("nlist gone", Some(1), "550 No such"),
        ("cd gone", Some(1), "550 No such"),
        ("get gone", Some(1), "550 No such"),
        ("cat gone", Some(1), "550 No such"),
        ("mirror gone back", Some(1), "550 No such"),
        ("put file -o gone/x", Some(1), "550 No such"),
        ("rm gone", Some(1), "550 No such"),
        ("mv file gone/x", Some(1), "550 No such"),
    ];
    check("lftp", "lftp", ROWS, |server, words| {
        (vec!["-c".to_owned(), format!("open {}; {words}", server.url())], String::new())
    });
}

#[test]
fn curl_says_missing_at_once() {
    const ROWS: &[Row] = &[
        // CURLE_REMOTE_FILE_NOT_FOUND, CURLE_REMOTE_ACCESS_DENIED (of CWD), CURLE_FTP_COULDNT_RETR_FILE.
        ("-o gone {url}/gone", Some(78), "does not exist"),
        ("-I {url}/gone", Some(78), "does not exist"),
        ("{url}/gone/", Some(9), "denied you to change to the given directory"),
        ("-l {url}/gone/", Some(9), "denied you to change to the given directory"),
        ("-T file {url}/gone/x", Some(9), "denied you to change to the given directory"),
        ("--ftp-method nocwd {url}/gone/", Some(19), "550"),
        ("--ftp-method nocwd -T file {url}/gone/x", Some(25), "550"),
        ("{url}/empty/", Some(0), ""),
    ];
    check("curl", "curl", ROWS, |server, words| {
        let words = format!("-sS {words}").replace("{url}", &server.url());
        (words.split(' ').map(str::to_owned).collect(), String::new())
    });
}

#[test]
fn pyfilesystem_says_missing_at_once() {
    const ROWS: &[Row] = &[
        ("there.listdir('gone')", Some(1), "ResourceNotFound"),
        ("list(there.scandir('gone'))", Some(1), "ResourceNotFound"),
        ("there.openbin('gone').read()", Some(1), "ResourceNotFound"),
        ("there.readtext('gone')", Some(1), "ResourceNotFound"),
        ("there.writetext('gone/x', 'y')", Some(1), "ResourceNotFound"),
        ("there.getinfo('gone')", Some(1), "ResourceNotFound"),
        ("there.remove('gone')", Some(1), "ResourceNotFound"),
        ("there.removedir('gone')", Some(1), "ResourceNotFound"),
        ("there.makedir('gone/x')", Some(1), "ResourceNotFound"),
        ("print(there.exists('gone'), there.isdir('gone'))", Some(0), "False False"),
        ("print(there.listdir('empty'))", Some(0), "[]"),
    ];
    check("python3", "python:fs.ftpfs", ROWS, |server, words| {
        let url = server.url();
        let text = format!("import fs\nthere = fs.open_fs('{url}')\n{words}\n");
        (["-W", "ignore", "-"].map(str::to_owned).to_vec(), text)
    });
}

#[test]
fn rclone_says_missing_at_once() {
    const ROWS: &[Row] = &[
        // 3: directory not found.
        ("lsf {there}gone", Some(3), "directory not found"),
        ("ls {there}gone", Some(3), "directory not found"),
        ("cat {there}gone", Some(3), "directory not found"),
        ("copyto {there}gone gone", Some(3), "directory not found"),
        ("copy {there}gone gone", Some(3), "directory not found"),
        ("rmdir {there}gone", Some(3), "directory not found"),
        ("deletefile {there}gone", None, "doesn't exist"),
        ("lsf {there}empty", Some(0), ""),
    ];
    // `x`, as rclone wants a password hidden.
    let hidden = is_there("rclone")
        .then(|| run("rclone", &["obscure".to_owned(), "x".to_owned()], "", "/".as_ref()));
    let hidden = hidden.map(|output| String::from_utf8(output.stdout).expect("ASCII"));
    let Some(hidden) = hidden else { return };
    check("rclone", "rclone", ROWS, |server, words| {
        let (host, port) = (&server.host, server.port);
        let there =
            format!(":ftp,host={host},port={port},user=anonymous,pass={}:", hidden.trim_end());
        let words = words.replace("{there}", &there);
        (words.split(' ').map(str::to_owned).collect(), String::new())
    });
}
