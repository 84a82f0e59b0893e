/* UDP over TCP as a client speaks it for its application's datagrams. */
#include "conformance/anytls/case.h"

/* ---- Reading what the client says on a stream for UDP ---- */

/* The bytes of one stream, however PSH frames cut them. */
struct reader {
	struct t *t;
	struct peer *p;
	uint32_t sid;
	struct data left; /* came and is not read yet */
	bool connect;     /* as the request says */
	struct atls_addr to;
};

/* The next N bytes of R's stream, which are WHAT. */
static struct data
take(struct reader *r, size_t n, const char *what)
{
	struct data d;
	struct frame f;

	while (r->left.len < n) {
		if (!next_frame(r->p, &f))
			fail(r->t, what, "the session was closed");
		if (f.sid == r->sid && f.cmd == ATLS_CMD_FIN)
			fail(r->t, what, "FIN of the stream");
		if (f.sid == r->sid && f.cmd == ATLS_CMD_PSH)
			r->left = join(r->t, r->left, f.data);
	}
	d = part(r->left, 0, n);
	r->left = part(r->left, n, r->left.len - n);
	return (d);
}

/* Host and port of a request (SOCKS types) or, with TABLE of the datagrams
 * (0 IPv4, 1 IPv6, 2 name), of a datagram. */
static struct atls_addr
take_addr(struct reader *r, bool datagram, const char *what)
{
	static const uint8_t table[] = { ATLS_ADDR_IPV4, ATLS_ADDR_IPV6,
		ATLS_ADDR_NAME };
	struct atls_addr a = { 0 };
	uint8_t type = take(r, 1, what).p[0];
	struct data d;

	if (datagram && type > 2)
		fail(r->t, what, "address type %u", type);
	if (datagram)
		type = table[type];
	if (type != ATLS_ADDR_IPV4 && type != ATLS_ADDR_NAME &&
	    type != ATLS_ADDR_IPV6)
		fail(r->t, what, "address type %u", type);
	a.type = type;
	a.len = type == ATLS_ADDR_IPV6 ? 16 : 4;
	if (type == ATLS_ADDR_NAME)
		a.len = take(r, 1, what).p[0];
	memcpy(a.host, take(r, a.len, what).p, a.len);
	d = take(r, 2, what);
	a.port = (uint16_t)(d.p[0] << 8 | d.p[1]);
	return (a);
}

/* The application sends FIRST to HOST:PORT; the stream that comes of it, with
 * the request read. */
static struct reader
opened(struct t *t, struct udp_app **u, const char *host, uint16_t port,
    struct data first)
{
	static const char what[] = "the request: isConnect and an address";
	struct reader r = { .t = t, .left = NO_DATA };
	struct stream_seen st;

	start_client(t);
	*u = ask_udp(t);
	udp_app_tell(*u, host, port, first);
	r.p = serve(t, SERVER_V2, &st);
	r.sid = st.sid;
	r.connect = take(&r, 1, what).p[0] != 0;
	r.to = take_addr(&r, false, what);
	return (r);
}

/* The next datagram of R's stream; *TO is where it goes. */
static struct data
take_datagram(struct reader *r, struct atls_addr *to)
{
	static const char what[] = "a datagram with its header";
	struct data d;

	*to = r->connect ? r->to : take_addr(r, true, what);
	d = take(r, 2, what);
	return (take(r, (size_t)d.p[0] << 8 | d.p[1], what));
}

static bool
same(struct data a, struct data b)
{
	return (a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0));
}

static bool
same_addr(const struct atls_addr *a, const struct atls_addr *b)
{
	return (a->type == b->type && a->len == b->len && a->port == b->port &&
	    memcmp(a->host, b->host, a->len) == 0);
}

/* The next datagram is D for HOST:PORT. */
static void
take_exactly(struct reader *r, const char *host, uint16_t port, struct data d)
{
	struct atls_addr want = addr_of(host, port), to;
	char text[ATLS_ADDR_STRLEN];
	struct data got = take_datagram(r, &to);

	atls_addr_format(&to, text);
	if (!same_addr(&to, &want))
		fail(r->t, "the destination that the application named",
		    "%s, not %s:%u", text, host, port);
	if (!same(got, d))
		fail(r->t, "the application's datagram",
		    "other data: %zu bytes, not %zu", got.len, d.len);
}

