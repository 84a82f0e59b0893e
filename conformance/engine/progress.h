/*
 * The line on a terminal that says how far the run is. It stands below what
 * has been printed, is drawn anew at most ten times a second, and is taken away
 * before anything else is printed.
 */
#ifndef ENGINE_PROGRESS_H
#define ENGINE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
	FILE *out; /* a terminal; NULL: nothing is drawn */
	uint64_t drawn_ms;
	bool visible;
};

/* What the line says. */
struct progress_state {
	size_t done, total, running;
	unsigned failed;
	const char *slowest; /* id of the case that runs the longest, or NULL */
	uint64_t slowest_ms;
	uint32_t budget_ms; /* of that case */
	uint64_t left_ms;   /* of the --deadline; 0: none */
	bool has_deadline;
};

/* To OUT when that is a terminal that can move its cursor. */
void progress_begin(struct progress *p, FILE *out);
void progress_draw(
    struct progress *p, const struct progress_state *s, uint64_t now_ms);
void progress_hide(struct progress *p);

/* The line, cut to COLUMNS, without moving the cursor. */
void progress_text(
    const struct progress_state *s, size_t columns, char *out, size_t size);

#endif
