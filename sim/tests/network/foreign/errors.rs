//! The table of errors in `docs/FTP.md`: what our server and four servers of other projects answer to
//! each command in each error, measured now. A server that is not installed is skipped with a line, and
//! its column is not compared. `UPDATE_GOLDEN=1` writes what was measured into the page.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use super::theirs::{PROFTPD, PURE_FTPD, PYFTPDLIB, Properties, Theirs, VSFTPD};
use crate::hostile::raw::{PATIENCE, Raw};
use crate::served::Ours;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/FTP.md");
/// The first line of the table in the page.
const HEAD: &str = "| error | command | halfclose | RFC 959 | vsftpd 3.0.3 | proftpd 1.3.8 | \
                    pure-ftpd 1.0.50 | pyftpdlib 2.2.0 |";
/// The columns before the codes of our server.
const NAMED: usize = 2;
/// The measured servers of other projects, in the order of the columns behind the RFC's.
const THEIRS: [&str; 4] = [VSFTPD, PROFTPD, PURE_FTPD, PYFTPDLIB];
const READ_ONLY: Properties<'static> = Properties { writable: false, ..Properties::OPEN };

/// What is special about a session in which an error is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    Plain,
    /// The user may change nothing.
    ReadOnly,
    /// No user has logged in.
    Stranger,
    /// The command has no data connection.
    NoData,
}
use Setting::{NoData, Plain, ReadOnly, Stranger};

/// An error, the session, and for each command the code that RFC 959 §5.4 (or the RFC that defines the
/// command) has for the error; `-` where no RFC has the command. Commands before the last are separated
/// by `; `. `LONG` is a name of 300 characters.
type Group = (&'static str, Setting, &'static [(&'static str, &'static str)]);

/// The tree of every session: `file` (10 bytes), `full/` with a file, `empty/`.
const GROUPS: &[Group] = &[
    (
        "no such file or directory",
        Plain,
        &[
            ("CWD gone", "550"),
            ("RETR gone", "550"),
            ("STOR gone/x", "553"),
            ("APPE gone/x", "550"),
            ("LIST gone", "450"),
            ("NLST gone", "450"),
            ("MLSD gone", "550"),
            ("MLST gone", "550"),
            ("STAT gone", "450"),
            ("SIZE gone", "550"),
            ("MDTM gone", "550"),
            ("MFMT 20020206000000 gone", "550"),
            ("DELE gone", "550"),
            ("RNFR gone", "550"),
            ("RNFR file; RNTO gone/x", "553"),
            ("MKD gone/x", "550"),
            ("RMD gone", "550"),
            ("SITE CHMOD 644 gone", "-"),
        ],
    ),
    (
        "a directory, not a file",
        Plain,
        &[
            ("RETR full", "550"),
            ("STOR full", "553"),
            ("APPE full", "550"),
            ("SIZE full", "550"),
            ("DELE full", "550"),
            ("RNFR file; RNTO full", "553"),
        ],
    ),
    (
        "a file, not a directory",
        Plain,
        &[
            ("CWD file", "550"),
            ("RETR file/x", "550"),
            ("STOR file/x", "553"),
            ("MLSD file", "501"),
            ("MKD file/x", "550"),
            ("RMD file", "550"),
        ],
    ),
    ("exists", Plain, &[("MKD file", "550"), ("MKD full", "550")]),
    ("not empty", Plain, &[("RMD full", "550")]),
    (
        "not allowed",
        ReadOnly,
        &[
            ("STOR x", "553"),
            ("STOR file", "553"),
            ("APPE file", "550"),
            ("STOU", "553"),
            ("DELE file", "550"),
            ("RNFR file", "550"),
            ("MKD x", "550"),
            ("RMD empty", "550"),
            ("MFMT 20020206000000 file", "550"),
            ("SITE CHMOD 600 file", "-"),
        ],
    ),
    (
        "a name that cannot be (300 characters)",
        Plain,
        &[
            ("CWD LONG", "550"),
            ("RETR LONG", "550"),
            ("STOR LONG", "553"),
            ("SIZE LONG", "550"),
            ("DELE LONG", "550"),
            ("MKD LONG", "550"),
            ("RNFR file; RNTO LONG", "553"),
        ],
    ),
    (
        "offset beyond the end",
        Plain,
        &[("REST 100; RETR file", "554"), ("REST 100; STOR file", "554")],
    ),
    ("no data connection", NoData, &[("RETR file", "425"), ("STOR x", "425"), ("LIST", "425")]),
    (
        "not logged in",
        Stranger,
        &[
            ("CWD full", "530"),
            ("RETR file", "530"),
            ("STOR x", "530"),
            ("LIST", "530"),
            ("DELE file", "530"),
            ("PASV", "530"),
        ],
    ),
    ("out of order", Plain, &[("RNTO x", "503")]),
    (
        "no argument",
        Plain,
        &[
            ("CWD", "501"),
            ("RETR", "501"),
            ("STOR", "501"),
            ("DELE", "501"),
            ("MKD", "501"),
            ("SIZE", "501"),
            ("REST", "501"),
            ("TYPE", "501"),
        ],
    ),
    (
        "a wrong argument",
        Plain,
        &[
            ("TYPE X", "501"),
            ("STRU X", "501"),
            ("MODE X", "501"),
            ("PORT 1,2", "501"),
            ("EPRT x", "501"),
            ("EPSV 9", "522"),
            ("REST x", "501"),
            ("MFMT x file", "501"),
            ("OPTS MLST size", "501"),
        ],
    ),
    (
        "known, and not implemented",
        Plain,
        &[("TYPE E", "504"), ("STRU P", "504"), ("MODE C", "504"), ("SMNT x", "502")],
    ),
    ("the address of another host", Plain, &[("PORT 10,1,1,1,10,10", "504")]),
    ("unknown command", Plain, &[("XYZZ", "500")]),
];

