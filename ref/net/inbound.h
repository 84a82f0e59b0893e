/* One accepted connection: authentication, then a session or a fallback. */
#ifndef ATLS_NET_INBOUND_H
#define ATLS_NET_INBOUND_H

#include "ref/net/target.h"
#include "ref/net/worker.h"
#include "ref/wire/auth.h"

struct fallback;
struct stream;

struct inbound {
	struct worker *w;
	struct conn *conn;
	struct inbound *next, **link;
	struct atls_auth_reader *auth;  /* until it is decided */
	struct fallback *fallback;      /* NULL: none */
	struct loop_timer *short_timer; /* for a request without a hash */
	struct loop_task end_task;
	struct stream *parked, **last_parked; /* wait for a slow client */
	bool decided;    /* no longer among worker_common.nstrangers */
	unsigned nholds; /* streams that want the session to hold */
};

/* Takes the accepted socket FD; closes it when there is no memory. */
void inbound_new(struct worker *w, int take_fd);

/* Ends all streams and closes the connection; what is queued is sent. */
void inbound_end(struct inbound *in);

/* The same at the end of the turn. */
void inbound_end_later(struct inbound *in);

/* Counts who wants to read nothing more from the client for now. */
void inbound_hold(struct inbound *in, bool on);

#endif
