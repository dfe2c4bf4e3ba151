//! A store with sources and a store without give the same results, after the same steps: write,
//! cut, remove, rename.

use halfclose_ftp::MemoryStore;
use halfclose_ftp::store::{
    Appears, Begin, Fate, File, FileContent, FileSource, ReadAt, Room, Store, StoreError, Writing,
};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

const NOW: Duration = Duration::ZERO;
const NAMES: [&str; 3] = ["a", "b", "c"];
/// More bytes than a read-ahead cache holds.
const LONG: usize = 150_000;

/// Bytes outside a store, as far as the store can tell.
#[derive(Debug)]
struct Far(Vec<u8>);

impl ReadAt for Far {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), StoreError> {
        let from = usize::try_from(offset).unwrap();
        into.copy_from_slice(&self.0[from..from + into.len()]);
        Ok(())
    }
}

/// Sources that begin alike, end early, or have nothing in common.
fn sources() -> Vec<Vec<u8>> {
    let noise = |seed: usize, length: usize| -> Vec<u8> {
        (0..length).map(|at| (at * (at + seed) / 7 + seed).to_le_bytes()[0]).collect()
    };
    let long = noise(1, LONG);
    let mut other = long.clone();
    other[90_000] ^= 1;
    let short = long[..700].to_vec();
    let mut near = noise(3, 900);
    near[450] ^= 0x80;
    vec![long, other, short, noise(3, 900), near, vec![0; 40], vec![7], Vec::new()]
}

fn known(sources: &[Vec<u8>]) -> Arc<[FileSource]> {
    let known = |(index, bytes): (usize, &Vec<u8>)| match index % 2 {
        0 => FileSource::There(Arc::new(Far(bytes.clone()))),
        _ => FileSource::Here(bytes.as_slice().into()),
    };
    sources.iter().enumerate().map(known).collect()
}

/// The bytes that a step writes.
#[derive(Clone, Debug)]
enum What {
    /// The bytes of a source that follow the file's end.
    Next(usize, usize),
    /// The same bytes with one bit flipped in the middle.
    Flipped(usize, usize),
    /// The beginning of a source.
    Begin(usize, usize),
    Bytes(Vec<u8>),
}

#[derive(Clone, Debug)]
enum Step {
    Open(usize, Writing),
    Write(What),
    Close(Fate),
    Insert(usize, usize, u64),
    Remove(usize),
    Rename(usize, usize),
    Read(usize, u64, usize),
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0_usize..1500, 1 => 0..LONG]
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        6 => (0_usize..8, length()).prop_map(|(of, length)| What::Next(of, length)),
        1 => (0_usize..8, length()).prop_map(|(of, length)| What::Flipped(of, length)),
        2 => (0_usize..8, length()).prop_map(|(of, length)| What::Begin(of, length)),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(What::Bytes),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let begin = prop_oneof![
        3 => Just(Begin::New),
        1 => Just(Begin::Fresh),
        2 => Just(Begin::Append),
        2 => length().prop_map(|at| Begin::At(at as u64)),
    ];
    let appears = prop_oneof![Just(Appears::AtOnce), Just(Appears::WhenKept)];
    let how = (begin, appears, prop::option::of(0_u64..9000));
    let how = how.prop_map(|(begin, appears, hint)| Writing { begin, appears, hint });
    let fate = prop_oneof![
        4 => Just(Fate::Keep),
        1 => Just(Fate::Discard),
        1 => length().prop_map(|at| Fate::Cut(at as u64)),
    ];
    let step = prop_oneof![
        3 => (0_usize..3, how).prop_map(|(name, how)| Step::Open(name, how)),
        12 => what().prop_map(Step::Write),
        3 => fate.prop_map(Step::Close),
        1 => (0_usize..3, 0_usize..8, 0..LONG as u64)
            .prop_map(|(name, of, length)| Step::Insert(name, of, length)),
        1 => (0_usize..3).prop_map(Step::Remove),
        1 => (0_usize..3, 0_usize..3).prop_map(|(from, to)| Step::Rename(from, to)),
        3 => (0_usize..3, 0..2000_u64, 1_usize..100_000)
            .prop_map(|(name, from, room)| Step::Read(name, from, room)),
    ];
    prop::collection::vec(step, 0..60)
}

/// One of the two stores, with its open files.
struct Side {
    store: MemoryStore,
    open: Vec<File>,
    known: Arc<[FileSource]>,
}

