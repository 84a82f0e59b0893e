/* The target that the cases share: somebody else's (--target) or started here
 * (--sut). */
#ifndef ENGINE_SHARED_H
#define ENGINE_SHARED_H

#include <stdbool.h>
#include <stddef.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/env.h"
#include "conformance/engine/launch.h"

struct shared {
	struct launch l; /* --sut */
	unsigned starts;
};

/* For --sut: temporary folder, certificate, password, command. 0 or a code. */
int shared_prepare(struct env *env, struct complaint *c);
/* The same for clients: folder, certificate, password. 0 or a code. */
int shared_prepare_client(struct env *env, struct complaint *c);
/* The temporary folder alone, where there is none yet. 0 or a code. */
int shared_make_folder(struct env *env, struct complaint *c);
/* Resolves --target or starts --sut; fills env->target. Again after a death.
 * 0 or a code. */
int shared_start(struct shared *s, struct env *env, struct complaint *c);
/* False when it is a process of ours and has ended. */
bool shared_alive(struct shared *s, const struct env *env);
/* A connection of its own: 0, or an errno after two attempts. */
int shared_connect(const struct env *env);
/* Stops what was started; removes the temporary folder. */
void shared_end(struct shared *s, struct env *env);

#endif
