/* How fast the frame splitter is, without any peer. */
#include "tools/bench/split.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ref/wire/command.h"
#include "ref/wire/frame.h"

/* What one read of the daemons brings, at most. */
#define READ (256U * 1024)

static double
cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

/* Fills P with frames of streams 1, 2, 3 ...; how many there is room for. */
static uint32_t
fill(uint8_t *p, uint32_t len)
{
	uint32_t n = 0;
	size_t at;

	for (at = 0; at + ATLS_FRAME_HEADER + len <= READ;
	     at += ATLS_FRAME_HEADER + len) {
		struct atls_frame f = { ATLS_CMD_PSH, ++n, (uint16_t)len };

		atls_frame_put(p + at, f);
	}
	return (n);
}

/* Walks once over P; false when not all N frames came, or others did. */
static bool
walk(const uint8_t *p, uint32_t n, uint32_t len)
{
	struct atls_splitter s = { 0 };
	struct atls_part part;
	struct atls_bytes in =
	    atls_bytes(p, (size_t)n * (ATLS_FRAME_HEADER + len));
	uint64_t sum = 0, bytes = 0;

	while (atls_splitter_next(&s, &in, &part)) {
		sum += part.frame.sid;
		bytes += part.data.len;
	}
	return (sum == (uint64_t)n * (n + 1) / 2 && bytes == (uint64_t)n * len);
}

int
split_run(uint32_t len, uint32_t ms)
{
	uint8_t *p = calloc(1, READ);
	double begun, took;
	uint64_t frames = 0;
	uint32_t n, i;

	if (p == NULL || len > 65535) {
		free(p);
		fprintf(stderr, "anytls-load: no memory, or no such frame\n");
		return (2);
	}
	n = fill(p, len);
	begun = cpu_s();
	do {
		for (i = 0; i < 64; i++, frames += n) {
			if (!walk(p, n, len)) {
				puts("{\"error\":\"frames were lost\"}");
				free(p);
				return (1);
			}
		}
		took = cpu_s() - begun;
	} while (took * 1000 < ms);
	printf("{\"test\":\"split\",\"frame\":%u,\"seconds\":%.6f,"
	       "\"rounds\":%llu,\"bytes\":0,\"costs\":{},"
	       "\"p50_us\":0,\"p99_us\":0}\n",
	    (unsigned)len, took, (unsigned long long)frames);
	free(p);
	return (0);
}
