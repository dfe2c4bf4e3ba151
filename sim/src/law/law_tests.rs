//! The table of laws is complete and well-formed.

use super::LAWS;

#[test]
fn names_are_kebab_case_and_each_law_stands_once() {
    let mut names: Vec<_> = LAWS.iter().map(|law| law.name).collect();
    for name in &names {
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), LAWS.len());
}

#[test]
fn every_law_is_cited_and_every_waiver_has_its_reason() {
    for law in LAWS {
        assert!(!law.citation.is_empty() && law.statement.ends_with('.'), "{}", law.name);
        for waiver in law.waived_by {
            assert!(waiver.reason.ends_with('.'), "{}", waiver.name);
        }
    }
}
