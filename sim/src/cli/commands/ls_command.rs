//! `halfclose ls`: what is in a directory of a server.

use std::io::Write;

use halfclose_ftp::Task;
use halfclose_ftp::report::Told;
use halfclose_ftp::wire::listing::Form;
use serde_json::json;

use crate::cli::args::network_args::LsArgs;
use crate::cli::session::options;
use crate::cli::{CommandError, Status};
use crate::live::{self, ListingLines, ListingStyle, PipeOutput, PipeStore};

pub(in crate::cli) fn execute(
    args: &LsArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let (target, mut options) = options(&args.url, &args.session, err)?;
    // The names are seen as they come.
    options.progress = false;
    let json = args.session.json;
    let (form, style) = match (args.long, args.names, json) {
        (true, _, _) => (Some(Form::Long), ListingStyle::Raw),
        (_, true, _) => (Some(Form::Names), ListingStyle::Raw),
        (_, _, true) => (None, ListingStyle::Json),
        _ => (None, ListingStyle::Table),
    };
    let path = target.path.trim_end_matches('/');
    let path = if path.is_empty() && !target.path.is_empty() { "/" } else { path };
    let task = Task::List { remote: path.into(), local: "listing".into(), form };
    if json {
        write!(out, "{{\"url\": {}, \"entries\": [", json!(live::shown(&args.url)))?;
    }
    let mut lines = ListingLines::new(out, style);
    let pipe = PipeStore { input: None, output: Some(PipeOutput::Reader(&mut lines)) };
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
    if success { Ok(Status::AsExpected) } else { Err(CommandError::Transfer(client)) }
}
