//! Golden dialogues: a server's replies to every command, as text for people. Each file of `data/`
//! is one session over a network in memory, in lines of these forms:
//!
//! - `> COMMAND`: a command of the client. ` << TEXT` after the command is an upload; `\n`, `\r`,
//!   `\t` and `\xHH` stand for bytes everywhere. After PASV, EPSV, PORT or EPRT, the next transfer
//!   command has a data connection.
//! - `CODE TEXT`: a reply of the server. A port is written `PORT` (in 227, `P1,P2`).
//! - `| TEXT`: data from the server; `|> TEXT` is the stored upload.
//! - `# TEXT`: a comment; `@ SECONDS`: silence; `@ CLOSE`: the client's FIN.
//!
//! `UPDATE_GOLDEN=1 cargo test -p halfclose-ftp --test golden` rewrites the replies: read the
//! difference before the commit.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../session/net.rs"]
#[expect(dead_code, reason = "the other test needs more of it")]
mod net;
mod talker;

use halfclose_ftp::{Limits, ServerConfig, User};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use talker::Talker;

/// The date at time 0 of a dialogue: 2002-02-06T12:34:56Z.
const EPOCH: Duration = Duration::from_secs(1_012_998_896);

fn config(name: &str) -> ServerConfig {
    let plain = ServerConfig { epoch: EPOCH, ..ServerConfig::default() };
    match name {
        "hardened" => ServerConfig {
            users: vec![User::new("me", "secret"), User { read_only: true, ..User::anonymous() }],
            epoch: EPOCH,
            limits: Limits { depth: 4, listing: 3, ..ServerConfig::hardened().limits },
            passive_ports: Some(2000..=2001),
            passive_address: Some([192, 0, 2, 1].into()),
            ..ServerConfig::hardened()
        },
        _ => plain,
    }
}

/// Plays the client's lines of `script` and writes the dialogue.
fn play(name: &str, script: &str) -> String {
    let mut talker = Talker::new(config(name));
    let mut out = String::new();
    let mut greeted = false;
    for line in script.lines() {
        if !line.starts_with('#') && !line.is_empty() && !greeted {
            greeted = true;
            out.push_str(&talker.heard());
        }
        match line.split_once(' ').unwrap_or((line, "")) {
            (">", command) => {
                writeln!(out, "{line}").unwrap();
                out.push_str(&talker.say(command));
            }
            ("@", "CLOSE") => {
                writeln!(out, "{line}").unwrap();
                out.push_str(&talker.close());
            }
            ("@", seconds) => {
                writeln!(out, "{line}").unwrap();
                out.push_str(&talker.wait(seconds.parse().unwrap()));
            }
            ("#", _) | ("", "") => writeln!(out, "{line}").unwrap(),
            _ => {}
        }
    }
    out
}

#[test]
fn every_command_is_answered_as_written() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/data");
    #[expect(clippy::disallowed_methods, reason = "it decides what is written, not what is run")]
    let update = std::env::var("UPDATE_GOLDEN").is_ok();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 6, "only {} dialogues found in {}", files.len(), data.display());
    let mut moved = Vec::new();
    for file in &files {
        let golden = std::fs::read_to_string(file).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let played = play(name, &golden);
        if update {
            std::fs::write(file, &played).unwrap();
        } else if played != golden {
            let first = played.lines().zip(golden.lines()).find(|(is, was)| is != was);
            moved.push(format!("{name}: is, was: {first:#?}\n{played}"));
        }
    }
    assert!(moved.is_empty(), "{}", moved.join("\n"));
}

/// Every verb of the parser appears in a dialogue, and so does every refused verb.
#[test]
fn no_command_is_left_out() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/data");
    let mut said = String::new();
    for entry in std::fs::read_dir(data).unwrap() {
        said.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    for verb in VERBS.split_ascii_whitespace() {
        let begins = |line: &str| line.split(' ').nth(1) == Some(verb);
        assert!(said.lines().any(|line| line.starts_with("> ") && begins(line)), "{verb}");
    }
}

const VERBS: &str = "USER PASS ACCT CWD XCWD CDUP XCUP SMNT REIN QUIT HOST TYPE STRU MODE PASV EPSV \
    PORT EPRT STOR RETR STOU APPE ALLO REST RNFR RNTO DELE MKD XMKD RMD XRMD PWD XPWD LIST NLST \
    MLSD MLST SIZE MDTM MFMT SITE SYST STAT HELP NOOP ABOR FEAT OPTS CLNT AUTH";
