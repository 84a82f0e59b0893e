/* Frames and how they are cut: over records, over the end, to the largest
 * size and the smallest. */
#include "conformance/anytls/case.h"

/* A session with stream 1 open to the echo origin. */
static struct peer *
with_echo(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	return (p);
}

/* Every frame both ways has the seven-byte header that the document draws, or
 * this exchange would not come about. */
static void
plain_exchange(struct t *t)
{
	struct peer *p = with_echo(t);

	echo_again(p, 1, pattern(t, 1000, 1));
	echo_again(p, 1, text("x"));
}

/* A frame cut at one of its bytes, in two records that arrive apart. */
static void
cut_frame(struct t *t)
{
	const size_t *at = t->arg;
	struct data d = pattern(t, 100, 2);
	struct peer *p = with_echo(t);

	tell_split(p, encode(t, psh(1, d)), *at, 20);
	expect_data(p, 1, d);
	echo_again(p, 1, text("still in step"));
}

/* The whole first flight, settings to data, in records of N bytes. */
static void
pieces(struct t *t)
{
	const size_t *n = t->arg;
	struct data d = encode(t, settings(settings_text(t, "2", NULL)));
	struct peer *p = dial_auth(t);

	d = join(t, d, encode(t, syn(1)));
	d = join(t, d, encode(t, psh(1, dest_echo(t))));
	d = join(t, d, encode(t, psh(1, text("bit by bit"))));
	tell_pieces(p, d, *n);
	expect_data_of(p, 1, text("bit by bit"));
}

/* Some clients write command, stream id, length and data one by one. */
static void
four_writes(struct t *t)
{
	static const size_t cut[] = { 0, 1, 5, 7 };
	struct data d = encode(t, psh(1, text("in four records")));
	struct peer *p = with_echo(t);

	for (size_t i = 0; i < 4; i++)
		tell_raw(
		    p, part(d, cut[i], (i < 3 ? cut[i + 1] : d.len) - cut[i]));
	expect_data(p, 1, text("in four records"));
}

/* A thousand frames in one record. */
static void
many_in_record(struct t *t)
{
	struct data d = pattern(t, 1000, 3);
	struct peer *p = with_echo(t);

	cork(p);
	for (size_t i = 0; i < d.len; i++)
		tell(p, psh(1, part(d, i, 1)));
	uncork(p);
	expect_data(p, 1, d);
}

/* The largest frame arrives complete, and the next one after it. */
static void
largest(struct t *t)
{
	struct data d = pattern(t, 65535, 4);
	struct peer *p = with_echo(t);

	tell_bulk(p, encode(t, psh(1, d)));
	expect_data(p, 1, d);
	echo_again(p, 1, text("and on"));
}

/* More than fits a frame comes down in several, with no byte lost. */
static void
download(struct t *t)
{
	struct origin *o = listen_origin(t);
	struct peer *p = dial_ready(t, V2);

	exchange(p, 1, open_to(p, 1, o), text("more, please"),
	    pattern(t, 300000, 5), 16384);
}

/* PSH without data says nothing; above all it is no end. */
static void
empty_psh(struct t *t)
{
	struct peer *p = with_echo(t);

	tell(p, psh(1, NO_DATA));
	echo_again(p, 1, text("not the end"));
}

/* An empty frame of the session layer changes nothing. */
static void
empty_frame(struct t *t)
{
	const uint8_t *cmd = t->arg;
	struct peer *p = with_echo(t);

	tell(p, frame(*cmd, 0, NO_DATA));
	echo_again(p, 1, text("as before"));
}

/* One that only servers send may be refused besides, as it would be with data;
 * who goes on, goes on as before. */
static void
empty_frame_of_server(struct t *t)
{
	const uint8_t *cmd = t->arg;
	struct peer *p = with_echo(t);

	tell(p, frame(*cmd, 0, NO_DATA));
	if (alive_or_closed(p, NULL) == OUT_ALIVE)
		echo_again(p, 1, text("as before"));
}

/* A SYN without settings ends the session (AT-ST-06), of whoever it does. */
static void
needs_rejection(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell(p, syn(1));
	if (!is_refused(p))
		skip(t, "a SYN without settings is not rejected: see AT-ST-06");
}

/* Empty settings are none: real ones may follow, and must before a SYN. */
static void
empty_settings_first(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell(p, settings(NO_DATA));
	tell(p, settings(settings_text(t, "2", NULL)));
	expect_service(t, p, 1);
}

static void
empty_settings_then_syn(struct t *t)
{
	struct peer *p;

	needs_rejection(t);
	p = dial_auth(t);
	tell(p, settings(NO_DATA));
	tell(p, syn(1));
	if (!is_refused(p))
		fail(t, "the session is rejected as without settings",
		    "it goes on");
}

/* The heartbeat response carries no data. One that is not sent at all, or a
 * session that ends instead, is for other cases: this looks at what came before
 * the echo. */
static void
heart_response_empty(struct t *t)
{
	struct peer *p = with_echo(t);
	struct frame f;

	tell(p, heart_request(0));
	tell(p, psh(1, text("after the heartbeat")));
	do {
		if (!next_frame(p, &f)) {
			observe(t, "no response, the session closed");
			return;
		}
		if (f.cmd == ATLS_CMD_HEART_RESPONSE && f.data.len != 0)
			fail(t, "HeartResponse without data", "%zu bytes",
			    f.data.len);
	} while (f.cmd != ATLS_CMD_PSH);
}

/* FIN carries no data either. A session that ends with it fails other cases. */
static void
fin_empty(struct t *t)
{
	struct origin *o = listen_origin(t);
	struct peer *p = dial_ready(t, V2);

	app_close(open_to(p, 1, o));
	expect_none_or_close(p, frame(ATLS_CMD_FIN, 1, ANY_TEXT));
}

