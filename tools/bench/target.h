/*
 * Where the servers under test dial to: a listener on loopback with a thread of
 * its own. A connection begins with five bytes, a mode and a stream's seed
 * (u32be), and goes on as the mode says.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <stdatomic.h>
#include <stdint.h>

#include "tools/bench/pattern.h"

#define TARGET_HEAD 5

enum target_mode {
	TARGET_SOURCE = 'D', /* sends the seed's pattern without end */
	TARGET_SINK = 'U',   /* takes it and checks each byte */
	TARGET_ECHO = 'E',   /* sends back what comes */
	TARGET_STALL = 'Z'   /* reads no more */
};

/* Read by other threads at any time. */
struct target_counts {
	_Atomic uint64_t taken; /* bytes of sinks, all checked */
	_Atomic uint64_t wrong; /* connections with a wrong byte or mode */
	_Atomic uint64_t open;  /* connections that are there now */
};

struct target;

/* Starts it on PORT, 0: any. PATTERN is borrowed. Sources leave some UNSENT_MAX
 * bytes each to the kernel to send, 0: as it likes. NULL when the system
 * refuses. */
struct target *target_new(
    const struct pattern *pattern, uint16_t port, uint32_t unsent_max);
uint16_t target_port(const struct target *t); /* on 127.0.0.1 */
const struct target_counts *target_counts(const struct target *t);
/* Ends the thread and closes all; NULL is fine. */
void target_free(struct target *t);

#endif
