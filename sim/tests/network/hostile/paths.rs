//! Every command with a path, with every path and link that could lead out of the root.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use super::raw::{Raw, assert_serves};
use crate::served::Ours;

const SECRET: &str = "the secret that lies beside the root";

const PATHS: [&str; 20] = [
    "../outside/secret",
    "/../outside/secret",
    "../../../../../../../../../etc/passwd",
    "/etc/passwd",
    "..",
    "/..",
    "../outside",
    "d/../../outside/secret",
    "d/./../../outside/secret",
    "//../outside/secret",
    "....//outside/secret",
    "..\\outside\\secret",
    "%2e%2e/outside/secret",
    "d/..//..//outside/secret",
    "link-file",
    "link-dir/secret",
    "link-dir",
    "link-absolute/passwd",
    "link-up/outside/secret",
    "d/link-up/outside/secret",
];

const COMMANDS: [&str; 19] = [
    "CWD",
    "XCWD",
    "SIZE",
    "MDTM",
    "MLST",
    "STAT",
    "DELE",
    "RMD",
    "XRMD",
    "MKD",
    "XMKD",
    "MFMT 20020206120000",
    "RETR",
    "STOR",
    "APPE",
    "STOU",
    "LIST",
    "NLST",
    "MLSD",
];

#[test]
fn nothing_leads_out() {
    let folder = tempfile::tempdir().expect("a directory");
    let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
    for path in [&root, &outside] {
        fs::create_dir(path).expect("space");
    }
    fs::write(outside.join("secret"), SECRET).expect("space");
    link(&root);
    let before = snapshot(&outside);
    let server = Ours::serve_in(folder, &[], &["--max-per-address", "1000"]);
    let mut questions = 0;
    for path in PATHS {
        for command in COMMANDS {
            ask(&server, command, path);
            questions += 1;
            // Some commands act on the link itself, which may be removed or renamed.
            link(&server.path(""));
        }
        rename(&server, path);
        link(&server.path(""));
        questions += 2;
    }
    assert_eq!(questions, PATHS.len() * (COMMANDS.len() + 2));
    let outside = server.folder().join("outside");
    assert_eq!(snapshot(&outside), before, "nothing outside has changed");
    let names: Vec<_> = fs::read_dir(server.folder()).expect("it is there").collect();
    assert_eq!(names.len(), 2, "nothing has come beside the root");
    assert_serves(&server);
}

