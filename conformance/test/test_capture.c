/* Captures: what libpcap reads of the files, and what survives accidents. */
#include "conformance/test/cm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "conformance/engine/capture.h"
#include "conformance/engine/capture_file.h"
#include "conformance/engine/child.h"

#define PACKETS 4096
#define FIN 1
#define SYN 2
#define RST 4
#define ACK 16

/* As much of a case as a capture needs. */
struct bench {
	struct t t;
	struct engine engine;
	struct box *box;
	char dir[64], spool[96], file[96];
	int listener;
	struct sockaddr_storage at; /* the listener's */
	socklen_t at_len;
};

/* What the test has read of a file. */
struct seen {
	struct {
		bool v6, udp;
		uint8_t flags;
		uint16_t from, to;
		uint32_t seq, ack;
		uint8_t data[65536];
		size_t len;
		uint64_t at_ns;
	} v[PACKETS];
	size_t n;
};

static int
setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	snprintf(b->dir, sizeof(b->dir), "/tmp/test-capture-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->spool, sizeof(b->spool), "%s/spool", b->dir);
	snprintf(b->file, sizeof(b->file), "%s/x.pcapng", b->dir);
	b->box = box_new();
	assert_non_null(b->box);
	b->t.box = b->box;
	b->t.engine = &b->engine;
	b->engine.capture.path = b->spool;
	b->listener = -1;
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	capture_end(&b->engine.capture);
	box_free(b->box);
	if (b->listener >= 0)
		close(b->listener);
	unlink(b->spool);
	unlink(b->file);
	rmdir(b->dir);
	free(b);
	return 0;
}

static bool
listen_at(struct bench *b, bool v6)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in6.sin6_addr = in6addr_loopback;
	b->listener = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	b->at_len = v6 ? sizeof(in6) : sizeof(in);
	memcpy(&b->at, v6 ? (void *)&in6 : (void *)&in, b->at_len);
	if (b->listener < 0 ||
	    bind(b->listener, (struct sockaddr *)&b->at, b->at_len) < 0)
		return false;
	assert_int_equal(listen(b->listener, 8), 0);
	b->at_len = sizeof(b->at);
	return getsockname(
		   b->listener, (struct sockaddr *)&b->at, &b->at_len) == 0;
}

/* Two ends of a connection, ours first. */
static uint32_t
connect_pair(struct bench *b, int fd[2])
{
	uint32_t conn;

	fd[0] = socket(b->at.ss_family, SOCK_STREAM, 0);
	assert_int_equal(
	    connect(fd[0], (struct sockaddr *)&b->at, b->at_len), 0);
	conn = capture_dial(&b->t, fd[0], &b->at, b->at_len);
	capture_up(&b->t, conn);
	fd[1] = accept(b->listener, NULL, NULL);
	assert_true(fd[1] >= 0);
	return conn;
}

