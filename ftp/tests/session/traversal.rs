//! No path leads out of the root: every command with a path, with every trick, against a store that
//! accepts only the promised form of paths.

use crate::net::{CLIENT, Net, Rules, SERVER, ip};
use halfclose_ftp::store::{Entry, Fate, File, Listing, Metadata, Read, Room, StoreError, Writing};
use halfclose_ftp::tcp::Tcp;
use halfclose_ftp::{Driver, MemoryStore, ServerConfig, Store};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

/// A memory store that panics at a path outside the form that `store` promises.
#[derive(Default)]
struct Strict {
    inner: MemoryStore,
    asked: usize,
}

impl Strict {
    fn check<'a>(&mut self, path: &'a str) -> &'a str {
        self.asked += 1;
        let sound = |name: &str| !matches!(name, "" | "." | "..") && !name.contains('\0');
        assert!(path.is_empty() || path.split('/').all(sound), "{path:?} reached the store");
        path
    }
}

impl Store for Strict {
    fn open_read(&mut self, path: &str, offset: u64) -> Result<(File, u64), StoreError> {
        let path = self.check(path);
        self.inner.open_read(path, offset)
    }

    fn open_write(&mut self, path: &str, how: Writing, now: Duration) -> Result<File, StoreError> {
        let path = self.check(path);
        self.inner.open_write(path, how, now)
    }

    fn read(&mut self, file: File, into: &mut [u8]) -> Result<Read, StoreError> {
        self.inner.read(file, into)
    }

    fn room(&self, file: File, now: Duration) -> Room {
        self.inner.room(file, now)
    }

    fn write(&mut self, file: File, bytes: &[u8], now: Duration) -> Result<(), StoreError> {
        self.inner.write(file, bytes, now)
    }

    fn close(&mut self, file: File, fate: Fate) -> Result<(), StoreError> {
        self.inner.close(file, fate)
    }

    fn metadata(&mut self, path: &str) -> Result<Metadata, StoreError> {
        let path = self.check(path);
        self.inner.metadata(path)
    }

    fn set_modified(&mut self, path: &str, modified: Duration) -> Result<(), StoreError> {
        let path = self.check(path);
        self.inner.set_modified(path, modified)
    }

    fn set_mode(&mut self, path: &str, mode: u16) -> Result<(), StoreError> {
        let path = self.check(path);
        self.inner.set_mode(path, mode)
    }

    fn remove(&mut self, path: &str) -> Result<(), StoreError> {
        let path = self.check(path);
        self.inner.remove(path)
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), StoreError> {
        let (from, to) = (self.check(from), self.check(to));
        self.inner.rename(from, to)
    }

    fn make_directory(&mut self, path: &str, now: Duration) -> Result<(), StoreError> {
        let path = self.check(path);
        self.inner.make_directory(path, now)
    }

    fn remove_directory(&mut self, path: &str) -> Result<(), StoreError> {
        let path = self.check(path);
        self.inner.remove_directory(path)
    }

    fn open_listing(&mut self, path: &str) -> Result<Listing, StoreError> {
        let path = self.check(path);
        self.inner.open_listing(path)
    }

    fn next_entry(&mut self, listing: Listing) -> Result<Option<Entry<'_>>, StoreError> {
        self.inner.next_entry(listing)
    }

    fn close_listing(&mut self, listing: Listing) {
        self.inner.close_listing(listing);
    }
}

const COMMANDS: [&str; 22] = [
    "CWD",
    "XCWD",
    "RETR",
    "STOR",
    "APPE",
    "STOU",
    "LIST",
    "LIST -a",
    "NLST",
    "MLSD",
    "MLST",
    "STAT",
    "SIZE",
    "MDTM",
    "MFMT 20020206000000",
    "SITE CHMOD 600",
    "DELE",
    "RMD",
    "MKD",
    "RNFR",
    "SMNT",
    "XRMD",
];

const PATHS: [&str; 24] = [
    "..",
    "../",
    "../..",
    "../../../../../../../../etc/passwd",
    "/..",
    "/../etc/passwd",
    "//etc/passwd",
    "///..//../etc//passwd",
    "d/../../etc/passwd",
    "d/../..",
    "./../.",
    "././.",
    "/",
    "//",
    "",
    "d//x/",
    "d/./e/../../..",
    "....//....//etc/passwd",
    ".../...",
    "..\\..\\etc\\passwd",
    "%2e%2e/%2e%2e/etc/passwd",
    "~root/.ssh/id_rsa",
    "d/..\u{2024}/x",
    "../*",
];

#[test]
fn no_path_leads_out_of_the_root() {
    let net = Net::new(Rules::default());
    let mut hosts = [net.host(CLIENT), net.host(SERVER)];
    let mut server = Driver::server(ServerConfig::default(), Strict::default());
    server.store_mut().inner.insert("d/e/x", (*b"x").into());
    let at = SocketAddr::new(ip(SERVER), 21);
    server.listen(&mut hosts[SERVER], at, 8).unwrap();
    let control = hosts[CLIENT].connect(None, at).unwrap();
    let mut said = 0;
    let mut say = |line: &str, server: &mut Driver<_, Strict>| {
        let mut bytes = line.as_bytes();
        let mut heard = String::new();
        while !bytes.is_empty() {
            let _ = hosts[CLIENT].send(control, &mut |free| {
                let count = free.len().min(bytes.len());
                free[..count].copy_from_slice(&bytes[..count]);
                bytes = &bytes[count..];
                count
            });
        }
        server.pump(&mut hosts[SERVER], Duration::ZERO);
        while net.is_ready() {
            while hosts[CLIENT].poll_ready().is_some() {}
            server.pump(&mut hosts[SERVER], Duration::ZERO);
        }
        let take = &mut |some: &[u8]| heard.push_str(std::str::from_utf8(some).unwrap());
        while let ControlFlow::Continue(1..) = hosts[CLIENT].receive(control, usize::MAX, take) {}
        said += 1;
        heard
    };
    say("USER anonymous\r\nPASS x\r\n", &mut server);
    for command in COMMANDS {
        for path in PATHS {
            for from in ["/", "/d/e"] {
                say(&format!("CWD {from}\r\nPORT 10,0,0,1,9,9\r\n"), &mut server);
                // The port has no listener: a transfer gets 425 at once.
                let heard = say(&format!("{command} {path}\r\n"), &mut server);
                assert!(!heard.is_empty(), "{command} {path}");
                if heard.starts_with("350") {
                    say(&format!("RNTO {path}/new\r\n"), &mut server);
                }
                let heard = say("PWD\r\n", &mut server);
                assert!(heard.starts_with("257 \"/"), "{command} {path}: {heard}");
                // What the tricks have made goes again, so that the next ones find the same tree.
                let made: Vec<String> = server.store().inner.names().map(str::to_owned).collect();
                assert!(made.iter().all(|name| !name.starts_with('/')));
                server.store_mut().inner.reset();
                server.store_mut().inner.insert("d/e/x", (*b"x").into());
            }
        }
    }
    assert!(said > 3 * COMMANDS.len() * PATHS.len() * 2, "{said} lines");
    assert!(server.store().asked > 1000, "{} questions", server.store().asked);
}
