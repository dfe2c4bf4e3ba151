//! Whole sessions a second, a new world and seed each, beside bare smoltcp with the same packets; and
//! what each level of recording costs.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use halfclose::trace::Recording;
use halfclose::world::World;
use halfclose_benches::{sessions, transfer};

const COUNT: u64 = 100;

fn sessions(c: &mut Criterion) {
    let scenario = sessions::scenario();
    let workload = transfer::workload(&scenario);
    let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
    let mut bare = sessions::Bare::new(1, 65_535);
    let mut group = c.benchmark_group("sessions");
    group.throughput(Throughput::Elements(COUNT));
    group.bench_function("halfclose", |b| {
        b.iter(|| sessions::lab(&mut world, 0..COUNT, Recording::Digest));
    });
    group.bench_function("ceiling", |b| b.iter(|| bare.one_by_one(0..COUNT)));
    group.finish();
}

fn recording(c: &mut Criterion) {
    let scenario = sessions::scenario();
    let workload = transfer::workload(&scenario);
    let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
    let mut group = c.benchmark_group("recording");
    group.throughput(Throughput::Elements(COUNT));
    for (name, recording) in [
        ("digest", Recording::Digest),
        ("headers", Recording::Headers),
        ("packets", Recording::Packets),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| sessions::lab(&mut world, 0..COUNT, recording));
        });
    }
    group.finish();
}

criterion_group!(benches, sessions, recording);
criterion_main!(benches);
