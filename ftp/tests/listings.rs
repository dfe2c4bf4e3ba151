//! Lines of listings from real servers, each with its meaning.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use halfclose_ftp::store::EntryKind;
use halfclose_ftp::wire::date::{Civil, Digits};
use halfclose_ftp::wire::listing::{Form, ListingLine, read};
use std::time::Duration;

/// The present time of the tests: 2026-11-24T12:00:00Z.
fn now() -> Duration {
    let noon = Civil { year: 2026, month: 11, day: 24, hour: 12, minute: 0, second: 0 };
    noon.since().unwrap()
}

/// Name, kind, size and date of an entry; `heading` or `line` for a line without an entry.
fn meaning(form: Form, line: impl AsRef<[u8]>) -> String {
    let found = match read(form, line.as_ref(), now()) {
        ListingLine::Entry(found) => found,
        ListingLine::Heading => return "heading".into(),
        ListingLine::Unknown => return "line".into(),
    };
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
    format!("{}|{kind}|{size}|{date}", found.name.escape_ascii())
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
        (
            "-rw-r--r-- 1 ftp ftp 5 Jan  5 10:00 ünïcödé",
            "\\xc3\\xbcn\\xc3\\xafc\\xc3\\xb6d\\xc3\\xa9|file|5|20260105100000",
        ),
        // No group, no links; a user named like a month; the day first; ISO dates.
        ("-rw-r--r-- 1 ftp 5 Jan  5 10:00 g", "g|file|5|20260105100000"),
        ("-rw-r--r-- 1 may staff 5 Jan  5 10:00 m", "m|file|5|20260105100000"),
        ("-rw-r--r-- 1 ftp ftp 5  5 Jan 10:00 d", "d|file|5|20260105100000"),
        ("-rw-r--r-- 1 ftp ftp 5 2026-01-05 10:00 iso", "iso|file|5|20260105100000"),
        (
            "-rw-r--r-- 1 ftp ftp 18446744073709551615 Jan  5 10:00 big",
            "big|file|18446744073709551615|20260105100000",
        ),
        ("total 12", "heading"),
        ("", "heading"),
        ("drwxr-xr-x 2 ftp ftp 4096 Jan  5 10:00 .", "heading"),
        ("drwxr-xr-x 2 ftp ftp 4096 Jan  5 10:00 ..", "heading"),
        ("-rw-r--r-- 1 ftp ftp 5 Jan  5 10:00", "line"),
        ("-rw-r--r--", "line"),
        // IIS and its kin.
        ("02-06-02  12:34PM       <DIR>          photos", "photos|dir|-|20020206123400"),
        ("02-06-02  12:04AM                10000 a b.bin", "a b.bin|file|10000|20020206000400"),
        ("02-06-2002  01:04PM           10,000 c", "c|file|10000|20020206130400"),
        ("11-24-98  23:59            1 old", "old|file|1|19981124235900"),
        ("2002-02-06  10:00            1 iso", "iso|file|1|20020206100000"),
        ("13-45-02  12:34PM            1 x", "x|file|1|-"),
        ("<DIR> x y z", "line"),
        ("05-28-2023  03:25 PM                5 pm", "pm|file|5|20230528152500"),
        ("28.05.2023  15:25            1.234.567 dots", "dots|file|1234567|20230528152500"),
        ("28-05-2023  03:25PM       <DIR>          day first", "day first|dir|-|20230528152500"),
        (
            "05-28-23  12:04AM       <JUNCTION>     link [C:\\x]",
            "link [C:\\\\x]|other|-|20230528000400",
        ),
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
        ("type=cdir;modify=20020206123456; /photos", "heading"),
        ("type=pdir; ..", "heading"),
        ("type=file; ", "line"),
        ("nonsense here", "line"),
        ("", "heading"),
    ] {
        assert_eq!(meaning(Form::Facts, line), expected, "{line:?}");
    }
}

#[test]
fn names() {
    for (line, expected) in [
        ("a b", "a b|?|-|-"),
        ("photos/a", "photos/a|?|-|-"),
        ("", "heading"),
        (".", "heading"),
        ("..", "heading"),
    ] {
        assert_eq!(meaning(Form::Names, line), expected, "{line:?}");
    }
}

#[test]
fn unix_with_the_year_behind_the_time() {
    for (line, expected) in [
        // dartFTP issue 17, VShell, `ls -lT` of BSD.
        (
            "-rw-r--r--   1 owner    group          1234 May 28 19:50 2023 photo.jpg",
            "photo.jpg|file|1234|20230528195000",
        ),
        (
            "-rw-r--r--   1 owner    group            99 Oct 08, 2002 09:47 report.txt",
            "report.txt|file|99|20021008094700",
        ),
        (
            "drwxr-xr-x   2 owner    group          4096 Jan  2 03:04:05 2021 music",
            "music|dir|-|20210102030405",
        ),
        // No name follows the number: the number is the name.
        ("-rw-r--r-- 1 u g 5 Jan  5 10:00 2023", "2023|file|5|20260105100000"),
    ] {
        assert_eq!(meaning(Form::Long, line), expected, "{line:?}");
    }
}

