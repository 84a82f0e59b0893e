/* The authentication request as a client sends it. */
#include "conformance/anytls/case.h"

/* The client is asked for a connection; its session, with nothing read yet. */
static struct peer *
opened(struct t *t)
{
	start_client(t);
	ask(t, "case.test", 80);
	return (accept_client(t));
}

/* The hash is that of the password's bytes; behind it a length and as much
 * padding0, then frames. */
static void
request(struct t *t)
{
	struct peer *p = opened(t);
	struct auth_seen seen = expect_auth(p);

	expect_settings(p);
	observe(t, "padding0 has %u bytes", seen.padding);
}

/* A server may read the request with one read of one record. */
static void
one_record(struct t *t)
{
	struct peer *p = opened(t);
	struct auth_seen seen = expect_auth(p);

	if (seen.nrecords != 1)
		fail(t, "the authentication request in one TLS record",
		    "it is cut over %u records, %zu bytes in the first",
		    seen.nrecords, seen.first_record);
}

/* Rule 0 of the default scheme is "30-30". */
static void
padding_of_scheme(struct t *t)
{
	struct peer *p = opened(t);
	struct auth_seen seen = expect_auth(p);

	if (seen.padding != 30)
		fail(t,
		    "padding0 of 30 bytes, by 0=30-30 of the default "
		    "scheme",
		    "%u bytes", seen.padding);
}

/* padding0 goes out together with the hash: what is sent with it is all of the
 * request. */
static void
padding_with_hash(struct t *t)
{
	struct peer *p = opened(t);
	struct auth_seen seen = expect_auth(p);

	if (seen.first_record < 34u + seen.padding)
		fail(t, "padding0 in the record of the hash",
		    "the first record has %zu of %u bytes", seen.first_record,
		    34u + seen.padding);
}

static void
zero_filler(struct t *t)
{
	struct peer *p = opened(t);

	if (!expect_auth(p).zero)
		fail(t, "padding0 of zero bytes", "other bytes are in it");
}

/* Nothing is awaited from a server before the request: this one stays silent,
 * and settings and the first stream come all the same. */
static void
without_waiting(struct t *t)
{
	struct peer *p = opened(t);

	expect_auth(p);
	expect_settings(p);
	expect_stream(p);
}

/* Each session has a request of its own. */
static void
second_session(struct t *t)
{
	struct stream_seen st;
	struct peer *p;

	start_client(t);
	connect_through(t, &p, &st);
	ask(t, "other.test", 80);
	if (!session_comes(t, 1000))
		skip(t, "a second request opens no second session");
	p = accept_client(t);
	expect_auth(p);
	expect_settings(p);
}

static const struct tcase cases[] = {
	{ "client/auth/request", "AT-AU-01", request, NULL, NULL },
	{ "client/auth/one-record", "AT-AU-08,AT-AU-02", one_record, NULL,
	    NULL },
	{ "client/auth/padding-of-scheme", "AT-AU-02,AT-PD-01,AT-PD-18",
	    padding_of_scheme, NULL, NULL },
	{ "client/auth/padding-with-hash", "AT-AU-02", padding_with_hash, NULL,
	    NULL },
	{ "client/auth/zero-filler", "AT-AU-03", zero_filler, NULL, NULL },
	{ "client/auth/without-waiting", "AT-AU-01,AT-ST-01", without_waiting,
	    NULL, NULL },
	{ "client/auth/second-session", "AT-AU-01", second_session, NULL,
	    NULL },
};

extern const struct suite suite_cli_auth;
const struct suite suite_cli_auth = SUITE("client: authentication", cases);
