//! `help` holds the texts behind the options in each help page: examples of every command, and the
//! verdicts and exit statuses of the program.

use anstyle::Style;

use crate::verdict::Verdict;

/// Command lines, each with an explanation.
pub(super) type Examples = &'static [(&'static str, &'static str)];

/// The style of headings, as clap prints them.
const HEADING: Style = Style::new().bold().underline();

/// The examples of a command, as the end of a help page.
pub(super) fn examples(examples: Examples) -> String {
    let mut text = format!("{HEADING}Examples:{HEADING:#}\n");
    for (command, does) in examples {
        text.push_str(&format!("  {command}\n      {does}\n"));
    }
    text
}

/// The end of the program's own help page: first steps, verdicts, exit statuses.
pub(super) fn program() -> String {
    let mut text = examples(PROGRAM);
    text.push_str(&format!("\n{HEADING}Verdicts{HEADING:#} of a run, the worst first:\n"));
    for verdict in Verdict::ALL {
        text.push_str(&format!("  {:<18} {}\n", verdict.name(), meaning(verdict)));
    }
    text.push_str(
        "  A file is whole if every byte of the source is in the file that has the final name.\n",
    );
    text.push_str(&format!("\n{HEADING}Exit status:{HEADING:#}\n"));
    for (status, meaning) in STATUSES {
        text.push_str(&format!("  {status:<4} {meaning}\n"));
    }
    text
}

/// The meaning of a verdict: the state of the file, and the message to the user.
fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Corrupt => "the file has bytes that the source does not have there",
        Verdict::SilentTruncation => "the file is not whole, and the user was told of success",
        Verdict::Stuck => "the user was told nothing before the run ended",
        Verdict::Truncated => "the file is not whole, and the user was told of a failure",
        Verdict::FalseAlarm => "the file is whole, and the user was told of a failure",
        Verdict::Intact => "the file is whole, and the user was told of success",
    }
}

const STATUSES: [(u8, &str); 5] = [
    (0, "the result is as expected, or Ctrl-C or SIGTERM ended `serve`"),
    (1, "an expectation or a law was broken, a verdict of --fail-on came, or a replay diverged"),
    (super::WRONG, "wrong usage or input: one line on standard error says what would be right"),
    (super::FAILED, "a real transfer failed (put, get, ls)"),
    (
        super::INTERRUPTED,
        "the user ended another command (Ctrl-C); a search prints the runs made so far",
    ),
];

const PROGRAM: Examples = &[
    ("halfclose run", "Run the default scenario, q123208, and say what the user saw"),
    ("halfclose list", "List the scenarios that come with the program"),
    ("halfclose show lost-fin", "Tell the story of a scenario, and how to run each arm"),
    ("halfclose sweep q123208 --seeds 1000 -s link.loss=2%", "Count the verdicts of 1,000 seeds"),
];

pub(super) const RUN: Examples = &[
    ("halfclose run q123208 --seed 42", "Run a scenario; the same seed gives the same packets"),
    ("halfclose run lost-fin --trace", "Print every packet, with the states of both hosts"),
    ("halfclose run lost-fin --trace=data", "Print the packets of the data connection alone"),
    ("halfclose run q123208 -s client.close=fin -s link.loss=1%", "Run a variant of a scenario"),
    ("halfclose run lost-fin --arm server-fin", "Run an arm of a scenario"),
    (
        "halfclose run lost-fin -s link.loss=1% --keep-expect",
        "Require what the scenario expects, of a variant too",
    ),
    ("halfclose run --file photo.jpg --json", "Move a file of yours; print one JSON object"),
    (
        "halfclose run q123208 --report run.html",
        "Write a page with the ladder, graphs, and every header field",
    ),
    ("halfclose run q123208 --ladder mermaid", "Print a sequence diagram that GitHub draws"),
    ("halfclose run --pcap run.pcapng", "Write a capture for Wireshark"),
    ("halfclose run --pcap - | tshark -r -", "Send the capture to another program"),
];

