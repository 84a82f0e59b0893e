/*
 * A capture file: pcap or pcapng, plain or gzip, its packets in order and the
 * secrets inside it.
 *
 * libpcap reads the packets. It passes over Decryption Secrets Blocks, so a
 * pcapng file is walked once before, block by block, for those alone; this way
 * it does not matter where in the file they stand.
 */
#ifndef PCAP_FILE_H
#define PCAP_FILE_H

#include <stdint.h>

#include "pcap/keylog.h"
#include "pcap/mark.h"
#include "ref/wire/bytes.h"

#define FILE_ERRLEN 320

struct capture_file;

/*
 * Opens PATH and adds its secrets to KEYS. NULL with a sentence in ERR that
 * names the file: it cannot be read, is no capture, is compressed otherwise
 * than by gzip, or has a link type that is not known.
 */
struct capture_file *file_open(
    const char *path, struct keylog *keys, char err[FILE_ERRLEN]);
void file_close(struct capture_file *f); /* NULL is fine */

/* libpcap's number of the link type, and its name. */
int file_link(const struct capture_file *f);
const char *file_link_name(const struct capture_file *f);

/*
 * The next packet, valid until the next call: 1; 0 at the end; -1 with a
 * sentence in ERR that names file and packet when the file is damaged.
 */
int file_next(struct capture_file *f, struct atls_bytes *packet,
    struct mark *at, char err[FILE_ERRLEN]);

/* Bytes of the file that have been read, and that it has, compressed or not;
 * for a progress line. SIZE is 0 for what has none, like a pipe. */
void file_progress(
    const struct capture_file *f, uint64_t *done, uint64_t *size);

#endif
