//! Captures over IPv6, of lftp in PORT mode and of a TLS connection, made and explained as in
//! `captures`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use halfclose::explain::{Cause, Whole};

use super::capture::{Capture, alone, holds};
use super::captures::{explained, explained_with_sketches, ftplib, only, recreated};
use super::programs::content;
use super::theirs::{PURE_FTPD, PYFTPDLIB, Theirs, VSFTPD};
use crate::served::Ours;

#[test]
fn transfers_over_ipv6_are_explained() {
    alone(&["python3"], explain_ipv6);
}

fn explain_ipv6() {
    let server = Ours::serve(&["--listen", "[::1]:0"]);
    std::fs::write(server.path("a.bin"), content(300_000)).expect("space");
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("v6.pcap");
    for (way, command, setup, cause) in [
        ("v6-get", "RETR", "EPSV", Cause::Orderly),
        ("v6-active-get", "RETR", "EPRT |2|::1|", Cause::Orderly),
        ("v6-put", "STOR", "EPSV", Cause::Orderly),
        ("v6-active-put", "STOR", "EPRT |2|::1|", Cause::Orderly),
        ("v6-put-reset", "STOR", "EPSV", Cause::ResetBehindLastByte),
    ] {
        let _ = std::fs::remove_file(server.path("up.bin"));
        let capture = Capture::start(&file, "0", "ip6 and tcp");
        let login = ("", "anonymous", "guest");
        let done = ftplib(folder.path(), server.port, login, way).wait().expect("python ends");
        capture.stop();
        assert!(done.success(), "{way}: {done}");
        assert!(holds(&file, setup.as_bytes()), "{way}: no {setup} in the capture");
        let (found, sketches) = explained_with_sketches(&file, server.port);
        assert!(recreated(way, &sketches), "{way}");
        let one = only(&found);
        assert_eq!((&*one.command, one.cause, one.bytes), (command, cause, 300_000), "{one:#?}");
        assert!(one.client.starts_with("[::1]:"), "{one:#?}");
        let whole = one.whole == Whole::Whole;
        assert_eq!(whole, cause == Cause::Orderly, "{way}: {one:#?}");
        let data = found.connections.iter().find(|it| Some(it.number) == one.data);
        let data = data.expect("the data connection is in the capture");
        assert_eq!((data.channel, data.opened), (Some("data"), "handshake"), "{data:#?}");
    }
}

#[test]
fn lftp_in_port_mode_is_explained() {
    alone(&["lftp"], explain_port_mode);
}

fn explain_port_mode() {
    for model in [VSFTPD, PURE_FTPD, PYFTPDLIB] {
        let Some(server) = Theirs::start(model) else { continue };
        std::fs::write(server.file("a.bin"), content(300_000)).expect("space");
        let folder = tempfile::tempdir().expect("a directory");
        let got = folder.path().join("got");
        let file = folder.path().join("port.pcap");
        let script = format!(
            "set net:timeout 60; set net:max-retries 1; set ftp:ssl-allow no; \
             set ftp:passive-mode no; get {url} -o {got}; put {got} -o {put}",
            url = server.url("a.bin"),
            put = server.url("up.bin"),
            got = got.display()
        );
        let capture = Capture::start(&file, "0", "tcp");
        let done = Command::new("lftp").args(["-c", &script]).output().expect("lftp starts");
        capture.stop();
        assert!(holds(&file, b"PORT 127,0,0,1,"), "{model}: {done:?}");
        let (found, sketches) = explained_with_sketches(&file, server.port);
        assert!(recreated(&format!("{model} lftp, PORT"), &sketches), "{model}");
        for command in ["RETR", "STOR"] {
            let said = format!("{model} {command}: {done:?} {:#?}", found.transfers);
            let mut all = found.transfers.iter().filter(|it| it.command == command);
            let (Some(one), None) = (all.next(), all.next()) else { panic!("{said}") };
            assert_eq!((one.cause, one.whole), (Cause::Orderly, Whole::Whole), "{said}");
            assert_eq!((one.bytes, one.told), (300_000, "success"), "{said}");
        }
    }
}

/// A server of one TLS connection: prints its port, sends 50,000 bytes and ends.
const TLS: &str = r#"
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
plain, _ = listener.accept()
tls = context.wrap_socket(plain, server_side=True)
tls.recv(4096)
tls.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + bytes(50000))
# unwrap() sends close_notify, the end of the page, and waits for the client's.
tls.unwrap().close()
"#;

#[test]
fn a_capture_of_tls_is_explained_as_a_connection() {
    alone(&["python3", "openssl", "curl"], explain_tls);
}

fn explain_tls() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = |name: &str| folder.path().join(name);
    let key = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"])
        .arg("-keyout")
        .arg(path("key"))
        .arg("-out")
        .arg(path("certificate"))
        .output()
        .expect("openssl starts");
    assert!(key.status.success(), "{key:?}");
    let mut server = Command::new("python3");
    server.args(["-u", "-c", TLS]).arg(path("certificate")).arg(path("key"));
    let mut server = server.stdout(Stdio::piped()).spawn().expect("python starts");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let port: u16 = line.trim().parse().expect("a port");
    let capture = Capture::start(&path("tls.pcap"), "0", &format!("tcp port {port}"));
    let url = format!("https://127.0.0.1:{port}/");
    let arguments = ["-sk", "--noproxy", "*", "--max-time", "120", "-o", "/dev/null", &url];
    let got = Command::new("curl").args(arguments).status().expect("curl starts");
    let _ = server.wait();
    capture.stop();
    assert!(got.success(), "{got}");
    let found = explained(&path("tls.pcap"), port);
    assert_eq!(found.transfers.len(), 0, "{:#?}", found.transfers);
    assert_eq!(found.connections.len(), 1, "{:#?}", found.connections);
    let one = &found.connections[0];
    assert_eq!((one.cause, one.channel, one.conn_state), (Cause::Orderly, None, "SF"), "{one:#?}");
    assert!(one.bytes.server > 50_000 && one.bytes.client > 0, "{one:#?}");
}