/// How long a server is silent before the table says `none`; a table that differs is measured again, with
/// more patience.
const SILENCE: [u64; 3] = [3, 10, 30];

/// A server to be measured: its port, the way in, and the place of its files.
struct Server {
    host: String,
    port: u16,
    login: (&'static str, &'static str, &'static str),
    files: PathBuf,
    writable: bool,
    silence: Duration,
}

impl Server {
    fn theirs(server: &Theirs, writable: bool, silence: Duration) -> Self {
        let (host, port) = ("127.0.0.1".to_owned(), server.port);
        Self { host, port, login: server.login(), files: server.file(""), writable, silence }
    }

    fn ours(server: &Ours, writable: bool) -> Self {
        let (host, port) = (server.host.clone(), server.port);
        let login = ("", "anonymous", "x");
        Self { host, port, login, files: server.path(""), writable, silence: PATIENCE }
    }

    /// Makes the tree of a session.
    fn prepare(&self) {
        for entry in fs::read_dir(&self.files).expect("a directory") {
            let path = entry.expect("it can be read").path();
            let gone =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            gone.expect("it is ours");
        }
        let (file, full, empty) = (self.file("file"), self.file("full"), self.file("empty"));
        fs::write(&file, "0123456789").expect("space");
        fs::create_dir(&full).expect("space");
        fs::write(full.join("inside"), "x").expect("space");
        fs::create_dir(&empty).expect("space");
        // The user of a server may not be the owner.
        let (files, directories) = if self.writable { (0o666, 0o777) } else { (0o644, 0o755) };
        for (path, mode) in [(file, files), (full, directories), (empty, directories)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.join(name)
    }

    /// The codes that answer the last command of a row: a preliminary code stands before the last.
    fn measure(&self, setting: Setting, commands: &str) -> String {
        self.prepare();
        let mut session = Raw::at(&self.host, self.port);
        session.expect("220");
        if setting == NoData {
            // Some servers say no more until their own timeout.
            session.stream.set_read_timeout(Some(self.silence)).expect("a time");
        }
        let (directory, user, password) = self.login;
        if setting != Stranger {
            session.say(&format!("USER {user}"));
            let reply = session.say(&format!("PASS {password}"));
            assert!(reply.starts_with("230"), "{reply}");
            assert!(session.say("TYPE I").starts_with("200"));
            if !directory.is_empty() {
                assert!(session.say(&format!("CWD {directory}")).starts_with("250"));
            }
        }
        let long = commands.replace("LONG", &"n".repeat(300));
        let (before, last) = long.rsplit_once("; ").unwrap_or(("", &long));
        for line in before.split("; ").filter(|line| !line.is_empty()) {
            session.say(line);
        }
        let verb = last.split(' ').next().expect("a verb");
        let moves = ["RETR", "STOR", "APPE", "STOU", "LIST", "NLST", "MLSD"].contains(&verb);
        // REST stays in force over PASV, and some servers forget the offset at other commands.
        let data =
            (moves && setting != NoData && setting != Stranger).then(|| self.open(&mut session));
        session.stream.write_all(format!("{last}\r\n").as_bytes()).expect("it listens");
        let mut codes = Vec::new();
        let mut next = |session: &mut Raw| {
            let reply = session.reply().map_or("none".to_owned(), |reply| reply[..3].to_owned());
            let begun = reply.starts_with('1');
            // 125 and 150 differ in who was first.
            codes.push(if begun { "150".to_owned() } else { reply });
            begun
        };
        if next(&mut session) {
            // An upload ends at once: the data connection closes here.
            if let Some(mut data) = data
                && !["STOR", "APPE", "STOU"].contains(&verb)
            {
                // A reset is an end too.
                let _ = data.read_to_end(&mut Vec::new());
            }
            next(&mut session);
        }
        codes.join(" ")
    }

    /// Opens a data connection by PASV.
    fn open(&self, session: &mut Raw) -> TcpStream {
        let reply = session.say("PASV");
        let numbers = reply.rsplit_once('(').and_then(|(_, rest)| rest.split_once(')'));
        let numbers = numbers.unwrap_or_else(|| panic!("no address: {reply}")).0;
        let port: Vec<u16> =
            numbers.split(',').skip(4).map(|it| it.parse().expect("a number")).collect();
        let data = TcpStream::connect((&*self.host, port[0] * 256 + port[1])).expect("it listens");
        data.set_read_timeout(Some(PATIENCE)).expect("a time");
        data
    }
}

/// The codes of a server, row by row; `None`: the server is not installed.
fn column(model: &str, silence: Duration) -> Option<Vec<String>> {
    if model == "halfclose" {
        let (open, closed) = (Ours::serve(&[]), Ours::serve(&["--read-only"]));
        return Some(rows(&Server::ours(&open, true), &Server::ours(&closed, false)));
    }
    let (open, closed) = (Theirs::start(model)?, Theirs::start_with(model, READ_ONLY)?);
    Some(rows(&Server::theirs(&open, true, silence), &Server::theirs(&closed, false, silence)))
}

fn rows(open: &Server, closed: &Server) -> Vec<String> {
    let mut codes = Vec::new();
    for (_, setting, commands) in GROUPS {
        let server = if *setting == ReadOnly { closed } else { open };
        codes.extend(commands.iter().map(|(commands, _)| server.measure(*setting, commands)));
    }
    codes
}

#[test]
fn the_table_of_errors_is_what_five_servers_answer() {
    let page = fs::read_to_string(PAGE).expect("the page is there");
    let mut now = String::new();
    for silence in SILENCE {
        now = measured(&page, Duration::from_secs(silence));
        if now == page {
            break;
        }
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(PAGE, now).expect("the page can be written");
        return;
    }
    let differs: Vec<_> = now.lines().zip(page.lines()).filter(|(now, page)| now != page).collect();
    assert!(now == page, "measured, and in docs/FTP.md: {differs:#?}");
}

/// The page with the table as the servers answer now.
fn measured(page: &str, silence: Duration) -> String {
    let columns: Vec<_> = std::thread::scope(|scope| {
        let models = ["halfclose"].into_iter().chain(THEIRS);
        let threads: Vec<_> =
            models.map(|model| scope.spawn(move || column(model, silence))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it is measured")).collect()
    });
    let (before, known, after) = table(page);
    let mut lines = vec![HEAD.to_owned(), format!("|{}", "---|".repeat(4 + THEIRS.len()))];
    let mut row = 0;
    for (error, _, commands) in GROUPS {
        for (at, (command, rfc)) in commands.iter().enumerate() {
            // A server that is missing keeps what the page says.
            let there = known.get(&(error.to_string(), command.to_string()));
            let cell = |column: usize, place: usize| match &columns[column] {
                Some(codes) => codes[row].clone(),
                None => there.and_then(|cells| cells.get(place)).cloned().unwrap_or_default(),
            };
            let mut cells =
                vec![if at == 0 { *error } else { "" }.to_owned(), format!("`{command}`")];
            cells.extend([cell(0, NAMED), (*rfc).to_owned()]);
            cells.extend((1..=THEIRS.len()).map(|column| cell(column, column + NAMED + 1)));
            lines.push(format!("| {} |", cells.join(" | ")));
            row += 1;
        }
    }
    format!("{before}{}\n{after}", lines.join("\n"))
}

type Known = BTreeMap<(String, String), Vec<String>>;

/// The text of the page before the table, the cells of each row by error and command, and the text
/// behind the table.
fn table(page: &str) -> (&str, Known, &str) {
    let from =
        page.find(HEAD.split(" | vsftpd").next().expect("a head")).expect("the page has the table");
    let rows: usize =
        page[from..].lines().take_while(|line| line.starts_with('|')).map(|it| it.len() + 1).sum();
    let (mut known, mut error) = (Known::new(), String::new());
    for line in page[from..from + rows].lines().skip(2) {
        let cells: Vec<_> =
            line.trim_matches('|').split('|').map(|it| it.trim().to_owned()).collect();
        if !cells[0].is_empty() {
            error.clone_from(&cells[0]);
        }
        known.insert((error.clone(), cells[1].trim_matches('`').to_owned()), cells);
    }
    (&page[..from], known, &page[from + rows..])
}
