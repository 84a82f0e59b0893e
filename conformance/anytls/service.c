/* The one composed verb: a session carries data. */
#include "conformance/anytls/case.h"

static const char expected[] = "data on a stream to the echo origin comes back";

/* Takes the data of F off the front of *WANT. */
static void
take(struct t *t, struct frame f, struct data *want)
{
	if (f.data.len > want->len ||
	    memcmp(f.data.p, want->p, f.data.len) != 0)
		fail(t, expected, "other data: PSH sid=%u len=%zu",
		    (unsigned)f.sid, f.data.len);
	*want = part(*want, f.data.len, want->len - f.data.len);
}

void
expect_service(struct t *t, struct peer *p, uint32_t sid)
{
	struct data want = text("does this session work?");
	struct frame f;

	tell_open(p, sid, dest_echo(t));
	tell(p, psh(sid, want));

	while (want.len > 0) {
		if (!next_frame(p, &f))
			fail(t, expected, "the session was closed");
		if (f.cmd == ATLS_CMD_HEART_REQUEST)
			tell(p, heart_response(f.sid));
		else if (f.cmd == ATLS_CMD_ALERT && f.data.len > 0)
			fail(t, expected, "an Alert: %.*s",
			    (int)(f.data.len < 200 ? f.data.len : 200),
			    (const char *)f.data.p);
		else if (f.sid != sid)
			continue;
		else if (f.cmd == ATLS_CMD_PSH && f.data.len > 0)
			take(t, f, &want);
		else if (f.cmd == ATLS_CMD_FIN)
			fail(t, expected, "FIN for stream %u", (unsigned)sid);
	}
}
