// What the C library's mutexes cost between processes when nobody else wants them: a lock and an unlock, in shared
// memory. Built and run by scripts/bench-sync.sh: cc -O2 lock_pthread.c -pthread
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

static const long times = 2000000;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

static int measure(const char *name, int robust) {
    char *place = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) return 1;
    pthread_mutex_t *mutex = (pthread_mutex_t *)place;
    volatile long *number = (volatile long *)(place + 2048);
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    if (robust) pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    if (pthread_mutex_init(mutex, &kind)) return 1;
    double best = 1e18;
    for (int round = 0; round < 7; round++) {
        double began = now();
        for (long i = 0; i < times; i++) {
            if (pthread_mutex_lock(mutex)) return 1;
            *number += 1;
            pthread_mutex_unlock(mutex);
        }
        double each = (now() - began) / times;
        if (each < best) best = each;
    }
    printf("%s %.1f ns\n", name, best);
    return 0;
}

int main(void) {
    return measure("pthread-shared", 0) || measure("pthread-shared-robust", 1);
}
