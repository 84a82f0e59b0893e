/* Reads the events of a spool twice: for what stands before the packets, and
 * for the packets. */
#include "conformance/engine/capture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/engine/files.h"
#include "conformance/engine/packets.h"
#include "conformance/engine/pcapng.h"

#define INTERFACE "suite"
#define DESCRIPTION                                                            \
	"sockets of the suite: bytes and times are real, TCP/IP headers are "  \
	"made up; outbound is what the suite sent"

struct spool {
	uint8_t *p;
	size_t len, at;
};

struct writer {
	FILE *f;
	const struct capture_about *about;
	struct flow *flows;
	uint32_t nflows;
	uint64_t at_ns;
	/* Of the event at hand: packets it makes, how many are out, and whether
	 * the last of them decides. */
	bool decides;
	struct packet_sink sink;
	/* A packet is held until it is known whether it is the last. */
	uint8_t *held;
	size_t held_len;
	unsigned held_side;
};

static int
load(struct spool *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	struct stat st;
	ssize_t n;

	memset(s, 0, sizeof(*s));
	if (fd < 0)
		return errno == ENOENT ? ENODATA : errno;
	if (fstat(fd, &st) < 0)
		error = errno;
	else if ((s->p = malloc((size_t)st.st_size + 1)) == NULL)
		error = ENOMEM;
	while (error == 0 && s->len < (size_t)st.st_size) {
		n = read(fd, s->p + s->len, (size_t)st.st_size - s->len);
		if (n < 0 && errno != EINTR)
			error = errno;
		if (n == 0)
			break;
		s->len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return error;
}

/* The next event and its bytes; a last one that was cut is none. */
static const uint8_t *
next(struct spool *s, struct spool_event *e)
{
	const uint8_t *p;

	if (s->p == NULL || s->len - s->at < sizeof(*e))
		return NULL;
	memcpy(e, s->p + s->at, sizeof(*e));
	if (s->len - s->at - sizeof(*e) < e->len)
		return NULL;
	p = s->p + s->at + sizeof(*e);
	s->at += sizeof(*e) + e->len;
	return p;
}

static bool
makes_packets(const struct spool_event *e, const uint8_t *p)
{
	struct spool_open o;

	if (e->type != SPOOL_OPEN)
		return e->type != SPOOL_LOST && e->type != SPOOL_KEY;
	if (e->len != sizeof(o))
		return false;
	memcpy(&o, p, sizeof(o));
	return o.kind != SPOOL_UDP;
}

/* What must be known before the first packet: the keys, and the number of the
 * event that decides. */
static bool
look(struct spool *s, struct writer *w, uint32_t *decisive, char **keys,
    size_t *keys_len)
{
	FILE *mem = open_memstream(keys, keys_len);
	struct spool_event e;
	const uint8_t *p;
	bool some = false, lost;

	*decisive = 0;
	while (mem != NULL && (p = next(s, &e)) != NULL) {
		if (e.type == SPOOL_KEY) {
			fwrite(p, e.len, 1, mem);
			putc('\n', mem);
		}
		if (!makes_packets(&e, p))
			continue;
		some = true;
		if (w->about->decisive == 0 || e.number <= w->about->decisive)
			*decisive = e.number;
	}
	s->at = 0;
	lost = mem == NULL || ferror(mem);
	if (mem == NULL || fclose(mem) != 0 || lost || *keys == NULL) {
		errno = ENOMEM;
		return false;
	}
	if (!some)
		errno = ENODATA;
	return some;
}

static void
release(struct writer *w, bool last)
{
	struct pcapng_packet packet = { w->at_ns, w->held, w->held_len,
		w->held_side == 0,
		last && w->decides ? w->about->verdict : NULL };

	if (w->held_len != 0)
		pcapng_packet(w->f, &packet);
	w->held_len = 0;
}

static void
emit(void *ctx, unsigned side, const uint8_t *p, size_t len)
{
	struct writer *w = ctx;

	release(w, false);
	memcpy(w->held, p, len);
	w->held_len = len;
	w->held_side = side;
}

static void
open_flow(struct writer *w, const struct spool_event *e, const uint8_t *p)
{
	struct spool_open o;
	struct flow *grown;

	if (e->len != sizeof(o) || e->conn != w->nflows + 1)
		return;
	memcpy(&o, p, sizeof(o));
	grown = realloc(w->flows, (w->nflows + 1) * sizeof(*grown));
	if (grown == NULL)
		return;
	w->flows = grown;
	packets_open(&grown[w->nflows], &o, e->conn, &w->sink);
	if (o.kind == SPOOL_ACCEPTED)
		packets_up(&grown[w->nflows], &w->sink);
	w->nflows++;
}

static void
packets_of(struct writer *w, const struct spool_event *e, const uint8_t *p)
{
	uint64_t lost[2];
	struct flow *flow;

	if (e->type == SPOOL_OPEN) {
		open_flow(w, e, p);
		return;
	}
	if (e->conn == 0 || e->conn > w->nflows)
		return;
	flow = &w->flows[e->conn - 1];
	switch (e->type) {
	case SPOOL_UP:
		packets_up(flow, &w->sink);
		break;
	case SPOOL_SENT:
	case SPOOL_CAME:
		packets_data(flow, e->type == SPOOL_CAME, p, e->len, &w->sink);
		break;
	case SPOOL_SENT_FIN:
	case SPOOL_CAME_FIN:
		packets_fin(flow, e->type == SPOOL_CAME_FIN, &w->sink);
		break;
	case SPOOL_SENT_RST:
	case SPOOL_CAME_RST:
		packets_rst(flow, e->type == SPOOL_CAME_RST, &w->sink);
		break;
	case SPOOL_LOST:
		if (e->len != sizeof(lost))
			break;
		memcpy(lost, p, sizeof(lost));
		packets_gap(flow, 0, lost[0]);
		packets_gap(flow, 1, lost[1]);
		break;
	default:
		break;
	}
}

static void
write_packets(struct writer *w, struct spool *s, uint32_t decisive)
{
	struct spool_event e;
	const uint8_t *p;

	w->sink = (struct packet_sink){ emit, w };
	while ((p = next(s, &e)) != NULL) {
		w->at_ns = e.at_ns;
		w->decides = e.number == decisive;
		packets_of(w, &e, p);
		release(w, true);
	}
}

/* Writes to F; 0 or an errno. */
static int
write_all(FILE *f, struct spool *s, const struct capture_about *about)
{
	struct writer w = { .f = f, .about = about };
	uint32_t decisive;
	char *keys = NULL;
	size_t keys_len = 0;
	int error = 0;

	w.held = malloc(PACKETS_MAX);
	if (w.held == NULL || !look(s, &w, &decisive, &keys, &keys_len)) {
		error = errno;
	} else {
		pcapng_section(f, about->application, about->comment);
		pcapng_interface(f, INTERFACE, DESCRIPTION);
		if (about->with_keys && keys_len != 0)
			pcapng_tls_secrets(f, keys, keys_len);
		write_packets(&w, s, decisive);
	}
	free(w.held);
	free(w.flows);
	free(keys);
	return error;
}

/* The whole file in memory: a disk that is full is then told by errno. */
static int
make(struct spool *s, const struct capture_about *about, char **file,
    size_t *len)
{
	FILE *f = open_memstream(file, len);
	int error;

	if (f == NULL)
		return errno;
	error = write_all(f, s, about);
	if (ferror(f) && error == 0)
		error = ENOMEM;
	if ((fclose(f) != 0 || *file == NULL) && error == 0)
		error = ENOMEM;
	return error;
}

int
capture_file_write(
    const char *spool, const char *path, const struct capture_about *about)
{
	char *file = NULL;
	struct spool s;
	size_t len = 0;
	int error;

	error = load(&s, spool);
	if (error == 0)
		error = make(&s, about, &file, &len);
	if (error == 0)
		error = files_replace(path, file, len);
	free(file);
	free(s.p);
	return error;
}
