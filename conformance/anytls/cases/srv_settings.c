/* cmdSettings: its text, its place as the first frame, and its abuse. */
#include "conformance/anytls/case.h"

/* A settings text with the target's own md5 between two pieces. */
struct row {
	const char *before, *after;
};

static struct data
row_text(struct t *t)
{
	const struct row *row = t->arg;
	struct data d = join(t, text(row->before), text(target_md5(t)));

	return (join(t, d, text(row->after)));
}

/* The text says version 2 and the server's md5, in an unusual way. Understood,
 * it is answered by ServerSettings and by no UpdatePaddingScheme. */
static void
understood(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell(p, settings(row_text(t)));
	expect(p, server_settings(ANY_TEXT));
	expect_none(p, update_scheme(ANY_DATA));
}

/* Odd bytes in the text. How much of it is understood does not matter here;
 * the session serves, or was closed. */
static void
serves_or_closed(struct t *t, struct peer *p)
{
	if (alive_or_closed(p, NULL) == OUT_ALIVE)
		expect_service(t, p, 1);
}

static void
odd_text(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell(p, settings(row_text(t)));
	serves_or_closed(t, p);
}

static void
nul_bytes(struct t *t)
{
	struct data d = settings_text(t, "2", NULL);
	struct peer *p = dial_auth(t);

	d = join(t, d, bytes("\n\0\0=\0\nx=\0y\n\0", 12));
	tell(p, settings(d));
	serves_or_closed(t, p);
}

/* As long as a frame can be: a client name fills it. */
static void
longest(struct t *t)
{
	struct data d = settings_text(t, "2", NULL);
	struct data name;
	struct peer *p = dial_auth(t);

	d = join(t, d, text("\nclient="));
	name = zeros(t, 65535 - d.len);
	tell_bulk(p, encode(t, settings(join(t, d, name))));
	serves_or_closed(t, p);
}

/* Ten thousand keys, or as many lines without one. */
static void
many_keys(struct t *t)
{
	struct data known = settings_text(t, "2", NULL);
	size_t len = 10000 * 6;
	char *s = t_alloc(t, len + 1);
	struct peer *p = dial_auth(t);

	for (size_t i = 0; i < 10000; i++) {
		const char *line = t_printf(t, "%04zx=\n", i);

		memcpy(s + i * 6, line, 6);
	}
	tell_bulk(p, encode(t, settings(join(t, bytes(s, len), known))));
	serves_or_closed(t, p);
}

static void
many_lines(struct t *t)
{
	struct data known = settings_text(t, "2", NULL);
	uint8_t *s = t_alloc(t, 60000);
	struct peer *p = dial_auth(t);

	memset(s, '\n', 60000);
	tell_bulk(p, encode(t, settings(join(t, bytes(s, 60000), known))));
	serves_or_closed(t, p);
}

/* Settings a second time, with another version: whatever the server makes of
 * them, a stream that is open goes on. */
static void
twice(struct t *t)
{
	const char *v = t->arg;
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	tell(p, settings(settings_text(t, v, NULL)));
	if (alive_or_closed(p, NULL) == OUT_ALIVE)
		echo_again(p, 1, text("after"));
}

/* The session ends, and no stream comes of it. One that still answers
 * heartbeats was not rejected; it has the time of a wait to end all the same.
 */
static void
expect_rejected(struct peer *p)
{
	struct frame synacks = { .cmd = ATLS_CMD_SYNACK, .any_sid = true };

	synacks.data = ANY_DATA;
	if (alive_or_closed(p, &synacks) == OUT_ALIVE)
		expect_close_after_anything(p, ATLS_CMD_SYNACK);
}

/* A SYN before the settings: the session is rejected, whatever follows. */
static void
syn_first(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell(p, syn(1));
	expect_rejected(p);
}

