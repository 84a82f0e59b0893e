/* cmdUpdatePaddingScheme: when the server sends its scheme, and which. */
#include "conformance/anytls/case.h"

/* The md5 of no scheme that anybody has. */
static const char nobodys[] = "00000000000000000000000000000000";

/* A session whose settings of version V report MD5. */
static struct peer *
with_md5(struct t *t, const char *v, const char *md5)
{
	struct peer *p = dial_auth(t);

	tell(p, settings(settings_text(t, v, md5)));
	return (p);
}

static void
expect_update(struct t *t, struct peer *p)
{
	expect_within(p, update_scheme(ANY_TEXT), t->timeout_ms);
}

/* The client's scheme is another one: it is sent the server's. */
static void
differs(struct t *t)
{
	expect_update(t, with_md5(t, "2", nobodys));
}

static void
empty_md5(struct t *t)
{
	expect_update(t, with_md5(t, "2", ""));
}

/* The scheme is a matter of version 1 already. */
static void
differs_version_1(struct t *t)
{
	expect_update(t, with_md5(t, "1", nobodys));
}

/* A client that does not say which scheme it has gets the server's too. */
static void
no_md5(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell(p, settings(text("v=2\nclient=x/1")));
	expect_update(t, p);
}

/* The digits are compared as text, in lower case as the document has them. */
static void
upper_case(struct t *t)
{
	char *md5 = t_printf(t, "%s", target_md5(t));

	for (char *c = md5; *c != '\0'; c++)
		if (*c >= 'a')
			*c = (char)(*c - 'a' + 'A');
	if (strcmp(md5, target_md5(t)) == 0)
		skip(t, "the md5 has no letter");
	expect_update(t, with_md5(t, "2", md5));
}

/* Equal schemes need no update, in the first session nor in later ones. */
static void
equal(struct t *t)
{
	struct peer *p = with_md5(t, "2", NULL);

	expect_none(p, update_scheme(ANY_DATA));
}

/* No update comes with a stream and its data, nor after them. */
static void
no_update_any_more(struct t *t, struct peer *p)
{
	struct frame f;

	tell_open(p, 1, dest_echo(t));
	tell(p, psh(1, text("data")));
	do {
		if (!next_frame(p, &f))
			fail(t, "the echo on stream 1", "the session closed");
		if (f.cmd == ATLS_CMD_UPDATE_PADDING_SCHEME)
			fail(t, "no UpdatePaddingScheme", "%zu bytes of it",
			    f.data.len);
	} while (f.cmd != ATLS_CMD_PSH);
	expect_none(p, update_scheme(ANY_DATA));
}

static void
equal_with_streams(struct t *t)
{
	no_update_any_more(t, with_md5(t, "2", NULL));
}

/* One difference, one update: none later in the session. */
static void
only_once(struct t *t)
{
	struct peer *p = with_md5(t, "2", nobodys);

	expect_update(t, p);
	no_update_any_more(t, p);
}

/* What is sent can be used: a client accepts the text. */
static void
usable(struct t *t)
{
	struct peer *p = with_md5(t, "2", nobodys);
	struct atls_scheme scheme;
	struct frame f;

	do {
		if (!next_frame(p, &f))
			fail(t, "UpdatePaddingScheme", "the session closed");
	} while (f.cmd != ATLS_CMD_UPDATE_PADDING_SCHEME);
	if (atls_scheme_parse(atls_bytes(f.data.p, f.data.len), &scheme) != 0)
		fail(t, "a scheme with a usable \"stop\"", "\"%.*s\"",
		    (int)(f.data.len < 300 ? f.data.len : 300),
		    (const char *)f.data.p);
	observe(t, "stop=%u, %zu bytes", (unsigned)scheme.stop, f.data.len);
}

/* The same text every time, so that its md5 settles the matter. */
static void
same_text(struct t *t)
{
	struct data scheme = target_scheme(t);

	for (unsigned i = 0; i < 3; i++)
		expect_within(with_md5(t, "2", nobodys), update_scheme(scheme),
		    t->timeout_ms);
}