impl Side {
    /// The result of a step.
    fn step(&mut self, step: &Step, size: usize, sources: &[Vec<u8>]) -> String {
        let store = &mut self.store;
        match step {
            Step::Open(name, how) => {
                let opened = store.open_write(NAMES[*name], *how, NOW);
                self.open.extend(opened);
                format!("{:?}", opened.map(|_| ()))
            }
            Step::Write(what) => {
                let Some(file) = self.open.last() else { return String::new() };
                let some = |of: &usize, from: usize, length: &usize| {
                    let source = &sources[*of];
                    let from = from.min(source.len());
                    source[from..(from + length).min(source.len())].to_vec()
                };
                let mut bytes = match what {
                    What::Next(of, length) | What::Flipped(of, length) => some(of, size, length),
                    What::Begin(of, length) => some(of, 0, length),
                    What::Bytes(bytes) => bytes.clone(),
                };
                let middle = bytes.len() / 2;
                if let (What::Flipped(..), Some(byte)) = (what, bytes.get_mut(middle)) {
                    *byte ^= 4;
                }
                assert_eq!(store.room(*file, NOW), Room::Bytes(usize::MAX));
                format!("{:?}", store.write(*file, &bytes, NOW))
            }
            Step::Close(fate) => match self.open.pop() {
                Some(file) => format!("{:?} {:?}", store.close(file, *fate), store.poll_closed()),
                None => String::new(),
            },
            Step::Insert(name, of, length) => {
                let image = match self.known.get(*of) {
                    Some(known) => FileContent::of(known.clone(), *length),
                    None => {
                        let all = &sources[*of];
                        let length = usize::try_from(*length).unwrap().min(all.len());
                        FileContent::from(all[..length].to_vec())
                    }
                };
                store.insert_content(NAMES[*name], &image);
                String::new()
            }
            Step::Remove(name) => format!("{:?}", store.remove(NAMES[*name])),
            Step::Rename(from, to) => format!("{:?}", store.rename(NAMES[*from], NAMES[*to])),
            Step::Read(name, from, room) => {
                let (file, size) = match store.open_read(NAMES[*name], *from) {
                    Ok(opened) => opened,
                    Err(error) => return format!("{error:?}"),
                };
                let (mut all, mut buffer, mut reads) = (Vec::new(), vec![0; *room], Vec::new());
                loop {
                    let read = store.read(file, &mut buffer).unwrap();
                    all.extend_from_slice(&buffer[..read.bytes]);
                    reads.push(read);
                    if read.last {
                        break;
                    }
                }
                store.close(file, Fate::Keep).unwrap();
                format!("{size} {reads:?} {all:?}")
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_a_store_knows_is_not_seen(steps in steps(), capacity in prop::option::of(0_u64..400_000)) {
        let sources = sources();
        let known = known(&sources);
        let side = |known: Arc<[FileSource]>| {
            let mut store = MemoryStore::new();
            store.set_sources(Arc::clone(&known));
            store.set_capacity(capacity);
            Side { store, open: Vec::new(), known }
        };
        let (mut plain, mut knowing) = (side(Arc::default()), side(known));
        let mut sizes: Vec<usize> = Vec::new();
        for step in &steps {
            // Where the file ends that is opened last, if it is seen.
            let at = sizes.last().copied().unwrap_or(0);
            let before: Vec<_> = NAMES.iter().map(|name| plain.store.get(name).map(<[u8]>::len)).collect();
            let one = plain.step(step, at, &sources);
            prop_assert_eq!(&one, &knowing.step(step, at, &sources), "{:?}", step);
            match step {
                Step::Open(name, how) if plain.open.len() > sizes.len() => sizes.push(match how.begin {
                    Begin::Append => before[*name].unwrap_or(0),
                    Begin::At(at) => usize::try_from(at).unwrap(),
                    Begin::New | Begin::Fresh => 0,
                }),
                Step::Write(What::Next(of, length) | What::Flipped(of, length)) if one == "Ok(())" => {
                    if let Some(end) = sizes.last_mut() {
                        *end += (*length).min(sources[*of].len().saturating_sub(at));
                    }
                }
                Step::Close(_) => drop(sizes.pop()),
                _ => {}
            }
            for name in NAMES {
                let bytes = plain.store.get(name);
                let image = knowing.store.content(name);
                prop_assert_eq!(bytes.is_some(), image.is_some());
                let Some((bytes, image)) = bytes.zip(image) else { continue };
                prop_assert_eq!(image.size(), bytes.len() as u64);
                prop_assert!(image.to_vec().unwrap() == bytes, "{} after {:?}", name, step);
                for (of, known) in sources.iter().zip(&*knowing.known) {
                    // As a judge asks: whole, a beginning, or behind something.
                    let source = FileContent::of(known.clone(), u64::MAX);
                    let begins = source.holds(0, image, 0, image.size());
                    prop_assert_eq!(begins, of.starts_with(bytes));
                    let half = bytes.len() / 2;
                    let behind = image.holds(half as u64, &source, 0, (bytes.len() - half) as u64);
                    prop_assert_eq!(behind, of.starts_with(&bytes[half..]));
                }
            }
        }
    }
}
