/* Fallback: what is no AnyTLS goes to another server, unchanged. Each case
 * starts a target of its own whose fallback is an origin of ours. */
#include "conformance/anytls/case.h"

/* A target that falls back to the origin given. */
static void
start(struct t *t, const struct origin *o)
{
	struct own_target own = { 0 };

	own.fallback = t_printf(t, "%s:%u", t->origin_host, origin_port(o));
	t_own_target(t, &own);
}

/* A browser comes by: its request reaches the web server behind, byte for
 * byte, and it gets the answer and the end of it. */
static void
web_request(struct t *t)
{
	struct data request = text("GET /index.html HTTP/1.0\r\n"
				   "Host: localhost\r\n\r\n");
	struct data answer = text("HTTP/1.0 200 OK\r\n\r\n<p>hello</p>");
	struct origin *o = listen_origin(t);
	struct peer *p;
	struct app *a;

	start(t, o);
	p = dial(t);
	tell_raw(p, request);
	a = origin_accept(o);
	app_expect(a, request);
	app_tell(a, answer);
	app_close(a);
	expect_raw(p, answer);
	expect_close_after_anything(p, -1);
}

/* A request with the wrong hash is no secret: it arrives whole, with its
 * padding and what stood behind it in the record. */
static void
wrong_hash(struct t *t)
{
	struct data d = auth_bytes(t, "not the password", 30, 0);
	struct origin *o = listen_origin(t);
	struct peer *p;

	d = join(t, d, encode(t, settings(settings_text(t, "2", NULL))));
	start(t, o);
	p = dial(t);
	tell_raw(p, d);
	app_expect(origin_accept(o), d);
}

/* The same with the padding too short for what its length says. */
static void
short_padding(struct t *t)
{
	struct data d = part(auth_bytes(t, "not the password", 30, 0), 0, 40);
	struct origin *o = listen_origin(t);
	struct peer *p;

	start(t, o);
	p = dial(t);
	tell_raw(p, d);
	app_expect(origin_accept(o), d);
}

/* After the first bytes it is a relay: both ways, as long as both like. */
static void
relays_on(struct t *t)
{
	struct data hello = zeros(t, 64);
	struct data up = pattern(t, 5000, 1), down = pattern(t, 6000, 2);
	struct origin *o = listen_origin(t);
	struct peer *p;
	struct app *a;

	start(t, o);
	p = dial(t);
	tell_raw(p, hello);
	a = origin_accept(o);
	app_expect(a, hello);
	app_tell(a, text("who are you?"));
	expect_raw(p, text("who are you?"));
	tell_raw(p, up);
	app_expect(a, up);
	app_tell(a, down);
	expect_raw(p, down);
}

/* Who knows the password never meets the fallback. */
static void
right_password(struct t *t)
{
	struct origin *o = listen_origin(t);
	struct peer *p;

	start(t, o);
	p = dial(t);
	tell_auth(p, t->target.password, 30);
	tell(p, settings(settings_text(t, "2", NULL)));
	expect_service(t, p, 1);
	origin_expect_none(o, 100);
}

static const struct tcase cases[] = {
	{ "server/fallback/web-request", "AT-AU-17,AT-AU-13", web_request, NULL,
	    "own-fallback" },
	{ "server/fallback/wrong-hash-replayed", "AT-AU-17,AT-AU-13",
	    wrong_hash, NULL, "own-fallback" },
	{ "server/fallback/short-padding-replayed", "AT-AU-17,AT-AU-13",
	    short_padding, NULL, "own-fallback" },
	{ "server/fallback/relays-on", "AT-AU-17,AT-AU-13", relays_on, NULL,
	    "own-fallback" },
	{ "server/fallback/right-password", "AT-AU-07,AT-AU-13", right_password,
	    NULL, "own-fallback" },
};

extern const struct suite suite_srv_fallback;
const struct suite suite_srv_fallback = SUITE("server: fallback", cases);
