//! The recipes of docs/recipes under their engines: Slurm, GNU parallel, `DuckDB`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::program::{err, halfclose, out, text};
use crate::sweep::Folder;

/// Whether every program is there; where all are required, a missing one fails the test.
fn there(programs: &[&str]) -> bool {
    let found = |name: &&str| {
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .chain(["/usr/sbin".into()])
            .any(|folder: PathBuf| folder.join(name).is_file())
    };
    let missing: Vec<_> = programs.iter().filter(|name| !found(name)).collect();
    let required = std::env::var_os("HALFCLOSE_REQUIRE_FOREIGN").is_some();
    assert!(missing.is_empty() || !required, "{missing:?} are required");
    if !missing.is_empty() {
        eprintln!("SKIPPED: there is no {missing:?}");
    }
    missing.is_empty()
}

fn recipe(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/recipes").join(name);
    fs::read_to_string(path).expect("the recipe is there")
}

/// The sweep of the recipes with fewer runs: a debug build makes this test.
const FEWER: [(&str, &str); 2] = [("100000000", "8000"), ("link.loss=1%", "link.loss=20%")];

/// The whole sweep, as one machine makes it.
const WHOLE: &str = "sweep q123208 --seeds 8000 -s link.loss=20% --fail-on truncated --rows unexpected \
                     --findings-ok --out one.jsonl --summary one.json";

/// A shell in the folder of the test, with the program on its path.
fn shell(folder: &Folder, line: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_halfclose")).parent().expect("a folder").to_owned();
    let system = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from);
    let path = std::env::join_paths([program].into_iter().chain(system)).expect("a path");
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(folder.0.path()).env("PATH", path);
    command.env("SLURM_CONF", folder.0.path().join("slurm.conf")).stdin(Stdio::null());
    command
}

fn run(folder: &Folder, line: &str) -> Output {
    shell(folder, line).output().expect("there is a shell")
}

fn fewer(text: String) -> String {
    FEWER.iter().fold(text, |text, (all, few)| text.replace(all, few))
}

/// Waits for a condition, for at most so many seconds.
#[expect(clippy::disallowed_methods, reason = "processes of an engine live in real time")]
fn wait(seconds: u32, what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..seconds * 20 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what}: not within {seconds} s");
}

/// Merged shards equal one machine, byte for byte: rows and summary.
fn assert_is_whole(folder: &Folder) {
    let merged = run(
        folder,
        "halfclose merge shard-*.json --out all.jsonl --summary all.json --findings-ok",
    );
    assert_eq!(merged.status.code(), Some(0), "{}", err(&merged));
    let one = run(folder, &format!("halfclose {WHOLE}"));
    assert_eq!(one.status.code(), Some(0), "{}", err(&one));
    for (all, one) in [("all.jsonl", "one.jsonl"), ("all.json", "one.json")] {
        let [all, one] = [all, one].map(|name| fs::read(folder.path(name).0).expect("it is there"));
        assert!(!one.is_empty() && text(&all) == text(&one), "the files differ");
    }
}

/// Two ports that were free a moment ago. No system gives a port below 32,768 to a socket that asks for any
/// port.
fn free_ports() -> [u16; 2] {
    const FIRST: u16 = 20_000;
    const PAIRS: u16 = 5_000;
    let is_free = |port| TcpListener::bind(("0.0.0.0", port)).is_ok();
    let begin = u16::try_from(std::process::id() % u32::from(PAIRS)).expect("a small number");
    let pairs = (0..PAIRS).map(|at| FIRST + 2 * ((begin + at) % PAIRS));
    let port = pairs.into_iter().find(|&port| is_free(port) && is_free(port + 1));
    port.map(|port| [port, port + 1]).expect("two ports are free")
}

/// A Slurm cluster of one machine, which ends with the test.
struct Cluster<'f> {
    folder: &'f Folder,
    daemons: Vec<Child>,
}

