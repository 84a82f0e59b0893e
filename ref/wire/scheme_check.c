/* Remarks on a padding scheme for the person who wrote it. */
#include "ref/wire/kv.h"
#include "ref/wire/scheme.h"
#include "ref/wire/scheme_item.h"

struct checker {
	struct atls_bytes text;
	uint32_t stop; /* UINT32_MAX when there is no usable one */
	unsigned line;
	struct atls_scheme_note *notes;
	size_t cap;
	size_t n;
};

static void
note(struct checker *c, const char *reason, struct atls_bytes item)
{
	if (c->n < c->cap) {
		c->notes[c->n].line = c->line;
		c->notes[c->n].reason = reason;
		c->notes[c->n].item = item;
	}
	c->n++;
}

/* Notes a line that a later one with the same key replaces. */
static void
check_duplicate(struct checker *c, const struct atls_kv *kv)
{
	struct atls_kv_reader r = { c->text, 0 };
	struct atls_kv other;
	size_t used;

	/* Earlier lines have been looked at from their own side. */
	used = (size_t)(kv->value.p + kv->value.len - c->text.p);
	atls_bytes_skip(&r.rest, used);
	while (atls_kv_next(&r, &other)) {
		if (atls_bytes_equal(other.key, kv->key)) {
			note(c, "a later line has the same key", kv->key);
			return;
		}
	}
}

static void
check_stop(struct checker *c, struct atls_bytes value)
{
	int64_t stop;

	if (atls_kv_int(value, &stop) != 0)
		note(c, "\"stop\" is no integer", value);
	else if (stop < 0)
		note(c, "a negative \"stop\" hardly ever stops", value);
	else if (stop > UINT32_MAX)
		note(c, "\"stop\" is above 4294967295", value);
}

static void
check_item(struct checker *c, const struct atls_scheme_item *item)
{
	if (item->skip != NULL) {
		note(c, item->skip, item->text);
		return;
	}
	if (item->low > item->high)
		note(c, "the bounds are reversed", item->text);
	if (item->low > UINT16_MAX || item->high > UINT16_MAX)
		note(c, "a bound is above 65535", item->text);
}

/* Packet 0 is padding0: one size, and nothing to check for. */
static void
check_rule(struct checker *c, bool packet0, struct atls_bytes rule)
{
	struct atls_scheme_item item;
	bool settled = false;

	while (atls_scheme_item_next(&rule, &item)) {
		if (packet0 && settled)
			note(c, "packet 0 has one item only", item.text);
		else if (packet0 && item.check)
			note(c, "\"c\" has no meaning in packet 0", item.text);
		else if (!item.check)
			check_item(c, &item);
		settled = settled || item.skip == NULL;
	}
}

static void
check_line(struct checker *c, struct atls_bytes line)
{
	struct atls_kv_reader r = { line, 0 };
	struct atls_kv kv;
	uint32_t packet;

	if (line.len != 0 && line.p[line.len - 1] == '\r')
		note(c, "the line ends with CR, which belongs to it", line);
	if (!atls_kv_next(&r, &kv)) {
		note(c, "the line has no \"=\"", line);
		return;
	}
	check_duplicate(c, &kv);
	if (atls_bytes_equal(kv.key, atls_bytes_str("stop"))) {
		check_stop(c, kv.value);
		return;
	}
	if (!atls_scheme_packet(kv.key, &packet)) {
		note(c, "the key is no packet number", kv.key);
		return;
	}
	if (packet >= c->stop)
		note(c, "the packet is not before \"stop\"", kv.key);
	check_rule(c, packet == 0, kv.value);
}

size_t
atls_scheme_check(
    struct atls_bytes text, struct atls_scheme_note *notes, size_t cap)
{
	struct checker c = { text, UINT32_MAX, 0, notes, cap, 0 };
	struct atls_bytes rest = text;
	struct atls_bytes value;
	int64_t stop;

	if (!atls_kv_find(text, "stop", &value))
		note(&c, "there is no \"stop\"", text);
	else if (atls_kv_int(value, &stop) == 0)
		c.stop = (uint32_t)stop;
	while (rest.len != 0) {
		const uint8_t *lf = memchr(rest.p, '\n', rest.len);
		struct atls_bytes line = rest;

		if (lf != NULL)
			line.len = (size_t)(lf - rest.p);
		c.line++;
		check_line(&c, line);
		atls_bytes_skip(&rest, line.len + (lf != NULL ? 1 : 0));
	}
	return (c.n);
}
