/*
 * Makes a capture of many AnyTLS sessions, real TLS 1.3 records with known
 * keys, for measuring readers: anytls-pcapgen MIB CAPTURE KEYLOG.
 */
#include <pcap.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/aead.h"
#include "ref/net/digest.h"
#include "ref/wire/auth.h"
#include "ref/wire/frame.h"
#include "ref/wire/scheme.h"
#include "ref/wire/settings.h"

#define OPEN 64  /* sessions at one time */
#define MSS 1448 /* Ethernet, with time stamps */
#define RECORD 16384
#define LEAST_DOWN 16 /* records that a session downloads, at least */
#define MORE_DOWN 32  /* and up to so many more */
#define SERVER_PORT 8443
#define SUITE 0x1301

struct side {
	struct aead *handshake, *data;
	uint64_t handshake_seq, seq;
	uint32_t next; /* TCP sequence number */
};

struct session {
	bool open;
	uint32_t number, left;
	uint16_t port;
	struct side side[2];
};

struct gen {
	pcap_dumper_t *dump;
	FILE *keys;
	struct aead_lib *lib;
	uint64_t written, rng, us;
	uint32_t sessions;
	uint16_t ip_id;
	struct session s[OPEN];
};

_Noreturn static void
die(const char *what)
{
	fprintf(stderr, "anytls-pcapgen: %s\n", what);
	exit(1);
}

/* The same file for each run of the same size. */
static uint64_t
next_random(struct gen *g)
{
	g->rng ^= g->rng << 13;
	g->rng ^= g->rng >> 7;
	g->rng ^= g->rng << 17;
	return (g->rng);
}

static uint64_t
below(void *ctx, uint64_t n)
{
	return (next_random(ctx) % n);
}

static void
fill(struct gen *g, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(next_random(g) >> 24);
}

static void
put_ip(struct gen *g, const struct session *s, bool server,
    struct atls_writer *w, size_t len)
{
	uint8_t client[4] = { 10, (uint8_t)(s->number >> 16),
		(uint8_t)(s->number >> 8), (uint8_t)s->number };
	static const uint8_t mine[4] = { 192, 0, 2, 1 };
	static const uint8_t ether[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2,
		8, 0 };

	atls_writer_put(w, ether, sizeof(ether));
	atls_writer_put16(w, 0x4500);
	atls_writer_put16(w, (uint16_t)(20 + 32 + len));
	atls_writer_put16(w, g->ip_id++);
	atls_writer_put16(w, 0x4000);
	atls_writer_put16(w, 64 << 8 | 6);
	atls_writer_put16(w, 0); /* filled in by the card */
	atls_writer_put(w, server ? mine : client, 4);
	atls_writer_put(w, server ? client : mine, 4);
}

/* One packet of a session. */
static void
packet(struct gen *g, struct session *s, bool server, uint8_t flags,
    struct atls_bytes data)
{
	struct side *me = &s->side[server], *peer = &s->side[!server];
	uint8_t buf[14 + 20 + 32 + MSS];
	struct atls_writer w = atls_writer(buf, sizeof(buf));
	struct pcap_pkthdr head;

	put_ip(g, s, server, &w, data.len);
	atls_writer_put16(&w, server ? SERVER_PORT : s->port);
	atls_writer_put16(&w, server ? s->port : SERVER_PORT);
	atls_writer_put32(&w, me->next);
	atls_writer_put32(&w, flags & 0x10 ? peer->next : 0);
	atls_writer_put16(&w, (uint16_t)(8 << 12 | flags));
	atls_writer_put32(&w, 0xffff0000);
	atls_writer_put16(&w, 0);
	atls_writer_put16(&w, 0x0101);
	atls_writer_put16(&w, 0x080a);
	atls_writer_put32(&w, (uint32_t)(g->us / 1000));
	atls_writer_put32(&w, (uint32_t)(g->us / 1000));
	atls_writer_put(&w, data.p, data.len);
	me->next += (uint32_t)data.len + ((flags & 3) != 0);
	g->us += 10;
	head.ts.tv_sec = (time_t)(1700000000 + g->us / 1000000);
	head.ts.tv_usec = (suseconds_t)(g->us % 1000000);
	head.caplen = head.len = (bpf_u_int32)w.len;
	pcap_dump((u_char *)g->dump, &head, buf);
	g->written += w.len + 16;
}

/* Data in segments, each second one acknowledged. */
static void
segments(struct gen *g, struct session *s, bool server, struct atls_bytes in)
{
	size_t n;
	int i;

	for (i = 1; in.len != 0; i++) {
		n = in.len < MSS ? in.len : MSS;
		packet(g, s, server, 0x18, atls_bytes(in.p, n));
		atls_bytes_skip(&in, n);
		if (i % 2 == 0)
			packet(g, s, !server, 0x10, atls_bytes(NULL, 0));
	}
}

static void
seal(struct gen *g, struct session *s, bool server, struct atls_bytes plain,
    struct atls_writer *w)
{
	struct side *me = &s->side[server];

