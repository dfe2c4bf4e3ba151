//! `sibling_names` guesses how the file of another shard is called from the names of known files.

/// The name of the file of shard `number`, by the names of files of other shards, each with the number
/// of its shard from 1. The name of a shard may count from 0. `None`: the names have no such number.
pub(super) fn sibling(known: &[(u64, &str)], number: u64) -> Option<String> {
    let (first, name) = known.first()?;
    let runs = digit_runs(name);
    // The last number of a name is the likeliest, unless all names have the same number there.
    runs.iter().rev().find_map(|run| {
        [0, 1].into_iter().find_map(|base| {
            let fits = |(shard, name): &(u64, &str)| {
                with_number(name, run, shard - base).as_deref() == Some(*name)
            };
            let alike = known.iter().all(|(shard, name)| {
                let made = with_number(known[0].1, run, shard - base);
                made.as_deref() == Some(*name)
            });
            (fits(&(*first, name)) && alike).then(|| with_number(name, run, number - base))?
        })
    })
}

/// Every run of digits in a name, as the range of bytes.
fn digit_runs(name: &str) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in name.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// The name with another number in place of a run of digits, as wide as before.
fn with_number(name: &str, run: &std::ops::Range<usize>, number: u64) -> Option<String> {
    let (before, rest) = (name.get(..run.start)?, name.get(run.end..)?);
    Some(format!("{before}{number:0width$}{rest}", width = width(&name[run.clone()])))
}

/// The least number of digits that a run of digits asks for: a leading zero asks for its width.
fn width(digits: &str) -> usize {
    if digits.starts_with('0') && digits.len() > 1 { digits.len() } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named_as_its_siblings_are() {
        for (known, number, name) in [
            (&[(1, "s1.json"), (3, "s3.json")][..], 2, Some("s2.json")),
            (&[(9, "out/s9.json"), (8, "out/s8.json")], 10, Some("out/s10.json")),
            (&[(1, "s-0.json"), (2, "s-1.json")], 8, Some("s-7.json")),
            (
                &[(2, "part-02-of-12.json"), (1, "part-01-of-12.json")],
                11,
                Some("part-11-of-12.json"),
            ),
            (&[(12, "part-12-of-12.json"), (2, "part-02-of-12.json")], 3, None),
            (&[(2, "two.json")], 3, None),
            (&[(2, "run2/s2.json"), (3, "run2/s3.json")], 4, Some("run2/s4.json")),
        ] {
            assert_eq!(sibling(known, number).as_deref(), name, "{known:?}");
        }
    }
}