/* Update and ServerSettings: both come, in any order. */
static void
both_answers(struct t *t)
{
	struct frame both[2] = { update_scheme(ANY_TEXT),
		server_settings(ANY_TEXT) };
	struct peer *p = with_md5(t, "2", nobodys);

	expect_unordered(p, both, 2);
}

/* The Go family sends the scheme first. */
static void
update_first(struct t *t)
{
	struct peer *p = with_md5(t, "2", nobodys);

	expect(p, update_scheme(ANY_TEXT));
	expect(p, server_settings(ANY_TEXT));
}

/* A client that ignores the update is served all the same. */
static void
update_ignored(struct t *t)
{
	struct peer *p = with_md5(t, "2", nobodys);

	expect_service(t, p, 1);
}

/* The scheme is for the client's writes; those of the server come without
 * waste from the first on. */
static void
no_padding(struct t *t)
{
	struct frame padding = { .cmd = ATLS_CMD_WASTE, .any_sid = true };
	struct peer *p = with_md5(t, "2", NULL);

	padding.data = ANY_DATA;
	tell_open(p, 1, dest_echo(t));
	tell(p, psh(1, pattern(t, 40, 1)));
	pass_synack(p, 1);
	expect_none(p, padding);
}

/* A target of its own with the scheme TEXT. */
static void
start_with(struct t *t, const char *scheme)
{
	struct own_target own = { .padding_scheme = scheme };

	t_own_target(t, &own);
}

/* The file's text is sent byte for byte: the client's md5 is made of it, so
 * not even a newline at its end may go or come. */
static void
own_text(struct t *t)
{
	const char *scheme = t->arg;

	start_with(t, scheme);
	expect_within(with_md5(t, "2", nobodys), update_scheme(text(scheme)),
	    t->timeout_ms);
}

/* The server knows the md5 of what it sends. */
static void
own_md5(struct t *t)
{
	start_with(t, "stop=0\n");
	expect_none(with_md5(t, "2", "dda34b9d9b470e6259f75776159e605b"),
	    update_scheme(ANY_DATA));
}

/* The md5 of the default scheme is not equal to that of another one. */
static void
own_not_default(struct t *t)
{
	start_with(t, "stop=3\n0=10-20\n1=50-60");
	expect_update(t, with_md5(t, "2", ATLS_SCHEME_DEFAULT_MD5));
}

/* With whatever scheme, the server serves. */
static void
own_serves(struct t *t)
{
	struct peer *p;

	start_with(t, t->arg);
	p = with_md5(t, "2", nobodys);
	expect_service(t, p, 1);
}

/* A file that holds no usable scheme: the server does not start, or goes by
 * another scheme. What it then sends clients can use, and it serves. */
static void
own_unusable(struct t *t)
{
	struct own_target own = { .padding_scheme = t->arg,
		.may_refuse = true };
	struct atls_scheme scheme;
	struct peer *p;
	struct frame f;

	t_own_target(t, &own);
	if (!t_own_target_alive(t)) {
		observe(t, "the server does not start");
		return;
	}
	observe(t, "the server starts without it");
	p = with_md5(t, "2", nobodys);
	tell_open(p, 1, dest_echo(t));
	tell(p, psh(1, text("hello")));
	do {
		if (!next_frame(p, &f))
			fail(t, "the echo on stream 1", "the session closed");
		if (f.cmd == ATLS_CMD_UPDATE_PADDING_SCHEME &&
		    atls_scheme_parse(
			atls_bytes(f.data.p, f.data.len), &scheme) != 0)
			fail(t, "a scheme with a usable \"stop\"", "\"%.*s\"",
			    (int)(f.data.len < 300 ? f.data.len : 300),
			    (const char *)f.data.p);
	} while (f.cmd != ATLS_CMD_PSH);
}

