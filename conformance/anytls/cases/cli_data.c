/* Stream data through a client: both ways, all sizes, all cuts. */
#include "conformance/anytls/case.h"

#define MIB (1u << 20)

/* Data pass both ways on stream SID of P. */
static void
works(struct peer *p, uint32_t sid, struct app *a)
{
	tell(p, psh(sid, text("down")));
	app_expect(a, text("down"));
	app_tell(a, text("up"));
	expect_data_of(p, sid, text("up"));
}

/* ---- Sizes ---- */

struct transfer {
	size_t down, up, frame_len;
};

static const struct transfer frames_1 = { 1000, 1000, 1 };
static const struct transfer frames_16377 = { MIB, 1000, 16377 };
static const struct transfer frames_65535 = { 2 * MIB, 1, 65535 };
static const struct transfer big_up = { 1, 2 * MIB, 16384 };
static const struct transfer big_both = { 2 * MIB, 2 * MIB, 16384 };

/* Both ways at once, to the last byte. */
static void
transfer(struct t *t)
{
	const struct transfer *x = t->arg;
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	exchange(p, st.sid, a, pattern(t, x->down, 1), pattern(t, x->up, 2),
	    x->frame_len);
}

/* All 256 values pass as they are, and so does what looks like a frame. */
static void
every_value(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;
	uint8_t all[256];

	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, psh(st.sid, bytes(all, sizeof(all))));
	tell(p, psh(st.sid, encode(t, fin(st.sid))));
	app_expect(a, bytes(all, sizeof(all)));
	app_expect(a, encode(t, fin(st.sid)));
	app_tell(a, bytes(all, sizeof(all)));
	app_tell(a, encode(t, fin(st.sid)));
	expect_data(p, st.sid,
	    join(t, bytes(all, sizeof(all)), encode(t, fin(st.sid))));
}

/* Sixty writes of growing size arrive as one string of bytes; the first of them
 * are padded, cut and moved into records as the scheme says. */
static void
order(struct t *t)
{
	struct data d = pattern(t, 60 * 59 / 2 * 20, 1);
	struct stream_seen st;
	struct peer *p;
	struct app *a;
	size_t at = 0;

	start_client(t);
	a = connect_through(t, &p, &st);
	for (size_t n = 1; n < 60; n++) {
		app_tell(a, part(d, at, n * 20));
		at += n * 20;
	}
	expect_data(p, st.sid, d);
}

/* The largest frame arrives complete, and the next one after it. */
static void
largest_frame(struct t *t)
{
	struct data d = pattern(t, ATLS_FRAME_MAX_DATA, 1);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, psh(st.sid, d));
	app_expect(a, d);
	works(p, st.sid, a);
}

/* More than a frame holds goes up in several. The application's bytes wait in
 * the socket until the request is granted, so the client can read a lot. */
static void
long_upload(struct t *t)
{
	struct data d = pattern(t, 600000, 3);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	exchange(p, st.sid, a, text("go"), d, 100);
	works(p, st.sid, a);
}

/* PSH without data is not the end, neither as the first frame of a stream nor
 * between others. */
static void
empty_psh(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, psh(st.sid, NO_DATA));
	works(p, st.sid, a);
	tell(p, psh(st.sid, NO_DATA));
	works(p, st.sid, a);
}

/* ---- Who speaks ---- */

static void
application_silent(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	for (uint32_t i = 0; i < 5; i++) {
		tell(p, psh(st.sid, pattern(t, 8000, i)));
		app_expect(a, pattern(t, 8000, i));
	}
}

static void
server_silent(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	for (uint32_t i = 0; i < 5; i++) {
		app_tell(a, pattern(t, 8000, i));
		expect_data(p, st.sid, pattern(t, 8000, i));
	}
}

/* Two applications at the same time, on whatever sessions: each hears and says
 * its own bytes only. */
static void
two_applications(struct t *t)
{
	struct stream_seen st, other;
	struct peer *p, *q;
	struct app *a, *b;

	start_client(t);
	a = connect_through(t, &p, &st);
	b = ask(t, "other.test", 81);
	q = p;
	if (session_comes(t, 300))
		q = serve(t, SERVER_V2, &other);
	else
		other = serve_stream(p);
	expect_granted(b);
	observe(t, "a second request at the same time: %s",
	    p == q ? "a stream of the same session" : "a session of its own");
	if (strcmp(other.host, "other.test") != 0 || other.port != 81)
		fail(t, "each stream to its own target", "%s:%u", other.host,
		    other.port);
	app_tell(b, text("from the second"));
	app_tell(a, text("from the first"));
	expect_data_of(p, st.sid, text("from the first"));
	expect_data_of(q, other.sid, text("from the second"));
	tell(q, psh(other.sid, text("to the second")));
	tell(p, psh(st.sid, text("to the first")));
	app_expect(a, text("to the first"));
	app_expect(b, text("to the second"));
}

/* ---- Cuts ---- */

static const size_t at_1 = 1, at_2 = 2, at_3 = 3, at_4 = 4, at_5 = 5, at_6 = 6,
		    at_7 = 7, at_57 = 57;

/* A frame cut at one of its bytes, in two records that arrive apart. */
static void
cut_frame(struct t *t)
{
	const size_t *at = t->arg;
	struct data d = pattern(t, 100, 2);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell_split(p, encode(t, psh(st.sid, d)), *at, 20);
	app_expect(a, d);
	works(p, st.sid, a);
}

/* All that a server says at the start, each byte in a record of its own. */
static void
byte_by_byte(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;
	struct data d;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = accept_client(t);
	expect_auth(p);
	expect_settings(p);
	st = expect_stream(p);
	d = encode(t, server_settings(text("v=2")));
	d = join(t, d, encode(t, synack(st.sid, NO_DATA)));
	d = join(t, d, encode(t, psh(st.sid, text("bit by bit"))));
	tell_pieces(p, d, 1);
	app_expect(a, text("bit by bit"));
}

