/* cmdUpdatePaddingScheme: which scheme the sessions after it are under. */
#include "conformance/anytls/case.h"

#define SCHEME_A "stop=3\n0=77-77\n1=301-301\n2=202-202"
#define SCHEME_B "stop=4\n0=44-44\n1=333-333\n2=222-222\n3=111-111"

/* The session P, which a request opened, tells the md5 WANT. */
static void
expect_md5_text(struct t *t, struct peer *p, const char *want)
{
	struct settings_seen s;

	expect_auth(p);
	s = expect_settings(p);
	if (strcmp(s.md5, want) != 0)
		fail(t,
		    t_printf(t, "padding-md5=%s, of the scheme in force", want),
		    "padding-md5=%s%s", s.md5,
		    strcmp(s.md5, ATLS_SCHEME_DEFAULT_MD5) == 0
			? ", of the default"
			: "");
}

/* The same with the md5 of SCHEME. */
static void
expect_md5(struct t *t, struct peer *p, struct data scheme)
{
	expect_md5_text(t, p, scheme_md5(t, scheme));
}

/* The next request opens a session under SCHEME. */
static struct peer *
next_is_under(struct t *t, struct data scheme)
{
	struct peer *p;

	ask(t, "case.test", 80);
	p = accept_client(t);
	expect_md5(t, p, scheme);
	return (p);
}

static void
md5(struct t *t)
{
	struct app *a;

	expect_md5(t, renew(t, text(SCHEME_A), &a), text(SCHEME_A));
}

/* The third and the fourth session, too: the first buffer of the scheme is
 * long gone then. */
static void
md5_later(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p = renew(t, text(SCHEME_A), &a);

	for (int i = 0; i < 2; i++) {
		st = begin_service(p, a);
		tell(p, psh(st.sid, pattern(t, 3000, 7)));
		app_expect(a, pattern(t, 3000, 7));
		end_session(p);
		a = ask(t, "case.test", 80);
		p = accept_client(t);
	}
	expect_md5(t, p, text(SCHEME_A));
}

static void
padding0(struct t *t)
{
	struct app *a;
	struct peer *p = renew(t, text(SCHEME_A), &a);
	struct auth_seen seen = expect_auth(p);

	if (seen.padding != 77)
		fail(t, "padding0 of 77 bytes, by the server's scheme",
		    "%u bytes", seen.padding);
}

static void
records(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p = renew(t, text(SCHEME_A), &a);

	st = begin_service(p, a);
	app_tell(a, text("hello"));
	expect_data(p, st.sid, text("hello"));
	expect_shape(p, text(SCHEME_A));
}

/* What is left of the session that has brought it: each packet follows the old
 * scheme or the new one. */
static void
running(struct t *t)
{
	struct stream_seen st;
	const uint32_t *sizes;
	struct app *a;
	struct peer *p;
	size_t n;

	if (!has_default_scheme(t))
		skip(t, "the client begins with a scheme of its own");
	start_client(t);
	a = connect_through(t, &p, &st);
	update_and_sync(p, st.sid, a, text(SCHEME_A));
	app_tell(a, text("hello"));
	expect_data(p, st.sid, text("hello"));
	sizes = record_sizes(p, &n);
	if (sizes[n - 1] != 202 && (sizes[n - 1] < 400 || sizes[n - 1] > 500))
		fail(t, "packet 2 of 400 to 500 bytes (old) or of 202 (new)",
		    "a record of %u", (unsigned)sizes[n - 1]);
	observe(t, "the running session follows the %s scheme",
	    sizes[n - 1] == 202 ? "new" : "old");
	expect_shape(p, default_scheme());
}

/* Two updates: the last counts. */
static void
two(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, update_scheme(text(SCHEME_B)));
	update_and_sync(p, st.sid, a, text(SCHEME_A));
	end_session(p);
	next_is_under(t, text(SCHEME_A));
}

static void
two_at_once(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	cork(p);
	tell(p, update_scheme(text(SCHEME_B)));
	tell(p, waste(t, 0, 10));
	tell(p, update_scheme(text(SCHEME_A)));
	tell(p, psh(st.sid, text("ready")));
	uncork(p);
	app_expect(a, text("ready"));
	end_session(p);
	next_is_under(t, text(SCHEME_A));
}

/* The second session brings another scheme; the third the default again. */
static void
one_after_another(struct t *t)
{
	struct data schemes[] = { text(SCHEME_B), default_scheme() };
	struct stream_seen st;
	struct app *a;
	struct peer *p = renew(t, text(SCHEME_A), &a);

	for (size_t i = 0; i < 2; i++) {
		st = begin_service(p, a);
		update_and_sync(p, st.sid, a, schemes[i]);
		end_session(p);
		a = ask(t, "case.test", 80);
		p = accept_client(t);
	}
	expect_md5(t, p, default_scheme());
}

/* A text that is no scheme: as if it had not come. */
static void
unusable(struct t *t)
{
	struct app *a;

	expect_md5_text(t, renew(t, text(t->arg), &a), first_md5(t));
}

