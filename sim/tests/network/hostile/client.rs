//! A server that never stops talking, and the cost to the client.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use crate::busy::again;

/// The memory that a client may use, in KiB, with the program and its libraries.
const MEMORY_KIB: u32 = 100_000;
/// The bytes that a server can send before the client gives up: 1 MiB, and the kernels' buffers.
const SAID: usize = 16 << 20;

/// Sends `text` without end, from the greeting on, until the client goes. Returns the exit status
/// of the client and the number of sent bytes.
fn talk(text: &[u8], timeout: &str) -> (Output, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ftp://{}/a", listener.local_addr().expect("it has one"));
    let bytes = text.repeat((64 << 10) / text.len());
    let server = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let mut said = 0;
        while client.write_all(&bytes).is_ok() {
            said += bytes.len();
        }
        said
    });
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -v {MEMORY_KIB}; exec \"$@\""), "sh"])
        .args([env!("CARGO_BIN_EXE_halfclose"), "get", &url, "-", "--timeout", timeout])
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    (output, server.join().expect("the client has gone"))
}

#[test]
fn a_server_that_does_not_stop_talking_costs_its_client_no_memory() {
    let line = [&b"220-"[..], &[b'A'; 600], b"\r\n"].concat();
    let endless = "The server's reply does not end";
    for (text, problem) in [
        (&*line, endless),
        (b"220-\r\n", endless),
        (b"120 wait\r\n", endless),
        (b"what\r\n", "no FTP server: the peer said `what`"),
    ] {
        let (output, said) = talk(text, "60s");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{err}");
        assert_eq!(err, format!("error: -: {problem} (0 bytes received)\n"));
        assert!(said < SAID, "{said} bytes");
    }
}

#[test]
fn a_line_without_an_end_costs_its_client_the_timeout() {
    // A busy client hears less in a second.
    let mut seconds = 1;
    again(|| {
        let (output, said) = talk(b"220 AAAA", &format!("{seconds}s"));
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{err}");
        assert!(err.contains("timed out"), "{err}");
        seconds *= 2;
        if said > SAID { Ok(()) } else { Err(format!("{said} bytes")) }
    });
}

/// A server that admits every user and answers every other command with `refusal`.
fn refuse_all(greeting: &'static [u8], refusal: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ftp://{}/a", listener.local_addr().expect("it has one"));
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        client.write_all(greeting).expect("heard");
        let lines = BufReader::new(client.try_clone().expect("a file")).lines();
        for line in lines.map_while(Result::ok) {
            let reply: &[u8] = match line.get(..4) {
                Some("USER") => b"331 and\r\n",
                Some("PASS") => b"230 in\r\n",
                Some("TYPE") => b"200 so\r\n",
                _ => refusal,
            };
            // A client that has heard enough reads no more.
            let _ = client.write_all(reply);
        }
    });
    url
}

#[test]
fn no_reply_of_a_server_steers_the_terminal() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("a");
    std::fs::write(&file, "x").expect("space");
    let file = file.to_str().expect("UTF-8");
    let refusal: &[u8] = b"550-\x1b]0;evil\x07 and \xc2\x9b2J\r\n550 \x1b[2J\x7f\r\n";
    let stranger: &[u8] = b"what \x1b]0;evil\x07 \xc2\x9b2J\r\n";
    for greeting in [&b"220 here\r\n"[..], refusal, stranger] {
        for words in [vec!["put", file], vec!["get"], vec!["ls"]] {
            for extra in [&[][..], &["--json"], &["-v"]] {
                let url = refuse_all(greeting, refusal);
                let mut command = Command::new(env!("CARGO_BIN_EXE_halfclose"));
                command.args(&words).arg(&url);
                if words[0] == "get" && !extra.contains(&"--json") {
                    command.arg("-");
                }
                let output = command.args(extra).args(["--timeout", "5s"]).output();
                let output = output.expect("the program starts");
                assert_eq!(output.status.code(), Some(3), "{words:?} {extra:?}");
                for text in [&output.stdout, &output.stderr] {
                    let text = String::from_utf8_lossy(text);
                    let steers = |c: char| c.is_control() && c != '\n';
                    assert!(!text.contains(steers), "{words:?} {extra:?}: {text:?}");
                }
            }
        }
    }
}
