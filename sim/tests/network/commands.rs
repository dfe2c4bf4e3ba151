//! The commands `serve`, `put`, `get` and `ls` as a user has them: output and exit status.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::{err, halfclose, out};
use crate::served::Ours;
use serde_json::Value;

/// Asserts this exit status, one line on standard error, and no output before.
#[track_caller]
fn assert_refused(words: &[&str], status: i32, message: &str) {
    let output = halfclose(words);
    assert_eq!(output.status.code(), Some(status), "{words:?}: {}", err(&output));
    assert_eq!((err(&output), out(&output)), (&*format!("error: {message}\n"), ""), "{words:?}");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn what_cannot_be_right_is_one_line_and_exit_status_2() {
    let folder = tempfile::tempdir().expect("a directory");
    let (root, file) = (folder.path().join("root"), folder.path().join("file"));
    fs::create_dir(&root).expect("space");
    fs::write(&file, "x").expect("space");
    let (root, file) = (text(&root), text(&file));
    for (words, message) in [
        (&["put", file, "ftp:///a.bin"][..], "URL `ftp:///a.bin`: no host: write ftp://HOST/PATH".to_owned()),
        (
            &["get", "ftp://127.0.0.1:0/a"],
            "URL `ftp://127.0.0.1:0/a`: port 0 is not a port: write 1 to 65535".to_owned(),
        ),
        (&["ls", "127.0.0.1"], "URL `127.0.0.1`: it must be written ftp://HOST/PATH".to_owned()),
        (
            &["get", "ftp://127.0.0.1/photos/"],
            "URL `ftp://127.0.0.1/photos/` names a directory: `halfclose ls` lists it".to_owned(),
        ),
        (
            &["get", "ftp://127.0.0.1/a", "no/such/x"],
            "cannot write `no/such/x`: No such file or directory (os error 2)".to_owned(),
        ),
        (
            &["get", "ftp://127.0.0.1/a", "-", "--json"],
            "`-` and --json: both need standard output".to_owned(),
        ),
        (&["put", "no-such", "ftp://127.0.0.1/"], "cannot read `no-such`: No such file or directory (os error 2)".to_owned()),
        (
            &["put", "-", "ftp://127.0.0.1/"],
            "standard input has no name: add a name to the URL".to_owned(),
        ),
        (
            &["put", file, "ftp://me@127.0.0.1/"],
            "no password for `me`: set HALFCLOSE_PASSWORD, or name a file with --password-file".to_owned(),
        ),
        (
            &["put", file, "ftp://127.0.0.1/", "--close", "rest"],
            "invalid value 'rest' for '--close <HOW>': it must be one of fin, half-close, reset, \
             reset-when-sent, reset-when-acked, fin-then-reset; did you mean `reset`? (see \
             `halfclose put --help`)"
                .to_owned(),
        ),
        (
            &["serve", "no-such", "--anonymous"],
            "cannot serve `no-such`: No such file or directory (os error 2)".to_owned(),
        ),
        (
            &["serve", file, "--anonymous"],
            format!("cannot serve `{file}`: Not a directory (os error 20)"),
        ),
        (
            &["serve", root],
            "no user can log in: add --user NAME or --anonymous".to_owned(),
        ),
        (
            &["serve", root, "--anonymous", "--listen", "127.0.0.1"],
            "invalid value '127.0.0.1' for '--listen <ADDR:PORT>': write ADDR:PORT, such as \
             127.0.0.1:2121 or [::]:21 (see `halfclose serve --help`)"
                .to_owned(),
        ),
        (
            &["serve", root, "--anonymous", "--passive-ports", "50000..50000"],
            "invalid value '50000..50000' for '--passive-ports <A..B>': the range is empty: write A..B \
             (without B) or A..=B (with B), from 1024 to 65535 (see `halfclose serve --help`)"
                .to_owned(),
        ),
        (
            &["serve", root, "--user", "me", "--password-file", "no-such"],
            "cannot read password file `no-such`: No such file or directory (os error 2)".to_owned(),
        ),
    ] {
        assert_refused(words, 2, &message);
    }
    // Every measured server is named.
    let output = halfclose(&["serve", root, "--anonymous", "--model", "vsftpd-3.0.4"]);
    assert_eq!(output.status.code(), Some(2));
    for words in ["it must be one of ", " proftpd-1.3.8, ", " did you mean `vsftpd-3.0.3`"] {
        assert!(err(&output).contains(words), "{words}: {output:?}");
    }
}

#[test]
fn a_limit_of_nothing_is_refused() {
    let none = "it must be a whole number from 1";
    let late = "it must be more than 0, such as 30s or 5min";
    for (option, value, form, said) in [
        ("--max-sessions", "0", "N", none),
        ("--max-per-address", "0", "N", none),
        ("--max-sessions", "few", "N", none),
        ("--idle-timeout", "0s", "TIME", late),
        ("--data-timeout", "0us", "TIME", late),
    ] {
        let message = format!(
            "invalid value '{value}' for '{option} <{form}>': {said} (see `halfclose serve --help`)"
        );
        assert_refused(&["serve", "no-such", "--anonymous", option, value], 2, &message);
    }
    let message =
        format!("invalid value '0s' for '--timeout <TIME>': {late} (see `halfclose ls --help`)");
    assert_refused(&["ls", "ftp://127.0.0.1/", "--timeout", "0s"], 2, &message);
}

#[test]
fn an_address_in_use_is_said() {
    let folder = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("it has one").to_string();
    assert_refused(
        &["serve", text(folder.path()), "--anonymous", "--listen", &at],
        2,
        &format!("cannot listen at {at}: Address already in use (os error 98)"),
    );
}

#[test]
fn a_directory_that_may_not_be_read_is_said() {
    let folder = tempfile::tempdir().expect("a directory");
    let root = folder.path().join("root");
    fs::create_dir(&root).expect("space");
    fs::set_permissions(&root, fs::Permissions::from_mode(0o000)).expect("it is ours");
    if fs::read_dir(&root).is_ok() {
        eprintln!("SKIPPED: the user of this test may read everything");
        return;
    }
    let message = format!("cannot serve `{}`: Permission denied (os error 13)", root.display());
    assert_refused(&["serve", text(&root), "--anonymous"], 2, &message);
}

#[test]
fn a_password_file_that_others_can_read_is_warned_of() {
    let folder = tempfile::tempdir().expect("a directory");
    let password = folder.path().join("password");
    fs::write(&password, "secret\nnot this\n").expect("space");
    let server = Ours::serve(&["--user", "me"]);
    fs::write(server.path("a.bin"), "x").expect("space");
    let url = server.url().replace("ftp://", "ftp://me@") + "/a.bin";
    for (mode, warning) in [(0o644, true), (0o600, false)] {
        fs::set_permissions(&password, fs::Permissions::from_mode(mode)).expect("it is ours");
        let output = halfclose(&["get", &url, "-", "--password-file", text(&password)]);
        assert_eq!((out(&output), output.status.code()), ("x", Some(0)), "{}", err(&output));
        assert_eq!(
            err(&output).starts_with("warning: other users can read password file"),
            warning
        );
    }
    // A password in the URL works too, with a warning.
    let output = halfclose(&["get", &url.replace("me@", "me:secret@"), "-"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        err(&output).starts_with("warning: every user of this machine can read a command line")
    );
    let output = halfclose(&["get", &url.replace("me@", "me:wrong@"), "-"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("530"), "{}", err(&output));
    assert!(!err(&output).contains("wrong@"), "{}", err(&output));
    let file = folder.path().join("b.bin");
    fs::write(&file, "x").expect("space");
    let with = url.replace("me@", "me:secret@");
    let directory = with.replace("a.bin", "");
    for words in [
        &["put", text(&file), &with, "--json"][..],
        &["get", &with, text(&file), "--json"],
        &["get", &directory],
        &["ls", &directory, "--json"],
    ] {
        let output = halfclose(words);
        let said = format!("{}{}", out(&output), err(&output));
        assert!(said.contains("ftp://me:****@127.0.0.1:") && !said.contains("secret"), "{said}");
    }
}

#[test]
fn files_go_up_come_down_and_are_listed() {
    let server = Ours::serve(&[]);
    let folder = tempfile::tempdir().expect("a directory");
    let local = folder.path().join("up.bin");
    fs::write(&local, [7; 10_000]).expect("space");
    // A path that is a directory takes the name of the file.
    for url in ["/", "/other.bin"] {
        let output = halfclose(&["put", text(&local), &format!("{}{url}", server.url())]);
        let said = out(&output);
        assert_eq!((output.status.code(), err(&output)), (Some(0), ""), "{said}");
        assert!(
            said.contains("up.bin: 10000 bytes in ")
                && said.ends_with(": 226 Transfer complete.\n")
        );
    }
    assert_eq!(fs::read(server.path("up.bin")).expect("there"), [7; 10_000]);
    assert_eq!(fs::read(server.path("other.bin")).expect("there"), [7; 10_000]);
    let append = ["put", text(&local), &format!("{}/up.bin", server.url()), "--append"];
    assert_eq!(halfclose(&append).status.code(), Some(0));
    assert_eq!(fs::read(server.path("up.bin")).expect("there").len(), 20_000);
    let output = halfclose(&["get", &format!("{}/up.bin", server.url()), text(folder.path())]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(fs::read(&local).expect("there").len(), 20_000, "a directory takes the URL's name");
    let output = halfclose(&["ls", &server.url()]);
    let mut names: Vec<_> = out(&output).lines().collect();
    names.sort_unstable_by_key(|line| line.rsplit(' ').next());
    assert_eq!(names.len(), 2);
    assert!(
        names[0].starts_with("-        10000 ") && names[0].ends_with(" other.bin"),
        "{names:?}"
    );
    assert!(names[1].starts_with("-        20000 ") && names[1].ends_with(" up.bin"), "{names:?}");
    let output = halfclose(&["ls", &format!("{}/up.bin", server.url())]);
    assert_eq!((out(&output), output.status.code()), (&*format!("{}\n", names[1]), Some(0)));
    let output = halfclose(&["ls", &server.url(), "--names"]);
    assert!(out(&output).lines().all(|name| ["up.bin", "other.bin"].contains(&name)));
}

#[test]
fn a_text_is_moved_as_a_text() {
    let server = Ours::serve(&[]);
    let folder = tempfile::tempdir().expect("a directory");
    let local = folder.path().join("a.txt");
    fs::write(&local, "one\ntwo\n").expect("space");
    let url = format!("{}/a.txt;type=a", server.url());
    assert_eq!(halfclose(&["put", text(&local), &url]).status.code(), Some(0));
    assert_eq!(fs::read(server.path("a.txt")).expect("there"), b"one\ntwo\n");
    let output = halfclose(&["get", &url, "-"]);
    assert_eq!(out(&output), "one\ntwo\n");
}

#[test]
fn a_transfer_that_failed_is_exit_status_3_and_says_what_is_known() {
    let server = Ours::serve(&["--on-reset", "abort"]);
    let folder = tempfile::tempdir().expect("a directory");
    let local = folder.path().join("a.bin");
    fs::write(&local, [7; 10_000]).expect("space");
    let url = format!("{}/a.bin", server.url());
    let words = ["put", text(&local), &url, "--close", "reset-when-acked"];
    let output = halfclose(&words);
    assert_eq!((output.status.code(), out(&output)), (Some(3), ""));
    assert!(err(&output).contains("426"), "{}", err(&output));
    assert!(
        err(&output).contains("426, but the server holds all 10,000 bytes"),
        "{}",
        err(&output)
    );
    assert_eq!(err(&output).lines().count(), 1);
    let output = halfclose(&[&words[..], &["--json"]].concat());
    assert_eq!((output.status.code(), err(&output)), (Some(3), ""));
    let said: Value = serde_json::from_str(out(&output)).expect("one object");
    for (key, value) in [
        ("command", Value::from("put")),
        ("told", "failure".into()),
        ("close", "reset-when-acked".into()),
        ("size", 10_000.into()),
        ("bytes", 10_000.into()),
        ("remote_size", 10_000.into()),
        ("ending", "aborted".into()),
    ] {
        assert_eq!(said[key], value, "{key}: {said}");
    }
    for words in [
        &["get", &format!("{}/gone", server.url()), "-"][..],
        &["ls", &format!("{}/gone", server.url())],
    ] {
        let output = halfclose(words);
        assert_eq!(output.status.code(), Some(3));
        assert!(err(&output).contains("550"), "{}", err(&output));
    }
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("one");
    let refused = format!("cannot connect to {nobody}: Connection refused");
    // No password is asked for the user `anonymous`, with or without the name.
    for user in ["", "anonymous@"] {
        assert_refused(&["ls", &format!("ftp://{user}{nobody}/")], 3, &refused);
    }
    for words in [["put", text(&local)], ["get", &format!("ftp://{nobody}/a")]] {
        let to = if words[0] == "put" { format!("ftp://{nobody}/a") } else { text(&local).into() };
        let output = halfclose(&[&words[..], &[&*to, "--json"]].concat());
        assert_eq!((output.status.code(), err(&output)), (Some(3), ""));
        let said: Value = serde_json::from_str(out(&output)).expect("one object");
        assert_eq!((&said["told"], &said["client"]), (&"failure".into(), &(&*refused).into()));
    }
    // By default our server keeps nothing, and the client says so.
    let server = Ours::serve(&[]);
    let output =
        halfclose(&[words[0], words[1], &format!("{}/b", server.url()), words[3], words[4]]);
    let said = ": 426, and the server holds no such file (10000 bytes sent)\n";
    assert!(output.status.code() == Some(3) && err(&output).ends_with(said), "{}", err(&output));
}

#[test]
fn a_server_says_where_it_is_in_one_line() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut child = Command::new(env!("CARGO_BIN_EXE_halfclose"))
        .args(["serve", text(folder.path()), "--anonymous", "--listen", "localhost:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    let mut out = std::io::BufReader::new(child.stdout.take().expect("piped"));
    std::io::BufRead::read_line(&mut out, &mut line).expect("UTF-8");
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
    let start = format!("serving {} at ftp://", folder.path().display());
    assert!(line.starts_with(&start) && line.contains("/; walls: paths beneath"), "{line}");
}
