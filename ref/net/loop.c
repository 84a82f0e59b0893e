/* The event loop, on libuv: the only file that knows it. */
#include "ref/net/loop.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

/* What every object on the loop starts with, to end what is left at the end. */
struct object {
	struct object *next, **link;
	void (*free)(struct object *o);
};

struct loop {
	uv_loop_t uv;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_async_t async;
	struct loop_task *first, **last;
	struct object *objects;
	unsigned lookups; /* with the resolver's threads */
	void (*on_wake)(void *arg);
	void *wake_arg;
};

struct loop_io {
	struct object object;
	uv_poll_t uv;
	void (*fn)(void *arg, unsigned events);
	void *arg;
	unsigned wanted;
};

struct loop_timer {
	struct object object;
	uv_timer_t uv;
	struct loop *loop;
	void (*fn)(void *arg);
	void *arg;
};

struct loop_signal {
	struct object object;
	uv_signal_t uv;
	void (*fn)(void *arg, int signo);
	void *arg;
};

struct loop_lookup {
	struct object object;
	uv_getaddrinfo_t uv;
	struct loop *loop;
	void (*fn)(void *arg, const struct addrinfo *list, const char *err);
	void *arg; /* FN is NULL when the caller lost interest */
};

static void
object_add(struct loop *l, struct object *o, void (*fn)(struct object *o))
{
	o->free = fn;
	o->next = l->objects;
	o->link = &l->objects;
	if (o->next != NULL)
		o->next->link = &o->next;
	l->objects = o;
}

static void
object_remove(struct object *o)
{
	*o->link = o->next;
	if (o->next != NULL)
		o->next->link = o->link;
}

/* Runs the deferred tasks, also those that tasks queue. */
static void
run_tasks(struct loop *l)
{
	struct loop_task *t;

	while ((t = l->first) != NULL) {
		loop_undefer(l, t);
		t->fn(t->arg);
	}
}

/* Tasks queued by timers, and by what ran before the loop. */
static void
on_prepare(uv_prepare_t *h)
{
	run_tasks(h->data);
}

/* Tasks queued by ready sockets. */
static void
on_check(uv_check_t *h)
{
	run_tasks(h->data);
}

static void
on_async(uv_async_t *h)
{
	struct loop *l = h->data;

	if (l->on_wake != NULL)
		l->on_wake(l->wake_arg);
}

struct loop *
loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return (NULL);
	l->last = &l->first;
	if (uv_loop_init(&l->uv) != 0)
		goto fail_init;
	if (uv_async_init(&l->uv, &l->async, on_async) != 0)
		goto fail_async;
	uv_prepare_init(&l->uv, &l->prepare);
	uv_check_init(&l->uv, &l->check);
	l->prepare.data = l;
	l->check.data = l;
	l->async.data = l;
	uv_prepare_start(&l->prepare, on_prepare);
	uv_check_start(&l->check, on_check);
	return (l);

fail_async:
	uv_loop_close(&l->uv);
fail_init:
	free(l);
	return (NULL);
}

void
loop_free(struct loop *l)
{
	struct object *o;

	if (l == NULL)
		return;
	while ((o = l->objects) != NULL)
		o->free(o);
	uv_close((uv_handle_t *)&l->prepare, NULL);
	uv_close((uv_handle_t *)&l->check, NULL);
	uv_close((uv_handle_t *)&l->async, NULL);
	/* Lets the close callbacks and cancelled look-ups come. A resolver that
	 * waits for the network may take long: it keeps the loop instead. */
	uv_run(&l->uv, l->lookups ? UV_RUN_NOWAIT : UV_RUN_DEFAULT);
	if (uv_loop_close(&l->uv) == 0)
		free(l);
}

void
loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

void
loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

uint64_t
loop_now(const struct loop *l)
{
	return (uv_now(&l->uv));
}

uint64_t
loop_update_now(struct loop *l)
{
	uv_update_time(&l->uv);
	return (uv_now(&l->uv));
}

void
loop_on_wake(struct loop *l, void (*fn)(void *arg), void *arg)
{
	l->on_wake = fn;
	l->wake_arg = arg;
}

void
loop_wake(struct loop *l)
{
	uv_async_send(&l->async);
}

void
loop_defer(struct loop *l, struct loop_task *t)
{
	if (t->link != NULL)
		return;
	t->next = NULL;
	t->link = l->last;
	*l->last = t;
	l->last = &t->next;
}

void
loop_undefer(struct loop *l, struct loop_task *t)
{
	if (t->link == NULL)
		return;
	*t->link = t->next;
	if (t->next != NULL)
		t->next->link = t->link;
	else
		l->last = t->link;
	t->next = NULL;
	t->link = NULL;
}

/* Every object starts with its struct object, so the handle's DATA is it. */
static void
on_closed(uv_handle_t *h)
{
	free(h->data);
}

static void
object_close(struct object *o, uv_handle_t *h)
{
	object_remove(o);
	h->data = o;
	uv_close(h, on_closed);
}

