/* The loads: what the lanes of a run do. */
#include "tools/bench/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ref/wire/bytes.h"
#include "tools/bench/target.h"

/* Latencies kept; of more, the first. */
#define LATENCIES 2000000U
/* Largest stream of churn, and how many in a hundred of them give up. */
#define CHURN_MAX (4U * 1024 * 1024)
#define CHURN_ABANDON 6
#define RETRY_MS 200

struct lane {
	struct work *w;
	struct chan *chan;
	uint32_t session; /* index */
	uint32_t seed;    /* new for each stream */
	uint64_t at; /* position in the pattern, of what was sent or read */
	uint64_t begun_us;
	uint64_t sent, size; /* churn: of this stream */
	uint64_t abandon;    /* churn: gives up when so much came back */
	bool greeted, up, stalls;
};

struct work {
	struct work_config cfg;
	struct work_counts counts;
	struct lane *lanes;
	uint32_t nlanes, begun, seeds;
	struct loop_task more; /* opens what rounds have asked for */
	struct lane **wanted;
	uint32_t nwanted;
	uint32_t *latency_us;
	uint32_t nlatencies;
	uint64_t random;
	struct loop_timer *again; /* churn: when lost streams are tried again */
	bool ending;
};

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000);
}

/* Splitmix64: the same churn with each start. */
static uint64_t
random_below(struct work *w, uint64_t n)
{
	uint64_t z = (w->random += 0x9e3779b97f4a7c15U);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return ((z ^ z >> 31) % n);
}

/* Draws the size of a stream of churn: as many small ones as large ones. */
static void
draw(struct lane *l)
{
	uint64_t max = (uint64_t)1 << random_below(l->w, 23);

	l->size = 1 + random_below(l->w, max < CHURN_MAX ? max : CHURN_MAX);
	l->sent = 0;
	l->abandon = l->size;
	if (random_below(l->w, 100) < CHURN_ABANDON)
		l->abandon = 1 + random_below(l->w, l->size);
}

static void
fail(struct work *w, const char *why)
{
	w->counts.lost++;
	if (w->counts.error[0] == '\0')
		snprintf(w->counts.error, sizeof(w->counts.error), "%s", why);
}

static void
ask(struct lane *l)
{
	l->w->wanted[l->w->nwanted++] = l;
	loop_defer(l->w->cfg.loop, &l->w->more);
}

static void
first_byte(struct lane *l)
{
	struct work *w = l->w;

	if (l->up)
		return;
	l->up = true;
	w->counts.up++;
	if (w->begun < w->nlanes)
		ask(&w->lanes[w->begun++]);
}

static char
mode_of(const struct lane *l)
{
	if (l->stalls)
		return (
		    l->w->cfg.kind == WORK_DOWN ? TARGET_SOURCE : TARGET_STALL);
	if (l->w->cfg.kind == WORK_DOWN)
		return (TARGET_SOURCE);
	return (l->w->cfg.kind == WORK_UP ? TARGET_SINK : TARGET_ECHO);
}

/* The head of a stream and, where an echo is asked for, its first byte. */
static void
greet(struct lane *l)
{
	uint8_t head[TARGET_HEAD + 1];
	size_t n = TARGET_HEAD;

	head[0] = (uint8_t)mode_of(l);
	atls_put32(head + 1, l->seed);
	if (mode_of(l) == TARGET_ECHO && l->w->cfg.kind != WORK_CHURN)
		head[n++] = *pattern_at(l->w->cfg.pattern, l->seed, 0);
	l->greeted = true;
	chan_send(l->chan, atls_bytes(head, n));
}

/* Sends the next piece of a stream of churn. */
static void
churn(struct lane *l, struct chan *c)
{
	uint64_t left = l->size - l->sent;
	size_t n = left < CHAN_PIECE ? (size_t)left : CHAN_PIECE;

	chan_send(
	    c, atls_bytes(pattern_at(l->w->cfg.pattern, l->seed, l->sent), n));
	l->sent += n;
	if (l->sent < l->size)
		chan_want(c);
}

static void
on_room(void *ctx, struct chan *c)
{
	struct lane *l = ctx;

	if (!l->greeted)
		greet(l);
	if (l->w->cfg.kind == WORK_CHURN)
		churn(l, c);
	if (l->w->cfg.kind != WORK_UP)
		return;
	if (l->stalls && l->at >= 4 * CHAN_PIECE)
		return;
	chan_send(c,
	    atls_bytes(
		pattern_at(l->w->cfg.pattern, l->seed, l->at), CHAN_PIECE));
	l->at += CHAN_PIECE;
	first_byte(l);
	chan_want(c);
}

