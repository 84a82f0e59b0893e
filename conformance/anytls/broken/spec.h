/* Several broken peers in one: their policies and rules together. */
#ifndef BROKEN_SPEC_H
#define BROKEN_SPEC_H

#include <stdbool.h>

#define SPEC_MAX 16384
#define SPEC_ERRLEN 160

/* Begins as zeros. */
struct spec {
	char policy[SPEC_MAX], rules[SPEC_MAX]; /* "": none */
	char profile[8];                        /* of all of them */
	bool any;
};

/* Adds the peers NAMES, separated by commas, from the table TSV; or the text of
 * a policy, or of rules. 0, or a negative error with a sentence in WHY. */
int spec_add_names(
    struct spec *s, const char *tsv, const char *names, char why[SPEC_ERRLEN]);
int spec_add_policy(struct spec *s, const char *text, char why[SPEC_ERRLEN]);
int spec_add_rules(struct spec *s, const char *text, char why[SPEC_ERRLEN]);

#endif
