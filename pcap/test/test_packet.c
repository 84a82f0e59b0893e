/* Packets down to their segments: link layers, tags, extensions, lengths. */
#include "pcap/test/cm.h"

#include <pcap.h>
#include <stdio.h>
#include <string.h>

#include "pcap/packet.h"

#define TCP "303920fb000000010000000250180000000000006869"
#define UDP "303920fb000a0000796f"
#define ADDR4 "0a0000010a000002"
#define ADDR6 "20010db800000000000000000000000120010db8000000000000000000000002"
#define MACS "020000000001020000000002"
#define V4 "4500002a0000400040060000" ADDR4 TCP
#define V6 "60000000001606ff" ADDR6 TCP
/* NEXT, LENGTH: the first header's kind, and bytes behind the fixed one. */
#define V6_WITH(length, next) "60000000" length next "ff" ADDR6
#define OPTIONS8 "0600010400000000"
#define OPTIONS8_UDP "1100010400000000"

static const struct row {
	int dlt;
	enum packet_kind kind;
	const char *hex;
	uint32_t len; /* on the wire */
	const char *payload;
} rows[] = {
	{ DLT_EN10MB, PACKET_TCP, MACS "0800" V4, 2, "hi" },
	{ DLT_EN10MB, PACKET_TCP, MACS "86dd" V6, 2, "hi" },
	{ DLT_EN10MB, PACKET_TCP, MACS "810000010800" V4, 2, "hi" },
	{ DLT_EN10MB, PACKET_TCP, MACS "88a8000181000002910000030800" V4, 2,
	    "hi" },
	{ DLT_EN10MB, PACKET_OTHER,
	    MACS "8100000181000001810000018100000181000001"
		 "0800" V4,
	    0, "" },
	{ DLT_EN10MB, PACKET_OTHER, MACS "0806" V4, 0, "" },
	/* Short frames are filled up. */
	{ DLT_EN10MB, PACKET_TCP, MACS "0800" V4 "00000000", 2, "hi" },
	{ DLT_EN10MB, PACKET_TCP, MACS "86dd" V6 "0000", 2, "hi" },
	{ DLT_LINUX_SLL, PACKET_TCP, "00000304000600000000000000000800" V4, 2,
	    "hi" },
	{ DLT_LINUX_SLL, PACKET_TCP, "000003040006000000000000000086dd" V6, 2,
	    "hi" },
	{ DLT_LINUX_SLL2, PACKET_TCP,
	    "0800000000000001030400060000000000000000" V4, 2, "hi" },
	{ DLT_LINUX_SLL2, PACKET_TCP,
	    "86dd000000000001030400060000000000000000" V6, 2, "hi" },
	{ DLT_NULL, PACKET_TCP, "02000000" V4, 2, "hi" },
	{ DLT_LOOP, PACKET_TCP, "0000001e" V6, 2, "hi" },
	{ DLT_RAW, PACKET_TCP, V4, 2, "hi" },
	{ DLT_RAW, PACKET_TCP, V6, 2, "hi" },
	{ DLT_IPV4, PACKET_TCP, V4, 2, "hi" },
	{ DLT_IPV6, PACKET_TCP, V6, 2, "hi" },
	{ DLT_RAW, PACKET_OTHER, "7500002a0000400040060000" ADDR4 TCP, 0, "" },

	/* IPv4: options, fragments, another protocol, no length, a snapshot. */
	{ DLT_RAW, PACKET_TCP, "4600002e0000400040060000" ADDR4 "01010101" TCP,
	    2, "hi" },
	{ DLT_RAW, PACKET_FRAGMENT, "4500002a0000200040060000" ADDR4 TCP, 0,
	    "" },
	{ DLT_RAW, PACKET_FRAGMENT, "4500002a0000000140060000" ADDR4 TCP, 0,
	    "" },
	{ DLT_RAW, PACKET_OTHER, "4500002a0000400040010000" ADDR4 TCP, 0, "" },
	{ DLT_RAW, PACKET_UDP, "4500001e0000400040110000" ADDR4 UDP, 2, "yo" },
	{ DLT_RAW, PACKET_UDP, "450000200000400040110000" ADDR4 UDP, 4, "yo" },
	{ DLT_RAW, PACKET_SHORT, "4500001a0000400040110000" ADDR4 UDP, 0, "" },
	{ DLT_RAW, PACKET_TCP, "450000000000400040060000" ADDR4 TCP, 2, "hi" },
	{ DLT_RAW, PACKET_TCP, "450000300000400040060000" ADDR4 TCP, 8, "hi" },
	{ DLT_RAW, PACKET_SHORT, "440000160000400040060000" ADDR4 TCP, 0, "" },

	/* IPv6: extensions. */
	{ DLT_RAW, PACKET_TCP, V6_WITH("001e", "00") OPTIONS8 TCP, 2, "hi" },
	{ DLT_RAW, PACKET_TCP, V6_WITH("001e", "3c") OPTIONS8 TCP, 2, "hi" },
	{ DLT_RAW, PACKET_TCP,
	    V6_WITH("0026", "2b") "06010000000000000000000000000000" TCP, 2,
	    "hi" },
	{ DLT_RAW, PACKET_TCP,
	    V6_WITH("0026", "00") "3c00010400000000" OPTIONS8 TCP, 2, "hi" },
	/* A fragment that is the whole; one that has more; a later one. */
	{ DLT_RAW, PACKET_TCP, V6_WITH("001e", "2c") "0600000000000001" TCP, 2,
	    "hi" },
	{ DLT_RAW, PACKET_FRAGMENT,
	    V6_WITH("001e", "2c") "0600000100000001" TCP, 0, "" },
	{ DLT_RAW, PACKET_FRAGMENT,
	    V6_WITH("001e", "2c") "0600000800000001" TCP, 0, "" },
	{ DLT_RAW, PACKET_UDP, V6_WITH("000a", "11") UDP, 2, "yo" },
	{ DLT_RAW, PACKET_UDP, V6_WITH("0012", "3c") OPTIONS8_UDP UDP, 2,
	    "yo" },
	{ DLT_RAW, PACKET_OTHER, V6_WITH("0016", "3a") TCP, 0, "" },
	/* TCP whose header is shorter than one. */
	{ DLT_RAW, PACKET_SHORT,
	    "4500002a0000400040060000" ADDR4
	    "303920fb000000010000000240180000000000006869",
	    0, "" },
};

