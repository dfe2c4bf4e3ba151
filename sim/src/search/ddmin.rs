//! `ddmin` reduces a list to a small part that still reproduces a failure: delta debugging (Zeller and
//! Hildebrandt, 2002), then every smaller part where the number of parts permits. `ddmin` knows no
//! runs.

use crate::search::limits::Stop;

/// The largest number of parts that are tried to prove that no smaller part reproduces the failure.
const PROOF_MAX: u64 = 5_000;

/// The part of a list that is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Least<T> {
    /// The part: without any single element the failure is gone.
    pub list: Vec<T>,
    /// Whether every smaller part of the whole list was tried, and none reproduces the failure.
    pub proven: bool,
}

/// A small part of `whole`, in the order of `whole`, that reproduces the failure. `does_it` runs a
/// part and returns the elements of the part that mattered, or `None` if the failure is gone. A
/// second reduction of the result changes nothing. Once `stop` is set no further part is run: the
/// result is the smallest part so far.
pub(crate) fn least<T: Clone + PartialEq>(
    whole: &[T],
    stop: &Stop<'_>,
    mut does_it: impl FnMut(&[T]) -> Option<Vec<T>>,
) -> Least<T> {
    let mut list = whole.to_vec();
    let mut proven;
    loop {
        let before = list.len();
        list = reduce(list, stop, &mut does_it);
        let smaller;
        (smaller, proven) = prove(whole, list.len(), stop, &mut does_it);
        if let Some(smaller) = smaller {
            list = smaller;
        } else if !proven {
            // Not affordable for the whole: then for what is left of it.
            list = prove(&list, list.len(), stop, &mut does_it).0.unwrap_or(list);
        }
        if list.len() == before {
            return Least { list, proven };
        }
    }
}

/// Delta debugging: leave out ever smaller pieces, as long as the rest reproduces the failure.
fn reduce<T: Clone>(
    mut list: Vec<T>,
    stop: &Stop<'_>,
    does_it: &mut impl FnMut(&[T]) -> Option<Vec<T>>,
) -> Vec<T> {
    let mut pieces = 2;
    while !list.is_empty() && !stop.is_set() {
        let size = list.len().div_ceil(pieces.min(list.len()));
        let without = |from: usize| {
            let until = (from + size).min(list.len());
            [&list[..from], &list[until..]].concat()
        };
        let rests = (0..list.len()).step_by(size);
        let mut rests = rests.take_while(|_| !stop.is_set()).map(without);
        match rests.find_map(|rest| does_it(&rest)) {
            Some(rest) => {
                list = rest;
                pieces = (pieces - 1).max(2);
            }
            None if size == 1 => break,
            None => pieces *= 2,
        }
    }
    list
}

/// A least part of `whole` with fewer than `size` elements, and whether all such parts could be
/// tried.
fn prove<T: Clone>(
    whole: &[T],
    size: usize,
    stop: &Stop<'_>,
    does_it: &mut impl FnMut(&[T]) -> Option<Vec<T>>,
) -> (Option<Vec<T>>, bool) {
    let mut parts = 0_u64;
    for of in 0..size {
        parts = parts.saturating_add(choices(whole.len(), of));
    }
    if parts > PROOF_MAX {
        return (None, false);
    }
    for of in 0..size {
        let mut chosen: Vec<usize> = (0..of).collect();
        loop {
            if stop.is_set() {
                return (None, false);
            }
            let part: Vec<T> = chosen.iter().map(|at| whole[*at].clone()).collect();
            if let Some(found) = does_it(&part) {
                return (Some(found), true);
            }
            if !step(&mut chosen, whole.len()) {
                break;
            }
        }
    }
    (None, true)
}

/// Steps to the next choice of the same size, in lexicographic order.
fn step(chosen: &mut [usize], all: usize) -> bool {
    let of = chosen.len();
    let Some(at) = (0..of).rev().find(|at| chosen[*at] < all - of + at) else { return false };
    chosen[at] += 1;
    for next in at + 1..of {
        chosen[next] = chosen[next - 1] + 1;
    }
    true
}

