/* Data and frames as values, and their bytes. */
#include "conformance/anytls/frames.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "ref/wire/auth.h"

#include "ref/net/digest.h"

const struct data NO_DATA = { DATA_EXACT, NULL, 0 };
const struct data ANY_DATA = { DATA_ANY, NULL, 0 };
const struct data ANY_TEXT = { DATA_SOME, NULL, 0 };

struct data
bytes(const void *p, size_t len)
{
	struct data d = { DATA_EXACT, p, len };

	return (d);
}

struct data
text(const char *s)
{
	return (bytes(s, strlen(s)));
}

/* A step of splitmix64: neighbours in give unrelated numbers out. */
static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (x ^ x >> 31);
}

struct data
pattern(struct t *t, size_t len, uint32_t seed)
{
	uint8_t *p = t_alloc(t, len);
	uint64_t word = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (i % 8 == 0)
			word = mix((uint64_t)seed << 32 ^ i);
		p[i] = (uint8_t)(word >> i % 8 * 8);
	}
	return (bytes(p, len));
}

struct data
zeros(struct t *t, size_t len)
{
	uint8_t *p = t_alloc(t, len);

	memset(p, 0, len);
	return (bytes(p, len));
}

struct data
join(struct t *t, struct data a, struct data b)
{
	uint8_t *p = t_alloc(t, a.len + b.len);

	assert(a.kind == DATA_EXACT && b.kind == DATA_EXACT);
	if (a.len != 0)
		memcpy(p, a.p, a.len);
	if (b.len != 0)
		memcpy(p + a.len, b.p, b.len);
	return (bytes(p, a.len + b.len));
}

struct data
repeat(struct t *t, struct data d, size_t times)
{
	uint8_t *p = t_alloc(t, d.len * times);

	assert(d.kind == DATA_EXACT && d.len != 0);
	for (size_t i = 0; i < times; i++)
		memcpy(p + i * d.len, d.p, d.len);
	return (bytes(p, d.len * times));
}

struct data
part(struct data d, size_t from, size_t len)
{
	assert(d.kind == DATA_EXACT && from <= d.len && len <= d.len - from);
	return (bytes(len != 0 ? d.p + from : NULL, len));
}

struct data
textf(struct t *t, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(len >= 0);
	p = t_alloc(t, (size_t)len + 1);
	vsnprintf(p, (size_t)len + 1, fmt, again);
	va_end(again);
	return (bytes(p, (size_t)len));
}

struct frame
frame(uint8_t cmd, uint32_t sid, struct data d)
{
	struct frame f = { .cmd = cmd, .sid = sid, .data = d };

	return (f);
}

struct frame
waste(struct t *t, uint32_t sid, size_t len)
{
	return (frame(ATLS_CMD_WASTE, sid, zeros(t, len)));
}

struct frame
syn(uint32_t sid)
{
	return (frame(ATLS_CMD_SYN, sid, NO_DATA));
}

struct frame
psh(uint32_t sid, struct data d)
{
	return (frame(ATLS_CMD_PSH, sid, d));
}

struct frame
fin(uint32_t sid)
{
	return (frame(ATLS_CMD_FIN, sid, NO_DATA));
}

struct frame
any_fin(uint32_t sid)
{
	return (frame(ATLS_CMD_FIN, sid, ANY_DATA));
}

struct frame
settings(struct data d)
{
	return (frame(ATLS_CMD_SETTINGS, 0, d));
}

struct frame
alert(struct data d)
{
	struct frame f = frame(ATLS_CMD_ALERT, 0, d);

	f.any_sid = true;
	return (f);
}

struct frame
update_scheme(struct data d)
{
	return (frame(ATLS_CMD_UPDATE_PADDING_SCHEME, 0, d));
}

struct frame
synack(uint32_t sid, struct data d)
{
	return (frame(ATLS_CMD_SYNACK, sid, d));
}

struct frame
heart_request(uint32_t sid)
{
	return (frame(ATLS_CMD_HEART_REQUEST, sid, NO_DATA));
}

struct frame
heart_response(uint32_t sid)
{
	return (frame(ATLS_CMD_HEART_RESPONSE, sid, NO_DATA));
}

struct frame
server_settings(struct data d)
{
	return (frame(ATLS_CMD_SERVER_SETTINGS, 0, d));
}

struct data
encode(struct t *t, struct frame f)
{
	size_t len = ATLS_FRAME_HEADER + f.data.len;
	uint8_t *p = t_alloc(t, len);
	struct atls_frame head = { f.cmd, f.sid, (uint16_t)f.data.len };

	assert(f.data.len <= ATLS_FRAME_MAX_DATA);
	assert(f.data.kind == DATA_EXACT);
	atls_frame_put(p, head);
	if (f.data.len != 0)
		memcpy(p + ATLS_FRAME_HEADER, f.data.p, f.data.len);
	return (bytes(p, len));
}

struct data
auth_bytes(struct t *t, const char *password, uint16_t padding, uint8_t fill)
{
	size_t len = ATLS_AUTH_HEADER + (size_t)padding;
	uint8_t *p = t_alloc(t, len);
	struct atls_writer w = atls_writer(p, len);
	uint8_t hash[ATLS_AUTH_HASH];

	if (digest_password(password, hash) != 0)
		t_error(t, "cannot hash the password");
	atls_auth_put(&w, hash, padding);
	memset(p + ATLS_AUTH_HEADER, fill, padding);
	return (bytes(p, len));
}
