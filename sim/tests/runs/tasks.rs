//! Every kind of task in a scenario, on a perfect link and on a lossy link: the dialogue, the
//! verdict, and no broken law.

use halfclose::internals::{Workload, World, file};
use halfclose::{Outcome, Recording, Scenario, Side};

/// The outcome of a run, the client's dialogue, and the files at the end.
struct Ran {
    outcome: Outcome,
    said: String,
    client: Vec<String>,
    server: Vec<String>,
    listing: Option<String>,
}

fn scenario(toml: &str) -> Scenario {
    file::parse(toml, "test", "test.toml").unwrap_or_else(|error| panic!("{toml}\n{error}"))
}

fn play(scenario: &Scenario, seed: u64) -> Ran {
    let workload = Workload::load(scenario).expect("its files are generated");
    let mut world = World::new(scenario, &workload, seed, Recording::Headers);
    let end = world.run();
    let outcome = world.conclude(end);
    let usual = ["USER", "PASS", "EPSV", "QUIT"];
    let said = world.client().dialogue().iter();
    let said = said.filter(|line| line.speaker == halfclose_ftp::report::Speaker::Client);
    let said: Vec<_> = said
        .map(|line| &*line.text)
        .filter(|it| !usual.contains(&&it[..4.min(it.len())]))
        .collect();
    let names = |side| world.store(side).names().map(str::to_owned).collect::<Vec<_>>();
    let listing = names(Side::Client).into_iter().find(|name| name.starts_with("the listing"));
    let listing = listing.and_then(|name| world.store(Side::Client).get(&name).map(<[u8]>::to_vec));
    Ran {
        said: said.join("|"),
        client: names(Side::Client),
        server: names(Side::Server),
        listing: listing.map(|text| String::from_utf8(text).expect("a listing is text")),
        outcome,
    }
}

