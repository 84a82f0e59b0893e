/*
 * Record sizes under the default scheme, what waste is made of, and padding0.
 * Bounds are hard: no chance is involved.
 */
#include "conformance/anytls/case.h"

#define HEAD "stop=8\n0=30-30\n1=301-301\n"

/* The application's next LEN bytes have come over stream SID. */
static void
write_through(
    struct t *t, struct peer *p, uint32_t sid, struct app *a, size_t len)
{
	struct data d = pattern(t, len, (uint32_t)len);

	app_tell(a, d);
	expect_data(p, sid, d);
}

/* Packet 2 of the default scheme has five sizes and four "c": data of this
 * length, then packet 3, which begins with 9 bytes. */
static void
default_data(struct t *t)
{
	const unsigned *len = t->arg;
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	if (!has_default_scheme(t))
		skip(t, "the client begins with a scheme of its own");
	start_client(t);
	a = connect_through(t, &p, &st);
	write_through(t, p, st.sid, a, *len);
	write_through(t, p, st.sid, a, 30);
	expect_shape(p, default_scheme());
}

/* All packets up to stop and some more, of mixed lengths. */
static void
default_life(struct t *t)
{
	static const unsigned lens[] = { 517, 64, 1200, 1, 300, 800, 2000, 90,
		3000, 5 };
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	if (!has_default_scheme(t))
		skip(t, "the client begins with a scheme of its own");
	start_client(t);
	a = connect_through(t, &p, &st);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		write_through(t, p, st.sid, a, lens[i]);
		tell(p, psh(st.sid, pattern(t, 100, 3)));
		app_expect(a, pattern(t, 100, 3));
	}
	expect_shape(p, default_scheme());
}

/* Short requests on one session: SYN, address, data and FIN of each. */
static void
default_reuse(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	if (!has_default_scheme(t))
		skip(t, "the client begins with a scheme of its own");
	start_client(t);
	a = connect_through(t, &p, &st);
	for (int i = 0; i < 3; i++) {
		write_through(t, p, st.sid, a, 100);
		release(t, p, st.sid, a);
		a = ask(t, "case.test", 80);
		if (session_comes(t, 100))
			skip(t, "the client does not use the session again");
		st = serve_stream(p);
		expect_granted(a);
	}
	expect_shape(p, default_scheme());
}

/* Twenty sessions, each judged by the bounds of the default scheme. */
static void
default_sessions(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	if (!has_default_scheme(t))
		skip(t, "the client begins with a scheme of its own");
	start_client(t);
	for (int i = 0; i < 20; i++) {
		a = connect_through(t, &p, &st);
		write_through(t, p, st.sid, a, 100);
		expect_shape(p, default_scheme());
		end_session(p);
	}
}

/* Waste behind data, and waste alone: id 0 and zeros. */
static void
waste_behind_data(struct t *t)
{
	static const char scheme[] = HEAD "2=200-200";
	struct stream_seen st;
	struct app *a;
	struct peer *p = renew(t, text(scheme), &a);

	st = begin_under(p, a, text(scheme));
	write_through(t, p, st.sid, a, 50);
	if (says_heartbeats(p))
		skip(t, "the client's own heartbeats are packets, too");
	expect_next(p, frame(ATLS_CMD_WASTE, 0, zeros(t, 200 - 57 - 7)));
}

static void
waste_alone(struct t *t)
{
	static const char scheme[] = HEAD "2=100-100,90-90";
	struct data waste;
	size_t first;
	struct stream_seen st;
	struct app *a;
	struct peer *p = renew(t, text(scheme), &a);

	st = begin_under(p, a, text(scheme));
	write_through(t, p, st.sid, a, 50);
	first = auth_records(p);
	expect_records(p, first + 3);
	waste = record_at(p, first + 2);
	if (waste.len < 7 || waste.p[0] != ATLS_CMD_WASTE)
		skip(t, "no record of waste alone");
	for (size_t i = 1; i < waste.len; i++) {
		if ((i < 5 || i >= 7) && waste.p[i] != 0)
			fail(t, "waste of stream id 0 and zeros",
			    "byte 0x%02x at offset %zu", waste.p[i], i);
	}
}

/* padding0 under a rule 0. */
struct rule0 {
	const char *line;
	uint16_t low, high, other;
};

static struct auth_seen
auth_under(struct t *t, const char *line, struct peer **p)
{
	struct data scheme = textf(t, "%s1=301-301\nstop=8", line);
	struct auth_seen seen;
	struct app *a;

	*p = renew(t, scheme, &a);
	seen = expect_auth(*p);
	expect_settings_under(*p, scheme);
	return (seen);
}

/* Its length; auth_under() has seen that frames begin behind it. */
static void
padding0(struct t *t)
{
	const struct rule0 *row = t->arg;
	struct peer *p;
	struct auth_seen seen = auth_under(t, row->line, &p);

	if ((seen.padding < row->low || seen.padding > row->high) &&
	    seen.padding != row->other)
		fail(t,
		    t_printf(
			t, "padding0 of %u to %u bytes", row->low, row->high),
		    "%u bytes", seen.padding);
}

/* Above 1152 bytes some TLS stacks cut the request, and servers that read once
 * refuse it. */