pub(super) const MATRIX: Examples = &[
    ("halfclose matrix", "Run q123208 once for each pair of a client and a server"),
    (
        "halfclose matrix --report matrix.html",
        "Write a page whose switches choose a run and show its ladder",
    ),
    ("halfclose matrix --seeds 20 -s link.loss=2%", "Run each pair with seeds 0 to 19"),
];

pub(super) const SWEEP: Examples = &[
    (
        "halfclose sweep q123208 --seeds 1000 -s link.loss=2%",
        "Count the verdicts of seeds 0 to 999",
    ),
    ("halfclose sweep --seeds 500 -s link.loss=0%,1%,5%", "Compare three loss rates"),
    (
        "halfclose sweep --seeds 500 -s link.loss=0%,1%,5% --report sweep.html",
        "Write a page with the shares against each key",
    ),
    (
        "halfclose sweep --seeds 100000 --out runs.jsonl",
        "Write one line for each run; the same command continues a file that is not complete",
    ),
    (
        "halfclose sweep mine.toml --seeds 100 -s client.close=reset --keep-expect",
        "Exit with status 1 if a run of the variant misses the expectation of the scenario",
    ),
    (
        "halfclose sweep --seeds 1000000 --shard 3/8 --summary shard-3.json --findings-ok",
        "Make the third of eight parts, for `halfclose merge`",
    ),
    (
        "halfclose sweep --seeds 1000 -s link.loss=5% --fail-on corrupt,silent-truncation",
        "Exit with status 1 if a run loses data and the user is not told",
    ),
];

pub(super) const MERGE: Examples = &[
    ("halfclose merge shard-*.json", "Print the counts of all shards, or the missing shards"),
    (
        "halfclose merge shard-*.json --out rows.jsonl --summary whole.json",
        "Also write the rows and the summary, as one machine would",
    ),
];

pub(super) const EXPLORE: Examples = &[
    ("halfclose explore q123208 --faults 1", "Drop, duplicate and hold each packet in turn"),
    (
        "halfclose explore q123208 --faults 2 --compare -s client.close=fin",
        "Compare a scenario with a variant",
    ),
    (
        "halfclose explore q123208 --faults 5 --shard 3/4 --summary part-3.json",
        "Make the third of four parts, for `halfclose merge`",
    ),
    (
        "halfclose explore q123208 --faults 1 --report explore.html",
        "Write a page with the shortest list of faults for each verdict, as a ladder",
    ),
    ("halfclose explore lost-fin --faults 3 --last 6", "Place faults on the last six packets only"),
];

pub(super) const SHRINK: Examples = &[
    ("halfclose shrink q123208 --seed 5 -s link.loss=20%", "Find the few losses that matter"),
    (
        "halfclose shrink q123208 --seed 5 -s link.loss=20% --out small.toml",
        "Write the small scenario to a file, for `halfclose run small.toml`",
    ),
];

pub(super) const FATE: Examples = &[
    (
        "halfclose fate q123208 --seed 264 -s link.loss=5%",
        "Find the packet at which the file was lost",
    ),
    ("halfclose fate lost-fin -s link.loss=2% --json", "Print the whole curve as one JSON object"),
];

pub(super) const REPLAY: Examples = &[
    ("halfclose replay run.pcapng", "Run the scenario in a capture again; compare every packet"),
    ("halfclose replay run.trace", "Compare with a trace that `halfclose run --trace` printed"),
];

pub(super) const EXPLAIN: Examples = &[
    ("halfclose explain upload.pcap", "Say who closed, how, and why the file is short"),
    ("halfclose explain upload.pcap --scenario upload.toml", "Make a scenario of the capture"),
    ("halfclose explain upload.pcap --ticket", "Print the worst transfer for a ticket"),
    ("tcpdump -w - port 21 | halfclose explain -", "Explain what is captured now"),
    (
        "halfclose explain ci.pcapng --fail-on reset-on-data,short",
        "Exit with status 1 if a data connection was reset or a file is short",
    ),
    ("halfclose explain early-226 --seed 3", "Run a scenario, and say which packets decided"),
];

