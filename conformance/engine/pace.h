/* How promptly targets answer just now, as the cases of a run find it. */
#ifndef ENGINE_PACE_H
#define ENGINE_PACE_H

#include <stdint.h>

/* Shared by the processes of all cases. */
struct pace;

/* At ease. NULL when there is no memory. */
struct pace *pace_new(void);
void pace_free(struct pace *p);

/* A TLS handshake took MS. What pace_slowness() would say of it alone. */
double pace_took(struct pace *p, uint32_t ms);

/*
 * How much longer than usual things may take just now, by the latest
 * handshakes: 1 while they take up to 150 ms, up to 4 with more. The load that
 * the system knows is that of the last minute; this is that of the last second.
 */
double pace_slowness(const struct pace *p);

#endif
