/* Bytes that depend on stream and position, so that every byte of a transfer
 * can be checked and neither loss, doubling nor crossing goes unseen. */
#ifndef BENCH_PATTERN_H
#define BENCH_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most bytes that pattern_at() gives in one piece. */
#define PATTERN_PIECE 262144U

struct pattern;

/* NULL when out of memory. It does not change, so threads may share it. */
struct pattern *pattern_new(void);
void pattern_free(struct pattern *p); /* NULL is fine */

/* The bytes of stream SEED from OFFSET on; PATTERN_PIECE of them are there.
 * Borrowed from P. */
const uint8_t *pattern_at(
    const struct pattern *p, uint32_t seed, uint64_t offset);

/* Whether the N bytes at DATA are those of stream SEED at OFFSET. */
bool pattern_same(const struct pattern *p, uint32_t seed, uint64_t offset,
    const uint8_t *data, size_t n);

#endif
