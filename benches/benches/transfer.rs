//! `transfer` measures the transfer loop: 64 MiB up and down between memory stores, beside the same
//! work by two bare sockets, and beside the wire alone.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use halfclose::Recording;
use halfclose::internals::World;
use halfclose_benches::transfer::{Bare, Command, MTUS, SIZE, lab, scenario, workload};

fn transfer(c: &mut Criterion) {
    for command in Command::ALL {
        for mtu in MTUS {
            let scenario = scenario(command, mtu, SIZE);
            let workload = workload(&scenario);
            let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
            let mut bare = Bare::new(mtu, &workload);
            let mut group = c.benchmark_group(format!("transfer/{}/{mtu}", command.name()));
            group.throughput(Throughput::Bytes(SIZE)).sample_size(10);
            group
                .bench_function("halfclose", |b| b.iter_custom(|n| many(n, || lab(&mut world, 1))));
            group.bench_function("ceiling", |b| b.iter_custom(|n| many(n, || bare.copy())));
            group.bench_function("wire", |b| b.iter_custom(|n| many(n, || bare.wire())));
            group.finish();
        }
    }
}

/// Measures the transfer alone, without the look at the received file.
fn many(times: u64, mut work: impl FnMut() -> Duration) -> Duration {
    (0..times).map(|_| work()).sum()
}

criterion_group!(benches, transfer);
criterion_main!(benches);
