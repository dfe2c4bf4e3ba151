//! `halfclose bridge` with real programs: faults on the packets of real kernels, the measured results of
//! real servers once more, and nothing left behind. The tests are skipped with a line on standard error
//! where the system makes no network namespace or TUN device; `HALFCLOSE_REQUIRE_TUN=1` makes that a
//! failure (`.ci/run` sets the variable).

mod cleanup;
mod crowded;
mod ordinary_user;
mod servers_again;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

use crate::busy::again;
use crate::foreign::programs::{is_there, said};
use crate::foreign::theirs::{PYFTPDLIB, VSFTPD};

/// The program under test.
pub(crate) const HALFCLOSE: &str = env!("CARGO_BIN_EXE_halfclose");

/// The command of our client's real counterpart.
const CURL: &str = "curl -sS -T {file} ftp://{server}/";

/// Runs `halfclose bridge` with these words; `prefix`: the words of a program that runs the bridge.
pub(crate) fn bridge(prefix: &[&str], words: &[&str]) -> Output {
    let mut line = prefix.iter().chain(&[HALFCLOSE, "bridge"]).chain(words);
    let mut command = Command::new(line.next().expect("the program is there"));
    command.args(line).output().expect("it starts")
}

/// Whether this system makes namespaces and devices.
pub(crate) fn has_tun() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let output = bridge(&[], &["--client", "true", "--limit", "60s"]);
        let found = output.status.code() != Some(2);
        if !found {
            let required = std::env::var_os("HALFCLOSE_REQUIRE_TUN").is_some();
            assert!(!required, "no bridge: {}", said(&output));
            eprintln!("SKIPPED: {}", String::from_utf8_lossy(&output.stderr));
        }
        found
    })
}

/// The JSON object of a bridge run. A server may need more than the 20 s that a bridge waits for its port,
/// so a run without an object is made again.
pub(crate) fn run(prefix: &[&str], words: &[&str]) -> Value {
    again(|| run_once(prefix, words))
}

/// The JSON object of one bridge run, or what the bridge said in place of the object.
pub(crate) fn run_once(prefix: &[&str], words: &[&str]) -> Result<Value, String> {
    // Longer than the bridge's own limit: a busy machine is slow to start programs.
    let limit = if words.contains(&"--limit") { &[][..] } else { &["--limit", "600s"] };
    let output = bridge(prefix, &[words, limit, &["--json"]].concat());
    serde_json::from_slice(&output.stdout).map_err(|_| said(&output))
}

/// The command of a server of another project, and the path for uploads; `None`: not installed.
pub(crate) fn server(model: &str, folder: &Path) -> Option<(String, &'static str)> {
    if model == PYFTPDLIB {
        let there = is_there("python:pyftpdlib");
        return there.then(|| ("exec python3 -m pyftpdlib -p {port} -w -d {dir}".to_owned(), ""));
    }
    if model == VSFTPD {
        let config = folder.join("vsftpd.conf");
        let text = "listen=YES\nlisten_port=21\nbackground=NO\nanonymous_enable=YES\n\
            ftp_username=nobody\nlocal_enable=NO\nno_anon_password=YES\n\
            run_as_launching_user=YES\nwrite_enable=YES\nanon_upload_enable=YES\n\
            anon_other_write_enable=YES\nanon_world_readable_only=NO\nanon_umask=022\n\
            connect_from_port_20=NO\nseccomp_sandbox=NO\nxferlog_enable=NO\n";
        std::fs::write(&config, text).expect("space");
        let config = config.display();
        // vsftpd refuses a root that its user may write to.
        let command = format!(
            "mkdir -p {{dir}}/root/up {{dir}}/empty; exec vsftpd {config} -oanon_root={{dir}}/root \
             -osecure_chroot_dir={{dir}}/empty"
        );
        return is_there("vsftpd").then_some((command, "up/"));
    }
    None
}

