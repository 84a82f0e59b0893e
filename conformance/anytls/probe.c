/* Is the target usable, and what can it do. */
#include <netdb.h>
#undef NO_DATA /* a number of netdb.h; here a value of case.h */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "conformance/anytls/frames.h"
#include "conformance/anytls/origin.h"
#include "conformance/anytls/sockets.h"
#include "conformance/anytls/target.h"
#include "conformance/anytls/verbs.h"
#include "ref/net/digest.h"

/* Sanity says within 5 s what is wrong. */
#define CONNECT_MS 3000
#define ANSWER_MS 1500
#define SANITY_BUDGET_MS 8000

#define UNUSABLE "a target that authenticates us and answers"

/* Something but waste has come, the peer has closed, or it speaks otherwise. */
static bool
has_answer(struct peer *p)
{
	while (p->head != NULL && p->head->f.cmd == ATLS_CMD_WASTE)
		verb_pop(p);
	return (p->head != NULL || p->closing != OPEN ||
	    (p->raw.len != 0 && p->raw.p[0] >= ATLS_NCOMMANDS));
}

static bool
answered(struct peer *p)
{
	uint64_t deadline = t_deadline(p->t, ANSWER_MS);

	while (!has_answer(p))
		if (p->flooded || !peer_fill(p, deadline))
			return (false);
	return (true);
}

static void
judge_answer(struct t *t, struct peer *p)
{
	char quoted[128];

	if (p->raw.len == 0)
		t_fail(t, UNUSABLE,
		    "closed the connection after authentication (%s): wrong "
		    "password?",
		    peer_closing_text(p));
	if (p->raw.p[0] >= ATLS_NCOMMANDS)
		t_fail(t, UNUSABLE,
		    "answered the authentication with something else than "
		    "AnyTLS, %s: wrong password?",
		    frames_quote(p->raw.p, p->raw.len, quoted, sizeof(quoted)));
	if (p->head != NULL && p->head->f.cmd == ATLS_CMD_ALERT &&
	    p->head->f.data.len != 0)
		t_fail(t, UNUSABLE, "refused the session: %s",
		    frames_quote(p->head->f.data.p, p->head->f.data.len, quoted,
			sizeof(quoted)));
}

/* Settings and a stream to the echo first: a version 1 server may know no
 * heartbeat, and answers no settings. */
static void
sanity(struct t *t)
{
	char err[PEER_ERRLEN];
	struct peer *p;
	struct data d;

	p = peer_connect(t, t_deadline(t, CONNECT_MS), err);
	if (p == NULL)
		t_fail(t, UNUSABLE, "%s", err);
	peer_put(p, auth_bytes(t, t->target.password, 30, 0), "");
	d = encode(t, settings(settings_text(t, "2", ATLS_SCHEME_DEFAULT_MD5)));
	d = join(t, d, encode(t, syn(1)));
	d = join(t, d, encode(t, psh(1, dest_echo(t))));
	d = join(t, d, encode(t, psh(1, text("anytls-conform"))));
	peer_put(p, d, "");
	peer_flush(p, t_deadline(t, ANSWER_MS), 0, true);
	if (!answered(p)) {
		peer_put(p, encode(t, heart_request(0)), "");
		peer_flush(p, t_deadline(t, ANSWER_MS), 0, true);
		if (!answered(p))
			t_fail(t, UNUSABLE,
			    "took the authentication but answered no "
			    "settings, heartbeat or stream within %.1f s",
			    2 * ANSWER_MS * t->time_scale / 1000);
	}
	judge_answer(t, p);
	peer_leave(p);
}

const struct tcase probe_sanity = { "suite/sanity", NULL, sanity,
	.budget_ms = SANITY_BUDGET_MS };

static void
ask_target(struct t *t, const char *v, struct answer *a)
{
	target_ask(t, v, "00000000000000000000000000000000", a);
	if (!a->connected)
		t_error(t, "%s: %s", peer_target(t), a->error);
}

/* A session whose settings say version V, and what is told behind them. */
static struct peer *
begin(struct t *t, const char *v, struct data more)
{
	char err[PEER_ERRLEN];
	struct peer *p = peer_connect(t, t_deadline(t, CONNECT_MS), err);
	struct data d;

	if (p == NULL)
		t_error(t, "%s: %s", peer_target(t), err);
	peer_put(p, auth_bytes(t, t->target.password, 30, 0), "");
	d = encode(t, settings(settings_text(t, v, ATLS_SCHEME_DEFAULT_MD5)));
	peer_put(p, join(t, d, more), "");
	peer_flush(p, t_deadline(t, ANSWER_MS), 0, true);
	return (p);
}

