//! Small things that an attack on the server and the client found: a name with a line end, a clock that
//! is set while the server serves, and the temporary file of an interrupted run.

use std::fs;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::hostile::raw::{Raw, until};
use crate::program::{assert_refused, command, err, halfclose};
use crate::served::Ours;

/// A line end in a name would begin the next command, or vanish: `put` once replaced `ab`.
#[test]
fn a_name_with_a_line_end_names_no_other_file() {
    let server = Ours::serve(&[]);
    fs::write(server.path("ab"), "old").expect("space");
    for name in ["a\nb", "a\rb", "a\r\nDELE ab"] {
        let source = server.folder().join(name);
        fs::write(&source, "new").expect("space");
        let source = source.to_str().expect("UTF-8");
        let url = format!("{}/", server.url());
        assert_refused(&halfclose(&["put", source, &url]), &["control character", "into the URL"]);
        assert_eq!(fs::read(server.path("ab")).expect("there"), b"old", "{name:?}");
        assert_eq!(fs::read_dir(server.path("")).expect("there").count(), 1, "{name:?}");
        let put = halfclose(&["put", source, &format!("{url}other")]);
        assert!(put.status.success(), "{}", err(&put));
        assert_eq!(fs::read(server.path("other")).expect("there"), b"new");
        fs::remove_file(server.path("other")).expect("there");
    }
}

/// A clock that shows ten years more once there is a file `set` in the served directory.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *at) {
    int done = syscall(SYS_clock_gettime, id, at);
    if (id == CLOCK_REALTIME && access(getenv("CLOCK_IS_SET"), F_OK) == 0)
        at->tv_sec += 3652L * 86400;
    return done;
}
"#;

#[test]
fn the_log_has_the_date_of_a_clock_that_was_set() {
    let folder = tempfile::tempdir().expect("a directory");
    let root = folder.path().join("root");
    fs::create_dir(&root).expect("space");
    let (source, clock) = (folder.path().join("clock.c"), folder.path().join("clock.so"));
    fs::write(&source, CLOCK).expect("space");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&clock).arg(&source).status();
    if !built.is_ok_and(|built| built.success()) {
        eprintln!("SKIPPED: there is no C compiler");
        return;
    }
    let preload = format!("LD_PRELOAD={}", clock.display());
    let set = root.join("set");
    let name = format!("CLOCK_IS_SET={}", set.display());
    let server = Ours::serve_in(folder, &["env", &preload, &name], &[]);
    drop(Raw::login(&server));
    fs::write(&set, "").expect("space");
    drop(Raw::login(&server));
    // The wait of the server for its next client began before the clock was set.
    drop(Raw::login(&server));
    server.signal(Signal::TERM);
    let (_, log, _) = server.wait();
    let year = |session: &str| -> i32 {
        let line = log.iter().find(|line| line.contains(session)).expect("a line");
        line[..4].parse().expect("a year")
    };
    assert_eq!(year(" #2 ") - year(" #0 "), 10, "{log:?}");
}

#[test]
fn an_interrupted_run_leaves_the_old_capture_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a directory");
    let root = folder.path().join("root");
    fs::create_dir(&root).expect("space");
    fs::write(root.join("x.pcap"), "old").expect("space");
    let path = root.join("x.pcap");
    let path = path.to_str().expect("UTF-8");
    let words = ["run", "-s", "do.size=95MB", "-s", "link.loss=0.5%", "--pcap", path];
    let mut run =
        command(&words).stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("ours");
    let names = || -> Vec<String> {
        let names = fs::read_dir(&root).expect("there").filter_map(Result::ok);
        names.filter_map(|name| name.file_name().into_string().ok()).collect()
    };
    until("the run has begun", || names().len() == 2);
    // A server that starts removes unfinished uploads, and nothing of another program.
    let server = Ours::serve_in(folder, &[], &[]);
    let between = names();
    let id = i32::try_from(run.id()).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(id, Signal::TERM).expect("it is ours");
    let status = run.wait().expect("it ends");
    assert_eq!(between.len(), 2, "the server removed the file of a run: {between:?}");
    assert_eq!(status.code(), Some(130));
    assert_eq!(names(), ["x.pcap"]);
    assert_eq!(fs::read(server.path("x.pcap")).expect("there"), b"old");
}
