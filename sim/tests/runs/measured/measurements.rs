//! The files of `tests/data`: lines of tab-separated columns, and comments.

use std::collections::{BTreeMap, BTreeSet};

/// The observed results of an upload: final reply and file.
pub(crate) type Results = BTreeSet<String>;

const STOR: &str = include_str!("../../data/stor.tsv");
const CONTROL: &str = include_str!("../../data/control.tsv");
const RETR: &str = include_str!("../../data/retr.tsv");
const DIVERGENCES: &str = include_str!("../../data/divergences.tsv");
const PAGE: &str = include_str!("../../../../docs/MODELS.md");

/// The results of one set-up: a line of `stor.tsv`.
pub(crate) struct Stor {
    pub(crate) model: &'static str,
    pub(crate) link: &'static str,
    pub(crate) mode: &'static str,
    pub(crate) teardown: &'static str,
    pub(crate) size: u64,
    /// The number of measured rows in the line.
    pub(crate) rows: usize,
    pub(crate) results: Results,
}

impl Stor {
    /// The name of the line in the list of divergences.
    pub(crate) fn name(&self) -> String {
        let Self { model, link, mode, teardown, size, .. } = self;
        format!("{model} {link} {mode} {teardown} {size}")
    }
}

pub(crate) fn stor() -> Vec<Stor> {
    let row = |line: &'static str| {
        let [model, link, mode, teardown, size, rows, results] = columns(line);
        let result = |it: &str| it.rsplit_once("x").expect("a result and its runs").0.to_owned();
        Stor {
            model,
            link,
            mode,
            teardown,
            size: size.parse().expect("a size"),
            rows: rows.parse().expect("a count"),
            results: results.split(' ').map(result).collect(),
        }
    };
    lines(STOR).map(row).collect()
}

/// The observed results of each model and event: the lines of `control.tsv`, grouped by event. Four
/// columns make a result, with a count of lines.
pub(crate) fn control() -> BTreeMap<(&'static str, &'static str), (usize, Results)> {
    let mut all = BTreeMap::new();
    for line in lines(CONTROL) {
        let [model, event, _runs, replies, data, control, stored] = columns(line);
        let (rows, results): &mut (usize, Results) = all.entry((model, event)).or_default();
        *rows += 1;
        results.insert(format!("{replies}, data {data}, control {control}, stored {stored}"));
    }
    all
}

/// The reply of each model's server after the reset of a download: lines of `retr.tsv`.
pub(crate) fn retr() -> impl Iterator<Item = (&'static str, String)> {
    lines(RETR).map(|line| {
        let [model, _runs, reply, control] = columns(line);
        (model, format!("{reply}, control {control}"))
    })
}

/// The rows with a known difference between model and measurement, each with a reason.
pub(crate) fn divergences() -> BTreeMap<&'static str, &'static str> {
    let list: BTreeMap<_, _> = lines(DIVERGENCES)
        .map(|line| {
            let [name, reason] = columns(line);
            (name, reason)
        })
        .collect();
    for (name, reason) in &list {
        assert!(PAGE.contains(name), "docs/MODELS.md does not list {name}");
        assert!(PAGE.contains(reason), "docs/MODELS.md does not give the reason of {name}");
    }
    list
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

fn columns<const N: usize>(line: &'static str) -> [&'static str; N] {
    let columns: Vec<_> = line.split('\t').collect();
    columns.try_into().unwrap_or_else(|_| panic!("{N} columns: {line}"))
}
