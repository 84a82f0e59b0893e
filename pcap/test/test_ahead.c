/* Packets that are read ahead: all of them, in order, to the end or damage. */
#include "pcap/test/cm.h"

#include <pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pcap/ahead.h"

#define HEADERS 40   /* IPv4 and TCP */
#define PACKETS 9000 /* of 0 to 2000 bytes: some 35 batches */

struct fixture {
	char path[32];
	struct keylog *keys;
	struct capture_file *file;
	char err[FILE_ERRLEN];
};

/* Packet number N carries this many bytes, each of them N. */
static size_t
size_of(size_t n)
{
	return (n % 7 == 0 ? 0 : n * 37 % 2001);
}

static void
put(pcap_dumper_t *d, size_t n, size_t len)
{
	static uint8_t p[HEADERS + 2000];
	struct pcap_pkthdr head = { .caplen = (bpf_u_int32)(HEADERS + len),
		.len = (bpf_u_int32)(HEADERS + len) };

	memset(p, 0, HEADERS);
	memset(p + HEADERS, (int)(n & 0xff), len);
	p[0] = 0x45;
	atls_put16(p + 2, (uint16_t)(HEADERS + len));
	p[9] = n % 100 == 99 ? 1 : 6;
	atls_put32(p + 20 + 4, (uint32_t)n);
	p[20 + 12] = 5 << 4;
	head.ts.tv_sec = (time_t)n;
	pcap_dump((u_char *)d, &head, p);
}

static void
begin(struct fixture *f, size_t packets, size_t cut)
{
	pcap_t *p = pcap_open_dead(DLT_RAW, 65535);
	pcap_dumper_t *d;
	size_t i;
	int fd;

	snprintf(f->path, sizeof(f->path), "/tmp/ahead-XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	d = pcap_dump_fopen(p, fdopen(fd, "w"));
	assert_non_null(d);
	for (i = 1; i <= packets; i++)
		put(d, i, size_of(i));
	pcap_dump_flush(d);
	assert_int_equal(ftruncate(fd, pcap_dump_ftell(d) - (long)cut), 0);
	pcap_dump_close(d);
	pcap_close(p);
	f->keys = keylog_new();
	f->file = file_open(f->path, f->keys, f->err);
	assert_non_null(f->file);
}

static void
end(struct fixture *f)
{
	file_close(f->file);
	keylog_free(f->keys);
	unlink(f->path);
}

static void
is_packet(const struct ahead_packet *p, size_t n)
{
	struct atls_bytes data = p->segment.payload;
	size_t i;

	assert_int_equal(p->at.packet, n);
	assert_int_equal(p->at.time_ns, n * 1000000000u);
	assert_int_equal(p->kind, n % 100 == 99 ? PACKET_OTHER : PACKET_TCP);
	if (p->kind != PACKET_TCP)
		return;
	assert_int_equal(p->segment.seq, n);
	assert_int_equal(data.len, size_of(n));
	for (i = 0; i < data.len; i++)
		assert_int_equal(data.p[i], n & 0xff);
}

/* All packets of F, and how it ends. */
static int
read_all(struct fixture *f, size_t *n)
{
	struct ahead *a = ahead_new(f->file);
	struct ahead_packet p;
	uint64_t done, size, before = 0;
	int rc;

	assert_non_null(a);
	for (*n = 0; (rc = ahead_next(a, &p, f->err)) == 1; before = done) {
		is_packet(&p, ++*n);
		ahead_progress(a, &done, &size);
		assert_true(done >= before && done <= size);
	}
	/* It stays at its end. */
	assert_int_equal(ahead_next(a, &p, f->err), rc);
	ahead_free(a);
	return (rc);
}

static void
in_order(void **state)
{
	struct fixture f;
	size_t n;

	(void)state;
	begin(&f, PACKETS, 0);
	assert_int_equal(read_all(&f, &n), 0);
	assert_int_equal(n, PACKETS);
	end(&f);
	begin(&f, 0, 0);
	assert_int_equal(read_all(&f, &n), 0);
	assert_int_equal(n, 0);
	end(&f);
}

/* Damage comes behind the packets before it. */
static void
damaged(void **state)
{
	struct fixture f;
	size_t n;

	(void)state;
	begin(&f, PACKETS, 1);
	assert_int_equal(read_all(&f, &n), -1);
	assert_int_equal(n, PACKETS - 1);
	assert_non_null(strstr(f.err, f.path));
	assert_non_null(strstr(f.err, "after packet 8999"));
	end(&f);
}

/* The reader is left while the ring is full. */
static void
left_early(void **state)
{
	struct ahead_packet p;
	struct fixture f;
	struct ahead *a;
	size_t taken, i;

	(void)state;
	for (taken = 0; taken < 2000; taken += 999) {
		begin(&f, PACKETS, 0);
		a = ahead_new(f.file);
		assert_non_null(a);
		for (i = 1; i <= taken; i++) {
			assert_int_equal(ahead_next(a, &p, f.err), 1);
			is_packet(&p, i);
		}
		ahead_free(a);
		end(&f);
	}
	ahead_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(damaged),
		cmocka_unit_test(left_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