/* A session of version 3 whose first stream is not stream 1 is refused. */
static bool
refuses_stream_2(struct t *t)
{
	struct peer *p = begin(
	    t, "3", join(t, encode(t, syn(2)), encode(t, heart_request(0))));
	uint64_t deadline = verb_deadline(t, 0);
	bool refused = false;

	do {
		for (; p->head != NULL; verb_pop(p))
			refused |= p->head->f.cmd == ATLS_CMD_ALERT;
	} while (!refused && p->hearts_came == 0 && p->closing == OPEN &&
	    !p->flooded && peer_fill(p, deadline));
	for (; p->head != NULL; verb_pop(p))
		refused |= p->head->f.cmd == ATLS_CMD_ALERT;
	peer_leave(p);
	return (refused);
}

/* Single-stream dialect: its number is given back, and version 1 refused or
 * any stream but the first (its releases differ in the former). */
static bool
is_v3(struct t *t)
{
	struct answer a;

	ask_target(t, "3", &a);
	if (!a.settings || a.version != 3)
		return (false);
	ask_target(t, "1", &a);
	return (a.alert || refuses_stream_2(t));
}

/* Of a target that sends no update we can only think that it has the default
 * scheme, or none. */
static void
say_md5(struct t *t, const struct answer *a)
{
	char hex[ATLS_MD5_HEX + 1];

	if (a->update && digest_md5_hex(a->scheme, hex) != 0)
		t_error(t, "out of memory");
	t_feature(t, "md5", a->update ? hex : ATLS_SCHEME_DEFAULT_MD5);
}

/* To a client of version 1 too: a server may leave all of version 2 out for it.
 * One that closes the session leaves more out than that. */
static bool
answers_v1_heart(struct t *t)
{
	struct peer *p = begin(t, "1", encode(t, heart_request(0)));
	uint64_t deadline = verb_deadline(t, 0);
	bool answered;

	while (p->hearts_came == 0 && p->closing == OPEN && !p->flooded &&
	    peer_fill(p, deadline))
		peer_drop_all(p);
	answered = p->hearts_came != 0 || p->closing != OPEN;
	peer_leave(p);
	return (answered);
}

static void
say_heartbeat(struct t *t)
{
	bool all = target_version(t) != 2 || answers_v1_heart(t);

	t_feature(t, "heartbeat", all ? NULL : "v2");
}

static void
find_version(struct t *t)
{
	const char *forced = t_feature_value(t, "profile");
	const char *found = "v1";
	struct answer a;

	ask_target(t, "2", &a);
	if (is_v3(t))
		found = "v3";
	else if (a.settings && a.version >= 2)
		found = "v2";
	t_feature(t, "profile", found);
	if (forced != NULL && forced[0] == 'v')
		found = forced;
	if (strcmp(found, "v1") != 0)
		t_feature(t, "v2", NULL);
	if (strcmp(found, "v3") == 0) {
		t_feature(t, "v3", NULL);
	} else {
		t_feature(t, "reuse", NULL);
	}
	t_feature(t, "udp", NULL);
	if (a.heart)
		say_heartbeat(t);
	if (a.settings)
		t_feature(t, "server-settings", NULL);
	say_md5(t, &a);
}

/* What the peer has said of stream SID: true when it failed. */
static bool
said_no(struct peer *p, uint32_t sid)
{
	struct queued *q;

	for (q = p->head; q != NULL; q = q->next)
		if (q->f.sid == sid &&
		    (q->f.cmd == ATLS_CMD_FIN ||
			(q->f.cmd == ATLS_CMD_SYNACK && q->f.data.len != 0)))
			return (true);
	return (p->closing != OPEN);
}

static bool
stream_failed(struct peer *p)
{
	peer_fill(p, 0);
	return (said_no(p, 1));
}

static bool
has_data(struct peer *p, uint32_t sid)
{
	struct queued *q;

	for (q = p->head; q != NULL; q = q->next)
		if (q->f.cmd == ATLS_CMD_PSH && q->f.sid == sid)
			return (true);
	return (false);
}

/* Opens stream SID to the echo and says a byte; true once data is back, false
 * when the stream is refused or nothing comes (then *REFUSED says which). */