static void
syn_first_no_dial(struct t *t)
{
	struct origin *o = listen_origin(t);
	struct peer *p = dial_auth(t);

	tell_open(p, 1, dest(t, o));
	expect_rejected(p);
	origin_expect_none(o, 100);
}

static void
syn_then_settings(struct t *t)
{
	struct peer *p = dial_auth(t);

	cork(p);
	tell_open(p, 1, dest_echo(t));
	tell(p, settings(settings_text(t, "2", NULL)));
	tell_open(p, 2, dest_echo(t));
	uncork(p);
	expect_close_after_anything(p, ATLS_CMD_SYNACK);
}

/* Who rejects must say why, and then close: in this order, and readable. */
static void
expect_reason(struct t *t, struct peer *p)
{
	if (!is_refused(p))
		skip(t, "the session is not rejected: see AT-ST-06");
	expect_alert_and_close(p);
}

static void
syn_first_alert(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell(p, syn(1));
	expect_reason(t, p);
}

static void
late_syn_alert(struct t *t)
{
	struct peer *p = dial_auth(t);

	cork(p);
	tell(p, waste(t, 0, 100));
	tell(p, syn(5));
	uncork(p);
	expect_reason(t, p);
}

/* Only a SYN may not come before the settings. */
static void
before_settings(struct t *t)
{
	const struct frame *row = t->arg;
	struct frame f = *row;
	struct peer *p = dial_auth(t);

	if (f.cmd == ATLS_CMD_PSH)
		f.data = text("for nobody");
	if (f.cmd == ATLS_CMD_WASTE)
		f.data = zeros(t, 500);
	tell(p, f);
	tell(p, settings(settings_text(t, "2", NULL)));
	expect_service(t, p, 1);
}

/* One family of clients gives its settings the id of the stream to come. */
static void
with_stream_id(struct t *t)
{
	struct frame f = settings(settings_text(t, "2", NULL));
	struct peer *p = dial_auth(t);

	f.sid = 1;
	tell(p, f);
	expect_service(t, p, 1);
}

/* The md5 stands between the two strings of a row. */
static const struct row
    md5_first = { "padding-md5=", "\nclient=x/1\nv=2" },
    client_first = { "client=x/1\npadding-md5=", "\nv=2" },
    unknown_keys = { "a=b\nv=2\nmux=1\npadding-md5=",
	    "\nclient=x/1\nzz=\n=empty" },
    bare_lines = { "hello\nv=2\n\nv\npadding-md5=", "\nclient=x/1\n\nthe end" },
    equals_in_value = { "client==a=b=\nv=2\npadding-md5=", "\nx=1=2" },
    last_version = { "v=1\nclient=x/1\nv=2\npadding-md5=", "" },
    last_md5 = { "v=2\nclient=x/1\npadding-md5=0\npadding-md5=", "" },
    newline_at_end = { "v=2\nclient=x/1\npadding-md5=", "\n" },
    newline_at_start = { "\nv=2\nclient=x/1\npadding-md5=", "" },
    no_client = { "v=2\npadding-md5=", "" },
    empty_client = { "client=\nv=2\npadding-md5=", "" },
    crlf = { "v=2\r\nclient=x/1\r\npadding-md5=", "\r\n" },
    blanks = { " v = 2 \n client = x/1 \n padding-md5 = ", " " },
    no_utf8 = { "v=2\nclient=\xff\xfe\xc0\x80\xed\xa0\x80\npadding-md5=",
	    "\n\xf8=\x80" },
    no_version = { "client=x/1\npadding-md5=", "" },
    formats = { "v=2\nclient=%s%n%n%1000000d\n%s=%n\npadding-md5=", "%n" };

static const struct frame early_waste = { .cmd = ATLS_CMD_WASTE },
			  early_psh = { .cmd = ATLS_CMD_PSH, .sid = 1 },
			  early_fin = { .cmd = ATLS_CMD_FIN, .sid = 1 },
			  early_heart = { .cmd = ATLS_CMD_HEART_REQUEST };

