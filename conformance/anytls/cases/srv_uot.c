/* UDP over TCP, version 2: both forms, sizes, cuts, and many answers. */
#include "conformance/anytls/case.h"

/* Opens stream SID for UDP with the bytes FIRST behind the magic address, all
 * in one PSH. */
static void
open_udp(struct t *t, struct peer *p, uint32_t sid, struct data first)
{
	tell_open(p, sid, join(t, dest_udp_magic(t, 0), first));
}

/* The datagram D comes back on stream 1. */
static void
answer(struct peer *p, bool connect, struct data d, struct atls_addr *from)
{
	pass_synack(p, 1);
	expect_datagram(p, 1, connect, d, from);
}

/* A datagram there and another back on stream 1. */
static void
round_trip(struct t *t, struct peer *p, struct udp *u, bool connect)
{
	struct atls_addr at = udp_addr(u);

	tell(p, psh(1, uot_datagram(t, connect, &at, text("question"))));
	udp_expect(u, text("question"));
	udp_tell(u, text("the answer"));
	answer(p, connect, text("the answer"), NULL);
}

static void
connected(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);

	open_udp(t, p, 1, uot_request(t, true, &at));

	round_trip(t, p, u, true);
	round_trip(t, p, u, true);
}

static void
unconnected(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);

	open_udp(t, p, 1, uot_request(t, false, &at));

	round_trip(t, p, u, false);
	round_trip(t, p, u, false);
}

/* A stream for UDP is acknowledged like any other. */
static void
synack_sent(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);

	tell_open(p, 1, dest_udp_magic(t, 0));
	tell(p, psh(1, uot_request(t, true, &at)));

	expect_within(p, synack(1, NO_DATA), 3000);
	expect_none(p, synack(1, ANY_DATA));
}

static const uint16_t port_53 = 53, port_443 = 443, port_max = 65535;

/* The port of the magic address means nothing. */
static void
port_ignored(struct t *t)
{
	const uint16_t *port = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);

	tell_open(p, 1, dest_udp_magic(t, *port));
	tell(p, psh(1, uot_request(t, true, &at)));
	tell(p, psh(1, uot_datagram(t, true, &at, text("question"))));
	udp_expect(u, text("question"));
}

static const uint8_t flag_2 = 2, flag_255 = 255;

/* isConnect is true whenever it is not 0. */
static void
other_flag(struct t *t)
{
	const uint8_t *flag = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);
	struct data r = uot_request(t, true, &at);

	open_udp(t, p, 1, join(t, bytes(flag, 1), part(r, 1, r.len - 1)));

	round_trip(t, p, u, true);
}

/* ---- Sizes ---- */

struct size {
	bool connect;
	size_t len;
};

static const struct size c_0 = { true, 0 }, c_1 = { true, 1 };
static const struct size c_1472 = { true, 1472 }, c_16384 = { true, 16384 };
static const struct size c_65507 = { true, 65507 };
static const struct size u_0 = { false, 0 }, u_1 = { false, 1 };
static const struct size u_1472 = { false, 1472 }, u_16384 = { false, 16384 };
static const struct size u_65507 = { false, 65507 };

/* A datagram of the size passes both ways, whole and alone. */
static void
size_passes(struct t *t)
{
	const struct size *x = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);

	open_udp(t, p, 1, uot_request(t, x->connect, &at));
	tell(
	    p, psh(1, uot_datagram(t, x->connect, &at, pattern(t, x->len, 1))));
	udp_expect(u, pattern(t, x->len, 1));
	udp_tell(u, pattern(t, x->len, 2));
	answer(p, x->connect, pattern(t, x->len, 2), NULL);
}

/* A size above what a server cares for may end the stream instead; it does not
 * come cut, and the session goes on. */
static void
size_passes_or_ends(struct t *t)
{
	const struct size *x = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);
	struct data d = pattern(t, x->len, 1);
	struct data all = uot_datagram(t, x->connect, &at, d);
	const char *what = "passes";

	open_udp(t, p, 1, uot_request(t, x->connect, &at));
	/* With its header it may be more than a PSH holds. */
	tell(p, psh(1, part(all, 0, 1000)));
	tell(p, psh(1, part(all, 1000, all.len - 1000)));
	if (stream_ended(p, 1, 500))
		what = "ends its stream";
	else
		udp_expect(u, d);
	observe(t, "a datagram of %zu bytes up %s", x->len, what);
}

