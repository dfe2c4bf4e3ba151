//! A supervisor that speaks systemd's protocols with the server: readiness by `NOTIFY_SOCKET` (see
//! `sd_notify(3)`), and a listening socket that the supervisor passes (see `sd_listen_fds(3)`).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::hostile::raw::{PATIENCE, assert_serves};
use crate::served::Ours;

#[test]
fn a_supervisor_hears_of_the_begin_and_of_the_end() {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(folder.path().join("root")).expect("space");
    // Outside of the served directory: the walls stand when the server speaks.
    let beside = tempfile::tempdir().expect("a directory");
    let path = beside.path().join("notify");
    let supervisor = UnixDatagram::bind(&path).expect("a socket");
    supervisor.set_read_timeout(Some(PATIENCE)).expect("a time");
    let hear = || {
        let mut word = [0; 256];
        let length = supervisor.recv(&mut word).expect("a word of the server");
        String::from_utf8_lossy(&word[..length]).trim_end().to_owned()
    };
    let variable = format!("NOTIFY_SOCKET={}", path.display());
    let server = Ours::serve_in(folder, &["env", &variable], &[]);
    assert_eq!(hear(), "READY=1");
    assert_serves(&server);
    server.signal(Signal::TERM);
    assert_eq!(hear(), "STOPPING=1");
    assert_eq!(server.wait().0.code(), Some(0));
    supervisor.set_read_timeout(Some(Duration::from_millis(50))).expect("a time");
    assert!(supervisor.recv(&mut [0; 256]).is_err(), "nothing more is said");
}

/// Starts `serve` with a socket as file 3, as systemd passes the first socket of a unit.
fn activate(socket: OwnedFd, folder: &std::path::Path) -> Child {
    let script = "export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\" 3<&0 0</dev/null";
    Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_halfclose"), "serve"])
        .arg(folder)
        .arg("--anonymous")
        .stdin(Stdio::from(socket))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("there is a shell")
}

#[test]
fn a_socket_of_the_supervisor_is_served_with_the_clients_that_wait() {
    let folder = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("it has one");
    // This client connects before there is a server: the supervisor starts the server for the client.
    let mut early = TcpStream::connect(at).expect("it listens");
    early.set_read_timeout(Some(PATIENCE)).expect("a time");
    let mut server = activate(listener.into(), folder.path());
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    assert!(line.contains(&format!("at ftp://{at}/")), "{line}");
    early.write_all(b"QUIT\r\n").expect("it is served");
    let mut heard = String::new();
    early.read_to_string(&mut heard).expect("a greeting and the last reply");
    assert!(heard.starts_with("220 ") && heard.ends_with("221 Goodbye.\r\n"), "{heard}");
    let id = i32::try_from(server.id()).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(id, Signal::TERM).expect("it is ours");
    assert_eq!(server.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_passed_socket_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().expect("a directory");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let output = activate(socket.into(), folder.path()).wait_with_output().expect("it ends");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.starts_with("error: the passed socket is unfit: "), "{error}");
    assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{error}");
}
