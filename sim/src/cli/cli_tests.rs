//! Command lines in, exit status and text out.

use clap::CommandFactory;

use super::*;
use crate::scenario::keys::KEYS;

/// Exit status, standard output, standard error; without colours, as in a pipe.
fn halfclose(arguments: &[&str]) -> (u8, String, String) {
    shown_on(None, arguments)
}

/// The same on a terminal of so many columns.
fn shown_on(columns: Option<usize>, arguments: &[&str]) -> (u8, String, String) {
    let words = std::iter::once("halfclose").chain(arguments.iter().copied());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = {
        let mut out = anstream::StripStream::new(&mut out);
        let mut err = anstream::StripStream::new(&mut err);
        execute(words, &mut Streams { out: &mut out, err: &mut err, columns })
    };
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status, text(out), text(err))
}

/// The caller has done nothing wrong where a search breaks a law of its own.
#[test]
fn a_broken_law_of_a_search_is_not_bad_input() {
    let faults = "fault=drop packet 3".to_owned();
    let broken = CommandError::from(RunError::NotAlike { seed: 0, faults });
    assert!(
        matches!(&broken, CommandError::Unsound(line) if line.starts_with("equal-states-go-on-alike")),
        "{broken:?}"
    );
    let wrong = CommandError::from(RunError::TooMany);
    assert!(matches!(wrong, CommandError::Input(_)), "{wrong:?}");
}

#[test]
fn bad_input_is_one_line_and_exit_status_2() {
    for (arguments, message) in [
        (
            &["run", "q12328"][..],
            "unknown scenario `q12328`; did you mean `q123208`? (`halfclose list` names them all; \
             a file is named by its path)",
        ),
        (&["run", "-s", "link.los=1%"], "link.los: unknown key; did you mean `link.loss`?"),
        (
            &["run", "-s", "link.delay=20"],
            "link.delay: `20` has no unit: write 20ms, 1.5s or 200us",
        ),
        (&["run", "-s", "link.loss=101%"], "link.loss: `101%` is more than 100%"),
        (
            &["run", "-s", "fault=drop server data FIN 0"],
            "fault: `0` is out of range: it must be 1 to 4294967295, or `every`",
        ),
        (
            &["run", "-s", "fault=drop packet 3", "-s", "fault=hold packet 3"],
            "fault: `drop packet 3` and `hold packet 3` contradict each other: one packet, two fates",
        ),
        (
            &["run", "-s", "link.netem=delay 5ms 1ms distribution pareto"],
            "link.netem: netem's `distribution` is not supported: jitter is even, as netem's without a \
             distribution table",
        ),
        (
            &["run", "-s", "link.mtu=20"],
            "link.mtu: `20` does not even hold the 40 bytes of IPv4 and TCP headers: it must be \
             68 (RFC 791) to 65535",
        ),
        (
            &["matrix", "--seeds", "5..5"],
            "invalid value '5..5' for '--seeds <SEEDS>': the range is empty: write N (the first N \
             seeds), A..B (without B) or A..=B (with B) (see `halfclose matrix --help`)",
        ),
        (
            &["run", "no/such.toml"],
            "cannot read scenario `no/such.toml`: No such file or directory (os error 2)",
        ),
        (
            &["replay", "no/such.pcapng"],
            "`no/such.pcapng` cannot be read: No such file or directory (os error 2)",
        ),
        (
            &["run", "--sed", "1"],
            "unexpected argument '--sed' found; did you mean `--seed`? (see \
             `halfclose run --help`)",
        ),
        (
            &["run", "--seed", "x"],
            "invalid value 'x' for '--seed <N>': a seed is a whole number from 0 to \
             18446744073709551615 (see `halfclose run --help`)",
        ),
        (
            &["runn"],
            "unrecognized subcommand 'runn'; did you mean `run`? (see \
             `halfclose --help`)",
        ),
        (
            &["show"],
            "the following required arguments were not provided: <NAME> (see `halfclose show --help`)",
        ),
        (
            &["explore", "--faults", "1", "--channel", "dta"],
            "invalid value 'dta' for '--channel <CHANNEL>': it must be one of data, control, both; \
             did you mean `data`? (see `halfclose explore --help`)",
        ),
        (
            &["--color", "red", "list"],
            "invalid value 'red' for '--color <WHEN>': it must be one of auto, always, never (see \
             `halfclose list --help`)",
        ),
        (
            &["list", "zyx"],
            "no scenario has `zyx` in its name, title or story: `halfclose list` lists all",
        ),
        (&["run", "--pcap", "-", "--json"], "--pcap - and --json: both need standard output"),
    ] {
        let expected = (2, String::new(), format!("error: {message}\n"));
        assert_eq!(halfclose(arguments), expected, "{arguments:?}");
    }
}

#[test]
fn a_capture_that_is_not_one_is_refused() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("x.pcapng");
    std::fs::write(&path, "not at all").expect("space");
    let path = path.to_str().expect("ASCII");
    let (status, _, err) = halfclose(&["replay", path]);
    assert_eq!(status, 2);
    assert_eq!(err, format!("error: `{path}` is not a capture: it does not begin like pcapng\n"));
}

