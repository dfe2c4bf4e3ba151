//! `sessions` measures whole sessions a second, in new worlds or thousands in one world, beside
//! bare smoltcp with the same packets; also the cost of each level of recording, and the gain of a
//! second core.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfclose::Recording;
use halfclose::internals::World;
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
    for (name, recording) in sessions::RECORDINGS {
        group.bench_function(name, |b| {
            b.iter(|| sessions::lab(&mut world, 0..COUNT, recording));
        });
    }
    group.finish();
}

fn connections(c: &mut Criterion) {
    let mut group = c.benchmark_group("connections");
    group.sample_size(10);
    for clients in sessions::CROWDS {
        let scenario = sessions::crowd(clients);
        let workload = transfer::workload(&scenario);
        let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
        let mut bare = sessions::Bare::new(clients, sessions::CROWD_RING);
        let packets = sessions::lab(&mut world, 0..1, Recording::Digest);
        group.throughput(Throughput::Elements(packets));
        group.bench_function(BenchmarkId::new("halfclose", clients), |b| {
            b.iter(|| sessions::lab(&mut world, 0..1, Recording::Digest));
        });
        group.bench_function(BenchmarkId::new("ceiling", clients), |b| b.iter(|| bare.at_once()));
    }
    group.finish();
}

fn cores(c: &mut Criterion) {
    let scenario = sessions::scenario();
    let mut group = c.benchmark_group("cores");
    group.throughput(Throughput::Elements(COUNT * 10));
    for jobs in [1, 2] {
        group.bench_function(BenchmarkId::from_parameter(jobs), |b| {
            b.iter(|| sessions::swept(&scenario, 0..COUNT * 10, jobs));
        });
    }
    group.finish();
}

criterion_group!(benches, sessions, recording, connections, cores);
criterion_main!(benches);
