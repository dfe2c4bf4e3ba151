//! Words: written and read, they are unchanged; and no input makes a parser panic.

use halfclose_ftp::MemoryStore;
use halfclose_ftp::store::{EntryKind, Metadata};
use halfclose_ftp::wire::address::{self, EprtArgument, HostPort};
use halfclose_ftp::wire::command::{self, Command};
use halfclose_ftp::wire::date::{Civil, Digits, parse_digits};
use halfclose_ftp::wire::line::{LINE_LIMIT, Lines};
use halfclose_ftp::wire::listing::{self, Form, NameSource, Printer};
use halfclose_ftp::wire::pathname::{self, NAME_LIMIT};
use halfclose_ftp::wire::reply::{self, Parser, Progress};
use halfclose_ftp::wire::representation;
use proptest::prelude::*;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The last second of the year 9999.
const LAST: u64 = 253_402_300_799;

/// Bytes, cut into chunks anywhere.
fn chunks() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..40)
}

/// Text of a line: no control characters.
fn text() -> impl Strategy<Value = String> {
    "[^\\p{Cc}]{1,40}"
}

/// A name that a listing can show: neither `.` nor `..`.
fn name() -> impl Strategy<Value = String> {
    "[^\\p{Cc}/]{1,40}".prop_filter("a name", |name| name != "." && name != "..")
}

fn lines(chunks: &[Vec<u8>]) -> Vec<(Vec<u8>, bool, bool)> {
    let mut lines = Lines::default();
    let mut out = Vec::new();
    for chunk in chunks {
        lines.handle_bytes(chunk);
        while let Some(line) = lines.next_line() {
            out.push((line.bytes.to_vec(), line.cut, line.synch));
        }
    }
    out
}

