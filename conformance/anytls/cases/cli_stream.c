/* How a client opens streams: ids, the SYN, and the target's address. */
#include "conformance/anytls/case.h"

/* ---- The address ---- */

/* The longest name that DNS knows, and the longest that SOCKS can say. */
#define DNS_NAME 253
#define SOCKS_NAME 255

struct target_name {
	const char *host; /* NULL: a name of DNS_NAME bytes */
	uint16_t port;
	const char *also; /* the same target, said in another way */
};

static const struct target_name ipv4 = { "192.0.2.7", 8080, NULL };
static const struct target_name ipv6 = { "2001:db8::7", 443, NULL };
static const struct target_name name = { "www.example.org", 443, NULL };
static const struct target_name one_letter = { "x", 443, NULL };
static const struct target_name long_name = { NULL, 443, NULL };
static const struct target_name port_1 = { "case.test", 1, NULL };
static const struct target_name port_256 = { "case.test", 256, NULL };
static const struct target_name port_max = { "case.test", 65535, NULL };
static const struct target_name mapped = { "::ffff:192.0.2.7", 80,
	"192.0.2.7" };

/* Labels of 49 letters, LEN bytes in all. */
static const char *
make_name(struct t *t, size_t len)
{
	char *s = t_alloc(t, len + 1);

	for (size_t i = 0; i < len; i++)
		s[i] = i % 50 == 49 ? '.' : (char)('a' + i % 26);
	return (s);
}

/* What the application asked for is what the server is told, as a SOCKS address
 * in the first data of the stream. */
static void
address(struct t *t)
{
	const struct target_name *x = t->arg;
	const char *host = x->host != NULL ? x->host : make_name(t, DNS_NAME);
	struct stream_seen st;

	start_client(t);
	ask(t, host, x->port);
	serve(t, SERVER_V2, &st);
	if (st.port != x->port)
		fail(t, "the port that was asked for", "%u, not %u", st.port,
		    x->port);
	if (strcmp(st.host, host) != 0 &&
	    (x->also == NULL || strcmp(st.host, x->also) != 0))
		fail(t, "the host that was asked for", "\"%s\", not \"%s\"",
		    st.host, host);
	if (st.addr.type != addr_of(host, x->port).type)
		observe(t, "the address changed its form: type %u",
		    (unsigned)st.addr.type);
}

/* A name of 255 bytes is none for DNS. The client may refuse it; if it passes
 * it on, then whole. */
static void
longest_address(struct t *t)
{
	const char *host = make_name(t, SOCKS_NAME);
	struct peer *p;
	struct frame f;
	struct app *a;

	start_client(t);
	a = ask(t, host, 443);
	if (!session_comes(t, 500)) {
		observe(t, "a name of 255 bytes is refused");
		expect_denied(a);
		return;
	}
	p = accept_client(t);
	serve_session(p, "go");
	do {
		if (!next_frame(p, &f))
			break;
	} while (f.cmd != ATLS_CMD_PSH && f.cmd != ATLS_CMD_FIN);
	if (f.cmd != ATLS_CMD_PSH) {
		observe(t, "a name of 255 bytes is refused");
		expect_denied(a);
		return;
	}
	if (f.data.len < 2 || f.data.p[0] != ATLS_ADDR_NAME ||
	    f.data.p[1] != SOCKS_NAME)
		fail(t, "a name of 255 bytes, or no stream",
		    "an address that begins with %02x %02x",
		    f.data.len > 0 ? f.data.p[0] : 0u,
		    f.data.len > 1 ? f.data.p[1] : 0u);
}

/* The application's data come behind the address and not instead of it. */
static void
address_first(struct t *t)
{
	struct data d = pattern(t, 3000, 1);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	app_tell(a, d);
	expect_data(p, st.sid, d);
}

/* The address does not wait for the application to speak: with many protocols
 * the server speaks first. */
static void
target_speaks_first(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, psh(st.sid, text("220 ready\r\n")));
	app_expect(a, text("220 ready\r\n"));
	app_tell(a, text("QUIT\r\n"));
	expect_data(p, st.sid, text("QUIT\r\n"));
}

/* ---- Ids ---- */

#define NSTREAMS 4

/* Ends stream *SID of A and asks for another, which must come on the same
 * session for the case to go on. Nothing of it is taken. */
static struct app *
ask_again(struct t *t, struct peer *p, uint32_t sid, struct app *a)
{
	release(t, p, sid, a);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		skip(t, "the client opens a session for each stream");
	return (a);
}

/* Four streams of one session one after another: each id above the last. */
static void
ids_grow(struct t *t)
{
	struct stream_seen st, next;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	for (unsigned i = 1; i < NSTREAMS; i++) {
		a = ask_again(t, p, st.sid, a);
		next = serve_stream(p);
		if (next.sid <= st.sid)
			fail(t, "a stream id above that of the stream before",
			    "%u after %u", (unsigned)next.sid,
			    (unsigned)st.sid);
		st = next;
		expect_granted(a);
	}
	observe(t, "stream %u has id %u", NSTREAMS, (unsigned)st.sid);
}

