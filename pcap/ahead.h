/*
 * The packets of a capture file, read ahead by a thread of its own, down to
 * their TCP segments and datagrams: to read and unpack a file takes about as
 * long as to judge what is in it, and there are two processors for it nearly
 * everywhere. The packets come in the order of the file; all else of the reader
 * runs in the thread of its caller.
 */
#ifndef PCAP_AHEAD_H
#define PCAP_AHEAD_H

#include <stdint.h>

#include "pcap/file.h"
#include "pcap/mark.h"
#include "pcap/packet.h"

struct ahead;

/* Begins to read F, which belongs to this until ahead_free(). Where no thread
 * can be had, the file is read as its packets are asked for. NULL when out of
 * memory. */
struct ahead *ahead_new(struct capture_file *f);
/* Stops reading, wherever it stands. NULL is fine. */
void ahead_free(struct ahead *a);

struct ahead_packet {
	struct mark at;
	enum packet_kind kind;
	struct segment
	    segment; /* with PACKET_TCP and _UDP; valid until the next call */
};

/* The next packet: 1, 0 and -1 as file_next() says them. A packet that there is
 * no memory for ends the file as damage does. */
int ahead_next(struct ahead *a, struct ahead_packet *p, char err[FILE_ERRLEN]);

/* As file_progress(); a little ahead of the packet that came last. */
void ahead_progress(const struct ahead *a, uint64_t *done, uint64_t *size);

#endif
