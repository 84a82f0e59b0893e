/* A place in a capture file: what a finding points to. */
#ifndef PCAP_MARK_H
#define PCAP_MARK_H

#include <stdint.h>

struct mark {
	uint64_t packet;  /* counted from 1, as Wireshark does */
	uint64_t time_ns; /* since 1970 */
};

#endif
