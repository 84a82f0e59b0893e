/* Opens capture files, and reads their packets with libpcap. */
#define _GNU_SOURCE /* fopencookie() */
#include "pcap/file.h"

#include <errno.h>
#include <pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include "pcap/packet.h"
#include "pcap/secrets.h"
#include "ref/wire/err.h"

#define BUFFER (256u * 1024)

struct capture_file {
	char *path;
	pcap_t *pcap;
	FILE *in; /* libpcap closes it */
	char *buffer;
	uint64_t size, packets, done;
	int link;
};

#ifdef HAVE_ZLIB
static ssize_t
gz_read(void *ctx, char *buf, size_t n)
{
	return (gzread(ctx, buf, (unsigned)n));
}

static int
gz_close(void *ctx)
{
	return (gzclose(ctx) == Z_OK ? 0 : -1);
}

#ifndef __linux__
static int
gz_read_int(void *ctx, char *buf, int n)
{
	return (gzread(ctx, buf, (unsigned)n));
}
#endif

/* A stream that unpacks PATH as it is read. */
static FILE *
open_gzip(const char *path)
{
	gzFile gz = gzopen(path, "rb");
	FILE *f;

	if (gz == NULL)
		return (NULL);
	gzbuffer(gz, 128 * 1024);
#ifdef __linux__
	f = fopencookie(gz, "r",
	    (cookie_io_functions_t){ .read = gz_read, .close = gz_close });
#else
	f = funopen(gz, gz_read_int, NULL, NULL, gz_close);
#endif
	if (f == NULL)
		gzclose(gz);
	return (f);
}
#endif

enum packing {
	PACK_NONE,
	PACK_GZIP,
	PACK_OTHER
};

static enum packing
packing_of(const uint8_t m[4])
{
	if (m[0] == 0x1f && m[1] == 0x8b)
		return (PACK_GZIP);
	/* zstd, lz4, xz, bzip2 */
	if (memcmp(m, "\x28\xb5\x2f\xfd", 4) == 0 ||
	    memcmp(m, "\x04\x22\x4d\x18", 4) == 0 ||
	    memcmp(m,
		"\xfd"
		"7zX",
		4) == 0 ||
	    memcmp(m, "BZh", 3) == 0)
		return (PACK_OTHER);
	return (PACK_NONE);
}

static FILE *
open_stream(const char *path, enum packing packing, char err[FILE_ERRLEN])
{
	FILE *f = NULL;

	errno = 0;
	if (packing == PACK_OTHER) {
		snprintf(err, FILE_ERRLEN,
		    "%s: is compressed, and not by gzip; unpack it first",
		    path);
		return (NULL);
	}
	if (packing == PACK_NONE)
		f = fopen(path, "rb");
#ifdef HAVE_ZLIB
	else
		f = open_gzip(path);
#else
	else {
		snprintf(err, FILE_ERRLEN,
		    "%s: is compressed by gzip, and this program was built "
		    "without zlib; unpack it first",
		    path);
		return (NULL);
	}
#endif
	if (f == NULL)
		snprintf(err, FILE_ERRLEN, "%s: %s", path, strerror(errno));
	return (f);
}

/* The first four bytes of the file as it is, and its size. */
static bool
look(const char *path, struct stat *st, uint8_t magic[4], char err[FILE_ERRLEN])
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL || fstat(fileno(f), st) != 0) {
		snprintf(err, FILE_ERRLEN, "%s: %s", path, strerror(errno));
		if (f != NULL)
			fclose(f);
		return (false);
	}
	if (!S_ISREG(st->st_mode)) {
		snprintf(err, FILE_ERRLEN,
		    "%s: is no regular file; captures are read twice, so a "
		    "pipe will not do",
		    path);
		fclose(f);
		return (false);
	}
	n = fread(magic, 1, 4, f);
	fclose(f);
	if (n < 4) {
		snprintf(err, FILE_ERRLEN,
		    "%s: has %zu bytes; that is no capture", path, n);
		return (false);
	}
	return (true);
}

static bool
is_pcapng(FILE *f, uint8_t magic[4])
{
	if (fread(magic, 1, 4, f) != 4)
		return (false);
	return (atls_get32(magic) == 0x0a0d0d0a);
}

