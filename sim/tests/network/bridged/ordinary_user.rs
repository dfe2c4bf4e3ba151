//! A bridge of an ordinary user: the commands run in user namespaces. As root, the test becomes the user
//! `nobody`, who gets a device of its own in a private mount namespace; nothing of the system changes.

use std::path::Path;
use std::process::Command;

use super::{CURL, bridge, has_tun, run, server};
use crate::foreign::programs::{is_there, said};
use crate::foreign::theirs::PYFTPDLIB;

/// Becomes the user `nobody` with a TUN device that every user may open.
const AS_NOBODY: &str = "mount --make-rprivate / && mount -t tmpfs none /mnt && \
     mknod -m 666 /mnt/tun c 10 200 && mount --bind /mnt/tun /dev/net/tun && \
     exec setpriv --reuid 65534 --regid 65534 --clear-groups env TMPDIR=/tmp \"$@\"";

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id(1)");
    id.stdout.starts_with(b"0\n")
}

/// The words in front of a bridge for an ordinary user; `None`, with a line: no such user can be had.
fn as_user() -> Option<Vec<&'static str>> {
    if !has_tun() {
        return None;
    }
    let words = match is_root() {
        true => vec!["unshare", "--mount", "sh", "-c", AS_NOBODY, "sh"],
        false => Vec::new(),
    };
    let tried = bridge(&words, &["--client", "true", "--limit", "60s"]);
    if !tried.status.success() {
        let required = std::env::var_os("HALFCLOSE_REQUIRE_USERNS").is_some();
        assert!(!required, "{}", said(&tried));
        eprintln!("SKIPPED: no bridge as an ordinary user: {}", said(&tried));
        return None;
    }
    Some(words)
}

#[test]
fn an_ordinary_user_drops_the_fin_of_curl() {
    let Some(user) = as_user() else { return };
    if !is_there("curl") || !is_there("python:pyftpdlib") {
        return;
    }
    let client = format!("id -u && {CURL}");
    let (server, _) = server(PYFTPDLIB, Path::new("/nowhere")).expect("installed");
    let words = ["--client", &client, "--server", &server, "-sfault=drop client data FIN 1"];
    let seen = run(&user, &words);
    assert_eq!(
        (&seen["verdict"], &seen["client"]["status"]),
        (&"intact".into(), &0.into()),
        "{seen}"
    );
    assert_eq!(seen["packets"]["dropped"], 1, "{seen}");
}

#[test]
fn an_ordinary_user_resets_an_upload_to_a_real_server() {
    let Some(user) = as_user() else { return };
    if !is_there("python:pyftpdlib") {
        return;
    }
    let (server, _) = server(PYFTPDLIB, Path::new("/nowhere")).expect("installed");
    let words = ["--server", &server, "-sclient.close=reset", "-stcp.nagle=false"];
    let seen = run(&user, &words);
    assert!(seen["reply"].as_str().is_some_and(|reply| reply.starts_with("226")), "{seen}");
    assert_eq!(seen["told"], "success", "{seen}");
}

#[test]
fn a_device_that_is_closed_to_a_user_is_one_line() {
    if !has_tun() || !is_root() {
        return;
    }
    let script = AS_NOBODY.replace("-m 666", "-m 600");
    let output = bridge(&["unshare", "--mount", "sh", "-c", &script, "sh"], &["--client", "true"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(126) || text.contains("setpriv:") {
        eprintln!("SKIPPED: the user `nobody` cannot run the program: {text}");
        return;
    }
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("run as root, or "), "{text}");
}