/// Fills the root with links that lead out, and nothing else.
fn link(root: &Path) {
    for entry in fs::read_dir(root).expect("it is there") {
        let path = entry.expect("a name").path();
        let is_directory = path.symlink_metadata().expect("as before").is_dir();
        let removed = if is_directory { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.expect("it is ours");
    }
    fs::create_dir(root.join("d")).expect("space");
    for (target, link) in [
        ("../outside/secret", "link-file"),
        ("../outside", "link-dir"),
        ("/etc", "link-absolute"),
        ("..", "link-up"),
        ("../..", "d/link-up"),
    ] {
        symlink(target, root.join(link)).expect("space");
    }
}

/// Sends one command, in a fresh session.
fn ask(server: &Ours, command: &str, path: &str) {
    let mut client = Raw::login(server);
    let line = format!("{command} {path}");
    let moves = ["RETR", "STOR", "APPE", "STOU", "LIST", "NLST", "MLSD"].contains(&command);
    let (reply, bytes) = match command {
        "STOR" | "APPE" | "STOU" => {
            let mut data = client.passive();
            let reply = client.say(&line);
            let _ = std::io::Write::write_all(&mut data, b"overwritten");
            drop(data);
            match reply.starts_with('1') {
                true => (client.reply().expect("a reply"), Vec::new()),
                false => (reply, Vec::new()),
            }
        }
        _ if moves => client.get(&line),
        _ => (client.say(&line), Vec::new()),
    };
    let said = String::from_utf8_lossy(&bytes);
    let told = said.contains("secret") && !path.contains("secret") || said.contains(SECRET);
    assert!(!told && !said.contains("root:"), "{line}: {said}");
    // A path that leaves the root through a link is refused; a path that goes up ends at the root.
    let leads_out = path.contains("link");
    if leads_out && !["DELE", "LIST", "NLST", "MLSD", "STAT", "STOU"].contains(&command) {
        assert!(reply.starts_with('5'), "{line}: {reply}");
    }
    assert!(client.say("NOOP").starts_with('2'), "the session goes on after {line}");
}

/// Renames a path to `moved`, and back.
fn rename(server: &Ours, path: &str) {
    let mut client = Raw::login(server);
    if client.say(&format!("RNFR {path}")).starts_with("350") {
        // The path names an entry of the root, or a link itself.
        let reply = client.say("RNTO moved");
        if reply.starts_with("250") {
            client.say("RNFR moved");
            let back = client.say(&format!("RNTO {path}"));
            assert!(back.starts_with("250"), "{path}: {back}");
        }
    }
    client.put("mine", b"mine");
    client.say("RNFR mine");
    client.say(&format!("RNTO {path}"));
}

/// Every file with its content, and the time of its last change.
fn snapshot(root: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let entries = fs::read_dir(root).expect("it is there").map(|entry| entry.expect("a name"));
    let file = |entry: fs::DirEntry| {
        let changed = entry.metadata().and_then(|known| known.modified()).expect("a date");
        let bytes = fs::read(entry.path()).expect("a file");
        (entry.file_name().to_string_lossy().into_owned(), (bytes, changed))
    };
    entries.map(file).collect()
}

#[test]
fn nobody_is_led_to_a_third_host_and_nobody_else_is_let_in() {
    let server = Ours::serve(&[]);
    let mut client = Raw::login(&server);
    let mut refused = 0;
    for line in [
        "PORT 10,0,0,1,200,200",
        "PORT 127,0,0,2,200,200",
        "PORT 127,0,0,1,0,22",
        "PORT 127,0,0,1,3,255",
        "PORT 127,0,0,1,0,0",
        "PORT 256,0,0,1,200,200",
        "EPRT |1|10.0.0.1|51200|",
        "EPRT |1|127.0.0.1|22|",
        "EPRT |1|127.0.0.1|99999|",
        "EPRT |2|::1|51200|",
        "EPRT |1|",
    ] {
        let reply = client.say(line);
        assert!(reply.starts_with('5'), "{line}: {reply}");
        refused += 1;
    }
    assert_eq!(refused, 11);
    // RFC 2577 §8: a thief who is first at the port gets nothing, and its owner is served.
    client.put("a.bin", b"for its owner");
    let port = client.passive_port();
    let thief = super::raw::connect_from("127.0.0.2", port).expect("the port is open");
    thief.set_read_timeout(Some(super::raw::PATIENCE)).expect("a time");
    let mut stolen = Vec::new();
    let _ = std::io::Read::read_to_end(&mut &thief, &mut stolen);
    assert_eq!(stolen, b"");
    let mut owner = std::net::TcpStream::connect(("127.0.0.1", port)).expect("still open");
    assert!(client.say("RETR a.bin").starts_with("150"));
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut owner, &mut bytes).expect("its bytes");
    assert_eq!(bytes, b"for its owner");
    client.expect("226");
}

#[test]
fn what_cannot_be_fetched_is_listed_as_what_it_is() {
    let folder = tempfile::tempdir().expect("a directory");
    let root = folder.path().join("root");
    fs::create_dir(&root).expect("space");
    let made = Command::new("mkfifo").arg(root.join("pipe")).status().expect("mkfifo");
    assert!(made.success());
    let _socket = UnixListener::bind(root.join("socket")).expect("a socket");
    symlink("/etc/passwd", root.join("out")).expect("space");
    let server = Ours::serve_in(folder, &[], &[]);
    let mut client = Raw::login(&server);
    let mut lines = |command: &str| {
        let (reply, bytes) = client.get(command);
        assert!(reply.starts_with("226"), "{reply}");
        let text = String::from_utf8(bytes).expect("UTF-8");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (long, facts) = (lines("LIST"), lines("MLSD"));
    for (name, letter, kind) in
        [("pipe", 'p', "fifo"), ("socket", 's', "socket"), ("out", 'l', "other")]
    {
        let of = |line: &&String| line.ends_with(&format!(" {name}"));
        assert!(long.iter().find(of).is_some_and(|line| line.starts_with(letter)), "{long:?}");
        let kind = format!("type=OS.unix={kind};");
        assert!(facts.iter().find(of).is_some_and(|line| line.starts_with(&kind)), "{facts:?}");
        assert!(client.say(&format!("SIZE {name}")).starts_with("550"), "{name}");
    }
}