/// The times in seconds at which the client sent a FIN on the data connection.
fn data_fins(run: &Value) -> Vec<f64> {
    let trace = run["trace"].as_array().expect("--trace");
    let lines = trace.iter().filter_map(Value::as_str);
    let fins = lines.filter_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let from_client = words.contains(&"-->") || words.contains(&"--x");
        let [time, _, "data", flags, ..] = words[..] else { return None };
        (from_client && flags.starts_with('F')).then(|| time.parse().expect("seconds"))
    });
    fins.collect()
}

#[test]
fn a_lost_fin_costs_real_programs_one_retransmission() {
    if !has_tun() || !is_there("curl") {
        return;
    }
    let folder = tempfile::tempdir().expect("a directory");
    let Some((server, path)) = server(VSFTPD, folder.path()) else { return };
    let client = format!("{CURL}{path}");
    let words = ["--client", &client, "--server", &server, "--trace"];
    // A bridge that waits for a processor for longer than the RTO of 200 ms makes the kernel retransmit.
    again(|| {
        let whole = run(&[], &words);
        assert_eq!(whole["verdict"], "intact", "{whole}");
        let fins = data_fins(&whole).len();
        if fins == 1 { Ok(()) } else { Err(format!("{fins} FINs: {whole}")) }
    });
    again(|| {
        let lossy = run(&[], &[&words[..], &["-s", "fault=drop client data FIN 1"]].concat());
        assert_eq!(lossy["verdict"], "intact", "{lossy}");
        assert_eq!(lossy["packets"]["dropped"], 1, "{lossy}");
        assert_eq!(lossy["client"]["status"], 0, "{lossy}");
        // After an RTO of 200 ms, or as the probe of a lost tail (RFC 8985 §7) after two round trips.
        match data_fins(&lossy)[..] {
            [first, again] if (0.002..5.0).contains(&(again - first)) => Ok(()),
            _ => Err(format!("two FINs: {lossy}")),
        }
    });
}

