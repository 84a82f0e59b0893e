/* Frames that a client does not expect: unknown, misdirected, with data they
 * should not have, waste anywhere, and frames that do not end. */
#include "conformance/anytls/case.h"

/* Data pass both ways on stream SID of P. */
static void
works(struct peer *p, uint32_t sid, struct app *a)
{
	tell(p, psh(sid, text("down")));
	app_expect(a, text("down"));
	app_tell(a, text("up"));
	expect_data_of(p, sid, text("up"));
}

/* The session is alive: a heartbeat is answered or, by clients that answer
 * none, a byte of the application comes. Else it has ended: by a close, or by
 * an Alert that says why. */
static bool
goes_on(struct t *t, struct peer *p, uint32_t sid, struct app *a)
{
	struct frame f;

	tell(p, heart_request(9));
	session_comes(t, 200);
	app_tell(a, text("!"));
	do {
		if (!next_frame(p, &f) || f.cmd == ATLS_CMD_ALERT) {
			observe(t, "the session is ended");
			return (false);
		}
	} while ((f.cmd != ATLS_CMD_PSH || f.sid != sid) &&
	    (f.cmd != ATLS_CMD_HEART_RESPONSE || (f.sid != 9 && f.sid != 0)));
	if (f.cmd == ATLS_CMD_HEART_RESPONSE)
		expect_data_of(p, sid, text("!"));
	return (true);
}

/* The session goes on as before, or has been ended; the application hears
 * nothing else. */
static void
works_or_ended(struct t *t, struct peer *p, uint32_t sid, struct app *a)
{
	if (goes_on(t, p, sid, a))
		works(p, sid, a);
	else
		app_expect_eof(a);
}

/* ---- Unknown commands, and data where none belong ---- */

static const uint8_t cmd_11 = 11, cmd_128 = 128, cmd_255 = 255;
static const uint8_t cmd_syn = ATLS_CMD_SYN, cmd_fin = ATLS_CMD_FIN,
		     cmd_settings = ATLS_CMD_SETTINGS,
		     cmd_request = ATLS_CMD_HEART_REQUEST,
		     cmd_response = ATLS_CMD_HEART_RESPONSE,
		     cmd_update = ATLS_CMD_UPDATE_PADDING_SCHEME,
		     cmd_server_settings = ATLS_CMD_SERVER_SETTINGS;

static void
unknown(struct t *t)
{
	const uint8_t *cmd = t->arg;
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, frame(*cmd, 0, NO_DATA));
	tell(p, frame(*cmd, st.sid, NO_DATA));
	works_or_ended(t, p, st.sid, a);
}

/* The data hide a PSH: a client that leaves them in the stream of frames hands
 * it to the application. The id is not that of the stream. */
static void
hidden_frame(struct t *t)
{
	const uint8_t *cmd = t->arg;
	struct stream_seen st;
	struct data d;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	d = encode(t, psh(st.sid, text("HIDDEN")));
	tell(p, frame(*cmd, st.sid + 76, d));
	works_or_ended(t, p, st.sid, a);
}

/* An empty frame of the session layer changes nothing. */
static void
empty_frame(struct t *t)
{
	const uint8_t *cmd = t->arg;
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, frame(*cmd, 0, NO_DATA));
	works(p, st.sid, a);
}

/* ---- Commands that only clients send ---- */

/* SYN of a server opens nothing: whatever is said on that stream, no data comes
 * back. A FIN for it is as good as silence. */
static void
syn_from_server(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;
	struct frame f;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, syn(st.sid + 76));
	tell(p, psh(st.sid + 76, dest_name(t, "localhost", 1)));
	session_comes(t, 200);
	app_tell(a, text("!"));
	do {
		if (!next_frame(p, &f) || f.cmd == ATLS_CMD_ALERT) {
			observe(t, "the session is ended");
			return;
		}
		if (f.sid == st.sid + 76 && f.cmd != ATLS_CMD_FIN)
			fail(t, "no stream that the server opens",
			    "command %u on it", f.cmd);
		if (f.sid == st.sid + 76)
			observe(t, "SYN is answered with FIN");
	} while (f.cmd != ATLS_CMD_PSH);
	works(p, st.sid, a);
}

/* SYN with the id of the stream that is open leaves it alone. */
static void
syn_of_open_stream(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, syn(st.sid));
	works_or_ended(t, p, st.sid, a);
}

/* SYN with the id that the client uses next does not hurt its stream. */
static void
syn_of_next_stream(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, syn(st.sid + 1));
	if (!goes_on(t, p, st.sid, a))
		return;
	app_reset(a);
	expect_within(p, fin(st.sid), 2000);
	session_comes(t, 50);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		p = serve(t, SERVER_V2, &st);
	else
		st = serve_stream(p);
	expect_granted(a);
	works(p, st.sid, a);
}

static void
settings_from_server(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, settings(text("v=1\nclient=x/1\npadding-md5=00")));
	works_or_ended(t, p, st.sid, a);
}

/* ---- Waste ---- */

struct wasted {
	uint32_t sid;
	size_t len;
};

static const struct wasted w_0 = { 0, 0 }, w_1 = { 0, 1 };
static const struct wasted w_1000 = { 0, 1000 }, w_65535 = { 0, 65535 };
static const struct wasted w_id_1 = { 1, 100 }, w_id_77 = { 77, 100 };

