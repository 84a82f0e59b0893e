/* Links as broken clients read them. */
#include "conformance/anytls/broken/link.h"

#include <stdio.h>
#include <string.h>

struct odd {
	const char *word;
	size_t at;
};

#define AT(field)                                                              \
	{                                                                      \
#field, offsetof(struct link_odds, field)                      \
	}

static const struct odd odds_table[] = { AT(sni_lost), AT(sni_literal),
	AT(sni_once), AT(link_raw), AT(link_greedy), AT(link_v4),
	AT(link_insecure), AT(link_secure) };

static bool
is_odd(const char *word, size_t len, struct link_odds *odds)
{
	for (size_t i = 0; i < sizeof(odds_table) / sizeof(odds_table[0]);
	     i++) {
		const struct odd *o = &odds_table[i];

		if (strlen(o->word) == len && memcmp(o->word, word, len) == 0) {
			*((bool *)((char *)odds + o->at)) = true;
			return (true);
		}
	}
	return (false);
}

void
link_odds_take(char *text, struct link_odds *odds)
{
	char *to = text;
	const char *from = text;

	while (*from != '\0') {
		size_t len = strcspn(from, ",");
		const char *next = from + len + (from[len] == ',' ? 1 : 0);

		if (!is_odd(from, len, odds)) {
			if (to != text)
				*to++ = ',';
			memmove(to, from, len);
			to += len;
		}
		from = next;
	}
	*to = '\0';
}

/* The password as it stands in TEXT. */
static void
take_raw(const char *text, struct atls_uri *uri)
{
	const char *p = strstr(text, "://");
	size_t len = p == NULL ? 0 : strcspn(p + 3, "@");

	if (p != NULL && len < sizeof(uri->password)) {
		memcpy(uri->password, p + 3, len);
		uri->password[len] = '\0';
	}
}

static void
add_greedily(const char *text, struct atls_uri *uri)
{
	size_t len = strlen(uri->password);

	if (strstr(text, "?x=") != NULL || strchr(text, '#') != NULL)
		snprintf(
		    uri->password + len, sizeof(uri->password) - len, "&x");
}

int
link_read(const char *text, const struct link_odds *odds, struct link_server *s,
    const char **why)
{
	char host[ATLS_URI_MAX + 8];
	unsigned at;

	if (atls_uri_parse(text, &s->uri, why, &at) != 0)
		return (-1);
	if (odds->link_raw)
		take_raw(text, &s->uri);
	if (odds->link_greedy)
		add_greedily(text, &s->uri);
	if (odds->link_v4 && strchr(s->uri.host, ':') != NULL)
		snprintf(s->uri.host, sizeof(s->uri.host), "127.0.0.1");
	if (odds->link_insecure)
		s->uri.insecure = true;
	if (odds->link_secure)
		s->uri.insecure = false;
	snprintf(host, sizeof(host),
	    strchr(s->uri.host, ':') != NULL ? "[%s]:%u" : "%s:%u", s->uri.host,
	    (unsigned)s->uri.port);
	*why = "no such host";
	return (atls_addr_parse_hostport(host, &s->addr) == 0 ? 0 : -1);
}
