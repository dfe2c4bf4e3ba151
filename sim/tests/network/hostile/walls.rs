//! The walls around a running server: its user, its privileges, and the files that a bug could read.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

use super::raw::{Raw, assert_serves};
use crate::program::{err, halfclose};
use crate::served::Ours;

/// The number of the user `nobody`, as /etc/passwd has it.
fn nobody() -> u32 {
    let users = fs::read_to_string("/etc/passwd").expect("a Unix");
    let line = users.lines().find(|line| line.starts_with("nobody:")).expect("a user");
    line.split(':').nth(2).and_then(|number| number.parse().ok()).expect("a number")
}

/// A folder that `nobody` can write to.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a directory");
    let root = folder.path().join("root");
    fs::create_dir(&root).expect("space");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");
    if geteuid().is_root() {
        chown(&root, Some(nobody()), None).expect("root may");
    }
    folder
}

#[test]
fn root_is_given_up_once_the_server_listens() {
    if !geteuid().is_root() {
        eprintln!("SKIPPED: only root can become another user");
        return;
    }
    let server = Ours::serve_in(folder(), &[], &["--run-as", "nobody"]);
    let id = nobody();
    for key in ["Uid:", "Gid:"] {
        let ids = server.status(key);
        assert_eq!(ids.len(), 4, "{key} {ids:?}");
    }
    assert_eq!(server.status("Uid:"), vec![id.to_string(); 4]);
    for key in ["CapEff:", "CapPrm:"] {
        assert_eq!(server.status(key), ["0000000000000000"], "{key}");
    }
    assert!(!server.status("Groups:").contains(&"0".to_owned()), "none of root's groups");
    assert!(server.walls.contains(&"user nobody".to_owned()), "{:?}", server.walls);
    assert_serves(&server);
    let mut client = Raw::login(&server);
    assert!(client.put("a.bin", b"x").starts_with("226"));
    assert_eq!(fs::metadata(server.path("a.bin")).expect("there").uid(), id);
}

#[test]
fn a_bug_cannot_read_a_file_outside_of_the_directory() {
    let env = ["env", "HALFCLOSE_TEST_READ=/etc/passwd"];
    let server = Ours::serve_in(folder(), &env, &[]);
    assert_eq!(server.status("NoNewPrivs:"), ["1"]);
    assert!(server.walls.contains(&"no new privileges".to_owned()), "{:?}", server.walls);
    let landlock = server.walls.contains(&"Landlock".to_owned());
    assert_serves(&server);
    // Names move between directories under the wall, and permissions change.
    let mut client = Raw::login(&server);
    client.say("MKD d");
    assert!(client.put("a", b"x").starts_with("226"));
    assert!(client.put("a", b"y").starts_with("226"));
    client.say("RNFR a");
    for command in
        ["RNTO d/b", "SITE CHMOD 600 d/b", "MFMT 20020206120000 d/b", "DELE d/b", "RMD d"]
    {
        let reply = client.say(command);
        assert!(reply.starts_with('2'), "{command}: {reply}");
    }
    server.signal(Signal::TERM);
    let (_, log, _) = server.wait();
    let read = log.iter().find(|line| line.contains("test: reading"));
    if !landlock {
        eprintln!("SKIPPED: this kernel has no Landlock");
    } else if cfg!(debug_assertions) {
        assert!(read.expect("a line").ends_with("Permission denied (os error 13)"), "{read:?}");
    }
}

#[test]
fn root_serves_no_network() {
    if !geteuid().is_root() {
        eprintln!("SKIPPED: only root is refused");
        return;
    }
    let folder = folder();
    let root = folder.path().join("root");
    let root = root.to_str().expect("UTF-8");
    let output = halfclose(&["serve", root, "--anonymous", "--listen", "0.0.0.0:0"]);
    let said = "error: root serves on a loopback address only, and 0.0.0.0 is none: \
                add --run-as USER\n";
    assert_eq!((output.status.code(), err(&output)), (Some(2), said));
    let output = halfclose(&["serve", root, "--anonymous", "--run-as", "no-such-user"]);
    let said = "error: --run-as no-such-user: there is no such user\n";
    assert_eq!((output.status.code(), err(&output)), (Some(2), said));
    // On a loopback address a line warns; beyond, the wide admission does.
    for (options, warning) in [
        (&["--listen", "127.0.0.1:0"][..], "warning: runs as root"),
        (&["--listen", "0.0.0.0:0", "--run-as", "nobody"], "warning: --anonymous admits everyone"),
    ] {
        let server = Ours::serve_in(self::folder(), &[], options);
        server.signal(Signal::TERM);
        let (_, log, _) = server.wait();
        let warnings = log.iter().filter(|line| line.contains("warning: ")).collect::<Vec<_>>();
        assert!(warnings.len() == 1 && warnings[0].contains(warning), "{log:?}");
    }
}