static void
padding0_cut(struct t *t)
{
	const struct rule0 *row = t->arg;
	struct peer *p;
	struct auth_seen seen = auth_under(t, row->line, &p);

	if (seen.nrecords != 1)
		fail(t, "the authentication request in one record",
		    "%u records, %zu bytes in the first", seen.nrecords,
		    seen.first_record);
}

/* Sizes that padding0 cannot have, or has at most: any length will do that is
 * the length told. */
static void
padding0_whole(struct t *t)
{
	struct peer *p;
	struct auth_seen seen = auth_under(t, t->arg, &p);

	observe(t, "padding0 of %u bytes", seen.padding);
}

static const unsigned lens[] = { 1, 386, 393, 486, 493, 700, 1400, 4000 };

static const struct rule0 rules0[] = {
	{ "0=100-100\n", 100, 100, 100 },
	{ "0=1-1\n", 1, 1, 1 },
	{ "", 0, 0, 0 },
	{ "0=\n", 0, 0, 0 },
	{ "0=30-30,50-50\n", 30, 30, 30 },
	{ "0=abc,40,45-45\n", 45, 45, 45 },
	{ "0=200-100\n", 100, 200, 100 },
	{ "0=1000-1152\n", 1000, 1152, 1000 },
	{ "0=20000-20000\n", 20000, 20000, 20000 },
};
static const struct rule0 cut = { "0=2000-2000\n", 2000, 2000, 2000 };
static const struct rule0 uncut = { "0=1152-1152\n", 1152, 1152, 1152 };

static const struct tcase cases[] = {
	{ "client/shape/default-1", "AT-PD-17,AT-PD-15", default_data, &lens[0],
	    "!address-apart" },
	{ "client/shape/default-386", "AT-PD-17,AT-RS-02", default_data,
	    &lens[1], "!address-apart" },
	{ "client/shape/default-393", "AT-PD-17,AT-RS-03", default_data,
	    &lens[2], "!address-apart" },
	{ "client/shape/default-486", "AT-PD-17,AT-RS-03", default_data,
	    &lens[3], "!address-apart" },
	{ "client/shape/default-493", "AT-PD-17,AT-RS-01", default_data,
	    &lens[4], "!address-apart" },
	{ "client/shape/default-700", "AT-PD-17,AT-RS-01", default_data,
	    &lens[5], "!address-apart" },
	{ "client/shape/default-1400", "AT-PD-17,AT-RS-01", default_data,
	    &lens[6], "!address-apart" },
	{ "client/shape/default-4000", "AT-PD-16,AT-RS-01", default_data,
	    &lens[7], "!address-apart" },
	{ "client/shape/default-life", "AT-PD-09,AT-PD-11", default_life, NULL,
	    "!address-apart" },
	{ "client/shape/default-reuse", "AT-PD-12,AT-PD-11", default_reuse,
	    NULL, "!address-apart" },
	{ "client/shape/default-sessions", "AT-PD-17,AT-PD-01",
	    default_sessions, NULL, "!address-apart" },
	{ "client/shape/waste-behind-data", "AT-WA-02,AT-PD-17",
	    waste_behind_data, NULL, NULL },
	{ "client/shape/waste-alone", "AT-WA-02,AT-PD-17", waste_alone, NULL,
	    NULL },
	{ "client/shape/padding0-fixed", "AT-AU-02,AT-PD-04", padding0,
	    &rules0[0], NULL },
	{ "client/shape/padding0-one", "AT-AU-02,AT-PD-04", padding0,
	    &rules0[1], NULL },
	{ "client/shape/padding0-no-rule", "AT-PD-18", padding0, &rules0[2],
	    NULL },
	{ "client/shape/padding0-empty-rule", "AT-PD-18", padding0, &rules0[3],
	    NULL },
	{ "client/shape/padding0-first-item", "AT-PD-18", padding0, &rules0[4],
	    NULL },
	{ "client/shape/padding0-odd-items", "AT-PD-14,AT-PD-18", padding0,
	    &rules0[5], NULL },
	{ "client/shape/padding0-reversed", "AT-PD-14,AT-PD-18", padding0,
	    &rules0[6], NULL },
	{ "client/shape/padding0-range", "AT-AU-02,AT-PD-04", padding0,
	    &rules0[7], NULL },
	{ "client/shape/padding0-20000", "AT-PD-25,AT-AU-02", padding0,
	    &rules0[8], NULL },
	{ "client/shape/padding0-1152", "AT-AU-08,AT-AU-02", padding0_cut,
	    &uncut, NULL },
	{ "client/shape/padding0-2000", "AT-RS-08,AT-AU-08", padding0_cut, &cut,
	    NULL },
	{ "client/shape/padding0-check", "AT-PD-25", padding0_whole,
	    "0=c,40-40\n", NULL },
	{ "client/shape/padding0-65535", "AT-PD-25", padding0_whole,
	    "0=65535-65535\n", NULL },
	{ "client/shape/padding0-70000", "AT-PD-25", padding0_whole,
	    "0=70000-70000\n", NULL },
};

extern const struct suite suite_cli_shape;
const struct suite suite_cli_shape = SUITE("client: shape", cases);
