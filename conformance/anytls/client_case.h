/*
 * The vocabulary of cases that judge a client: the suite plays the server, and
 * the application in front of the client's local proxy. Used besides the verbs
 * of case.h, which includes this file; the same peer, tell and expect.
 *
 * A case starts the client, makes the application ask for something, accepts
 * the session the client then opens, and judges what arrives. Sockets queue,
 * so sequence is enough.
 */
#ifndef ANYTLS_CLIENT_CASE_H
#define ANYTLS_CLIENT_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct t;
struct peer;
struct app;
struct data;
struct udp_app; /* the application's end of a UDP ASSOCIATE */

/* ---- The client under test ---- */

/*
 * Starts the client with the command of the run, told to dial this case's
 * server, and waits until its local proxy accepts. One client per case; it is
 * stopped with the case. A client that ends by itself is a crash.
 */
void start_client(struct t *t);
/* The same with a second server of the case: its number is 1, the first's 0. */
uint16_t server_port_of(struct t *t, unsigned number);
/* True when the client's output so far has TEXT. */
bool client_said(struct t *t, const char *text);

/* ---- The application ---- */

/* Asks the client's local proxy for NAME:PORT ("case.test", any name: nothing
 * is dialled, the server is us) and returns at once. */
struct app *ask(struct t *t, const char *name, uint16_t port);
/* The proxy says that the connection stands; waits for it. Some clients say so
 * at once, some after SYNACK: call it after what the client waits for. */
void expect_granted(struct app *a);
/* The request fails: an error code of the proxy, or the connection closes. */
void expect_denied(struct app *a);
/* Then app_tell(), app_expect(), app_expect_eof(), app_shut(), app_close() and
 * app_reset() of case.h. */

struct udp_app *ask_udp(struct t *t);
void udp_app_tell(struct udp_app *u, const char *host, uint16_t port,
    struct data d);
void udp_app_expect(struct udp_app *u, const char *host, uint16_t port,
    struct data d); /* HOST NULL: any source */

/* ---- The server's side of a session ---- */

/* The next session the client opens: TCP and TLS. */
struct peer *accept_client(struct t *t);
struct peer *accept_client_at(struct t *t, unsigned number);
/* No session is opened for MS milliseconds. */
void expect_no_session(struct t *t, uint32_t ms);
/* True when a session is opened within MS; accept_client() takes it. */
bool session_comes(struct t *t, uint32_t ms);

/* What the authentication request was. */
struct auth_seen {
	size_t padding;      /* length of padding0 */
	bool zero;           /* all of padding0 is zero */
	size_t first_record; /* plaintext bytes of the first record */
	unsigned nrecords;   /* records the request was cut into */
};
/* Reads it; fails when the hash is not that of the password. */
struct auth_seen expect_auth(struct peer *p);

/* The settings as told; strings are case memory, "" when absent. */
struct settings_seen {
	const char *v, *client, *md5;
	struct data raw;
};
/* The next frame is cmdSettings. */
struct settings_seen expect_settings(struct peer *p);

/* The next frames are SYN and, in PSH frames however cut, a SOCKS address. */
struct stream_seen {
	uint32_t sid;
	char host[256];
	uint16_t port;
};
struct stream_seen expect_stream(struct peer *p);

/* How the server answers settings and streams from here on; see
 * profiles.h for names. The default is that of a v2 server of the Go family. */
enum server_kind { SERVER_V1, SERVER_V2, SERVER_V3 };

/*
 * All of it: accepts a session, takes auth and settings, answers
 * ServerSettings (v2: "v=2"; v1: nothing; v3: the client's number), takes the
 * first stream and answers SYNACK (not for v1). The stream is stored in *ST
 * (NULL: not wanted). For clients of version 1 nothing of version 2 is sent.
 */
struct peer *serve(struct t *t, enum server_kind kind, struct stream_seen *st);
/* The next stream of a session that is served: SYN and address, SYNACK. */
struct stream_seen serve_stream(struct peer *p);

/* ask() + serve() + expect_granted(): a connection that works. */
struct app *connect_through(struct t *t, struct peer **p, struct stream_seen *st);

/* ---- Records: what padding is about ---- */

/* Plaintext sizes of the records received so far on P, authentication first;
 * N is how many there are. */
const uint32_t *record_sizes(const struct peer *p, size_t *n);
/* Waits until N records have come. */
void expect_records(struct peer *p, size_t n);
/* Judges all records so far by the padding scheme SCHEME (text) with the
 * oracle of ref/wire/shape.h; fails with its sentence. */
void expect_shape(struct peer *p, struct data scheme);

#endif