/* The next datagram is D, wherever it goes. */
static void
take_data(struct reader *r, struct data d)
{
	struct atls_addr to;
	struct data got = take_datagram(r, &to);

	if (!same(got, d))
		fail(r->t, "the application's datagram",
		    "other data: %zu bytes, not %zu", got.len, d.len);
}

/* An answer of HOST:PORT, in the form the client has asked for. */
static void
answer(struct reader *r, const char *host, uint16_t port, struct data d)
{
	struct atls_addr from = addr_of(host, port);

	serve_datagram(r->p, r->sid, r->connect, &from, d);
}

/* ---- The request ---- */

/* A stream for the magic address. */
static void
magic(struct t *t)
{
	struct stream_seen st;
	struct udp_app *u;

	start_client(t);
	u = ask_udp(t);
	udp_app_tell(u, "192.0.2.9", 53, text("question"));
	serve(t, SERVER_V2, &st);
	if (strcmp(st.host, ATLS_UOT_MAGIC) != 0)
		fail(t, "a stream for " ATLS_UOT_MAGIC, "one for %s", st.host);
	observe(t, "the port of the magic address is %u", st.port);
}

/* Flag and SOCKS address; which form the client wants is its choice. */
static void
request(struct t *t)
{
	char to[ATLS_ADDR_STRLEN];
	struct udp_app *u;
	struct reader r;

	r = opened(t, &u, "192.0.2.9", 53, text("question"));
	atls_addr_format(&r.to, to);
	observe(
	    t, "isConnect is %d, the request names %s", r.connect ? 1 : 0, to);
	take_exactly(&r, "192.0.2.9", 53, text("question"));
}

/* A connect request has no other place for the destination. */
static void
request_names_destination(struct t *t)
{
	struct atls_addr want = addr_of("192.0.2.9", 53);
	struct udp_app *u;
	struct reader r;

	r = opened(t, &u, "192.0.2.9", 53, text("question"));
	if (!r.connect)
		skip(t, "the client does not use isConnect 1");
	if (!same_addr(&r.to, &want))
		fail(t, "the destination in the connect request",
		    "another address");
}

/* ---- Datagrams ---- */

/* One there and one back. */
static void
round_trip(struct t *t)
{
	struct udp_app *u;
	struct reader r;

	r = opened(t, &u, "192.0.2.9", 53, text("question"));
	take_exactly(&r, "192.0.2.9", 53, text("question"));
	answer(&r, "192.0.2.9", 53, text("the answer"));
	udp_app_expect(u, NULL, 0, text("the answer"));
}

/* Two more after the first: the borders between them stay. */
static void
several_up(struct t *t)
{
	struct udp_app *u;
	struct reader r;

	r = opened(t, &u, "192.0.2.9", 53, text("the first"));
	take_data(&r, text("the first"));
	for (uint32_t i = 0; i < 10; i++) {
		udp_app_tell(u, "192.0.2.9", 53, pattern(t, 10 + 50 * i, i));
		take_data(&r, pattern(t, 10 + 50 * i, i));
	}
}

static const char to_v4[] = "192.0.2.9", to_v6[] = "2001:db8::9",
		  to_name[] = "dns.example.org";

/* Each kind of address in the table of datagrams. */
static void
address(struct t *t)
{
	const char *host = t->arg;
	struct udp_app *u;
	struct reader r;

	r = opened(t, &u, host, 5353, text("question"));
	take_exactly(&r, host, 5353, text("question"));
}

/* The source of an answer, in the same table, is what the application sees. */
static void
source(struct t *t)
{
	const char *host = t->arg;
	struct udp_app *u;
	struct reader r;

	r = opened(t, &u, host, 5353, text("question"));
	take_data(&r, text("question"));
	answer(&r, host, 5353, text("the answer"));
	udp_app_expect(u, host, 5353, text("the answer"));
}

static const size_t len_0 = 0, len_1 = 1, len_1472 = 1472, len_9000 = 9000,
		    len_16384 = 16384, len_65000 = 65000;

/* A datagram of the size, between two others. A large one may be dropped by
 * the local proxy, as networks drop them; none comes cut. */
static void
size_up(struct t *t)
{
	const size_t *len = t->arg;
	struct data d = pattern(t, *len, 1), got;
	struct atls_addr to;
	struct udp_app *u;
	struct reader r;

	r = opened(t, &u, "192.0.2.9", 53, text("before"));
	take_data(&r, text("before"));
	udp_app_tell(u, "192.0.2.9", 53, d);
	udp_app_tell(u, "192.0.2.9", 53, text("after"));
	got = take_datagram(&r, &to);
	if (same(got, text("after"))) {
		observe(t, "a datagram of %zu bytes is dropped", *len);
		return;
	}
	if (!same(got, d))
		fail(t, "the datagram whole, or not at all",
		    "%zu of %zu bytes, or others", got.len, d.len);
	got = take_datagram(&r, &to);
	if (!same(got, text("after")))
		fail(t, "the next datagram", "%zu other bytes", got.len);
}

