/* The target's address: its forms, its cuts, and targets that fail. */
#include "conformance/anytls/case.h"

/* Stream 1 to the echo target, beside which the odd stream is opened: it must
 * go on whatever becomes of the other. */
static struct peer *
with_neighbour(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	return (p);
}

static void
neighbour_lives(struct t *t, struct peer *p)
{
	barrier(p);
	echo_again(p, 1, pattern(t, 500, 9));
}

/* ---- Forms ---- */

static void
ipv4(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	tell_open(p, 1, dest(t, o));
	tell(p, psh(1, text("by IPv4")));
	app_expect(origin_accept(o), text("by IPv4"));
}

static void
ipv6(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin6(t);

	tell_open(p, 1, dest(t, o));
	tell(p, psh(1, text("by IPv6")));
	app_expect(origin_accept(o), text("by IPv6"));
}

static void
name(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin_named(t);

	tell_open(p, 1, dest_name(t, "localhost", origin_port(o)));
	tell(p, psh(1, text("by name")));
	app_expect(origin_accept(o), text("by name"));
}

/* A name that spells an IPv4 address, as clients send that take what the user
 * typed for a name. */
static void
name_is_literal(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	tell_open(p, 1, dest_name(t, t->origin_host, origin_port(o)));
	tell(p, psh(1, text("by literal")));
	app_expect(origin_accept(o), text("by literal"));
}

/* ::ffff:a.b.c.d is the IPv4 target. */
static void
ipv4_mapped(struct t *t)
{
	static const uint8_t prefix[] = { ATLS_ADDR_IPV6, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0xff, 0xff };
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct data v4 = dest(t, o);

	if (v4.len != 7)
		skip(t, "the origin has no IPv4 address");
	tell_open(p, 1, join(t, bytes(prefix, sizeof(prefix)), part(v4, 1, 6)));
	tell(p, psh(1, text("mapped")));
	app_expect(origin_accept(o), text("mapped"));
}

/* ---- Cuts ---- */

/* SYN and the address, each byte in a PSH and a record of its own. */
static void
byte_by_byte(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct data d = dest_echo(t);

	tell(p, syn(1));
	for (size_t i = 0; i < d.len; i++)
		tell(p, psh(1, part(d, i, 1)));

	echo_again(p, 1, text("hello"));
}

/* The address in two PSHs, cut at each place in turn, in one record and in
 * two. */
static void
every_cut(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct data d = dest_echo(t);

	for (uint32_t sid = 1; sid <= 2 * (d.len - 1); sid++) {
		size_t at = (sid + 1) / 2;

		if (sid % 2 == 0)
			cork(p);
		tell(p, syn(sid));
		tell(p, psh(sid, part(d, 0, at)));
		tell(p, psh(sid, part(d, at, d.len - at)));
		if (sid % 2 == 0)
			uncork(p);
		echo_again(p, sid, pattern(t, 50, sid));
		tell(p, fin(sid));
	}
}

/* A name cut inside its length and inside its letters. */
static void
name_cut(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin_named(t);
	struct data d = dest_name(t, "localhost", origin_port(o));

	tell(p, syn(1));
	tell(p, psh(1, part(d, 0, 1)));
	tell(p, psh(1, part(d, 1, 4)));
	tell(p, psh(1, part(d, 5, d.len - 5)));
	tell(p, psh(1, text("cut")));
	app_expect(origin_accept(o), text("cut"));
}

/* Payload behind the address in the same PSH belongs to the target. */
static void
payload_follows(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct data d = pattern(t, 5000, 1);

	tell_open(p, 1, join(t, dest(t, o), d));
	app_expect(origin_accept(o), d);
}

/* The same with the cut inside the address: the second PSH has the rest of it
 * and the payload. */
static void
payload_follows_cut(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct data d = join(t, dest(t, o), text("payload"));

	tell(p, syn(1));
	tell(p, psh(1, part(d, 0, 3)));
	tell(p, psh(1, part(d, 3, d.len - 3)));
	app_expect(origin_accept(o), text("payload"));
}