static const char plain[] = "stop=3\n0=10-20\n1=50-60,c,70-80\n2=9-9",
		  newline[] = "stop=2\n0=30-30\n1=100-400\n",
		  cr[] = "stop=2\n0=30-30\r\n1=100-400\r", stop_0[] = "stop=0",
		  no_scheme[] = "this is no padding scheme\n",
		  no_stop[] = "0=30-30\n1=100-400", empty[] = "",
		  stop_word[] = "stop=many\n0=30-30",
		  odd_lines[] = "# ours\nstop=2\n\n1=100\n1=-5-10,c,c\nx=y";

static const struct tcase cases[] = {
	{ "server/scheme/other-md5", "AT-PD-02", differs, NULL, NULL },
	{ "server/scheme/empty-md5", "AT-PD-02,AT-PD-22", empty_md5, NULL,
	    NULL },
	{ "server/scheme/other-md5-v1", "AT-PD-02", differs_version_1, NULL,
	    "!v3" },
	{ "server/scheme/no-md5", "AT-PD-22", no_md5, NULL, NULL },
	{ "server/scheme/upper-case-md5", "AT-PD-24", upper_case, NULL, NULL },
	{ "server/scheme/equal-md5", "AT-PD-03", equal, NULL, NULL },
	{ "server/scheme/equal-md5-streams", "AT-PD-03", equal_with_streams,
	    NULL, "origin" },
	{ "server/scheme/sent-once", "AT-PD-03,AT-PD-02", only_once, NULL,
	    "origin" },
	{ "server/scheme/usable", "AT-PD-23", usable, NULL, NULL },
	{ "server/scheme/same-text", "AT-PD-08,AT-PD-02", same_text, NULL,
	    NULL },
	{ "server/scheme/both-answers", "AT-PD-02,AT-ST-08", both_answers, NULL,
	    "v2" },
	{ "server/scheme/update-first", "AT-ST-15", update_first, NULL, "v2" },
	{ "server/scheme/update-ignored", "AT-PD-02", update_ignored, NULL,
	    "origin" },
	{ "server/scheme/server-does-not-pad", "AT-PD-20,AT-WA-03", no_padding,
	    NULL, "v2,origin" },
	{ "server/scheme/own-text", "AT-PD-08,AT-CF-03", own_text, plain,
	    "own-padding-scheme" },
	{ "server/scheme/own-text-newline", "AT-PD-08,AT-CF-03", own_text,
	    newline, "own-padding-scheme" },
	{ "server/scheme/own-text-cr", "AT-PD-08,AT-CF-03", own_text, cr,
	    "own-padding-scheme" },
	{ "server/scheme/own-text-odd-lines", "AT-PD-08,AT-CF-03", own_text,
	    odd_lines, "own-padding-scheme" },
	{ "server/scheme/own-md5", "AT-PD-08,AT-PD-03", own_md5, NULL,
	    "own-padding-scheme" },
	{ "server/scheme/own-not-default", "AT-PD-02,AT-CF-03", own_not_default,
	    NULL, "own-padding-scheme" },
	{ "server/scheme/unusable-file", "AT-PD-19", own_unusable, no_scheme,
	    "own-padding-scheme,origin" },
	{ "server/scheme/unusable-file-empty", "AT-PD-19", own_unusable, empty,
	    "own-padding-scheme,origin" },
	{ "server/scheme/unusable-file-no-stop", "AT-PD-19", own_unusable,
	    no_stop, "own-padding-scheme,origin" },
	{ "server/scheme/unusable-file-stop-word", "AT-PD-19", own_unusable,
	    stop_word, "own-padding-scheme,origin" },
	{ "server/scheme/own-stop-0", "AT-PD-20,AT-CF-03", own_serves, stop_0,
	    "own-padding-scheme,origin" },
};

extern const struct suite suite_srv_scheme;
const struct suite suite_srv_scheme = SUITE("server: padding scheme", cases);