proptest! {
    #[test]
    fn any_chunks_make_the_same_lines(chunks in chunks()) {
        prop_assert_eq!(lines(&chunks), lines(&[chunks.concat()]));
    }

    #[test]
    fn a_line_keeps_no_more_than_its_limit(chunk in prop::collection::vec(any::<u8>(), 1..600)) {
        let mut lines = Lines::default();
        for _ in 0..200 {
            lines.handle_bytes(&chunk);
            while let Some(line) = lines.next_line() {
                prop_assert!(line.bytes.len() <= LINE_LIMIT);
            }
            prop_assert!(lines.room() >= LINE_LIMIT, "{} left", lines.room());
        }
    }

    #[test]
    fn commands_are_read_as_written(argument in text()) {
        for (verb, expected) in [
            ("STOR", Command::Stor(&argument)),
            ("RETR", Command::Retr(&argument)),
            ("APPE", Command::Appe(&argument)),
            ("CWD", Command::Cwd(&argument)),
            ("xmkd", Command::Mkd(&argument)),
            ("USER", Command::User(&argument)),
            ("pass", Command::Pass(&argument)),
            ("RNTO", Command::Rnto(&argument)),
            ("MLST", Command::Mlst(Some(&argument))),
            ("LIST", Command::List(Some(&argument))),
            ("SITE", Command::Site(&argument)),
        ] {
            let mut out = Vec::new();
            command::write(&mut out, verb, Some(&argument));
            let line = out.strip_suffix(b"\r\n").unwrap();
            prop_assert_eq!(command::parse(line), Ok(expected));
        }
    }

    /// Every argument gives exactly one command line.
    #[test]
    fn no_argument_smuggles_a_command(argument in any::<String>()) {
        let mut out = Vec::new();
        command::write(&mut out, "STOR", Some(&argument));
        prop_assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
        prop_assert!(out.ends_with(b"\r\n"));
        prop_assert!(!out[..out.len() - 2].iter().any(|byte| matches!(byte, b'\r' | 0)));
    }

    #[test]
    fn replies_are_read_as_written(
        code in 100_u16..600,
        said in prop::collection::vec("[^\\p{Cc}]{0,30}", 1..6),
        size in 1_usize..9,
    ) {
        let text = said.join("\n");
        let mut out = Vec::new();
        reply::write(&mut out, code, &text);
        let chunks: Vec<_> = out.chunks(size).map(<[u8]>::to_vec).collect();
        let mut parser = Parser::default();
        let mut complete = 0;
        for (line, ..) in lines(&chunks) {
            complete += usize::from(parser.handle_line(&line) == Progress::Complete);
        }
        prop_assert_eq!(complete, 1);
        prop_assert_eq!((parser.reply().code, &parser.reply().text), (code, &text));
    }

    #[test]
    fn a_reply_keeps_no_more_than_its_limit(chunks in chunks()) {
        let mut parser = Parser::default();
        let _ = parser.handle_line(b"220-it goes on");
        for _ in 0..3000 {
            for chunk in &chunks {
                let _ = parser.handle_line(chunk);
            }
        }
        prop_assert!(parser.reply().text.len() <= 1 << 17);
    }

    #[test]
    fn addresses_are_read_as_written(ip in any::<[u8; 4]>(), port in any::<u16>()) {
        let at = SocketAddr::new(Ipv4Addr::from(ip).into(), port);
        let written = HostPort(ip.into(), port).to_string();
        prop_assert_eq!(address::parse_port(&written), Some(at));
        prop_assert_eq!(address::scan_227(&format!("Entering Passive Mode ({written}).")), Some(at));
        prop_assert_eq!(address::scan_229(&format!("Entering (|||{port}|)")), Some(port));
        prop_assert_eq!(address::parse_eprt(&EprtArgument(at).to_string()), Ok(at));
    }

    #[test]
    fn addresses_of_the_new_kind_too(ip in any::<[u16; 8]>(), port in any::<u16>()) {
        let at = SocketAddr::new(std::net::Ipv6Addr::from(ip).into(), port);
        prop_assert_eq!(address::parse_eprt(&EprtArgument(at).to_string()), Ok(at));
    }

    #[test]
    fn dates_are_read_as_written(seconds in 0..=LAST) {
        let at = Duration::from_secs(seconds);
        prop_assert_eq!(parse_digits(&Digits(at).to_string()), Some(at));
        prop_assert_eq!(Civil::of(at).since(), Some(at));
        prop_assert!(seconds == LAST || Civil::of(at) < Civil::of(at + Duration::from_secs(1)));
    }

    #[test]
    fn entries_are_read_as_written(
        name in name(),
        size in any::<u64>(),
        modified in 0..=LAST,
        directory in any::<bool>(),
        age in 0_u64..1_000_000_000,
    ) {
        let kind = if directory { EntryKind::Directory } else { EntryKind::File };
        let modified = Duration::from_secs(modified);
        let now = modified + Duration::from_secs(age);
        let metadata = Metadata { kind, size, modified, mode: 0o644 };
        for form in [Form::Facts, Form::Long, Form::Names] {
            let mut printer = Printer::new(NameSource::One(name.clone(), metadata), form, now);
            let mut out = [0; 400];
            let read = printer.read(&mut MemoryStore::new(), &mut out, &mut 0).unwrap();
            prop_assert!(read.last);
            let line = std::str::from_utf8(&out[..read.bytes]).unwrap();
            let line = line.strip_suffix("\r\n").unwrap();
            let found = listing::read(form, line.as_bytes(), now).entry().unwrap();
            prop_assert_eq!(found.name, name.as_bytes(), "{}", line);
            if form == Form::Names {
                continue;
            }
            prop_assert_eq!(found.kind, Some(kind), "{}", line);
            prop_assert_eq!(found.size, (!directory).then_some(size));
            let told = found.modified.unwrap();
            // Facts are exact; people are told the minute, and of old files the day.
            let exact = match form {
                Form::Facts => 1,
                _ if age < 182 * 86_400 => 60,
                _ => 86_400,
            };
            prop_assert!(told <= modified && modified - told < Duration::from_secs(exact), "{}", line);
        }
    }

    #[test]
    fn a_path_stays_below_the_root(
        current in "([a-c]{1,3}(/[a-c]{1,3}){0,3})?",
        argument in prop_oneof!["[./a-c\u{e4}]{0,40}", any::<String>(), "a{200,300}"],
        depth in 1_usize..6,
    ) {
        let mut scratch = String::new();
        if let Ok(path) = pathname::resolve(&current, &argument, depth, &mut scratch) {
            let names: Vec<_> = path.split('/').filter(|_| !path.is_empty()).collect();
            prop_assert!(names.len() <= depth);
            for name in &names {
                prop_assert!(!matches!(*name, "" | "." | ".."), "{path}");
                prop_assert!(name.len() <= NAME_LIMIT && !name.contains('\0'));
            }
            // From the root it means the same again.
            let mut again = String::new();
            let absolute = format!("/{path}");
            prop_assert_eq!(pathname::resolve("x", &absolute, depth, &mut again), Ok(path));
        }
    }

    #[test]
    fn nothing_that_is_read_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = command::parse(&bytes);
        let _ = Parser::default().handle_line(&bytes);
        let _ = address::parse_port(&text);
        let _ = address::parse_eprt(&text);
        let _ = address::parse_epsv(&text);
        let _ = address::scan_227(&text);
        let _ = address::scan_229(&text);
        let _ = representation::parse_type(&text);
        let _ = parse_digits(&text);
        let _ = reply::quoted(&text);
        for form in [Form::Facts, Form::Long, Form::Names] {
            let _ = listing::read(form, &bytes, Duration::ZERO);
        }
        let _ = Printer::split_pattern(&text);
    }

    /// Lines that look like a listing, with arbitrary words.
    #[test]
    fn no_listing_panics(
        words in prop::collection::vec(
            "[-dl][rwx-]{9}|[0-9]{1,21}|Feb|feb|6|2002|12:34|99:99|02-06-02|<DIR>|12:34PM|-> |é| |\t",
            0..14,
        ),
        now in 0..=LAST,
    ) {
        let line = words.join(" ");
        for form in [Form::Facts, Form::Long] {
            let _ = listing::read(form, line.as_bytes(), Duration::from_secs(now));
        }
    }
}
