/*
 * The event loop: readiness of sockets, timers, signals, name look-up, and
 * tasks at the end of a turn. One thread runs one loop and owns everything on
 * it; only loop_wake() may be called from elsewhere.
 *
 * A turn is: timers that are due, sockets that are ready, then the deferred
 * tasks, then waiting. What goes to one peer in a turn is gathered and sent by
 * a deferred task, so that it takes one system call.
 *
 * loop.c is the only file that knows libuv. Every _free() may be called from
 * any callback, also from the object's own; the callback does not come again.
 */
#ifndef ATLS_NET_LOOP_H
#define ATLS_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/err.h"

struct loop;
struct loop_io;
struct loop_timer;
struct loop_signal;
struct loop_lookup;
struct addrinfo;

#define LOOP_READ 1U
#define LOOP_WRITE 2U

/* NULL when out of memory or file descriptors. */
struct loop *loop_new(void);

/* Ends what loop_*_new() made and is not freed yet, then the loop. NULL is
 * fine. Objects on it must not be touched afterwards. */
void loop_free(struct loop *l);

/* Runs until loop_stop(), which ends it after the current turn. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* Monotonic milliseconds at the start of this turn; see loop_update_now(). */
uint64_t loop_now(const struct loop *l);
/* Reads the clock again, after something slow or before the first turn. */
uint64_t loop_update_now(struct loop *l);

/*
 * What loop_wake() makes the loop's thread call, once for one or more wakes.
 * Set before other threads know the loop. loop_wake() is safe in any thread.
 */
void loop_on_wake(struct loop *l, void (*fn)(void *arg), void *arg);
void loop_wake(struct loop *l);

/*
 * A task for the end of the turn. It lives in the caller's structure; fill FN
 * and ARG, leave the rest zero.
 */
struct loop_task {
	void (*fn)(void *arg);
	void *arg;
	struct loop_task *next, **link; /* the loop's; LINK NULL: not queued */
};

/* Queues T unless it is queued. Tasks run in order of queueing, once; a task
 * queued by a task still runs in this turn. */
void loop_defer(struct loop *l, struct loop_task *t);
/* Takes T out; needed before the memory of a queued T goes away. */
void loop_undefer(struct loop *l, struct loop_task *t);

/*
 * Watches FD, which stays the caller's: it is closed by the caller, after
 * loop_io_free(). FN gets the events that are there, of those wanted; on an
 * error of the socket it gets all wanted ones, and the system call that follows
 * says what it was. Nothing is wanted at first. NULL: no memory, or FD cannot
 * be watched.
 */
struct loop_io *loop_io_new(
    struct loop *l, int fd, void (*fn)(void *arg, unsigned events), void *arg);
/* Wants EVENTS (LOOP_READ, LOOP_WRITE, both, or 0) from now on; free when
 * nothing changes. */
void loop_io_want(struct loop_io *io, unsigned events);
unsigned loop_io_wanted(const struct loop_io *io);
void loop_io_free(struct loop_io *io); /* NULL is fine */

/* A timer that calls FN once per setting. NULL: no memory. */
struct loop_timer *loop_timer_new(
    struct loop *l, void (*fn)(void *arg), void *arg);
/* Fires at AT_MS (on the scale of loop_now()); UINT64_MAX: never. */
void loop_timer_set(struct loop_timer *t, uint64_t at_ms);
void loop_timer_free(struct loop_timer *t); /* NULL is fine */

/* Calls FN on the loop when signal SIGNO comes. NULL: no memory. */
struct loop_signal *loop_signal_new(
    struct loop *l, int signo, void (*fn)(void *arg, int signo), void *arg);
void loop_signal_free(struct loop_signal *s); /* NULL is fine */

/*
 * Looks up HOST (copied; a name or an IP literal) for sockets of SOCKTYPE
 * without blocking, and calls FN once, never before this call returns, with the
 * list and ERR NULL, or with NULL and a sentence in ERR. Both are valid during
 * FN only. The look-up frees itself after FN, which must not free it. NULL: no
 * memory.
 */
struct loop_lookup *loop_lookup_new(struct loop *l, const char *host,
    int socktype,
    void (*fn)(void *arg, const struct addrinfo *list, const char *err),
    void *arg);
/* Gives the look-up up: FN will not be called. NULL is fine. */
void loop_lookup_cancel(struct loop_lookup *q);

#endif
