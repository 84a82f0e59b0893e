/* Private to capture.c and evidence: the spool file of a case. Only this
 * machine, and this run, read it. */
#ifndef ENGINE_CAPTURE_SPOOL_H
#define ENGINE_CAPTURE_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

enum spool_type {
	SPOOL_OPEN = 1, /* struct spool_open follows */
	SPOOL_UP,       /* a dialled connection is established */
	SPOOL_SENT,     /* bytes follow */
	SPOOL_CAME,
	SPOOL_SENT_FIN,
	SPOOL_CAME_FIN,
	SPOOL_SENT_RST,
	SPOOL_CAME_RST,
	SPOOL_LOST, /* uint64_t[2] follow: bytes sent, come, that are not kept
		     */
	SPOOL_KEY   /* a line of the key log, without newline */
};

struct spool_event {
	uint32_t type;
	uint32_t conn;   /* from 1; 0: none */
	uint64_t at_ns;  /* since the epoch */
	uint32_t len;    /* of what follows */
	uint32_t number; /* as capture_here() counts, from 1 */
};

struct spool_address {
	uint8_t ip[16]; /* of IPv4 the first four */
	uint16_t port;
	uint8_t v6;
	uint8_t unused;
};

enum spool_kind {
	SPOOL_DIALLED,
	SPOOL_ACCEPTED,
	SPOOL_UDP
};

struct spool_open {
	struct spool_address us, them;
	uint32_t kind;
};

/* The state of capturing in the case's process. All zero: off. */
struct capture {
	const char *path; /* NULL: off */
	int fd;           /* valid once OPENED */
	bool opened, broken, full;
	uint64_t written;
	struct capture_conn *conns; /* by number - 1 */
	uint32_t nconns;
};

/* Frees and closes; the file stays. */
void capture_end(struct capture *c);

#endif
