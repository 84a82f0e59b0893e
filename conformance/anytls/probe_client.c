/* Is a client usable, and what can it do. */
#include <stdio.h>

#include "conformance/anytls/client.h"
#include "conformance/anytls/verbs.h"
#include "ref/wire/auth.h"

#define SESSION_MS 4000
#define AGAIN_MS 1500
#define SANITY_BUDGET_MS 12000

#define USABLE "a client that carries a request to its server and back"

/* The sentence of sanity for a request that went nowhere. */
static void
wait_session(struct t *t)
{
	if (session_comes(t, SESSION_MS))
		return;
	if (!t_own_client_alive(t, 0))
		t_fail(t, USABLE,
		    "the client ended when its proxy was asked for a "
		    "connection");
	ask(t, "sanity.test", 80);
	if (session_comes(t, AGAIN_MS))
		t_fail(t, USABLE,
		    "the first request was lost, and another %.1f s later was "
		    "not: its proxy accepts before it serves, see --settle",
		    SESSION_MS * t->time_scale / 1000);
	t_fail(t, USABLE,
	    "its proxy was asked for a connection, but no session arrived at "
	    "our server on 127.0.0.1:%u within %.1f s: does the command name "
	    "{server}?",
	    server_port_of(t, 0), SESSION_MS * t->time_scale / 1000);
}

static void
sanity(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	client_side(t)->implicit = true;
	a = ask(t, "sanity.test", 80);
	wait_session(t);
	p = serve(t, SERVER_V2, &st);
	expect_granted(a);
	app_tell(a, text("to the server"));
	expect_data(p, st.sid, text("to the server"));
	tell(p, psh(st.sid, text("to the application")));
	app_expect(a, text("to the application"));
}

const struct tcase client_sanity = { "suite/sanity", NULL, sanity,
	.budget_ms = SANITY_BUDGET_MS };

/* Settings and the address are packets of their own, so that all packets have
 * other numbers than the text says: one failure (AT-PD-11) is enough. */
static bool
waste_before_address(const struct peer *p)
{
	size_t at = ATLS_AUTH_HEADER;
	struct atls_frame f;

	at += (size_t)p->raw.p[ATLS_AUTH_HASH] << 8 |
	    p->raw.p[ATLS_AUTH_HASH + 1];
	while (at + ATLS_FRAME_HEADER <= p->raw.len) {
		f = atls_frame_get(p->raw.p + at);
		if (f.cmd == ATLS_CMD_WASTE || f.cmd == ATLS_CMD_PSH)
			return (f.cmd == ATLS_CMD_WASTE);
		at += ATLS_FRAME_HEADER + f.len;
	}
	return (false);
}

static void
find_version(struct t *t)
{
	struct settings_seen seen;
	const char *found = "v1";
	struct peer *p;

	start_client(t);
	t_feature(t, "proxy", client_proxy_is_http(t) ? "http" : "socks5");
	ask(t, "probe.test", 80);
	p = accept_client(t);
	expect_auth(p);
	seen = expect_settings(p);
	if (p->client_version >= 2) {
		t_feature(t, "v2", NULL);
		found = p->client_version >= 3 ? "v3" : "v2";
	}
	t_feature(t, "profile", found);
	if (p->client_version >= 3)
		t_feature(t, "v3", NULL);
	t_feature(t, "version", seen.v);
	t_feature(t, "client", seen.client);
	t_feature(t, "md5", seen.md5);
	client_side(t)->implicit = true;
	if (expect_stream(p).implicit)
		t_feature(t, "implicit-stream", NULL);
	if (waste_before_address(p))
		t_feature(t, "address-apart", NULL);
}

static void
find_udp(struct t *t)
{
	start_client(t);
	ask_udp(t);
	t_feature(t, "udp", NULL);
}

const struct tcase client_probes[CLIENT_NPROBES] = {
	{ "suite/probe/version", NULL, find_version },
	{ "suite/probe/udp", NULL, find_udp },
};
