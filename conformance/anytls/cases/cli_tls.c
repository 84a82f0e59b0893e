/* What a client says and asks in the TLS handshake: the server's name, and the
 * certificate. TLS itself is outside the protocol. */
#include "conformance/anytls/case.h"

/* The handshake of the first session has the name WANT; NULL: none. */
static void
expect_name(struct t *t, const char *want)
{
	const char *told;
	struct peer *p;

	start_client(t);
	ask(t, "case.test", 80);
	p = accept_client(t);
	told = name_told(p);
	expect_auth(p);
	if (want == NULL && told != NULL)
		fail(t, "no server_name in the handshake", "\"%s\"", told);
	if (want != NULL && (told == NULL || strcmp(told, want) != 0))
		fail(t, t_printf(t, "\"%s\" as server_name", want), "\"%s\"",
		    told != NULL ? told : "");
}

/* The name that the client is told is the name it asks for. */
static void
name(struct t *t)
{
	client_sni(t, t->arg);
	expect_name(t, t->arg);
}

/* An address is no name. */
static void
literal(struct t *t)
{
	client_sni(t, t->arg);
	expect_name(t, NULL);
}

/* Nor is that of the server, where no other name was given. What name there is
 * may be set in the client's own configuration. */
static void
host_literal(struct t *t)
{
	const char *told;
	struct peer *p;

	start_client(t);
	ask(t, "case.test", 80);
	p = accept_client(t);
	told = name_told(p);
	expect_auth(p);
	if (told == NULL)
		return;
	if (strspn(told, "0123456789abcdef.:[]") == strlen(told) &&
	    strpbrk(told, ".:") != NULL)
		fail(t, "no address as server_name", "\"%s\"", told);
	observe(t, "the client asks for \"%s\"", told);
}

/* A second session shakes hands like the first. */
static void
same_name_again(struct t *t)
{
	struct stream_seen st;
	const char *told[2];
	struct peer *p;

	start_client(t);
	for (int i = 0; i < 2; i++) {
		connect_through(t, &p, &st);
		told[i] = name_told(p) != NULL ? name_told(p) : "none";
		told[i] = t_printf(t, "%s", told[i]);
		end_session(p);
	}
	if (strcmp(told[0], told[1]) != 0)
		fail(t, "the same server_name on each session",
		    "\"%s\", then \"%s\"", told[0], told[1]);
}

/*
 * A certificate that nobody knows. Whether a client minds is its user's choice:
 * it is observed. One that does fails the request and opens no session after
 * session for it.
 */
#define MAX_TRIES 5

static void
unknown_certificate(struct t *t)
{
	unsigned tries = 0;
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	other_certificate(t, "localhost");
	start_client(t);
	a = ask(t, "case.test", 80);
	do {
		if (client_trusts(t, &p) && peer_speaks(p)) {
			observe(t, "takes a certificate that it cannot know");
			st = begin_service(p, a);
			tell(p, psh(st.sid, text("hello")));
			app_expect(a, text("hello"));
			return;
		}
		if (++tries > MAX_TRIES)
			fail(t, "a request that fails",
			    "session %u for one request", tries);
	} while (session_comes(t, 400));
	observe(t, "refuses a certificate that it does not know");
	expect_denied(a);
}

static const struct tcase cases[] = {
	{ "client/tls/sni", "AT-UR-05", name, "localhost", "own-sni" },
	{ "client/tls/sni-other", "AT-UR-05", name, "some.name.test",
	    "own-sni,!own-ca" },
	{ "client/tls/sni-ipv4-literal", "AT-UR-02", literal, "127.0.0.1",
	    "own-sni" },
	{ "client/tls/sni-ipv6-literal", "AT-UR-02", literal, "::1",
	    "own-sni" },
	{ "client/tls/host-literal", "AT-UR-05", host_literal, NULL,
	    "!own-sni" },
	{ "client/tls/same-name", "AT-UR-05", same_name_again, NULL, NULL },
	{ "client/tls/unknown-certificate", "AT-RU-11", unknown_certificate,
	    NULL, NULL },
};

extern const struct suite suite_cli_tls;
const struct suite suite_cli_tls = SUITE("client: TLS handshake", cases);