/* Waste of any length, with any id, before and after each frame. */
static void
wasteful(struct t *t)
{
	const struct wasted *x = t->arg;
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = accept_client(t);
	tell(p, waste(t, x->sid, x->len));
	serve_session(p, "go");
	tell(p, waste(t, x->sid, x->len));
	st = serve_stream(p);
	tell(p, waste(t, x->sid, x->len));
	expect_granted(a);
	works(p, st.sid, a);
	tell(p, waste(t, x->sid, x->len));
	works(p, st.sid, a);
}

/* A server that pads all that it says, whole sessions long. */
static void
padded_server(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = serve_as(t, "padding-down", &st);
	expect_granted(a);
	works(p, st.sid, a);
	app_reset(a);
	serve_fin(p, st.sid);
	session_comes(t, 50);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		p = serve_as(t, "padding-down", &st);
	else
		st = serve_stream(p);
	expect_granted(a);
	works(p, st.sid, a);
	serve_end(p, st.sid);
	app_expect_eof(a);
}

/* What is wasted is wasted: frames in it are no frames. */
static void
hidden_in_waste(struct t *t)
{
	struct stream_seen st;
	struct data d;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	d = encode(t, psh(st.sid, text("HIDDEN")));
	tell(p, frame(ATLS_CMD_WASTE, 0, join(t, d, encode(t, fin(st.sid)))));
	works(p, st.sid, a);
}

/* ---- The end inside a frame ---- */

static const size_t at_1 = 1, at_6 = 6, at_7 = 7, at_57 = 57;

/* The connection ends inside a frame: the application hears the end, and the
 * client lives on (looked at after the case). */
static void
ends_within(struct t *t)
{
	const size_t *at = t->arg;
	struct stream_seen st;
	struct data d;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
	d = encode(t, server_settings(pattern(t, 100, 6)));
	tell_raw(p, part(d, 0, *at));
	hang_up(p);
	app_expect_eof(a);
}

/* Said with close_notify, inside a frame of 65535 bytes of which ten came. */
static void
ends_within_largest(struct t *t)
{
	struct stream_seen st;
	struct data d;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	d = encode(t, waste(t, 0, 65535));
	tell_raw(p, part(d, 0, 17));
	tell_close(p);
	app_expect_eof(a);
}

static const struct tcase cases[] = {
	{ "client/framing/unknown-11", "AT-FR-05", unknown, &cmd_11, NULL },
	{ "client/framing/unknown-128", "AT-FR-05", unknown, &cmd_128, NULL },
	{ "client/framing/unknown-255", "AT-FR-05", unknown, &cmd_255, NULL },
	{ "client/framing/unknown-11-with-data", "AT-FR-06", hidden_frame,
	    &cmd_11, NULL },
	{ "client/framing/unknown-255-with-data", "AT-FR-06", hidden_frame,
	    &cmd_255, NULL },
	{ "client/framing/syn-with-data", "AT-FR-04,AT-FR-11", hidden_frame,
	    &cmd_syn, NULL },
	{ "client/framing/fin-with-data", "AT-FR-04", hidden_frame, &cmd_fin,
	    NULL },
	{ "client/framing/heart-request-with-data", "AT-FR-04", hidden_frame,
	    &cmd_request, NULL },
	{ "client/framing/heart-response-with-data", "AT-FR-04", hidden_frame,
	    &cmd_response, NULL },
	{ "client/framing/settings-with-frame", "AT-FR-11", hidden_frame,
	    &cmd_settings, NULL },
	{ "client/framing/empty-server-settings", "AT-FR-10", empty_frame,
	    &cmd_server_settings, NULL },
	{ "client/framing/empty-update", "AT-FR-10", empty_frame, &cmd_update,
	    NULL },
	{ "client/framing/syn-from-server", "AT-FR-11", syn_from_server, NULL,
	    NULL },
	{ "client/framing/syn-of-open-stream", "AT-FR-11", syn_of_open_stream,
	    NULL, NULL },
	{ "client/framing/syn-of-next-stream", "AT-FR-11", syn_of_next_stream,
	    NULL, "!v3" },
	{ "client/framing/settings-from-server", "AT-FR-11",
	    settings_from_server, NULL, NULL },
	{ "client/framing/waste-of-0", "AT-WA-01", wasteful, &w_0, NULL },
	{ "client/framing/waste-of-1", "AT-WA-01", wasteful, &w_1, NULL },
	{ "client/framing/waste-of-1000", "AT-WA-01", wasteful, &w_1000, NULL },
	{ "client/framing/waste-of-65535", "AT-WA-01", wasteful, &w_65535,
	    NULL },
	{ "client/framing/waste-with-id-1", "AT-WA-01", wasteful, &w_id_1,
	    NULL },
	{ "client/framing/waste-with-id-77", "AT-WA-01", wasteful, &w_id_77,
	    NULL },
	{ "client/framing/padded-server", "AT-WA-01", padded_server, NULL,
	    "!v3" },
	{ "client/framing/frame-in-waste", "AT-WA-01", hidden_in_waste, NULL,
	    NULL },
	{ "client/framing/ends-after-command", "AT-FR-12", ends_within, &at_1,
	    NULL },
	{ "client/framing/ends-in-header", "AT-FR-12", ends_within, &at_6,
	    NULL },
	{ "client/framing/ends-before-data", "AT-FR-12", ends_within, &at_7,
	    NULL },
	{ "client/framing/ends-in-data", "AT-FR-12", ends_within, &at_57,
	    NULL },
	{ "client/framing/ends-in-largest", "AT-FR-12", ends_within_largest,
	    NULL, NULL },
};

extern const struct suite suite_cli_framing;
const struct suite suite_cli_framing = SUITE("client: framing", cases);
