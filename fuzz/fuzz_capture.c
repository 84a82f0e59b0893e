/*
 * A capture file from end to end: libpcap, packets, reassembly, TLS records,
 * secrets inside the file. Any bytes are read to an end or refused with a
 * sentence; connections that begin also end.
 */
#include <stdio.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "pcap/reader.h"
#include "ref/wire/err.h"

struct counts {
	uint64_t ended, records;
};

static void
on_record(void *ctx, struct reader_conn *c, const struct view_record *r)
{
	struct counts *n = ctx;

	assert(c != NULL && r != NULL);
	n->records++;
}

static void
on_ended(void *ctx, struct reader_conn *c)
{
	struct counts *n = ctx;

	assert(c->number != 0);
	assert(reader_end_text(c->end) != NULL);
	n->ended++;
}

/* The input as a file of this process, the same one each time. */
static const char *
as_file(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		snprintf(path, sizeof(path), "/tmp/fuzz-capture-XXXXXX");
		fd = mkstemp(path);
	}
	if (fd < 0 || ftruncate(fd, 0) != 0 ||
	    pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	return (path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader_events events = { .record = on_record,
		.ended = on_ended };
	struct counts n = { 0, 0 };
	struct reader_result res;
	struct reader_config cfg = { .events = &events, .ctx = &n };
	int rc;

	memset(&res, 0, sizeof(res));
	cfg.path = as_file(data, size);
	cfg.keys = keylog_new();
	if (cfg.keys == NULL)
		abort();
	rc = reader_run(&cfg, &res);
	assert(rc == 0 || rc == ATLS_E_IO);
	assert((rc != 0) == (res.error[0] != '\0'));
	assert(n.ended == res.conns);
	keylog_free(cfg.keys);
	return (0);
}
