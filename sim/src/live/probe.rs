//! `live::probe` asks a running server the question of Q123208: what does the server say, and what does
//! the server hold, when an upload ends in each way? Every file has a unique name and is deleted again.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use halfclose_ftp::client::UploadMode;
use halfclose_ftp::report::Value;
use halfclose_ftp::{ClientConfig, Close, RemoteName, Task, Told, TransferReport};

use super::server_likeness::likest;
use super::{Done, Error, FtpUrl, Options, PipeOutput, PipeStore, UploadFile, run, today};
use crate::verdict::{FileState, Verdict};

/// What a probe asks.
pub(crate) struct Probe<'a> {
    /// The server, the user, and the directory for the files.
    pub target: &'a FtpUrl,
    /// The settings of each session; the way to end an upload is set by the probe.
    pub options: &'a Options,
    /// The ways to end an upload.
    pub closes: &'a [Close],
    /// Bytes of the files.
    pub sizes: &'a [usize],
    /// Uploads of each size in each way.
    pub runs: u32,
    /// True once the user interrupts: the probe then deletes its files and ends.
    pub interrupted: &'a Arc<AtomicBool>,
}

/// What a server did with one upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProbeRow {
    /// How the upload ended.
    pub close: Close,
    /// Bytes of the file.
    pub size: u64,
    /// The server's final reply, in the lines of the server; empty: no final reply.
    pub reply: String,
    /// What our client told its user.
    pub told: Told,
    /// Bytes of the file at the server: the answer to SIZE, else the bytes read back; `None`: no file.
    pub stored: Option<u64>,
    /// Bytes read back (RETR); `None`: the server has no such file.
    pub read_back: Option<u64>,
    /// The file at the server, compared with the source.
    pub file: FileState,
}

impl ProbeRow {
    /// The verdict on the upload.
    pub(crate) fn verdict(&self) -> Verdict {
        Verdict::of(self.file, self.told)
    }

    /// The code of the reply; `none` without a final reply.
    pub(crate) fn code(&self) -> &str {
        self.reply.get(..3).unwrap_or("none")
    }
}

/// The answers of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probed {
    /// The first line that the server said.
    pub greeting: String,
    /// A row for each upload.
    pub rows: Vec<ProbeRow>,
    /// The measured servers that act most alike, all of the same rank; empty: none acts alike.
    pub behaves_like: Vec<&'static str>,
    /// Files that could not be deleted.
    pub left: Vec<RemoteName>,
}

/// Attempts to delete a file, and the pause between two attempts: a server may write the file only
/// after the end of the session.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

/// The listener to a probe: the greeting of the server, and what the server did with the last upload.
pub(crate) type Listener<'a> = &'a mut dyn FnMut(&str, &ProbeRow);

/// Probes a server, and tells each row to `tell` once the row is there. The files are deleted in every case, and named in `left` if the server does not
/// delete them.
///
/// # Errors
/// The server does not answer, or refuses the login or every upload.
pub(crate) fn probe(
    probe: &Probe<'_>,
    tell: Listener<'_>,
    err: &mut dyn Write,
) -> Result<Probed, Error> {
    let mut probed = Probed::default();
    let mut names = Names { next: 0, made: Vec::new() };
    let asked = ask(probe, &mut names, &mut probed, tell, err);
    probed.left = tidy_up(probe, names.made, err);
    for name in &probed.left {
        let name = super::clean(&String::from_utf8_lossy(name));
        writeln!(err, "warning: `{name}` may still be at the server")?;
    }
    asked?;
    probed.behaves_like = likest(&probed.rows);
    Ok(probed)
}

/// The names of the probe's files at the server.
struct Names {
    next: u32,
    /// Files that a server was asked to write (STOR).
    made: Vec<RemoteName>,
}

impl Names {
    /// A name that no other file has.
    fn next(&mut self, folder: &RemoteName) -> RemoteName {
        self.next += 1;
        let unique = format!(
            "halfclose-probe-{}-{}-{}",
            std::process::id(),
            today().as_nanos() % 1_000_000_000_000,
            self.next
        );
        RemoteName::from(&*[folder, unique.as_bytes()].concat())
    }
}

