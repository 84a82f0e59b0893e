/*
 * One AnyTLS session, either end, after authentication. It never reads a
 * socket, a clock or a random device: bytes, time and randomness are
 * arguments, and what it wants sent is asked for.
 *
 * Reading: atls_session_recv() until the input is used up, acting on each
 * event. Writing: after any call, atls_session_next_write() until it says no.
 */
#ifndef ATLS_SESSION_SESSION_H
#define ATLS_SESSION_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/session/policy.h"
#include "ref/wire/bytes.h"
#include "ref/wire/err.h"
#include "ref/wire/scheme.h"
#include "ref/wire/settings.h"

struct atls_session;

enum atls_role {
	ATLS_CLIENT,
	ATLS_SERVER
};

/*
 * One output buffer that the sessions of a thread hand to each other: an idle
 * session keeps none, a busy one need not ask malloc at each turn. Start with
 * all zero; free P at the end.
 */
struct atls_session_spare {
	uint8_t *p;
	size_t cap;
};

/*
 * POLICY and SPARE must outlive the session. A client copies the rest. A
 * server borrows SCHEME and SCHEME_MD5 too, so that thousands of sessions
 * share one text.
 */
struct atls_session_config {
	enum atls_role role;
	const struct atls_policy *policy;
	/* The scheme in use (client) or offered (server), and the MD5 of its
	 * text in lower-case hex. A client's must parse; a server's is not
	 * looked at. */
	struct atls_bytes scheme;
	const char *scheme_md5;
	const char *client_name; /* client: value of "client"; may be NULL */
	/* Client: for padding. Server: makes the order of the stream table
	 * secret; without one (BELOW is NULL) an address serves. */
	struct atls_random random;
	struct atls_session_spare *spare; /* may be NULL */
	uint32_t max_streams;          /* server: open at once; 0: no limit */
	uint32_t synack_ms;            /* client: SYNACK watchdog; 0: 3000 */
	uint32_t heartbeat_ms;         /* send a request this often; 0: never */
	uint32_t heartbeat_timeout_ms; /* give up without any frame; 0: never */
};

enum atls_event_type {
	ATLS_EV_NONE,     /* the input is used up */
	ATLS_EV_OPEN,     /* server: SYN; stream SID is open */
	ATLS_EV_DATA,     /* DATA for SID; borrows from the input */
	ATLS_EV_FIN,      /* the peer closed SID; the stream is gone, unless
			     half_close or data_after_fin is in force: ask
			     atls_session_alive() */
	ATLS_EV_OPENED,   /* client: SYNACK without data for SID */
	ATLS_EV_REFUSED,  /* client: SYNACK with the error text DATA; the stream
			     is gone, a FIN is queued (AT-SY-09) */
	ATLS_EV_REPLACED, /* stream SID was dropped by policy; forget it (the
			     next event is OPEN for the same id) */
	ATLS_EV_SETTINGS, /* the peer's settings; VERSION is in force now */
	ATLS_EV_SCHEME,   /* client: a new scheme, DATA is its raw text; the
			     session uses it already, new ones should (AT-PD-04)
			   */
	ATLS_EV_BAD_SCHEME, /* client: the scheme DATA is unusable (AT-PD-07) */
	ATLS_EV_ALERT, /* the peer's Alert, DATA is its text; the session is
			  over: recv returns ATLS_E_REFUSED next (unless the
			  policy's alert_closes is 0) */
	ATLS_EV_HEART  /* a heartbeat response; SID as received */
};

struct atls_event {
	enum atls_event_type type;
	uint32_t sid;
	unsigned version;
	struct atls_bytes data; /* valid until the next call on the session or
				   the input goes away */
	void *stream_data; /* what was kept for SID, also when it is gone now */
};

/*
 * Makes a session at time NOW_MS; a client queues its settings, which leave
 * with the first stream's first data (AT-ST-02). NULL when out of memory or
 * a client's scheme does not parse.
 */
struct atls_session *atls_session_new(
    const struct atls_session_config *cfg, uint64_t now_ms);

/* Frees S and forgets its streams; NULL is fine. */
void atls_session_free(struct atls_session *s);

/*
 * Takes bytes off the front of *IN until one event is complete or *IN is used
 * up (EV->type is ATLS_EV_NONE). Call it until then or until an error, even
 * when *IN is empty already: one frame can mean two events. Frames may be cut
 * anywhere between calls.
 *
 * 0, or the error that ends the session: ATLS_E_PROTOCOL, ATLS_E_REFUSED
 * (an Alert went out or came in), ATLS_E_LIMIT, ATLS_E_NOMEM. It stays: recv
 * repeats it, and calls that would queue something return ATLS_E_CLOSED. After
 * an error what atls_session_next_write() still gives should be sent (an
 * Alert), then the connection closed (AT-AL-03).
 *
 * ATLS_E_LIMIT: a peer that asks and does not read. Answers that recv itself
 * queues (heartbeats, settings, refused streams) may wait for at most
 * ATLS_SESSION_REPLY_MAX bytes; that is 37449 heartbeats in a row (AT-HB-06).
 */
#define ATLS_SESSION_REPLY_MAX 262144
int atls_session_recv(struct atls_session *s, uint64_t now_ms,
    struct atls_bytes *in, struct atls_event *ev);

/*
 * The next write owed to TLS, or false. One call is one TLS write: the caller
 * must not merge or split it (records above 16384 bytes are TLS's own affair),
 * because AnyTLS padding is about write sizes. *OUT is valid until the next
 * call on S. While padding is over (or for a server) writes that wait together
 * come as one, of at most ATLS_SESSION_WRITE_MAX bytes. The call that says no
 * gives the memory of the queue back.
 */