/* The same for an answer. */
static void
answer_passes_or_ends(struct t *t)
{
	const struct size *x = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);
	struct data d = pattern(t, x->len, 1);
	const char *what = "passes";

	open_udp(t, p, 1, uot_request(t, x->connect, &at));
	tell(p, psh(1, uot_datagram(t, x->connect, &at, text("question"))));
	udp_expect(u, text("question"));
	udp_tell(u, d);
	if (stream_ended(p, 1, 500))
		what = "ends its stream";
	else
		answer(p, x->connect, d, NULL);
	observe(t, "a datagram of %zu bytes down %s", x->len, what);
}

/* ---- Cuts ---- */

/* Address, request and the first datagram in one PSH. */
static void
all_in_one(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);

	open_udp(t, p, 1,
	    join(t, uot_request(t, true, &at),
		uot_datagram(t, true, &at, text("at once"))));

	udp_expect(u, text("at once"));
	round_trip(t, p, u, true);
}

/* Address, request and datagram, each byte in a PSH of its own. */
static void
byte_by_byte(struct t *t)
{
	const struct size *x = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);
	struct data d = join(t, dest_udp_magic(t, 0),
	    join(t, uot_request(t, x->connect, &at),
		uot_datagram(t, x->connect, &at, text("slowly"))));

	tell(p, syn(1));
	for (size_t i = 0; i < d.len; i++)
		tell(p, psh(1, part(d, i, 1)));

	udp_expect(u, text("slowly"));
	udp_expect_silence(u, 50);
}

/* Five datagrams in one PSH are five datagrams; the last is cut and its rest
 * comes in the next. */
static void
several_in_one(struct t *t)
{
	const struct size *x = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);
	struct data d = NO_DATA;

	open_udp(t, p, 1, uot_request(t, x->connect, &at));
	for (uint32_t i = 0; i < 5; i++)
		d = join(t, d,
		    uot_datagram(t, x->connect, &at, pattern(t, 100 + i, i)));
	tell(p, psh(1, part(d, 0, d.len - 50)));
	tell(p, psh(1, part(d, d.len - 50, 50)));

	for (uint32_t i = 0; i < 5; i++)
		udp_expect(u, pattern(t, 100 + i, i));
}

/* ---- Answers ---- */

/* The source of an answer is the address that sent it, in the table of
 * datagrams. */
static void
source_told(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u), from;

	open_udp(t, p, 1, uot_request(t, false, &at));
	tell(p, psh(1, uot_datagram(t, false, &at, text("question"))));
	udp_expect(u, text("question"));
	udp_tell(u, text("answer"));
	answer(p, false, text("answer"), &from);

	if (from.port != at.port)
		fail(t, "the port the answer came from", "%u, not %u",
		    from.port, at.port);
}

/* An IPv4 source is told as IPv4, not as ::ffff:a.b.c.d. */
static void
source_unmapped(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u), from;

	open_udp(t, p, 1, uot_request(t, false, &at));
	tell(p, psh(1, uot_datagram(t, false, &at, text("question"))));
	udp_expect(u, text("question"));
	udp_tell(u, text("answer"));
	answer(p, false, text("answer"), &from);

	if (from.type != ATLS_ADDR_IPV4)
		fail(t, "an IPv4 source", "an address of %u bytes", from.len);
	if (at.type == ATLS_ADDR_IPV4 && memcmp(from.host, at.host, 4) != 0)
		fail(t, "the address the answer came from", "another one");
}

/* One question, three answers, and one more that nobody waits for. */
static void
several_answers(struct t *t)
{
	const struct size *x = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);

	open_udp(t, p, 1, uot_request(t, x->connect, &at));
	tell(p, psh(1, uot_datagram(t, x->connect, &at, text("question"))));
	udp_expect(u, text("question"));
	for (uint32_t i = 0; i < 3; i++) {
		udp_tell(u, pattern(t, 50, i));
		answer(p, x->connect, pattern(t, 50, i), NULL);
	}
	udp_expect_silence(u, 300);
	udp_tell(u, text("unasked"));
	answer(p, x->connect, text("unasked"), NULL);
}

