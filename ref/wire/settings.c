/* cmdSettings and cmdServerSettings, read and written. */
#include "ref/wire/settings.h"

#include "ref/wire/kv.h"

void
atls_settings_read(struct atls_bytes data, struct atls_settings *s)
{
	memset(s, 0, sizeof(*s));
	if (atls_kv_find(data, "v", &s->v))
		s->has_version = atls_kv_int(s->v, &s->version) == 0;
	(void)atls_kv_find(data, "client", &s->client);
	s->has_md5 = atls_kv_find(data, "padding-md5", &s->md5);
}

unsigned
atls_settings_version(const struct atls_settings *s, unsigned ours)
{
	if (!s->has_version || s->version < 1 || ours < 1)
		return (1);
	return (s->version < (int64_t)ours ? (unsigned)s->version : ours);
}

/*
 * A settings frame starts without LF even when W holds a frame header already,
 * so its lines are written as if W began here.
 */
static struct atls_writer
begin(const struct atls_writer *w)
{
	if (w->full || w->len == w->cap)
		return (atls_writer(NULL, 0));
	return (atls_writer(w->p + w->len, w->cap - w->len));
}

static void
end(struct atls_writer *w, const struct atls_writer *part)
{
	w->len += part->len;
	w->full = w->full || part->full;
}

static void
put_version(struct atls_writer *w, unsigned version)
{
	char digits[sizeof(version) * 3 + 1];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + version % 10);
		version /= 10;
	} while (version != 0);
	atls_kv_put(w, "v", atls_bytes(digits + at, sizeof(digits) - at));
}

void
atls_settings_put_client(struct atls_writer *w, unsigned version,
    const char *client, const char md5[ATLS_MD5_HEX + 1])
{
	struct atls_writer part = begin(w);

	put_version(&part, version);
	atls_kv_put(&part, "client", atls_bytes_str(client));
	atls_kv_put(&part, "padding-md5", atls_bytes_str(md5));
	end(w, &part);
}

void
atls_settings_put_server(struct atls_writer *w, unsigned version)
{
	struct atls_writer part = begin(w);

	put_version(&part, version);
	end(w, &part);
}