/* Each session counts for itself: none of its ids is needed elsewhere. */
static void
ids_per_session(struct t *t)
{
	struct stream_seen st[2];
	struct peer *p;

	start_client(t);
	for (unsigned i = 0; i < 2; i++) {
		connect_through(t, &p, &st[i]);
		end_session(p);
	}
	if (st[0].sid == 0 || st[1].sid == 0)
		fail(t, "ids from 1 on, for 0 is the session's", "id 0");
	observe(t, "the first ids of two sessions: %u and %u",
	    (unsigned)st[0].sid, (unsigned)st[1].sid);
}

/* Takes frames up to the first data of a stream not in OPEN[0..N), checking
 * that its SYN came before. Returns the stream's id. */
static uint32_t
walk_to_data(struct t *t, struct peer *p, uint32_t *open, unsigned n)
{
	struct frame f;
	unsigned i;

	open[n] = 0;
	for (;;) {
		if (!next_frame(p, &f))
			fail(t, "a stream with its address",
			    "the session was closed");
		if (f.cmd == ATLS_CMD_SYN)
			open[n] = f.sid;
		if (f.cmd != ATLS_CMD_PSH && f.cmd != ATLS_CMD_FIN)
			continue;
		for (i = 0; i <= n && open[i] != f.sid; i++)
			continue;
		if (i > n)
			fail(t, "SYN before any other frame of its stream",
			    "command %u of stream %u", f.cmd, (unsigned)f.sid);
		if (f.cmd == ATLS_CMD_PSH && i == n)
			return (f.sid);
	}
}

/* No frame of a stream precedes its SYN, also on a session that is used
 * again. */
static void
syn_first(struct t *t)
{
	uint32_t open[NSTREAMS];
	struct peer *p;
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = accept_client(t);
	serve_session(p, "go");
	for (unsigned i = 0; i < NSTREAMS; i++) {
		tell(p, synack(walk_to_data(t, p, open, i), NO_DATA));
		expect_granted(a);
		app_reset(a);
		if (session_comes(t, 50))
			skip(t, "the client opens a session for each stream");
		a = ask(t, "case.test", 80);
		if (session_comes(t, 100))
			skip(t, "the client opens a session for each stream");
	}
}

/* SYN has no data: the address comes in a PSH. */
static void
syn_empty(struct t *t)
{
	struct peer *p;
	struct frame f;

	start_client(t);
	ask(t, "case.test", 80);
	p = accept_client(t);
	serve_session(p, "go");
	do {
		if (!next_frame(p, &f))
			fail(t, "SYN", "the session was closed");
	} while (f.cmd != ATLS_CMD_SYN && f.cmd != ATLS_CMD_PSH);
	if (f.cmd == ATLS_CMD_PSH)
		skip(t, "the client sends no SYN");
	if (f.data.len != 0)
		fail(t, "SYN without data", "%zu bytes", f.data.len);
}

static const struct tcase cases[] = {
	{ "client/stream/address-ipv4", "AT-SY-13", address, &ipv4, NULL },
	{ "client/stream/address-ipv6", "AT-SY-13", address, &ipv6, NULL },
	{ "client/stream/address-mapped", "AT-SY-13", address, &mapped, NULL },
	{ "client/stream/address-name", "AT-SY-13", address, &name, NULL },
	{ "client/stream/address-one-letter", "AT-SY-13", address, &one_letter,
	    NULL },
	{ "client/stream/address-253-bytes", "AT-SY-13", address, &long_name,
	    NULL },
	{ "client/stream/address-255-bytes", "AT-SY-13", longest_address, NULL,
	    NULL },
	{ "client/stream/port-1", "AT-SY-13", address, &port_1, NULL },
	{ "client/stream/port-256", "AT-SY-13", address, &port_256, NULL },
	{ "client/stream/port-65535", "AT-SY-13", address, &port_max, NULL },
	{ "client/stream/address-first", "AT-SY-13,AT-DA-01", address_first,
	    NULL, NULL },
	{ "client/stream/target-speaks-first", "AT-SY-13,AT-DA-01",
	    target_speaks_first, NULL, NULL },
	{ "client/stream/ids-grow", "AT-SY-01", ids_grow, NULL, "!v3" },
	{ "client/stream/ids-per-session", "AT-SY-01", ids_per_session, NULL,
	    NULL },
	{ "client/stream/syn-first", "AT-SY-17", syn_first, NULL, NULL },
	{ "client/stream/syn-empty", "AT-FR-03", syn_empty, NULL, NULL },
};

extern const struct suite suite_cli_stream;
const struct suite suite_cli_stream = SUITE("client: streams", cases);
