/* A hash table of TLS secrets. */
#include "pcap/keylog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/wire/err.h"

#define FIRST_SLOTS 64

struct keylog {
	struct keylog_entry *entries;
	size_t n, cap;
	uint32_t *slots; /* index of an entry plus 1; 0: free */
	size_t nslots;   /* a power of two */
};

static const char *const labels[KEYLOG_LABELS] = {
	[KEYLOG_MASTER] = "CLIENT_RANDOM",
	[KEYLOG_CLIENT_HANDSHAKE] = "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
	[KEYLOG_SERVER_HANDSHAKE] = "SERVER_HANDSHAKE_TRAFFIC_SECRET",
	[KEYLOG_CLIENT_TRAFFIC] = "CLIENT_TRAFFIC_SECRET_0",
	[KEYLOG_SERVER_TRAFFIC] = "SERVER_TRAFFIC_SECRET_0",
};

struct keylog *
keylog_new(void)
{
	struct keylog *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return (NULL);
	k->nslots = FIRST_SLOTS;
	k->slots = calloc(k->nslots, sizeof(*k->slots));
	if (k->slots == NULL) {
		free(k);
		return (NULL);
	}
	return (k);
}

static void
wipe(struct keylog_entry *e, size_t n)
{
	volatile uint8_t *p = (volatile uint8_t *)e;
	size_t i;

	for (i = 0; i < n * sizeof(*e); i++)
		p[i] = 0;
}

void
keylog_free(struct keylog *k)
{
	if (k == NULL)
		return;
	wipe(k->entries, k->n);
	free(k->entries);
	free(k->slots);
	free(k);
}

/* Randoms are random: some of their bytes are the hash. */
static size_t
slot_of(const struct keylog *k, const uint8_t *random)
{
	size_t i = atls_get32(random + KEYLOG_RANDOM - 4) & (k->nslots - 1);

	while (k->slots[i] != 0 &&
	    memcmp(k->entries[k->slots[i] - 1].random, random, KEYLOG_RANDOM) !=
		0)
		i = (i + 1) & (k->nslots - 1);
	return (i);
}

const struct keylog_entry *
keylog_find(const struct keylog *k, const uint8_t random[KEYLOG_RANDOM])
{
	uint32_t at = k->slots[slot_of(k, random)];

	return (at != 0 ? &k->entries[at - 1] : NULL);
}

static int
grow(struct keylog *k)
{
	size_t cap = k->cap != 0 ? 2 * k->cap : FIRST_SLOTS / 2, i;
	struct keylog_entry *entries = calloc(cap, sizeof(*entries));
	uint32_t *slots = calloc(2 * cap, sizeof(*slots));

	if (entries == NULL || slots == NULL) {
		free(entries);
		free(slots);
		return (ATLS_E_NOMEM);
	}
	if (k->n != 0)
		memcpy(entries, k->entries, k->n * sizeof(*entries));
	wipe(k->entries, k->n);
	free(k->entries);
	free(k->slots);
	k->entries = entries;
	k->cap = cap;
	k->slots = slots;
	k->nslots = 2 * cap;
	for (i = 0; i < k->n; i++)
		k->slots[slot_of(k, entries[i].random)] = (uint32_t)i + 1;
	return (0);
}

static int
entry_of(struct keylog *k, const uint8_t *random, struct keylog_entry **e)
{
	size_t i = slot_of(k, random);
	int rc;

	if (k->slots[i] == 0) {
		if (k->n == k->cap) {
			rc = grow(k);
			if (rc != 0)
				return (rc);
			i = slot_of(k, random);
		}
		memcpy(k->entries[k->n].random, random, KEYLOG_RANDOM);
		k->slots[i] = (uint32_t)++k->n;
	}
	*e = &k->entries[k->slots[i] - 1];
	return (0);
}

static int
nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	return (c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1);
}

/* The hexadecimal word at the front of *IN: its bytes, or 0 of them. */
static size_t
take_hex(struct atls_bytes *in, uint8_t *out, size_t cap)
{
	size_t n = 0;
	int hi, lo;

	while (in->len >= 2 && n < cap) {
		hi = nibble(in->p[0]);
		lo = nibble(in->p[1]);
		if (hi < 0 || lo < 0)
			break;
		out[n++] = (uint8_t)(hi << 4 | lo);
		atls_bytes_skip(in, 2);
	}
	if (in->len != 0 && in->p[0] != ' ' && in->p[0] != '\r')
		return (0);
	return (n);
}

static int
add_line(struct keylog *k, struct atls_bytes in)
{
	uint8_t random[KEYLOG_RANDOM], secret[KEYLOG_SECRET];
	struct keylog_entry *e;
	size_t i, n;
	int rc;

	for (i = 0; i < KEYLOG_LABELS; i++) {
		n = strlen(labels[i]);
		if (in.len > n && in.p[n] == ' ' &&
		    memcmp(in.p, labels[i], n) == 0)
			break;
	}
	if (i == KEYLOG_LABELS)
		return (0);
	atls_bytes_skip(&in, n + 1);
	if (take_hex(&in, random, sizeof(random)) != sizeof(random) ||
	    in.len == 0)
		return (0);
	atls_bytes_skip(&in, 1);
	n = take_hex(&in, secret, sizeof(secret));
	if (n < 32)
		return (0);
	rc = entry_of(k, random, &e);
	if (rc != 0)
		return (rc);
	e->len[i] = (uint8_t)n;
	memcpy(e->secret[i], secret, n);
	return (0);
}

int
keylog_add(struct keylog *k, struct atls_bytes text)
{
	const uint8_t *lf;
	size_t n;
	int rc;

	while (text.len != 0) {
		lf = memchr(text.p, '\n', text.len);
		n = lf != NULL ? (size_t)(lf - text.p) : text.len;
		rc = add_line(k, atls_bytes(text.p, n));
		if (rc != 0)
			return (rc);
		atls_bytes_skip(&text, n + (lf != NULL));
	}
	return (0);
}

int
keylog_add_file(struct keylog *k, const char *path)
{
	size_t size = 0, before = k->n;
	bool any = false;
	char *line = NULL;
	ssize_t n;
	FILE *f = fopen(path, "r");
	int rc = 0;

	if (f == NULL)
		return (ATLS_E_IO);
	while (rc == 0 && (n = getline(&line, &size, f)) >= 0) {
		any = any || (n > 1 && line[0] != '#');
		rc = keylog_add(k, atls_bytes(line, (size_t)n));
	}
	if (rc == 0 && ferror(f))
		rc = ATLS_E_IO;
	free(line);
	fclose(f);
	if (rc == 0 && any && k->n == before && before == 0)
		rc = ATLS_E_SYNTAX;
	return (rc);
}

size_t
keylog_count(const struct keylog *k)
{
	return (k->n);
}