pub(super) const LIST: Examples = &[
    ("halfclose list", "List every scenario of the catalogue"),
    ("halfclose list nat", "List the scenarios that mention a NAT"),
    (
        "halfclose list | cut -f1",
        "Print the names alone: in a pipe, a line is NAME, a tab, a title",
    ),
];

pub(super) const SHOW: Examples = &[
    (
        "halfclose show lost-fin",
        "Print how to run a scenario, its story, and the keys that it sets",
    ),
    ("halfclose show lost-fin --all", "Print every key, with its value and its permitted values"),
];

#[cfg(all(feature = "net", target_os = "linux"))]
pub(super) const BRIDGE: Examples = &[
    (
        "halfclose bridge -s client.close=reset --server 'vsftpd my.conf'",
        "Let our client end an upload to a real server with a reset",
    ),
    (
        "halfclose bridge -s 'fault=drop client data FIN 1' --client 'curl -T {file} ftp://{server}'",
        "Drop the FIN of a real upload to our server",
    ),
    (
        "halfclose bridge -s link.loss=2% --seeds 50 --jobs 8 --server 'vsftpd my.conf'",
        "Lose 2 % of the packets between our client and a real server, 50 times",
    ),
    (
        "halfclose bridge --client 'nc {server} {port}' --server 'nc -l -p {port}' --trace",
        "Put any two programs on the link, and print their packets",
    ),
];

#[cfg(feature = "net")]
pub(super) const SERVE: Examples = &[
    ("halfclose serve public --anonymous --read-only", "Offer the directory `public` for download"),
    (
        "halfclose serve upload --user me --password-file secret --listen [::]:21 --run-as ftp",
        "Accept uploads of one user, on every address of this machine; root is given up",
    ),
    (
        "halfclose serve public --user me --anonymous",
        "Let strangers read, and one user write; --anonymous-writes lets all of them write",
    ),
    (
        "halfclose serve upload --anonymous --model vsftpd-3.0.3",
        "Treat uploads that end early as vsftpd 3.0.3 does",
    ),
];

#[cfg(feature = "net")]
pub(super) const PUT: Examples = &[
    ("halfclose put photo.jpg ftp://me@host/photos/", "Upload a file into a directory"),
    ("halfclose put photo.jpg ftp://me@host/ --continue", "Continue an upload that was cut off"),
    (
        "halfclose put photo.jpg ftp://me@host/ --close reset-when-sent",
        "End the upload with a reset, to see how the server takes it",
    ),
];

#[cfg(feature = "net")]
pub(super) const GET: Examples = &[
    ("halfclose get ftp://host/pub/photo.jpg", "Download into this directory"),
    ("halfclose get ftp://host/pub/log.txt - | less", "Read a file of the server"),
];

#[cfg(feature = "net")]
pub(super) const LS: Examples = &[
    ("halfclose ls ftp://host/pub/", "List a directory"),
    ("halfclose ls ftp://host/pub/ --json", "Print the entries as one JSON object"),
];

#[cfg(feature = "net")]
pub(super) const PROBE: Examples = &[
    (
        "halfclose probe ftp://me@host/incoming/",
        "Print what the server does with each end of an upload",
    ),
    (
        "halfclose probe ftp://me@host/incoming/ --runs 5 --json > server.json",
        "Write the answers to a file, to be kept beside the source of the server",
    ),
    (
        "halfclose probe ftp://me@host/incoming/ --expect server.json",
        "Exit with status 1 if the server answers differently from the file",
    ),
];

pub(super) const COMPLETIONS: Examples = &[
    (
        "halfclose completions bash > ~/.local/share/bash-completion/completions/halfclose",
        "Complete words in bash; begin a new shell afterwards",
    ),
    (
        "halfclose completions zsh > ~/.zfunc/_halfclose",
        "Complete words in zsh, where ~/.zfunc is in $fpath",
    ),
];

pub(super) const MAN: Examples = &[(
    "halfclose man ~/.local/share/man/man1",
    "Write halfclose.1 and one page for each command, for `man halfclose-sweep`",
)];
