/* Waste: read completely and silently discarded, wherever it stands. */
#include "conformance/anytls/case.h"

struct filler {
	uint32_t sid;
	size_t len;
};

static const struct filler empty = { 0, 0 };
static const struct filler one = { 0, 1 };
static const struct filler largest = { 0, ATLS_FRAME_MAX_DATA };
static const struct filler live_id = { 1, 300 };
static const struct filler unknown_id = { 99, 300 };
static const struct filler max_id = { 0xffffffff, 300 };

/* Waste between two pieces of data is not noticed by anybody: the target hears
 * the data alone, and the client hears nothing. */
static void
discarded(struct t *t)
{
	const struct filler *x = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	tell(p, psh(1, text("before ")));
	tell(p, waste(t, x->sid, x->len));
	tell(p, psh(1, text("after")));

	app_expect(a, text("before after"));
	app_expect_silence(a, 50);
	expect_quiet(p);
}

/* Its bytes need not be zeros. */
static void
any_filler(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell(p, frame(ATLS_CMD_WASTE, 0, pattern(t, 5000, 7)));
	expect_quiet(p);

	open_echo(p, 1);
	echo(p, 1, text("hello"));
}

/* Nor is anything in them read as a frame: here a heartbeat request that
 * nobody asked, and the end of a stream. */
static void
filler_like_frames(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct data inside =
	    join(t, encode(t, heart_request(77)), encode(t, fin(1)));

	open_echo(p, 1);
	tell(p, frame(ATLS_CMD_WASTE, 0, inside));

	echo(p, 1, text("hello"));
	expect_none(p, heart_response(77));
}

/* Before anything else, also before the settings. */
static void
before_settings(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell(p, waste(t, 0, 100));
	tell(p, waste(t, 0, 0));
	tell(p, settings(settings_text(t, "2", NULL)));
	tell_open(p, 1, dest_echo(t));

	echo_again(p, 1, text("hello"));
}

/* Behind the settings and the first stream in one record, as every client of
 * the Go family sends it. */
static void
first_record(struct t *t)
{
	struct peer *p = dial_auth(t);

	cork(p);
	tell(p, settings(settings_text(t, "2", NULL)));
	tell_open(p, 1, dest_echo(t));
	tell(p, waste(t, 0, 150));
	uncork(p);

	echo_again(p, 1, text("hello"));
}

/* Between SYN and the address, and inside the address. */
static void
inside_opening(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct data d = dest_echo(t);

	tell(p, syn(1));
	tell(p, waste(t, 0, 40));
	tell(p, psh(1, part(d, 0, 3)));
	tell(p, waste(t, 1, 40));
	tell(p, psh(1, part(d, 3, d.len - 3)));

	echo_again(p, 1, text("hello"));
}

/* A waste frame cut over records at odd places, header included. */
static void
cut_over_records(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	tell_pieces(p, encode(t, waste(t, 0, 50)), 5);
	echo(p, 1, text("hello"));
	tell_pieces(p, encode(t, waste(t, 0, 40000)), 9000);
	echo(p, 1, text("hello"));
}

/* A thousand of them, then a stream as if nothing had been. */
static void
many(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	for (unsigned i = 0; i < 1000; i++)
		tell(p, waste(t, 0, i));
	barrier(p);

	open_echo(p, 1);
	echo(p, 1, text("hello"));
}

/* Waste behind the FIN of a stream, as padding of the last packet. */
static void
after_fin(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	cork(p);
	tell(p, fin(1));
	tell(p, waste(t, 0, 600));
	tell(p, waste(t, 1, 600));
	uncork(p);

	open_echo(p, 2);
	echo_again(p, 2, text("hello"));
}

static const struct tcase cases[] = {
	{ "server/waste/empty", "AT-WA-01", discarded, &empty, "origin" },
	{ "server/waste/one-byte", "AT-WA-01", discarded, &one, "origin" },
	{ "server/waste/largest", "AT-WA-01,AT-FR-07", discarded, &largest,
	    "origin" },
	{ "server/waste/id-of-a-stream", "AT-WA-01", discarded, &live_id,
	    "origin" },
	{ "server/waste/id-unknown", "AT-WA-01", discarded, &unknown_id,
	    "origin" },
	{ "server/waste/id-largest", "AT-WA-01", discarded, &max_id, "origin" },
	{ "server/waste/any-filler", "AT-WA-01", any_filler, NULL, "origin" },
	{ "server/waste/filler-like-frames", "AT-WA-01", filler_like_frames,
	    NULL, "origin" },
	{ "server/waste/before-settings", "AT-WA-01,AT-ST-07", before_settings,
	    NULL, "origin" },
	{ "server/waste/first-record", "AT-WA-01,AT-FR-02", first_record, NULL,
	    "origin" },
	{ "server/waste/inside-opening", "AT-WA-01,AT-SY-14", inside_opening,
	    NULL, "origin" },
	{ "server/waste/cut-over-records", "AT-FR-02,AT-WA-01",
	    cut_over_records, NULL, "origin" },
	{ "server/waste/many", "AT-WA-01", many, NULL, "origin" },
	{ "server/waste/after-fin", "AT-WA-01", after_fin, NULL,
	    "reuse,origin" },
};

extern const struct suite suite_srv_waste;
const struct suite suite_srv_waste = SUITE("server: waste", cases);
