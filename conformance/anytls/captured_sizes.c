/*
 * A session whose records stay closed: what sizes alone tell. TLS shows how
 * long each record is, so authentication (packet 0) and the first record of
 * packet 1 can be held against a scheme. From there on each size is possible:
 * what is left of a packet may be sent in a record of any size.
 */
#include <stdio.h>
#include <string.h>

#include "conformance/anytls/captured_impl.h"
#include "ref/wire/scheme_item.h"

/* A Finished message with its header, in TLS 1.3 the first thing a client
 * encrypts unless it has a certificate. */
#define FINISHED(sha384) (4u + ((sha384) ? 48u : 32u))

/* A wanted size and, where waste does not fit, the 7 bytes less (AT-RS-03). */
struct range {
	uint32_t low, high;
	bool known; /* the rule has a size */
};

/* What the first item of the rule of PACKET allows. */
static struct range
range_of(const struct atls_scheme *scheme, uint32_t packet)
{
	struct atls_bytes rule = scheme->rule[packet];
	struct atls_scheme_item item;
	struct range r = { 0, 0, false };

	while (packet < scheme->stop && rule.p != NULL &&
	    atls_scheme_item_next(&rule, &item)) {
		if (item.check)
			break;
		if (item.skip != NULL || item.low > 65535 || item.high > 65535)
			continue;
		r.low = (uint32_t)(item.low < item.high ? item.low : item.high);
		r.high =
		    (uint32_t)(item.low < item.high ? item.high : item.low);
		r.known = true;
		return (r);
	}
	return (r);
}

/* Which of the records is the authentication request; -1: cannot be told. */
static int
auth_at(const struct captured *s, const struct aead_suite *suite)
{
	uint32_t size;

	if (!suite->tls13)
		return (0);
	if (s->nsizes == 0)
		return (-1);
	size = s->sizes[0] - (uint32_t)aead_overhead(suite);
	return (size == FINISHED(suite->sha384) ? 1 : -1);
}

static void
misfit(struct captured *s, const char *id, const char *text)
{
	if (s->k->scheme_given)
		captured_found(s, id, text, s->conn->last);
	else
		captured_note(
		    s, "%s; the session may follow another scheme", text);
}

/* Packet 0. True when it fits. */
static bool
judge_auth(struct captured *s, uint32_t size)
{
	struct range r = range_of(&s->k->scheme, 0);
	char text[CAPTURED_NOTE];

	if (size >= ATLS_AUTH_HEADER + r.low &&
	    size <= ATLS_AUTH_HEADER + r.high) {
		captured_note(s,
		    "the first record has %u bytes: an authentication request "
		    "with padding0 of %u, which fits the scheme",
		    size, size - ATLS_AUTH_HEADER);
		return (true);
	}
	snprintf(text, sizeof(text),
	    "the first record has %u bytes, but an authentication request of "
	    "the scheme has %u to %u",
	    size, ATLS_AUTH_HEADER + r.low, ATLS_AUTH_HEADER + r.high);
	misfit(s, "AT-AU-02", text);
	return (false);
}

/* The first record of packet 1. True when it fits. */
static bool
judge_flight(struct captured *s, uint32_t size)
{
	struct range r = range_of(&s->k->scheme, 1);
	uint32_t least =
	    r.low > ATLS_FRAME_HEADER ? r.low - ATLS_FRAME_HEADER : 1;
	char text[CAPTURED_NOTE];

	if (!r.known || (size >= least && size <= r.high)) {
		captured_note(s,
		    "the second record has %u bytes, which fits packet 1",
		    size);
		return (true);
	}
	snprintf(text, sizeof(text),
	    "the second record has %u bytes, but packet 1 of the scheme "
	    "begins with one of %u to %u",
	    size, least, r.high);
	misfit(s, "AT-PD-17", text);
	return (false);
}

bool
captured_sizes_judge(struct captured *s)
{
	const struct hello_server *h = view_server(s->conn->view);
	const struct aead_suite *suite = aead_suite(h->suite);
	uint32_t over;
	bool fits;
	int at;

	if (suite == NULL)
		return (false);
	over = (uint32_t)aead_overhead(suite);
	at = auth_at(s, suite);
	if (at < 0) {
		captured_note(s,
		    "where the handshake ends cannot be told, so no size is "
		    "judged");
		return (false);
	}
	if (s->nsizes <= (size_t)at || s->sizes[at] <= over) {
		captured_note(s, "the client sent nothing after the handshake");
		return (false);
	}
	fits = judge_auth(s, s->sizes[at] - over);
	if (fits && s->nsizes > (size_t)at + 1 && s->sizes[at + 1] > over)
		fits = judge_flight(s, s->sizes[at + 1] - over);
	captured_note(s,
	    "without its keys nothing is known of the password, settings, "
	    "streams, the order of frames, and sizes behind packet 1");
	return (fits);
}
