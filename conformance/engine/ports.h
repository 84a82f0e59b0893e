/* Ports for sockets of cases, each given once in a run. */
#ifndef ENGINE_PORTS_H
#define ENGINE_PORTS_H

#include <stdint.h>

/* Shared by the processes of all cases. */
struct ports;

/* Begins anywhere. NULL when there is no memory. */
struct ports *ports_new(void);
void ports_free(struct ports *p);

/*
 * The next port, in turn: none comes again before 27,000 others. The system
 * gives a port that was closed to the next who asks, and a target that still
 * dials the origin of a case that has ended would meet another case there. The
 * port may be taken by somebody else; then ask for another.
 */
uint16_t ports_next(struct ports *p);

#endif
