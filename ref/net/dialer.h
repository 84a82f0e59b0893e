/*
 * A client's sessions with one server: connect, authenticate, open a stream,
 * keep the session for the next one. It holds what is known of the server: its
 * padding scheme (AT-PD-04) and its version.
 *
 * One session carries one stream at a time, as in the Go family (AT-RU-03), so
 * a stream may hold its session's reading up without harm to others.
 */
#ifndef ATLS_NET_DIALER_H
#define ATLS_NET_DIALER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/net/conn.h"
#include "ref/net/log.h"
#include "ref/net/loop.h"
#include "ref/net/tls.h"
#include "ref/session/policy.h"
#include "ref/wire/addr.h"
#include "ref/wire/auth.h"
#include "ref/wire/bytes.h"

struct dialer;
struct dialer_stream;

/* Pointers must outlive the dialer, but SCHEME, which is copied. Times are in
 * milliseconds. */
struct dialer_config {
	struct loop *loop;
	struct conn_shared *shared;
	struct tls_ctx *tls;
	const struct log *log;
	const struct atls_policy *policy;
	struct atls_addr server;
	const char *server_name; /* see tls_conn_new() */
	const char *verify_host;
	uint8_t hash[ATLS_AUTH_HASH];
	struct atls_bytes scheme; /* to begin with; must parse */
	const char *client_name;
	bool reuse;            /* and only if the policy does, too */
	bool quick_open;       /* streams count as open once asked for */
	size_t min_idle;       /* AT-RU-06 */
	uint32_t check_ms;     /* how often idle sessions are looked at */
	uint32_t idle_ms;      /* closed when idle longer (AT-RU-05) */
	uint32_t connect_ms;   /* for the connection, for TLS, and for the first
				  SYNACK of a session */
	uint32_t grace_ms;     /* for a sign of version 2; see "opened" */
	uint32_t synack_ms;    /* for later ones: AT-SY-10 */
	uint32_t heartbeat_ms; /* 0: never */
};

/*
 * What the owner of a stream is told; never from within one of its own calls.
 * CTX is what dialer_open() got.
 */
struct dialer_handler {
	/*
	 * The target is reached: SYNACK came. With quick_open, or when the
	 * server is known to speak version 1, it comes at once. Of a server
	 * about which nothing is known yet, ServerSettings are awaited for
	 * grace_ms; then it counts as version 1 until it says otherwise.
	 */
	void (*opened)(void *ctx);
	/* Stays where it is until batch_end() or closed() has returned. */
	void (*data)(void *ctx, struct atls_bytes data);
	void (*batch_end)(void *ctx);
	/* Stop sending (true), go on (false). */
	void (*congested)(void *ctx, bool on);
	/*
	 * The stream is gone, and its memory with it. ERR 0: the server closed
	 * it, or it was yielded and its session was needed. ATLS_E_REFUSED:
	 * SYNACK with an error or an Alert, WHY is the text, escaped. Else the
	 * session failed, WHY says how.
	 */
	void (*closed)(void *ctx, int err, const char *why);
};

/* NULL: no memory, or the scheme does not parse. */
struct dialer *dialer_new(const struct dialer_config *cfg);
/* Ends streams without a call to their handlers, and sessions properly: see
 * conn_shared_closing(). NULL is fine. */
void dialer_free(struct dialer *d);

/*
 * Opens a stream to A, on the newest idle session or a new one. FIRST, copied,
 * is sent behind the address in a PSH of its own; it may be empty. When a
 * session from the pool dies before it answers, the stream moves to a new
 * session, once, unless data was sent meanwhile (AT-RU-09): FIRST is sent
 * again, dialer_stream_send()'s data would be lost or doubled. NULL: no memory.
 */
struct dialer_stream *dialer_open(struct dialer *d, const struct atls_addr *a,
    struct atls_bytes first, const struct dialer_handler *h, void *ctx);

/* Closes it: FIN, then its session is free for the next one (AT-RU-04). There
 * are no calls to the handler any more. NULL is fine. */
void dialer_stream_close(struct dialer_stream *st);

/*
 * Sends DATA as one packet. While there is no session yet, up to 256 KiB are
 * kept. 0, ATLS_E_LIMIT, ATLS_E_NOMEM, ATLS_E_CLOSED.
 */
int dialer_stream_send(struct dialer_stream *st, struct atls_bytes data);

/* As atls_session_reserve() and _commit(), once the stream is open. */
uint8_t *dialer_stream_reserve(struct dialer_stream *st, size_t want);
int dialer_stream_commit(struct dialer_stream *st, size_t len);

/* True between congested(true) and congested(false). */
bool dialer_stream_congested(const struct dialer_stream *st);

/* Stops (true) or goes on (false) reading from its session. */
void dialer_stream_pause(struct dialer_stream *st, bool on);

/*
 * With ON the stream is likely to have come to its end: it stays, but a request
 * that needs a session may close it and take its session over.
 */
void dialer_stream_yield(struct dialer_stream *st, bool on);

#endif
