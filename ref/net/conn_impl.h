/* What the files of the connection share. Not for others. */
#ifndef ATLS_NET_CONN_IMPL_H
#define ATLS_NET_CONN_IMPL_H

#include "ref/net/conn.h"

#define CONN_READ_MAX (256U * 1024)
/* What one read can decrypt to: a record may have been begun before. */
#define CONN_PLAIN_MAX (CONN_READ_MAX + 3 * TLS_MAX_PLAINTEXT)
#define CONN_SEND_MAX (256U * 1024)
#define CONN_SEND_MIN (64U * 1024) /* worth a system call */

#define CONN_NEVER UINT64_MAX
#define CONN_CLOSE_SEND_MS 5000  /* to get rid of what is queued */
#define CONN_CLOSE_DRAIN_MS 1000 /* for the peer to read it */

struct conn_shared {
	struct loop *loop;
	uint8_t *in;    /* ciphertext as read */
	uint8_t *plain; /* what it decrypts to */
	struct tls_buf out;
	struct atls_session_spare spare;
	struct budget *budget; /* NULL: none */
	struct conn *closing;
	size_t nclosing;
};

struct conn {
	struct conn_shared *sh;
	struct loop_io *io;
	struct loop_timer *timer;
	struct tls_conn *tls;
	struct atls_session *session;
	const struct conn_handler *handler;
	void *ctx;
	struct loop_task task;
	struct tls_buf unsent;     /* ciphertext that the socket did not take */
	size_t sent;               /* of it, by now */
	size_t counted;            /* in the budget */
	struct conn *next, **link; /* among those that are closing */

	uint64_t armed_ms;     /* when the timer fires */
	uint64_t handshake_at; /* these are deadlines, or CONN_NEVER */
	uint64_t owner_at;
	uint64_t write_at;
	uint64_t close_at;
	uint64_t active_ms;
	uint32_t write_ms;
	uint32_t idle_ms;
	int fd;

	unsigned busy; /* callbacks of the loop at work on it */
	bool started;
	bool ready;
	bool eof;      /* of input */
	bool over;     /* the owner was told */
	bool closing;  /* the owner let go of it */
	bool notified; /* close_notify and FIN are on their way */
	bool freed;    /* while busy */
	bool paused;
	bool control;   /* a control frame waits */
	bool congested; /* and what the owner was told about it: */
	bool told_congested;
};

/* The owner's callbacks may be called. */
static inline bool
conn_live(const struct conn *c)
{
	return (!c->over && !c->closing && !c->freed);
}

/* A deadline; a limit of 0 is none. */
static inline uint64_t
conn_after(uint64_t now_ms, uint32_t limit_ms)
{
	return (limit_ms != 0 ? now_ms + limit_ms : CONN_NEVER);
}

/* The loop's calls; ARG is the conn. */
void conn_on_io(void *arg, unsigned events);
void conn_on_task(void *arg);
void conn_on_timer(void *arg);

/* Bytes that wait; the budget is told, and C marked when they are too many. */
size_t conn_count(struct conn *c);

/* Sends all there is until the socket is full. 0 or an error. */
int conn_pump(struct conn *c);

/* Frees C now; it must not be busy. */
void conn_destroy(struct conn *c);

#endif
