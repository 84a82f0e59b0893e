/* What the target and the run have: declared, probed, or given by --sut. */
#ifndef ENGINE_FEATURES_H
#define ENGINE_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

struct feature {
	char *name;
	char *value;   /* NULL: declared absent */
	bool declared; /* by the user: stands against probes */
};

/* All zero: none. */
struct features {
	struct feature *v;
	size_t n;
};

/* Declares "name", "name=yes", "name=no" or "name=value". */
void features_declare(struct features *f, const char *text);
/*
 * What the run or a probe found: NAME with VALUE (NULL: ""). A declared
 * feature stays as it is; true when it is contradicted by this.
 */
bool features_found(struct features *f, const char *name, const char *value);
/* Its value ("" when there without one), or NULL when it is absent. */
const char *features_get(const struct features *f, const char *name);
/* True when the comma-separated NEEDS (NULL: none) are all met; else MISSING
 * gets the first that is not. */
bool features_meet(
    const struct features *f, const char *needs, char *missing, size_t size);
void features_free(struct features *f);

#endif
