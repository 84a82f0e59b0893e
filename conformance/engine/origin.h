/*
 * The run's TCP echo: what the target dials in most cases. One process for the
 * whole run, bounded buffers, half-close passed on, ends with its parent.
 */
#ifndef ENGINE_ORIGIN_H
#define ENGINE_ORIGIN_H

#include <stdint.h>
#include <sys/types.h>

#include "conformance/engine/complaint.h"

struct origin_server {
	pid_t pid;
	int alive_fd; /* its end-of-file tells the process to end */
	uint16_t port;
};

/* Listens on the numeric address BIND_TO and forks. 0, or 3 or 4 with a
 * sentence. Stop with origin_server_stop(). */
int origin_server_start(
    struct origin_server *o, const char *bind_to, struct complaint *c);
void origin_server_stop(struct origin_server *o);

#endif
