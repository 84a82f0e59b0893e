/* The parts of a record, by name, for the report's dump. */
#include "conformance/anytls/fields.h"

#include <stdio.h>

#include "ref/wire/auth.h"
#include "ref/wire/command.h"
#include "ref/wire/frame.h"

struct list {
	struct pack_field *v;
	size_t n, max;
	size_t at, len; /* where the next one is, and where the bytes end */
};

/* The next N bytes, as far as they are here. */
__attribute__((format(printf, 3, 4))) static void
add(struct list *list, size_t n, const char *fmt, ...)
{
	struct pack_field *f;
	va_list ap;

	if (n > list->len - list->at)
		n = list->len - list->at;
	if (n == 0 || list->n == list->max)
		return;
	f = &list->v[list->n++];
	f->at = (uint32_t)list->at;
	f->len = (uint32_t)n;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	list->at += n;
}

static void
add_auth(struct list *list, const uint8_t *p)
{
	unsigned padding;

	add(list, ATLS_AUTH_HASH, "hash of the password, not shown");
	if (list->len - list->at < ATLS_AUTH_HEADER - ATLS_AUTH_HASH)
		return;
	padding = atls_get16(p + list->at);
	add(list, ATLS_AUTH_HEADER - ATLS_AUTH_HASH, "padding0 length=%u",
	    padding);
	add(list, padding, "padding0");
}

static void
add_frame(struct list *list, const uint8_t *p)
{
	struct atls_frame f = atls_frame_get(p + list->at);
	const struct atls_command_info *info = atls_command_info(f.cmd);

	if (info != NULL)
		add(list, 1, "cmd=%s", info->tag);
	else
		add(list, 1, "cmd=%u", f.cmd);
	add(list, 4, "sid=%u", f.sid);
	add(list, 2, "len=%u", f.len);
	add(list, f.len, "data of %s", info != NULL ? info->tag : "it");
}

size_t
fields_name(const struct pack_bytes *b, struct pack_field *out, size_t max)
{
	struct list list = { out, 0, max, 0, b->len };

	if (b->form == FORM_DATA) {
		add(&list, b->len, "data");
		return (list.n);
	}
	if (b->form == FORM_AUTH)
		add_auth(&list, b->p);
	add(&list, b->lead, "rest of the frame before");
	while (list.len - list.at >= ATLS_FRAME_HEADER && list.n < max)
		add_frame(&list, b->p);
	add(&list, list.len - list.at, "the beginning of a header");
	return (list.n);
}