static void
note_latency(struct lane *l)
{
	struct work *w = l->w;
	uint64_t us = now_us() - l->begun_us;

	w->counts.rounds++;
	if (w->nlatencies < LATENCIES)
		w->latency_us[w->nlatencies++] =
		    us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void
end_round(struct lane *l, struct chan *c)
{
	struct work *w = l->w;
	const uint8_t *next;

	note_latency(l);
	first_byte(l);
	if (w->cfg.kind == WORK_IDLE || w->ending)
		return;
	if (w->cfg.kind == WORK_PING) {
		l->begun_us = now_us();
		next = pattern_at(w->cfg.pattern, l->seed, l->at);
		chan_send(c, atls_bytes(next, 1));
		return;
	}
	chan_close(c);
	l->chan = NULL;
	if (w->cfg.kind == WORK_POOL)
		return;
	if (w->cfg.kind == WORK_SESSION)
		way_drop(w->cfg.way, l->session);
	ask(l);
}

static void
on_data(void *ctx, struct chan *c, struct atls_bytes in)
{
	struct lane *l = ctx;
	struct work *w = l->w;

	if (!pattern_same(w->cfg.pattern, l->seed, l->at, in.p, in.len)) {
		fail(w, "a byte came back wrong");
		return;
	}
	l->at += in.len;
	if (w->cfg.kind == WORK_CHURN) {
		w->counts.bytes += in.len;
		if (l->at < l->abandon)
			return;
	}
	if (w->cfg.kind != WORK_DOWN) {
		end_round(l, c);
		return;
	}
	first_byte(l);
	if (l->stalls)
		chan_pause(c, true);
	else
		w->counts.bytes += in.len;
}

/* Opens a lost stream again, with all others that were lost by then. */
static void
try_later(struct lane *l)
{
	struct work *w = l->w;

	w->wanted[w->nwanted++] = l;
	loop_timer_set(w->again, loop_now(w->cfg.loop) + RETRY_MS);
}

static void
on_again(void *arg)
{
	struct work *w = arg;

	loop_defer(w->cfg.loop, &w->more);
}

static void
on_lost(void *ctx, struct chan *c, const char *why)
{
	struct lane *l = ctx;

	(void)c;
	l->chan = NULL;
	if (l->w->ending)
		return;
	if (l->w->cfg.kind != WORK_CHURN) {
		fail(l->w, why);
		return;
	}
	l->w->counts.lost++;
	try_later(l);
}

static const struct chan_user lane_user = { on_data, on_room, on_lost };

static void
on_more(void *arg)
{
	struct work *w = arg;
	struct lane *l;
	uint32_t i, n = w->nwanted;

	for (i = 0; i < n; i++) {
		l = w->wanted[i];
		l->seed = ++w->seeds;
		l->at = 0;
		l->greeted = false;
		draw(l);
		l->begun_us = now_us();
		l->chan = way_open(w->cfg.way, l->session, &lane_user, l);
		if (l->chan != NULL)
			continue;
		if (w->cfg.kind == WORK_CHURN)
			on_lost(l, NULL, "");
		else
			fail(w, "no channel could be opened");
	}
	w->nwanted -= n;
	memmove(w->wanted, w->wanted + n, w->nwanted * sizeof(struct lane *));
}

struct work *
work_new(const struct work_config *cfg)
{
	struct work *w = calloc(1, sizeof(*w));
	uint32_t i, per = cfg->nstreams + (cfg->stalled ? 1 : 0);

	if (w == NULL)
		return (NULL);
	w->cfg = *cfg;
	w->nlanes = cfg->nsessions * per;
	w->lanes = calloc(w->nlanes, sizeof(*w->lanes));
	w->wanted = calloc(2 * (size_t)w->nlanes, sizeof(struct lane *));
	w->again = loop_timer_new(cfg->loop, on_again, w);
	w->latency_us = malloc(LATENCIES * sizeof(*w->latency_us));
	if (w->lanes == NULL || w->wanted == NULL || w->again == NULL ||
	    w->latency_us == NULL) {
		work_free(w);
		return (NULL);
	}
	w->more.fn = on_more;
	w->more.arg = w;
	for (i = 0; i < w->nlanes; i++) {
		w->lanes[i].w = w;
		w->lanes[i].session = i % cfg->nsessions;
		w->lanes[i].stalls = cfg->stalled && i / cfg->nsessions == 0;
	}
	while (w->begun < w->nlanes && w->begun < cfg->at_a_time)
		ask(&w->lanes[w->begun++]);
	return (w);
}

const struct work_counts *
work_counts(const struct work *w)
{
	return (&w->counts);
}

void
work_begin_latency(struct work *w)
{
	w->nlatencies = 0;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x < y ? -1 : x > y);
}

double
work_latency_us(struct work *w, double q)
{
	if (w->nlatencies == 0)
		return (0);
	qsort(w->latency_us, w->nlatencies, sizeof(uint32_t), compare);
	return (w->latency_us[(uint32_t)(q * (w->nlatencies - 1))]);
}

void
work_free(struct work *w)
{
	uint32_t i;

	if (w == NULL)
		return;
	w->ending = true;
	loop_undefer(w->cfg.loop, &w->more);
	loop_timer_free(w->again);
	for (i = 0; w->lanes != NULL && i < w->begun; i++)
		if (w->lanes[i].chan != NULL)
			chan_close(w->lanes[i].chan);
	free(w->lanes);
	free(w->wanted);
	free(w->latency_us);
	free(w);
}
