//! The user's own files under `put` and `get`: reading, local errors, and the remains of a failed
//! download. The server of these tests is a few lines that say what a test wants.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use crate::hostile::raw::until;
use crate::program::{err, halfclose};
use crate::served::Ours;
use serde_json::Value;

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A server of one session: a file goes through `data`, which returns the final reply.
fn server(
    data: impl FnOnce(TcpStream) -> &'static str + Send + 'static,
) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ftp://{}/a.bin", listener.local_addr().expect("it has one"));
    let thread = std::thread::spawn(move || {
        let (mut out, _) = listener.accept().expect("a client");
        let lines = BufReader::new(out.try_clone().expect("a file")).lines();
        let passive = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = passive.local_addr().expect("it has one").port();
        let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).expect("heard");
        let mut data = Some(data);
        say("220 here");
        for line in lines.map_while(Result::ok) {
            match line.split(' ').next().expect("a verb") {
                "USER" => say("331 and"),
                "PASS" => say("230 in"),
                "TYPE" => say("200 so"),
                "EPSV" => say(&format!("229 there (|||{port}|)")),
                "REST" => say("350 on"),
                "STOR" | "RETR" => {
                    say("150 now");
                    let (stream, _) = passive.accept().expect("a client");
                    say(data.take().expect("one transfer")(stream));
                }
                "QUIT" => return say("221 bye"),
                _ => say("550 no"),
            }
        }
    });
    (url, thread)
}

#[test]
fn a_source_that_shrinks_is_no_success() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("a.bin");
    File::create(&path).and_then(|file| file.set_len(64 << 20)).expect("a sparse file");
    let shrinks = path.clone();
    let (url, thread) = server(move |mut data| {
        data.read_exact(&mut [0]).expect("it begins");
        let file = File::options().write(true).open(shrinks).expect("there");
        file.set_len(1000).expect("it is ours");
        let end = std::io::copy(&mut data, &mut std::io::sink());
        // A FIN would say that the file is whole.
        assert_eq!(end.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
        "226 Thanks."
    });
    let output = halfclose(&["put", text(&path), &url]);
    thread.join().expect("the client reset");
    assert_eq!((output.status.code(), &*output.stdout), (Some(3), &b""[..]), "{}", err(&output));
    let said = err(&output);
    assert!(said.contains("a.bin: cannot read it: the file became shorter: "), "{said}");
    assert!(said.contains(" of 67108864 bytes (") && said.lines().count() == 1, "{said}");
}

#[test]
fn whatever_a_program_can_open_is_sent() {
    let server = Ours::serve(&[]);
    let folder = tempfile::tempdir().expect("a directory");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("elsewhere")).expect("space");
    fs::write(at("elsewhere/real"), "linked").expect("space");
    symlink(at("elsewhere/real"), at("link")).expect("space");
    fs::write(at(".halfclose-x.tmp"), "own").expect("space");
    let made = Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo");
    assert!(made.success());
    let pipe = at("pipe");
    let feeder = std::thread::spawn(move || fs::write(pipe, vec![7; 300_000]).expect("read"));
    let version = fs::read("/proc/version").expect("a Linux");
    for (local, whole) in [
        (at("link"), b"linked".to_vec()),
        (at(".halfclose-x.tmp"), b"own".to_vec()),
        (at("pipe"), vec![7; 300_000]),
        ("/proc/version".into(), version),
    ] {
        let output = halfclose(&["put", text(&local), &format!("{}/there", server.url())]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        assert!(fs::read(server.path("there")).expect("there") == whole, "{}", local.display());
    }
    feeder.join().expect("all was read");
    for stream in ["-", "/dev/null"] {
        let output = halfclose(&["put", "-c", stream, &format!("{}/there", server.url())]);
        let said =
            format!("error: `{stream}` and --continue: a stream cannot begin in the middle\n");
        assert_eq!((output.status.code(), err(&output)), (Some(2), &*said));
    }
}

