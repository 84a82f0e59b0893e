/* What the sessions of a capture tell each other about padding schemes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/captured_impl.h"
#include "conformance/engine/words.h"
#include "ref/net/digest.h"

static struct captured_scheme *
find(struct check *k, struct atls_bytes md5)
{
	struct captured_scheme *s;

	for (s = k->schemes; s != NULL; s = s->next)
		if (atls_bytes_equal(md5, atls_bytes_str(s->md5)))
			return (s);
	return (NULL);
}

void
captured_scheme_add(struct check *k, struct atls_bytes text)
{
	struct captured_scheme *s;
	char md5[33];

	if (digest_md5_hex(text, md5) != 0 ||
	    find(k, atls_bytes_str(md5)) != NULL)
		return;
	s = words_alloc(1, sizeof(*s) + text.len + 1);
	memcpy(s->md5, md5, sizeof(md5));
	memcpy(s->text, text.p, text.len);
	s->text[text.len] = '\0';
	s->len = text.len;
	s->next = k->schemes;
	k->schemes = s;
}

bool
captured_scheme_find(
    void *session, struct atls_bytes md5, struct atls_bytes *text)
{
	struct captured *c = session;
	struct captured_scheme *s = find(c->k, md5);

	if (s == NULL)
		return (false);
	*text = atls_bytes(s->text, s->len);
	return (true);
}

static struct captured_server *
server_of(struct check *k, const struct endpoint *at)
{
	struct captured_server *s;

	for (s = k->servers; s != NULL; s = s->next)
		if (memcmp(&s->at, at, sizeof(*at)) == 0)
			return (s);
	if (k->nservers == CAPTURED_SERVERS)
		return (NULL);
	s = words_alloc(1, sizeof(*s));
	s->at = *at;
	s->next = k->servers;
	k->servers = s;
	k->nservers++;
	return (s);
}

/* The server accepted MD5 without sending a scheme. */
static void
accepted(struct captured *s, struct captured_server *server, const char *md5)
{
	char text[256];

	if (server->md5[0] != '\0' && strcmp(server->md5, md5) != 0) {
		snprintf(text, sizeof(text),
		    "padding-md5 %s was not answered by UpdatePaddingScheme, "
		    "and the server's scheme is %s (session %llu%s)",
		    md5, server->md5, (unsigned long long)server->session,
		    server->sent ? "" : ", where it was accepted");
		captured_found(s, "AT-PD-02", text, s->conn->last);
		return;
	}
	if (server->md5[0] == '\0') {
		snprintf(server->md5, sizeof(server->md5), "%s", md5);
		server->session = s->conn->number;
	}
}

void
captured_scheme_compare(struct captured *s)
{
	struct atls_bytes text = passive_update(s->rules);
	struct atls_bytes md5 = passive_md5(s->rules);
	struct captured_server *server = server_of(s->k, &s->conn->server);
	char hex[33];

	if (server == NULL)
		return;
	if (text.p != NULL && digest_md5_hex(text, hex) == 0) {
		memcpy(server->md5, hex, sizeof(hex));
		server->sent = true;
		server->session = s->conn->number;
	} else if (md5.len == 32 && passive_answered(s->rules)) {
		snprintf(hex, sizeof(hex), "%.32s", (const char *)md5.p);
		accepted(s, server, hex);
	}
}

void
captured_schemes_free(struct check *k)
{
	struct captured_scheme *s;
	struct captured_server *v;

	while ((s = k->schemes) != NULL) {
		k->schemes = s->next;
		free(s);
	}
	while ((v = k->servers) != NULL) {
		k->servers = v->next;
		free(v);
	}
}
