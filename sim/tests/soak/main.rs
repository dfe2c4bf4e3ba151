//! The soak test: mixed scenarios, and random scenarios over every key, over many seeds, without a
//! panic and without a broken law. `HALFCLOSE_SOAK_SEEDS=200000 cargo test --release -p halfclose
//! --test soak` runs more seeds.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};

use halfclose::internals::{Pool, Stop, Workload, World, cores};
use halfclose::{
    Format, Made, Outcome, Record, Recording, Scenario, Shard, Sweep, Verdict, run, sweep,
};

mod every_key;
#[path = "../explain/mixed.rs"]
mod mixed;

use every_key::Generator;
use mixed::{scenario, settings};

const SEEDS: u64 = 2_000;

/// Seeds of each random scenario.
const EACH: u64 = 4;

/// Runs with a broken law that are told, of each chunk of scenarios.
const MOST_BROKEN: usize = 20;

/// The results of some runs.
#[derive(Default)]
struct Soaked {
    verdicts: BTreeMap<Verdict, u64>,
    waived: BTreeMap<(&'static str, &'static str), u64>,
    /// The failures, each as a command that repeats the failure.
    broken: Vec<String>,
}

impl Soaked {
    /// Make the runs of a scenario, which `settings` repeat, in one world.
    fn run(&mut self, scenario: &Scenario, settings: &[String], seeds: Range<u64>) {
        let workload = Workload::load(scenario).expect("the files of the soak can be read");
        let mut world = None;
        for seed in seeds {
            let ran = catch_unwind(AssertUnwindSafe(|| {
                let again = world.is_some();
                let world = world.get_or_insert_with(|| {
                    World::new(scenario, &workload, seed, Recording::Digest)
                });
                if again {
                    world.reset(seed, Recording::Digest);
                }
                let end = world.run();
                world.conclude(end)
            }));
            match ran {
                Ok(outcome) => self.count(&outcome, settings, seed),
                Err(_) => {
                    self.broken.push(format!("a panic\n{}", command(settings, seed)));
                    world = None;
                }
            }
        }
    }

    fn count(&mut self, outcome: &Outcome, settings: &[String], seed: u64) {
        *self.verdicts.entry(outcome.verdict).or_insert(0) += 1;
        for law in &outcome.waived_laws {
            *self.waived.entry((law.name, law.waiver)).or_insert(0) += 1;
        }
        if let Some(law) = outcome.broken_laws.first()
            && self.broken.len() < MOST_BROKEN
        {
            let least = least(settings, seed, law.name);
            let mut scenario = Scenario { name: "soak".to_owned(), ..Scenario::default() };
            let varied = scenario.vary(least.iter().map(String::as_str));
            varied.expect("the settings were valid with more of them");
            scenario.limit.packets = scenario.limit.packets.min(every_key::MOST_PACKETS);
            self.broken.push(format!("{law}\n{}\n{scenario}", command(&least, seed)));
        }
    }

    fn merge(&mut self, later: Self) {
        for (verdict, count) in later.verdicts {
            *self.verdicts.entry(verdict).or_insert(0) += count;
        }
        for (law, count) in later.waived {
            *self.waived.entry(law).or_insert(0) += count;
        }
        self.broken.extend(later.broken);
    }
}

fn command(settings: &[String], seed: u64) -> String {
    let words: String = settings.iter().map(|setting| format!(" -s '{setting}'")).collect();
    format!("  halfclose run{words} --seed {seed}")
}

/// The settings without each setting that the broken law does not need.
fn least(settings: &[String], seed: u64, law: &str) -> Vec<String> {
    let breaks = |settings: &[String]| {
        let mut scenario = Scenario { name: "soak".to_owned(), ..Scenario::default() };
        let varied = scenario.vary(settings.iter().map(String::as_str));
        scenario.limit.packets = scenario.limit.packets.min(every_key::MOST_PACKETS);
        let run = || run(&scenario, seed).map(|outcome| outcome.broken_laws);
        let broken = varied.ok().and_then(|()| catch_unwind(run).ok()?.ok());
        broken.is_some_and(|broken| broken.first().is_some_and(|first| first.name == law))
    };
    let mut left = settings.to_vec();
    if !breaks(&left) {
        return left;
    }
    for at in (0..settings.len()).rev() {
        let mut fewer = left.clone();
        fewer.remove(at);
        if breaks(&fewer) {
            left = fewer;
        }
    }
    left
}

