/* Composed verbs of client cases: a session under a scheme of the server's. */
#include "conformance/anytls/case.h"

struct stream_seen
begin_service(struct peer *p, struct app *a)
{
	struct stream_seen st;

	serve_session(p, "go");
	st = serve_stream(p);
	if (a != NULL)
		expect_granted(a);
	return (st);
}

void
update_and_sync(struct peer *p, uint32_t sid, struct app *a, struct data scheme)
{
	tell(p, update_scheme(scheme));
	tell(p, psh(sid, text("ready")));
	app_expect(a, text("ready"));
}

void
end_session(struct peer *p, struct app *a)
{
	tell_close(p);
	app_expect_eof(a);
	app_close(a);
}

void
release(struct t *t, struct peer *p, uint32_t sid, struct app *a)
{
	app_reset(a);
	expect(p, fin(sid));
	/* Some clients put the session back a moment after the FIN. */
	expect_no_session(t, 100);
}

struct peer *
renew(struct t *t, struct data scheme, struct app **a)
{
	struct stream_seen st;
	struct app *first;
	struct peer *p;

	start_client(t);
	first = connect_through(t, &p, &st);
	update_and_sync(p, st.sid, first, scheme);
	end_session(p, first);
	*a = ask(t, "case.test", 80);
	return (accept_client(t));
}