static void
size_down(struct t *t)
{
	const size_t *len = t->arg;
	struct data d = pattern(t, *len, 1);
	struct udp_app *u;
	struct reader r;

	r = opened(t, &u, "192.0.2.9", 53, text("question"));
	take_data(&r, text("question"));
	answer(&r, "192.0.2.9", 53, d);
	answer(&r, "192.0.2.9", 53, text("after"));
	udp_app_expect(u, NULL, 0, d);
	udp_app_expect(u, NULL, 0, text("after"));
}

/* Above what a client's buffer takes it may end the stream instead. */
static void
size_down_or_end(struct t *t)
{
	const size_t *len = t->arg;
	struct data d = pattern(t, *len, 1);
	struct atls_addr from = addr_of("192.0.2.9", 53);
	struct udp_app *u;
	struct reader r;

	r = opened(t, &u, "192.0.2.9", 53, text("question"));
	take_data(&r, text("question"));
	d = uot_datagram(t, r.connect, &from, d);
	for (size_t at = 0; at < d.len; at += 16000)
		tell(r.p,
		    psh(r.sid,
			part(d, at, d.len - at < 16000 ? d.len - at : 16000)));
	if (stream_ended(r.p, r.sid, 300)) {
		observe(t, "a datagram of %zu bytes ends its stream", *len);
		return;
	}
	udp_app_expect(u, NULL, 0, pattern(t, *len, 1));
}

/* ---- Answers ---- */

/* Two answers to one question, and a third later. */
static void
several_down(struct t *t)
{
	struct udp_app *u;
	struct reader r;

	r = opened(t, &u, "192.0.2.9", 53, text("question"));
	take_data(&r, text("question"));
	answer(&r, "192.0.2.9", 53, text("one"));
	answer(&r, "192.0.2.9", 53, text("two"));
	udp_app_expect(u, NULL, 0, text("one"));
	udp_app_expect(u, NULL, 0, text("two"));
	udp_app_expect_silence(u, 300);
	answer(&r, "192.0.2.9", 53, text("unasked"));
	udp_app_expect(u, NULL, 0, text("unasked"));
}

/* Each byte of two answers in a PSH of its own. */
static void
byte_by_byte(struct t *t)
{
	struct atls_addr from = addr_of("192.0.2.9", 53);
	struct udp_app *u;
	struct data d;
	struct reader r;

	r = opened(t, &u, "192.0.2.9", 53, text("question"));
	take_data(&r, text("question"));
	d = uot_datagram(t, r.connect, &from, text("slowly"));
	d = join(t, d, uot_datagram(t, r.connect, &from, text("and again")));
	for (size_t i = 0; i < d.len; i++)
		tell(r.p, psh(r.sid, part(d, i, 1)));
	udp_app_expect(u, NULL, 0, text("slowly"));
	udp_app_expect(u, NULL, 0, text("and again"));
}

/* Five answers in one PSH are five datagrams. */
static void
several_in_one(struct t *t)
{
	struct atls_addr from = addr_of("192.0.2.9", 53);
	struct data d = NO_DATA;
	struct udp_app *u;
	struct reader r;
	uint32_t i;

	r = opened(t, &u, "192.0.2.9", 53, text("question"));
	take_data(&r, text("question"));
	for (i = 0; i < 5; i++)
		d = join(t, d,
		    uot_datagram(t, r.connect, &from, pattern(t, 90 + i, i)));
	tell(r.p, psh(r.sid, d));
	for (i = 0; i < 5; i++)
		udp_app_expect(u, NULL, 0, pattern(t, 90 + i, i));
}

/* Three destinations of one socket: each datagram says where it goes, each
 * answer where it came from. */
