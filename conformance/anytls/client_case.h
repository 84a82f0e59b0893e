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
#include <stdlib.h>

#include "conformance/anytls/case.h"
#include "ref/wire/shape.h"

struct udp_app; /* the application's end of a UDP ASSOCIATE */

/* ---- The client under test ---- */

/*
 * Starts the client with the command of the run, told to dial this case's
 * server, and waits until its local proxy accepts. One client per case; it is
 * stopped with the case. A client that ends by itself is a crash.
 */
void start_client(struct t *t);
/* Ports of the case's servers: number 0, and 1 for a second one that a client
 * with feature "two-servers" knows as well. */
uint16_t server_port_of(struct t *t, unsigned number);
/* What the client is told instead of the usual; before start_client(). The
 * texts live as long as the case. A name for the TLS handshake ({sni}); another
 * password, which expect_auth() asks for then; a link ({uri}). */
void client_sni(struct t *t, const char *name);
void client_password(struct t *t, const char *password);
void client_link(struct t *t, const char *link);
/* S as part of a link. */
const char *percent_encoded(struct t *t, const char *s);
/* The case's servers show a certificate that nobody knows, for NAME. */
void other_certificate(struct t *t, const char *name);
/* Server 0 listens on ::1 instead, at another port; skips without IPv6. */
void server_on_ipv6(struct t *t);
/* Stops listening: connections of the client are refused from now on. */
void stop_server(struct t *t, unsigned number);
/* True when the client's output so far has TEXT. */
bool client_said(struct t *t, const char *text);

/* ---- The application ---- */

/* Asks the client's local proxy for NAME:PORT ("case.test", any name or literal
 * address: nothing is dialled, the server is us) and returns at once. */
struct app *ask(struct t *t, const char *name, uint16_t port);
/* The proxy says that the connection stands; waits for it. Some clients say so
 * at once, some after SYNACK: call it after what the client waits for. What is
 * told before may be lost by a proxy that has not said so yet. app_expect() and
 * app_expect_silence() call it when the case has not. */
void expect_granted(struct app *a);
/* The same within MS, where a client may wait for what does not come. */
void expect_granted_within(struct app *a, uint32_t ms);
/* The request fails: an error code of the proxy, or the connection closes
 * without a byte, also where the proxy has said before that it stands. */
void expect_denied(struct app *a);
/* Then app_tell(), app_expect(), app_expect_eof(), app_shut(), app_close() and
 * app_reset() of case.h. */

/* UDP ASSOCIATE; skips the case (feature udp) when the proxy has none. */
struct udp_app *ask_udp(struct t *t);
void udp_app_tell(
    struct udp_app *u, const char *host, uint16_t port, struct data d);
void udp_app_expect(struct udp_app *u, const char *host, uint16_t port,
    struct data d); /* HOST NULL: any source */
void udp_app_expect_silence(struct udp_app *u, uint32_t ms);

/* ---- The server's side of a session ---- */

/* The next session the client opens: TCP and TLS. */
struct peer *accept_client(struct t *t);
struct peer *accept_client_at(struct t *t, unsigned number);
/* No session is opened for MS milliseconds, not stretched by --time-scale: the
 * client's own timers are not either. */
void expect_no_session(struct t *t, uint32_t ms);
/* True when a session is opened within MS; accept_client() takes it. */
bool session_comes(struct t *t, uint32_t ms);

/* TCP alone, with the handshake still to come; it may fail: true when TLS
 * stands, false when the client has ended it. */
bool client_trusts(struct t *t, struct peer **p);
/* Waits for its first byte; false when it closes without one, as clients do
 * that judge the certificate after the server has finished. */
bool peer_speaks(struct peer *p);
/* The name of the handshake (SNI), or NULL: there was none. */
const char *name_told(const struct peer *p);

/* What the authentication request was. */
struct auth_seen {
	uint16_t padding;    /* length of padding0 */
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
	uint32_t sid;
};
/* The next frame is cmdSettings: nothing is skipped. */
struct settings_seen expect_settings(struct peer *p);

/* The next frames are SYN and, in PSH frames however cut, a SOCKS address; data
 * behind it stays for expect_data(). FIN of other streams is skipped, for it
 * may come late (AT-CL-08 has cases of its own). With feature "implicit-stream"
 * (the single-stream client that never sends SYN; the case about that expects a
 * frame by hand) PSH may stand without it. */