bool atls_session_next_write(struct atls_session *s, struct atls_bytes *out);
#define ATLS_SESSION_WRITE_MAX 262144

/*
 * Bytes that atls_session_next_write() would give. What a client holds back for
 * its first packet does not count.
 */
size_t atls_session_queued(const struct atls_session *s);

/* When to call atls_session_timeout(); UINT64_MAX: never. */
uint64_t atls_session_deadline(const struct atls_session *s);

/*
 * Does what is due at NOW_MS: queues a heartbeat request, or returns
 * ATLS_E_TIMEOUT when the SYNACK watchdog (AT-SY-10) or the heartbeat timeout
 * ran out and the session must be closed, or ATLS_E_NOMEM. 0 otherwise. The
 * watchdog starts at an open when version 2 is in force (for the first stream
 * only with watch_first, then at any version), each open starts it anew, any
 * SYNACK stops it. Requests are sent while version 2 is in force (AT-ST-09).
 */
int atls_session_timeout(struct atls_session *s, uint64_t now_ms);

/*
 * The peer has not taken what was said to it before, so it cannot answer: the
 * next heartbeat is put off, and the timeout of one that is under way starts
 * anew at NOW_MS.
 */
void atls_session_put_off_heartbeat(struct atls_session *s, uint64_t now_ms);

/*
 * Client: opens a stream and queues its SYN; ids count up from 1 (AT-SY-01).
 * The first stream's SYN waits for the first data (AT-PD-11), and so does
 * whatever else is queued before it; closing the first stream also sends it.
 * 0, ATLS_E_NOMEM, ATLS_E_CLOSED, or ATLS_E_LIMIT when the ids are used up (or
 * the one stream of a single_stream policy).
 */
int atls_session_open(struct atls_session *s, uint64_t now_ms, uint32_t *sid);

/*
 * Queues DATA for stream SID as PSH frames; each call is one packet of the
 * padding scheme. Empty DATA queues nothing. A SYNACK still owed for SID goes
 * out before it. 0, ATLS_E_NOTFOUND when the stream is gone, ATLS_E_CLOSED,
 * ATLS_E_NOMEM, ATLS_E_INVAL above 1 GiB. After NOMEM nothing of it is queued.
 */
int atls_session_send(
    struct atls_session *s, uint32_t sid, struct atls_bytes data);

/*
 * The same without a copy: gives room for WANT (at most 65529) bytes of data
 * behind a frame header, or NULL (no such stream, no memory, WANT out of
 * range). The caller fills the front of it and calls atls_session_commit() with
 * how much, before any other call on S; 0 takes the room back.
 */
#define ATLS_SESSION_RESERVE_MAX 65529
uint8_t *atls_session_reserve(
    struct atls_session *s, uint32_t sid, size_t want);
int atls_session_commit(struct atls_session *s, uint32_t sid, size_t len);

/*
 * Queues FIN and forgets the stream (with half_close: its sending side). 0,
 * ATLS_E_NOTFOUND, which needs no action, ATLS_E_CLOSED or ATLS_E_NOMEM.
 */
int atls_session_fin(struct atls_session *s, uint32_t sid);

/*
 * Server: tells how far stream SID has come, so that SYNACK goes out when the
 * policy says: at the address, after the dial, or with the error TEXT after a
 * failed one (then FIN by policy, and the stream is gone). Nothing is sent to
 * version 1 clients but FIN (AT-ST-09, AT-SY-08). Each may be called again or
 * late: one SYNACK is sent at most. 0, ATLS_E_NOTFOUND, ATLS_E_CLOSED or
 * ATLS_E_NOMEM. TEXT is cut at 65535 bytes; NULL and "" become "failed".
 */
int atls_session_got_address(struct atls_session *s, uint32_t sid);
int atls_session_dialled(struct atls_session *s, uint32_t sid);
int atls_session_dial_failed(
    struct atls_session *s, uint32_t sid, const char *text);

/* Server: the target of SID closed: FIN by policy, stream forgotten. */
int atls_session_target_eof(struct atls_session *s, uint32_t sid);

/*
 * Server: queues an Alert with TEXT; the caller closes after sending. Ends the
 * session (recv says ATLS_E_REFUSED) unless the policy's alert_keeps_open.
 */
int atls_session_alert(struct atls_session *s, const char *text);

/* True while stream SID is there, be it half closed. */
bool atls_session_alive(const struct atls_session *s, uint32_t sid);

/*
 * Server: true when a stream has ended and the policy's close_with_stream asks
 * to close the session after what is queued (AT-CL-05 broken on purpose).
 */
bool atls_session_over(const struct atls_session *s);

/* The pointer kept for stream SID; NULL when there is no such stream. */
void *atls_session_stream_data(const struct atls_session *s, uint32_t sid);
int atls_session_set_stream_data(
    struct atls_session *s, uint32_t sid, void *data);

/* Calls FN for each open stream, in no order; FN must not touch S. */
void atls_session_each(const struct atls_session *s,
    void (*fn)(void *ctx, uint32_t sid, void *data), void *ctx);

/* Streams open now. */
uint32_t atls_session_nstreams(const struct atls_session *s);

/* Version in force: 0 until the peer's settings came (client: until
 * cmdServerSettings, and 0 then means "act as version 1", AT-ST-12). */
unsigned atls_session_version(const struct atls_session *s);

#endif