static void
on_poll(uv_poll_t *h, int status, int events)
{
	struct loop_io *io = h->data;
	unsigned e = 0, wanted = io->wanted;

	if (status < 0) {
		/* libuv has stopped watching; a datagram socket lives on. */
		io->wanted = 0;
		loop_io_want(io, wanted);
		e = wanted;
	}
	if (events & UV_READABLE)
		e |= LOOP_READ;
	if (events & UV_WRITABLE)
		e |= LOOP_WRITE;
	if ((e & wanted) != 0)
		io->fn(io->arg, e & wanted);
}

static void
io_free(struct object *o)
{
	struct loop_io *io = (struct loop_io *)o;

	object_close(o, (uv_handle_t *)&io->uv);
}

struct loop_io *
loop_io_new(
    struct loop *l, int fd, void (*fn)(void *arg, unsigned events), void *arg)
{
	struct loop_io *io = calloc(1, sizeof(*io));

	if (io == NULL)
		return (NULL);
	if (uv_poll_init(&l->uv, &io->uv, fd) != 0) {
		free(io);
		return (NULL);
	}
	io->uv.data = io;
	io->fn = fn;
	io->arg = arg;
	object_add(l, &io->object, io_free);
	return (io);
}

void
loop_io_want(struct loop_io *io, unsigned events)
{
	int e = 0;

	if (events == io->wanted)
		return;
	io->wanted = events;
	if (events & LOOP_READ)
		e |= UV_READABLE;
	if (events & LOOP_WRITE)
		e |= UV_WRITABLE;
	if (e == 0)
		uv_poll_stop(&io->uv);
	else
		uv_poll_start(&io->uv, e, on_poll);
}

unsigned
loop_io_wanted(const struct loop_io *io)
{
	return (io->wanted);
}

void
loop_io_free(struct loop_io *io)
{
	if (io != NULL)
		io_free(&io->object);
}

static void
on_timer(uv_timer_t *h)
{
	struct loop_timer *t = h->data;

	t->fn(t->arg);
}

static void
timer_free(struct object *o)
{
	struct loop_timer *t = (struct loop_timer *)o;

	object_close(o, (uv_handle_t *)&t->uv);
}

struct loop_timer *
loop_timer_new(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct loop_timer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return (NULL);
	uv_timer_init(&l->uv, &t->uv);
	t->uv.data = t;
	t->loop = l;
	t->fn = fn;
	t->arg = arg;
	object_add(l, &t->object, timer_free);
	return (t);
}

void
loop_timer_set(struct loop_timer *t, uint64_t at_ms)
{
	uint64_t now = loop_now(t->loop);

	if (at_ms == UINT64_MAX)
		uv_timer_stop(&t->uv);
	else
		uv_timer_start(
		    &t->uv, on_timer, at_ms > now ? at_ms - now : 0, 0);
}

void
loop_timer_free(struct loop_timer *t)
{
	if (t != NULL)
		timer_free(&t->object);
}

static void
on_signal(uv_signal_t *h, int signo)
{
	struct loop_signal *s = h->data;

	s->fn(s->arg, signo);
}

static void
signal_free(struct object *o)
{
	struct loop_signal *s = (struct loop_signal *)o;

	object_close(o, (uv_handle_t *)&s->uv);
}

struct loop_signal *
loop_signal_new(
    struct loop *l, int signo, void (*fn)(void *arg, int signo), void *arg)
{
	struct loop_signal *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return (NULL);
	uv_signal_init(&l->uv, &s->uv);
	s->uv.data = s;
	s->fn = fn;
	s->arg = arg;
	object_add(l, &s->object, signal_free);
	uv_signal_start(&s->uv, on_signal, signo);
	return (s);
}

void
loop_signal_free(struct loop_signal *s)
{
	if (s != NULL)
		signal_free(&s->object);
}

static void
on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct loop_lookup *q = req->data;

	q->loop->lookups--;
	if (q->fn != NULL) {
		object_remove(&q->object);
		if (status == 0 && list != NULL)
			q->fn(q->arg, list, NULL);
		else
			q->fn(q->arg, NULL,
			    status ? uv_strerror(status) : "no address");
	}
	uv_freeaddrinfo(list);
	free(q);
}

/* The resolver's thread may be at work on it: on_lookup() frees it. */
static void
lookup_free(struct object *o)
{
	struct loop_lookup *q = (struct loop_lookup *)o;

	object_remove(o);
	q->fn = NULL;
	uv_cancel((uv_req_t *)&q->uv);
}

struct loop_lookup *
loop_lookup_new(struct loop *l, const char *host, int socktype,
    void (*fn)(void *arg, const struct addrinfo *list, const char *err),
    void *arg)
{
	struct loop_lookup *q = calloc(1, sizeof(*q));
	struct addrinfo hints;

	if (q == NULL)
		return (NULL);
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = socktype;
	q->uv.data = q;
	q->loop = l;
	q->fn = fn;
	q->arg = arg;
	if (uv_getaddrinfo(&l->uv, &q->uv, on_lookup, host, NULL, &hints)) {
		free(q);
		return (NULL);
	}
	l->lookups++;
	object_add(l, &q->object, lookup_free);
	return (q);
}

void
loop_lookup_cancel(struct loop_lookup *q)
{
	if (q != NULL)
		lookup_free(&q->object);
}
