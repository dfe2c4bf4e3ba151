//! `loopback` moves one gibibyte over 127.0.0.1 to and from our server and vsftpd, in turns, each
//! upload under a free name: `cargo bench -p halfclose-benches --bench loopback`. The result is the
//! median of the rounds and the memory of the server. The benchmark fails below 0.8 of vsftpd's
//! rate up or 0.6 down (vsftpd has sendfile), or if memory grows with the file.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use halfclose_benches::loopback::{Server, Way, place, serve};

const BYTES: u64 = 1 << 30;
/// The warm-up: a file that has passed every buffer.
const WARM: u64 = 64 << 20;
const ROUNDS: usize = 7;
/// The least ratio of ours to vsftpd's.
const LEAST: [(Way, f64); 2] = [(Way::Up, 0.8), (Way::Down, 0.6)];
/// The most KiB that a gibibyte may cost beyond 64 MiB.
const GROWTH: u64 = 512;

fn main() -> io::Result<ExitCode> {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some("--serve") {
        serve(Path::new(&words.next().expect("a directory follows")))?;
    }
    let place = place()?;
    let done = measure(&place);
    fs::remove_dir_all(&place)?;
    Ok(if done? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(place: &Path) -> io::Result<bool> {
    let (here, there) = (place.join("ours"), place.join("vsftpd"));
    fs::create_dir(&here)?;
    fs::create_dir(&there)?;
    let ours = Server::ours(&here)?;
    let theirs = Server::vsftpd(&there);
    if let Err(error) = &theirs {
        eprintln!("SKIPPED: vsftpd: {error}");
    }
    let servers: Vec<_> = [Some(&ours), theirs.as_ref().ok()].into_iter().flatten().collect();
    for server in &servers {
        server.transfer(Way::Up, WARM)?;
        server.transfer(Way::Down, WARM)?;
    }
    let before = ours.memory()?;
    let mut good = true;
    for (way, least) in LEAST {
        let mut times = vec![Vec::new(); servers.len()];
        for _ in 0..ROUNDS {
            for (server, times) in servers.iter().zip(&mut times) {
                if way == Way::Up {
                    server.prepare(BYTES)?;
                }
                times.push(server.transfer(way, BYTES)?);
            }
        }
        let rates: Vec<_> = times.iter_mut().map(|times| rate(median(times))).collect();
        let name = if way == Way::Up { "upload" } else { "download" };
        match rates[..] {
            [ours, theirs] => {
                let share = ours / theirs;
                good &= share >= least;
                println!(
                    "{name}: {ours:.2} GB/s, vsftpd {theirs:.2} GB/s: {share:.2} (at least {least})"
                );
            }
            _ => println!("{name}: {:.2} GB/s", rates[0]),
        }
        for (who, times) in ["ours", "vsftpd"].iter().zip(&times) {
            let all: Vec<_> =
                times.iter().map(|time| format!("{:.3}", time.as_secs_f64())).collect();
            println!("    {who}: {} s", all.join(" "));
        }
    }
    let after = ours.memory()?;
    good &= after <= before + GROWTH;
    println!("memory: {before} KiB at most with 64 MiB, {after} KiB at most with 1 GiB");
    Ok(good)
}

/// Sorts the times and returns the median.
fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Returns the rate in GB/s.
fn rate(time: Duration) -> f64 {
    BYTES as f64 / time.as_secs_f64() / 1e9
}
