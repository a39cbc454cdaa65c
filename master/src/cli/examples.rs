//! Examples at the end of each command's help. All of them are command lines that this program takes, which a test sees to.

pub(super) const TUNE: &str = "\
Examples:
  master tune                                        on the shipped Iris samples
  master tune wine.csv --label 1 --scale standard    a table whose first column is the class
  master tune digits.csv --split kfold:5 --k 1,3,5   each sample tests once
  master tune train.csv --test test.csv --save m.json --plot grid.svg
  master tune train-images-idx3-ubyte --test t10k-images-idx3-ubyte
  master tune --format csv | sort -t, -k3 -gr | head -5";

pub(super) const CLASSIFY: &str = "\
Examples:
  master tune --save iris.json                       first, a model
  master classify --model iris.json new.csv          then the class of each row, and the votes
  master classify --model iris.json --check test.csv
  tail -f measured.csv | master classify --model iris.json --format json -";

pub(super) const STATS: &str = "\
Examples:
  master stats                                       of the shipped Iris samples
  master stats wine.csv --label 1 --all";

pub(super) const SEARCH: &str = "\
Examples:
  master search src -e TODO                          lines that hold TODO
  master search src tests -e unwrap -e expect -c -g '*.rs'
  master search . --regex -e 'fn \\w+_test' -C 2
  master search ~/projects --interactive             read once, ask again and again
  master search logs --watch -e ERROR                again whenever files change";

pub(super) const IMPORTS: &str = "\
Examples:
  master imports src                                 what each file imports
  master imports src --focus typing                  files that import typing are marked
  master imports src --by module                     who imports what, the most imported first
  master imports src --graph dot | dot -Tsvg > modules.svg";

pub(super) const FACTOR: &str = "\
Examples:
  master factor 12 97 340282366920938463463374607431768211455
  seq 1000000 1001000 | master factor --primes
  master factor --random 100000 --digits 20 --seed 7 --format csv > factors.csv";

pub(super) const WEATHER: &str = "\
Examples:
  master weather                                     all zones of the Chesapeake Bay
  master weather ANZ538 ANZ540 --format json";

pub(super) const JOIN: &str = "\
Examples:
  master join nats://hub:4222                        as many workers as there are cores
  master join nats://hub:4222 --workers 8 --jobs 'factor*'
  BRIGADE_NATS_USER=me:secret master join tls://hub:4222";

pub(super) const CLUSTER: &str = "\
Examples:
  master cluster status --server nats://hub:4222
  master cluster cancel JOB --server nats://hub:4222
  master cluster clean --server nats://hub:4222";

pub(super) const DEMO: &str = "\
Examples:
  master demo philosophers --benchmark               with a footman nobody starves
  master demo philosophers --no-footman              and without one
  master demo burn --workers 4                       full cores
  master demo race --times 100000                    what a lock is for";

pub(super) const PS: &str = "\
Examples:
  master ps                                          every pool at work here
  master ps --watch                                  again and again
  master ps --format json";

pub(super) const DOCTOR: &str = "\
Examples:
  master doctor                                      all checks, in a few seconds
  master doctor --format json";
