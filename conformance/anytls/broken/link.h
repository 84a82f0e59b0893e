/* What broken clients make of their server's name and of links. */
#ifndef BROKEN_LINK_H
#define BROKEN_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "ref/wire/addr.h"
#include "ref/wire/uri.h"

/* Defects of a client that is no matter of its sessions. Words of a policy's
 * text, beside those of policy_names.h. */
struct link_odds {
	bool sni_lost;      /* no name in the handshake */
	bool sni_literal;   /* also where it is an address */
	bool sni_once;      /* in the first session alone */
	bool link_raw;      /* the password is taken as it stands */
	bool link_greedy;   /* unknown parameters are part of it */
	bool link_v4;       /* addresses are of IPv4 */
	bool link_insecure; /* any certificate is taken */
	bool link_secure;   /* none that is unknown is taken */
};

/* Takes those words out of the policy TEXT, which is changed in place. */
void link_odds_take(char *text, struct link_odds *odds);

/* A server as a link says it, and as ODDS have it. 0 or -1 with *WHY. */
struct link_server {
	struct atls_uri uri;
	struct atls_addr addr;
};
int link_read(const char *text, const struct link_odds *odds,
    struct link_server *s, const char **why);

#endif
