//! The byte kernels at each level of instructions: elements compared per second, on a tile that stays in the cache.
//!
//! `cargo bench -p brigade-worker --features bench`. The machine's limit: `scripts/compare/kernel_limit.c`.

use std::{hint::black_box, time::Duration};

use brigade_worker::jobs::tune::bench::{Kernel, Tile};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// As MNIST's rows.
const WIDTH: usize = 784;

fn kernels(criterion: &mut Criterion) {
    let mut tile = Tile::new(WIDTH);
    for kernel in Kernel::ALL {
        let mut group = criterion.benchmark_group(kernel.name());
        group
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1))
            .sample_size(20)
            .throughput(Throughput::Elements(tile.elements()));
        for (level, name) in Tile::levels().into_iter().enumerate() {
            group.bench_function(name, |bencher| {
                bencher.iter(|| black_box(tile.run(kernel, level)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