fn verdicts(outcome: &Outcome) -> String {
    let words = outcome.transfers.iter();
    let words = words.map(|it| format!("{}: {} {}", it.task, it.verdict.name(), it.file.name()));
    words.collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check(toml: &str, said: &str, verdict: &str) -> Ran {
    let scenario = scenario(toml);
    let ran = play(&scenario, 0);
    assert_eq!(ran.outcome.broken_laws, [], "{toml}");
    assert_eq!((ran.said.as_str(), verdicts(&ran.outcome).as_str()), (said, verdict), "{toml}");
    // A written scenario prints and reads back the same.
    assert_eq!(file::parse(&file::print(&scenario), "test", "test.toml"), Ok(scenario));
    ran
}

const RESET: &str = "[client]\nclose = \"reset-when-sent\"\n[server]\nhost = \"winsock\"\n\
    store_rate = \"20KB/s\"\n";

#[test]
fn what_is_there_before() {
    check(
        "[[do]]\nappend = \"a\"\nsize = \"10KB\"\nbefore = \"3000\"",
        "TYPE I|APPE a",
        "append a: intact whole",
    );
    check("[[do]]\nappend = \"a\"\nsize = \"10KB\"", "TYPE I|APPE a", "append a: intact whole");
    check(
        "[[do]]\nput = \"a\"\nresume = true\nbefore = \"3000\"",
        "TYPE I|SIZE a|REST 3000|STOR a",
        "put a: intact whole",
    );
    check("[[do]]\nput = \"a\"\nresume = true", "TYPE I|SIZE a|STOR a", "put a: intact whole");
    check(
        "[[do]]\nget = \"a\"\nresume = true\nbefore = \"3000\"",
        "TYPE I|REST 3000|RETR a",
        "get a: intact whole",
    );
    check("[[do]]\nput = \"a\"\nbefore = \"20000\"", "TYPE I|STOR a", "put a: intact whole");
    // The server's disk is slow and its host flushes: a truncated file, behind the old bytes.
    check(
        &format!("{RESET}\n[[do]]\nappend = \"a\"\nbefore = \"3000\""),
        "TYPE I|APPE a",
        "append a: truncated short",
    );
    check(
        &format!("{RESET}\n[[do]]\nput = \"a\"\nresume = true\nbefore = \"3000\""),
        "TYPE I|SIZE a|REST 3000|STOR a",
        "put a: truncated short",
    );
    check(
        &format!("{RESET}on_reset = \"abort-delete\"\n[[do]]\nappend = \"a\"\nbefore = \"3000\""),
        "TYPE I|APPE a",
        "append a: truncated unchanged",
    );
    check(
        &format!("{RESET}on_reset = \"as-eof\"\n[[do]]\nappend = \"a\"\nbefore = \"3000\""),
        "TYPE I|APPE a",
        "append a: silent-truncation short",
    );
}

#[test]
fn an_interrupted_upload_is_resumed() {
    let ran = check(
        "[[do]]\nput = \"a\"\nsize = \"100KB\"\nabort_after = \"30KB\"\n\
         [[do]]\nput = \"a\"\nsize = \"100KB\"\nresume = true",
        "TYPE I|STOR a|ABOR|SIZE a|REST 1460|STOR a",
        "put a: truncated short, put a: intact whole",
    );
    let sizes: Vec<_> = ran.outcome.transfers.iter().map(|it| (it.sent, it.to_send)).collect();
    assert_eq!(sizes, [(100_000, 100_000), (100_000, 98_540)]);
    check(
        "[[do]]\nput = \"a\"\nsize = \"4KB\"\n[[do]]\nappend = \"a\"\nsize = \"5KB\"",
        "TYPE I|STOR a|APPE a",
        "put a: intact whole, append a: intact whole",
    );
}

#[test]
fn names_come_and_go() {
    let ran = check(
        "[[do]]\nmkdir = \"d\"\n[[do]]\nput = \"d/a\"\n[[do]]\nrename = \"d/a\"\nto = \"b\"\n\
         [[do]]\nget = \"b\"\n[[do]]\nsize_of = \"b\"\n[[do]]\nmtime = \"b\"\n\
         [[do]]\nrmdir = \"d\"\n[[do]]\nput = \"c\"\n[[do]]\ndelete = \"c\"\n[[do]]\nnoop = true",
        "MKD d|TYPE I|STOR d/a|RNFR d/a|RNTO b|RETR b|SIZE b|MDTM b|RMD d|STOR c|DELE c|NOOP",
        "put d/a: intact whole, get b: intact whole, put c: intact whole",
    );
    assert_eq!(ran.server, ["b"]);
    assert!(ran.client.contains(&"b".to_owned()), "{:?}", ran.client);
    // A directory is renamed with its files; a download of a deleted file follows.
    check(
        "[[do]]\nput = \"d/a\"\n[[do]]\nrename = \"d\"\nto = \"e\"\n[[do]]\nget = \"e/a\"",
        "TYPE I|STOR d/a|RNFR d|RNTO e|RETR e/a",
        "put d/a: intact whole, get e/a: intact whole",
    );
    check(
        "[[do]]\nput = \"a\"\n[[do]]\ndelete = \"a\"\n[[do]]\nget = \"a\"",
        "TYPE I|STOR a|DELE a|RETR a",
        "put a: intact whole, get a: truncated absent",
    );
}

#[test]
fn listings() {
    let ran = check(
        "[[do]]\nput = \"d/a\"\nsize = \"1KB\"\n[[do]]\nput = \"d/e/f\"\n[[do]]\nls = \"/d\"",
        "TYPE I|STOR d/a|STOR d/e/f|MLSD d",
        "put d/a: intact whole, put d/e/f: intact whole, ls d: intact whole",
    );
    assert_eq!(
        ran.listing.as_deref(),
        Some(
            "type=file;size=1000;modify=20020206000000;perm=adfrw;UNIX.mode=0644; a\n\
             type=dir;modify=20020206000000;perm=cdeflmp;UNIX.mode=0755; e\n"
        )
    );
    let last = ran.outcome.transfers.last().expect("there are three");
    assert_eq!((last.sent, last.to_send), (133, 135));
    check("[[do]]\nls = \"/\"", "MLSD", "ls : intact whole");
    check("[[do]]\nls = \"none\"", "MLSD none|TYPE A|LIST none", "ls none: truncated absent");
    // A server that resets the end of its listing.
    let cut = "[server]\nclose = \"reset\"\n[[do]]\nput = \"a\"\n[[do]]\nls = \"/\"";
    let ran = play(&scenario(cut), 0);
    assert_eq!(verdicts(&ran.outcome), "put a: intact whole, ls : false-alarm whole");
}

#[test]
fn texts_and_full_disks() {
    check(
        "[client]\ntype = \"ascii\"\n[[do]]\nput = \"a\"\nsize = \"100KB\"\n[[do]]\nget = \"a\"",
        "TYPE A|STOR a|RETR a",
        "put a: intact whole, get a: intact whole",
    );
    let ran = check(
        "[client]\ncheck_size = true\n[server]\ncapacity = \"4KB\"\nstore_rate = \"1MB/s\"\n\
         [[do]]\nput = \"a\"",
        "TYPE I|SIZE a|STOR a|SIZE a",
        "put a: truncated short",
    );
    assert_eq!(ran.outcome.transfers[0].client, "552: the server holds 3,508 of 10,000 bytes");
    let ran = check(
        "[client]\ncheck_size = true\nclose = \"reset-when-acked\"\n[[do]]\nput = \"a\"",
        "TYPE I|SIZE a|STOR a|SIZE a",
        "put a: false-alarm whole",
    );
    assert_eq!(ran.outcome.transfers[0].client, "426, but the server holds all 10,000 bytes");
}

#[test]
fn no_law_is_broken_where_packets_are_lost() {
    let toml = "[link]\nloss = \"5%\"\n[[do]]\nmkdir = \"d\"\n\
        [[do]]\nput = \"d/a\"\nsize = \"30KB\"\nbefore = \"5KB\"\n\
        [[do]]\nappend = \"d/a\"\nsize = \"20KB\"\n[[do]]\nls = \"d\"\n\
        [[do]]\nrename = \"d/a\"\nto = \"b\"\n[[do]]\nget = \"b\"\n\
        [[do]]\nput = \"c\"\nabort_after = \"9KB\"\nsize = \"50KB\"\n\
        [[do]]\nput = \"c\"\nresume = true\nsize = \"50KB\"\n[[do]]\ndelete = \"c\"";
    for close in ["fin", "half-close", "reset-when-sent", "reset"] {
        for model in ["none", "vsftpd-3.0.3", "pyftpdlib-2.2.0", "proftpd-1.3.8-hid"] {
            let mut scenario = scenario(&toml.replace("before = \"5KB\"\n", ""));
            let settings = [format!("client.close={close}"), format!("server.model={model}")];
            scenario.vary(settings.iter().map(String::as_str)).expect("they are sound");
            for seed in 0..12 {
                let ran = play(&scenario, seed);
                let context = format!("{close} {model} {seed}: {}", verdicts(&ran.outcome));
                assert_eq!(ran.outcome.broken_laws, [], "{context}");
                if close == "fin" {
                    assert!(
                        ran.outcome
                            .transfers
                            .iter()
                            .take(3)
                            .all(|it| it.verdict.name() == "intact"),
                        "{context}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_asked_is_said() {
    for (toml, problem) in [
        (
            "[[do]]\nrename = \"a\"\n[[do]]\nput = \"a\"",
            "do.1.rename: a rename has a new name (do.to)",
        ),
        ("[[do]]\nput = \"a/../b\"", "write the path from the root"),
        ("[[do]]\nappend = \"a\"\nresume = true", "an append cannot be resumed"),
        ("[[do]]\nput = \"a\"\nget = \"a\"", "a task has put or get, not both"),
        ("[[do]]\nmkdir = \"a\"\nsize = \"1\"", "only a put, get or append moves a file"),
        ("[[do]]\nnoop = true", "moves no file"),
        (
            "[[do]]\nput = \"a\"\nsize = \"1KB\"\nresume = true\nbefore = \"2KB\"",
            "what would follow",
        ),
        ("[[do]]\nput = \"a\"\n[[do]]\nappend = \"a\"\nbefore = \"1\"", "an earlier task says"),
        ("[[do]]\nls = \"/\"\nto = \"b\"", "only a rename has a new name"),
    ] {
        let error = file::parse(toml, "test", "test.toml").expect_err(toml).to_string();
        assert!(error.contains(problem), "{toml}: {error}");
    }
}

/// The bytes before an append are no part of the source; the restart offset of a resume is.
#[test]
fn what_is_lost_is_of_the_source() {
    for (task, sent, held) in [
        ("put = \"a\"\nsize = \"10000\"", 10_000, 0),
        ("put = \"a\"\nsize = \"10000\"\nbefore = \"5000\"", 10_000, 0),
        ("append = \"a\"\nsize = \"10000\"\nbefore = \"5000\"", 10_000, 5_000),
        ("put = \"a\"\nsize = \"20000\"\nbefore = \"7000\"\nresume = true", 20_000, 0),
        ("get = \"a\"\nsize = \"20000\"\nbefore = \"7000\"\nresume = true", 20_000, 0),
    ] {
        let lost = |settings: &str| {
            let ran = play(&scenario(&format!("{settings}[[do]]\n{task}")), 0);
            let [transfer] = &ran.outcome.transfers[..] else { panic!("one: {task}") };
            assert_eq!(transfer.sent, sent, "{task}");
            (transfer.file.name(), transfer.stored, transfer.lost)
        };
        assert_eq!(lost(""), ("whole", sent + held, 0), "{task}");
        let (file, stored, lost_of_it) = lost(RESET);
        if task.starts_with("get") {
            assert_eq!((file, lost_of_it), ("whole", 0), "{task}");
        } else {
            assert_eq!(file, "short", "{task}");
            assert_eq!(lost_of_it, sent + held - stored, "{task}");
            assert!(0 < lost_of_it && lost_of_it < sent, "{task}: {lost_of_it}");
        }
        // No session is let in, so everything is as before.
        let (_, stored, lost_of_it) = lost("[link]\nloss = \"100%\"\n");
        let resumed = if task.contains("resume") { 7_000 } else { 0 };
        assert_eq!(lost_of_it, sent - resumed, "{task}: {stored}");
    }
}
