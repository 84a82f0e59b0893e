/* cmdSettings as a client sends it: when, how often, and what it says. */

#include "conformance/anytls/case.h"

/* The settings of the first session. */
static struct settings_seen
first_settings(struct t *t)
{
	struct peer *p;

	start_client(t);
	ask(t, "case.test", 80);
	p = accept_client(t);
	expect_auth(p);
	return (expect_settings(p));
}

/* Nothing but the authentication comes before them. */
static void
first(struct t *t)
{
	struct frame f = settings(ANY_DATA);
	struct peer *p;

	f.any_sid = true;
	start_client(t);
	ask(t, "case.test", 80);
	p = accept_client(t);
	expect_auth(p);
	expect_next(p, f);
}

/* So it is on every session. Each ends before the next is asked for. */
static void
each_session(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	for (int i = 0; i < 3; i++) {
		a = connect_through(t, &p, &st);
		app_tell(a, text("hello"));
		expect_data(p, st.sid, text("hello"));
		end_session(p);
	}
}

/* Three streams one after another or, where the client opens more sessions
 * for them, on those: no session has settings twice. */
static void
once(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;
	struct frame f;

	start_client(t);
	a = connect_through(t, &p, &st);
	for (unsigned i = 0; i < 3; i++) {
		release(t, p, st.sid, a);
		a = ask(t, "case.test", 80);
		if (session_comes(t, 100))
			skip(t, "the client opens a session for each stream");
		do {
			if (!next_frame(p, &f))
				fail(t, "a stream", "the session was closed");
			if (f.cmd == ATLS_CMD_SETTINGS)
				fail(t, "no Settings after the first",
				    "Settings sid=%u", (unsigned)f.sid);
		} while (f.cmd != ATLS_CMD_PSH);
		st.sid = f.sid;
		tell(p, synack(f.sid, NO_DATA));
		expect_granted(a);
	}
}

static void
stream_id(struct t *t)
{
	struct peer *p;
	struct frame f;

	start_client(t);
	ask(t, "case.test", 80);
	p = accept_client(t);
	expect_auth(p);
	if (!next_frame(p, &f))
		fail(t, "Settings", "the session was closed");
	if (f.cmd == ATLS_CMD_SETTINGS && f.sid != 0)
		fail(t, "Settings with stream id 0", "stream id %u",
		    (unsigned)f.sid);
}

/* Bytes of the UTF-8 sequence at P, or 0. Overlong forms and surrogates are
 * left to others: what is looked for is text in another encoding. */
static size_t
utf8_len(const uint8_t *p, size_t left)
{
	size_t n = 0;

	if (*p < 0x80)
		n = 1;
	else if (*p >= 0xc2 && *p < 0xe0)
		n = 2;
	else if (*p >= 0xe0 && *p < 0xf0)
		n = 3;
	else if (*p >= 0xf0 && *p < 0xf5)
		n = 4;
	if (n > left)
		return (0);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return (0);
	}
	return (n);
}

static void
utf8(struct t *t)
{
	struct settings_seen s = first_settings(t);
	size_t n;

	for (size_t i = 0; i < s.raw.len; i += n) {
		n = utf8_len(s.raw.p + i, s.raw.len - i);
		if (n == 0 || s.raw.p[i] == 0)
			fail(t, "UTF-8 text", "byte 0x%02x at offset %zu",
			    s.raw.p[i], i);
	}
}

/* Lines of key=value. One LF at the end is harmless: parsers see an empty line
 * there, which has no "=". */
static void
lines(struct t *t)
{
	struct settings_seen s = first_settings(t);
	const uint8_t *p = s.raw.p, *end = p + s.raw.len, *lf, *eq;

	while (p < end) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		eq = memchr(p, '=', (size_t)(lf - p));
		if (eq == NULL || eq == p)
			fail(t, "items of the form key=value", "\"%.*s\"",
			    (int)(lf - p), (const char *)p);
		if (memchr(p, '\r', (size_t)(lf - p)) != NULL)
			fail(t, "items separated by LF alone", "a CR");
		p = lf + 1;
	}
}

