/* Which addresses belong to the public Internet. */
#ifndef ATLS_NET_SCOPE_H
#define ATLS_NET_SCOPE_H

#include <stdbool.h>

struct sockaddr;

/* False for loopback, private, link-local, shared, multicast, unspecified and
 * other special addresses (IANA's special-purpose registries), also when
 * wrapped in IPv6. */
bool scope_is_public(const struct sockaddr *sa);

#endif
