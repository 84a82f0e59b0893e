/* Commands that do not belong: unknown ones, those of the other side, and data
 * on commands that have none. */
#include "conformance/anytls/case.h"

static struct peer *
with_echo(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	return (p);
}

/* A server may ignore the odd frame just told, or end the session over it. If
 * it goes on, stream 1 does too. */
static void
ignored_or_closed(struct peer *p)
{
	if (alive_or_closed(p, NULL) == OUT_ALIVE)
		echo_again(p, 1, text("as before"));
}

/* The odd frame carries N frames as its data, each a PSH for stream 1. Data is
 * data: were they read as frames, the echo would give their text back, ahead of
 * what is sent afterwards. */
static void
hide_frames(struct t *t, unsigned n)
{
	const struct frame *row = t->arg;
	struct frame odd = *row, f;
	struct peer *p = with_echo(t);

	odd.data = NO_DATA;
	for (unsigned i = 0; i < n; i++)
		odd.data = join(t, odd.data, encode(t, psh(1, text("#"))));
	tell(p, odd);
	if (alive_or_closed(p, NULL) == OUT_CLOSED)
		return;
	tell(p, psh(1, text("afterwards")));
	do {
		if (!next_frame(p, &f))
			fail(t, "the echo on stream 1", "the session closed");
	} while (f.cmd != ATLS_CMD_PSH || f.data.len == 0);
	if (f.data.p[0] == '#')
		fail(t, "the frame's data is not read as frames",
		    "a PSH hidden in it was obeyed: its text came back");
}

static void
hidden_frame(struct t *t)
{
	hide_frames(t, 1);
}

/* More data than a careless skip would take. */
static void
hidden_frames(struct t *t)
{
	hide_frames(t, 50);
}

static void
unknown_empty(struct t *t)
{
	const struct frame *row = t->arg;
	struct peer *p = with_echo(t);

	tell(p, *row);
	ignored_or_closed(p);
}

/* SYNACK tells a client about its stream. For a server it is noise, also for
 * streams that do not exist: it opens none, so data on one goes nowhere. */
static void
synack_opens_nothing(struct t *t)
{
	struct frame answer = frame(ATLS_CMD_PSH, 7, ANY_TEXT);
	struct peer *p = with_echo(t);

	tell(p, synack(7, NO_DATA));
	tell(p, psh(7, join(t, dest_echo(t), text("who is there?"))));
	if (alive_or_closed(p, &answer) == OUT_ALIVE)
		expect_none(p, answer);
}

static void
synack_for_live_stream(struct t *t)
{
	struct peer *p = with_echo(t);

	tell(p, synack(1, NO_DATA));
	ignored_or_closed(p);
}

/* A SYNACK with an error for a live stream: the Go family closes the stream,
 * others do nothing. The session as such goes on or ends. */
static void
synack_error_for_live_stream(struct t *t)
{
	struct peer *p = with_echo(t);

	tell(p, synack(1, text("this is the wrong way round")));
	if (alive_or_closed(p, NULL) == OUT_ALIVE)
		expect_service(t, p, 2);
}

static void
synack_error_for_no_stream(struct t *t)
{
	struct peer *p = with_echo(t);

	tell(p, synack(7, text("this is the wrong way round")));
	ignored_or_closed(p);
}

/* Whether stream SID to the echo gets a SYNACK before its data. */
static bool
acknowledged(struct t *t, struct peer *p, uint32_t sid)
{
	bool synack = false;
	struct frame f;

	tell_open(p, sid, dest_echo(t));
	tell(p, psh(sid, text("hello")));
	do {
		if (!next_frame(p, &f))
			fail(t, "the echo on a stream", "the session closed");
		synack |= f.cmd == ATLS_CMD_SYNACK && f.sid == sid;
	} while (f.cmd != ATLS_CMD_PSH || f.sid != sid);
	return (synack);
}

/* ServerSettings from a client do not lower the session's version: the next
 * stream gets its SYNACK as the one before did. */