/* Reads the secrets in a stream of its own. */
static bool
read_secrets(const char *path, enum packing packing, struct keylog *keys,
    char err[FILE_ERRLEN])
{
	uint8_t magic[4];
	FILE *f = open_stream(path, packing, err);
	int rc = 0;

	if (f == NULL)
		return (false);
	if (is_pcapng(f, magic)) {
		fclose(f);
		f = open_stream(path, packing, err);
		if (f == NULL)
			return (false);
		rc = secrets_read(f, keys);
	}
	fclose(f);
	if (rc != 0)
		snprintf(err, FILE_ERRLEN, "%s: %s", path, atls_strerror(rc));
	return (rc == 0);
}

static bool
open_pcap(struct capture_file *f, char err[FILE_ERRLEN])
{
	char why[PCAP_ERRBUF_SIZE] = "";

	f->buffer = malloc(BUFFER);
	if (f->buffer != NULL)
		setvbuf(f->in, f->buffer, _IOFBF, BUFFER);
	f->pcap = pcap_fopen_offline_with_tstamp_precision(
	    f->in, PCAP_TSTAMP_PRECISION_NANO, why);
	if (f->pcap == NULL) {
		fclose(f->in);
		snprintf(err, FILE_ERRLEN, "%s: is no capture: %.200s", f->path,
		    why);
		return (false);
	}
	f->link = pcap_datalink(f->pcap);
	if (packet_knows(f->link))
		return (true);
	snprintf(err, FILE_ERRLEN,
	    "%s: has link type %d (%s), which cannot be read; known are "
	    "Ethernet, Linux cooked (1 and 2), raw IP and loopback",
	    f->path, f->link, file_link_name(f));
	return (false);
}

struct capture_file *
file_open(const char *path, struct keylog *keys, char err[FILE_ERRLEN])
{
	struct capture_file *f;
	enum packing packing;
	uint8_t magic[4];
	struct stat st;

	if (!look(path, &st, magic, err))
		return (NULL);
	packing = packing_of(magic);
	if (!read_secrets(path, packing, keys, err))
		return (NULL);
	f = calloc(1, sizeof(*f));
	if (f == NULL || (f->path = strdup(path)) == NULL) {
		free(f);
		snprintf(err, FILE_ERRLEN, "%s: out of memory", path);
		return (NULL);
	}
	/* How far a packed file is read cannot be told. */
	f->size = packing == PACK_NONE ? (uint64_t)st.st_size : 0;
	f->in = open_stream(path, packing, err);
	if (f->in != NULL && open_pcap(f, err))
		return (f);
	file_close(f);
	return (NULL);
}

void
file_close(struct capture_file *f)
{
	if (f == NULL)
		return;
	if (f->pcap != NULL)
		pcap_close(f->pcap);
	free(f->buffer);
	free(f->path);
	free(f);
}

int
file_link(const struct capture_file *f)
{
	return (f->link);
}

const char *
file_link_name(const struct capture_file *f)
{
	const char *name = pcap_datalink_val_to_description(f->link);

	return (name != NULL ? name : "no name");
}

int
file_next(struct capture_file *f, struct atls_bytes *packet, struct mark *at,
    char err[FILE_ERRLEN])
{
	struct pcap_pkthdr *head;
	const u_char *data;
	int rc = pcap_next_ex(f->pcap, &head, &data);

	if (rc == 1) {
		at->packet = ++f->packets;
		at->time_ns = (uint64_t)head->ts.tv_sec * 1000000000u +
		    (uint64_t)head->ts.tv_usec;
		*packet = atls_bytes(data, head->caplen);
		f->done += head->caplen + 16;
		return (1);
	}
	if (rc == PCAP_ERROR_BREAK)
		return (0);
	snprintf(err, FILE_ERRLEN, "%s: after packet %llu: %.200s", f->path,
	    (unsigned long long)f->packets, pcap_geterr(f->pcap));
	return (-1);
}

void
file_progress(const struct capture_file *f, uint64_t *done, uint64_t *size)
{
	*size = f->size;
	*done = f->size == 0 || f->done < f->size ? f->done : f->size;
}
