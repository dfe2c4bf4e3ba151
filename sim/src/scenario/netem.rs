//! The words of `tc qdisc ... netem` (tc-netem(8)) are read here into the settings of a link. Words
//! without a counterpart are refused by name.

use super::values;
use super::{Burst, LinkConfig};
use crate::scenario::nearest::hint;

/// Words of netem without a counterpart in the link, each with a replacement.
const REFUSED: &[(&str, &str)] = &[
    ("limit", "netem counts packets; set link.queue, in bytes"),
    ("distribution", "jitter is even, as netem's without a distribution table"),
    ("slot", "there are no slots"),
    ("ecn", "packets are lost, not marked"),
    ("gap", "reordering is by chance, not by count"),
    ("seed", "the run's seed is --seed"),
    ("state", "of netem's loss models, `loss random` and `loss gemodel` are supported"),
];

const WORDS: [&str; 6] = ["delay", "loss", "duplicate", "reorder", "corrupt", "rate"];

/// Set on `link` the settings that `text` names, and keep the rest.
pub(super) fn apply(link: &mut LinkConfig, text: &str) -> Result<(), String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut words = NetemWords { words: &words };
    let mut next = link.clone();
    while let Some(word) = words.next() {
        match word {
            "delay" | "latency" => {
                next.delay = words.duration(word)?;
                if let Some(jitter) = words.optional_duration()? {
                    next.jitter = jitter;
                    words.no_correlation(word)?;
                }
            }
            "loss" | "drop" => loss(&mut next, word, &mut words)?,
            "duplicate" => {
                next.duplicate_ppm = words.share(word)?;
                words.no_correlation(word)?;
            }
            "corrupt" => {
                next.corrupt_ppm = words.share(word)?;
                words.no_correlation(word)?;
            }
            "reorder" => {
                next.reorder_ppm = words.share(word)?;
                next.reorder_correlation_ppm = words.optional_share()?.unwrap_or(0);
            }
            "rate" => {
                next.rate = Some(values::rate(words.value(word)?, values::RATES)?);
                if words.number().is_some() {
                    return Err(
                        "netem's packet and cell overheads of `rate` are not supported".into()
                    );
                }
            }
            _ => return Err(unknown(word)),
        }
    }
    *link = next;
    Ok(())
}

/// netem's `gemodel p [r [1-h [1-k]]]` and its defaults: r = 1-p, 1-h = 1, 1-k = 0.
pub(super) fn burst(shares: &[u32]) -> Option<Burst> {
    const ALL: u32 = 1_000_000;
    match *shares {
        [p] => Some(Burst { p, r: ALL - p, bad: ALL, good: 0 }),
        [p, r] => Some(Burst { p, r, bad: ALL, good: 0 }),
        [p, r, bad] => Some(Burst { p, r, bad, good: 0 }),
        [p, r, bad, good] => Some(Burst { p, r, bad, good }),
        _ => None,
    }
}

fn loss(link: &mut LinkConfig, word: &str, words: &mut NetemWords<'_>) -> Result<(), String> {
    let model = words.word();
    match model {
        Some("gemodel") => {
            let mut shares = vec![words.share("gemodel")?];
            while let Some(share) = words.optional_share()? {
                shares.push(share);
            }
            let known = burst(&shares).ok_or("netem's `gemodel` takes one to four percentages")?;
            (link.burst, link.loss_ppm) = (Some(known), 0);
        }
        None | Some("random") => {
            (link.burst, link.loss_ppm) = (None, words.share(word)?);
            words.no_correlation(word)?;
        }
        Some(other) => return Err(unknown(other)),
    }
    Ok(())
}

fn unknown(word: &str) -> String {
    match REFUSED.iter().find(|(refused, _)| *refused == word) {
        Some((_, instead)) => format!("netem's `{word}` is not supported: {instead}"),
        None => {
            let hint = hint(word, WORDS.into_iter());
            format!("`{word}` is none of netem's words{hint}")
        }
    }
}

/// The words of a line, in order.
struct NetemWords<'a> {
    words: &'a [&'a str],
}

impl<'a> NetemWords<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    /// The next word if the word begins like a number.
    fn number(&mut self) -> Option<&'a str> {
        let first = self.words.first()?;
        first.starts_with(|c: char| c.is_ascii_digit()).then(|| self.next()).flatten()
    }

    /// The next word unless the word begins like a number.
    fn word(&mut self) -> Option<&'a str> {
        let first = self.words.first()?;
        first.starts_with(|c: char| !c.is_ascii_digit()).then(|| self.next()).flatten()
    }

    fn value(&mut self, of: &str) -> Result<&'a str, String> {
        self.number().ok_or_else(|| format!("netem's `{of}` has no value"))
    }

    fn share(&mut self, of: &str) -> Result<u32, String> {
        values::percentage(self.value(of)?)
    }

    fn optional_share(&mut self) -> Result<Option<u32>, String> {
        self.number().map(values::percentage).transpose()
    }

    fn duration(&mut self, of: &str) -> Result<std::time::Duration, String> {
        duration(self.value(of)?)
    }

    fn optional_duration(&mut self) -> Result<Option<std::time::Duration>, String> {
        self.number().map(duration).transpose()
    }

    fn no_correlation(&mut self, of: &str) -> Result<(), String> {
        match self.number() {
            None => Ok(()),
            Some(_) => Err(format!("netem's correlation of `{of}` is not supported")),
        }
    }
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    values::duration(text, std::time::Duration::ZERO..=std::time::Duration::from_secs(3600))
}

#[cfg(test)]
mod netem_tests;
