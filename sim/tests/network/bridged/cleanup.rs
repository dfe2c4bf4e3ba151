//! An end of a bridge, by a signal to any of its processes, leaves no process, namespace or device.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{HALFCLOSE, has_tun};
use crate::busy::again;
use crate::hostile::raw::{PATIENCE, instant, pause};

/// A word that only the processes of one test have in their command lines.
fn processes(mark: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("proc(5)").filter_map(Result::ok) {
        let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).replace('\0', " ");
        if words.contains(mark) {
            found.push(format!("{} {words}", entry.file_name().to_string_lossy()));
        }
    }
    found
}

/// Waits until the condition holds; two minutes, as a bridge starts many programs.
fn until(what: &str, mut met: impl FnMut() -> bool) {
    let began = instant();
    while !met() {
        assert!(began.elapsed() < 2 * PATIENCE, "{what}");
        pause(Duration::from_millis(10));
    }
}

/// A bridge whose client never ends; the mark is in every command line.
fn start(mark: &str) -> Child {
    let client = format!("setsid sleep 1000 & sleep 1000 # {mark}");
    let server = format!("python3 -m http.server 21 # {mark}");
    Command::new(HALFCLOSE)
        .args(["bridge", "--client", &client, "--server", &server])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

/// The process of this test's mark whose command line begins with this word.
fn of(mark: &str, word: &str) -> String {
    let found = processes(mark).into_iter().find(|line| line.contains(word));
    let line = found.unwrap_or_else(|| panic!("no {word}"));
    line.split(' ').next().expect("a number").to_owned()
}

fn signal(name: &str, process: &str) {
    let done = Command::new("kill").args(["-s", name, process]).status().expect("kill(1)");
    assert!(done.success());
}

/// Ends a bridge by a signal to the bridge, or to a helper, and waits until everything is gone.
fn ends(mark: &str, name: &str, victim: &str) {
    if !has_tun() {
        return;
    }
    let mark = &format!("{mark}-{}", std::process::id());
    let mut child = start(mark);
    // The bridge, two helpers in each of two ends, and the commands.
    until("the bridge runs", || processes(mark).len() >= 7);
    let own = child.id().to_string();
    let victim = if victim.is_empty() { own } else { of(mark, victim) };
    signal(name, &victim);
    until("everything is gone", || {
        let _ = child.try_wait();
        processes(mark).is_empty()
    });
    child.wait().expect("it ends");
}

#[test]
fn an_interrupt_ends_everything() {
    ends("mark-of-an-interrupt", "INT", "");
}

#[test]
fn a_killed_bridge_leaves_nothing() {
    ends("mark-of-a-killed-bridge", "KILL", "");
}

/// The temporary directory of a killed bridge goes with the next bridge; one that is in use stays.
#[test]
fn the_next_bridge_removes_the_directory_of_a_killed_one() {
    if !has_tun() {
        return;
    }
    let base = tempfile::tempdir().expect("a directory");
    let folders = || std::fs::read_dir(base.path()).expect("it is there").count();
    let bridge = |client: &str| {
        let mut command = Command::new(HALFCLOSE);
        command.args(["bridge", "--client", client]).env("TMPDIR", base.path());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
    };
    let (mut killed, mut lives) = (bridge("sleep 1000"), bridge("sleep 1001"));
    until("both have a directory", || folders() == 2);
    killed.kill().expect("it runs");
    killed.wait().expect("it ends");
    assert_eq!(folders(), 2);
    // The helpers of the killed bridge may live a little longer, and use the directory.
    until("the directory in use stays alone", || {
        bridge("true").wait().expect("it ends");
        folders() == 1
    });
    lives.kill().expect("it runs");
    lives.wait().expect("it ends");
}

#[test]
fn a_killed_helper_leaves_nothing() {
    ends("mark-of-a-killed-keeper", "KILL", "bridge-keeper 10.0.0.1");
    ends("mark-of-a-killed-first", "KILL", "bridge-first 10.0.0.1");
}

/// Open files of a process, 0 once the process is gone.
fn open_files(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count)
}

/// A day of runs in miniature: the files that a bridge holds depend on the pairs that run, not on the
/// pairs that ran.
#[test]
fn many_runs_leak_nothing() {
    if !has_tun() {
        return;
    }
    again(|| match files_of_many_runs() {
        seen if is_level(&seen) => Ok(()),
        seen => Err(format!("{seen:?}")),
    });
}

/// Whether the numbers of open files do not grow. Each of four pairs has a device, a socket and an output;
/// the rest is the program's own.
fn is_level(seen: &[usize]) -> bool {
    let most = seen.iter().max().expect("it was looked at");
    let middle = &seen[seen.len() / 4..seen.len() / 2];
    let late = &seen[seen.len() / 2..seen.len() * 3 / 4];
    seen.len() > 50
        && *most < 60
        && late.iter().max() <= middle.iter().max().map(|most| most + 8).as_ref()
}

/// The open files of a bridge while the bridge makes 40 runs. Nothing is left of the runs.
fn files_of_many_runs() -> Vec<usize> {
    let mark = format!("mark-of-many-runs-{}", std::process::id());
    let client = format!("bash -c 'exec 3<>/dev/tcp/{{server}}/{{port}}' # {mark}");
    let base = tempfile::tempdir().expect("a directory");
    let mut child = Command::new(HALFCLOSE)
        .args(["bridge", "--seeds", "40", "--jobs", "4", "--client", &client, "--json"])
        .env("TMPDIR", base.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut seen = Vec::new();
    until("every run is made", || {
        seen.push(open_files(child.id()));
        child.try_wait().expect("it can be asked").is_some()
    });
    assert!(child.wait().expect("it ends").success());
    assert!(processes(&mark).is_empty());
    assert_eq!(std::fs::read_dir(base.path()).expect("it is there").count(), 0);
    seen
}
