//! Lines 6 and 10 of the table: a private file that is replaced, and a pipe in the directory.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::any_server::{AnyServer, Properties, longest_wait, ms};
use super::beside;
use crate::hostile::raw::{instant, until};

const OLD: &[u8] = b"the old file of its owner";

/// The permission bits of all files that hold bytes, and the size of the old file, as another user sees
/// the directory of the file.
fn look(server: &AnyServer) -> (u32, u64) {
    let directory = server.file("private").parent().expect("a directory").to_owned();
    let entries = fs::read_dir(directory).expect("there").filter_map(Result::ok);
    let known = entries.filter_map(|entry| entry.metadata().ok());
    let bits = known.filter(|known| known.is_file() && known.len() > 0);
    let bits = bits.fold(0, |bits, known| bits | known.permissions().mode() & 0o777);
    (bits, fs::metadata(server.file("private")).map_or(0, |known| known.len()))
}

#[test]
fn a_private_file_that_is_replaced() {
    const ROUNDS: usize = 20;
    let trial = |server: &AnyServer| {
        let (file, path) = (server.file("private"), server.path("private"));
        let mut client = server.login();
        let (mut bits, mut whole) = (0, 0);
        for _ in 0..ROUNDS {
            fs::write(&file, OLD).expect("space");
            fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("it is ours");
            let mut data = client.passive();
            let reply = client.say(&format!("STOR {path}"));
            assert!(reply.starts_with("150") || reply.starts_with("125"), "{reply}");
            data.write_all(&[7; 100_000]).expect("it listens");
            let began = instant();
            let mut old = 0;
            while began.elapsed() < Duration::from_millis(20) {
                let (more, size) = look(server);
                bits |= more;
                old = size;
            }
            whole += usize::from(old == OLD.len() as u64);
            drop(data);
            client.expect("226");
            bits |= look(server).0;
        }
        fs::set_permissions(&file, Permissions::from_mode(0o4755)).expect("it is ours");
        assert!(client.put(&path, b"a program").starts_with("226"));
        let after = fs::metadata(&file).expect("there").permissions().mode() & 0o7777;
        let text = format!(
            "widest permissions {bits:03o}; the old file whole during {whole} of {ROUNDS} uploads; \
             4755 becomes {after:04o}"
        );
        (text, (bits, whole, after))
    };
    beside("6 a private file replaced", Properties::OPEN, trial, |seen| {
        *seen == (0o600, ROUNDS, 0o755)
    });
}

#[test]
fn a_pipe_in_the_directory() {
    const SHORT: Duration = Duration::from_millis(700);
    let trial = |server: &AnyServer| {
        let (pipe, path) = (server.file("pipe"), server.path("pipe"));
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        fs::set_permissions(&pipe, Permissions::from_mode(0o666)).expect("it is ours");
        // Without a reader, opening a pipe for writing waits for ever.
        let (mut client, mut other) = (server.login(), server.login());
        let mut data = client.passive();
        let line = format!("STOR {path}\r\n");
        client.stream.write_all(line.as_bytes()).expect("it listens");
        let _ = data.write_all(b"bytes");
        drop(data);
        let began = instant();
        let wait = longest_wait(server, &mut other, || began.elapsed() < SHORT);
        client.stream.set_read_timeout(Some(server.patience(SHORT))).expect("a time");
        let reply = client.reply().unwrap_or_else(|_| "no reply".to_owned());
        // A server that waits in `open` goes on with a reader.
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        drop(fs::File::options().read(true).custom_flags(nonblocking).open(&pipe));
        let cut = cuts_its_reader(server, &path);
        let text = format!(
            "{}; longest NOOP {}; a reader {}",
            reply,
            ms(wait),
            cut.map_or("is left alone".to_owned(), |bytes| format!(
                "is cut off with {bytes} bytes"
            ))
        );
        (text, (wait, cut, reply.get(..3).unwrap_or_default().to_owned()))
    };
    beside("10 STOR of a pipe", Properties::OPEN, trial, |(wait, cut, code)| {
        cut.is_none() && code == "550" && *wait < Duration::from_secs(2)
    });
}

/// The bytes that the reader of the pipe has when an upload has cut the reader off; `None` if the reader
/// still waits.
fn cuts_its_reader(server: &AnyServer, path: &str) -> Option<usize> {
    let pipe = server.file("pipe");
    let (sender, read) = channel();
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || sender.send(fs::read(pipe).map_or(0, |bytes| bytes.len()))
    });
    let mut client = server.login();
    client.stream.set_read_timeout(Some(server.patience(Duration::from_secs(2)))).expect("a time");
    if let Ok(reply) = client.ask("EPSV")
        && let Some(port) = reply.split('|').nth(3).and_then(|port| port.parse::<u16>().ok())
    {
        let data = std::net::TcpStream::connect(("127.0.0.1", port));
        let _ = client.ask(&format!("STOR {path}"));
        let _ = data.and_then(|mut data| data.write_all(b"bytes"));
    }
    let cut = read.recv_timeout(Duration::from_millis(500)).ok();
    // A writer that comes and goes ends a reader that still waits.
    if cut.is_none() {
        drop(fs::File::options().write(true).open(&pipe).expect("it has a reader"));
    }
    until("the reader has ended", || reader.is_finished());
    cut
}
