/* Bytes that depend on stream and position. */
#include "tools/bench/pattern.h"

#include <stdlib.h>
#include <string.h>

/* A prime, so that no power of two in a program under test hides a shift. */
#define PERIOD 65521U

struct pattern {
	uint8_t bytes[PERIOD + PATTERN_PIECE];
};

struct pattern *
pattern_new(void)
{
	struct pattern *p = malloc(sizeof(*p));
	uint32_t x = 2463534242U;
	size_t i;

	if (p == NULL)
		return (NULL);
	for (i = 0; i < sizeof(p->bytes); i++) {
		if (i >= PERIOD) {
			p->bytes[i] = p->bytes[i - PERIOD];
			continue;
		}
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		p->bytes[i] = (uint8_t)(x >> 24);
	}
	return (p);
}

void
pattern_free(struct pattern *p)
{
	free(p);
}

const uint8_t *
pattern_at(const struct pattern *p, uint32_t seed, uint64_t offset)
{
	uint64_t start = (uint64_t)seed * 2654435761U % PERIOD;

	return (p->bytes + (start + offset) % PERIOD);
}

bool
pattern_same(const struct pattern *p, uint32_t seed, uint64_t offset,
    const uint8_t *data, size_t n)
{
	size_t part;

	while (n > 0) {
		part = n < PATTERN_PIECE ? n : PATTERN_PIECE;
		if (memcmp(pattern_at(p, seed, offset), data, part) != 0)
			return (false);
		offset += part;
		data += part;
		n -= part;
	}
	return (true);
}
