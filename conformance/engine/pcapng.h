/*
 * Writes pcapng: sections, one interface of raw IP packets, secrets, packets,
 * comments (draft-ietf-opsawg-pcapng). Knows nothing of what is in a packet.
 * All functions write to F, whose error flag says how it went, and cut comments
 * at what the format can hold.
 */
#ifndef ENGINE_PCAPNG_H
#define ENGINE_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Section header; APPLICATION is a program with its version. COMMENT may be
 * NULL, here and below, and have many lines. */
void pcapng_section(FILE *f, const char *application, const char *comment);
/* An interface of IP packets without a link layer, times in nanoseconds. */
void pcapng_interface(FILE *f, const char *name, const char *description);
/* TLS secrets in the format of SSLKEYLOGFILE; before the packets they open. */
void pcapng_tls_secrets(FILE *f, const char *text, size_t len);

struct pcapng_packet {
	uint64_t at_ns; /* since the epoch */
	const uint8_t *p;
	size_t len;
	bool outbound; /* sent by who writes the capture */
	const char *comment;
};

void pcapng_packet(FILE *f, const struct pcapng_packet *packet);

#endif