#[test]
fn a_report_leaves_out_what_the_bridge_does_not_know() {
    if !has_tun() || !is_there("curl") || !is_there("python:pyftpdlib") {
        return;
    }
    let folder = tempfile::tempdir().expect("a directory");
    // The server keeps the file outside the directory of the bridge, whose own name has a blank.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("space");
    let server = format!("exec python3 -m pyftpdlib -p {{port}} -w -d {}", elsewhere.display());
    let page = folder.path().join("page.html");
    let kept = folder.path().join("with a blank");
    let [page, kept] = [&page, &kept].map(|path| path.to_str().expect("UTF-8"));
    let words = ["--client", CURL, "--server", &server, "--dir", kept, "--report", page];
    let output = bridge(&[], &words);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("exit status 0"), "curl finds a file behind a blank: {}", said(&output));
    assert!(text.contains("bytes    to send 10000, stored: unknown; told success"), "{text}");
    assert!(!text.contains("ftp>") && text.contains("verdict  none"), "{text}");
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(page.contains("No verdict: the file may lie outside"), "{page}");
    assert!(page.contains("the kernel of the machine, for the command <code>curl"), "{page}");
    for wrong in ["not measured)", "bytes are in the file", "there is no file", "ftp&gt;"] {
        assert!(
            !page.contains(wrong),
            "the page says `{wrong}` of an end that is no program of ours"
        );
    }
    let seen = run(&[], &["--client", CURL]);
    assert_eq!(seen["hosts"]["client"], Value::Null, "a kernel is no host of a scenario: {seen}");
    assert_eq!(seen["hosts"]["server"]["policy"], "linux", "{seen}");
    let output = bridge(&[], &["--client", ""]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

#[test]
fn each_end_is_ours_or_a_command() {
    if !has_tun() || !is_there("curl") || !is_there("python:pyftpdlib") {
        return;
    }
    let folder = tempfile::tempdir().expect("a directory");
    let (server, _) = server(PYFTPDLIB, folder.path()).expect("installed");
    let ours = "-sclient.profile=tcpip32-3.11b";
    for ends in [
        &[][..],
        &["--client", CURL],
        &["--server", &server],
        &["--client", CURL, "--server", &server],
    ] {
        let seen = run(&[], &[&[ours, "--check", "a.bin"], ends].concat());
        assert_eq!(seen["verdict"], "intact", "{ends:?}: {seen}");
        assert_eq!(seen["told"], "success", "{ends:?}: {seen}");
        let by = if ends.contains(&"--client") { "exit status" } else { "client" };
        assert_eq!(seen["told_by"], by, "{ends:?}: {seen}");
        assert!(seen["reply"].as_str().is_some_and(|reply| reply.starts_with("226")), "{seen}");
        assert_eq!(seen["explanation"]["transfers"][0]["cause"], "orderly", "{ends:?}: {seen}");
        let files = seen["files"].as_array().expect("--check");
        let stored = files.iter().find(|file| file["side"] == "server").expect("both ends");
        assert_eq!(
            (&stored["bytes"], stored["sha256"].as_str().map(str::len)),
            (&10_000.into(), Some(64))
        );
        assert_eq!(seen["overflowed"], 0, "{seen}");
    }
}

#[test]
fn the_seed_decides_the_fates_and_many_seeds_are_counted() {
    if !has_tun() || !is_there("curl") {
        return;
    }
    let words = ["-slink.loss=100%", "--client", "curl -sS -m 2 -T {file} ftp://{server}/"];
    let dark = run(&[], &words);
    assert_eq!(dark["packets"]["dropped"], dark["packets"]["client"], "{dark}");
    assert_eq!(
        (&dark["client"]["status"], &dark["told"]),
        (&28.into(), &"failure".into()),
        "{dark}"
    );
    let counted = run(&[], &["--client", CURL, "--seeds", "6", "--jobs", "3"]);
    assert_eq!(
        (&counted["runs"], &counted["verdicts"]["intact"]),
        (&6.into(), &6.into()),
        "{counted}"
    );
    assert_eq!(counted["statuses"]["client: exit status 0"], 6, "{counted}");
}

#[test]
fn a_bridge_has_a_page_a_capture_and_a_trace() {
    if !has_tun() || !is_there("curl") {
        return;
    }
    let folder = tempfile::tempdir().expect("a directory");
    let (page, capture) = (folder.path().join("run.html"), folder.path().join("run.pcapng"));
    let shown = |path: &Path| path.display().to_string();
    let words = ["--client", CURL, "--report", &shown(&page), "--pcap", &shown(&capture)];
    let seen = run(&[], &[&words[..], &["--trace=data"]].concat());
    let page = std::fs::read_to_string(page).expect("the page");
    assert!(page.contains("s in real time") && page.contains("<svg"), "no page of a bridge run");
    assert!(!page.contains("laws held"), "no law was watched");
    let lines = seen["trace"].as_array().expect("--trace").len();
    let sent = |side: &str| seen["packets"][side].as_u64().expect("a count");
    let all = sent("client") + sent("server");
    assert!(lines > 5 && (lines as u64) < all, "{lines} lines of {all} packets");
    let explained = crate::program::halfclose(&["explain", &shown(&capture), "--json"]);
    let explained: Value = serde_json::from_slice(&explained.stdout).expect("JSON");
    assert_eq!(explained["packets"], all, "every packet is in the capture");
    assert_eq!(explained["transfers"][0]["cause"], "orderly");
}

#[test]
fn wrong_commands_are_one_line() {
    if !has_tun() {
        return;
    }
    let output = bridge(&[], &["--server", "echo no such thing; exit 7"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let wanted = "the server's command ended with exit status 7 before it listened: no such thing";
    assert!(text.contains(wanted) && text.lines().count() == 1, "{text}");
    for (words, wanted) in [
        (&["--client", "no-such-program"][..], "ended with exit status 127 and sent no packet: "),
        (&["--client", "true"], "the client's command ended with exit status 0 and sent no packet"),
        (
            &["--server", "sleep 60", "--limit", "300ms"],
            "the server's command did not listen at port 21 within 0.3 s",
        ),
    ] {
        let output = bridge(&[], words);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(text.contains(wanted) && text.lines().count() == 1, "{text}");
    }
}