#[expect(clippy::disallowed_methods, reason = "how many runs there are reaches none of them")]
fn seeds() -> u64 {
    match std::env::var("HALFCLOSE_SOAK_SEEDS") {
        Ok(seeds) => seeds.parse().expect("HALFCLOSE_SOAK_SEEDS is a number"),
        Err(_) => SEEDS,
    }
}

/// The results file of the sweep of `scenario` with seeds up to `seeds`, behind `before`.
fn file(sweep: &Sweep<'_>, before: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, before).expect("the folder takes a file");
    let record =
        Record { path: Some(&path), format: Format::Csv, words: "soak", ..Record::default() };
    sweep.run_into(record).expect("a derived run is the run of its seed");
    std::fs::read(&path).expect("the file was written")
}

/// Derived runs make the same bytes as runs that are made: on one thread and on two, in shards, and
/// continued. `HALFCLOSE_SOAK_SEEDS=50000` is 200 scenarios with 5,000 seeds each.
#[test]
fn derived_runs_are_the_runs_of_their_seeds() {
    let (scenarios, each) = ((seeds() / 100).min(200), (seeds() / 10).min(5_000));
    let mut next = 0..scenarios;
    let work = |(): &mut (), number: u64| {
        let scenario = scenario(&settings(number));
        let swept = || sweep(&scenario, 0..each).jobs(1);
        let made = file(&swept().classes(false), b"");
        let same = |how: &str, derived: &[u8]| {
            let lines = made.split(|byte| *byte == b'\n').zip(derived.split(|byte| *byte == b'\n'));
            let differs = lines.into_iter().position(|(made, derived)| made != derived);
            let settings = settings(number).join(" ");
            assert!(made == derived, "scenario {number}, {how}: line {differs:?} of {settings}");
        };
        same("one thread", &file(&swept(), b""));
        same("two threads", &file(&swept().jobs(2), b""));
        same("continued", &file(&swept(), &made[..made.len() / 3]));
        let shards = ["1/2", "2/2"].map(|shard| shard.parse::<Shard>().expect("a shard"));
        same("shards", &shards.map(|shard| file(&swept().shard(shard), b"")).concat());
        swept().run().expect("a derived run is the run of its seed").made
    };
    let (mut made, mut sharing) = (0, 0);
    let ready = |of: Made| {
        made += of.made;
        sharing += usize::from(of.derived > 0);
        ControlFlow::Continue(())
    };
    let pool = Pool { jobs: cores(), stop: &Stop::never() };
    pool.run(|| next.next(), || (), work, ready);
    println!(
        "{scenarios} scenarios, {each} seeds each: {made} runs made, {sharing} scenarios share"
    );
    assert!(sharing as u64 * 3 > scenarios, "{sharing} of {scenarios} scenarios share runs");
}

/// Make `runs` runs on every core, `each` runs by one call of `of`, and require that none breaks a
/// law.
fn soak(runs: u64, each: u64, of: impl Fn(&mut Soaked, u64) + Sync) {
    let calls = runs.div_ceil(each);
    let mut chunks = (0..calls).step_by(25).map(|first| first..calls.min(first + 25));
    let work = |(): &mut (), numbers: Range<u64>| {
        let mut soaked = Soaked::default();
        numbers.for_each(|number| of(&mut soaked, number));
        soaked
    };
    let mut all = Soaked::default();
    let ready = |soaked| {
        all.merge(soaked);
        ControlFlow::Continue(())
    };
    let pool = Pool { jobs: cores(), stop: &Stop::never() };
    pool.run(|| chunks.next(), || (), work, ready);
    let Soaked { verdicts, waived, broken } = all;
    let made: u64 = verdicts.values().sum();
    println!("{made} runs; waived: {waived:?}");
    for (verdict, count) in &verdicts {
        println!("  {verdict:<18}{count:>9}  {:.3} %", 100.0 * *count as f64 / made as f64);
    }
    assert!(
        broken.is_empty(),
        "{} of {made}:\n{}",
        broken.len(),
        broken[..broken.len().min(40)].join("\n")
    );
}

#[test]
fn no_law_is_broken_without_an_excuse() {
    soak(seeds(), 1, |soaked, seed| {
        let settings = settings(seed);
        soaked.run(&scenario(&settings), &settings, seed..seed + 1);
    });
}

/// Random valid scenarios over every key break no law either.
#[test]
fn no_law_is_broken_by_any_key() {
    let generator = Generator::new();
    soak(seeds(), EACH, |soaked, number| {
        let (scenario, settings) = generator.scenario(number);
        soaked.run(&scenario, &settings, 0..EACH);
    });
}
