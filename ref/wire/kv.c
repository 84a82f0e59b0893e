/* Lines of "key=value". */
#include "ref/wire/kv.h"

#include "ref/wire/err.h"

/* Takes the next line off the front of *REST, without its LF. */
static struct atls_bytes
take_line(struct atls_bytes *rest)
{
	const uint8_t *lf = memchr(rest->p, '\n', rest->len);
	struct atls_bytes line = *rest;

	if (lf == NULL) {
		*rest = atls_bytes(NULL, 0);
		return (line);
	}
	line.len = (size_t)(lf - line.p);
	atls_bytes_skip(rest, line.len + 1);
	return (line);
}

bool
atls_kv_next(struct atls_kv_reader *r, struct atls_kv *kv)
{
	while (r->rest.len != 0) {
		struct atls_bytes line = take_line(&r->rest);
		const uint8_t *eq = NULL;

		r->line++;
		if (line.len != 0)
			eq = memchr(line.p, '=', line.len);
		if (eq == NULL)
			continue;
		kv->key = atls_bytes(line.p, (size_t)(eq - line.p));
		kv->value = atls_bytes(eq + 1, line.len - kv->key.len - 1);
		kv->line = r->line;
		return (true);
	}
	return (false);
}

bool
atls_kv_find(struct atls_bytes text, const char *key, struct atls_bytes *value)
{
	struct atls_kv_reader r = { text, 0 };
	struct atls_bytes wanted = atls_bytes_str(key);
	struct atls_kv kv;
	bool found = false;

	while (atls_kv_next(&r, &kv)) {
		if (!atls_bytes_equal(kv.key, wanted))
			continue;
		*value = kv.value;
		found = true;
	}
	return (found);
}

void
atls_kv_put(struct atls_writer *w, const char *key, struct atls_bytes v)
{
	size_t lf = w->len != 0 ? 1 : 0;
	size_t nkey = strlen(key);
	uint8_t *at = atls_writer_take(w, lf + nkey + 1 + v.len);

	if (at == NULL)
		return;
	if (lf != 0)
		*at++ = '\n';
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): no string */
	memcpy(at, key, nkey);
	at[nkey] = '=';
	if (v.len != 0)
		memcpy(at + nkey + 1, v.p, v.len);
}

int
atls_kv_int(struct atls_bytes text, int64_t *value)
{
	bool negative = text.len != 0 && text.p[0] == '-';
	size_t i = negative || (text.len != 0 && text.p[0] == '+') ? 1 : 0;
	uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
	uint64_t n = 0;

	if (i == text.len)
		return (ATLS_E_SYNTAX);
	for (; i < text.len; i++) {
		unsigned digit = (unsigned)text.p[i] - '0';

		if (digit > 9 || n > (limit - digit) / 10)
			return (ATLS_E_SYNTAX);
		n = n * 10 + digit;
	}
	/* The smallest number has no positive counterpart. */
	*value = negative && n != 0 ? -(int64_t)(n - 1) - 1 : (int64_t)n;
	return (0);
}