/* Thirty questions without an answer do not stop the one that has one. */
static void
no_answers(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);

	uint64_t deadline = t_deadline(t, 10000);

	open_udp(t, p, 1, uot_request(t, true, &at));
	for (uint32_t i = 0; i < 30; i++) {
		tell(p, psh(1, uot_datagram(t, true, &at, pattern(t, 200, i))));
		udp_expect(u, pattern(t, 200, i));
		if (t_now() > deadline)
			fail(t, "thirty datagrams without answers pass at once",
			    "%u of them in 10 s", i + 1);
	}

	round_trip(t, p, u, true);
}

/* Four destinations on one stream; each answer names its source. */
static void
many_destinations(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u[4];
	struct atls_addr at, from;
	uint32_t i;

	at = addr_of("0.0.0.0", 0);
	open_udp(t, p, 1, uot_request(t, false, &at));
	for (i = 0; i < 4; i++) {
		u[i] = udp_origin(t);
		at = udp_addr(u[i]);
		tell(p, psh(1, uot_datagram(t, false, &at, pattern(t, 80, i))));
	}
	for (i = 4; i-- > 0;) {
		udp_expect(u[i], pattern(t, 80, i));
		udp_tell(u[i], pattern(t, 90, i));
		answer(p, false, pattern(t, 90, i), &from);
		if (from.port != udp_addr(u[i]).port)
			fail(t, "the port of the one who answered",
			    "another port: %u", from.port);
	}
}

/* With isConnect 0 the request's own destination is not looked at. */
static void
request_address_ignored(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t), *other = udp_origin(t);
	struct atls_addr wrong = udp_addr(other);

	open_udp(t, p, 1, uot_request(t, false, &wrong));
	round_trip(t, p, u, false);
	udp_expect_silence(other, 50);
}

/* ---- Addresses ---- */

static const struct size any_c = { true, 0 }, any_u = { false, 0 };

static void
ipv6(struct t *t)
{
	const struct size *x = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin6(t);
	struct atls_addr at = udp_addr(u);

	open_udp(t, p, 1, uot_request(t, x->connect, &at));
	round_trip(t, p, u, x->connect);
}

/* Destinations by name: in the request, or in each datagram. */
static void
by_name(struct t *t)
{
	const struct size *x = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin_named(t);
	struct atls_addr at = addr_of("localhost", udp_addr(u).port);

	open_udp(t, p, 1, uot_request(t, x->connect, &at));
	tell(p, psh(1, uot_datagram(t, x->connect, &at, text("question"))));
	udp_expect(u, text("question"));
	udp_tell(u, text("answer"));
	answer(p, x->connect, text("answer"), NULL);
}

/* The address of version 1: no request, and each datagram has an address. */
static void
version_1(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);

	tell_open(p, 1, dest_udp_magic_v1(t));
	tell(p, psh(1, uot_datagram(t, false, &at, text("question"))));
	udp_expect(u, text("question"));
	udp_tell(u, text("answer"));
	answer(p, false, text("answer"), NULL);
}

/* ---- Ends ---- */

/* FIN closes the stream: answers that come later are nobody's. */
static void
fin_ends(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);

	open_udp(t, p, 1, uot_request(t, true, &at));
	round_trip(t, p, u, true);
	tell(p, fin(1));
	barrier(p);
	/* Who passes datagrams on may hear of it a moment later. */
	udp_expect_silence(u, 200);
	udp_tell(u, text("too late"));

	expect_none(p, psh(1, ANY_DATA));
}

/* A datagram and FIN in one record: the datagram leaves. */
static void
datagram_then_fin(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);

	open_udp(t, p, 1, uot_request(t, true, &at));
	cork(p);
	tell(p, psh(1, uot_datagram(t, true, &at, text("last words"))));
	tell(p, fin(1));
	uncork(p);

	udp_expect(u, text("last words"));
}

