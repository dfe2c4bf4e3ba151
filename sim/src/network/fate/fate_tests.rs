//! Fates over many packets keep the promises of the module.

use super::*;

const PACKETS: usize = 100_000;

fn config(change: impl FnOnce(&mut LinkConfig)) -> LinkConfig {
    let mut config = LinkConfig { delay: Duration::from_millis(50), ..LinkConfig::default() };
    change(&mut config);
    config
}

fn fates(seed: u64, change: impl FnOnce(&mut LinkConfig)) -> Vec<Fate> {
    first(PACKETS, seed, change)
}

fn first(count: usize, seed: u64, change: impl FnOnce(&mut LinkConfig)) -> Vec<Fate> {
    let mut fates = Fates::new(&config(change), seed, Purpose::FatesUp);
    (0..count).map(|_| fates.next_fate(1500)).collect()
}

fn lost(fates: &[Fate]) -> usize {
    fates.iter().filter(|fate| !fate.arrives()).count()
}

#[test]
fn more_loss_keeps_every_drop_of_less() {
    let [one, two] = [10_000, 20_000].map(|ppm| fates(7, |link| link.loss_ppm = ppm));
    assert!(one.iter().zip(&two).all(|(a, b)| *a == Fate::Deliver || a == b));
    assert!((900..1_100).contains(&lost(&one)), "{}", lost(&one));
    assert!((1_850..2_150).contains(&lost(&two)), "{}", lost(&two));
}

#[test]
fn more_of_anything_keeps_what_there_was() {
    type Set = fn(&mut LinkConfig, u32);
    let models: [Set; 5] = [
        |link, ppm| link.loss_ppm = ppm,
        |link, ppm| link.duplicate_ppm = ppm,
        |link, ppm| link.corrupt_ppm = ppm,
        |link, ppm| link.reorder_ppm = ppm,
        |link, ppm| link.burst = Some(Burst { p: 10_000, r: 100_000, bad: ppm, good: 0 }),
    ];
    for set in models {
        for seed in 0..20 {
            let [less, more] =
                [50_000, 150_000].map(|ppm| first(2_000, seed, |link| set(link, ppm)));
            assert!(less.iter().zip(&more).all(|(a, b)| *a == Fate::Deliver || a == b));
            assert!(less != more);
        }
    }
}

#[test]
fn a_model_added_moves_no_other() {
    let plain = fates(7, |link| link.loss_ppm = 20_000);
    let all = fates(7, |link| {
        link.loss_ppm = 20_000;
        link.burst = Some(Burst { p: 10_000, r: 100_000, bad: 700_000, good: 1_000 });
        link.duplicate_ppm = 50_000;
        link.corrupt_ppm = 50_000;
        link.reorder_ppm = 250_000;
        link.reorder_correlation_ppm = 500_000;
        link.jitter = Duration::from_millis(10);
    });
    for (plain, all) in plain.iter().zip(&all) {
        assert_eq!(*plain == Fate::Lost, *all == Fate::Lost);
    }
}

#[test]
fn another_seed_has_other_fates() {
    let [one, two] = [7, 8].map(|seed| fates(seed, |link| link.loss_ppm = 10_000));
    assert_ne!(one, two);
}

#[test]
fn loss_alone_is_pinned() {
    // Golden: a seed on a lossy link means these drops.
    let fates = fates(42, |link| link.loss_ppm = 10_000);
    let dropped = |(at, fate): (usize, &Fate)| (*fate == Fate::Lost).then_some(at);
    let first: Vec<_> = fates.iter().enumerate().filter_map(dropped).take(5).collect();
    assert_eq!(first, [26, 247, 571, 717, 767]);
}

#[test]
fn bursts_are_gilbert_and_elliott_s() {
    // In the bad state for p / (p + r) = 1/11 of the time, and losing 70 % there, 0.1 % else.
    let fates = fates(1, |link| {
        link.burst = Some(Burst { p: 10_000, r: 100_000, bad: 700_000, good: 1_000 });
    });
    assert!((5_900..7_000).contains(&lost(&fates)), "{}", lost(&fates));
    // A drop is followed by a drop far more often than 6.5 % of the time.
    let runs = fates.windows(2).filter(|pair| pair.iter().all(|fate| !fate.arrives())).count();
    assert!(runs * 100 / lost(&fates) > 50, "{runs}");
}

#[test]
fn jitter_is_even_around_the_delay() {
    let jitter = Duration::from_millis(10);
    let fates = fates(1, |link| link.jitter = jitter);
    let us: Vec<i64> = fates
        .iter()
        .map(|fate| match fate {
            Fate::Changed(Changes { moved: Moved::Jitter(us), .. }) => *us,
            other => panic!("{other:?}"),
        })
        .collect();
    let mean = us.iter().sum::<i64>() / i64::try_from(us.len()).expect("few");
    assert!(us.iter().all(|us| (-10_000..10_000).contains(us)));
    assert!(mean.abs() < 100, "{mean}");
    assert!(us.iter().max() > Some(&9_900) && us.iter().min() < Some(&-9_900));
}

#[test]
fn correlated_reordering_comes_in_runs() {
    let ahead = |correlation| {
        let fates = fates(1, |link| {
            link.reorder_ppm = 250_000;
            link.reorder_correlation_ppm = correlation;
        });
        fates.windows(2).filter(|pair| pair[0] != Fate::Deliver && pair[0] == pair[1]).count()
    };
    let (free, tied) = (ahead(0), ahead(500_000));
    // A quarter of a quarter; netem's correlation narrows the spread too, so fewer pass in all.
    assert!((5_900..6_600).contains(&free), "{free}");
    assert!(tied != free);
}

#[test]
fn a_flipped_bit_is_flipped_back() {
    let packet: Vec<u8> = (0..40).collect();
    for bit in 0..400 {
        let mut flipped = packet.clone();
        flip(&mut flipped, bit);
        assert_ne!(flipped, packet);
        flip(&mut flipped, bit);
        assert_eq!(flipped, packet);
    }
    flip(&mut [], 3);
}

#[test]
fn every_fate_has_its_words() {
    let changed = |duplicated, corrupted, moved| {
        Fate::Changed(Changes { duplicated, corrupted, moved }).words().into_owned()
    };
    for (words, expected) in [
        (changed(true, None, Moved::InTurn), "duplicated"),
        (changed(false, Some(7), Moved::Jitter(-5)), "corrupted: bit 7 flipped, jitter -5us"),
        (changed(false, None, Moved::Late(HOLD)), "delayed by 200ms"),
        (changed(true, None, Moved::Held), "duplicated, held"),
        (changed(false, None, Moved::AtOnce), "reordered: sent at once"),
    ] {
        assert_eq!(words, expected);
    }
}
