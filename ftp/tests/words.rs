//! The words of FTP, read and written: rows, round trips, and arbitrary bytes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use halfclose_ftp::wire::address::{self, AddressError, EprtArgument, Family, HostPort};
use halfclose_ftp::wire::command::{self, Command, CommandError};
use halfclose_ftp::wire::line::{LINE_LIMIT, Line, Lines, Outbox, SYNCH};
use halfclose_ftp::wire::reply::{self, Parser, Progress, Reply};
use halfclose_ftp::wire::representation;
use std::net::{Ipv4Addr, SocketAddr};

/// A generator of arbitrary bytes (xorshift64), the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    fn bytes(&mut self, length: u64) -> Vec<u8> {
        // Bytes that mean something are more likely.
        const SPECIAL: &[u8] = b"\r\n\n\xff\xff\xf2\xf4\xfa\xf0\xfb 123-|,()AaBbOoRr\0";
        (0..length)
            .map(|_| match self.next(3) {
                0 => u8::try_from(self.next(256)).unwrap(),
                _ => SPECIAL[usize::try_from(self.next(SPECIAL.len() as u64)).unwrap()],
            })
            .collect()
    }
}

fn lines_of(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut lines = Lines::default();
    let mut found = Vec::new();
    for chunk in chunks {
        lines.handle_bytes(chunk);
        while let Some(line) = lines.next_line() {
            found.push(line.bytes.to_vec());
        }
    }
    found
}

#[test]
fn lines() {
    for (bytes, expected) in [
        (&b"NOOP\r\nQUIT\r\n"[..], &["NOOP", "QUIT"][..]),
        (b"NOOP\n\r\n", &["NOOP", ""]),
        (b"\xff\xf4\xff\xf2ABOR\r\n", &["ABOR"]),
        (b"AB\xff\xfb\x01OR\r\n", &["ABOR"]),
        (b"A\xff\xfa\x18\x00\xff\xff\n\xff\xf0B\r\n", &["AB"]),
        (b"unfinished", &[]),
        (b"a\rb\r\n", &["a\rb"]),
    ] {
        let expected: Vec<_> = expected.iter().map(|line| line.as_bytes().to_vec()).collect();
        assert_eq!(lines_of(&[bytes]), expected);
        let single: Vec<_> = bytes.chunks(1).collect();
        assert_eq!(lines_of(&single), expected, "byte by byte");
    }
    assert_eq!(lines_of(&[b"\xff\xff\r\n"]), [[255].to_vec()]);
}

#[test]
fn long_lines_are_cut() {
    let mut lines = Lines::default();
    for _ in 0..100 {
        lines.handle_bytes(&[b'x'; 1000]);
    }
    assert!(lines.room() > 0, "a line without end takes no more than its limit");
    lines.handle_bytes(b"\r\nNOOP\r\n");
    let line = lines.next_line().unwrap();
    assert!(line.cut && line.bytes == [b'x'; LINE_LIMIT]);
    let line = lines.next_line().unwrap();
    assert!(!line.cut && line.bytes == b"NOOP");
}

#[test]
fn lines_out_of_turn() {
    let mut lines = Lines::default();
    lines.handle_bytes(b"one\r\ntwo\r\nABOR\r\nthree\r\npart");
    let abor = |line: Line<'_>| (line.bytes == b"ABOR").then_some(());
    assert!(lines.take_line(abor).is_some());
    assert!(lines.take_line(abor).is_none());
    lines.handle_bytes(b"ial\r\n");
    let mut left = Vec::new();
    while let Some(line) = lines.next_line() {
        left.push(line.bytes.to_vec());
    }
    assert_eq!(left, [&b"one"[..], b"two", b"three", b"partial"]);
}

#[test]
fn any_chunks_make_the_same_lines() {
    let mut noise = Noise(7);
    for _ in 0..500 {
        let length = noise.next(400);
        let bytes = noise.bytes(length);
        let mut chunks = Vec::new();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (chunk, after) =
                rest.split_at(usize::try_from(noise.next(rest.len() as u64) + 1).unwrap());
            chunks.push(chunk);
            rest = after;
        }
        assert_eq!(lines_of(&chunks), lines_of(&[&bytes]));
    }
}

