/* anytls:// links, for clients whose command has {uri}. */
#include "conformance/anytls/case.h"

/* The session that the link opens works. */
static struct peer *
works(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	app_tell(a, text("hello"));
	expect_data(p, st.sid, text("hello"));
	return (p);
}

/* The link to server 0 with QUERY behind it. */
static void
tell_link(struct t *t, const char *query)
{
	client_link(t,
	    t_printf(t, "anytls://%s@127.0.0.1:%u/%s",
		percent_encoded(t, t->target.password), server_port_of(t, 0),
		query));
}

static void
plain(struct t *t)
{
	tell_link(t, t->arg);
	works(t);
}

/* Special characters of a password are percent-encoded; expect_auth() has the
 * hash of the password itself. */
static void
password(struct t *t)
{
	client_password(t, t->arg);
	tell_link(t, "?insecure=1");
	works(t);
}

static void
ipv6(struct t *t)
{
	server_on_ipv6(t);
	client_link(t,
	    t_printf(t, "anytls://%s@[::1]:%u/?insecure=1",
		percent_encoded(t, t->target.password), server_port_of(t, 0)));
	works(t);
}

static void
expect_name(struct t *t, struct peer *p, const char *want)
{
	const char *told = name_told(p);

	if (want == NULL && told != NULL)
		fail(t, "no server_name in the handshake", "\"%s\"", told);
	if (want != NULL && (told == NULL || strcmp(told, want) != 0))
		fail(t, t_printf(t, "\"%s\" as server_name", want), "\"%s\"",
		    told != NULL ? told : "");
}

static void
sni(struct t *t)
{
	tell_link(t, "?insecure=1&sni=localhost");
	expect_name(t, works(t), "localhost");
}

static void
sni_literal(struct t *t)
{
	tell_link(t, t->arg);
	expect_name(t, works(t), NULL);
}

/* A certificate that nobody knows is refused, unless the link says that it does
 * not matter. */
static void
insecure_0(struct t *t)
{
	struct peer *p;
	struct app *a;

	other_certificate(t, "localhost");
	tell_link(t, t->arg);
	start_client(t);
	a = ask(t, "case.test", 80);
	if (client_trusts(t, &p) && peer_speaks(p))
		fail(t, "a certificate that nobody knows is refused",
		    "the client goes on");
	expect_denied(a);
}

static void
insecure_1(struct t *t)
{
	other_certificate(t, "localhost");
	tell_link(t, "?insecure=1");
	works(t);
}

static const struct tcase cases[] = {
	{ "client/uri/plain", "AT-UR-01", plain, "?insecure=1", "uri" },
	{ "client/uri/fragment", "AT-UR-03", plain, "?insecure=1#a%20name",
	    "uri" },
	{ "client/uri/unknown-parameters", "AT-UR-03", plain,
	    "?x=1&insecure=1&alpn=h2&empty=&novalue&udp=true", "uri" },
	{ "client/uri/password-special", "AT-UR-01", password,
	    "a@b:c/d?e#f&g=h[i]", "uri" },
	{ "client/uri/password-percent", "AT-UR-01", password, "100%25%",
	    "uri" },
	{ "client/uri/password-utf8", "AT-UR-01", password,
	    "gr\xc3\xbc\xc3\x9f dich +1", "uri" },
	{ "client/uri/ipv6", "AT-UR-01", ipv6, NULL, "uri" },
	{ "client/uri/sni", "AT-UR-05", sni, NULL, "uri" },
	{ "client/uri/sni-ipv4-literal", "AT-UR-02", sni_literal,
	    "?insecure=1&sni=127.0.0.1", "uri" },
	{ "client/uri/sni-ipv6-literal", "AT-UR-02", sni_literal,
	    "?insecure=1&sni=%3A%3A1", "uri" },
	{ "client/uri/insecure-0", "AT-UR-04", insecure_0, "?insecure=0",
	    "uri" },
	{ "client/uri/insecure-absent", "AT-UR-04", insecure_0, "", "uri" },
	{ "client/uri/insecure-1", "AT-UR-04", insecure_1, NULL, "uri" },
};

extern const struct suite suite_cli_uri;
const struct suite suite_cli_uri = SUITE("client: links", cases);