static const struct tcase cases[] = {
	{ "server/settings/md5-first", "AT-ST-04", understood, &md5_first,
	    "v2" },
	{ "server/settings/client-first", "AT-ST-04", understood, &client_first,
	    "v2" },
	{ "server/settings/unknown-keys", "AT-ST-04", understood, &unknown_keys,
	    "v2" },
	{ "server/settings/lines-without-equals", "AT-ST-04", understood,
	    &bare_lines, "v2" },
	{ "server/settings/equals-in-value", "AT-ST-04", understood,
	    &equals_in_value, "v2" },
	{ "server/settings/last-version-counts", "AT-ST-04", understood,
	    &last_version, "v2" },
	{ "server/settings/last-md5-counts", "AT-ST-04", understood, &last_md5,
	    "v2" },
	{ "server/settings/newline-at-end", "AT-ST-04", understood,
	    &newline_at_end, "v2" },
	{ "server/settings/newline-at-start", "AT-ST-04", understood,
	    &newline_at_start, "v2" },
	{ "server/settings/no-client-name", "AT-ST-04", understood, &no_client,
	    "v2" },
	{ "server/settings/empty-client-name", "AT-ST-04", understood,
	    &empty_client, "v2" },
	{ "server/settings/crlf", "AT-ST-16,AT-ST-04", odd_text, &crlf,
	    "origin" },
	{ "server/settings/blanks", "AT-ST-16,AT-ST-04", odd_text, &blanks,
	    "origin" },
	{ "server/settings/no-utf8", "AT-ST-16", odd_text, &no_utf8, "origin" },
	{ "server/settings/no-version", "AT-ST-16,AT-ST-10", odd_text,
	    &no_version, "origin" },
	{ "server/settings/format-strings", "AT-ST-16", odd_text, &formats,
	    "origin" },
	{ "server/settings/nul-bytes", "AT-ST-16", nul_bytes, NULL, "origin" },
	{ "server/settings/longest", "AT-ST-16", longest, NULL, "origin" },
	{ "server/settings/ten-thousand-keys", "AT-ST-16", many_keys, NULL,
	    "origin" },
	{ "server/settings/sixty-thousand-lines", "AT-ST-16", many_lines, NULL,
	    "origin" },
	{ "server/settings/twice", "AT-ST-14", twice, "2", "origin" },
	{ "server/settings/twice-lower-version", "AT-ST-14", twice, "1",
	    "origin" },
	{ "server/settings/twice-garbage", "AT-ST-14", twice, "garbage",
	    "origin" },
	{ "server/settings/syn-first", "AT-ST-06", syn_first, NULL, NULL },
	{ "server/settings/syn-first-no-dial", "AT-ST-06", syn_first_no_dial,
	    NULL, "origin" },
	{ "server/settings/syn-then-settings", "AT-ST-06", syn_then_settings,
	    NULL, "origin" },
	{ "server/settings/syn-first-alert", "AT-AL-03,AT-ST-06",
	    syn_first_alert, NULL, NULL },
	{ "server/settings/late-syn-alert", "AT-AL-03,AT-ST-06", late_syn_alert,
	    NULL, NULL },
	{ "server/settings/waste-before", "AT-ST-07,AT-WA-01", before_settings,
	    &early_waste, "origin" },
	{ "server/settings/psh-before", "AT-ST-07,AT-DA-02", before_settings,
	    &early_psh, "origin" },
	{ "server/settings/fin-before", "AT-ST-07,AT-CL-07", before_settings,
	    &early_fin, "origin" },
	{ "server/settings/heartbeat-before", "AT-ST-07,AT-HB-02",
	    before_settings, &early_heart, "origin" },
	{ "server/settings/with-stream-id", "AT-ST-21", with_stream_id, NULL,
	    "origin" },
};

extern const struct suite suite_srv_settings;
const struct suite suite_srv_settings = SUITE("server: settings", cases);
