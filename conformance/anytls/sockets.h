/* Plain sockets of the suite: what origins, UDP and streams share. */
#ifndef ANYTLS_SOCKETS_H
#define ANYTLS_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "conformance/anytls/case.h"

/* What a client's proxy is yet to say of a request. */
enum app_reply {
	REPLY_NONE,
	REPLY_SOCKS,
	REPLY_HTTP
};

/* A connection that the target made to an origin, or one of the application to
 * the local proxy of a client under test. */
struct app {
	struct t *t;
	int fd;           /* -1: we have closed it */
	uint32_t capture; /* its number there */
	bool eof;         /* FIN or RST has been read */
	uint16_t port;
	const char *name;     /* "origin :8080", "application :40000" */
	const char *place;    /* "origin", "application" */
	const char *peer;     /* "target", "client" */
	enum app_reply reply; /* still to come */
};

/*
 * A socket of TYPE bound to the numeric address HOST and a free port, closed
 * with the case, non-blocking. Errors end the case (t_error); -1 with errno
 * only when the address family or address does not exist here.
 */
int socket_bound(struct t *t, const char *host, int type, uint16_t *port);

/* The socket address of numeric HOST and PORT; 0 when HOST is not numeric. */
socklen_t socket_address(
    const char *host, uint16_t port, struct sockaddr_storage *ss);

/* Closes FD when the case ends. */
void socket_closes(struct t *t, int fd);

/* Waits for EVENTS (of poll.h) on FD until DEADLINE; 0: it passed. */
short socket_wait(struct t *t, int fd, short events, uint64_t deadline);

/* A socket of TYPE bound to PORT of ::1, beside one of IPv4; closed with the
 * case. -1 where there is no IPv6, or the port is taken. */
int socket_beside(struct t *t, int type, uint16_t port);

#endif
