//! `halfclose put` and `halfclose get`: one file, either way, and the truth about it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use halfclose_ftp::client::Place;
use halfclose_ftp::store::{DirectoryStore, Kind, Store};
use halfclose_ftp::{ClientConfig, Task};

use super::network::{GetArgs, PutArgs};
use super::session::{Summary, options};
use super::{Failure, Status};
use crate::live::{self, Done, Options, Pipe, Target};
use crate::scenario::keys;

/// A stream in place of a file.
const STREAM: &str = "-";

pub(super) fn put(
    args: &PutArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, Failure> {
    let source = Local::source(&args.file)?;
    let (target, mut options) = options(&args.url, &args.session, err)?;
    let remote = remote_name(&target, source.name())?;
    options.config = ClientConfig { close: args.close, ..options.config };
    let place = match (args.append, args.resume) {
        (true, _) => Place::Behind,
        (false, true) => Place::Resume,
        (false, false) => Place::Over,
    };
    let tasks = [Task::Put { local: source.name().into(), remote: remote.into(), place }];
    let total = source.size();
    let file = args.file.display().to_string();
    let done = source.run(&target, &options, &tasks, (&file, total), err)?;
    let word = keys::CLOSES.iter().find(|(_, close)| *close == args.close).map(|(word, _)| *word);
    let more = [("size", total.into()), ("close", word.into())];
    let summary = Summary { command: "put", url: &args.url, file: &file, done: &done, more: &more };
    summary.print(args.session.json, out)
}

pub(super) fn get(
    args: &GetArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, Failure> {
    let (target, options) = options(&args.url, &args.session, err)?;
    let name = target.file_name();
    if name.is_empty() {
        return Err(Failure::Input(format!(
            "URL `{}` names a directory: `halfclose ls` lists it",
            args.url
        )));
    }
    let sink = Local::sink(args.file.as_deref(), name)?;
    let to_stream = matches!(sink, Local::Stream);
    if to_stream && args.session.json {
        return Err(Failure::input("`-` and --json: both want standard output"));
    }
    let remote = &*target.path;
    let mut tasks = Vec::new();
    if options.progress && !args.resume {
        // For the bar: a server need not say how much will come.
        tasks.push(Task::Size { remote: remote.into() });
    }
    let (local, resume) = (sink.name().into(), args.resume);
    tasks.push(Task::Get { remote: remote.into(), local, resume });
    let file = sink.shown();
    let done = sink.run(&target, &options, &tasks, (name, None), err)?;
    let summary = Summary { command: "get", url: &args.url, file: &file, done: &done, more: &[] };
    // Standard output is the file's.
    let out: &mut dyn Write = if to_stream { err } else { out };
    summary.print(args.session.json, out)
}

/// What the file is called at the server.
fn remote_name(target: &Target, local: &str) -> Result<String, Failure> {
    let path = &*target.path;
    if !target.file_name().is_empty() {
        return Ok(path.to_owned());
    }
    if local == STREAM {
        return Err(Failure::input("standard input has no name: put one into the URL"));
    }
    Ok(format!("{path}{local}"))
}

/// This side's file.
enum Local {
    Stream,
    File { store: DirectoryStore, name: String, path: PathBuf, size: Option<u64> },
}

impl Local {
    /// A file that is there.
    fn source(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == STREAM {
            return Ok(Self::Stream);
        }
        let cannot = |why: &str| Failure::Input(format!("cannot read `{}`: {why}", path.display()));
        let (mut store, name) = open(path).map_err(|error| cannot(&error.to_string()))?;
        // Now rather than in the middle of a session.
        let (file, size) = store.open_read(&name, 0).map_err(|error| cannot(error.text()))?;
        store
            .close(file, halfclose_ftp::store::Fate::Keep)
            .map_err(|error| cannot(error.text()))?;
        Ok(Self::File { store, name, path: path.to_owned(), size: Some(size) })
    }

    /// A file that is to be, in a directory that is there.
    fn sink(path: Option<&Path>, name: &str) -> Result<Self, Failure> {
        let path = match path {
            Some(path) if path.as_os_str() == STREAM => return Ok(Self::Stream),
            Some(path) if path.is_dir() => path.join(name),
            Some(path) => path.to_owned(),
            None => PathBuf::from(name),
        };
        let cannot =
            |why: &str| Failure::Input(format!("cannot write `{}`: {why}", path.display()));
        let (mut store, name) = open(&path).map_err(|error| cannot(&error.to_string()))?;
        match store.metadata(&name) {
            Ok(known) if known.kind != Kind::File => return Err(cannot("it is no file")),
            _ => {}
        }
        Ok(Self::File { store, name, path, size: None })
    }

    /// Its name in its store.
    fn name(&self) -> &str {
        match self {
            Self::Stream => STREAM,
            Self::File { name, .. } => name,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Stream => STREAM.to_owned(),
            Self::File { path, .. } => path.display().to_string(),
        }
    }

    fn size(&self) -> Option<u64> {
        match self {
            Self::Stream => None,
            Self::File { size, .. } => *size,
        }
    }

    fn run(
        self,
        target: &Target,
        options: &Options,
        tasks: &[Task],
        shown: (&str, Option<u64>),
        err: &mut dyn Write,
    ) -> Result<Done, Failure> {
        let done = match self {
            Self::File { store, .. } => live::run(target, options, store, tasks, shown, err),
            Self::Stream => {
                // Not what the command prints to: that drops escape sequences.
                let (mut input, mut output) = (io::stdin(), io::stdout());
                let pipe = Pipe { input: Some(&mut input), output: Some(&mut output) };
                live::run(target, options, pipe, tasks, shown, err)
            }
        };
        Ok(done?)
    }
}

/// The directory of a path, and the name in it.
fn open(path: &Path) -> io::Result<(DirectoryStore, String)> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or(io::ErrorKind::InvalidFilename)?.to_owned();
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    Ok((DirectoryStore::open(directory.unwrap_or(Path::new(".")))?, name))
}
