/*
 * One TLS connection to the target. This is the layer below the verbs: it
 * judges nothing, and says how things went by values; see case.h for verbs.
 */
#ifndef ANYTLS_PEER_H
#define ANYTLS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/anytls/case.h"
#include "conformance/anytls/pack.h"
#include "conformance/anytls/tap.h"
#include "ref/net/tls.h"

/* A frame that came and was not taken yet; its data follows. */
struct queued {
	struct queued *next;
	struct frame f;
	size_t taken; /* bytes of data used by who reads a stream of bytes */
	/* Where it is: in the capture, and in the transcript (from 1). */
	uint32_t captured, line;
	uint8_t data[]; /* the frame's */
};

/* How the peer closed. */
enum closing {
	OPEN,
	CLOSED_FIN,    /* without close_notify */
	CLOSED_NOTIFY, /* close_notify */
	CLOSED_RST,
	CLOSED_TLS /* a TLS alert, or bytes that are no TLS */
};

struct peer {
	struct t *t;
	struct peer *next; /* all of the case */
	int fd;            /* -1: we have closed it */
	uint32_t capture;  /* its number there */
	uint64_t connect_ms;
	struct tls_conn *tls;
	struct tls_buf out; /* ciphertext not sent yet */
	struct tls_buf cork;
	unsigned corked;
	struct tap told, came;

	struct queued *head, **tail;
	size_t nqueued, queued_len;
	uint64_t sent_len, came_len, came_frames, came_requests;
	uint64_t answered_len; /* of it, responses to its heartbeats */
	bool other_auth; /* what we sent first is not the password's hash */
	size_t
	    bulk_len; /* told in bulk, which the peer may still have to read */
	bool flooded; /* the queue limit was passed; nothing more is read */
	bool nomem;

	struct tls_buf raw; /* all that came, up to a limit */
	size_t raw_max;
	size_t raw_taken; /* by expect_raw() */

	enum closing closing;
	uint64_t closed_ms;
	uint64_t overtime; /* the deadline after which was read once more */
	int write_error;   /* errno of a failed write, 0: none */
	char last[200];    /* what came last, for messages */
	uint64_t last_tell_ms;

	/* A session that a client under test has opened. */
	bool accepted;
	uint32_t *sizes; /* of records that came, malloc'ed */
	size_t nsizes;
	struct sent_scheme *schemes; /* the latest first */
	const struct profile *profile;
	struct data watched; /* the scheme that records are plotted beside */
	bool implicit;       /* its one stream came without SYN */
	unsigned client_version; /* as its settings say */

	/* The session as far as verbs must know it. */
	bool settled; /* opened by dial_ready(): its settings are answered */
	unsigned version;                  /* 0 before settings; 1, 2 */
	uint64_t hearts_told, hearts_came; /* heartbeats on stream 0 */
	uint64_t hearts_other;             /* responses on other ids */
	uint32_t barrier_sid; /* from here up: streams of barriers; 0: none */
	size_t barrier_len;   /* bytes echoed on the barrier's stream */
	bool barrier_fin;
	uint32_t barrier_next;
};

/* A padding scheme that we have sent on a session. */
struct sent_scheme {
	struct sent_scheme *next; /* the one sent before */
	size_t nsizes;            /* records that had come by then */
	struct data scheme;
};

struct profile;

#define PEER_ERRLEN 400

/* A connection without a socket yet, which belongs to the case. */
struct peer *peer_new(
    struct t *t, struct tls_ctx *ctx, const char *sni, const char *verify_host);
/* Shakes hands until DEADLINE; false with a sentence in TEXT. */
bool peer_shake_hands(
    struct peer *p, uint64_t deadline, char text[PEER_ERRLEN]);
/* For the key log of a context of T's case. */
void peer_keylog(void *t, const char *line);

/*
 * Connects to the target and shakes hands, until the absolute time DEADLINE.
 * NULL with a sentence in ERR, to stand behind the target's address. The peer
 * belongs to the case. Problems of our own end the case (t_error).
 */
struct peer *peer_connect(
    struct t *t, uint64_t deadline, char err[PEER_ERRLEN]);

/* Encrypts D into the output, logs it as one line. False: TLS is broken (then
 * write_error is set) or D is empty. NOTE stands in front of the line. */
bool peer_put(struct peer *p, struct data d, const char *note);
/* The same without a line, for the parts of a whole logged before. */
bool peer_put_quietly(struct peer *p, struct data d);
/* Adds a line on D, as if it went out as one, with NOTE in front. */
void peer_log_told(struct peer *p, struct data d, const char *note);

enum peer_sent {
	PEER_SENT,
	PEER_BROKEN, /* the peer closed; write_error says how */
	PEER_STUCK   /* the peer has not read until DEADLINE */
};

/* Sends the output, at most STEP bytes at a time (0: no limit). READING takes
 * what comes meanwhile into the queue. */
enum peer_sent peer_flush(
    struct peer *p, uint64_t deadline, size_t step, bool reading);

/*
 * Takes what came into the queue, waiting for it until DEADLINE (0: not at
 * all). False when nothing came and the peer has not closed.
 */
bool peer_fill(struct peer *p, uint64_t deadline);

/* For connect.c: queues frame F (the tap of the peer CTX calls it); reads all
 * records in what TLS was given. */
void peer_came(void *ctx, const struct frame *f);
void peer_pump(struct peer *p);

/* Takes out the frame at *AT. The caller frees it with peer_drop(). */
struct queued *peer_unlink(struct peer *p, struct queued **at);
void peer_drop(struct queued *q);
void peer_drop_all(struct peer *p);

/* "FIN without close_notify" and the like. */
const char *peer_closing_text(const struct peer *p);

/* Ends our side with FIN and reads what is under way, for a moment: a socket
 * that is closed with bytes unread is reset. */
void peer_leave(struct peer *p);

/* Closes our side: at once, as it is. */
void peer_close(struct peer *p);

/* "127.0.0.1:443", "[::1]:443". */
const char *peer_target(struct t *t);

/* Milliseconds from now to DEADLINE, as poll() takes them. */
int peer_left(uint64_t deadline);

#endif