static bool
tries_stream(struct peer *p, uint32_t sid, bool *refused)
{
	struct t *t = p->t;
	uint64_t deadline;
	struct data d;

	d = join(t, encode(t, syn(sid)), encode(t, psh(sid, dest_echo(t))));
	d = join(t, d, encode(t, psh(sid, text("?"))));
	peer_put(p, d, "");
	peer_flush(p, t_deadline(t, ANSWER_MS), 0, true);
	deadline = verb_deadline(t, 0);
	while (!has_data(p, sid) && !said_no(p, sid) && !p->flooded &&
	    peer_fill(p, deadline))
		continue;
	*refused = !has_data(p, sid) && said_no(p, sid);
	return (has_data(p, sid));
}

/* Whether streams carry data at all. A server that serves one and refuses one
 * beside it fails the case about that; those that need several would all say
 * the same. */
static void
find_mux(struct t *t)
{
	bool refused, serves;
	struct peer *p;

	if (t_feature_value(t, "reuse") == NULL)
		return;
	p = begin(t, "2", NO_DATA);
	serves = tries_stream(p, 1, &refused);
	if (serves)
		t_feature(t, "echo", NULL);
	if (!serves || tries_stream(p, 2, &refused) || !refused)
		t_feature(t, "mux", NULL);
	peer_leave(p);
}

/* Waits until the target connects to O; false when it says it cannot, or at
 * the deadline. */
static bool
reached(struct t *t, struct peer *p, struct origin *o, bool *refused)
{
	uint64_t deadline = verb_deadline(t, 0);
	struct pollfd pfd[2] = { { .fd = o->fd, .events = POLLIN },
		{ .fd = p->fd, .events = POLLIN } };

	*refused = false;
	while (poll(pfd, 2, peer_left(deadline)) > 0 && t_now() < deadline) {
		if (pfd[0].revents & POLLIN)
			return (true);
		if ((pfd[1].revents & ~POLLOUT) != 0 && stream_failed(p)) {
			/* It may have connected all the same. */
			*refused = socket_wait(t, o->fd, POLLIN,
				       t_deadline(t, 100)) == 0;
			return (!*refused);
		}
	}
	return (false);
}

/*
 * A target that connects nowhere and says nothing is not excused on one host:
 * there its silence is a failure, elsewhere a firewall's.
 */
static void
find_origin(struct t *t)
{
	struct origin *o = listen_origin(t);
	bool refused, local = strncmp(t->origin_host, "127.", 4) == 0;
	struct peer *p = begin(
	    t, "2", join(t, encode(t, syn(1)), encode(t, psh(1, dest(t, o)))));

	if (reached(t, p, o, &refused) || (local && !refused))
		t_feature(t, "origin", NULL);
	peer_leave(p);
}

/* Which of the two forms of UDP a server serves: cases about the one that it
 * does not would all say the same. */
static void
find_udp(struct t *t)
{
	const bool *connect = t->arg;
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);
	char err[PEER_ERRLEN];
	struct peer *p;
	struct data d;

	p = peer_connect(t, t_deadline(t, CONNECT_MS), err);
	if (p == NULL)
		t_error(t, "%s: %s", peer_target(t), err);
	peer_put(p, auth_bytes(t, t->target.password, 30, 0), "");
	d = encode(t, settings(settings_text(t, "2", ATLS_SCHEME_DEFAULT_MD5)));
	d = join(t, d, encode(t, syn(1)));
	d = join(t, d, encode(t, psh(1, dest_udp_magic(t, 0))));
	d = join(t, d, encode(t, psh(1, uot_request(t, *connect, &at))));
	d = join(t, d,
	    encode(t, psh(1, uot_datagram(t, *connect, &at, text("UDP?")))));
	peer_put(p, d, "");
	peer_flush(p, t_deadline(t, ANSWER_MS), 0, true);
	if (udp_arrives(u))
		t_feature(t, *connect ? "udp-connect" : "udp-packet", NULL);
	peer_leave(p);
}

static const bool with_connect = true, without_connect = false;

static void
find_ipv6(struct t *t)
{
	origin_needs_ipv6(t);
	listen_origin6(t);
	t_feature(t, "ipv6", NULL);
}

static void
find_names(struct t *t)
{
	struct addrinfo *ai;

	if (getaddrinfo("localhost", NULL, NULL, &ai) != 0)
		return;
	freeaddrinfo(ai);
	t_feature(t, "names", NULL);
}

const struct tcase probe_cases[PROBE_NCASES] = {
	{ "suite/probe/version", NULL, find_version },
	{ "suite/probe/origin", NULL, find_origin },
	{ "suite/probe/mux", NULL, find_mux },
	{ "suite/probe/udp-connect", NULL, find_udp, &with_connect },
	{ "suite/probe/udp-packet", NULL, find_udp, &without_connect },
	{ "suite/probe/ipv6", NULL, find_ipv6 },
	{ "suite/probe/names", NULL, find_names },
};
