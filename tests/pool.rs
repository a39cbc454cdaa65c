use brigade::{Pool, jobs::echo::Echo};
#[test]
fn smoke() {
    let t = std::time::Instant::now();
    let pool = Pool::builder()
        .workers(2)
        .worker_executable("../target/debug/worker")
        .start()
        .unwrap();
    println!("start {:?}", t.elapsed());
    let h = pool.submit::<Echo>(7).unwrap();
    assert_eq!(h.wait().unwrap(), 7);
    println!("first {:?}", t.elapsed());
    let t = std::time::Instant::now();
    for i in 0..1000 {
        assert_eq!(pool.submit::<Echo>(i).unwrap().wait().unwrap(), i);
    }
    println!("call {:?}", t.elapsed() / 1000);
    let t = std::time::Instant::now();
    let n = 1_000_000u64;
    assert_eq!(
        pool.map::<Echo, _>(0..n)
            .map(|r| r.unwrap())
            .zip(0..n)
            .filter(|(a, b)| a != b)
            .count(),
        0
    );
    println!(
        "map {:?} {}/s",
        t.elapsed(),
        n as f64 / t.elapsed().as_secs_f64()
    );
    let t = std::time::Instant::now();
    pool.join();
    println!("join {:?}", t.elapsed());
}