/* A PSH without data before and inside the address is not an address. */
static void
empty_psh_inside(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct data d = dest_echo(t);

	tell(p, syn(1));
	tell(p, psh(1, NO_DATA));
	tell(p, psh(1, part(d, 0, 2)));
	tell(p, psh(1, NO_DATA));
	tell(p, psh(1, part(d, 2, d.len - 2)));

	echo_again(p, 1, text("hello"));
}

/* ---- Malformed ---- */

static const uint8_t type_0[] = { 0, 127, 0, 0, 1, 0, 80 };
static const uint8_t type_2[] = { 2, 127, 0, 0, 1, 0, 80 };
static const uint8_t type_5[] = { 5, 127, 0, 0, 1, 0, 80 };
static const uint8_t type_255[] = { 255, 127, 0, 0, 1, 0, 80 };
static const uint8_t empty_name[] = { ATLS_ADDR_NAME, 0, 0, 80 };
static const uint8_t name_with_nul[] = { ATLS_ADDR_NAME, 4, 'a', 0, 'b', 'c', 0,
	80 };
static const uint8_t name_with_junk[] = { ATLS_ADDR_NAME, 4, '\n', ' ', 0xff,
	'%', 0, 80 };

struct odd {
	const uint8_t *p;
	size_t len;
};

#define ODD(bytes_)                                                            \
	&(const struct odd)                                                    \
	{                                                                      \
		(bytes_), sizeof(bytes_)                                       \
	}

/* A malformed address ends its stream at most: the session and the stream
 * beside it go on, also when more data for the lost stream follows. */
static void
malformed_harmless(struct t *t)
{
	const struct odd *odd = t->arg;
	struct peer *p = with_neighbour(t);

	tell_open(p, 2, bytes(odd->p, odd->len));
	tell(p, psh(2, text("more data")));

	neighbour_lives(t, p);
}

/* And it does end its stream: the client learns of it. */
static void
malformed_refused(struct t *t)
{
	const struct odd *odd = t->arg;
	struct peer *p = dial_ready(t, V2);

	tell_open(p, 1, bytes(odd->p, odd->len));

	expect_refusal(p, 1);
}

/* Half an address, then FIN: nothing is dialled and the session goes on. */
static void
half_then_fin(struct t *t)
{
	struct peer *p = with_neighbour(t);
	struct origin *o = listen_origin(t);
	struct data d = dest(t, o);

	cork(p);
	tell(p, syn(2));
	tell(p, psh(2, part(d, 0, d.len - 1)));
	tell(p, fin(2));
	uncork(p);

	neighbour_lives(t, p);
	origin_expect_none(o, 100);
}

/* ---- Targets that fail ---- */

/* A name of 255 letters, the longest there is; it has no valid label, so that
 * no resolver is asked. */
static struct data
long_name(struct t *t)
{
	char s[256];

	memset(s, 'a', 255);
	s[255] = '\0';
	return (dest_name(t, s, 80));
}

static struct data
unresolvable(struct t *t)
{
	return (dest_name(t, "no-such-host.invalid", 80));
}

static struct data
port_zero(struct t *t)
{
	return (dest_port(t, 0));
}

struct failing {
	struct data (*dest)(struct t *t);
};

static const struct failing refused_port = { dest_refused };
static const struct failing longest_name = { long_name };
static const struct failing unknown_name = { unresolvable };
static const struct failing zero_port = { port_zero };

/* A failed dial is told by SYNACK with a text or by FIN; then the session is
 * as good as before. */
static void
failure_told(struct t *t)
{
	const struct failing *f = t->arg;
	struct peer *p = dial_ready(t, V2);

	tell_open(p, 1, f->dest(t));
	expect_refusal(p, 1);
}

static void
failure_harmless(struct t *t)
{
	const struct failing *f = t->arg;
	struct peer *p = with_neighbour(t);

	tell_open(p, 2, f->dest(t));
	neighbour_lives(t, p);

	open_echo(p, 3);
	echo_again(p, 3, text("hello"));
}

/* To a client of version 2 a refused connection is a SYNACK with a text, then
 * FIN, and nothing after. */
static void
refused_text_then_fin(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell_open(p, 1, dest_refused(t));

	expect(p, synack(1, ANY_TEXT));
	expect(p, any_fin(1));
	expect_quiet(p);
}

