/* The parser of padding schemes, and padding0. */
#include "ref/wire/scheme.h"

#include "ref/wire/err.h"
#include "ref/wire/kv.h"
#include "ref/wire/scheme_item.h"

const char ATLS_SCHEME_DEFAULT[] =
    "stop=8\n"
    "0=30-30\n"
    "1=100-400\n"
    "2=400-500,c,500-1000,c,500-1000,c,500-1000,c,500-1000\n"
    "3=9-9,500-1000\n"
    "4=500-1000\n"
    "5=500-1000\n"
    "6=500-1000\n"
    "7=500-1000";
const char ATLS_SCHEME_DEFAULT_MD5[] = "75cff2ad89aadf5e257059ee571ebe11";

int
atls_scheme_parse(struct atls_bytes text, struct atls_scheme *s)
{
	struct atls_kv_reader r = { text, 0 };
	struct atls_bytes stop_text;
	struct atls_kv kv;
	uint32_t packet;
	int64_t stop;

	if (!atls_kv_find(text, "stop", &stop_text) ||
	    atls_kv_int(stop_text, &stop) != 0)
		return (ATLS_E_SYNTAX);
	memset(s, 0, sizeof(*s));
	s->text = text;
	s->stop = (uint32_t)stop;
	while (atls_kv_next(&r, &kv)) {
		if (atls_scheme_packet(kv.key, &packet) &&
		    packet < ATLS_SCHEME_INDEX)
			s->rule[packet] = kv.value;
	}
	return (0);
}

uint16_t
atls_scheme_padding0(const struct atls_scheme *s, const struct atls_random *rnd)
{
	struct atls_bytes rule = s->rule[0];
	struct atls_scheme_item item;
	uint32_t size;

	if (s->stop == 0)
		return (0);
	do {
		if (!atls_scheme_item_next(&rule, &item))
			return (0);
	} while (item.skip != NULL);
	if (item.check)
		return (0);
	size = atls_scheme_item_draw(&item, rnd);
	return (size < UINT16_MAX ? (uint16_t)size : UINT16_MAX);
}