impl<'f> Cluster<'f> {
    fn start(folder: &'f Folder) -> Self {
        let at = folder.0.path().display();
        let host = text(&run(folder, "hostname -s").stdout).trim().to_owned();
        let [controls, runs] = free_ports();
        // The waits of the daemons for each other are long: a busy machine is slow to answer.
        let conf = format!(
            "ClusterName=halfclose\nSlurmctldHost={host}\nAuthType=auth/munge\nCredType=cred/munge\n\
             AuthInfo=socket={at}/munge.socket,cred_expire=8\nSlurmUser=root\nSlurmctldPort={controls}\n\
             SlurmdPort={runs}\nMessageTimeout=100\nTCPTimeout=30\nSlurmdTimeout=900\nStateSaveLocation={at}/state\nSlurmdSpoolDir={at}/spool\n\
             SlurmctldPidFile={at}/slurmctld.pid\nSlurmdPidFile={at}/slurmd.pid\n\
             SlurmctldLogFile={at}/slurmctld.log\nSlurmdLogFile={at}/slurmd.log\n\
             ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nMpiDefault=none\n\
             JobAcctGatherType=jobacct_gather/none\nSelectType=select/cons_tres\n\
             SelectTypeParameters=CR_CPU\nSchedulerParameters=sched_interval=1,bf_interval=1\n\
             ReturnToService=2\nKillWait=2\nSlurmdParameters=config_overrides\n\
             NodeName={host} CPUs=4 State=UNKNOWN\n\
             PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP\n"
        );
        fs::write(folder.path("slurm.conf").0, conf).expect("space");
        let keys = "mkdir state spool; umask 077; head -c 1024 /dev/urandom > munge.key";
        assert!(run(folder, keys).status.success());
        let munge = format!(
            "exec munged --foreground --force --socket={at}/munge.socket --key-file={at}/munge.key \
             --pid-file={at}/munged.pid --log-file={at}/munged.log --seed-file={at}/munge.seed"
        );
        let mut cluster = Self { folder, daemons: Vec::new() };
        cluster.daemon(&munge);
        wait(120, "munged answers", || folder.path("munge.socket").0.exists());
        cluster.daemon("exec slurmctld -D -c");
        cluster.daemon("exec slurmd -D -c");
        wait(300, "the node is idle", || out(&run(folder, "sinfo -h -o %t")).trim() == "idle");
        cluster
    }

    fn daemon(&mut self, line: &str) {
        let mut command = shell(self.folder, line);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.daemons.push(child.expect("there is a shell"));
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        let _ = run(self.folder, "scancel --user=root; sleep 1");
        for daemon in self.daemons.iter_mut().rev() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// The process that makes a shard in this folder, once rows are there.
fn process(folder: &Folder, shard: &str) -> Option<u32> {
    let all = fs::read_dir("/proc").ok()?.filter_map(|entry| {
        let pid = entry.ok()?.file_name().to_str()?.parse::<u32>().ok()?;
        let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let cwd = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
        let words: Vec<_> = words.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
        let ours =
            words.contains(&b"--shard".to_vec()) && words.contains(&shard.as_bytes().to_vec());
        (ours && cwd == folder.0.path().canonicalize().ok()?).then_some(pid)
    });
    all.into_iter().next()
}

/// Whether a process is stopped by a signal.
fn is_stopped(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
}

/// Lines of a job that stop the first start of the shards 3 and 4 as soon as each holds its summary.
const HOLD: &str = r#"case $i in
3|4) mkdir "held-$i" && (
    while kill -0 $$ && ! [ -e ".shard-$i.json.lock" ]; do :; done
    kill -STOP $$
) & ;;
esac
"#;

/// Starts a shard, and stops its process while the process holds the summary. A process that is too fast
/// is started again.
#[cfg(target_os = "linux")]
fn stopped_at_work(folder: &Folder, line: &str, shard: u32) -> Child {
    let lock = folder.path(&format!(".shard-{shard}.json.lock")).0;
    for _ in 0..20 {
        let mut child = shell(folder, line).spawn().expect("there is a shell");
        wait(120, "the shard is at work", || {
            lock.exists() || matches!(child.try_wait(), Ok(Some(_)))
        });
        run(folder, &format!("kill -STOP {}", child.id()));
        let held = fs::File::open(&lock).is_ok_and(|lock| lock.try_lock().is_err());
        if held && matches!(child.try_wait(), Ok(None)) {
            return child;
        }
        let _ = child.kill();
        let _ = child.wait();
        run(folder, &format!("rm -f *shard-{shard}* .shard-{shard}* rows-{shard}.*"));
    }
    panic!("shard {shard} was complete too soon, twenty times");
}

/// Eight shards under Slurm: one is killed by -9, one is requeued in the middle, one is started twice.
/// `merge` names the lost shard, the named command makes the shard, and the whole is one machine's.
#[cfg(target_os = "linux")]
#[test]
fn slurm_makes_the_shards() {
    if !there(&["slurmctld", "slurmd", "munged", "sbatch"]) {
        return;
    }
    let folder = Folder::new();
    let _cluster = Cluster::start(&folder);
    let job = fewer(recipe("slurm.sh"));
    let mut first = stopped_at_work(&folder, &job.replace("i=$SLURM_ARRAY_TASK_ID", "i=6"), 6);
    let held = job.replace("exec halfclose", &format!("{HOLD}exec halfclose"));
    fs::write(folder.path("job.sh").0, held).expect("space");
    let submitted = run(&folder, "sbatch --parsable job.sh");
    assert!(submitted.status.success(), "{}", err(&submitted));
    let job = out(&submitted).trim().to_owned();
    let held = |shard: &str| {
        let mut found = None;
        wait(300, shard, || {
            found = process(&folder, shard).filter(|process| is_stopped(*process));
            found.is_some()
        });
        found.expect("it was found")
    };
    // Shards 1 to 4 run first: the node has four processors.
    let killed = held("3/8");
    assert!(run(&folder, &format!("kill -9 {killed}")).status.success(), "shard 3 was running");
    held("4/8");
    let requeued = run(&folder, &format!("scontrol requeue {job}_4"));
    assert!(requeued.status.success(), "{}", err(&requeued));
    wait(600, "the queue is empty", || {
        let queue = run(&folder, "squeue -h -o '%i %t'");
        queue.status.success() && out(&queue).trim().is_empty()
    });
    let log = fs::read_to_string(folder.path("shard-6.log").0).expect("task 6 has a log");
    assert!(log.contains("is being written by another sweep"), "{log}");
    assert!(run(&folder, &format!("kill -CONT {}", first.id())).status.success());
    assert!(first.wait().expect("it ends").success(), "the stopped start makes shard 6");
    let merged = run(&folder, "halfclose merge shard-*.json");
    assert_eq!(merged.status.code(), Some(2), "{}", out(&merged));
    let lines: Vec<_> = err(&merged).lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("missing: shard 3/8 is not there: "), "{}", lines[0]);
    let (_, named) = lines[0].split_once("is not there: ").expect("a command");
    assert!(
        named.ends_with("--shard 3/8 --summary shard-3.json --out rows-3.jsonl.zst"),
        "{named}"
    );
    let made = run(&folder, named);
    assert_eq!(made.status.code(), Some(1), "{}", err(&made));
    assert_is_whole(&folder);
}

