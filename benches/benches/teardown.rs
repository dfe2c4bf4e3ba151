//! `teardown` measures connections a second, opened and ended in each way, beside bare smoltcp.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use halfclose_benches::teardown::{Path, bare, lab};

const COUNT: u64 = 200;

fn teardown(c: &mut Criterion) {
    for path in Path::ALL {
        let mut group = c.benchmark_group(format!("teardown/{}", path.name()));
        group.throughput(Throughput::Elements(COUNT));
        group.bench_function("halfclose", |b| b.iter(|| lab(path, COUNT)));
        group.bench_function("ceiling", |b| b.iter(|| bare(path, COUNT)));
        group.finish();
    }
}

criterion_group!(benches, teardown);
criterion_main!(benches);
