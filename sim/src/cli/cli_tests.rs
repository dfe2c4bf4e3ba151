//! Command lines in, exit status and text out.

use super::*;

/// Exit status, standard output, standard error; without colours, as in a pipe.
fn halfclose(arguments: &[&str]) -> (u8, String, String) {
    let words = std::iter::once("halfclose").chain(arguments.iter().copied());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = {
        let mut out = anstream::StripStream::new(&mut out);
        let mut err = anstream::StripStream::new(&mut err);
        execute(words, &mut out, &mut err)
    };
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status, text(out), text(err))
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
            "fault: `0` is out of range: it must be 1 to 4294967295",
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
            "invalid value '5..5' for '--seeds <A..B>': the range is empty: write A..B (without B) \
             or A..=B (with it)",
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
            "unexpected argument '--sed' found; tip: a similar argument exists: '--seed'",
        ),
        (
            &["run", "--seed", "x"],
            "invalid value 'x' for '--seed <N>': invalid digit found in string",
        ),
        (&["runn"], "unrecognized subcommand 'runn'; tip: a similar subcommand exists: 'run'"),
        (&["show"], "the following required arguments were not provided: <NAME>"),
        (&["run", "--report", "x"], "--report is not in this build yet"),
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
        (&["--version"], crate::capture::APPLICATION),
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
fn list_names_every_scenario() {
    let (status, out, _) = halfclose(&["list"]);
    assert_eq!(status, 0);
    let names = out.lines().filter(|line| !line.starts_with(' '));
    let listed: Vec<_> = names.filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(listed, crate::catalogue::names().collect::<Vec<_>>());
    let (_, out, _) = halfclose(&["list", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(object["scenarios"][0]["name"], "q123208");
}

#[test]
fn show_tells_the_story_and_every_key() {
    let (status, out, _) = halfclose(&["show", "q123208"]);
    assert_eq!(status, 0);
    for line in [
        "q123208: PUT ends with a RST instead of a FIN",
        "    426 Connection Closed, transfer aborted.",
        "  client.profile       tcpip32-3.11     a client of Q123208: sets close, host, mode, \
         extended, and its words [default none]",
        "  do.put               a.bin            upload a file of this name",
        "  halfclose run q123208",
    ] {
        assert!(out.lines().any(|found| found == line), "{line}\n{out}");
    }
    let (_, out, _) = halfclose(&["show", "q123208", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(object["keys"]["client.close"], "reset-when-sent");
    let toml = object["toml"].as_str().expect("text");
    let again = crate::scenario::file::parse(toml, "", "x").expect("sound");
    assert_eq!(again, crate::catalogue::find("q123208").expect("built in"));
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
    for (words, status) in [(&["halfclose", "list"][..], 0), (&broken, 1)] {
        assert_eq!(execute(words, &mut Closed, &mut err), status, "{words:?}");
        assert!(err.is_empty());
    }
    assert_eq!(execute(["halfclose", "lis"], &mut Closed, &mut Closed), 2);
}
