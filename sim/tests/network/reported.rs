//! Cases that users reported of other clients, against servers as odd as in the reports: the exit
//! status, the word to the user and the file.

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::hostile::raw::until;
use crate::hostile::resident::Ends;
use crate::odd_server::{Odd, Running, reset};
use crate::program::command;

const BODY: &[u8] = &[7; 10_000];

/// Runs the program in a folder.
fn run(folder: &Path, words: &[&str]) -> Output {
    command(words).current_dir(folder).output().expect("the program starts")
}

/// Asserts the exit status, and words in standard error.
#[track_caller]
fn assert_told(output: &Output, status: i32, words: &str) {
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{err}");
    assert!(err.contains(words), "`{words}` is not in: {err}");
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

/// Downloads `a`, with further words, into a new folder. Returns the output and the file.
fn get(server: &Running, more: &[&str]) -> (Output, Option<Vec<u8>>) {
    let folder = folder();
    let url = server.url("a");
    let words: Vec<_> = ["get", &url].into_iter().chain(more.iter().copied()).collect();
    let output = run(folder.path(), &words);
    (output, std::fs::read(folder.path().join("a")).ok())
}

/// Uploads [`BODY`] as `up`, with further words.
fn put(server: &Running, more: &[&str]) -> Output {
    let folder = folder();
    std::fs::write(folder.path().join("up"), BODY).expect("space");
    let url = server.url("up");
    let words: Vec<_> = ["put", "up", &url].into_iter().chain(more.iter().copied()).collect();
    run(folder.path(), &words)
}

fn ls(server: &Running, words: &[&str], path: &str) -> Output {
    let url = server.url(path);
    run(&std::env::temp_dir(), &[&["ls"], words, &[&*url]].concat())
}

/// Case 1: EPSV names a port at which no program listens (jlaffaye/ftp pull request 43).
#[test]
fn epsv_leads_nowhere() {
    let dead = |answer: &'static str| {
        Odd::default().with("a", BODY).on("EPSV", move |talk, _| {
            let port = talk.bind();
            talk.say(&answer.replace("PORT", &port.to_string()))
        })
    };
    for answer in ["229 ok (|||PORT|)", "229 ok (PORT)", "425 no", "200 ok"] {
        let server = dead(answer).serve();
        let (output, file) = get(&server, &[]);
        assert_told(&output, 0, "");
        assert_eq!(file.as_deref(), Some(BODY), "{answer}");
        assert_eq!(server.verbs().matches("PASV").count(), 1, "{answer}: {}", server.verbs());
        assert_told(&put(&server, &[]), 0, "");
        assert_eq!(server.file("up").as_deref(), Some(BODY), "{answer}");
    }
}

/// Case 3: a reply begun `553-` ends with another code (suppaftp pull request 168).
#[test]
fn a_reply_that_does_not_end_is_quoted() {
    let server = Odd::default().says("STOR", "553-excluded\n150 go").serve();
    assert_told(
        &put(&server, &["--timeout", "4s"]),
        3,
        "the server began a reply and did not end it: `553-excluded`",
    );
}

/// Case 6: names in Latin-1 are listed and fetched (suppaftp issue 106). Bytes beyond UTF-8's
/// (0xF5 to 0xFF) reach a pipe too.
#[test]
fn names_are_bytes() {
    let line = b"r\xe4ksm\xf6rg\xfds\n";
    let server = Odd::default()
        .with("r\u{e4}ksm\u{f6}rg\u{fd}s", b"hej")
        .on("NLST", |talk, _| talk.send("150 go", b"r\xe4ksm\xf6rg\xfds\r\n", "226 done"))
        .on("LIST", |talk, _| talk.send("150 go", b"r\xe4ksm\xf6rg\xfds\r\n", "226 done"))
        .serve();
    for option in ["-n", "-l"] {
        assert_eq!(ls(&server, &[option], "").stdout, line, "{option}");
    }
    let raw = ls(&server, &["--color", "never", "-n"], "").stdout;
    assert_eq!(raw, line);
    let folder = folder();
    let output = run(folder.path(), &["get", &server.url("r%E4ksm%F6rg%FDs"), "-"]);
    assert_eq!((output.status.code(), &*output.stdout), (Some(0), &b"hej"[..]));
}

