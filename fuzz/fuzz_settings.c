/*
 * Settings: any bytes are settings. What is found lies within them and is what
 * a plain search finds; settings written from it read the same.
 */
#include "fuzz/fuzz.h"
#include "ref/wire/kv.h"
#include "ref/wire/settings.h"

/* Is a line "KEY=" somewhere in IN? The last one's value, or P NULL. */
static struct atls_bytes
search(struct atls_bytes in, const char *key)
{
	struct atls_bytes found = { NULL, 0 };
	size_t n = strlen(key), at = 0, end;

	while (at < in.len) {
		for (end = at; end < in.len && in.p[end] != '\n';)
			end++;
		if (end - at > n && memcmp(in.p + at, key, n) == 0 &&
		    in.p[at + n] == '=')
			found = atls_bytes(in.p + at + n + 1, end - at - n - 1);
		at = end + 1;
	}
	return (found);
}

static void
same(struct atls_bytes a, struct atls_bytes b)
{
	assert((a.p == NULL) == (b.p == NULL));
	assert(atls_bytes_equal(a, b));
}

/* In less room than it takes, a writer is full and nothing is written behind
 * it. */
static void
check_small(unsigned version, const char *client, const char *md5, size_t need)
{
	uint8_t *out = malloc(need);
	struct atls_writer w;
	size_t cap;

	if (out == NULL)
		abort();
	for (cap = 0; cap < need; cap++) {
		w = atls_writer(out + need - cap, cap);
		atls_settings_put_client(&w, version, client, md5);
		assert(w.full && w.len <= cap);
		atls_settings_put_server(&w, version);
		assert(w.full);
	}
	free(out);
}

static void
write_again(const struct atls_settings *s)
{
	struct atls_settings again;
	uint8_t out[512];
	struct atls_writer w = atls_writer(out, sizeof(out));
	char client[200], md5[ATLS_MD5_HEX + 1];
	unsigned version = atls_settings_version(s, 3);

	if (s->client.p == NULL || s->client.len >= sizeof(client) ||
	    memchr(s->client.p, '\0', s->client.len) != NULL || !s->has_md5 ||
	    s->md5.len != ATLS_MD5_HEX ||
	    memchr(s->md5.p, '\0', ATLS_MD5_HEX) != NULL)
		return;
	memcpy(client, s->client.p, s->client.len);
	client[s->client.len] = '\0';
	memcpy(md5, s->md5.p, ATLS_MD5_HEX);
	md5[ATLS_MD5_HEX] = '\0';
	atls_settings_put_client(&w, version, client, md5);
	assert(!w.full);
	check_small(version, client, md5, w.len);
	atls_settings_read(atls_bytes(out, w.len), &again);
	assert(again.has_version && again.version == (int64_t)version);
	same(again.client, s->client);
	same(again.md5, s->md5);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(atls_bytes(data, size));
	struct atls_bytes in = { copy, size };
	struct atls_settings s;
	unsigned ours, version;

	atls_settings_read(in, &s);
	same(s.v, search(in, "v"));
	same(s.client, search(in, "client"));
	same(s.md5, search(in, "padding-md5"));
	assert(s.has_md5 == (s.md5.p != NULL));
	assert(!s.has_version || s.v.p != NULL);
	for (ours = 1; ours <= 3; ours++) {
		version = atls_settings_version(&s, ours);
		assert(version >= 1 && version <= ours);
		assert(version == 1 || s.version >= (int64_t)version);
	}
	write_again(&s);
	free(copy);
	return (0);
}
