/* A ring of batches, filled by one thread and emptied by another. */
#include "pcap/ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCHES 4
/* Bytes after which a batch is full. Small enough that the second processor
 * finds what the first has written in the cache. */
#define FULL (256u * 1024)

/* Packets stand in a batch as struct ahead_packet, the data behind each. */
struct batch {
	uint8_t *data; /* each packet at a multiple of its alignment */
	size_t len, cap;
	int end; /* 1: more follows; else what file_next() said */
	uint64_t done, size;
	char err[FILE_ERRLEN];
};

struct ahead {
	struct capture_file *file;
	struct batch ring[BATCHES];
	pthread_t thread;
	bool threaded;
	pthread_mutex_t lock; /* guards the next three */
	pthread_cond_t changed;
	unsigned filled, taken; /* batches so far */
	bool stop;
	/* Of the caller's thread. */
	struct batch *now; /* being emptied */
	size_t at;
};

static bool
has_payload(const struct ahead_packet *p)
{
	return (p->kind == PACKET_TCP || p->kind == PACKET_UDP);
}

static size_t
room_of(const struct ahead_packet *p)
{
	size_t len = has_payload(p) ? p->segment.payload.len : 0;
	size_t mask = _Alignof(struct ahead_packet) - 1;

	return ((sizeof(*p) + len + mask) & ~mask);
}

static bool
append(struct batch *b, const struct ahead_packet *p)
{
	size_t room = room_of(p), cap = b->cap;
	uint8_t *grown;

	while (cap - b->len < room)
		cap = cap != 0 ? 2 * cap : 2 * (size_t)FULL;
	if (cap != b->cap) {
		grown = realloc(b->data, cap);
		if (grown == NULL)
			return (false);
		b->data = grown;
		b->cap = cap;
	}
	memcpy(b->data + b->len, p, sizeof(*p));
	if (has_payload(p) && p->segment.payload.len != 0)
		memcpy(b->data + b->len + sizeof(*p), p->segment.payload.p,
		    p->segment.payload.len);
	b->len += room;
	return (true);
}

static void
fill(struct ahead *a, struct batch *b)
{
	int link = file_link(a->file);
	struct atls_bytes captured;
	struct ahead_packet p;

	memset(&p, 0, sizeof(p));
	b->len = 0;
	b->end = 1;
	while (b->len < FULL && b->end == 1) {
		b->end = file_next(a->file, &captured, &p.at, b->err);
		if (b->end != 1)
			break;
		p.kind = packet_read(link, captured, &p.segment);
		if (!append(b, &p)) {
			snprintf(b->err, sizeof(b->err), "out of memory");
			b->end = -1;
		}
	}
	file_progress(a->file, &b->done, &b->size);
}

/* Waits until a batch is free. False: it is to stop. */
static bool
wait_free(struct ahead *a)
{
	bool stop;

	pthread_mutex_lock(&a->lock);
	while (!a->stop && a->filled - a->taken == BATCHES)
		pthread_cond_wait(&a->changed, &a->lock);
	stop = a->stop;
	pthread_mutex_unlock(&a->lock);
	return (!stop);
}

static void
count(struct ahead *a, unsigned *n)
{
	pthread_mutex_lock(&a->lock);
	++*n;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static void *
run(void *ctx)
{
	struct ahead *a = ctx;
	unsigned i = 0;
	bool more = true;

	while (more && wait_free(a)) {
		fill(a, &a->ring[i % BATCHES]);
		more = a->ring[i % BATCHES].end == 1;
		i++;
		count(a, &a->filled);
	}
	return (NULL);
}

/* Signals are for the caller's thread. */
static bool
start(struct ahead *a)
{
	sigset_t all, before;
	bool ok;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ok = pthread_create(&a->thread, NULL, run, a) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return (ok);
}

struct ahead *
ahead_new(struct capture_file *f)
{
	struct ahead *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return (NULL);
	a->file = f;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	a->threaded = start(a);
	return (a);
}

void
ahead_free(struct ahead *a)
{
	int i;

	if (a == NULL)
		return;
	if (a->threaded) {
		pthread_mutex_lock(&a->lock);
		a->stop = true;
		pthread_cond_signal(&a->changed);
		pthread_mutex_unlock(&a->lock);
		pthread_join(a->thread, NULL);
	}
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	for (i = 0; i < BATCHES; i++)
		free(a->ring[i].data);
	free(a);
}

/* The batch behind the one that has been emptied. */
static void
turn(struct ahead *a)
{
	unsigned i = a->taken; /* written by this thread alone */

	if (!a->threaded) {
		a->now = &a->ring[0];
		fill(a, a->now);
		return;
	}
	if (a->now != NULL) {
		count(a, &a->taken);
		i++;
	}
	pthread_mutex_lock(&a->lock);
	while (a->filled == i)
		pthread_cond_wait(&a->changed, &a->lock);
	pthread_mutex_unlock(&a->lock);
	a->now = &a->ring[i % BATCHES];
}

int
ahead_next(struct ahead *a, struct ahead_packet *p, char err[FILE_ERRLEN])
{
	while (a->now == NULL || a->at == a->now->len) {
		if (a->now != NULL && a->now->end != 1) {
			memcpy(err, a->now->err, FILE_ERRLEN);
			return (a->now->end);
		}
		turn(a);
		a->at = 0;
	}
	memcpy(p, a->now->data + a->at, sizeof(*p));
	p->segment.payload.p = a->now->data + a->at + sizeof(*p);
	a->at += room_of(p);
	return (1);
}

void
ahead_progress(const struct ahead *a, uint64_t *done, uint64_t *size)
{
	*done = a->now != NULL ? a->now->done : 0;
	*size = a->now != NULL ? a->now->size : 0;
}