struct stream_seen {
	uint32_t sid;
	char host[256]; /* the name, or the address as text */
	uint16_t port;
	struct atls_addr addr;
	bool implicit; /* there was no SYN */
};
struct stream_seen expect_stream(struct peer *p);

/* How a server answers settings and streams: the profiles "v1-server", "go",
 * "v3-single-stream". More by name: serve_as() and "list --profiles". */
enum server_kind {
	SERVER_V1,
	SERVER_V2,
	SERVER_V3
};

/* The padding scheme of the case's servers from here on: serve() sends it to
 * clients whose settings have another md5. Without this they send none. */
void server_scheme(struct t *t, struct data scheme);

/*
 * All of it: accepts a session, takes auth and settings, answers
 * ServerSettings (v2: "v=2"; v1: nothing; v3: the client's number), takes the
 * first stream and answers SYNACK (not for v1). The stream is stored in *ST
 * (NULL: not wanted). For clients of version 1 nothing of version 2 is sent.
 */
struct peer *serve(struct t *t, enum server_kind kind, struct stream_seen *st);
/* The same as one of the profiles of "list --profiles". */
struct peer *serve_as(struct t *t, const char *profile, struct stream_seen *st);
/* The parts of serve(), for sessions of accept_client(): authentication and
 * settings with their answers; then streams one by one with serve_stream(). */
void serve_session(struct peer *p, const char *profile);
/* The client ends stream SID: its FIN is taken and, as the profile says,
 * answered. Waste and heartbeat requests are skipped. */
void serve_fin(struct peer *p, uint32_t sid);
/* The target of stream SID has ended: FIN, unless the profile has none. */
void serve_end(struct peer *p, uint32_t sid);
/* A UDP answer on stream SID, in the form that the client asked for (CONNECT)
 * unless the profile answers otherwise. */
void serve_datagram(struct peer *p, uint32_t sid, bool connect,
    const struct atls_addr *from, struct data d);
/* The next stream of a session that is served: SYN and address, SYNACK. */
struct stream_seen serve_stream(struct peer *p);

/* ask("case.test", 80) + serve(SERVER_V2) + expect_granted(): a connection
 * that works. */
struct app *connect_through(
    struct t *t, struct peer **p, struct stream_seen *st);

/* ---- The client by its shim (feature "shim"): what a proxy port cannot
 * express. docs/shim.md is what the shim is told; shim.c. ---- */

/* Negative: not said, the client's own. A client that cannot be told one of
 * them skips the case. */
struct shim_settings {
	int32_t check_ms, idle_ms, min_idle;
};
/* Starts the shim, and by it the client with the case's servers. */
void shim_start(struct t *t, const struct shim_settings *s);
/* Asks the client for a connection to NAME by server NUMBER (0, 1); its session
 * comes to accept_client(). The shim's name of it. */
int64_t shim_open(struct t *t, const char *name, unsigned number);
/* Closes that connection as the application would. */
void shim_close(struct t *t, int64_t stream);
struct shim_state {
	unsigned sessions; /* that stand */
	unsigned idle;     /* of them, without a stream */
	const char *md5;   /* of the scheme for the next session; case memory */
};
/* What the client has for server NUMBER. */
struct shim_state shim_state(struct t *t, unsigned number);
/* Asks until it has SESSIONS, IDLE of them idle; fails in the name of WHAT. */
void shim_expect(
    struct t *t, unsigned sessions, unsigned idle, const char *what);
/* Ends the client in order. */
void shim_stop(struct t *t);

/* ---- Records: what padding is about ---- */

/* Plaintext sizes of the records received so far on P, authentication first;
 * N is how many there are. */
const uint32_t *record_sizes(const struct peer *p, size_t *n);
/* The plaintext of record I, counted from 0. */
struct data record_at(struct peer *p, size_t i);
/* Waits until N records have come. */
void expect_records(struct peer *p, size_t n);
/*
 * Judges all records so far by the padding scheme SCHEME (its text) with the
 * oracle of ref/wire/shape.h, and by the schemes that were sent on P since.
 * Fails with the oracle's sentence when not even the text's reading explains
 * them (ATLS_SHAPE_TEXT); a reading other than the reference's is observed.
 */