/* A record that arrives in TCP segments of one byte. */
static void
segments(struct t *t)
{
	struct data d = pattern(t, 300, 2);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell_segments(p, encode(t, psh(st.sid, d)), 1);
	app_expect(a, d);
}

/* A thousand frames in one record. */
static void
many_in_record(struct t *t)
{
	struct data d = pattern(t, 1000, 3);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	cork(p);
	for (size_t i = 0; i < d.len; i++)
		tell(p, psh(st.sid, part(d, i, 1)));
	uncork(p);
	app_expect(a, d);
}

/* ---- Data that belongs to no stream, and the last data ---- */

/* PSH for ids nobody opened: discarded, and the session goes on. */
static void
unknown_stream(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, psh(st.sid + 76, text("for nobody")));
	tell(p, psh(0, pattern(t, 65535, 1)));
	works(p, st.sid, a);
}

/* Nothing of it is kept for a stream that gets the id later. */
static void
not_kept_for_later(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, psh(st.sid + 1, text("ghost")));
	works(p, st.sid, a);
	release(t, p, st.sid, a);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		skip(t, "the client opens a session for each stream");
	st = serve_stream(p);
	expect_granted(a);
	works(p, st.sid, a);
}

static const size_t len_1 = 1, len_40000 = 40000, len_500000 = 500000;

/* Data and FIN in one write: the application has all of it before the end. */
static void
data_then_fin(struct t *t)
{
	const size_t *len = t->arg;
	struct data d = pattern(t, *len, 1), all = NO_DATA;
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	for (size_t at = 0, n; at < d.len; at += n) {
		n = d.len - at < 50000 ? d.len - at : 50000;
		all = join(t, all, encode(t, psh(st.sid, part(d, at, n))));
	}
	tell_bulk(p, join(t, all, encode(t, fin(st.sid))));
	app_expect(a, d);
	app_expect_eof(a);
}

/* The same upwards: what the application said before it closed arrives. */
static void
data_then_close(struct t *t)
{
	const size_t *len = t->arg;
	struct data d = pattern(t, *len, 1);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	app_tell(a, d);
	app_shut(a);
	expect_data(p, st.sid, d);
}

static const struct tcase cases[] = {
	{ "client/data/frames-of-1", "AT-DA-01", transfer, &frames_1, NULL },
	{ "client/data/frames-of-16377", "AT-DA-01,AT-FR-02", transfer,
	    &frames_16377, NULL },
	{ "client/data/frames-of-65535", "AT-FR-07,AT-DA-01", transfer,
	    &frames_65535, NULL },
	{ "client/data/big-up", "AT-DA-01,AT-FR-08", transfer, &big_up, NULL },
	{ "client/data/big-both", "AT-DA-01", transfer, &big_both, NULL },
	{ "client/data/every-value", "AT-DA-01", every_value, NULL, NULL },
	{ "client/data/order", "AT-DA-01", order, NULL, NULL },
	{ "client/data/largest-frame", "AT-FR-07,AT-DA-01", largest_frame, NULL,
	    NULL },
	{ "client/data/long-upload", "AT-FR-08,AT-DA-01", long_upload, NULL,
	    NULL },
	{ "client/data/empty-psh", "AT-FR-09", empty_psh, NULL, NULL },
	{ "client/data/application-silent", "AT-DA-01", application_silent,
	    NULL, NULL },
	{ "client/data/server-silent", "AT-DA-01", server_silent, NULL, NULL },
	{ "client/data/two-applications", "AT-DA-01", two_applications, NULL,
	    NULL },
	{ "client/data/cut-after-command", "AT-FR-02", cut_frame, &at_1, NULL },
	{ "client/data/cut-in-id-1", "AT-FR-02", cut_frame, &at_2, NULL },
	{ "client/data/cut-in-id-2", "AT-FR-02", cut_frame, &at_3, NULL },
	{ "client/data/cut-in-id-3", "AT-FR-02", cut_frame, &at_4, NULL },
	{ "client/data/cut-before-length", "AT-FR-02", cut_frame, &at_5, NULL },
	{ "client/data/cut-in-length", "AT-FR-02", cut_frame, &at_6, NULL },
	{ "client/data/cut-before-data", "AT-FR-02", cut_frame, &at_7, NULL },
	{ "client/data/cut-in-data", "AT-FR-02", cut_frame, &at_57, NULL },
	{ "client/data/records-of-1", "AT-FR-02", byte_by_byte, NULL, NULL },
	{ "client/data/segments-of-1", "AT-DA-01", segments, NULL, NULL },
	{ "client/data/many-in-record", "AT-FR-02", many_in_record, NULL,
	    NULL },
	{ "client/data/unknown-stream", "AT-DA-02", unknown_stream, NULL,
	    NULL },
	{ "client/data/not-kept-for-later", "AT-DA-02", not_kept_for_later,
	    NULL, "!v3" },
	{ "client/data/then-fin-1", "AT-DA-04", data_then_fin, &len_1, NULL },
	{ "client/data/then-fin-40000", "AT-DA-04", data_then_fin, &len_40000,
	    NULL },
	{ "client/data/then-fin-500000", "AT-DA-04", data_then_fin, &len_500000,
	    NULL },
	{ "client/data/then-close-1", "AT-DA-01,AT-DA-04", data_then_close,
	    &len_1, NULL },
	{ "client/data/then-close-500000", "AT-DA-01,AT-DA-04", data_then_close,
	    &len_500000, NULL },
};

extern const struct suite suite_cli_data;
const struct suite suite_cli_data = SUITE("client: data", cases);
