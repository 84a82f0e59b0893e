/* Decryption Secrets Blocks: what libpcap passes over in a pcapng file. */
#ifndef PCAP_SECRETS_H
#define PCAP_SECRETS_H

#include <stdio.h>

#include "pcap/keylog.h"

/* The largest block that is looked into. */
#define SECRETS_MOST (64u << 20)

/*
 * Walks the blocks of F, which stands at its begin and may be moved by reads
 * alone, and adds the TLS key logs among them to KEYS. Blocks of other kinds
 * are passed over unread. A file that is damaged or ends early is nothing said
 * here: whoever reads its packets meets the same place. 0 or ATLS_E_NOMEM.
 */
int secrets_read(FILE *f, struct keylog *keys);

#endif
