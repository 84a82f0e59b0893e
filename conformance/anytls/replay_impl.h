/* Private to replay*.c: a recording, and its connections as they go now. */
#ifndef ANYTLS_REPLAY_IMPL_H
#define ANYTLS_REPLAY_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "conformance/anytls/pack.h"
#include "conformance/anytls/tap.h"
#include "conformance/engine/env.h"
#include "pcap/reader.h"
#include "ref/net/tls.h"
#include "ref/wire/auth.h"

/* A frame that came, then or now. */
struct replay_frame {
	uint8_t cmd;
	uint32_t sid;
	uint8_t *data;
	size_t len;
	bool matched;
};

struct replay_frames {
	struct replay_frame *v;
	size_t n;
	bool nomem;
};

/* How often what has come of a stream, for knowing when to go on: bytes of
 * PSH, else frames. */
struct replay_tally {
	uint8_t cmd;
	uint32_t sid;
	uint64_t then, now;
	uint64_t forgiven; /* what was waited for in vain */
};

enum replay_kind {
	REPLAY_OPEN,
	REPLAY_SENT, /* by our side */
	REPLAY_CAME,
	REPLAY_SENT_NOTIFY,
	REPLAY_SENT_FIN,
	REPLAY_CAME_END, /* FIN, RST or close_notify of the other side */
	REPLAY_SENT_RST
};

/* A connection: to the target by TLS, or of the target to an origin of ours;
 * UDP of one socket of the target with one of ours counts as one, too. */
struct replay_conn {
	struct replay_conn *next;
	unsigned number; /* in the recording, from 1 */
	bool tls;
	bool udp;   /* CLIENT is the target; there is no FD */
	bool known; /* whether it is TLS has shown */
	struct endpoint client, server;
	char protocol[96];
	bool other_auth; /* did not send the hash of the run's password */

	struct replay_frames then, now;
	struct tap tap_then, tap_now, tap_sent;
	uint64_t bytes_then, bytes_now; /* of an origin: that came */
	uint32_t sum_then, sum_now;     /* of them, to compare */
	/* With UDP: how many came; those that had come by now in the
	 * recording. */
	uint32_t datagrams_then, datagrams_now, datagrams_due;
	struct sockaddr_storage caller; /* the target's socket now */
	socklen_t caller_len;
	bool closed_then, closed_now; /* by the other side, before we did */
	struct replay_tally *tallies;
	size_t ntallies;

	int fd; /* -1: not there */
	bool opened, failed, ended, we_closed;
	struct tls_conn *session;
	struct tls_buf out;
	uint64_t sent; /* bytes of the stream of plaintext */
	char trouble[400];
};

struct replay_event {
	enum replay_kind kind;
	struct replay_conn *conn;
	uint8_t *p;
	size_t len;
};

struct recording {
	struct replay_conn *conns, **tail;
	struct replay_event *events;
	size_t nevents;
	unsigned nsessions, nudp;
	char *comment; /* of the file, or NULL */
	bool nomem;
	uint64_t others;
	char error[FILE_ERRLEN];
};

/*
 * Reads the capture at PATH, with more keys from KEYLOG (NULL: none). 0, or
 * EXIT_USAGE with a sentence: no capture, damaged, no TLS session in it, a
 * session that cannot be opened, a recording of a client under test.
 */
int recording_read(struct recording *r, const char *path, const char *keylog,
    struct complaint *c);
void recording_free(struct recording *r);
/* The rest of the line that begins with NAME in the comment, or NULL. */
const char *recording_note(const struct recording *r, const char *name);

/* FNV-1a, over whatever pieces. */
uint32_t replay_sum(uint32_t sum, const uint8_t *p, size_t len);

/* Appends a copy of F. */
void replay_keep(struct replay_frames *list, const struct frame *f);

struct replay_port;
struct replay_socket;

struct replay {
	const struct options *opt;
	struct env *env;
	struct recording rec;
	FILE *out;
	struct tls_ctx *tls;
	uint8_t hash[ATLS_AUTH_HASH];
	struct replay_port *ports;
	size_t nports;
	struct replay_socket *sockets; /* of UDP */
	size_t nsockets;
	bool nomem;
	unsigned differences;
};

/* Sends what the recording has. 0, or EXIT_UNUSABLE with a sentence. */
int replay_run(struct replay *r, struct complaint *c);
/* Prints what differs, and counts it. */
void replay_compare(struct replay *r);

/* replay_origins.c: our side of what the target dials. */
void origins_open(struct replay *r);
void origins_close(struct replay *r);
/* What can be polled; at most MAX. */
struct pollfd;
size_t origins_poll(struct replay *r, struct pollfd *p, size_t max);
/* Accepts, reads, echoes. */
void origins_work(struct replay *r);

/* replay_udp.c: the same for datagrams. */
void udp_open(struct replay *r);
void udp_close(struct replay *r);
size_t udp_poll(const struct replay *r, struct pollfd *p, size_t max);
void udp_work(struct replay *r);
/* Sends a datagram of CONN to the socket that the target has there now. False:
 * it has none yet. */
bool udp_answer(const struct replay *r, const struct replay_conn *conn,
    const uint8_t *p, size_t len);

#endif
