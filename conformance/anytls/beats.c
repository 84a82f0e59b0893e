/* A verb of client cases: the heartbeats that a client sends of its own. */
#include "conformance/anytls/client.h"
#include "conformance/anytls/verbs.h"

size_t
take_beats(struct peer *p, uint32_t ms, struct beat *out, size_t n)
{
	const char *expected =
	    t_printf(p->t, "a session with an open stream stays for %u ms", ms);
	uint64_t start = t_now(), deadline = t_deadline(p->t, ms);
	size_t came = 0;

	/* The client does as it likes: nothing is waited for. */
	t_step(p->t, "%s", "");
	do {
		for (; p->head != NULL; verb_pop(p)) {
			if (p->head->f.cmd != ATLS_CMD_HEART_REQUEST)
				continue;
			if (came < n)
				out[came++] =
				    (struct beat){ (uint32_t)(t_now() - start),
					    p->head->f.sid };
			tell(p, heart_response(p->head->f.sid));
		}
		if (p->closing != OPEN)
			verb_fail_closed(p, expected);
	} while (verb_wait(p, deadline));
	return (came);
}
