//! `halfclose ls` lists a directory of a server.

use std::io::Write;

use halfclose_ftp::report::Told;
use halfclose_ftp::wire::listing::Form;
use halfclose_ftp::{RemoteName, Task};
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
        (_, _, true) => (None, ListingStyle::Json(args.sort)),
        _ => (None, ListingStyle::Table(args.sort)),
    };
    let path = match &*target.path {
        b"" => "".into(),
        path if path.iter().all(|byte| *byte == b'/') => "/".into(),
        [path @ .., b'/'] | path => RemoteName::from(path),
    };
    let task = Task::List { remote: path.clone(), local: "listing".into(), form };
    if json {
        write!(
            out,
            "{{\"url\": {}, \"entries\": [",
            live::json_text(&json!(live::shown(&args.url)))
        )?;
    }
    let mut lines = ListingLines::new(out, style);
    let pipe = PipeStore { input: None, output: Some(PipeOutput::Reader(&mut lines)) };
    let done = live::run(&target, &options, pipe, &[task], (&path.to_string(), None), err);
    let report = done.as_ref().ok().and_then(|done| done.transfers.last());
    let entries = lines.finish(report.and_then(|report| report.listing).unwrap_or(Form::Facts))?;
    let reply = report.and_then(|report| report.reply.as_ref());
    let success = report.is_some_and(|report| report.told == Told::Success);
    let client = match (&done, report) {
        (Err(error), _) => error.to_string(),
        (Ok(_), report) => report.map_or_else(String::new, |report| report.text.clone()),
    };
    if json {
        let told = if success { "success" } else { "failure" };
        let end = if entries > 0 { "\n" } else { "" };
        let reply = reply.map(ToString::to_string);
        let client = live::json_text(&json!(client));
        let reply = live::json_text(&json!(reply));
        writeln!(out, "{end}], \"told\": \"{told}\", \"client\": {client}, \"reply\": {reply}}}")?;
        return Ok(if success { Status::AsExpected } else { Status::Failed });
    }
    if let Err(error) = done {
        return Err(error.into());
    }
    if let Some(reply) = reply.filter(|reply| success && is_unusual(&reply.text)) {
        writeln!(err, "server: {}", live::clean(&reply.text.replace('\n', "; ")))?;
    }
    if success { Ok(Status::AsExpected) } else { Err(CommandError::Transfer(client)) }
}

/// Returns whether a listing's last reply may say more than the end of the listing, such as pure-ftpd's
/// `Output truncated to 5 matches`.
fn is_unusual(text: &str) -> bool {
    const USUAL: [&str; 14] = [
        "transfer complete",
        "transfer ok",
        "transfer done",
        "transfer finished",
        "transfer successful",
        "directory send ok",
        "closing data connection",
        "listing complete",
        "list complete",
        "mlsd complete",
        "complete",
        "operation successful",
        "done",
        "ok",
    ];
    let usual = |line: &str| {
        let line = line.trim().trim_end_matches(['.', '!']).to_lowercase();
        let counts = line.split_once(' ').is_some_and(|(count, rest)| {
            count.parse::<u64>().is_ok() && matches!(rest, "match" | "matches" | "matches total")
        });
        line.is_empty() || line.starts_with("options: ") || counts || USUAL.contains(&&*line)
    };
    !text.lines().all(usual)
}

#[cfg(test)]
mod tests {
    use super::is_unusual;

    #[test]
    fn what_a_listings_last_reply_says_beyond_the_usual_is_shown() {
        for usual in [
            "Transfer complete.",
            "Directory send OK.",
            "Closing data connection.",
            "Options: -a -l \n5 matches total",
            "MLSD complete",
        ] {
            assert!(!is_unusual(usual), "{usual}");
        }
        for unusual in [
            "Options: -a -l \nOutput truncated to 5 matches",
            "Transfer complete (no files)",
            "Transfer complete, 3 directories could not be read",
        ] {
            assert!(is_unusual(unusual), "{unusual}");
        }
    }
}
