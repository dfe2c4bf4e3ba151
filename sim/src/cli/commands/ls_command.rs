//! `halfclose ls`: what is in a directory of a server.

use std::io::Write;

use halfclose_ftp::Task;
use halfclose_ftp::report::Told;
use halfclose_ftp::wire::listing::Form;
use serde_json::json;

use crate::cli::network::LsArgs;
use crate::cli::session::options;
use crate::cli::{Failure, Status};
use crate::live::{self, Lines, Output, Pipe, Style};

pub(in crate::cli) fn execute(
    args: &LsArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, Failure> {
    let (target, mut options) = options(&args.url, &args.session, err)?;
    // The names are seen as they come.
    options.progress = false;
    let json = args.session.json;
    let (form, style) = match (args.long, args.names, json) {
        (true, _, _) => (Some(Form::Long), Style::Raw),
        (_, true, _) => (Some(Form::Names), Style::Raw),
        (_, _, true) => (None, Style::Json),
        _ => (None, Style::Table),
    };
    let path = target.path.trim_end_matches('/');
    let path = if path.is_empty() && !target.path.is_empty() { "/" } else { path };
    let task = Task::List { remote: path.into(), local: "listing".into(), form };
    if json {
        write!(out, "{{\"url\": {}, \"entries\": [", json!(live::shown(&args.url)))?;
    }
    let mut lines = Lines::new(out, style);
    let pipe = Pipe { input: None, output: Some(Output::Reader(&mut lines)) };
    let done = live::run(&target, &options, pipe, &[task], (path, None), err);
    let entries = lines.finish()?;
    let report = done.as_ref().ok().and_then(|done| done.transfers.last());
    let success = report.is_some_and(|report| report.told == Told::Success);
    let client = match (&done, report) {
        (Err(error), _) => error.to_string(),
        (Ok(_), report) => report.map_or_else(String::new, |report| report.text.clone()),
    };
    if json {
        let told = if success { "success" } else { "failure" };
        let end = if entries > 0 { "\n" } else { "" };
        writeln!(out, "{end}], \"told\": \"{told}\", \"client\": {}}}", json!(client))?;
        return Ok(if success { Status::AsExpected } else { Status::Failed });
    }
    done?;
    if success { Ok(Status::AsExpected) } else { Err(Failure::Transfer(client)) }
}