	(void)g;
	if (!aead_seal(me->data, me->seq++, 23, plain, w))
		die("a record does not fit");
}

static void
say(struct gen *g, struct session *s, bool server, struct atls_bytes plain)
{
	uint8_t buf[RECORD + 256];
	struct atls_writer w = atls_writer(buf, sizeof(buf));

	seal(g, s, server, plain, &w);
	segments(g, s, server, atls_bytes(buf, w.len));
}

static struct aead *
secret(struct gen *g, const char *label, const uint8_t random[32])
{
	uint8_t bytes[32];
	int i;

	fill(g, bytes, sizeof(bytes));
	fprintf(g->keys, "%s ", label);
	for (i = 0; i < 32; i++)
		fprintf(g->keys, "%02x", random[i]);
	putc(' ', g->keys);
	for (i = 0; i < 32; i++)
		fprintf(g->keys, "%02x", bytes[i]);
	putc('\n', g->keys);
	return (aead_new_tls13(
	    g->lib, aead_suite(SUITE), atls_bytes(bytes, sizeof(bytes))));
}

/* A ClientHello or ServerHello in its record. */
static void
hello(struct gen *g, struct session *s, bool server, const uint8_t random[32])
{
	static const uint8_t client_end[] = { 0, 0, 2, 0x13, 0x01, 1, 0, 0, 7,
		0, 43, 0, 3, 2, 3, 4 };
	static const uint8_t server_end[] = { 0, 0x13, 0x01, 0, 0, 6, 0, 43, 0,
		2, 3, 4 };
	const uint8_t *end = server ? server_end : client_end;
	size_t n = server ? sizeof(server_end) : sizeof(client_end);
	uint8_t buf[128];
	struct atls_writer w = atls_writer(buf, sizeof(buf));

	atls_writer_put8(&w, 22);
	atls_writer_put16(&w, 0x0303);
	atls_writer_put16(&w, (uint16_t)(4 + 2 + 32 + n));
	atls_writer_put8(&w, server ? 2 : 1);
	atls_writer_put8(&w, 0);
	atls_writer_put16(&w, (uint16_t)(2 + 32 + n));
	atls_writer_put16(&w, 0x0303);
	atls_writer_put(&w, random, 32);
	atls_writer_put(&w, end, n);
	segments(g, s, server, atls_bytes(buf, w.len));
}

/* Finished, and what the server says before it. */
static void
finish(struct gen *g, struct session *s, bool server)
{
	uint8_t plain[64] = { 8, 0, 0, 2, 0, 0, 20, 0, 0, 32 };
	size_t skip = server ? 0 : 6;
	uint8_t buf[128];
	struct atls_writer w = atls_writer(buf, sizeof(buf));

	if (!aead_seal(s->side[server].handshake, 0, 22,
		atls_bytes(plain + skip, 42 - skip), &w))
		die("Finished does not fit");
	segments(g, s, server, atls_bytes(buf, w.len));
}

static void
frame(struct atls_writer *w, uint8_t cmd, uint32_t sid, struct atls_bytes data)
{
	struct atls_frame f = { cmd, sid, (uint16_t)data.len };
	uint8_t *at = atls_writer_take(w, ATLS_FRAME_HEADER);

	atls_frame_put(at, f);
	atls_writer_put(w, data.p, data.len);
}

/* A packet of the client, padded as the default scheme has it. */
static void
client_packet(struct gen *g, struct session *s, const struct atls_scheme *sch,
    uint32_t number, struct atls_bytes in)
{
	struct atls_random rnd = { below, g };
	struct atls_planner p;
	struct atls_write wr;
	uint8_t buf[4096];
	struct atls_writer w;

	atls_planner_init(&p, sch, number, in.len);
	while (atls_planner_next(&p, &rnd, &wr)) {
		w = atls_writer(buf, sizeof(buf));
		atls_writer_put(&w, in.p, wr.payload);
		atls_waste_put(&w, wr.waste);
		atls_bytes_skip(&in, wr.payload);
		say(g, s, false, atls_bytes(buf, w.len));
	}
}

static void
first_flight(struct gen *g, struct session *s, const struct atls_scheme *sch)
{
	static const uint8_t address[] = { 1, 192, 0, 2, 9, 0, 80 };
	uint8_t buf[512], hash[ATLS_AUTH_HASH];
	struct atls_writer w = atls_writer(buf, sizeof(buf));
	uint8_t text[128];
	struct atls_writer t = atls_writer(text, sizeof(text));

	digest_password("sample", hash);
	atls_auth_put(&w, hash, 30);
	say(g, s, false, atls_bytes(buf, w.len));
	atls_settings_put_client(
	    &t, 2, "anytls-pcapgen", ATLS_SCHEME_DEFAULT_MD5);
	w = atls_writer(buf, sizeof(buf));
	frame(&w, ATLS_CMD_SETTINGS, 0, atls_bytes(text, t.len));
	frame(&w, ATLS_CMD_SYN, 1, atls_bytes(NULL, 0));
	frame(&w, ATLS_CMD_PSH, 1, atls_bytes(address, sizeof(address)));
	client_packet(g, s, sch, 1, atls_bytes(buf, w.len));
	w = atls_writer(buf, sizeof(buf));
	frame(&w, ATLS_CMD_SERVER_SETTINGS, 0, atls_bytes_str("v=2"));
	frame(&w, ATLS_CMD_SYNACK, 1, atls_bytes(NULL, 0));
	say(g, s, true, atls_bytes(buf, w.len));
	w = atls_writer(buf, sizeof(buf));
	frame(&w, ATLS_CMD_PSH, 1, atls_bytes_str("GET / HTTP/1.1\r\n\r\n"));
	client_packet(g, s, sch, 2, atls_bytes(buf, w.len));
}