/* UDP on one stream and TCP on another, and UDP again after it. */
static void
beside_tcp(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct udp *u = udp_origin(t);
	struct atls_addr at = udp_addr(u);

	open_echo(p, 2);
	open_udp(t, p, 1, uot_request(t, true, &at));
	echo_again(p, 2, text("hello"));
	round_trip(t, p, u, true);
	tell(p, fin(1));

	open_udp(t, p, 3, uot_request(t, true, &at));
	tell(p, psh(3, uot_datagram(t, true, &at, text("again"))));
	udp_expect(u, text("again"));
	echo_again(p, 2, text("hello"));
}

static const uint8_t bad_request[] = { 1, 9, 127, 0, 0, 1, 0, 53, 0, 1, 'x' };
static const uint8_t bad_packet[] = { 0, 1, 0, 0, 0, 0, 0, 0, /* request */
	7, 127, 0, 0, 1, 0, 53, 0, 1, 'x' };
static const uint8_t half_request[] = { 1, 1, 127, 0 };

struct odd {
	const uint8_t *p;
	size_t len;
};

static const struct odd odd_request = { bad_request, sizeof(bad_request) };
static const struct odd odd_packet = { bad_packet, sizeof(bad_packet) };
static const struct odd odd_half = { half_request, sizeof(half_request) };

/* A request or datagram with a malformed address ends its stream at most. */
static void
malformed_harmless(struct t *t)
{
	const struct odd *odd = t->arg;
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	tell_open(p, 2, dest_udp_magic(t, 0));
	tell(p, psh(2, bytes(odd->p, odd->len)));
	tell(p, fin(2));

	barrier(p);
	echo_again(p, 1, text("hello"));
}