/* How often the item KEY= starts a line of D. */
static unsigned
count_key(struct data d, const char *key)
{
	size_t len = strlen(key);
	unsigned n = 0;

	for (size_t i = 0; i + len < d.len; i++) {
		if ((i == 0 || d.p[i - 1] == '\n') &&
		    memcmp(d.p + i, key, len) == 0 && d.p[i + len] == '=')
			n++;
	}
	return (n);
}

static void
key_present(struct t *t)
{
	const char *key = t->arg;
	struct settings_seen s = first_settings(t);
	unsigned n = count_key(s.raw, key);

	if (n != 1)
		fail(t, "each of v, client and padding-md5 once",
		    "%s= comes %u times", key, n);
	if (strcmp(key, "client") == 0)
		observe(t, "the client calls itself \"%.60s\"", s.client);
}

/* A decimal number, as servers parse it: digits only. */
static void
version_number(struct t *t)
{
	struct settings_seen s = first_settings(t);
	size_t len = strlen(s.v);

	if (len == 0 || len > 9 || strspn(s.v, "0123456789") != len ||
	    strtoul(s.v, NULL, 10) < 1)
		fail(t, "v is a number from 1 on", "v=%s", s.v);
}

static void
md5_form(struct t *t)
{
	struct settings_seen s = first_settings(t);

	if (strlen(s.md5) != 32 || strspn(s.md5, "0123456789abcdef") != 32)
		fail(t, "32 lower-case hex digits", "padding-md5=%s", s.md5);
}

/* The client has met no server yet: its scheme is the default, whose md5 is
 * that of the raw text without a final newline. */
static void
md5_default(struct t *t)
{
	struct settings_seen s = first_settings(t);

	if (strcmp(s.md5, ATLS_SCHEME_DEFAULT_MD5) != 0)
		fail(t, "the md5 of the default scheme", "padding-md5=%s",
		    s.md5);
}

/* Version and name are the program's: they do not change between sessions. */
static void
constant(struct t *t)
{
	struct settings_seen s[2];
	struct peer *p;

	start_client(t);
	for (int i = 0; i < 2; i++) {
		ask(t, "case.test", 80);
		if (i == 1 && !session_comes(t, 300))
			skip(t, "the client opens no second session");
		p = accept_client(t);
		expect_auth(p);
		s[i] = expect_settings(p);
	}
	if (strcmp(s[0].v, s[1].v) != 0)
		fail(t, "the same version on each session", "v=%s, then v=%s",
		    s[0].v, s[1].v);
	if (strcmp(s[0].client, s[1].client) != 0)
		observe(t, "the name changed from \"%.60s\" to \"%.60s\"",
		    s[0].client, s[1].client);
}

static const struct tcase cases[] = {
	{ "client/settings/first", "AT-ST-01", first, NULL, NULL },
	{ "client/settings/each-session", "AT-ST-01", each_session, NULL,
	    NULL },
	{ "client/settings/once", "AT-ST-22", once, NULL, NULL },
	{ "client/settings/stream-id", "AT-ST-22", stream_id, NULL, NULL },
	{ "client/settings/utf8", "AT-ST-03", utf8, NULL, NULL },
	{ "client/settings/lines", "AT-ST-03", lines, NULL, NULL },
	{ "client/settings/has-v", "AT-ST-18", key_present, "v", NULL },
	{ "client/settings/has-client", "AT-ST-05", key_present, "client",
	    NULL },
	{ "client/settings/has-md5", "AT-ST-23", key_present, "padding-md5",
	    NULL },
	{ "client/settings/version", "AT-ST-18", version_number, NULL, NULL },
	{ "client/settings/md5-form", "AT-ST-23", md5_form, NULL, NULL },
	{ "client/settings/md5-default", "AT-PD-01,AT-ST-23", md5_default, NULL,
	    NULL },
	{ "client/settings/constant", "AT-ST-18", constant, NULL, NULL },
};

extern const struct suite suite_cli_settings;
const struct suite suite_cli_settings = SUITE("client: settings", cases);
