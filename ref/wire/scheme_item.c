/* One item of a padding rule: "min-max" or "c" (AT-PD-14). */
#include "ref/wire/scheme_item.h"

#include "ref/wire/kv.h"

static struct atls_bytes
take_text(struct atls_bytes *rule)
{
	struct atls_bytes text = *rule;
	const uint8_t *comma = NULL;

	if (rule->len != 0)
		comma = memchr(rule->p, ',', rule->len);
	if (comma == NULL) {
		*rule = atls_bytes(NULL, 0);
		return (text);
	}
	text.len = (size_t)(comma - text.p);
	atls_bytes_skip(rule, text.len + 1);
	return (text);
}

/* Reads the bounds; NULL, or why the item is skipped. */
static const char *
read_bounds(struct atls_scheme_item *item)
{
	struct atls_bytes low = item->text;
	struct atls_bytes high = item->text;
	const uint8_t *dash = NULL;

	if (low.len != 0)
		dash = memchr(low.p, '-', low.len);
	if (dash == NULL)
		return ("the item has no \"-\"");
	low.len = (size_t)(dash - low.p);
	atls_bytes_skip(&high, low.len + 1);
	if (high.len != 0 && memchr(high.p, '-', high.len) != NULL)
		return ("the item has more than one \"-\"");
	if (atls_kv_int(low, &item->low) != 0 ||
	    atls_kv_int(high, &item->high) != 0)
		return ("the bounds are not numbers");
	if (item->low <= 0 || item->high <= 0)
		return ("the bounds are not positive");
	return (NULL);
}

bool
atls_scheme_item_next(struct atls_bytes *rule, struct atls_scheme_item *item)
{
	if (rule->p == NULL)
		return (false);
	memset(item, 0, sizeof(*item));
	item->text = take_text(rule);
	item->check = item->text.len == 1 && item->text.p[0] == 'c';
	if (!item->check)
		item->skip = read_bounds(item);
	return (true);
}

uint32_t
atls_scheme_item_draw(
    const struct atls_scheme_item *item, const struct atls_random *rnd)
{
	bool reversed = item->high < item->low;
	uint64_t min = (uint64_t)(reversed ? item->high : item->low);
	uint64_t max = (uint64_t)(reversed ? item->low : item->high);
	uint64_t size = min;

	if (max != min)
		size += rnd->below(rnd->ctx, max - min);
	return (size < ATLS_SCHEME_MAX_SIZE ? (uint32_t)size
					    : ATLS_SCHEME_MAX_SIZE);
}

bool
atls_scheme_packet(struct atls_bytes key, uint32_t *packet)
{
	uint64_t n = 0;
	size_t i;

	if (key.len == 0 || key.len > 10 || (key.p[0] == '0' && key.len > 1))
		return (false);
	for (i = 0; i < key.len; i++) {
		unsigned digit = (unsigned)key.p[i] - '0';

		if (digit > 9)
			return (false);
		n = n * 10 + digit;
	}
	if (n > UINT32_MAX)
		return (false);
	*packet = (uint32_t)n;
	return (true);
}