/// Cases 7 and 8: a resumed download of a shorter file (httrack issue 798), and servers that take
/// REST and begin at the first byte (ftpdump issue 13).
#[test]
fn a_resume_is_compared_with_the_size() {
    let resume = |server: &Running| {
        let folder = folder();
        std::fs::write(folder.path().join("a"), &BODY[..4_000]).expect("space");
        run(folder.path(), &["get", "--continue", &server.url("a")])
    };
    let server = Odd::default().with("a", &BODY[..2_000]).serve();
    assert_told(&resume(&server), 3, "the server's file is shorter than the local one");
    let server =
        Odd::default().with("a", BODY).on("RETR", |talk, _| talk.send("150 go", BODY, "226 done"));
    assert_told(&resume(&server.serve()), 3, "14,000 bytes are here, and the server tells 10,000");
    let server =
        Odd::default().with("up", &BODY[..4_000]).on("REST", |talk, _| talk.say("350 ignored"));
    let output = put(&server.serve(), &["--continue"]);
    assert_told(&output, 3, "the server holds 6,000 of 10,000 bytes");
    // An honest server.
    assert_told(&resume(&Odd::default().with("a", BODY).serve()), 0, "");
}

/// Cases 9, 10, 12 and 28: listings.
#[test]
fn listings() {
    const LINE: &[u8] = b"-rw-r--r--   1 u  g  4 Jan  5  2020 a.txt\r\n";
    // MLSD refused by any code (cyberduck pull request 12906).
    for refusal in ["402 no", "550 no", "451 no", "503 no", "530 no", "202 no"] {
        let server = Odd::default()
            .says("MLSD", refusal)
            .on("LIST", |talk, _| talk.send("150 go", LINE, "226 done"))
            .serve();
        let listed = ls(&server, &[], "");
        assert!(String::from_utf8_lossy(&listed.stdout).contains("a.txt"), "{refusal}");
    }
    // The server cuts its listing and says so (duplicati issue 6005).
    let server = Odd::default().on("MLSD", |talk, _| {
        talk.send("150 go", b"type=file; a\r\n", "226-Options: -a\n226 Output truncated to 1 match")
    });
    assert_told(&ls(&server.serve(), &[], ""), 0, "Output truncated to 1 match");
    // NLST of an empty directory (FluentFTP pull request 1363).
    for reply in ["550 No files found.", "450 No files found", "226 Transfer complete (no files)"] {
        let server = Odd::default().on("NLST", move |talk, _| talk.say(reply)).serve();
        assert_told(&ls(&server, &["-n"], ""), 0, "");
    }
    // A missing directory (fujinet-firmware issue 1670): LIST says 226 and CWD knows better.
    let list = |cwd| {
        Odd::default()
            .says("CWD", cwd)
            .says("MLSD", "500 what?")
            .on("LIST", |talk, _| talk.send("150 go", b"", "226 done (but failed to open it)"))
            .serve()
    };
    assert_told(&ls(&list("550 No such directory."), &[], "d/"), 3, "550 No such directory.");
    assert_told(&ls(&list("250 ok"), &[], "d/"), 0, "");
}

/// Cases 16 and 43: a command is answered twice (basic-ftp issue 120).
#[test]
fn a_command_answered_twice() {
    let twice: &[(&str, &str)] = &[
        ("PASS", "230 in\n230 logged in"),
        ("TYPE", "200 I\n200 I"),
        ("SIZE", "213 10000\n213 10000"),
    ];
    for (verb, reply) in twice {
        let server = Odd::default().with("a", BODY).says(verb, reply).serve();
        let (output, file) = get(&server, &["--timeout", "60s"]);
        assert_told(&output, 0, "");
        assert_eq!(file.as_deref(), Some(BODY), "{verb}");
        assert_told(&put(&server, &["--timeout", "60s"]), 0, "");
    }
    let server = Odd::default()
        .with("a", BODY)
        .on("RETR", |talk, _| talk.send("150 go", BODY, "226 done\n226 quota off"))
        .serve();
    assert_told(&get(&server, &["--timeout", "60s"]).0, 0, "");
}

