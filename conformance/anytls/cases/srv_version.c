/* Version negotiation: who says what, and what is in force then. */
#include "conformance/anytls/case.h"

/* What a session with version V came to. */
struct outcome_of {
	bool settings, synack;
	size_t hearts; /* requests of the server's own */
};

/* Says version V (NULL: no version at all), opens stream 1 to the echo, and
 * notes which frames of version 2 come until data is back. Nothing here needs
 * version 2, so every server gets to the end. */
static struct outcome_of
negotiate(struct t *t, struct peer *p, const char *v)
{
	struct data hello = text("hello"), said;
	struct outcome_of out = { 0 };
	struct frame f;

	if (v == NULL)
		said = textf(t, "client=x/1\npadding-md5=%s", target_md5(t));
	else
		said = settings_text(t, v, NULL);
	tell(p, settings(said));
	tell_open(p, 1, dest_echo(t));
	tell(p, psh(1, hello));
	do {
		if (!next_frame(p, &f))
			fail(t, "the echo on stream 1", "the session closed");
		out.settings |= f.cmd == ATLS_CMD_SERVER_SETTINGS;
		out.synack |= f.cmd == ATLS_CMD_SYNACK;
		out.hearts += f.cmd == ATLS_CMD_HEART_REQUEST;
		if (f.cmd == ATLS_CMD_FIN && f.sid == 1)
			fail(t, "the echo on stream 1", "FIN");
	} while (f.cmd != ATLS_CMD_PSH || f.sid != 1);
	return (out);
}

/* Nothing of version 2 for a client that has not got it. */
static void
runs_as_version_1(struct t *t)
{
	const char *v = t->arg;
	struct peer *p = dial_auth(t);
	struct outcome_of out = negotiate(t, p, v);

	if (out.settings)
		fail(t, "no ServerSettings for a client of version 1",
		    "ServerSettings");
	if (out.synack)
		fail(t, "no SYNACK for a client of version 1", "SYNACK");
	if (out.hearts != 0)
		fail(t, "no heartbeat request for a client of version 1", "%zu",
		    out.hearts);
}

/* A server that never sends SYNACK (AT-SY-04) has none to lose here. */
static bool
has_synack(struct t *t)
{
	return (negotiate(t, dial_auth(t), "2").synack);
}

/* Any version from 2 on is answered as 2 is. The trap: numbers whose low byte
 * is 0 or 1, in servers that keep a byte of it, get ServerSettings and then
 * never a SYNACK, so that the client waits for it in vain. */
static void
runs_as_version_2(struct t *t)
{
	const char *v = t->arg;
	struct peer *p = dial_auth(t);
	struct outcome_of out = negotiate(t, p, v);

	if (!out.settings)
		fail(t, "ServerSettings, as for version 2", "none");
	if (!out.synack && has_synack(t))
		fail(t, "SYNACK, as for version 2", "none");
}

/* Numbers that programs read differently ("+2", more digits than fit): the
 * session is of version 1 or 2, but not of both. */
static void
runs_as_either(struct t *t)
{
	const char *v = t->arg;
	struct peer *p = dial_auth(t);
	struct outcome_of out = negotiate(t, p, v);

	if (out.settings != out.synack && (out.synack || has_synack(t)))
		fail(t, "ServerSettings and SYNACK, or neither",
		    "ServerSettings %s, SYNACK %s",
		    out.settings ? "came" : "missing",
		    out.synack ? "came" : "missing");
	observe(t, "taken as version %d", out.settings ? 2 : 1);
}

/* The answer to settings does not wait for a stream. */
static void
at_once(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell(p, settings(settings_text(t, "2", NULL)));
	expect(p, server_settings(ANY_TEXT));
}

/* "Immediately": before the SYNACK of a stream opened in the same record. */
static void
before_synack(struct t *t)
{
	struct peer *p = dial_auth(t);

	cork(p);
	tell(p, settings(settings_text(t, "2", NULL)));
	tell(p, syn(1));
	tell(p, psh(1, dest_echo(t)));
	uncork(p);
	expect(p, server_settings(ANY_TEXT));
}

/* Settings once, ServerSettings once: none with a stream, none later. */
static void
only_once(struct t *t)
{
	struct peer *p = dial_auth(t);
	struct frame f;
	unsigned n = 0;

	tell(p, settings(settings_text(t, "2", NULL)));
	tell_open(p, 1, dest_echo(t));
	tell(p, psh(1, text("hello")));
	do {
		if (!next_frame(p, &f))
			fail(t, "the echo on stream 1", "the session closed");
		n += f.cmd == ATLS_CMD_SERVER_SETTINGS;
	} while (f.cmd != ATLS_CMD_PSH);
	if (n > 1)
		fail(t, "ServerSettings once", "%u times", n);
	if (n == 0)
		expect_within(p, server_settings(ANY_TEXT), t->timeout_ms);
	expect_none(p, server_settings(ANY_DATA));
}

/* The number behind "v=" in a settings text, 0 when there is none. */
static unsigned
version_in(struct data d)
{
	unsigned v = 0;
	size_t i = 0;

	while (i < d.len) {
		if (d.len - i > 2 && memcmp(d.p + i, "v=", 2) == 0) {
			for (i += 2; i < d.len && d.p[i] >= '0' &&
			     d.p[i] <= '9' && v < 100000;
			     i++)
				v = v * 10 + (unsigned)(d.p[i] - '0');
			return (i == d.len || d.p[i] == '\n' ? v : 0);
		}
		while (i < d.len && d.p[i++] != '\n')
			;
	}
	return (0);
}

