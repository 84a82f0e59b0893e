/* Sockets of the engine's own: name lookup, connecting, listening, ports. */
#ifndef ENGINE_REACH_H
#define ENGINE_REACH_H

#include <stddef.h>
#include <stdint.h>

#include "conformance/engine/complaint.h"

#define REACH_HOST 64

/* Splits "host:port" or "[v6]:port" and resolves the host to a numeric
 * address. 0, 4 (malformed) or 6 (no such host) with a sentence. */
int reach_resolve(const char *host_port, char host[REACH_HOST], uint16_t *port,
    struct complaint *c);

/* Connects to a numeric address within MS. A socket (close-on-exec), or minus
 * errno; ETIMEDOUT when nothing answered. */
int reach_connect(const char *host, uint16_t port, uint32_t ms);

/* Listens on a numeric address; *PORT 0 takes any and gets the one taken. A
 * socket (close-on-exec), or minus errno. */
int reach_listen(const char *host, uint16_t *port);

/*
 * A TCP port of 127.0.0.1 that is free now, for a process to come. Below the
 * ports that the system hands out itself; callers with different SALT look in
 * different places. 0 when none was found. *HOLD gets a socket that keeps other
 * callers, also in other processes, from the same choice; close it when the
 * process listens.
 */
uint16_t reach_free_port(uint32_t salt, int *hold);

/* The local address from which numeric HOST is reached, or "127.0.0.1". */
void reach_local_address(const char *host, char local[REACH_HOST]);

#endif
