/*
 * One TCP socket with TLS on it and, once the owner starts it, one AnyTLS
 * session in the TLS. Server and client are both built on it.
 *
 * In a turn of the loop: one read of up to 256 KiB into a buffer shared by the
 * thread, all complete records decrypted one behind the other into a second
 * shared buffer, which the session then walks; each event goes to the owner.
 * At the end of the turn everything the session has queued meanwhile, by
 * whomever, is encrypted into a third shared buffer and sent at once. Only what
 * the socket did not take stays with the connection, so that an idle one holds
 * no buffer.
 *
 * conn_free() and conn_close() may be called from every callback; none comes
 * afterwards.
 */
#ifndef ATLS_NET_CONN_H
#define ATLS_NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/net/budget.h"
#include "ref/net/loop.h"
#include "ref/net/tls.h"
#include "ref/session/session.h"

/* Bytes waiting for the peer above which it counts as congested, at or below
 * a quarter of which no longer; less when the budget is nearly used up. */
#define CONN_HIGH_WATER (512U * 1024)

struct conn;

/* The buffers that the connections of one thread share. */
struct conn_shared;

/* NULL: no memory. Free it after the last connection and before the loop. */
struct conn_shared *conn_shared_new(struct loop *l);
/* What waits for its peers counts in B from now on, borrowed; before, in none.
 */
void conn_shared_set_budget(struct conn_shared *sh, struct budget *b);
/* Also ends connections that conn_close() left to finish. NULL is fine. */
void conn_shared_free(struct conn_shared *sh);
/* Connections that conn_close() took and that are still saying goodbye. */
size_t conn_shared_closing(const struct conn_shared *sh);

/* What the owner is told. All are called by the loop, never from within a call
 * of the owner's; CTX is the config's. NULL members are skipped. */
struct conn_handler {
	/* The TLS handshake is done. */
	void (*ready)(void *ctx);
	/*
	 * Plaintext while there is no session: one call per TLS record. Keep
	 * what you need, the bytes go away. When CTX starts the session in
	 * here, what it left in *IN and all later plaintext go to the session.
	 */
	void (*record)(void *ctx, struct atls_bytes *in);
	/*
	 * An event of the session. The data of ATLS_EV_DATA stays where it is
	 * until batch_end, and the owner may write to that memory; the data of
	 * other events is gone after the call.
	 */
	void (*event)(void *ctx, const struct atls_event *ev);
	/* All events of one read were given; their data goes away. */
	void (*batch_end)(void *ctx);
	/* The peer takes its data too slowly (stop producing) or has caught up
	 * (go on); CONN_HIGH_WATER. */
	void (*congested)(void *ctx, bool on);
	/*
	 * It is over: ERR is ATLS_E_CLOSED (end of input, with or without
	 * close_notify), ATLS_E_TLS, ATLS_E_IO, ATLS_E_TIMEOUT, ATLS_E_NOMEM
	 * or what the session returned; WHY a sentence, valid during the call.
	 * Comes once. The owner answers with conn_close(), which still sends
	 * an Alert that is queued (AT-AL-03), or conn_free().
	 */
	void (*over)(void *ctx, int err, const char *why);
};

struct conn_config {
	struct conn_shared *shared;
	int take_fd; /* connected and non-blocking; closed with the conn, and
			when conn_new() fails */
	struct tls_ctx *tls;     /* says which side we are */
	const char *server_name; /* client: see tls_conn_new(); may be NULL */
	const char *verify_host; /* client */
	const struct conn_handler *handler; /* must outlive the conn */
	void *ctx;
	/* Limits in milliseconds; 0: none. */
	uint32_t handshake_ms; /* until ready */
	uint32_t write_ms;     /* a control frame waits and the socket takes
				  not a single byte (AT-TM-01) */
	uint32_t idle_ms;      /* no stream is open and nothing was received; or
				  no session, no deadline and no traffic */
};

/*
 * Makes a connection; a client's handshake starts at the end of this turn.
 * NULL: no memory.
 */
struct conn *conn_new(const struct conn_config *cfg);

/* Ends it at once; queued bytes are lost. NULL is fine. */
void conn_free(struct conn *c);

/*
 * Ends it properly: what is queued is sent, then close_notify, then the sending
 * side is shut down, and input is thrown away for up to a second so that no
 * reset destroys what was sent. C is not the owner's any more.
 */
void conn_close(struct conn *take_c);

/*
 * Starts the session; the handshake must be done. A client calls conn_write()
 * with its authentication first. 0 or ATLS_E_NOMEM.
 */
int conn_start(struct conn *c, const struct atls_session_config *cfg);

/* The session, or NULL before conn_start(). Call conn_flush() after calls that
 * queue something in it. */
struct atls_session *conn_session(const struct conn *c);

/* Sees to it that what the session has queued leaves at the end of this turn
 * (within it, when more than 256 KiB wait). Cheap to call often. */
void conn_flush(struct conn *c);

/* As conn_flush(), from a source that has no more for now: what is worth a send
 * of its own leaves at once, while it is in the processor's cache. */
void conn_push(struct conn *c);

/* As conn_flush(), and a control frame is among it: write_ms counts. */
void conn_flush_control(struct conn *c);

/*
 * Sends DATA as one TLS write, outside a session: the authentication, or a
 * fallback's bytes. It goes before whatever the session has to say and leaves
 * at the end of this turn. The handshake must be done. 0, ATLS_E_NOMEM,
 * ATLS_E_TLS.
 */
int conn_write(struct conn *c, struct atls_bytes data);

/* Bytes that wait for the peer: in the session and, encrypted, here. */
size_t conn_pending(const struct conn *c);

/* Between the calls congested(true) and congested(false). */
bool conn_congested(const struct conn *c);

/* Stops (true) or goes on (false) reading from the peer. */
void conn_pause(struct conn *c, bool on);

/* At AT_MS the connection is over with ATLS_E_TIMEOUT; UINT64_MAX: not. It
 * replaces the one set before. */
void conn_set_deadline(struct conn *c, uint64_t at_ms);

/* The TLS end, to ask for its version, cipher and server_name; its socket. */
const struct tls_conn *conn_tls(const struct conn *c);
int conn_fd(const struct conn *c);

#endif