static void
destinations(struct t *t)
{
	static const char *const host[] = { "192.0.2.9", "192.0.2.10",
		"2001:db8::9" };
	struct udp_app *u;
	struct reader r;
	uint16_t i;

	r = opened(t, &u, host[0], 5000, text("question"));
	if (r.connect)
		skip(t, "the client opens a stream for each destination");
	take_exactly(&r, host[0], 5000, text("question"));
	for (i = 1; i < 3; i++) {
		udp_app_tell(u, host[i], 5000 + i, text("question"));
		take_exactly(&r, host[i], 5000 + i, text("question"));
	}
	for (i = 3; i-- > 0;) {
		answer(&r, host[i], 5000 + i, text("the answer"));
		udp_app_expect(u, host[i], 5000 + i, text("the answer"));
	}
}

/* Some servers answer a connect request with addresses, as in version 1. What
 * becomes of that is the client's affair; the session lives. */
static void
answers_of_version_1(struct t *t)
{
	static const char what[] = "the request";
	struct atls_addr from = addr_of("192.0.2.9", 53);
	struct reader r = { .t = t, .left = NO_DATA };
	struct stream_seen st;
	struct udp_app *u;

	start_client(t);
	u = ask_udp(t);
	udp_app_tell(u, "192.0.2.9", 53, text("question"));
	r.p = serve_as(t, "uot-v1-answers", &st);
	r.sid = st.sid;
	r.connect = take(&r, 1, what).p[0] != 0;
	r.to = take_addr(&r, false, what);
	if (!r.connect)
		skip(t, "the client does not use isConnect 1");
	take_data(&r, text("question"));
	serve_datagram(r.p, r.sid, true, &from, text("the answer"));
	observe(t, "an answer in the form of version 1 ends the stream: %s",
	    stream_ended(r.p, r.sid, 300) ? "yes" : "no");
}

static const struct tcase cases[] = {
	{ "client/uot/magic", "AT-UT-01", magic, NULL, "udp" },
	{ "client/uot/request", "AT-UT-02", request, NULL, "udp" },
	{ "client/uot/request-names-destination", "AT-UT-02,AT-UT-03",
	    request_names_destination, NULL, "udp" },
	{ "client/uot/round-trip", "AT-UT-04,AT-UT-03", round_trip, NULL,
	    "udp" },
	{ "client/uot/several-up", "AT-UT-04,AT-UT-03", several_up, NULL,
	    "udp" },
	{ "client/uot/to-ipv4", "AT-UT-05,AT-UT-04", address, to_v4, "udp" },
	{ "client/uot/to-ipv6", "AT-UT-05,AT-UT-04", address, to_v6, "udp" },
	{ "client/uot/to-name", "AT-UT-05,AT-UT-04", address, to_name, "udp" },
	{ "client/uot/from-ipv4", "AT-UT-04,AT-UT-05", source, to_v4, "udp" },
	{ "client/uot/from-ipv6", "AT-UT-04,AT-UT-05", source, to_v6, "udp" },
	{ "client/uot/up-0", "AT-UT-10", size_up, &len_0, "udp" },
	{ "client/uot/up-1", "AT-UT-10", size_up, &len_1, "udp" },
	{ "client/uot/up-1472", "AT-UT-10", size_up, &len_1472, "udp" },
	{ "client/uot/up-16384", "AT-UT-10", size_up, &len_16384, "udp" },
	{ "client/uot/up-65000", "AT-UT-10", size_up, &len_65000, "udp" },
	{ "client/uot/down-0", "AT-UT-10", size_down, &len_0, "udp" },
	{ "client/uot/down-1", "AT-UT-10", size_down, &len_1, "udp" },
	{ "client/uot/down-1472", "AT-UT-10", size_down, &len_1472, "udp" },
	{ "client/uot/down-9000", "AT-UT-10", size_down, &len_9000, "udp" },
	{ "client/uot/down-16384", "AT-UT-10", size_down_or_end, &len_16384,
	    "udp" },
	{ "client/uot/down-65000", "AT-UT-10", size_down_or_end, &len_65000,
	    "udp" },
	{ "client/uot/several-down", "AT-UT-04,AT-UT-03", several_down, NULL,
	    "udp" },
	{ "client/uot/byte-by-byte", "AT-UT-04,AT-UT-03,AT-DA-01", byte_by_byte,
	    NULL, "udp" },
	{ "client/uot/several-in-one", "AT-UT-04,AT-UT-03", several_in_one,
	    NULL, "udp" },
	{ "client/uot/destinations", "AT-UT-04", destinations, NULL, "udp" },
	{ "client/uot/answers-of-version-1", "AT-UT-03", answers_of_version_1,
	    NULL, "udp" },
};

extern const struct suite suite_cli_uot;
const struct suite suite_cli_uot = SUITE("client: UDP over TCP", cases);