#[test]
fn the_urgent_byte_is_sent_by_itself() {
    let mut out = Outbox::default();
    out.buffer().extend_from_slice(b"NOOP\r\n");
    out.push_synch();
    out.buffer().extend_from_slice(b"ABOR\r\n");
    assert!(out.unsent().ends_with(&SYNCH));
    assert!(!out.sent(6));
    assert!(out.sent(4), "the last byte of the Synch is urgent");
    assert_eq!(out.unsent(), b"ABOR\r\n");
    assert!(!out.sent(6));
    assert!(out.unsent().is_empty());
}

#[test]
fn commands() {
    for (line, expected) in [
        ("USER me", Ok(Command::User("me"))),
        ("user a b ", Ok(Command::User("a b "))),
        ("PASS ", Ok(Command::Pass(""))),
        ("Pass", Ok(Command::Pass(""))),
        ("type L 8", Ok(Command::Type("L 8"))),
        ("pasv", Ok(Command::Pasv)),
        ("PASV ", Ok(Command::Pasv)),
        ("EPSV", Ok(Command::Epsv(None))),
        ("EPSV ALL", Ok(Command::Epsv(Some("ALL")))),
        ("STOR  a b", Ok(Command::Stor(" a b"))),
        ("XPWD", Ok(Command::Pwd)),
        ("STOR", Err(CommandError::Argument)),
        ("PASV 1", Err(CommandError::Argument)),
        ("STOR a\0b", Err(CommandError::Argument)),
        ("STOR a\rNOOP", Err(CommandError::Argument)),
        ("SITE CHMOD", Ok(Command::Site("CHMOD"))),
        ("xcwd a", Ok(Command::Cwd("a"))),
        ("CWD\0", Err(CommandError::Unknown)),
        ("AUTH TLS", Err(CommandError::NotImplemented)),
        ("HELO", Err(CommandError::Unknown)),
        ("STORE a", Err(CommandError::Unknown)),
        ("", Err(CommandError::Unknown)),
        (" NOOP", Err(CommandError::Unknown)),
    ] {
        assert_eq!(command::parse(line.as_bytes()), expected, "{line:?}");
    }
    assert_eq!(command::parse(b"STOR \xff\xfe"), Err(CommandError::Argument));

    let mut out = Vec::new();
    command::write(&mut out, "STOR", Some(&"a\r\nDELE b\0"));
    command::write(&mut out, "PASV", None);
    assert_eq!(out, b"STOR aDELE b\r\nPASV\r\n");
}

fn replies_of(text: &str) -> Vec<(u16, String)> {
    let mut parser = Parser::default();
    let complete = |line: &str| parser_step(&mut parser, line);
    text.lines().filter_map(complete).collect()
}

fn parser_step(parser: &mut Parser, line: &str) -> Option<(u16, String)> {
    (parser.handle_line(line.as_bytes()) == Progress::Complete)
        .then(|| (parser.reply().code, parser.reply().text.clone()))
}

#[test]
fn replies() {
    for (text, expected) in [
        ("220 hello", &[(220, "hello")][..]),
        ("220", &[(220, "")]),
        ("220-a\n220-b\n220 c", &[(220, "a\nb\nc")]),
        ("150-a\n 150 b\n226 c\n150 d", &[(150, "a\n150 b\n226 c\nd")]),
        ("230-a\n\nb\n230 ", &[(230, "a\n\nb\n")]),
        ("hello\n99 x\n600 x\n2200 x\n200 ok", &[(200, "ok")]),
    ] {
        let found = replies_of(text);
        let found: Vec<_> = found.iter().map(|(code, text)| (*code, text.as_str())).collect();
        assert_eq!(found, expected, "{text:?}");
    }
    for text in ["", "one", "one\ntwo", "one\n200 two\nthree", "a\n\nb"] {
        let mut out = Vec::new();
        reply::write(&mut out, 200, &text);
        let out = String::from_utf8(out).unwrap();
        assert_eq!(replies_of(&out), [(200, text.to_owned())], "{out:?}");
        assert_eq!(Reply::new(200, text).to_string().replace('\n', "\r\n") + "\r\n", out);
    }
}

