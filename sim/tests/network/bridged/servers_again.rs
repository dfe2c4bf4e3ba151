//! Our simulated client ends uploads to real servers in each way, over the simulated link: the rows of
//! docs/MODELS.md once more.

use std::path::Path;

use super::{has_tun, run_once, server};
use crate::busy::again;
use crate::foreign::programs::is_there;
use crate::foreign::servers::known;
use crate::foreign::theirs::{PURE_FTPD, PYFTPDLIB, VSFTPD, write_pure_ftpd_users};

/// The ways to end, in the words of the measurement and in ours.
const TEARDOWNS: [(&str, &str); 4] = [
    ("fin", "fin"),
    ("rst", "reset"),
    ("rst_acked", "reset-when-acked"),
    ("fin_rst", "fin-then-reset"),
];
/// Runs of each way: a server that races with its kernel answers in several ways.
const RUNS: u32 = 2;

#[test]
fn vsftpd() {
    check(VSFTPD, &[]);
}

#[test]
fn pyftpdlib() {
    check(PYFTPDLIB, &[]);
}

#[test]
fn pure_ftpd() {
    check(PURE_FTPD, &["--user", "me"]);
}

fn check(model: &str, login: &[&str]) {
    let folder = tempfile::tempdir().expect("a directory");
    if !has_tun() {
        return;
    }
    let Some((server, path)) = command(model, folder.path()) else { return };
    let put = format!("-sdo.put={path}a.bin");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "secret\n").expect("space");
    let secret = secret.display().to_string();
    let login: Vec<&str> = match login {
        [] => Vec::new(),
        login => [login, &["--password-file", &secret]].concat(),
    };
    for (measured, close) in TEARDOWNS {
        let known = known(model, measured);
        // A server that is known to be silent is not waited for.
        let silent = known.iter().any(|result| result.starts_with("none"));
        for _ in 0..RUNS {
            let mut seconds = if silent { 4 } else { 120 };
            let close = format!("-sclient.close={close}");
            let run_folder = folder.path().join("run");
            let run_folder = run_folder.display().to_string();
            let words = [
                // Everything for which the server has room leaves before the reset.
                &[
                    "-stcp.congestion=none",
                    "-stcp.nagle=false",
                    "-sclient.mode=passive",
                    &close,
                    &put,
                ][..],
                &["--server", &server, "--dir", &run_folder],
                &login,
            ];
            // A busy machine may decide a race of the server as no measured machine has, now and then.
            again(|| {
                // A file of the run before must not count.
                let _ = std::fs::remove_dir_all(&run_folder);
                let limit = format!("{seconds}s");
                seconds *= 2;
                let seen = run_once(&[], &[&words.concat()[..], &["--limit", &limit]].concat())?;
                let reply = seen["reply"].as_str().filter(|reply| !reply.starts_with('1'));
                let reply = reply.and_then(|reply| reply.get(..3)).unwrap_or("none");
                let result = format!("{reply}/{}", seen["file"].as_str().unwrap_or("unknown"));
                match known.contains(&result) {
                    true => Ok(()),
                    false => Err(format!("{model}, {close}: {result}, not {known:?}: {seen}")),
                }
            });
        }
    }
}

fn command(model: &str, folder: &Path) -> Option<(String, &'static str)> {
    if model != PURE_FTPD {
        return server(model, folder);
    }
    if !is_there("pure-ftpd") || !is_there("pure-pw") {
        return None;
    }
    let home = folder.join("run/server").display().to_string();
    let database = write_pure_ftpd_users(folder, &home);
    Some((format!("exec pure-ftpd -S ,{{port}} -l puredb:{database} -E -H -A -u 1"), ""))
}