static size_t
from_hex(const char *hex, uint8_t *out)
{
	unsigned byte;
	size_t n;

	for (n = 0; *hex != '\0'; hex += 2) {
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		out[n++] = (uint8_t)byte;
	}
	return (n);
}

static void
kinds(void **state)
{
	char from[PACKET_ENDPOINT], to[PACKET_ENDPOINT];
	uint8_t buf[256];
	struct segment s;
	size_t i, n;
	bool tcp;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		n = from_hex(rows[i].hex, buf);
		assert_true(packet_knows(rows[i].dlt));
		if (packet_read(rows[i].dlt, atls_bytes(buf, n), &s) !=
		    rows[i].kind)
			fail_msg("row %zu is of another kind", i);
		if (rows[i].kind != PACKET_TCP && rows[i].kind != PACKET_UDP)
			continue;
		if (s.len != rows[i].len ||
		    !atls_bytes_equal(
			s.payload, atls_bytes_str(rows[i].payload)))
			fail_msg("row %zu: %u bytes, %zu of them there", i,
			    s.len, s.payload.len);
		tcp = rows[i].kind == PACKET_TCP;
		assert_int_equal(s.seq, tcp ? 1 : 0);
		assert_int_equal(s.ack, tcp ? 2 : 0);
		assert_int_equal(s.flags, tcp ? 0x18 : 0);
		packet_endpoint_text(&s.from, from);
		packet_endpoint_text(&s.to, to);
		if (s.from.v6) {
			assert_string_equal(from, "[2001:db8::1]:12345");
			assert_string_equal(to, "[2001:db8::2]:8443");
		} else {
			assert_string_equal(from, "10.0.0.1:12345");
			assert_string_equal(to, "10.0.0.2:8443");
		}
	}
}

/* Cut anywhere: short until the header is there, whole behind it. */
static void
cut(void **state)
{
	uint8_t buf[256], exact[256];
	enum packet_kind kind;
	struct segment s;
	size_t i, n, cut_to;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		n = from_hex(rows[i].hex, buf);
		if (rows[i].len != 2)
			continue;
		for (cut_to = 0; cut_to < n; cut_to++) {
			/* At the end, where reading on would show. */
			memcpy(exact + sizeof(exact) - cut_to, buf, cut_to);
			kind = packet_read(rows[i].dlt,
			    atls_bytes(exact + sizeof(exact) - cut_to, cut_to),
			    &s);
			if (kind == PACKET_TCP || kind == PACKET_UDP)
				assert_true(s.payload.len <= 2);
			else if (cut_to != 0 || rows[i].dlt == DLT_EN10MB)
				assert_true(kind == PACKET_SHORT ||
				    kind == PACKET_OTHER);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