/// The line of GNU parallel makes eight shards and merges them; a second start has nothing to do.
#[test]
fn parallel_makes_the_shards() {
    if !there(&["parallel"]) {
        return;
    }
    let folder = Folder::new();
    let line = fewer(recipe("parallel.sh")).replace("8000", "800");
    for _ in 0..2 {
        let output = run(&folder, &line);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    }
    let one = run(&folder, &format!("halfclose {}", WHOLE.replace("8000", "800")));
    assert_eq!(one.status.code(), Some(0), "{}", err(&one));
    for (all, one) in [("rows.jsonl", "one.jsonl"), ("whole.json", "one.json")] {
        let [all, one] = [all, one].map(|name| fs::read(folder.path(name).0).expect("it is there"));
        assert!(!one.is_empty() && text(&all) == text(&one), "the files differ");
    }
}

/// Every query of the recipe answers, over plain and compressed rows.
#[test]
fn duckdb_reads_the_rows() {
    let has = Command::new("python3").args(["-c", "import duckdb"]).output();
    let has = has.is_ok_and(|output| output.status.success());
    let required = std::env::var_os("HALFCLOSE_REQUIRE_FOREIGN").is_some();
    assert!(has || !required, "Python's duckdb is required");
    if !has {
        eprintln!("SKIPPED: Python has no duckdb");
        return;
    }
    let folder = Folder::new();
    let sweep = |name: &str, more: &[&str]| {
        let path = folder.path(name).1;
        let words = ["sweep", "q123208", "--seeds", "60", "-s", "link.loss=5%,20%", "--out", &path];
        let output = halfclose(&[&words[..], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    };
    for name in ["rows.jsonl", "rows.jsonl.zst", "rows.csv.zst", "old.jsonl"] {
        sweep(name, &[]);
    }
    sweep("new.jsonl", &["-s", "link.delay=3ms"]);
    fs::write(folder.path("queries.sql").0, recipe("queries.sql")).expect("space");
    let script = "import duckdb, json\n\
                  for query in open('queries.sql').read().split(';'):\n\
                  \x20   if query.strip(): print(json.dumps(duckdb.sql(query).fetchall(), default=str))\n";
    let output = Command::new("python3").args(["-c", script]).current_dir(folder.0.path()).output();
    let output = output.expect("there is a Python");
    assert!(output.status.success(), "{}", err(&output));
    let answers: Vec<Vec<Vec<serde_json::Value>>> =
        out(&output).lines().map(|line| serde_json::from_str(line).expect("rows")).collect();
    let [shares, worst, differ, counts] = &answers[..] else { panic!("four queries: {answers:?}") };
    let runs: u64 = shares.iter().map(|row| row[2].as_u64().expect("a count")).sum();
    assert_eq!(runs, 120);
    assert!(shares.iter().any(|row| row[0] == "5%") && shares.iter().any(|row| row[0] == "20%"));
    assert_eq!((worst.len(), differ.len()), (5, 20));
    assert!(worst[0][3].as_str().expect("a command").starts_with("halfclose run q123208 "));
    assert_eq!(counts.iter().map(|row| row[1].as_u64().expect("a count")).sum::<u64>(), 120);
}