/* Nor does it undo the good one before it. */
static void
unusable_after_good(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p = renew(t, text(SCHEME_A), &a);

	st = begin_under(p, a, text(SCHEME_A));
	update_and_sync(p, st.sid, a, text("no scheme"));
	end_session(p);
	next_is_under(t, text(SCHEME_A));
}

/* Odd texts that one program can use and another cannot. The session goes on,
 * and then the old scheme is in force or the new one. */
static void
old_or_new(struct t *t, struct data scheme)
{
	struct app *a;
	struct peer *p = renew(t, scheme, &a);
	const char *want = scheme_md5(t, scheme);
	struct settings_seen s;

	expect_auth(p);
	s = expect_settings(p);
	expect_stream(p);
	if (strcmp(s.md5, want) == 0)
		observe(t, "the scheme is taken");
	else if (strcmp(s.md5, first_md5(t)) == 0)
		observe(t, "the scheme is dropped");
	else
		fail(t, "the md5 of the old scheme, or of the new",
		    "padding-md5=%s, new: %s", s.md5, want);
}

static void
odd_text(struct t *t)
{
	old_or_new(t, text(t->arg));
}

static void
nul_bytes(struct t *t)
{
	static const char scheme[] = "stop=3\n\0\n0=50-50\n1=3\0000-300\n\0=\0";

	old_or_new(t, bytes(scheme, sizeof(scheme) - 1));
}

/* The md5 is that of the bytes as they came, whatever the lines mean. */
static void
raw(struct t *t)
{
	struct data scheme = text(t->arg);
	struct app *a;
	struct peer *p = renew(t, text(SCHEME_A), &a);
	struct stream_seen st = begin_under(p, a, text(SCHEME_A));

	update_and_sync(p, st.sid, a, scheme);
	end_session(p);
	next_is_under(t, scheme);
}

/* As long as a frame can be. */
static void
longest(struct t *t)
{
	struct data head = text(SCHEME_A "\n");
	uint8_t *fill = t_alloc(t, 65535 - head.len);
	struct data scheme;
	struct app *a;

	memset(fill, '#', 65535 - head.len);
	scheme = join(t, head, bytes(fill, 65535 - head.len));
	expect_md5(t, renew(t, scheme, &a), scheme);
}

/* ServerSettings and update in the order that few servers use. */
static void
after_server_settings(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = accept_client(t);
	expect_auth(p);
	expect_settings(p);
	tell(p, server_settings(text("v=2")));
	tell(p, update_scheme(text(SCHEME_A)));
	st = expect_stream(p);
	tell(p, synack(st.sid, NO_DATA));
	tell(p, psh(st.sid, text("ready")));
	app_expect(a, text("ready"));
	end_session(p);
	next_is_under(t, text(SCHEME_A));
}

/* And in the order of the Go family. */
static void
before_server_settings(struct t *t)
{
	struct app *a;
	struct peer *p;

	start_client(t);
	server_scheme(t, text(SCHEME_A));
	a = ask(t, "case.test", 80);
	p = accept_client(t);
	begin_service(p, a);
	end_session(p);
	next_is_under(t, text(SCHEME_A));
}

/* A server that knows version 1 only has schemes, too. */
static void
version1(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = serve(t, SERVER_V1, &st);
	update_and_sync(p, st.sid, a, text(SCHEME_A));
	end_session(p);
	next_is_under(t, text(SCHEME_A));
}

/* The server does not wait for the settings: the update is the first thing the
 * client hears after the handshake. */
static void
before_settings(struct t *t)
{
	struct app *a;
	struct peer *p;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = accept_client(t);
	tell(p, update_scheme(text(SCHEME_A)));
	begin_service(p, a);
	end_session(p);
	next_is_under(t, text(SCHEME_A));
}

/* The default, which the client has: nothing changes. */
static void
equal(struct t *t)
{
	struct app *a;

	expect_md5(t, renew(t, default_scheme(), &a), default_scheme());
}

/* On a session that is idle. */
static void
while_idle(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	release(t, p, st.sid, a);
	tell(p, update_scheme(text(SCHEME_A)));
	if (alive_or_closed(p, NULL) == OUT_CLOSED)
		skip(t, "the client keeps no idle session");
	tell_close(p);
	expect_no_session(t, 200);
	next_is_under(t, text(SCHEME_A));
}

/* As the last words of a server that wants no clients of the old scheme. */
static void
before_alert(struct t *t)
{
	struct peer *p;

	start_client(t);
	connect_through(t, &p, NULL);
	cork(p);
	tell(p, update_scheme(text(SCHEME_A)));
	tell(p, alert(text("come again with the new scheme")));
	uncork(p);
	tell_close(p);
	expect_no_session(t, 100);
	next_is_under(t, text(SCHEME_A));
}

/* Sessions that were asked for at the same time are all under it. */
static void
three_at_once(struct t *t)
{
	struct app *a;
	struct peer *p = renew(t, text(SCHEME_A), &a);

	begin_service(p, a);
	for (int i = 0; i < 2; i++) {
		ask(t, "case.test", 80);
		if (!session_comes(t, 300))
			skip(t, "one session carries several streams");
		p = accept_client(t);
		expect_md5(t, p, text(SCHEME_A));
	}
}