/* ServerSettings say a version, and since they were sent it is 2 or more. */
static void
says_version(struct t *t)
{
	struct peer *p = dial_auth(t);
	struct frame f;

	tell(p, settings(settings_text(t, "2", NULL)));
	do {
		if (!next_frame(p, &f))
			fail(t, "ServerSettings", "the session closed");
	} while (f.cmd != ATLS_CMD_SERVER_SETTINGS);
	if (version_in(f.data) < 2)
		fail(t, "ServerSettings with v=2 or more", "\"%.*s\"",
		    (int)(f.data.len < 200 ? f.data.len : 200),
		    (const char *)f.data.p);
	observe(t, "v=%u", version_in(f.data));
}

/* A client of version 1 is served in full, up and down. */
static void
old_client(struct t *t)
{
	struct origin *o = listen_origin(t);
	struct peer *p = dial_ready(t, V1);
	struct app *a;

	a = open_to(p, 1, o);
	exchange(p, 1, a, pattern(t, 20000, 1), pattern(t, 30000, 2), 4096);
}

/* Sessions do not share a version: one of each, side by side. */
static void
both_at_once(struct t *t)
{
	struct peer *p2 = dial_ready(t, V2), *p1 = dial_auth(t);
	struct outcome_of out = negotiate(t, p1, "1");

	if (out.settings || out.synack)
		fail(t, "nothing of version 2 in the session of version 1",
		    out.settings ? "ServerSettings" : "SYNACK");
	open_echo(p2, 1);
	echo_again(p2, 1, text("version 2"));
}

static const struct tcase cases[] = {
	{ "server/version/answers-at-once", "AT-ST-08", at_once, NULL, "v2" },
	{ "server/version/answers-before-synack", "AT-ST-08", before_synack,
	    NULL, "v2,origin" },
	{ "server/version/answers-once", "AT-ST-08", only_once, NULL,
	    "v2,origin" },
	{ "server/version/says-version", "AT-ST-19", says_version, NULL, "v2" },
	{ "server/version/v1", "AT-ST-09", runs_as_version_1, "1",
	    "origin,!v3" },
	{ "server/version/missing", "AT-ST-10", runs_as_version_1, NULL,
	    "origin,!v3" },
	{ "server/version/v0", "AT-ST-10", runs_as_version_1, "0",
	    "origin,!v3" },
	{ "server/version/negative", "AT-ST-10", runs_as_version_1, "-1",
	    "origin,!v3" },
	{ "server/version/empty", "AT-ST-10", runs_as_version_1, "",
	    "origin,!v3" },
	{ "server/version/letter-behind", "AT-ST-10", runs_as_version_1, "2x",
	    "origin,!v3" },
	{ "server/version/blank-before", "AT-ST-10", runs_as_version_1, " 2",
	    "origin,!v3" },
	{ "server/version/fraction", "AT-ST-10", runs_as_version_1, "2.0",
	    "origin,!v3" },
	{ "server/version/hexadecimal", "AT-ST-10", runs_as_version_1, "0x2",
	    "origin,!v3" },
	{ "server/version/word", "AT-ST-10", runs_as_version_1, "two",
	    "origin,!v3" },
	{ "server/version/v2", "AT-ST-11,AT-ST-08", runs_as_version_2, "2",
	    "v2,origin" },
	{ "server/version/v3", "AT-ST-11,AT-ST-08", runs_as_version_2, "3",
	    "v2,origin" },
	{ "server/version/v4", "AT-ST-11", runs_as_version_2, "4",
	    "v2,origin,!v3" },
	{ "server/version/v255", "AT-ST-11", runs_as_version_2, "255",
	    "v2,origin,!v3" },
	{ "server/version/v256", "AT-ST-11", runs_as_version_2, "256",
	    "v2,origin,!v3" },
	{ "server/version/v257", "AT-ST-11", runs_as_version_2, "257",
	    "v2,origin,!v3" },
	{ "server/version/v258", "AT-ST-11", runs_as_version_2, "258",
	    "v2,origin,!v3" },
	{ "server/version/v999", "AT-ST-11", runs_as_version_2, "999",
	    "v2,origin,!v3" },
	{ "server/version/plus-sign", "AT-ST-11,AT-ST-10", runs_as_either, "+2",
	    "v2,origin,!v3" },
	{ "server/version/leading-zero", "AT-ST-11,AT-ST-10", runs_as_either,
	    "02", "v2,origin,!v3" },
	{ "server/version/over-32-bits", "AT-ST-11,AT-ST-10", runs_as_either,
	    "4294967298", "v2,origin,!v3" },
	{ "server/version/over-64-bits", "AT-ST-11,AT-ST-10", runs_as_either,
	    "18446744073709551618", "v2,origin,!v3" },
	{ "server/version/many-digits", "AT-ST-11,AT-ST-10", runs_as_either,
	    "99999999999999999999999999999999999999999999999999999999999999",
	    "v2,origin,!v3" },
	{ "server/version/old-client-served", "AT-ST-20,AT-DA-01", old_client,
	    NULL, "origin,!v3" },
	{ "server/version/old-and-new-client", "AT-ST-09,AT-ST-20",
	    both_at_once, NULL, "v2,origin,!v3" },
};

extern const struct suite suite_srv_version;
const struct suite suite_srv_version = SUITE("server: versions", cases);