/* No success is reported after a failure: a text says the stream is over. */
static void
refused_no_success_after(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct frame f;

	tell_open(p, 1, dest_refused(t));
	if (!stream_ended(p, 1, t->timeout_ms)) {
		/* A server may say SYNACK before it dials, and dial again. */
		if (next_frame(p, &f) && f.cmd == ATLS_CMD_SYNACK &&
		    f.data.len == 0)
			skip(t, "SYNACK comes at once, and no FIN for long");
	} else {
		expect_refusal(p, 1);
	}

	expect_none(p, synack(1, NO_DATA));
}

/* To a client of version 1 it is FIN, */
static void
refused_v1_fin(struct t *t)
{
	struct peer *p = dial_ready(t, V1);

	tell_open(p, 1, dest_refused(t));

	expect_within(p, any_fin(1), t->timeout_ms);
}

/* and never a SYNACK. */
static void
refused_v1_no_synack(struct t *t)
{
	struct peer *p = dial_ready(t, V1);

	tell_open(p, 1, dest_refused(t));

	expect_none(p, synack(1, ANY_DATA));
}

/* ---- Targets that do not answer ---- */

/* Some answer comes within 3 s, or clients of the Go family give the session
 * and all its streams up. */
static void
blackhole_in_time(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell_open(p, 1, dest_blackhole(t));

	expect_in_time(p, synack(1, ANY_DATA), 3000);
}

/* The dial of stream 2 hangs, and stream 1 goes on: what comes after the SYN is
 * answered first, and the dial's failure, if at all, later. How long the dial
 * takes is not the question. */
static void
neighbour_first(struct t *t, struct peer *p)
{
	static const char expected[] =
	    "the echo on stream 1 while a dial hangs";
	struct frame f;

	tell(p, psh(1, text("beside")));
	do {
		if (!next_frame(p, &f))
			fail(t, expected, "the session closed");
		if (f.sid == 2 && f.cmd == ATLS_CMD_SYNACK && f.data.len != 0)
			fail(t, expected, "nothing before the dial has failed");
		if (f.sid == 2 && f.cmd == ATLS_CMD_FIN)
			fail(t, expected,
			    "nothing before the stream beside has ended");
	} while (f.sid != 1 || f.cmd != ATLS_CMD_PSH);
}

static void
blackhole_beside(struct t *t)
{
	struct peer *p = with_neighbour(t);

	tell_open(p, 2, dest_blackhole(t));

	neighbour_first(t, p);
}

/* Data sent to a stream whose dial hangs stops them no more. */
static void
blackhole_with_data(struct t *t)
{
	struct peer *p = with_neighbour(t);

	tell_open(p, 2, dest_blackhole(t));
	tell(p, psh(2, text("early data")));

	neighbour_first(t, p);
}

/* A client may give up a stream whose dial hangs and go on. */
static void
blackhole_given_up(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell_open(p, 1, dest_blackhole(t));
	barrier(p);
	tell(p, fin(1));

	open_echo(p, 2);
	echo_again(p, 2, text("hello"));
}

/* The session may end while a dial hangs. */
static void
blackhole_session_ends(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell_open(p, 1, dest_blackhole(t));
	barrier(p);
	hang_up(p);

	p = dial_ready(t, V2);
	barrier(p);
}