/// Case 17: another service listens (curl tests 1282 and 2045).
#[test]
fn no_ftp_server() {
    for greeting in ["SSH-2.0-OpenSSH_9.6", "HTTP/1.1 400 Bad Request", "220Welcome"] {
        let server = Odd::default().greets(greeting).serve();
        let (output, _) = get(&server, &[]);
        assert_told(&output, 3, &format!("no FTP server: the peer said `{greeting}`"));
    }
}

/// Case 18: SIZE is answered by no number (curl issue 6715).
#[test]
fn size_without_a_number() {
    for reply in ["213 4,000 bytes", "500 what?", "502 no", "213 -1"] {
        let server = Odd::default().with("up", &BODY[..4_000]).says("SIZE", reply).serve();
        let words = format!("SIZE was answered {reply}");
        assert_told(&put(&server, &["--continue"]), 3, &words);
        assert_eq!(server.file("up").map(|it| it.len()), Some(4_000), "nothing was sent");
    }
    let server = Odd::default().with("a", BODY).says("SIZE", "500 what?").serve();
    assert_told(&get(&server, &[]).0, 0, "");
}

/// Case 19: the greeting is 230 (curl test 1219).
#[test]
fn logged_in_already() {
    let server = Odd::default().with("a", BODY).greets("230 in").says("USER", "503 no").serve();
    assert_told(&get(&server, &[]).0, 0, "");
    assert!(!server.verbs().contains("USER"), "{}", server.verbs());
}

/// Case 30: 227 with spaces, and with the address of another host (jsftp issue 42).
#[test]
fn an_address_in_227() {
    for form in ["(127, 0, 0, 1, H, L)", "127,0,0,1,H,L", "=10,0,0,7,H,L", "(0,0,0,0,H,L)"] {
        let server = Odd::default().with("a", BODY).says("EPSV", "500 no").on("PASV", |talk, _| {
            let port = talk.listen();
            let form = form.replace('H', &(port >> 8).to_string());
            talk.say(&format!("227 ok {}", form.replace('L', &(port & 255).to_string())))
        });
        let server = server.serve();
        assert_told(&get(&server, &[]).0, 0, "");
        let here = !form.contains("10,0");
        let timeout = if here { "60s" } else { "1s" };
        let follows = get(&server, &["--follow-227", "--timeout", timeout]).0;
        assert_eq!(follows.status.success(), here, "{form}: by the address of the reply");
    }
}

/// Cases 31 and 40: a RST behind the last byte of a download (ipstack issue 6).
#[test]
fn a_reset_behind_the_last_byte() {
    for count in [10_000, 4_000] {
        let server = Odd::default().with("a", BODY).on("RETR", move |talk, _| {
            use std::io::Write as _;
            talk.say("150 go");
            let mut data = talk.data();
            data.write_all(&BODY[..count]).expect("room");
            // A reset destroys the bytes that the client has not read yet.
            let ends = Ends::of(&data);
            until("the client has read", || ends.waiting() == 0);
            reset(&data);
            drop(data);
            talk.say("226 done")
        });
        let (output, file) = get(&server.serve(), &[]);
        let here = if count == 4_000 { "4,000" } else { "10,000" };
        let words = format!("Connection reset by peer: {here} of 10,000 bytes are here");
        assert_told(&output, 3, &words);
        assert_eq!(file, None, "a file gets its name when it is whole");
    }
}

/// Case 32: 226 before a byte has moved, and 552 behind the data (curl issue 6016).
#[test]
fn an_early_verdict() {
    for begin in ["226 done", "150 go\n226 done"] {
        let server = Odd::default().on("STOR", move |talk, name| {
            talk.say(begin);
            talk.store(name, 1_000);
            talk.say("552 Disk full")
        });
        let output = put(&server.serve(), &["--timeout", "60s"]);
        assert_told(&output, 3, "552: the server holds 1,000 of 10,000 bytes");
    }
    // A server that keeps less than it says.
    let server = Odd::default().on("STOR", |talk, name| {
        talk.say("150 go");
        talk.store(name, 1_000);
        talk.say("226 done")
    });
    assert_told(&put(&server.serve(), &[]), 3, "226 done: the server holds 1,000 of 10,000 bytes");
}