static void
server_settings_from_client(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	bool before = acknowledged(t, p, 1);

	tell(p, server_settings(text("v=1")));
	if (alive_or_closed(p, NULL) == OUT_ALIVE &&
	    acknowledged(t, p, 2) != before)
		fail(t, "SYNACK as before ServerSettings", "%s",
		    before ? "none" : "SYNACK");
}

/* A scheme from a client does not become the server's: who has the server's
 * own is not told another one. */
static void
scheme_from_client(struct t *t)
{
	struct peer *p = with_echo(t);

	tell(p, update_scheme(text("stop=1\n0=1-1")));
	alive_or_closed(p, NULL);
	hang_up(p);

	p = dial_auth(t);
	tell(p, settings(settings_text(t, "2", NULL)));
	expect_none(p, update_scheme(ANY_DATA));
}

#define FRAME(command, id)                                                     \
	{                                                                      \
		.cmd = (command), .sid = (id)                                  \
	}

static const struct frame on_syn = FRAME(ATLS_CMD_SYN, 3),
			  on_fin = FRAME(ATLS_CMD_FIN, 9),
			  on_request = FRAME(ATLS_CMD_HEART_REQUEST, 5),
			  on_response = FRAME(ATLS_CMD_HEART_RESPONSE, 0),
			  unknown_11 = FRAME(11, 0), unknown_99 = FRAME(99, 1),
			  unknown_255 = FRAME(255, 0xffffffff);

static const struct tcase cases[] = {
	{ "server/commands/data-on-syn", "AT-FR-04", hidden_frame, &on_syn,
	    "origin" },
	{ "server/commands/data-on-fin", "AT-FR-04", hidden_frame, &on_fin,
	    "origin" },
	{ "server/commands/data-on-heart-request", "AT-FR-04", hidden_frame,
	    &on_request, "origin" },
	{ "server/commands/data-on-heart-response", "AT-FR-04", hidden_frame,
	    &on_response, "origin" },
	{ "server/commands/much-data-on-fin", "AT-FR-04", hidden_frames,
	    &on_fin, "origin" },
	{ "server/commands/unknown-11", "AT-FR-05", unknown_empty, &unknown_11,
	    "origin" },
	{ "server/commands/unknown-99", "AT-FR-05", unknown_empty, &unknown_99,
	    "origin" },
	{ "server/commands/unknown-255", "AT-FR-05", unknown_empty,
	    &unknown_255, "origin" },
	{ "server/commands/unknown-11-with-data", "AT-FR-06", hidden_frame,
	    &unknown_11, "origin" },
	{ "server/commands/unknown-99-with-data", "AT-FR-06", hidden_frame,
	    &unknown_99, "origin" },
	{ "server/commands/unknown-255-with-data", "AT-FR-06", hidden_frame,
	    &unknown_255, "origin" },
	{ "server/commands/unknown-with-much-data", "AT-FR-06", hidden_frames,
	    &unknown_99, "origin" },
	{ "server/commands/synack-opens-nothing", "AT-FR-11",
	    synack_opens_nothing, NULL, "origin" },
	{ "server/commands/synack-for-live-stream", "AT-FR-11",
	    synack_for_live_stream, NULL, "origin" },
	{ "server/commands/synack-error-for-live-stream", "AT-FR-11",
	    synack_error_for_live_stream, NULL, "mux,origin" },
	{ "server/commands/synack-error-for-no-stream", "AT-FR-11",
	    synack_error_for_no_stream, NULL, "origin" },
	{ "server/commands/server-settings-from-client", "AT-FR-11",
	    server_settings_from_client, NULL, "v2,mux,origin" },
	{ "server/commands/scheme-from-client", "AT-FR-11,AT-PD-03",
	    scheme_from_client, NULL, "origin", 0, CASE_SERIAL },
};

extern const struct suite suite_srv_commands;
const struct suite suite_srv_commands = SUITE("server: commands", cases);