static int
write_file(struct bench *b, const char *verdict)
{
	struct capture_about about = { "a test 1.0", "the comment", verdict,
		b->box->capture_decisive, 1 };

	return capture_file_write(b->spool, b->file, &about);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* By the definition, apart from the code under test: all ones when right. */
static uint16_t
ones(const uint8_t *p, size_t len, uint32_t s)
{
	size_t i;

	for (i = 0; i < len; i++)
		s += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (s > 0xffff)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

static void
read_packet(struct seen *s, const uint8_t *p, size_t len)
{
	bool v6 = p[0] >> 4 == 6;
	size_t ip = v6 ? 40 : 20, upper = len - ip, head;
	uint8_t protocol = p[v6 ? 6 : 9];
	const uint8_t *h = p + ip;

	assert_true(s->n < PACKETS);
	if (v6)
		assert_int_equal(get16(p + 4), upper);
	else
		assert_int_equal(get16(p + 2), len);
	if (!v6)
		assert_int_equal(ones(p, 20, 0), 0xffff);
	assert_int_equal(ones(h, upper,
			     (uint32_t)upper + protocol +
				 ones(p + (v6 ? 8 : 12), v6 ? 32 : 8, 0)),
	    0xffff);
	s->v[s->n].v6 = v6;
	s->v[s->n].udp = protocol == 17;
	s->v[s->n].from = get16(h);
	s->v[s->n].to = get16(h + 2);
	head = 8;
	if (protocol == 6) {
		s->v[s->n].seq = get32(h + 4);
		s->v[s->n].ack = get32(h + 8);
		s->v[s->n].flags = h[13];
		head = (size_t)(h[12] >> 4) * 4;
	} else {
		assert_int_equal(get16(h + 4), upper);
	}
	s->v[s->n].len = upper - head;
	memcpy(s->v[s->n].data, h + head, upper - head);
	s->n++;
}

/* The packets of the file, all checked; free() it. */
static struct seen *
read_file(struct bench *b)
{
	struct seen *s = calloc(1, sizeof(*s));
	char err[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *head;
	const uint8_t *p;
	pcap_t *pcap;
	int rc;

	assert_non_null(s);
	pcap = pcap_open_offline_with_tstamp_precision(
	    b->file, PCAP_TSTAMP_PRECISION_NANO, err);
	if (pcap == NULL)
		fail_msg("%s", err);
	assert_int_equal(pcap_datalink(pcap), DLT_RAW);
	while ((rc = pcap_next_ex(pcap, &head, &p)) == 1) {
		assert_int_equal(head->caplen, head->len);
		s->v[s->n].at_ns = (uint64_t)head->ts.tv_sec * 1000000000 +
		    (uint64_t)head->ts.tv_usec;
		read_packet(s, p, head->caplen);
	}
	if (rc != PCAP_ERROR_BREAK)
		fail_msg("%s", pcap_geterr(pcap));
	pcap_close(pcap);
	return s;
}

/* Each end's sequence numbers go on where they were, and acknowledge what the
 * other has sent. */
static void
check_numbers(const struct seen *s, uint16_t from)
{
	uint32_t next[2] = { 0, 0 };
	bool known[2] = { false, false };
	size_t i, side;

	for (i = 0; i < s->n; i++) {
		if (s->v[i].udp || (s->v[i].from != from && s->v[i].to != from))
			continue;
		side = s->v[i].from != from;
		if (known[side])
			assert_int_equal(s->v[i].seq, next[side]);
		if (s->v[i].flags & ACK && known[!side])
			assert_int_equal(s->v[i].ack, next[!side]);
		known[side] = true;
		next[side] = s->v[i].seq + (uint32_t)s->v[i].len +
		    !!(s->v[i].flags & (SYN | FIN));
	}
}

/* What FROM sent, of LEN bytes in all. */
static size_t
sent_by(const struct seen *s, uint16_t from, uint8_t *out)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		if (s->v[i].from == from) {
			memcpy(out + n, s->v[i].data, s->v[i].len);
			n += s->v[i].len;
		}
	return n;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	uint8_t raw[4];

	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	memcpy(raw, &ss, sizeof(raw));
	return get16(raw + 2);
}

static void
a_conversation(struct bench *b, bool v6)
{
	static uint8_t big[200000], got[200100];
	struct seen *s;
	uint32_t conn;
	uint16_t port;
	size_t i;
	int fd[2];

	if (!listen_at(b, v6))
		skip();
	for (i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7 + i / 256);
	conn = connect_pair(b, fd);
	port = port_of(fd[0]);
	capture_sent(&b->t, conn, "hello", 5);
	capture_came(&b->t, conn, "answer", 6);
	capture_sent(&b->t, conn, big, sizeof(big));
	capture_came_fin(&b->t, conn);
	capture_close(&b->t, conn, fd[0]);
	close(fd[0]);
	close(fd[1]);
	assert_int_equal(write_file(b, NULL), 0);
	s = read_file(b);
	check_numbers(s, port);
	assert_int_equal(s->v[0].v6, v6);
	assert_int_equal(s->v[0].flags, SYN);
	assert_int_equal(s->v[1].flags, SYN | ACK);
	assert_int_equal(s->v[2].flags, ACK);
	assert_int_equal(sent_by(s, port, got), 5 + sizeof(big));
	assert_memory_equal(got, "hello", 5);
	assert_memory_equal(got + 5, big, sizeof(big));
	assert_int_equal(sent_by(s, s->v[1].from, got), 6);
	assert_memory_equal(got, "answer", 6);
	assert_int_equal(s->v[s->n - 2].flags, FIN | ACK);
	assert_int_equal(s->v[s->n - 2].from, port);
	free(s);
}

static void
ipv4_conversation(void **state)
{
	a_conversation(*state, false);
}

static void
ipv6_conversation(void **state)
{
	a_conversation(*state, true);
}

static void
two_connections_and_how_they_end(void **state)
{
	struct linger now = { 1, 0 };
	struct bench *b = *state;
	uint32_t one, two;
	uint16_t port[2];
	int fd[2], other[2];
	struct seen *s;

	assert_true(listen_at(b, false));
	one = connect_pair(b, fd);
	two = connect_pair(b, other);
	port[0] = port_of(fd[0]);
	port[1] = port_of(other[0]);
	assert_int_equal(one, 1);
	assert_int_equal(two, 2);
	capture_sent(&b->t, two, "2", 1);
	/* Unread data: the kernel sends RST. */
	assert_int_equal(write(fd[1], "x", 1), 1);
	usleep(20000);
	capture_close(&b->t, one, fd[0]);
	assert_int_equal(
	    setsockopt(other[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	capture_close(&b->t, two, other[0]);
	/* Later words about them are none. */
	capture_came_fin(&b->t, one);
	close(fd[0]);
	close(fd[1]);
	close(other[0]);
	close(other[1]);
	assert_int_equal(write_file(b, NULL), 0);
	s = read_file(b);
	check_numbers(s, port[0]);
	check_numbers(s, port[1]);
	assert_int_equal(s->n, 9);
	assert_int_equal(s->v[7].flags, RST | ACK);
	assert_int_equal(s->v[7].from, port[0]);
	assert_int_equal(s->v[8].flags, RST | ACK);
	assert_int_equal(s->v[8].from, port[1]);
	free(s);
}

static void
datagrams(void **state)
{
	struct bench *b = *state;
	uint32_t conn;
	struct seen *s;
	int fd;

	assert_true(listen_at(b, false));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&b->at, b->at_len), 0);
	conn = capture_datagrams(&b->t, fd, &b->at, b->at_len);
	assert_int_equal(capture_datagrams(&b->t, fd, &b->at, b->at_len), conn);
	capture_sent(&b->t, conn, "odd", 3);
	capture_came(&b->t, conn, NULL, 0);
	assert_int_equal(write_file(b, NULL), 0);
	close(fd);
	s = read_file(b);
	assert_int_equal(s->n, 2);
	assert_true(s->v[0].udp);
	assert_memory_equal(s->v[0].data, "odd", 3);
	assert_int_equal(s->v[1].len, 0);
	free(s);
}

/* A block of the file behind *AT; its type, 0 at the end. */
static uint32_t
next_block(const uint8_t *p, size_t len, size_t *at, const uint8_t **body,
    uint32_t *body_len)
{
	uint32_t type, total, again;

	if (*at == len)
		return 0;
	assert_true(len - *at >= 12);
	memcpy(&type, p + *at, 4);
	memcpy(&total, p + *at + 4, 4);
	assert_int_equal(total % 4, 0);
	assert_true(total >= 12 && total <= len - *at);
	memcpy(&again, p + *at + total - 4, 4);
	assert_int_equal(total, again);
	*body = p + *at + 8;
	*body_len = total - 12;
	*at += total;
	return type;
}

static bool
has_text(const uint8_t *p, size_t len, const char *text)
{
	size_t n = strlen(text), i;

	for (i = 0; i + n <= len; i++)
		if (memcmp(p + i, text, n) == 0)
			return true;
	return false;
}

static size_t
slurp(const char *path, uint8_t **p)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	size_t n;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	*p = malloc((size_t)st.st_size + 1);
	assert_non_null(*p);
	n = fread(*p, 1, (size_t)st.st_size, f);
	fclose(f);
	return n;
}

/* Secrets stand before packets, whenever they came; the verdict is on the
 * packet that decides, and nowhere else. */
static void
secrets_first_verdict_at_its_packet(void **state)
{
	static const uint32_t types[] = { 0x0a0d0d0a, 1, 10 };
	struct bench *b = *state;
	uint32_t conn, body_len, type;
	const uint8_t *body;
	size_t at = 0, len, i;
	uint8_t *file;
	int fd[2];

	assert_true(listen_at(b, false));
	conn = connect_pair(b, fd);
	capture_key(&b->t, "CLIENT_RANDOM 00 11");
	capture_sent(&b->t, conn, "x", 1);
	capture_decides(&b->t, capture_here(&b->t), 0);
	capture_came(&b->t, conn, "y", 1);
	capture_key(&b->t, "CLIENT_RANDOM 22 33");
	assert_int_equal(write_file(b, "FAIL it"), 0);
	close(fd[0]);
	close(fd[1]);
	len = slurp(b->file, &file);
	for (i = 0; (type = next_block(file, len, &at, &body, &body_len)) != 0;
	     i++) {
		assert_int_equal(type, i < 3 ? types[i] : 6);
		assert_int_equal(
		    has_text(body, body_len, "FAIL it"), i == 3 + 3);
	}
	assert_int_equal(i, 3 + 3 + 2);
	assert_true(has_text(file, len,
	    "CLIENT_RANDOM 00 11\nCLIENT_RANDOM "
	    "22 33\n"));
	assert_true(has_text(file, len, "a test 1.0"));
	assert_true(has_text(file, len, "the comment"));
	free(file);
}

/* However much of the spool a killed case has left. */
static void
cut_spools_are_read(void **state)
{
	struct bench *b = *state;
	size_t len, cut, files = 0;
	struct seen *s;
	uint8_t *spool;
	uint32_t conn;
	int fd[2], rc;

	assert_true(listen_at(b, false));
	conn = connect_pair(b, fd);
	capture_sent(&b->t, conn, "hello", 5);
	capture_key(&b->t, "K");
	capture_came(&b->t, conn, "hello", 5);
	capture_close(&b->t, conn, fd[0]);
	close(fd[0]);
	close(fd[1]);
	len = slurp(b->spool, &spool);
	for (cut = len; cut-- > 0;) {
		assert_int_equal(truncate(b->spool, (off_t)cut), 0);
		unlink(b->file);
		rc = write_file(b, "verdict");
		if (rc == ENODATA) {
			assert_int_not_equal(access(b->file, F_OK), 0);
			continue;
		}
		assert_int_equal(rc, 0);
		s = read_file(b);
		assert_true(s->n > 0);
		free(s);
		files++;
	}
	assert_true(files > 100);
	free(spool);
}

static void
what_is_too_much_is_counted(void **state)
{
	static uint8_t big[1 << 20];
	struct bench *b = *state;
	struct seen *s;
	struct stat st;
	uint32_t conn;
	int fd[2], i;

	assert_true(listen_at(b, false));
	conn = connect_pair(b, fd);
	for (i = 0; i < 20; i++)
		capture_came(&b->t, conn, big, sizeof(big));
	capture_close(&b->t, conn, fd[0]);
	close(fd[0]);
	close(fd[1]);
	assert_int_equal(b->box->capture_lost, 5u << 20);
	assert_int_equal(stat(b->spool, &st), 0);
	assert_true(st.st_size < (16 << 20) + 4096);
	assert_int_equal(write_file(b, NULL), 0);
	s = read_file(b);
	/* The gap shows in the numbers. */
	assert_int_equal(s->v[s->n - 2].ack - s->v[1].seq, (20u << 20) + 1);
	free(s);
}

static void
a_full_disk_ends_no_case(void **state)
{
	struct bench *b = *state;
	uint32_t conn;
	int fd[2];

	b->engine.capture.path = "/nowhere/spool";
	assert_true(listen_at(b, false));
	errno = 77;
	conn = connect_pair(b, fd);
	capture_sent(&b->t, conn, "x", 1);
	capture_close(&b->t, conn, fd[0]);
	assert_int_equal(b->box->capture_errno, ENOENT);
	assert_int_equal(errno, 77);
	close(fd[0]);
	close(fd[1]);
	assert_int_equal(write_file(b, NULL), ENODATA);
	b->box->capture_errno = 0;
}

static void
files_that_cannot_be_written(void **state)
{
	struct capture_about about = { "a", NULL, NULL, 0, 1 };
	struct bench *b = *state;
	int fd[2];

	assert_true(listen_at(b, false));
	connect_pair(b, fd);
	close(fd[0]);
	close(fd[1]);
	assert_int_equal(
	    capture_file_write(b->spool, "/nowhere/x.pcapng", &about), ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(ipv4_conversation),
		T(ipv6_conversation),
		T(two_connections_and_how_they_end),
		T(datagrams),
		T(secrets_first_verdict_at_its_packet),
		T(cut_spools_are_read),
		T(what_is_too_much_is_counted),
		T(a_full_disk_ends_no_case),
		T(files_that_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
