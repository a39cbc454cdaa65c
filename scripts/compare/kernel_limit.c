// How many pairs of bytes this processor compares in a nanosecond, when nothing but the arithmetic is there to do:
// four queries against rows that stay in the first cache, intrinsics only. Built and run by scripts/bench-knn.sh:
// cc -O3 -march=native kernel_limit.c
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#if defined(__AVX512BW__) || defined(__AVX2__)
#include <immintrin.h>

#if defined(__AVX512BW__)
typedef __m512i reg;
#define ADD64 _mm512_add_epi64
#define SAD _mm512_sad_epu8
#define MAX _mm512_max_epu8
#define MIN _mm512_min_epu8
#define SUB _mm512_sub_epi8
#define ZERO _mm512_setzero_si512()
#define NAME "512 bits"
#else
typedef __m256i reg;
#define ADD64 _mm256_add_epi64
#define SAD _mm256_sad_epu8
#define MAX _mm256_max_epu8
#define MIN _mm256_min_epu8
#define SUB _mm256_sub_epi8
#define ZERO _mm256_setzero_si256()
#define NAME "256 bits"
#endif
#if defined(__AVX512VNNI__)
#define PRODUCTS "dpbusd"
#define PRODUCT(sum, a, b) _mm512_dpbusd_epi32(sum, a, b)
#define PRODUCT_BYTES sizeof(reg)
#elif defined(__AVX512BW__)
#define PRODUCTS "pmaddwd"
#define PRODUCT(sum, a, b) _mm512_add_epi32(sum, _mm512_madd_epi16(a, b))
#define PRODUCT_BYTES (sizeof(reg) / 2)
#else
#define PRODUCTS "pmaddwd"
#define PRODUCT(sum, a, b) _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))
#define PRODUCT_BYTES (sizeof(reg) / 2)
#endif

#define BLOCKS 128
#define QUERIES 4
#define ROUNDS 1000
#define RUNS 300

static reg rows[BLOCKS] __attribute__((aligned(64)));

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

// The best of many short runs, some of which nobody disturbs; two rows at a time, so that eight sums are under way.
#define MEASURE(name, bytes, step)                                                                  \
    do {                                                                                            \
        double best = 1e30;                                                                         \
        for (int run = 0; run < RUNS; run++) {                                                         \
            reg sums[2][QUERIES] = {{ZERO, ZERO, ZERO, ZERO}, {ZERO, ZERO, ZERO, ZERO}};            \
            double began = now();                                                                   \
            for (int round = 0; round < ROUNDS; round++) {                                      \
                for (int at = 0; at < BLOCKS; at += 2)                                              \
                    for (int query = 0; query < QUERIES; query++) {                                 \
                        reg word = queries[query];                                                  \
                        for (int row = 0; row < 2; row++) {                                         \
                            reg block = rows[at + row], sum = sums[row][query];                     \
                            sums[row][query] = step;                                                \
                        }                                                                           \
                    }                                                                               \
                __asm__ volatile("" ::: "memory");                                                  \
            }                                                                                       \
            double took = now() - began;                                                            \
            if (took < best) best = took;                                                           \
            for (int query = 0; query < QUERIES; query++) {                                         \
                rows[0] = MAX(rows[0], MAX(sums[0][query], sums[1][query]));                        \
            }                                                                                       \
        }                                                                                           \
        printf("%s\t%.1f\n", name, (double)(bytes) * BLOCKS * QUERIES * ROUNDS / best);       \
    } while (0)

int main(void) {
    reg queries[QUERIES];
    for (int at = 0; at < (int)sizeof rows; at++) ((uint8_t *)rows)[at] = at * 31 + at / 64;
    for (int at = 0; at < (int)sizeof queries; at++) ((uint8_t *)queries)[at] = at * 17 + at / 64;
    for (int query = 0; query < QUERIES; query++) __asm__("" : "+m"(queries[query]));
    MEASURE("psadbw, " NAME, sizeof(reg), ADD64(sum, SAD(block, word)));
    MEASURE("max-min, " NAME, sizeof(reg), MAX(sum, SUB(MAX(block, word), MIN(block, word))));
    MEASURE(PRODUCTS ", " NAME, PRODUCT_BYTES, PRODUCT(sum, block, word));
    return 0;
}
#else
int main(void) {
    puts("no AVX2 here: no limit measured\t0");
    return 0;
}
#endif