/* A client that knows two servers, by {server2} in its command, and sends the
 * requests for "second.test" to the second: the scheme of the first is not for
 * that one. */
static void
per_server(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	update_and_sync(p, st.sid, a, text(SCHEME_A));
	ask(t, "second.test", 80);
	p = accept_client_at(t, 1);
	expect_md5(t, p, default_scheme());
}

static const struct tcase cases[] = {
	{ "client/scheme/md5", "AT-PD-04,AT-ST-23", md5, NULL, NULL },
	{ "client/scheme/md5-later", "AT-PD-04,AT-ST-23", md5_later, NULL,
	    NULL },
	{ "client/scheme/padding0", "AT-PD-04,AT-AU-02", padding0, NULL, NULL },
	{ "client/scheme/records", "AT-PD-04,AT-RS-02", records, NULL,
	    "!address-apart" },
	{ "client/scheme/three-at-once", "AT-PD-04", three_at_once, NULL,
	    NULL },
	{ "client/scheme/running", "AT-PD-05", running, NULL, NULL },
	{ "client/scheme/two", "AT-PD-04", two, NULL, NULL },
	{ "client/scheme/two-at-once", "AT-PD-04", two_at_once, NULL, NULL },
	{ "client/scheme/one-after-another", "AT-PD-04", one_after_another,
	    NULL, NULL },
	{ "client/scheme/no-scheme", "AT-PD-07", unusable, "no scheme at all",
	    NULL },
	{ "client/scheme/no-stop", "AT-PD-07", unusable, "0=77-77\n1=100-400",
	    NULL },
	{ "client/scheme/stop-no-number", "AT-PD-07", unusable,
	    "stop=x\n0=77-77", NULL },
	{ "client/scheme/stop-empty", "AT-PD-07", unusable, "stop=\n0=77-77",
	    NULL },
	{ "client/scheme/stop-fraction", "AT-PD-07", unusable,
	    "stop=2.5\n0=77-77", NULL },
	{ "client/scheme/empty", "AT-FR-10,AT-PD-07", unusable, "", NULL },
	{ "client/scheme/binary", "AT-PD-07", unusable,
	    "\xff\xfe\x80=\x81\n\xc3=\xc3\x28", NULL },
	{ "client/scheme/unusable-after-good", "AT-PD-07,AT-PD-04",
	    unusable_after_good, NULL, NULL },
	{ "client/scheme/stop-blank", "AT-PD-26", odd_text,
	    "stop= 3\n0=77-77\n1=301-301", NULL },
	{ "client/scheme/stop-huge", "AT-PD-26", odd_text,
	    "stop=99999999999999999999\n0=77-77\n1=301-301", NULL },
	{ "client/scheme/stop-negative", "AT-PD-26", odd_text,
	    "stop=-1\n0=77-77\n1=301-301", NULL },
	{ "client/scheme/not-utf8", "AT-PD-26", odd_text,
	    "stop=3\n0=77-77\n1=\xff-\xfe\n\xc3=\xc3\x28", NULL },
	{ "client/scheme/nul", "AT-PD-26", nul_bytes, NULL, NULL },
	{ "client/scheme/huge-sizes", "AT-PD-26", odd_text,
	    "stop=2\n1=99999999999999999999-99999999999999999999", NULL },
	{ "client/scheme/final-newline", "AT-PD-08,AT-PD-04", raw,
	    SCHEME_A "\n", NULL },
	{ "client/scheme/crlf", "AT-PD-08,AT-PD-04", raw,
	    "0=77-77\r\n1=301-301\r\nstop=3", NULL },
	{ "client/scheme/comments", "AT-PD-08,AT-PD-04", raw,
	    "# ours\n\n" SCHEME_A "\n\n# end", NULL },
	{ "client/scheme/other-order", "AT-PD-08,AT-PD-04", raw,
	    "2=202-202\n1=301-301\n0=77-77\nstop=3", NULL },
	{ "client/scheme/stop-alone", "AT-PD-04,AT-PD-08", raw, "stop=8",
	    NULL },
	{ "client/scheme/longest", "AT-PD-04,AT-FR-07", longest, NULL, NULL },
	{ "client/scheme/after-server-settings", "AT-PD-04,AT-ST-15",
	    after_server_settings, NULL, NULL },
	{ "client/scheme/before-server-settings", "AT-PD-04,AT-ST-15",
	    before_server_settings, NULL, NULL },
	{ "client/scheme/version-1", "AT-PD-04", version1, NULL, NULL },
	{ "client/scheme/before-settings", "AT-PD-04", before_settings, NULL,
	    NULL },
	{ "client/scheme/equal", "AT-PD-04", equal, NULL, NULL },
	{ "client/scheme/while-idle", "AT-PD-04", while_idle, NULL, "v2" },
	{ "client/scheme/before-alert", "AT-PD-04,AT-AL-01", before_alert, NULL,
	    NULL },
	{ "client/scheme/per-server", "AT-PD-06", per_server, NULL,
	    "two-servers" },
};

extern const struct suite suite_cli_scheme;
const struct suite suite_cli_scheme = SUITE("client: scheme", cases);
