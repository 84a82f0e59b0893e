/* Imitations of servers, as data: what serve() and its like do. */
#ifndef ANYTLS_PROFILES_H
#define ANYTLS_PROFILES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum profile_synack {
	PROFILE_SYNACK_NONE,
	PROFILE_SYNACK_EARLY, /* for the SYN, before the address */
	PROFILE_SYNACK        /* for the address, SYNACK_MS later */
};

struct profile {
	const char *name;
	const char *what; /* in one sentence */
	/* Text of ServerSettings: NULL: there is none; "=": "v=" and the
	 * client's own number. */
	const char *settings;
	enum profile_synack synack;
	uint32_t synack_ms;
	const char *update[2]; /* schemes sent to every client, up to NULL */
	bool fin_after_synack; /* the stream ends as soon as it stands */
	bool answers_fin;      /* with a FIN of its own */
	bool half_close;       /* a client's FIN ends one direction: data go on
				  and then the server's FIN comes */
	bool never_fin;        /* a stream's end is not told */
	bool pads;             /* waste behind every answer, in its record */
	bool uot_v1;           /* UDP answers always have an address */
};

/* The profile NAME, or NULL. */
const struct profile *profile_find(const char *name);
/* One line each. */
void profiles_print(FILE *out);

#endif
