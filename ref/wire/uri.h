/* anytls:// share links (AT-UR-01 to AT-UR-03). */
#ifndef ATLS_WIRE_URI_H
#define ATLS_WIRE_URI_H

#include <stdbool.h>
#include <stdint.h>

#define ATLS_URI_MAX 1024 /* longest password, host or name, with NUL */
#define ATLS_URI_PORT 443 /* when the link names none */

/* Every text is percent-decoded and ends with NUL. */
struct atls_uri {
	char password[ATLS_URI_MAX]; /* the auth part; "" when absent */
	char host[ATLS_URI_MAX];     /* without brackets */
	uint16_t port;
	char sni[ATLS_URI_MAX];  /* "" when absent */
	bool insecure;           /* insecure=1 */
	char name[ATLS_URI_MAX]; /* the fragment; "" when absent */
};

/*
 * Reads the link TEXT. 0, or ATLS_E_SYNTAX with *REASON a static sentence and
 * *AT the offset in TEXT it is about. Scheme in any case; host name, IPv4 or
 * bracketed IPv6; port 1 to 65535; unknown parameters are ignored; "%00" and
 * bad escapes are errors.
 */
int atls_uri_parse(
    const char *text, struct atls_uri *uri, const char **reason, unsigned *at);

/*
 * The name to send in the server_name extension for HOST: SNI when it is not
 * empty, else HOST; NULL when that is an IP literal, for then none is sent
 * (AT-UR-02).
 */
const char *atls_uri_server_name(const char *sni, const char *host);

#endif
