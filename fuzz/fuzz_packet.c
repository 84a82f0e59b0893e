/*
 * Packets down to their TCP segment or datagram, the hellos of TLS and lines of
 * secrets. Byte 0 says which; what is found lies within what was given.
 */
#include "fuzz/fuzz.h"
#include "pcap/hello.h"
#include "pcap/keylog.h"
#include "pcap/packet.h"

static void
check_packet(int dlt, struct atls_bytes in)
{
	enum packet_kind kind;
	struct segment s;
	char text[PACKET_ENDPOINT];

	memset(&s, 0, sizeof(s));
	kind = packet_read(dlt, in, &s);
	if (kind != PACKET_TCP && kind != PACKET_UDP)
		return;
	assert(s.payload.len <= in.len);
	assert(s.payload.len == 0 ||
	    (s.payload.p >= in.p &&
		s.payload.p + s.payload.len <= in.p + in.len));
	assert(s.len >= s.payload.len);
	assert(strlen(packet_endpoint_text(&s.from, text)) < sizeof(text));
	assert(strlen(packet_endpoint_text(&s.to, text)) < sizeof(text));
}

static void
check_keys(struct atls_bytes in)
{
	struct keylog *k = keylog_new();
	struct keylog *again = keylog_new();

	if (k == NULL || again == NULL)
		abort();
	assert(keylog_add(k, in) == 0);
	assert(keylog_add(again, in) == 0);
	assert(keylog_add(again, in) == 0);
	assert(keylog_count(k) == keylog_count(again));
	keylog_free(k);
	keylog_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Ethernet, null, raw IP, Linux cooked 1 and 2, loop. */
	static const int links[] = { 1, 0, 12, 101, 113, 276, 108 };
	struct atls_bytes in = { data, size };
	unsigned how = fuzz_take(&in, 1);
	uint8_t *copy = fuzz_copy(in);
	struct hello_client *c = calloc(1, sizeof(*c));
	struct hello_server *s = calloc(1, sizeof(*s));
	struct atls_bytes body = { copy, in.len };

	if (c == NULL || s == NULL)
		abort();
	if (how % 8 < 5) {
		check_packet(links[how / 8 % 7], body);
	} else if (how % 8 == 5) {
		if (hello_client_read(body, c))
			assert(memchr(c->sni, '\0', sizeof(c->sni)) != NULL &&
			    memchr(c->alpn, '\0', sizeof(c->alpn)) != NULL);
	} else if (how % 8 == 6) {
		if (hello_server_read(body, s))
			assert(memchr(s->alpn, '\0', sizeof(s->alpn)) != NULL);
	} else {
		check_keys(body);
	}
	free(c);
	free(s);
	free(copy);
	return (0);
}