/// The number of ways to choose `of` elements of `all`, at most 2^64 - 1.
fn choices(all: usize, of: usize) -> u64 {
    let one = |ways: Option<u64>, at: usize| {
        ways?.checked_mul((all - at) as u64).map(|ways| ways / (at as u64 + 1))
    };
    if of > all { 0 } else { (0..of).fold(Some(1), one).unwrap_or(u64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(whole: u32, does_it: impl Fn(&[u32]) -> bool) -> (Vec<u32>, bool, usize) {
        let mut asked = 0;
        let whole: Vec<u32> = (0..whole).collect();
        let mut ask = |part: &[u32]| {
            asked += 1;
            assert!(part.is_sorted_by(|a, b| a < b), "{part:?} is a part in order");
            does_it(part).then(|| part.to_vec())
        };
        let never = Stop::never();
        let Least { list, proven } = least(&whole, &never, &mut ask);
        let again = least(&list, &never, &mut ask);
        assert_eq!(again.list, list, "what is left of what is left");
        (list, proven, asked)
    }

    #[test]
    fn what_matters_is_left() {
        let all =
            |wanted: &'static [u32]| move |part: &[u32]| wanted.iter().all(|w| part.contains(w));
        assert_eq!(left(0, |_| true).0, [0; 0]);
        assert_eq!(left(9, |_| true).0, [0; 0]);
        assert_eq!(left(100, all(&[3])).0, [3]);
        let (list, proven, asked) = left(100, all(&[3, 57]));
        assert_eq!((list, proven), (vec![3, 57], true));
        assert!(asked < 400, "{asked}");
        let (list, proven, _) = left(500, all(&[1, 2, 3, 250, 251, 499]));
        assert_eq!((&*list, proven), (&[1, 2, 3, 250, 251, 499][..], false));
    }

    /// Delta debugging alone ends with a part from which no single element can be left out.
    #[test]
    fn a_smaller_part_elsewhere_is_found() {
        let holds = |part: &[u32], wanted: &[u32]| wanted.iter().all(|w| part.contains(w));
        let does_it = |part: &[u32]| holds(part, &[1, 2, 3, 4]) || holds(part, &[9]);
        assert_eq!(left(10, does_it).0, [9]);
        // Two at once, where no one alone can go.
        let pairs = |part: &[u32]| part.len().is_multiple_of(2) && holds(part, &[5]);
        assert_eq!(left(12, pairs).0.len(), 2);
    }

    /// After a stop no further part is run, and the result so far reproduces the failure.
    #[test]
    fn told_to_stop_it_has_what_it_found() {
        let does_it = |part: &[u32]| [3, 57].iter().all(|wanted| part.contains(wanted));
        let whole: Vec<u32> = (0..100).collect();
        let mut sizes = Vec::new();
        for most in 1..60 {
            let (stop, mut asked) = (Stop::never(), 0);
            let Least { list, proven } = least(&whole, &stop, |part| {
                asked += 1;
                if asked == most {
                    stop.end();
                }
                does_it(part).then(|| part.to_vec())
            });
            assert!(does_it(&list) && !proven, "{list:?}");
            assert_eq!(asked, most);
            sizes.push(list.len());
        }
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
        assert!(sizes[0] == 100 && sizes[58] < 10, "{sizes:?}");
    }

    #[test]
    fn choices_are_counted() {
        assert_eq!([(5, 0), (5, 2), (5, 5), (5, 6)].map(|(n, k)| choices(n, k)), [1, 10, 1, 0]);
        assert_eq!(choices(1_000, 400), u64::MAX);
        let (mut chosen, mut count) = (vec![0, 1, 2], 1);
        while step(&mut chosen, 7) {
            count += 1;
        }
        assert_eq!((count, chosen), (35, vec![4, 5, 6]));
    }
}