#[test]
fn help_and_version_are_results() {
    for (arguments, start) in [
        (&["--help"][..], "Replay the end of a TCP connection from a seed"),
        (&["--version"], crate::terms::APPLICATION),
        (&["run", "--help"], "Run a scenario once"),
    ] {
        let (status, out, err) = halfclose(arguments);
        assert_eq!((status, err.as_str()), (0, ""), "{arguments:?}");
        assert!(out.starts_with(start), "{out}");
    }
    let (status, out, err) = halfclose(&[]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.ends_with("error: no command is named: try `halfclose run`\n"), "{err}");
}

#[test]
fn every_command_has_examples_that_parse() {
    let program = Arguments::command();
    for command in program.get_subcommands() {
        let name = command.get_name();
        let (status, help, _) = halfclose(&[name, "--help"]);
        assert_eq!(status, 0, "{name}");
        let examples = help.split("Examples:\n").nth(1).expect(name);
        let lines: Vec<_> = examples.lines().filter(|line| line.starts_with("  h")).collect();
        assert!(!lines.is_empty(), "{name}");
        for line in lines {
            // What stands before the shell's own words.
            let words = line.split(['|', '>']).next().and_then(shlex::split).expect(line);
            assert_eq!(words[..2], ["halfclose", name], "{line}");
            let parsed = Arguments::try_parse_from(&words);
            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
    }
}

#[test]
fn the_program_explains_verdicts_and_exit_statuses() {
    let (_, help, _) = halfclose(&["--help"]);
    for verdict in crate::verdict::Verdict::ALL {
        assert!(help.contains(&format!("\n  {:<18} ", verdict.name())), "{verdict}: {help}");
    }
    for status in [0, 1, 2, 3, 130] {
        assert!(help.contains(&format!("\n  {status:<4} ")), "{status}: {help}");
    }
    // A closed list of words is in the help of its option.
    let (_, help, _) = halfclose(&["sweep", "--help"]);
    assert!(help.contains("[possible values: corrupt, silent-truncation, stuck, "), "{help}");
}

#[test]
fn a_shell_gets_a_script_and_man_gets_pages() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (status, script, _) = halfclose(&["completions", shell]);
        assert_eq!(status, 0, "{shell}");
        let words = ["max-schedules", "silent-truncation", "q123208"];
        // Not every shell completes the name of a scenario, and two complete no value.
        let words = &words[..if ["bash", "zsh"].contains(&shell) { 3 } else { 1 }];
        for word in words {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let folder = tempfile::tempdir().expect("a directory");
    let pages = folder.path().join("man/man1");
    let (status, out, _) = halfclose(&["man", pages.to_str().expect("UTF-8")]);
    let names = Arguments::command();
    let names = names.get_subcommands().map(|of| format!("halfclose-{}.1", of.get_name()));
    let mut names: Vec<_> = names.chain(["halfclose.1".to_owned()]).collect();
    assert_eq!(status, 0);
    assert!(
        out.ends_with(&format!(": {} manual pages, halfclose.1 first\n", names.len())),
        "{out}"
    );
    let found = pages.read_dir().expect("made").map(|it| it.expect("there").file_name());
    let mut found: Vec<_> = found.map(|name| name.into_string().expect("ASCII")).collect();
    names.sort();
    found.sort();
    assert_eq!(found, names);
    let page = std::fs::read_to_string(pages.join("halfclose-sweep.1")).expect("UTF-8");
    for words in ["halfclose\\-sweep", "Examples", "silent\\-truncation"] {
        assert!(page.contains(words) && !page.contains('\x1b'), "{words}: {page}");
    }
}

#[test]
fn list_names_every_scenario() {
    let names: Vec<_> = crate::catalogue::names().collect();
    let (status, out, _) = halfclose(&["list"]);
    let listed: Vec<_> = out.lines().map(|line| line.split('\t').next().expect(line)).collect();
    assert_eq!((status, listed), (0, names.clone()), "one line for each in a pipe");
    let (_, out, _) = shown_on(Some(80), &["list"]);
    let heads = out.lines().filter(|line| !line.starts_with(' '));
    let listed: Vec<_> = heads.filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(listed, names, "with sources on a terminal");
    assert!(out.contains("Microsoft Knowledge Base Q123208") && out.lines().count() > names.len());
    let (_, out, _) = halfclose(&["list", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(object["scenarios"][0]["name"], "q123208");
}

#[test]
fn list_finds_a_word_in_names_titles_and_stories() {
    for (word, found) in [
        ("FIN-WAIT", "finwait2-flood"),
        ("half-close", "halfclose-standoff"),
        ("forgets the control", "226-lost-nat"),
        ("tcp/ip-32", "q123208"),
    ] {
        let (status, out, _) = halfclose(&["list", word]);
        assert_eq!(status, 0, "{word}");
        assert!(out.lines().any(|line| line.starts_with(found)), "{word}: {out}");
        assert!(out.lines().count() < crate::catalogue::names().count(), "{word}: {out}");
    }
}

#[test]
fn show_begins_with_how_to_run_and_hides_defaults() {
    let (status, out, _) = halfclose(&["show", "q123208"]);
    assert_eq!(status, 0);
    assert!(
        out.starts_with("q123208: PUT ends with a RST instead of a FIN\n  halfclose run q123208\n"),
        "{out}"
    );
    for line in [
        "    426 Connection Closed, transfer aborted.",
        "  client.close     reset-when-sent  how the client ends the data connection of",
        "  do.put           a.bin            upload a file of this name",
        "                                    values: active, passive",
    ] {
        assert!(out.lines().any(|found| found == line), "{line}\n{out}");
    }
    assert!(!out.contains("link.loss  ") && !out.contains("server.on_reset  "), "{out}");
    let (_, all, _) = halfclose(&["show", "q123208", "--all"]);
    for key in KEYS.iter().filter(|key| key.name.starts_with("server.")) {
        assert!(all.contains(&format!("\n  {} ", key.name)), "{}", key.name);
        let words = key.permitted().words;
        assert!(words.iter().all(|word| all.contains(word)), "{}: {words:?}", key.name);
    }
    // On the narrowest terminal too, the columns are aligned.
    let (_, narrow, _) = shown_on(Some(40), &["show", "q123208"]);
    assert!(narrow.lines().any(|line| line.starts_with("  do.put           a.bin  ")), "{narrow}");
    let (_, out, _) = halfclose(&["show", "q123208", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(object["keys"]["client.close"], "reset-when-sent");
    assert_eq!(object["keys"]["link.loss"], "0%", "every key, for a script");
    assert_eq!(object["permitted"]["link.loss"], "0% to 100%");
    let toml = object["toml"].as_str().expect("text");
    let again = crate::scenario::file::parse(toml, "", "x").expect("sound");
    assert_eq!(again, crate::Scenario::catalogue("q123208").expect("built in"));
}

#[test]
fn a_closed_pipe_ends_quietly() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut err = Vec::new();
    let broken = ["halfclose", "run", "-s", "expect.verdict=intact"];
    for (words, status) in [(&["halfclose", "list"][..], 0), (&broken[..], 1)] {
        let mut streams = Streams { out: &mut Closed, err: &mut err, columns: None };
        assert_eq!(execute(words, &mut streams), status, "{words:?}");
        assert!(err.is_empty());
    }
    let mut streams = Streams { out: &mut Closed, err: &mut Closed, columns: None };
    assert_eq!(execute(["halfclose", "lis"], &mut streams), 2);
}

/// The lines of a trace: everything before the first empty line.
fn trace_lines(columns: Option<usize>, arguments: &[&str]) -> Vec<String> {
    let (_, text, _) = shown_on(columns, arguments);
    text.lines().take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_trace_fits_the_terminal_and_folds_the_middle() {
    let run = ["run", "-s", "do.size=1MB", "-s", "link.loss=1%", "--seed", "3", "--trace"];
    let piped = trace_lines(None, &run);
    let packets = piped.iter().filter(|line| crate::report::ladder::is_packet(line)).count();
    assert!(packets > 300 && piped[0].starts_with("# halfclose trace 1: "));
    for columns in [60, 80, 117, 118, 200] {
        let lines = trace_lines(Some(columns), &run);
        for line in &lines {
            assert!(line.chars().count() <= columns, "over {columns} columns: {line}");
        }
        let (shown, all) = (lines.len(), piped.len());
        assert!(shown < all * 2 / 3, "the middle is folded: {shown} of {all} lines");
        let text = lines.join("\n");
        for word in ["S SYN", "F FIN", "R RST", "--x lost", "again: sent before"] {
            assert!(text.contains(word), "the legend has no {word}");
        }
        // No word is cut where there is room: a lost packet says so without a colour.
        assert!(columns < 80 || text.contains("(dropped: loss)"));
        assert!(text.contains(" segments in "));
        assert!(text.matches(" again").count() > 1, "beside the legend: {text}");
        for number in packets - 15..packets {
            let shown = |line: &String| line.split_whitespace().nth(1) == Some(&number.to_string());
            assert!(lines.iter().any(shown), "packet {number} of the end is not shown");
        }
    }
}

#[test]
fn a_trace_shows_the_connections_that_were_asked_for() {
    let of = |columns, word: &str| trace_lines(columns, &["run", word]);
    for columns in [None, Some(80)] {
        let [data, control] =
            ["data", "control"].map(|scope| of(columns, &format!("--trace={scope}"))).map(
                |lines| lines.into_iter().filter(|line| line.contains(" ack ")).collect::<Vec<_>>(),
            );
        assert!(data.iter().all(|line| line.contains(" data ") && !line.contains(" control ")));
        assert!(control.iter().all(|line| line.contains(" control ")));
        assert!(data.len() > 8 && control.len() > 8, "{} and {}", data.len(), control.len());
    }
    assert_eq!(of(None, "--trace=all"), of(None, "--trace"));
    let refused = halfclose(&["run", "--trace=dta"]);
    assert_eq!(refused.0, 2, "{}", refused.2);
}