/* The connection ends in the middle of a frame: its session ends, so the
 * target hears of it, and the server lives on (looked at after the case). */
static void
ends_within(struct t *t)
{
	const size_t *at = t->arg;
	struct data d = encode(t, settings(pattern(t, 100, 6)));
	struct origin *o = listen_origin(t);
	struct peer *p = dial_ready(t, V2);
	struct app *a;

	a = open_to(p, 1, o);
	tell_raw(p, part(d, 0, *at));
	hang_up(p);
	app_expect_eof(a);
}

/* The same said politely: close_notify inside a frame of 65535 bytes, of which
 * ten came. The server closes too. */
static void
ends_within_largest(struct t *t)
{
	struct data d = encode(t, psh(9, zeros(t, 65535)));
	struct peer *p = dial_ready(t, V2);

	tell_raw(p, part(d, 0, 17));
	tell_close(p);
	expect_close(p);
}

/* Frames of the session, not of a stream, have stream id 0. */
static void
session_ids(struct t *t)
{
	static const char md5[] = "00000000000000000000000000000000";
	struct peer *p = dial_auth(t);
	struct frame f;

	tell(p, settings(settings_text(t, "2", md5)));
	for (unsigned n = 0; n < 2; n++) {
		if (!next_frame(p, &f))
			fail(t, "the answers to settings", "a close");
		if (f.sid != 0)
			fail(t, "stream id 0", "command %u with id %u", f.cmd,
			    (unsigned)f.sid);
	}
}

static const size_t at_1 = 1, at_2 = 2, at_3 = 3, at_4 = 4, at_5 = 5, at_6 = 6,
		    at_7 = 7, at_57 = 57, n_1 = 1, n_5 = 5;

static const uint8_t no_settings = ATLS_CMD_SETTINGS, no_alert = ATLS_CMD_ALERT,
		     no_update = ATLS_CMD_UPDATE_PADDING_SCHEME,
		     no_server_settings = ATLS_CMD_SERVER_SETTINGS,
		     no_waste = ATLS_CMD_WASTE;

static const struct tcase cases[] = {
	{ "server/framing/plain-exchange", "AT-FR-01", plain_exchange, NULL,
	    "origin" },
	{ "server/framing/cut-after-command", "AT-FR-02", cut_frame, &at_1,
	    "origin" },
	{ "server/framing/cut-in-id-1", "AT-FR-02", cut_frame, &at_2,
	    "origin" },
	{ "server/framing/cut-in-id-2", "AT-FR-02", cut_frame, &at_3,
	    "origin" },
	{ "server/framing/cut-in-id-3", "AT-FR-02", cut_frame, &at_4,
	    "origin" },
	{ "server/framing/cut-before-length", "AT-FR-02", cut_frame, &at_5,
	    "origin" },
	{ "server/framing/cut-in-length", "AT-FR-02", cut_frame, &at_6,
	    "origin" },
	{ "server/framing/cut-before-data", "AT-FR-02", cut_frame, &at_7,
	    "origin" },
	{ "server/framing/cut-in-data", "AT-FR-02", cut_frame, &at_57,
	    "origin" },
	{ "server/framing/records-of-1", "AT-FR-02", pieces, &n_1, "origin" },
	{ "server/framing/records-of-5", "AT-FR-02", pieces, &n_5, "origin" },
	{ "server/framing/field-by-field", "AT-FR-02", four_writes, NULL,
	    "origin" },
	{ "server/framing/many-in-record", "AT-FR-02", many_in_record, NULL,
	    "origin" },
	{ "server/framing/largest-frame", "AT-FR-07", largest, NULL, "origin" },
	{ "server/framing/long-download", "AT-FR-08,AT-DA-01", download, NULL,
	    "origin" },
	{ "server/framing/empty-psh", "AT-FR-09", empty_psh, NULL, "origin" },
	{ "server/framing/empty-settings-again", "AT-FR-10", empty_frame,
	    &no_settings, "origin" },
	{ "server/framing/empty-alert", "AT-FR-10", empty_frame, &no_alert,
	    "origin" },
	{ "server/framing/empty-update", "AT-FR-11,AT-FR-10",
	    empty_frame_of_server, &no_update, "origin" },
	{ "server/framing/empty-server-settings", "AT-FR-11,AT-FR-10",
	    empty_frame_of_server, &no_server_settings, "origin" },
	{ "server/framing/empty-waste", "AT-WA-01", empty_frame, &no_waste,
	    "origin" },
	{ "server/framing/empty-settings-first", "AT-FR-10",
	    empty_settings_first, NULL, "origin" },
	{ "server/framing/empty-settings-then-syn", "AT-FR-10,AT-ST-06",
	    empty_settings_then_syn, NULL, NULL },
	{ "server/framing/heart-response-empty", "AT-FR-03",
	    heart_response_empty, NULL, "origin" },
	{ "server/framing/fin-empty", "AT-FR-03", fin_empty, NULL, "origin" },
	{ "server/framing/ends-in-header", "AT-FR-12", ends_within, &at_3,
	    "origin" },
	{ "server/framing/ends-in-data", "AT-FR-12", ends_within, &at_57,
	    "origin" },
	{ "server/framing/ends-in-largest", "AT-FR-12", ends_within_largest,
	    NULL, NULL },
	{ "server/framing/session-ids", "AT-FR-13", session_ids, NULL, "v2" },
};

extern const struct suite suite_srv_framing;
const struct suite suite_srv_framing = SUITE("server: framing", cases);