#[test]
fn unix_in_other_languages_and_with_fewer_columns() {
    for (line, expected) in [
        ("-rw-r--r-- 1 u g 5 28. Mai 19:50 de", "de|file|5|20260528195000"),
        ("-rw-r--r-- 1 u g 5 M\u{e4}r  5 10:00 de", "de|file|5|20260305100000"),
        ("-rw-r--r-- 1 u g 5 5 f\u{e9}vr. 10:00 fr", "fr|file|5|20260205100000"),
        ("-rw-r--r-- 1 u g 5 ago 12 2020 es", "es|file|5|20200812000000"),
        ("-rw-r--r-- 1 u g 5 okt  5 10:00 nl", "nl|file|5|20261005100000"),
        ("-rw-r--r-- 1 u g 5 \u{44f}\u{43d}\u{432}  5 10:00 ru", "ru|file|5|20260105100000"),
        ("-rw-r--r-- 1 u g 5  5\u{6708} 28\u{65e5} 19:50 ja", "ja|file|5|20260528195000"),
        ("insgesamt 12", "heading"),
        ("itogo nothing", "line"),
        ("-rw-r--r-- 1 u g 5 Foo  5 10:00 unknown month", "line"),
        ("-rw-r--r-- 5 Jan  5 10:00 none", "none|file|5|20260105100000"),
        ("-rw-r--r-- Jan  5 10:00 none", "none|file|-|20260105100000"),
        // A rounded size is no size.
        ("-rw-r--r-- 1 u g 4.0K Jan  5 10:00 unit", "unit|file|-|20260105100000"),
        ("-rw-r--r-- 1 u g 5 01-05 10:00 iso", "iso|file|5|20260105100000"),
        (
            "-rw-r--r-- 1 u g 5 2020-01-05 10:00:07.000000000 +0100 full-iso",
            "full-iso|file|5|20200105100007",
        ),
        (
            "- [R----F--] rhesus   214059  Oct 20 15:27    cx.exe",
            "cx.exe|file|214059|20261020152700",
        ),
        ("d [R----F--] admin    512     Jan 16 18:53    login", "login|dir|-|20260116185300"),
    ] {
        assert_eq!(meaning(Form::Long, line), expected, "{line:?}");
    }
    let latin1 = b"-rw-r--r-- 1 u g 5 f\xe9vr.  5 10:00 r\xe4ksm\xf6rg\xe5s.txt";
    let expected = "r\\xe4ksm\\xf6rg\\xe5s.txt|file|5|20260205100000";
    assert_eq!(meaning(Form::Long, latin1), expected);
}

#[test]
fn other_systems() {
    for (line, expected) in [
        ("+i8388621.29609,m824255902,/,\tdev", "dev|dir|-|19960213235822"),
        ("+i8388621.44468,m839956783,r,s10376,\tRFCEPLF", "RFCEPLF|file|10376|19960813171943"),
        ("Directory DISK$USER:[ANONYMOUS]", "heading"),
        (
            "00README.TXT;1      2 30-DEC-1996 17:44 [SYSTEM] (RWED,RWED,RE,RE)",
            "00README.TXT;1|file|-|19961230174400",
        ),
        (
            "CORE.DIR;1          1  8-SEP-1996 16:09:12.34 [SYSTEM] (RWE,RWE,RE,RE)",
            "CORE.DIR;1|dir|-|19960908160912",
        ),
        ("Total of 2 files, 3 blocks.", "heading"),
        ("Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname", "heading"),
        ("WEB3SA 3390   2023/12/11  1    6  VB     256  6233  PS  USER.DATA", "USER.DATA|file|-|-"),
        ("WEB3SA 3390   2023/12/11  1    6  FB      80  6160  PO  USER.LIB", "USER.LIB|dir|-|-"),
        ("Migrated                                                XYZ.ABC", "XYZ.ABC|?|-|-"),
        (
            "MEMBER1   01.04 2002/09/12 2002/10/11 09:37    11    11     0 KIL001",
            "MEMBER1|file|-|20021011093700",
        ),
        ("QSYS            77824 02/23/00 15:09:55 *DIR       QOpenSys/", "QOpenSys|dir|-|-"),
        ("CFT             45056 04/12/06 14:19:31 *STMF      a b.txt", "a b.txt|file|45056|-"),
        ("one two three", "line"),
        ("Directory of everything", "line"),
    ] {
        assert_eq!(meaning(Form::Long, line), expected, "{line:?}");
    }
}

#[test]
fn facts_as_small_servers_write_them() {
    // mtheall/ftpd issue 73 and its kin.
    for (line, expected) in [
        ("Type=cdir;Perm=el; photos", "heading"),
        ("type=cdir;; /photos", "heading"),
        ("TYPE=FILE;SIZE=5; a", "a|file|5|-"),
        (" type=file;size=5; a", "a|file|5|-"),
        ("type=file;size=5 a", "a|file|5|-"),
        ("type=file;size=5;a", "line"),
        ("UNIX.mode=0777;/", "line"),
        ("type=file;size=5; R -> x", "R -> x|file|5|-"),
        ("type=file;size=5; a\rb", "a\\rb|file|5|-"),
        ("-rw-r--r-- 1 u g 5 Jan  5  2020 as LIST", "as LIST|file|5|20200105000000"),
    ] {
        assert_eq!(meaning(Form::Facts, line), expected, "{line:?}");
    }
}
