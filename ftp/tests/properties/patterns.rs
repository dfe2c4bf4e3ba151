//! Patterns of names: a compiled pattern means the same as the definition, and costs a bounded number
//! of steps for each name.

use halfclose_ftp::wire::listing::Pattern;
use proptest::prelude::*;

/// The definition: all ways to divide the name are tried.
fn defined(pattern: &[char], name: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return name.is_empty() };
    if *first == '*' {
        return (0..=name.len()).any(|skipped| defined(rest, &name[skipped..]));
    }
    let Some((c, behind)) = name.split_first() else { return false };
    // A `]` directly behind the bracket belongs to the set.
    let end = rest.iter().skip(1).position(|it| *it == ']').map(|at| at + 1);
    match (first, end) {
        ('[', Some(end)) => in_set(&rest[..end], *c) && defined(&rest[end + 1..], behind),
        _ => (*first == '?' || first == c) && defined(rest, behind),
    }
}

fn in_set(set: &[char], c: char) -> bool {
    let (not, mut set) = match set {
        ['!' | '^', set @ ..] => (true, set),
        set => (false, set),
    };
    let mut found = false;
    while let Some(from) = set.first() {
        if let [_, '-', to, ..] = set {
            found |= (*from..=*to).contains(&c);
            set = &set[3..];
        } else {
            found |= *from == c;
            set = &set[1..];
        }
    }
    found != not
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

proptest! {
    #[test]
    fn a_compiled_pattern_means_what_its_text_means(
        pattern in "[a-cé*?\\[\\]!^-]{0,9}",
        name in "[a-cé\\[\\]!^-]{0,8}",
    ) {
        let expected = defined(&chars(&pattern), &chars(&name));
        prop_assert_eq!(Pattern::new(&pattern).matches(&name, &mut 0), expected);
    }

    #[test]
    fn no_pattern_costs_more_than_a_step_for_each_pair_of_characters(
        pattern in prop_oneof!["[*a]{0,4000}", "[*?\\[\\]a-]{0,4000}", any::<String>()],
        name in "[a\\[]{0,255}",
    ) {
        let mut steps = 0;
        let _ = Pattern::new(&pattern).matches(&name, &mut steps);
        prop_assert!(steps <= 2 * 256 * 256, "{steps} steps");
    }
}

/// The pattern of the attack: each `[` looked for its `]` at each step.
#[test]
fn brackets_without_an_end_cost_no_more_than_letters() {
    let pattern = format!("*{}b", "[".repeat(250));
    let name = format!("{}a", "[".repeat(254));
    let mut steps = 0;
    assert!(!Pattern::new(&pattern).matches(&name, &mut steps));
    assert!(steps < 70_000, "{steps} steps");
    let mut steps = 0;
    assert!(!Pattern::new(&"[".repeat(4000)).matches(&name, &mut steps));
    assert_eq!(steps, 1, "the pattern is longer than any name");
}