static const struct tcase cases[] = {
	{ "server/uot/connected", "AT-UT-03,AT-UT-13", connected, NULL,
	    "udp-connect,origin" },
	{ "server/uot/unconnected", "AT-UT-06,AT-UT-04", unconnected, NULL,
	    "udp,origin" },
	{ "server/uot/synack-sent", "AT-SY-04,AT-UT-09", synack_sent, NULL,
	    "v2,udp-connect,origin" },
	{ "server/uot/port-53", "AT-UT-01", port_ignored, &port_53,
	    "udp,origin" },
	{ "server/uot/port-443", "AT-UT-01", port_ignored, &port_443,
	    "udp-connect,origin" },
	{ "server/uot/port-65535", "AT-UT-01", port_ignored, &port_max,
	    "udp-connect,origin" },
	{ "server/uot/flag-2", "AT-UT-06,AT-UT-03", other_flag, &flag_2,
	    "udp-connect,origin" },
	{ "server/uot/flag-255", "AT-UT-06,AT-UT-03", other_flag, &flag_255,
	    "udp-connect,origin" },
	{ "server/uot/connected-0", "AT-UT-10,AT-UT-03", size_passes, &c_0,
	    "udp-connect,origin" },
	{ "server/uot/connected-1", "AT-UT-10,AT-UT-03", size_passes, &c_1,
	    "udp-connect,origin" },
	{ "server/uot/connected-1472", "AT-UT-10,AT-UT-03", size_passes,
	    &c_1472, "udp-connect,origin" },
	{ "server/uot/connected-16384", "AT-UT-10", size_passes_or_ends,
	    &c_16384, "udp-connect,origin" },
	{ "server/uot/connected-65507", "AT-UT-10", size_passes_or_ends,
	    &c_65507, "udp-connect,origin" },
	{ "server/uot/connected-answer-16384", "AT-UT-10",
	    answer_passes_or_ends, &c_16384, "udp-connect,origin" },
	{ "server/uot/connected-answer-65507", "AT-UT-10",
	    answer_passes_or_ends, &c_65507, "udp-connect,origin" },
	{ "server/uot/unconnected-0", "AT-UT-10,AT-UT-04", size_passes, &u_0,
	    "udp-packet,origin" },
	{ "server/uot/unconnected-1", "AT-UT-10,AT-UT-04", size_passes, &u_1,
	    "udp-packet,origin" },
	{ "server/uot/unconnected-1472", "AT-UT-10,AT-UT-04", size_passes,
	    &u_1472, "udp-packet,origin" },
	{ "server/uot/unconnected-16384", "AT-UT-10", size_passes_or_ends,
	    &u_16384, "udp-packet,origin" },
	{ "server/uot/unconnected-65507", "AT-UT-10", size_passes_or_ends,
	    &u_65507, "udp-packet,origin" },
	{ "server/uot/unconnected-answer-16384", "AT-UT-10",
	    answer_passes_or_ends, &u_16384, "udp-packet,origin" },
	{ "server/uot/unconnected-answer-65507", "AT-UT-10",
	    answer_passes_or_ends, &u_65507, "udp-packet,origin" },
	{ "server/uot/all-in-one", "AT-UT-08", all_in_one, NULL,
	    "udp-connect,origin" },
	{ "server/uot/connected-byte-by-byte", "AT-UT-08", byte_by_byte, &any_c,
	    "udp-connect,origin" },
	{ "server/uot/unconnected-byte-by-byte", "AT-UT-08", byte_by_byte,
	    &any_u, "udp-packet,origin" },
	{ "server/uot/connected-several-in-one", "AT-UT-08,AT-UT-03",
	    several_in_one, &any_c, "udp-connect,origin" },
	{ "server/uot/unconnected-several-in-one", "AT-UT-08,AT-UT-04",
	    several_in_one, &any_u, "udp-packet,origin" },
	{ "server/uot/source-told", "AT-UT-04", source_told, NULL,
	    "udp-packet,origin" },
	{ "server/uot/source-unmapped", "AT-UT-14,AT-UT-04", source_unmapped,
	    NULL, "udp-packet,origin" },
	{ "server/uot/connected-several-answers", "AT-UT-12", several_answers,
	    &any_c, "udp-connect,origin" },
	{ "server/uot/unconnected-several-answers", "AT-UT-12", several_answers,
	    &any_u, "udp-packet,origin" },
	{ "server/uot/no-answers", "AT-UT-12", no_answers, NULL,
	    "udp-connect,origin" },
	{ "server/uot/many-destinations", "AT-UT-12,AT-UT-04",
	    many_destinations, NULL, "udp-packet,origin" },
	{ "server/uot/request-address-ignored", "AT-UT-07",
	    request_address_ignored, NULL, "udp-packet,origin" },
	{ "server/uot/connected-ipv6", "AT-UT-05,AT-UT-03", ipv6, &any_c,
	    "udp-connect,ipv6,origin" },
	{ "server/uot/unconnected-ipv6", "AT-UT-05,AT-UT-04", ipv6, &any_u,
	    "udp-packet,ipv6,origin" },
	{ "server/uot/connected-name", "AT-UT-05,AT-UT-03", by_name, &any_c,
	    "udp-connect,names,origin" },
	{ "server/uot/unconnected-name", "AT-UT-05,AT-UT-04", by_name, &any_u,
	    "udp-packet,names,origin" },
	{ "server/uot/version-1", "AT-UT-11", version_1, NULL, "udp,origin",
	    LONG_WAIT_MS },
	{ "server/uot/fin-ends", "AT-CL-01,AT-CL-06", fin_ends, NULL,
	    "udp-connect,origin" },
	{ "server/uot/datagram-then-fin", "AT-DA-04", datagram_then_fin, NULL,
	    "udp-connect,origin" },
	{ "server/uot/beside-tcp", "AT-UT-01,AT-RU-13", beside_tcp, NULL,
	    "udp-connect,mux,origin" },
	{ "server/uot/bad-request-harmless", "AT-SY-15", malformed_harmless,
	    &odd_request, "udp,mux,origin" },
	{ "server/uot/bad-datagram-harmless", "AT-SY-15", malformed_harmless,
	    &odd_packet, "udp,mux,origin" },
	{ "server/uot/half-request-harmless", "AT-SY-15", malformed_harmless,
	    &odd_half, "udp,mux,origin" },
};

extern const struct suite suite_srv_uot;
const struct suite suite_srv_uot = SUITE("server: UDP over TCP", cases);
