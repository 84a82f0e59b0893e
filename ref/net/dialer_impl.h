/* What dialer.c and link.c share; nobody else includes it. */
#ifndef ATLS_NET_DIALER_IMPL_H
#define ATLS_NET_DIALER_IMPL_H

#include "ref/net/dial.h"
#include "ref/net/dialer.h"
#include "ref/session/pool.h"
#include "ref/wire/settings.h"

/* What is kept for a stream until its session is there. */
#define EARLY_MAX 262144

struct dialer {
	struct dialer_config cfg;
	char server[ATLS_ADDR_STRLEN]; /* for messages */
	uint8_t *scheme_text;
	struct atls_scheme scheme; /* borrows the text */
	char md5[ATLS_MD5_HEX + 1];
	unsigned version; /* the server's; 0: not known yet */
	struct atls_pool pool;
	struct link *links;
	struct loop_timer *check;
};

/* A session with its connection, from dialling on. */
struct link {
	struct atls_pool_node node; /* the first member */
	struct link *next, **prev;
	struct dialer *dialer;
	struct dial *dial;            /* while it connects */
	struct conn *conn;            /* then */
	struct loop_timer *timer;     /* how long an answer to SYN is awaited */
	struct dialer_stream *stream; /* NULL: idle */
	bool ready;                   /* the session has been started */
	bool pooled;                  /* in the pool */
	bool reused;                  /* the stream found it in the pool */
	bool answered; /* something came since the stream took it */
	bool heard;    /* anything ever came */
	bool broken;   /* no stream could be opened */
	bool *gone;    /* set when L is freed; NULL: nobody asks */
	bool alerted;
	char alert[200];
};

struct dialer_stream {
	struct dialer *dialer;
	struct link *link;
	uint32_t sid;
	const struct dialer_handler *handler;
	void *ctx;
	struct atls_addr addr;
	struct tls_buf early;  /* follows the address */
	struct loop_task tell; /* says "opened" */
	bool told;
	bool sent; /* more than can be repeated */
	bool retried;
};

/* Makes a session for ST, which belongs to it from now on. 0 or
 * ATLS_E_NOMEM. */
int link_new(struct dialer *d, struct dialer_stream *st);

/* Lets ST, which is new, use L, which is idle and ready. */
void link_take(struct link *l, struct dialer_stream *st);

/* L's stream is gone: to the pool with it, or away. */
void link_idle(struct link *l);

/* Ends L, whose stream is gone. */
void link_free(struct link *l);

/* Ends L; its stream is moved to another session or told ERR and WHY. */
void link_fail(struct link *l, int err, const char *why);

/* Detaches ST from its link and frees it after telling its owner. */
void stream_end(struct dialer_stream *st, int err, const char *why);
void stream_free(struct dialer_stream *st);

/* Uses the scheme TEXT from now on. 0, ATLS_E_SYNTAX, ATLS_E_NOMEM. */
int dialer_use_scheme(struct dialer *d, struct atls_bytes text);

#endif
