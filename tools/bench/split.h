/* How fast the frame splitter is, without any peer. */
#ifndef BENCH_SPLIT_H
#define BENCH_SPLIT_H

#include <stdint.h>

/*
 * Walks frames of LEN bytes of data for so many MS of CPU time, read by
 * read as from a connection, and prints a line of JSON. Counts are checked: 0,
 * or 1 when the splitter gave other frames than were put in, 2 without memory.
 */
int split_run(uint32_t len, uint32_t ms);

#endif
