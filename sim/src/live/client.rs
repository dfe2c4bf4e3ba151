//! `live::client` runs one session of the client with a server of the real network, from the name
//! of the server to the last reply.

use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use halfclose_ftp::net::Sockets;
use halfclose_ftp::report::{SessionId, Speaker};
use halfclose_ftp::store::Store;
use halfclose_ftp::{ClientConfig, CommandReport, Driver, Task, TransferReport};

use super::transfer_bar::TransferBar;
use super::{Error, FtpUrl, signals};

/// The time between two updates of the bar.
const FRAME: Duration = Duration::from_millis(100);
/// The longest time for the last bytes to leave.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The way in which a session runs.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub config: ClientConfig,
    /// The longest silence of the network, for every state of the session.
    pub timeout: Duration,
    /// Whether the dialogue goes to standard error.
    pub verbose: bool,
    /// Whether a bar is shown on a terminal.
    pub progress: bool,
    /// Whether SIGTERM and SIGINT end the program with a word. A caller that catches the signals
    /// itself says no.
    pub ends_at_signals: bool,
    /// A session ends as failed once this is true.
    pub interrupted: Option<Arc<AtomicBool>>,
    /// A session makes this true once the client says STOR, also if the session then fails.
    pub stores: Option<Arc<AtomicBool>>,
}

/// The result of a session.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// The reports of the transfers, in the order of the tasks.
    pub transfers: Vec<TransferReport>,
    /// The reports of the tasks without data, in the order of the answers.
    pub commands: Vec<CommandReport>,
    /// The first line of the server.
    pub greeting: String,
    /// The address of the server.
    pub server: SocketAddr,
    /// The time from the first packet to the last reply.
    pub took: Duration,
}

type Client<S> = Driver<halfclose_ftp::Client, S>;

/// Runs `tasks` at the server of `target`, with files of `store`. `name` and `total` (bytes, if
/// known) are for the bar.
///
/// # Errors
///
/// Fails if no server answers, or if the network is silent for too long. A failed transfer is no
/// error: the transfer has a report.
pub(crate) fn run<S: Store>(
    target: &FtpUrl,
    options: &Options,
    store: S,
    tasks: &[Task],
    (name, total): (&str, Option<u64>),
    err: &mut dyn Write,
) -> Result<Done, Error> {
    let place = target.place();
    let cannot =
        |error: &io::Error| Error::Unreachable(format!("cannot connect to {place}: {error}"));
    let addresses =
        (&*target.host, target.port).to_socket_addrs().map_err(|error| cannot(&error))?;
    let mut sockets = Sockets::new()?;
    // A program killed during an upload has not reached the end of the file, and its connections
    // must not tell the server so.
    sockets.set_reset_if_killed(true);
    let mut client = Driver::client(options.config.clone(), store);
    client.record_dialogue(true);
    let progress = TransferBar::new(options.progress, name);
    total.inspect(|total| progress.set_total(*total));
    if options.ends_at_signals {
        signals::end_with_a_word(progress.is_shown())?;
    }
    let mut refusal = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        let began = sockets.now();
        let id = match client.connect(&mut sockets, address, tasks.into(), began) {
            Ok(id) => id,
            Err(error) => {
                refusal = error;
                continue;
            }
        };
        let session = Session { client: &mut client, sockets: &mut sockets, options, id };
        let said = session.run(&progress, err)?;
        if said.answered {
            drop(progress);
            let took = sockets.now().saturating_sub(began);
            return Ok(Done::of(&client, id, (address, said.greeting), took));
        }
        // No server has answered: the last report says why.
        refusal = io::Error::other(said.last);
    }
    Err(cannot(&refusal))
}

impl Done {
    fn of<S: Store>(
        client: &Client<S>,
        id: SessionId,
        (server, greeting): (SocketAddr, String),
        took: Duration,
    ) -> Self {
        let transfers = client.reports().iter().filter(|report| report.session == id);
        let transfers = transfers.cloned().collect();
        let commands = client.commands().iter().filter(|report| report.session == id);
        Self { transfers, commands: commands.cloned().collect(), greeting, server, took }
    }
}

/// A sink for the dialogue in constant memory, for a server that says much.
#[derive(Default)]
struct Said {
    lines: u64,
    /// Whether a line of the server was among them.
    answered: bool,
    /// The first line of the server.
    greeting: String,
    last: String,
}

/// A session in progress, with its sockets.
struct Session<'a, S> {
    client: &'a mut Client<S>,
    sockets: &'a mut Sockets,
    options: &'a Options,
    id: SessionId,
}

impl<S: Store> Session<'_, S> {
    /// Runs the session to the end.
    fn run(self, progress: &TransferBar, err: &mut dyn Write) -> Result<Said, Error> {
        let Session { client, sockets, options, id } = self;
        let mut said = Said::default();
        let mut last = (sockets.now(), 0, 0);
        loop {
            let now = sockets.now();
            client.pump(sockets, now);
            for line in client.drain_dialogue() {
                if options.verbose {
                    show(line.speaker, &line.text, err)?;
                }
                if line.speaker == Speaker::Client && line.text.starts_with("STOR ") {
                    options.stores.iter().for_each(|stores| stores.store(true, Ordering::Relaxed));
                }
                said.lines += 1;
                if said.greeting.is_empty() && line.speaker == Speaker::Server {
                    said.greeting.clone_from(&line.text);
                }
                said.answered |= line.session == id && line.speaker == Speaker::Server;
                said.last = line.text;
            }
            if client.is_done() {
                break;
            }
            let asked = options.interrupted.as_ref();
            if asked.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                return Err(Error::Failed("interrupted".to_owned()));
            }
            let moved = client.moved();
            progress.set(moved);
            if let Some(total) = size_told(client, id) {
                progress.set_total(total);
            }
            if (moved, said.lines) != (last.1, last.2) {
                last = (now, moved, said.lines);
            } else if now > last.0 + options.timeout {
                let seconds = options.timeout.as_secs_f64();
                return Err(Error::Failed(format!("nothing has moved for {seconds} s")));
            }
            let frame = (progress.is_shown() || asked.is_some()).then(|| now + FRAME);
            let stall = Some(last.0 + options.timeout + Duration::from_micros(1));
            let wakeups = [client.next_wakeup(), frame, stall];
            sockets.wait(wakeups.into_iter().flatten().min())?;
        }
        let until = sockets.now() + LAST_WORDS;
        sockets.wait(Some(sockets.now()))?;
        while !sockets.is_flushed() && sockets.now() < until {
            sockets.wait(Some(until))?;
        }
        Ok(said)
    }
}

/// The server's answer to SIZE, if the client asked.
fn size_told<S: Store>(client: &Client<S>, id: SessionId) -> Option<u64> {
    let mut reports = client.reports().iter().filter(|report| report.session == id);
    reports.find_map(|report| Some(report.announced? - report.offset.min(report.announced?)))
}

fn show(speaker: Speaker, text: &str, err: &mut dyn Write) -> io::Result<()> {
    let sign = match speaker {
        Speaker::Client => "> ",
        Speaker::Server => "< ",
        Speaker::Program => "* ",
    };
    for line in text.lines() {
        writeln!(err, "{sign}{line}")?;
    }
    Ok(())
}
