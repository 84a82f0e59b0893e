/* Which addresses belong to the public Internet. */
#include "ref/net/scope.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ref/net/dial.h"

struct prefix {
	uint8_t addr[16];
	unsigned bits;
};

static const struct prefix v4[] = {
	{ { 0 }, 8 },
	{ { 10 }, 8 },
	{ { 100, 64 }, 10 },
	{ { 127 }, 8 },
	{ { 169, 254 }, 16 },
	{ { 172, 16 }, 12 },
	{ { 192, 0, 0 }, 24 },
	{ { 192, 0, 2 }, 24 },
	{ { 192, 168 }, 16 },
	{ { 198, 18 }, 15 },
	{ { 198, 51, 100 }, 24 },
	{ { 203, 0, 113 }, 24 },
	{ { 224 }, 3 },
};

static const struct prefix v6[] = {
	{ { 0 }, 96 }, /* ::, ::1, IPv4-compatible */
	{ { 0x01 }, 64 },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 },
	{ { 0xfc }, 7 },
	{ { 0xfe, 0x80 }, 10 },
	{ { 0xfe, 0xc0 }, 10 },
	{ { 0xff }, 8 },
};

static const struct prefix nat64 = { { 0x00, 0x64, 0xff, 0x9b }, 96 };

static bool
match(const uint8_t *ip, const struct prefix *p)
{
	unsigned bytes = p->bits / 8, rest = p->bits % 8;

	if (memcmp(ip, p->addr, bytes) != 0)
		return (false);
	return (rest == 0 || (ip[bytes] ^ p->addr[bytes]) >> (8 - rest) == 0);
}

static bool
match_any(const uint8_t *ip, const struct prefix *p, size_t n)
{
	for (; n > 0; n--, p++)
		if (match(ip, p))
			return (true);
	return (false);
}

bool
scope_is_public(const struct sockaddr *sa)
{
	struct atls_addr a;
	const uint8_t *ip = a.host;

	dial_addr(sa, &a); /* unwraps IPv4-mapped ones */
	if (a.type == ATLS_ADDR_IPV6 && match(ip, &nat64))
		return (!match_any(ip + 12, v4, sizeof(v4) / sizeof(v4[0])));
	if (a.type == ATLS_ADDR_IPV6)
		return (!match_any(ip, v6, sizeof(v6) / sizeof(v6[0])));
	return (!match_any(ip, v4, sizeof(v4) / sizeof(v4[0])));
}