void expect_shape(struct peer *p, struct data scheme);
/* The same with the loosest reading that passes, ATLS_SHAPE_TOLERANT say. */
void expect_shape_as(
    struct peer *p, struct data scheme, enum atls_shape_reading loosest);
/* Which reading explains them; judges nothing. */
enum atls_shape_reading shape_reading(struct peer *p, struct data scheme);
/* The default scheme of the protocol; a scheme's md5 in hex, case memory. */
struct data default_scheme(void);
const char *scheme_md5(struct t *t, struct data scheme);

/* ---- Sizes drawn at random; samples.c ---- */

/*
 * Sizes that the client drew from one item "LOW-HIGH" of a scheme. Bounds are
 * hard; whether they are random and even is a question for statistics, asked
 * with an equal share of the run's budget of false alarms: t_question().
 */
struct samples;
/* BOUND is how far from even a distribution may seem: see expect_even(). */
struct samples *samples_of(
    struct t *t, uint32_t low, uint32_t high, double bound);
/* Adds SIZE; fails when it is outside [LOW, HIGH]. WHAT it is the size of. */
void sample(struct samples *s, uint32_t size, const char *what);
/* How many samples the two questions below need. */
size_t samples_for_random(const struct samples *s);
size_t samples_for_even(const struct samples *s);
/* Fails when all sizes are equal; a client that draws evenly fails with the
 * probability of its share at most. Too few samples are undetermined. */
void expect_random(struct samples *s);
/* Fails when the cumulative distribution is more than BOUND away from the even
 * one, which happens to an even client with the probability of its share at
 * most. A client whose own distribution is 2 * BOUND away passes with twice
 * that probability at most. Too few samples are undetermined. */
void expect_even(struct samples *s);
/*
 * Up to N sessions at a time under SCHEME, which a first session has brought.
 * Of each, authentication and settings have been taken. Less than N come from a
 * client that does not open a session for each; *GOT says how many came.
 */
struct fleet {
	struct peer *p;
	struct auth_seen auth;
};
struct fleet *fleet_under(
    struct t *t, struct data scheme, size_t n, size_t *got);

/* ---- Heartbeats of the client's own; beats.c ---- */

struct beat {
	uint32_t after_ms; /* since the call */
	uint32_t sid;
};
/* Answers the heartbeat requests that come within MS and keeps N of them at
 * most in OUT; how many there were. Other frames are dropped; fails when the
 * session is closed. */
size_t take_beats(struct peer *p, uint32_t ms, struct beat *out, size_t n);

/* ---- After an update; written with the verbs above, in renew.c ---- */

/* Auth, settings, ServerSettings for a client of version 2, the first stream
 * and its SYNACK: what serve() does as a v2 server, on a session that was
 * accepted already. A, when not NULL, is granted then. */
struct stream_seen begin_service(struct peer *p, struct app *a);
/* Sends an update on P and a word on stream ST; A has the word, so the client
 * has read the update. */
void update_and_sync(
    struct peer *p, uint32_t sid, struct app *a, struct data scheme);
/* Closes the session P and gives the client time to notice. The application of
 * a stream on it should stay, so that P does not become an idle session. */
void end_session(struct peer *p);
/* The application breaks its connection on stream SID of P off, for an orderly
 * end may be lingered over; its FIN is taken, and the session has time to
 * become idle. A client that sends no FIN is waited for in vain: AT-CL-01 has
 * cases of its own. */
void release(struct t *t, struct peer *p, uint32_t sid, struct app *a);
/* Starts the client, whose first session brings SCHEME and ends. Another
 * request has been made since; returns its session, of which nothing is taken,
 * and its application in *A. */
struct peer *renew(struct t *t, struct data scheme, struct app **a);
/* begin_service() on that session. A client that does not report SCHEME is
 * skipped, and so in the second: what it takes is judged by client/scheme. */
struct stream_seen begin_under(
    struct peer *p, struct app *a, struct data scheme);
struct settings_seen expect_settings_under(struct peer *p, struct data scheme);
/* The client has sent heartbeat requests of its own on P: they are packets, so
 * that those of a case cannot be counted. */
bool says_heartbeats(const struct peer *p);
/* The md5 that the client reports on its first session; and is that the one of
 * the default scheme? (client/settings judges that.) */
const char *first_md5(struct t *t);
bool has_default_scheme(struct t *t);
/* Records that have bytes of the authentication request in them. */
size_t auth_records(const struct peer *p);

#endif