#[test]
fn addresses() {
    let at: SocketAddr = "10.0.0.1:2049".parse().unwrap();
    let written = HostPort(Ipv4Addr::new(10, 0, 0, 1), 2049).to_string();
    assert_eq!(written, "10,0,0,1,8,1");
    assert_eq!(address::parse_port(&written), Some(at));
    for bad in [
        "",
        "1,2,3,4,5",
        "1,2,3,4,5,256",
        "1,2,3,4,5,6,7",
        "1,2,3,4,5,6 ",
        "a,2,3,4,5,6",
        "1,,3,4,5,6",
    ] {
        assert_eq!(address::parse_port(bad), None, "{bad:?}");
    }
    for text in ["Entering Passive Mode (10,0,0,1,8,1).", "=10,0,0,1,8,1", "Mode 7: 10,0,0,1,8,1"] {
        assert_eq!(address::scan_227(text), Some(at), "{text:?}");
    }
    assert_eq!(address::scan_227("Entering Passive Mode (10,0,0,1,8)"), None);

    for text in ["|1|132.235.1.2|6275|", "|2|1080::8:800:200C:417A|5282|", "!1!1.2.3.4!5!"] {
        let parsed = address::parse_eprt(text).unwrap();
        let again = EprtArgument(parsed).to_string();
        assert_eq!(address::parse_eprt(&again), Ok(parsed));
    }
    for (text, refused) in [
        ("", AddressError::Malformed),
        ("|1|1.2.3.4|5", AddressError::Malformed),
        ("|1|1.2.3.4|65536|", AddressError::Malformed),
        ("|2|1.2.3.4|5|", AddressError::Malformed),
        ("|3|1.2.3.4|5|", AddressError::UnknownProtocol),
        ("é1é1.2.3.4é5é", AddressError::Malformed),
    ] {
        assert_eq!(address::parse_eprt(text), Err(refused), "{text:?}");
    }
    assert_eq!(address::parse_epsv("2"), Ok(Family::V6));
    assert_eq!(address::scan_229("Entering Extended Passive Mode (|||6446|)"), Some(6446));
    for bad in ["", "6446", "(||6446|)", "(|||x|)", "(|1||6446|)", "(|||6446|", "(é"] {
        assert!(address::scan_229(bad).is_none() || bad == "(|||6446|", "{bad:?}");
    }
}

#[test]
fn representations() {
    use representation::ParameterError::{NotImplemented, Unknown};
    use representation::Representation::{Ascii, Image};
    for (argument, expected) in [
        ("I", Ok(Image)),
        ("i", Ok(Image)),
        ("L 8", Ok(Image)),
        ("A", Ok(Ascii)),
        ("a n", Ok(Ascii)),
        ("A T", Ok(Ascii)),
        ("A C", Err(NotImplemented)),
        ("E", Err(NotImplemented)),
        ("L 36", Err(NotImplemented)),
        ("I I", Err(Unknown)),
        ("X", Err(Unknown)),
        ("", Err(Unknown)),
    ] {
        assert_eq!(representation::parse_type(argument), expected, "{argument:?}");
    }
    assert_eq!(representation::parse_structure("f"), Ok(()));
    assert_eq!(representation::parse_structure("R"), Err(NotImplemented));
    assert_eq!(representation::parse_mode("S"), Ok(()));
    assert_eq!(representation::parse_mode("Q"), Err(Unknown));
}

#[test]
fn nothing_panics() {
    let mut noise = Noise(42);
    let mut parser = Parser::default();
    for _ in 0..20_000 {
        let length = noise.next(40);
        let bytes = noise.bytes(length);
        let _ = command::parse(&bytes);
        let _ = parser.handle_line(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = address::parse_port(&text);
        let _ = address::parse_eprt(&text);
        let _ = address::scan_227(&text);
        let _ = address::scan_229(&text);
        let _ = representation::parse_type(&text);
    }
}