static void
begin(struct gen *g, struct session *s, const struct atls_scheme *sch)
{
	static const uint8_t none[1];
	uint8_t random[2][32];

	memset(s, 0, sizeof(*s));
	s->open = true;
	s->number = ++g->sessions;
	s->port = (uint16_t)(20000 + s->number % 40000);
	s->left = LEAST_DOWN + (uint32_t)(next_random(g) % MORE_DOWN);
	s->side[0].next = (uint32_t)next_random(g);
	s->side[1].next = (uint32_t)next_random(g);
	fill(g, random[0], 32);
	fill(g, random[1], 32);
	packet(g, s, false, 0x02, atls_bytes(none, 0));
	packet(g, s, true, 0x12, atls_bytes(none, 0));
	packet(g, s, false, 0x10, atls_bytes(none, 0));
	s->side[0].handshake =
	    secret(g, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", random[0]);
	s->side[1].handshake =
	    secret(g, "SERVER_HANDSHAKE_TRAFFIC_SECRET", random[0]);
	s->side[0].data = secret(g, "CLIENT_TRAFFIC_SECRET_0", random[0]);
	s->side[1].data = secret(g, "SERVER_TRAFFIC_SECRET_0", random[0]);
	hello(g, s, false, random[0]);
	hello(g, s, true, random[1]);
	finish(g, s, true);
	finish(g, s, false);
	first_flight(g, s, sch);
}

static void
end(struct gen *g, struct session *s)
{
	uint8_t buf[16];
	struct atls_writer w = atls_writer(buf, sizeof(buf));
	int i;

	frame(&w, ATLS_CMD_FIN, 1, atls_bytes(NULL, 0));
	say(g, s, true, atls_bytes(buf, w.len));
	packet(g, s, false, 0x11, atls_bytes(NULL, 0));
	packet(g, s, true, 0x11, atls_bytes(NULL, 0));
	packet(g, s, false, 0x10, atls_bytes(NULL, 0));
	for (i = 0; i < 2; i++) {
		aead_free(s->side[i].handshake);
		aead_free(s->side[i].data);
	}
	s->open = false;
}

/* A full record of the download. */
static void
download(struct gen *g, struct session *s, const uint8_t *body)
{
	uint8_t buf[RECORD];
	struct atls_writer w = atls_writer(buf, sizeof(buf));

	frame(
	    &w, ATLS_CMD_PSH, 1, atls_bytes(body, RECORD - ATLS_FRAME_HEADER));
	say(g, s, true, atls_bytes(buf, w.len));
	s->left--;
}

static void
run(struct gen *g, uint64_t size)
{
	static uint8_t body[RECORD];
	struct atls_scheme sch;
	size_t i;

	fill(g, body, sizeof(body));
	if (atls_scheme_parse(atls_bytes_str(ATLS_SCHEME_DEFAULT), &sch) != 0)
		die("the default scheme does not parse");
	while (g->written < size) {
		i = (size_t)(next_random(g) % OPEN);
		if (!g->s[i].open)
			begin(g, &g->s[i], &sch);
		else if (g->s[i].left != 0)
			download(g, &g->s[i], body);
		else
			end(g, &g->s[i]);
	}
	for (i = 0; i < OPEN; i++)
		if (g->s[i].open)
			end(g, &g->s[i]);
}

int
main(int argc, char *argv[])
{
	struct gen *g = calloc(1, sizeof(*g));
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 65535);
	unsigned long mib = argc == 4 ? strtoul(argv[1], NULL, 10) : 0;

	if (mib == 0 || mib > 65536)
		die("usage: anytls-pcapgen MIB CAPTURE KEYLOG");
	if (g == NULL || p == NULL)
		die("out of memory");
	g->rng = 0x9e3779b97f4a7c15;
	g->lib = aead_lib_new();
	g->keys = fopen(argv[3], "w");
	g->dump = pcap_dump_open(p, argv[2]);
	if (g->lib == NULL || g->keys == NULL || g->dump == NULL)
		die("cannot write the files");
	run(g, (uint64_t)mib << 20);
	printf("%u sessions\n", g->sessions);
	if (fclose(g->keys) != 0 || pcap_dump_flush(g->dump) != 0)
		die("cannot write the files");
	pcap_dump_close(g->dump);
	pcap_close(p);
	aead_lib_free(g->lib);
	free(g);
	return (0);
}
