/* What a client sends first: the authentication, then packet 1. */
#include "conformance/anytls/case.h"

/* The first session, which a request has opened; nothing of it is taken. */
static struct peer *
first_session(struct t *t)
{
	start_client(t);
	ask(t, "case.test", 80);
	return (accept_client(t));
}

static void
auth_each(struct t *t)
{
	struct app *a;
	struct peer *p;

	start_client(t);
	for (int i = 0; i < 3; i++) {
		a = ask(t, "case.test", 80);
		p = accept_client(t);
		begin_service(p, a);
		end_session(p);
	}
}

/* Nothing else shares its record: packet 1 is a write of its own. */
static void
auth_alone(struct t *t)
{
	struct auth_seen seen = expect_auth(first_session(t));

	if (seen.first_record > 34u + seen.padding)
		fail(t, "packet 0 and packet 1 as writes of their own",
		    "%zu bytes behind padding0 in its record",
		    seen.first_record - 34 - seen.padding);
}

/* No request, no frame: the settings wait for the first stream. A connection
 * made beforehand is fine, and authentication follows TLS at once. */
static void
nothing_before_request(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	if (!session_comes(t, 400)) {
		connect_through(t, &p, &st);
		return;
	}
	observe(t, "a session is opened before any request");
	p = accept_client(t);
	expect_auth(p);
	expect_silence(p, 300);
	a = ask(t, "case.test", 80);
	expect_settings(p);
	expect_stream(p);
	app_close(a);
}

/* Bytes of packet 1 without its padding. */
static size_t
packet1_len(struct settings_seen s, struct stream_seen st)
{
	size_t addr = 4 + strlen(st.host);

	return (7 + s.raw.len + 7 + 7 + addr);
}

static struct frame
any_syn(void)
{
	struct frame f = syn(0);

	f.any_sid = true;
	return (f);
}

/* Settings, SYN and PSH follow each other, with no waste between. As separate
 * packets each would be padded to 100 bytes at least. */
static void
packet1_frames(struct t *t)
{
	struct frame addr = psh(0, ANY_TEXT);
	struct peer *p = first_session(t);

	addr.any_sid = true;
	expect_auth(p);
	expect_settings(p);
	expect_next(p, any_syn());
	expect_next(p, addr);
}

/* They are one write. By the default scheme its first record has 100 to 400
 * bytes, and what is left over follows: a record below that holds all. */
static void
packet1_one_write(struct t *t)
{
	struct peer *p = first_session(t);
	struct settings_seen s;
	struct stream_seen st;
	const uint32_t *sizes;
	size_t n, first;

	expect_auth(p);
	s = expect_settings(p);
	st = expect_stream(p);
	sizes = record_sizes(p, &n);
	first = auth_records(p);
	if (n <= first)
		skip(t, "packet 1 shares the record of packet 0");
	if (sizes[first] < packet1_len(s, st) && sizes[first] < 100)
		fail(t, "Settings, SYN and PSH in one write",
		    "%u bytes in the first record of %zu",
		    (unsigned)sizes[first], packet1_len(s, st));
}

static void
packet1_shape(struct t *t)
{
	struct peer *p = first_session(t);

	expect_auth(p);
	expect_settings(p);
	expect_stream(p);
	expect_shape(p, default_scheme());
}

/* The first data of the application is packet 2: one record of 400 to 500
 * bytes, and no more, for the rule goes on with "c". */
static void
data_is_packet2(struct t *t)
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
	record_sizes(p, &n);
	app_tell(a, text("hello"));
	expect_data(p, st.sid, text("hello"));
	sizes = record_sizes(p, &n);
	if (says_heartbeats(p))
		skip(t, "the client's own heartbeats are packets, too");
	if (sizes[n - 1] < 400 || sizes[n - 1] > 500)
		fail(t, "packet 2 of 400 to 500 bytes", "a record of %u",
		    (unsigned)sizes[n - 1]);
}

/* The application's first data does not come in the packet of the address. */
static void
data_after_address(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	if (!has_default_scheme(t))
		skip(t, "the client begins with a scheme of its own");
	start_client(t);
	a = connect_through(t, &p, &st);
	app_tell(a, text("GET / HTTP/1.0\r\n\r\n"));
	expect_data(p, st.sid, text("GET / HTTP/1.0\r\n\r\n"));
	expect_shape(p, default_scheme());
}

static const struct tcase cases[] = {
	{ "client/flight/auth-each", "AT-AU-01", auth_each, NULL, NULL },
	{ "client/flight/auth-alone", "AT-AU-18,AT-PD-11", auth_alone, NULL,
	    NULL },
	{ "client/flight/nothing-before-request", "AT-ST-02,AT-AU-01",
	    nothing_before_request, NULL, NULL },
	{ "client/flight/packet1-frames", "AT-PD-11,AT-ST-02", packet1_frames,
	    NULL, NULL },
	{ "client/flight/packet1-one-write", "AT-PD-11,AT-ST-02",
	    packet1_one_write, NULL, NULL },
	{ "client/flight/packet1-shape", "AT-PD-01,AT-RS-02", packet1_shape,
	    NULL, "!address-apart" },
	{ "client/flight/data-is-packet2", "AT-PD-11", data_is_packet2, NULL,
	    "!address-apart" },
	{ "client/flight/data-after-address", "AT-PD-11,AT-SY-13",
	    data_after_address, NULL, "!address-apart" },
};

extern const struct suite suite_cli_flight;
const struct suite suite_cli_flight = SUITE("client: first flight", cases);