fn ask(
    probe: &Probe<'_>,
    names: &mut Names,
    probed: &mut Probed,
    tell: Listener<'_>,
    err: &mut dyn Write,
) -> Result<(), Error> {
    for &size in probe.sizes {
        let content = content(size);
        let mut local = tempfile::NamedTempFile::new()?;
        local.write_all(&content)?;
        for &close in probe.closes {
            for _ in 0..probe.runs {
                let name = names.next(&probe.target.path);
                let stores = Arc::new(AtomicBool::new(false));
                let upload = Upload { close, content: &content, name, stores: &stores };
                let mut source = UploadFile::open(local.path())?;
                let asked = upload.ask(probe, &mut source, err);
                if stores.load(Ordering::Relaxed) {
                    names.made.push(upload.name);
                }
                let (greeting, row) = asked?;
                tell(&greeting, &row);
                probed.greeting = greeting;
                probed.rows.push(row);
                if probe.interrupted.load(Ordering::Relaxed) {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Bytes of every value, with line ends and Telnet's IAC, in which no two pieces are alike.
fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| ((at * 7919) >> 8 ^ at).to_le_bytes()[0]).collect()
}

/// One upload of a probe.
struct Upload<'a> {
    close: Close,
    content: &'a [u8],
    name: RemoteName,
    /// True once the client has said STOR.
    stores: &'a Arc<AtomicBool>,
}

impl Upload<'_> {
    /// Uploads the file, then asks in a session of its own what the server holds, and deletes the
    /// file.
    fn ask(
        &self,
        probe: &Probe<'_>,
        source: &mut UploadFile,
        err: &mut dyn Write,
    ) -> Result<(String, ProbeRow), Error> {
        let config = ClientConfig { close: self.close, ..probe.options.config.clone() };
        let stores = Some(Arc::clone(self.stores));
        let options = Options { config, stores, ..probe.options.clone() };
        let local = "the file of the probe".into();
        let put = Task::Put { local, remote: self.name.clone(), mode: UploadMode::Replace };
        let store = PipeStore { input: Some(source), output: None };
        let sent = run(probe.target, &options, store, &[put], ("", None), err)?;
        let report = sent.transfers.last().cloned().unwrap_or_default();
        if !report.opened && report.told == Told::Failure {
            let text = super::clean(&report.text);
            return Err(Error::Failed(format!("the server takes no upload: {text}")));
        }
        let mut back = Compared { expected: self.content, at: 0, equal: true };
        let held = self.read_back(probe, &mut back, err)?;
        let (reply, told) = (final_reply(&report), report.told);
        let size = self.content.len() as u64;
        let row = ProbeRow { close: self.close, size, reply, told, ..held.row(&back) };
        Ok((sent.greeting, row))
    }

    fn read_back(
        &self,
        probe: &Probe<'_>,
        back: &mut Compared<'_>,
        err: &mut dyn Write,
    ) -> Result<Held, Error> {
        let (name, local) = (&self.name, "the bytes read back".into());
        let tasks = [
            Task::Size { remote: name.clone() },
            Task::Get { remote: name.clone(), local, resume: false },
            Task::Delete { remote: name.clone() },
        ];
        let store = PipeStore { input: None, output: Some(PipeOutput::Reader(back)) };
        let done = run(probe.target, probe.options, store, &tasks, ("", None), err)?;
        let got = done.transfers.last().is_some_and(|report| report.told == Told::Success);
        let size = done.commands.first().and_then(|command| match command.value {
            Value::Size(size) => Some(size),
            _ => None,
        });
        Ok(Held { size, got })
    }
}

/// What a server says of a file.
struct Held {
    size: Option<u64>,
    got: bool,
}

impl Held {
    fn row(&self, back: &Compared<'_>) -> ProbeRow {
        let read_back = self.got.then_some(back.at);
        let file = match read_back {
            None => FileState::Absent,
            Some(_) if !back.equal => FileState::Other,
            Some(length) if length == back.expected.len() as u64 => FileState::Whole,
            Some(_) => FileState::Short,
        };
        ProbeRow {
            close: Close::Fin,
            size: 0,
            reply: String::new(),
            told: Told::Nothing,
            stored: self.size.or(read_back),
            read_back,
            file,
        }
    }
}

/// The final reply of a transfer; a preliminary reply is none.
fn final_reply(report: &TransferReport) -> String {
    let reply = report.reply.as_ref().filter(|reply| reply.code >= 200);
    reply.map_or_else(String::new, ToString::to_string)
}

/// Compares what is read back with the source, and keeps nothing.
struct Compared<'a> {
    expected: &'a [u8],
    at: u64,
    equal: bool,
}

impl Write for Compared<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let begin = usize::try_from(self.at).unwrap_or(usize::MAX);
        let expected = self.expected.get(begin..).unwrap_or_default();
        self.equal &= expected.starts_with(bytes);
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Deletes every file that may be at the server. Returns the files that may still be there.
fn tidy_up(probe: &Probe<'_>, made: Vec<RemoteName>, err: &mut dyn Write) -> Vec<RemoteName> {
    let mut left = made;
    // An interrupt does not stop the deleting.
    let options = Options { interrupted: None, ..probe.options.clone() };
    for attempt in 0..ATTEMPTS {
        let tasks: Vec<_> = left.iter().map(|name| Task::Delete { remote: name.clone() }).collect();
        if tasks.is_empty() {
            break;
        }
        let deleted = run(probe.target, &options, PipeStore::default(), &tasks, ("", None), err);
        if let Ok(done) = deleted {
            left = still_there(&left, &done, attempt);
        }
        if !left.is_empty() {
            pause();
        }
    }
    left
}

/// The files that a later attempt must delete: a file that was just deleted, or was not there, may be
/// written by a slow server once more, so the first attempt never counts.
fn still_there(names: &[RemoteName], done: &Done, attempt: u32) -> Vec<RemoteName> {
    let answers = done.commands.iter().map(|command| command.reply.as_ref().map(|it| it.code));
    let gone = |code: Option<u16>| code.is_some_and(|code| (500..600).contains(&code));
    let answers = answers.chain(std::iter::repeat(None));
    let both = names.iter().zip(answers);
    let kept = both.filter(|(_, code)| attempt == 0 || !gone(*code));
    kept.map(|(name, _)| name.clone()).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a probe waits for a real server; `live` is in no run"
)]
fn pause() {
    std::thread::sleep(PAUSE);
}