static const struct tcase cases[] = {
	{ "server/address/ipv4", "AT-SY-13", ipv4, NULL, "origin" },
	{ "server/address/ipv6", "AT-SY-13", ipv6, NULL, "ipv6,origin" },
	{ "server/address/name", "AT-SY-13", name, NULL, "names,origin" },
	{ "server/address/name-is-literal", "AT-SY-15,AT-SY-13",
	    name_is_literal, NULL, "origin" },
	{ "server/address/ipv4-mapped", "AT-SY-15,AT-SY-13", ipv4_mapped, NULL,
	    "origin" },
	{ "server/address/byte-by-byte", "AT-SY-14", byte_by_byte, NULL,
	    "origin" },
	{ "server/address/every-cut", "AT-SY-14", every_cut, NULL,
	    "reuse,origin" },
	{ "server/address/name-cut", "AT-SY-14", name_cut, NULL,
	    "names,origin" },
	{ "server/address/payload-follows", "AT-SY-14,AT-DA-01",
	    payload_follows, NULL, "origin" },
	{ "server/address/payload-follows-cut", "AT-SY-14,AT-DA-01",
	    payload_follows_cut, NULL, "origin" },
	{ "server/address/empty-psh-inside", "AT-FR-09,AT-SY-14",
	    empty_psh_inside, NULL, "origin" },
	{ "server/address/type-0-harmless", "AT-SY-15", malformed_harmless,
	    ODD(type_0), "mux,origin" },
	{ "server/address/type-2-harmless", "AT-SY-15", malformed_harmless,
	    ODD(type_2), "mux,origin" },
	{ "server/address/type-5-harmless", "AT-SY-15", malformed_harmless,
	    ODD(type_5), "mux,origin" },
	{ "server/address/type-255-harmless", "AT-SY-15", malformed_harmless,
	    ODD(type_255), "mux,origin" },
	{ "server/address/empty-name-harmless", "AT-SY-15", malformed_harmless,
	    ODD(empty_name), "mux,origin" },
	{ "server/address/name-with-nul-harmless", "AT-SY-15",
	    malformed_harmless, ODD(name_with_nul), "mux,origin" },
	{ "server/address/name-with-junk-harmless", "AT-SY-15",
	    malformed_harmless, ODD(name_with_junk), "mux,origin" },
	{ "server/address/type-5-refused", "AT-SY-15,AT-SY-08",
	    malformed_refused, ODD(type_5), "origin" },
	{ "server/address/empty-name-refused", "AT-SY-15,AT-SY-08",
	    malformed_refused, ODD(empty_name), "origin" },
	{ "server/address/half-then-fin", "AT-CL-01,AT-CL-07", half_then_fin,
	    NULL, "mux,origin" },
	{ "server/address/refused-told", "AT-SY-08", failure_told,
	    &refused_port, "origin" },
	{ "server/address/long-name-told", "AT-SY-08,AT-SY-15", failure_told,
	    &longest_name, "origin" },
	{ "server/address/unknown-name-told", "AT-SY-08", failure_told,
	    &unknown_name, "names,origin" },
	{ "server/address/port-zero-told", "AT-SY-08,AT-SY-15", failure_told,
	    &zero_port, "origin" },
	{ "server/address/refused-harmless", "AT-CL-05,AT-SY-08",
	    failure_harmless, &refused_port, "mux,origin" },
	{ "server/address/long-name-harmless", "AT-SY-15", failure_harmless,
	    &longest_name, "mux,origin" },
	{ "server/address/unknown-name-harmless", "AT-SY-15,AT-SY-08",
	    failure_harmless, &unknown_name, "mux,names,origin" },
	{ "server/address/port-zero-harmless", "AT-SY-15", failure_harmless,
	    &zero_port, "mux,origin" },
	{ "server/address/refused-text-then-fin", "AT-SY-08,AT-SY-07",
	    refused_text_then_fin, NULL, "v2,origin" },
	{ "server/address/refused-no-success-after", "AT-SY-07,AT-SY-06",
	    refused_no_success_after, NULL, "v2,origin" },
	{ "server/address/refused-v1-fin", "AT-SY-08", refused_v1_fin, NULL,
	    "origin,!v3" },
	{ "server/address/refused-v1-no-synack", "AT-ST-09",
	    refused_v1_no_synack, NULL, "origin,!v3" },
	{ "server/address/blackhole-in-time", "AT-SY-11", blackhole_in_time,
	    NULL, "v2,origin", LONG_WAIT_MS },
	{ "server/address/blackhole-beside", "AT-DA-03", blackhole_beside, NULL,
	    "mux,origin", LONG_WAIT_MS },
	{ "server/address/blackhole-with-data", "AT-DA-03", blackhole_with_data,
	    NULL, "mux,origin", LONG_WAIT_MS },
	{ "server/address/blackhole-given-up", "AT-CL-01", blackhole_given_up,
	    NULL, "reuse,origin", LONG_WAIT_MS },
	{ "server/address/blackhole-session-ends", "AT-FR-12",
	    blackhole_session_ends, NULL, "origin" },
};

extern const struct suite suite_srv_address;
const struct suite suite_srv_address = SUITE("server: addresses", cases);
