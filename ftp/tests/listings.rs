//! Listings as real servers write them: each line with what it means.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use halfclose_ftp::store::EntryKind;
use halfclose_ftp::wire::date::{Civil, Digits};
use halfclose_ftp::wire::listing::{Form, read};
use std::time::Duration;

/// 2026-11-24T12:00:00Z.
fn now() -> Duration {
    let noon = Civil { year: 2026, month: 11, day: 24, hour: 12, minute: 0, second: 0 };
    noon.since().unwrap()
}

/// Name, kind, size, date; empty for a line that names nothing.
fn meaning(form: Form, line: &str) -> String {
    let Some(found) = read(form, line, now()) else { return String::new() };
    let kind = match found.kind {
        Some(EntryKind::File) => "file",
        Some(EntryKind::Directory) => "dir",
        Some(EntryKind::Pipe) => "pipe",
        Some(EntryKind::Socket) => "socket",
        Some(EntryKind::Block | EntryKind::Character) => "device",
        Some(EntryKind::Other) => "other",
        None => "?",
    };
    let size = found.size.map_or("-".to_owned(), |size| size.to_string());
    let date = found.modified.map_or("-".to_owned(), |at| Digits(at).to_string());
    format!("{}|{kind}|{size}|{date}", found.name)
}

#[test]
fn long_forms() {
    for (line, expected) in [
        // vsftpd, proftpd, pure-ftpd, pyftpdlib, inetutils on Linux.
        (
            "-rw-r--r--    1 0        0           10000 Nov 22 08:15 a.bin",
            "a.bin|file|10000|20261122081500",
        ),
        (
            "-rw-r--r--   1 ftp      ftp         10000 Feb 06  2002 a.bin",
            "a.bin|file|10000|20020206000000",
        ),
        (
            "drwxr-xr-x   2 ftp      ftp          4096 Nov 24 11:59 with space",
            "with space|dir|-|20261124115900",
        ),
        // A year is left out: the last such date, and tomorrow's is a server's that is ahead.
        ("-rw-r--r-- 1 u g 1 Dec 31 23:59 old", "old|file|1|20251231235900"),
        ("-rw-r--r-- 1 u g 1 Nov 25 11:00 ahead", "ahead|file|1|20261125110000"),
        ("-rw-r--r-- 1 u g 1 Feb 29 12:00 leap", "leap|file|1|-"),
        ("lrwxrwxrwx 1 root root 7 Jan  5 10:00 bin -> usr/bin", "bin|other|-|20260105100000"),
        ("crw-rw-rw- 1 root root 1, 3 Jan  5 10:00 null", "null|device|-|20260105100000"),
        ("prw-r--r-- 1 root root 0 Jan  5 10:00 pipe", "pipe|pipe|-|20260105100000"),
        // Access control lists and SELinux leave a mark behind the permissions.
        ("-rw-r--r--+  1 ftp ftp 5 Jan  5 10:00 acl", "acl|file|5|20260105100000"),
        ("-rw-r--r--.  1 ftp ftp 5 Jan  5 10:00 selinux", "selinux|file|5|20260105100000"),
        // Names that begin with spaces, or look like something else.
        ("-rw-r--r-- 1 ftp ftp 5 Jan  5 10:00  two", " two|file|5|20260105100000"),
        (
            "-rw-r--r-- 1 ftp ftp 5 Jan  5 10:00 Jan  5 10:00 x",
            "Jan  5 10:00 x|file|5|20260105100000",
        ),
        ("-rw-r--r-- 1 ftp ftp 5 Jan  5 10:00 a -> b", "a -> b|file|5|20260105100000"),
        ("-rw-r--r-- 1 ftp ftp 5 Jan  5 10:00 ünïcödé", "ünïcödé|file|5|20260105100000"),
        // No group, no links; a user named like a month; the day first; ISO dates.
        ("-rw-r--r-- 1 ftp 5 Jan  5 10:00 g", "g|file|5|20260105100000"),
        ("-rw-r--r-- 1 may staff 5 Jan  5 10:00 m", "m|file|5|20260105100000"),
        ("-rw-r--r-- 1 ftp ftp 5  5 Jan 10:00 d", "d|file|5|20260105100000"),
        ("-rw-r--r-- 1 ftp ftp 5 2026-01-05 10:00 iso", "iso|file|5|20260105100000"),
        (
            "-rw-r--r-- 1 ftp ftp 18446744073709551615 Jan  5 10:00 big",
            "big|file|18446744073709551615|20260105100000",
        ),
        ("total 12", ""),
        ("", ""),
        ("drwxr-xr-x 2 ftp ftp 4096 Jan  5 10:00 .", ""),
        ("drwxr-xr-x 2 ftp ftp 4096 Jan  5 10:00 ..", ""),
        ("-rw-r--r-- 1 ftp ftp 5 Jan  5 10:00", ""),
        ("-rw-r--r--", ""),
        // IIS and its kin.
        ("02-06-02  12:34PM       <DIR>          photos", "photos|dir|-|20020206123400"),
        ("02-06-02  12:04AM                10000 a b.bin", "a b.bin|file|10000|20020206000400"),
        ("02-06-2002  01:04PM           10,000 c", "c|file|10000|20020206130400"),
        ("11-24-98  23:59            1 old", "old|file|1|19981124235900"),
        ("2002-02-06  10:00            1 iso", "iso|file|1|20020206100000"),
        ("13-45-02  12:34PM            1 x", "x|file|1|-"),
        ("<DIR> x y z", ""),
    ] {
        assert_eq!(meaning(Form::Long, line), expected, "{line:?}");
    }
}

#[test]
fn facts() {
    for (line, expected) in [
        // RFC 3659 §7.7, and what proftpd, pure-ftpd and pyftpdlib write.
        (
            "Type=file;Size=1830;Modify=19940916055648;Perm=r; hatch.c",
            "hatch.c|file|1830|19940916055648",
        ),
        (
            "type=dir;unique=802U2;modify=20020206123456;UNIX.mode=0755; photos",
            "photos|dir|-|20020206123456",
        ),
        (
            "modify=20020206123456.789;perm=adfrw;size=0;type=file;  two",
            " two|file|0|20020206123456",
        ),
        ("type=os.unix=fifo;modify=20020206123456; pipe", "pipe|pipe|-|20020206123456"),
        ("type=OS.unix=slink:usr/bin;modify=20020206123456; bin", "bin|other|-|20020206123456"),
        (" no facts", "no facts|?|-|-"),
        ("type=file;size=x;modify=y; odd", "odd|file|-|-"),
        ("type=file;size=3; a=b; c", "a=b; c|file|3|-"),
        ("type=cdir;modify=20020206123456; /photos", ""),
        ("type=pdir; ..", ""),
        ("type=file; ", ""),
        ("nonsense here", ""),
        ("", ""),
    ] {
        assert_eq!(meaning(Form::Facts, line), expected, "{line:?}");
    }
}

#[test]
fn names() {
    for (line, expected) in
        [("a b", "a b|?|-|-"), ("photos/a", "photos/a|?|-|-"), ("", ""), (".", ""), ("..", "")]
    {
        assert_eq!(meaning(Form::Names, line), expected, "{line:?}");
    }
}