#[test]
fn a_download_has_its_name_when_it_is_whole() {
    let folder = tempfile::tempdir().expect("a directory");
    let (path, part) = (folder.path().join("a.bin"), folder.path().join("a.bin.part"));
    let link = folder.path().join("link");
    fs::write(&path, "old").expect("space");
    symlink("a.bin", &link).expect("space");
    let (url, thread) = server(|mut data| {
        data.write_all(b"half").expect("it listens");
        "426 Sorry."
    });
    let output = halfclose(&["get", &url, text(&link), "--json"]);
    thread.join().expect("all was said");
    assert_eq!(output.status.code(), Some(3));
    let said: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!((&said["told"], &said["part"]), (&"failure".into(), &text(&part).into()), "{said}");
    assert_eq!(fs::read(&path).expect("there"), b"old");
    assert_eq!(fs::read(&part).expect("there"), b"half");
    let (url, thread) = server(|mut data| {
        data.write_all(b" and half").expect("it listens");
        "226 Whole."
    });
    let output = halfclose(&["get", "--continue", &url, text(&link)]);
    thread.join().expect("all was said");
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(fs::read(&path).expect("there"), b"half and half");
    assert!(!part.exists() && link.is_symlink());
    // No bytes came, so no file is left.
    let (url, thread) = server(|_| "451 Sorry.");
    assert_eq!(halfclose(&["get", &url, text(&path)]).status.code(), Some(3));
    thread.join().expect("all was said");
    assert!(!part.exists() && fs::read(&path).expect("there") == b"half and half");
}

#[test]
fn two_downloads_do_not_write_one_part() {
    let ours = Ours::serve(&[]);
    fs::write(ours.path("a.bin"), "the other").expect("space");
    let folder = tempfile::tempdir().expect("a directory");
    let (path, part) = (folder.path().join("a.bin"), folder.path().join("a.bin.part"));
    let (tried, may_end) = std::sync::mpsc::channel();
    let (url, thread) = server(move |mut data| {
        data.write_all(b"the ").expect("it listens");
        may_end.recv().expect("the other session tries");
        data.write_all(b"first").expect("it listens");
        "226 Whole."
    });
    let first = path.clone();
    let first = std::thread::spawn(move || halfclose(&["get", &url, text(&first)]));
    while !fs::metadata(&part).is_ok_and(|part| part.len() == 4) {
        assert!(!first.is_finished(), "it goes on");
        std::thread::yield_now();
    }
    let url = format!("{}/a.bin", ours.url());
    let said = format!(
        "error: {path}: cannot write it: another download is writing {path}.part (",
        path = text(&path)
    );
    for words in [&["get", &url, text(&path)][..], &["get", "--continue", &url, text(&path)]] {
        let output = halfclose(words);
        assert_eq!(output.status.code(), Some(3), "{}", err(&output));
        assert!(err(&output).starts_with(&said), "{}", err(&output));
        assert_eq!(err(&output).lines().count(), 1);
    }
    tried.send(()).expect("it waits");
    assert_eq!(first.join().expect("it ends").status.code(), Some(0));
    thread.join().expect("all was said");
    assert!(!part.exists() && fs::read(&path).expect("there") == b"the first");
}

