/* Files that a case leaves: its connections as pcapng, and what a target of
 * its own said. */
#ifndef ENGINE_EVIDENCE_H
#define ENGINE_EVIDENCE_H

#include "conformance/engine/report.h"

/*
 * Keeps the evidence of ITEM, whose status is final, as --capture says, and
 * fills capture, log and why_not of its result. Files that an earlier run left
 * for a case that leaves none now are removed. What is secret is taken out of
 * the item's box on the way.
 */
void evidence_keep(struct report *r, struct item *item);

/* Do captures have TLS secrets? */
bool evidence_has_keys(const struct report *r);

/* What the shared target said, kept in TARGET_LOG of the folder; NULL with
 * --capture none and without evidence of cases. */
void evidence_keep_target(struct report *r);

#endif
