//! A server that never stops talking, and the cost to the client.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

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
    let (output, said) = talk(b"220 AAAA", "1s");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(err.contains("timed out") && said > SAID, "{err}: {said} bytes");
}