#[test]
fn an_error_of_this_side_is_told_as_that() {
    let server = Ours::serve(&[]);
    fs::write(server.path("a.bin"), vec![7; 8_000_000]).expect("space");
    let url = format!("{}/a.bin", server.url());
    let output = halfclose(&["get", &url, "/dev/full"]);
    assert_eq!(output.status.code(), Some(3));
    let said = "error: /dev/full: cannot write it: No space left on device (os error 28) (";
    assert!(err(&output).starts_with(said), "{}", err(&output));
    let folder = tempfile::tempdir().expect("a directory");
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -f 8; exec \"$@\"",
            "sh",
            env!("CARGO_BIN_EXE_halfclose"),
            "get",
            &url,
        ])
        .arg(folder.path())
        .output()
        .expect("the program starts");
    let said = "cannot write it: File too large (os error 27) (";
    assert!(output.status.code() == Some(3) && err(&output).contains(said), "{}", err(&output));
    // A reader of a stream may stop early.
    let mut child = Command::new(env!("CARGO_BIN_EXE_halfclose"))
        .args(["get", &url, "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdout.take().expect("piped").read_exact(&mut [0; 10]).expect("it begins");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), err(&output)), (Some(0), ""));
}

#[test]
fn an_interruption_is_one_line_and_no_end_of_a_file() {
    let folder = tempfile::tempdir().expect("a directory");
    let (path, part) = (folder.path().join("a.bin"), folder.path().join("a.bin.part"));
    let (begun, begins) = std::sync::mpsc::channel();
    let (ended, ends) = std::sync::mpsc::channel();
    let (url, thread) = server(move |mut data| {
        data.write_all(b"half").expect("it listens");
        begun.send(()).expect("the test waits");
        ended.send(data.read(&mut [0]).map_err(|error| error.kind())).expect("the test waits");
        "426 Sorry."
    });
    let mut child = Command::new(env!("CARGO_BIN_EXE_halfclose"))
        .args(["get", &url, text(&path)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    begins.recv().expect("it begins");
    let id = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    while !fs::metadata(&part).is_ok_and(|part| part.len() == 4) {
        assert_eq!(child.try_wait().expect("ours"), None, "it goes on");
        std::thread::yield_now();
    }
    rustix::process::kill_process(id.expect("a process"), rustix::process::Signal::INT)
        .expect("it is ours");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), err(&output)), (Some(130), "error: interrupted\n"));
    assert_eq!(ends.recv().expect("an end"), Err(ErrorKind::ConnectionReset));
    // The server's last words have no reader.
    let _ = thread.join();
    assert!(!path.exists());
}

/// The permission bits of a file.
fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o7777
}

#[test]
fn a_part_is_private_and_the_file_has_the_permissions_of_the_old_file() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("a.bin");
    let any = folder.path().join("any");
    fs::write(&any, "").expect("space");
    for (old, whole) in [(None, mode(&any)), (Some(0o600), 0o600), (Some(0o4644), 0o644)] {
        if let Some(old) = old {
            fs::write(&path, "old").expect("space");
            fs::set_permissions(&path, fs::Permissions::from_mode(old)).expect("it is ours");
        }
        let part = folder.path().join("a.bin.part");
        let (url, thread) = server(move |mut data| {
            data.write_all(b"half").expect("it listens");
            until("the half is written", || fs::read(&part).is_ok_and(|half| half == b"half"));
            assert_eq!(mode(&part), 0o600, "{old:?}");
            data.write_all(b" and half").expect("it listens");
            "226 Whole."
        });
        let output = halfclose(&["get", &url, text(&path)]);
        thread.join().expect("all was said");
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        assert_eq!(mode(&path), whole, "{old:?}");
        assert_eq!(fs::read(&path).expect("there"), b"half and half");
        fs::remove_file(&path).expect("there");
    }
}

#[test]
fn long_names_and_links_that_lead_nowhere_are_written() {
    let folder = tempfile::tempdir().expect("a directory");
    let long = folder.path().join("x".repeat(252));
    let link = folder.path().join("link");
    symlink("target", &link).expect("space");
    for (path, written) in [(&long, long.clone()), (&link, folder.path().join("target"))] {
        let (url, thread) = server(|mut data| {
            data.write_all(b"whole").expect("it listens");
            "226 Whole."
        });
        let output = halfclose(&["get", &url, text(path)]);
        thread.join().expect("all was said");
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        assert_eq!(fs::read(&written).expect("there"), b"whole");
    }
    assert!(link.is_symlink(), "the link stays");
    assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 3, "no part is left");
}
