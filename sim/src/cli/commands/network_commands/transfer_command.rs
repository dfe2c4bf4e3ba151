//! `halfclose put` and `halfclose get` are the commands for one file: each transfers the file, and
//! reports whether the transfer succeeded.

use std::ffi::OsStr;
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use halfclose_ftp::client::UploadMode;
use halfclose_ftp::report::Told;
use halfclose_ftp::{ClientConfig, Close, RemoteName, Task};

use crate::cli::args::network_args::{GetArgs, PutArgs};
use crate::cli::input_files::InputFiles;
use crate::cli::session::{TransferSummary, failed, options};
use crate::cli::{CommandError, Status};
use crate::live::{self, Done, DownloadFile, FtpUrl, PipeOutput, PipeStore, UploadFile};

/// A stream in place of a file.
const STREAM: &str = "-";

pub(in crate::cli) fn put(
    args: &PutArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let file = args.file.display().to_string();
    let opened = if file == STREAM { UploadFile::standard() } else { UploadFile::open(&args.file) };
    let mut source =
        opened.map_err(|error| CommandError::Input(format!("cannot read `{file}`: {error}")))?;
    if args.resume && source.size().is_none() {
        return Err(CommandError::Input(format!(
            "`{file}` and --continue: a stream cannot begin in the middle"
        )));
    }
    let (target, mut options) = options(&args.url, &args.session, err)?;
    let remote = remote_name(&target, &args.file)?;
    options.config = ClientConfig { close: args.close, ..options.config };
    let mode = match (args.append, args.resume) {
        (true, _) => UploadMode::Append,
        (false, true) => UploadMode::Resume,
        (false, false) => UploadMode::Replace,
    };
    let tasks = [Task::Put { local: (&*file).into(), remote, mode }];
    let size = source.size();
    let pipe = PipeStore { input: Some(&mut source), output: None };
    let done = match live::run(&target, &options, pipe, &tasks, (&file, size), err) {
        Ok(done) => done,
        Err(error) => return failed("put", (&args.url, &file), error, args.session.json, out),
    };
    let word = Close::WORDS.iter().find(|(_, close)| *close == args.close).map(|(word, _)| *word);
    let trouble = source.trouble().map(|error| format!("cannot read it: {error}"));
    let more = [("size", size.into()), ("close", word.into())];
    let (url, file) = (&*args.url, &*file);
    TransferSummary { command: "put", url, file, done: &done, trouble, part: None, more: &more }
        .print(args.session.json, out)
}

pub(in crate::cli) fn get(
    args: &GetArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let (target, options) = options(&args.url, &args.session, err)?;
    let name = target.file_name();
    if name.is_empty() {
        return Err(CommandError::Input(format!(
            "URL `{}` names a directory: `halfclose ls` lists it",
            live::shown(&args.url)
        )));
    }
    let path = match &args.file {
        Some(path) if path.is_dir() => path.join(OsStr::from_bytes(name)),
        Some(path) => path.clone(),
        None => PathBuf::from(OsStr::from_bytes(name)),
    };
    let to_stream = args.file.as_deref() == Some(Path::new(STREAM));
    if to_stream && args.session.json {
        return Err(CommandError::input("`-` and --json: both need standard output"));
    }
    let mut inputs = InputFiles::default();
    if let Some(password) = args.session.password_file.as_deref().filter(|_| !to_stream) {
        inputs.add("the file of the password", password);
    }
    inputs.protect("FILE", &path)?;
    let opened = if to_stream { DownloadFile::standard() } else { DownloadFile::at(&path) };
    let mut sink = opened.map_err(|error| {
        CommandError::Input(format!("cannot write `{}`: {error}", path.display()))
    })?;
    let remote = target.path.clone();
    let mut tasks = Vec::new();
    let file = path.display().to_string();
    tasks.push(Task::Get { remote, local: (&*file).into(), resume: args.resume });
    let pipe = PipeStore { input: None, output: Some(PipeOutput::File(&mut sink)) };
    let run =
        live::run(&target, &options, pipe, &tasks, (&String::from_utf8_lossy(name), None), err);
    let (trouble, part) = settle(&mut sink, run.as_ref().ok())?;
    let done = match run {
        Ok(done) => done,
        Err(error) => return failed("get", (&args.url, &file), error, args.session.json, out),
    };
    let url = &*args.url;
    // Standard output has the file, so the report goes to standard error.
    let out: &mut dyn Write = if to_stream { err } else { out };
    TransferSummary { command: "get", url, file: &file, done: &done, trouble, part, more: &[] }
        .print(args.session.json, out)
}

/// Gives a whole file the final name. Returns the local error, if there is any, and the path of an
/// unfinished file.
fn settle(
    sink: &mut DownloadFile,
    done: Option<&Done>,
) -> Result<(Option<String>, Option<String>), CommandError> {
    let trouble = sink.trouble();
    let last = done.and_then(|done| done.transfers.last());
    let whole = trouble.is_none() && last.is_some_and(|report| report.told == Told::Success);
    let (part, settled) = match sink.settle(whole) {
        Ok(part) => (part.map(|part| part.display().to_string()), Ok(())),
        Err(error) => (None, Err(error)),
    };
    match trouble.map_or(settled, Err) {
        Ok(()) => Ok((None, part)),
        // The reader has closed the pipe.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(error.into()),
        Err(error) => Ok((Some(format!("cannot write it: {error}")), part)),
    }
}

/// The name of the file at the server.
fn remote_name(target: &FtpUrl, local: &Path) -> Result<RemoteName, CommandError> {
    if !target.file_name().is_empty() {
        return Ok(target.path.clone());
    }
    if local == Path::new(STREAM) {
        return Err(CommandError::input("standard input has no name: add a name to the URL"));
    }
    let name = local.file_name().map(OsStr::as_bytes).ok_or_else(|| {
        CommandError::Input(format!("`{}` has no name: add a name to the URL", local.display()))
    })?;
    if name.iter().any(u8::is_ascii_control) {
        return Err(CommandError::Input(format!(
            "`{}`: a control character in a name cannot stand in a command's line: put another \
             name into the URL",
            live::clean(&local.display().to_string())
        )));
    }
    Ok(RemoteName::from(&*[&target.path, name].concat()))
}
