/*
 * What went over the connections of a case, kept as it goes in a spool file
 * that outlives the case's process; the report makes a pcapng of it. The bytes
 * are those of the sockets, the times those of the calls. Nothing here ends a
 * case: where the spool cannot be written, less is kept, and the box says why.
 */
#ifndef ENGINE_CAPTURE_H
#define ENGINE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct t;

/* Bytes kept of one case; what comes later is counted alone. */
#define CAPTURE_MAX (16u << 20)

/* Connections are numbers; 0 is one that is not kept, and fine everywhere. */

/* FD has begun to connect to TO; capture_up() says that it is there. */
uint32_t capture_dial(
    struct t *t, int fd, const struct sockaddr_storage *to, socklen_t len);
void capture_up(struct t *t, uint32_t conn);
/* FD was accepted. */
uint32_t capture_accept(struct t *t, int fd);
/* The pair of addresses of datagrams that socket FD exchanges with PEER: the
 * same number each time. */
uint32_t capture_datagrams(
    struct t *t, int fd, const struct sockaddr_storage *peer, socklen_t len);

/* LEN bytes that the socket took, or gave. */
void capture_sent(struct t *t, uint32_t conn, const void *p, size_t len);
void capture_came(struct t *t, uint32_t conn, const void *p, size_t len);

/* The peer's end: FIN, or RST. */
void capture_came_fin(struct t *t, uint32_t conn);
void capture_came_rst(struct t *t, uint32_t conn);
/* shutdown() of our side. */
void capture_sent_fin(struct t *t, uint32_t conn);
/* FD, of CONN, is about to be closed: RST where data is unread or SO_LINGER
 * says so, as the kernel does it; else FIN. */
void capture_close(struct t *t, uint32_t conn, int fd);

/* A line of the key log, without newline. */
void capture_key(struct t *t, const char *line);

/* Adds our port of CONN to the line NAME of the capture's comment, which is the
 * only such line. */
void capture_note(struct t *t, const char *name, uint32_t conn);

/* Where the capture is now; to mark() the packet that decides. */
uint32_t capture_here(const struct t *t);
/* The packet at HERE, and line LINE of the transcript (from 1; 0: none), decide
 * the verdict that follows. */
void capture_decides(struct t *t, uint32_t here, uint32_t line);
/* True when the case is captured: secrets are wanted. */
bool capture_is_on(const struct t *t);

#endif
