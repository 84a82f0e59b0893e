/* What the connections of one thread of the server share. */
#ifndef ATLS_NET_WORKER_H
#define ATLS_NET_WORKER_H

#include <stdatomic.h>

#include "ref/net/conn.h"
#include "ref/net/gather.h"
#include "ref/net/listen.h"
#include "ref/net/loop.h"
#include "ref/net/service.h"

struct inbound;
struct relay;

/* What the threads share. */
struct worker_common {
	struct service_config cfg; /* with defaults filled in */
	char scheme_md5[ATLS_MD5_HEX + 1];
	struct budget budget;
	atomic_uint nsessions;
	atomic_uint nstrangers; /* of them: not authenticated yet */
	/*
	 * Makes the connection of FD (consumed) with the certificate of now;
	 * the rest of CFG is the caller's. NULL: no memory.
	 */
	struct conn *(*new_conn)(
	    struct worker_common *common, struct conn_config *cfg);
};

struct worker {
	struct worker_common *common;
	const struct service_config *cfg; /* of COMMON */
	struct loop *loop;
	struct conn_shared *shared;
	struct gather *gather;
	struct inbound *inbounds;
	struct relay *leaving; /* relays whose stream is gone */
	struct listener **listeners;
	size_t nlisteners;
	struct loop_timer *stop_timer;
	uint64_t stop_at_ms;
	uint64_t tell_ms;       /* when the log may speak of refusals again */
	unsigned long nrefused; /* since it last did */
};

/*
 * Makes a worker that accepts on the N sockets FDS (consumed). NULL: no memory.
 */
struct worker *worker_new(
    struct worker_common *common, const int *take_fds, size_t n);

/* Serves until worker_stop(), which is called on the worker's thread. */
void worker_run(struct worker *w);
void worker_stop(struct worker *w);

/* After worker_run(). NULL is fine. */
void worker_free(struct worker *w);

#endif
