/* What the files that implement case.h share, and cases do not see. */
#ifndef ANYTLS_VERBS_H
#define ANYTLS_VERBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/anytls/case.h"
#include "conformance/anytls/pack.h"
#include "conformance/anytls/peer.h"

/* The absolute deadline of a verb that starts now; LEN bytes of data that it
 * moves make it later. */
uint64_t verb_deadline(struct t *t, size_t len);
/* DEADLINE, or a later one because something has just come: a slow peer is no
 * silent one. One that drips is waited for until LIMIT, which is verb_limit()
 * of the first deadline. */
uint64_t verb_renewed(struct t *t, uint64_t deadline, uint64_t limit);
uint64_t verb_limit(struct t *t, uint64_t deadline);

/*
 * The front frame of the queue once there is one, waiting until DEADLINE; NULL
 * when the peer has closed instead. What is skipped on the way when SKIP: see
 * verb_skips(). Fails as
 * "nothing within ..." at the deadline, where EXPECTED is what was awaited.
 */
struct queued *verb_front(struct peer *p, uint64_t deadline,
    const struct frame *want, bool skip, const char *expected);

/* True when F is nothing that an expectation of WANT (NULL: of none of these)
 * looks at: waste, a heartbeat request, which is answered, or in a session of
 * dial_ready() another answer to settings. */
bool verb_skips(
    struct peer *p, const struct frame *f, const struct frame *want);

/* Frees the front frame. */
void verb_pop(struct peer *p);

/* The ways to fail; EXPECTED as for t_fail(). */
_Noreturn void verb_fail_closed(struct peer *p, const char *expected);
_Noreturn void verb_fail_frame(
    struct peer *p, const char *expected, const struct frame *got);
_Noreturn void verb_fail_silent(
    struct peer *p, const char *expected, uint64_t waited_ms);

/* "connection closed (RST) after ← SYNACK 1", in case memory. */
const char *verb_closed_text(struct peer *p);

/* Waits for frames or a close, until DEADLINE. False at the deadline. Fails
 * when the peer floods. */
bool verb_wait(struct peer *p, uint64_t deadline);

/* True when the session answers: see barrier(). False: the peer closed.
 * EXPECTED NULL: neither is no failure, and false as well. */
bool verb_barrier(struct peer *p, const char *expected);

/* Compares GOT with what D has at AT, and fails in EXPECTED's name with the
 * place where they differ. */
void verb_compare(struct t *t, const char *expected, struct data d, size_t at,
    struct atls_bytes got);

/* A datagram has come to U, or comes in the time of a verb. */
bool udp_arrives(struct udp *u);

/* Takes what all peers of the case sent, so that the transcript has it. */
void verb_drain(struct t *t);

/* What peers sent last, for a failure elsewhere: "; the peer said ← FIN 1". */
const char *verb_last(struct t *t);

/* Flushes the peer's output, failing when the peer does not read. */
void verb_send(struct peer *p, uint64_t deadline, size_t step, bool reading);

#endif
