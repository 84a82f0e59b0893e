/* The command of a target: splitting it, and filling its placeholders. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/launch.h"

enum value {
	VALUE_LISTEN,
	VALUE_HOST,
	VALUE_PORT,
	VALUE_PASSWORD,
	VALUE_CERT,
	VALUE_KEY,
	VALUE_PADDING_SCHEME,
	VALUE_FALLBACK,
	VALUE_SERVER,
	VALUE_SERVER2,
	VALUE_URI,
	VALUE_SNI,
	VALUE_CA,
	VALUE_SOCKS,
	VALUE_CASE_DIR,
	VALUES
};

static const struct {
	const char *name;
	bool server, client; /* whose commands have it */
} names[VALUES] = { { "listen", true, false }, { "host", true, true },
	{ "port", true, true }, { "password", true, true },
	{ "cert", true, false }, { "key", true, false },
	{ "padding_scheme", true, false }, { "fallback", true, false },
	{ "server", false, true }, { "server2", false, true },
	{ "uri", false, true }, { "sni", false, true }, { "ca", false, true },
	{ "socks", false, true }, { "case_dir", false, true } };

/* The length of a placeholder's name when S begins one: {lower_case2}. */
static size_t
placeholder(const char *s)
{
	size_t len;

	if (*s != '{')
		return 0;
	len = strspn(s + 1, "abcdefghijklmnopqrstuvwxyz_2");
	return s[len + 1] == '}' ? len : 0;
}

static enum value
value_of(const char *name, size_t len)
{
	enum value v;

	for (v = 0; v < VALUES; v++)
		if (strlen(names[v].name) == len &&
		    memcmp(names[v].name, name, len) == 0)
			break;
	return v;
}

/* Every placeholder is one that a command of this kind may have. */
static int
check_names(const struct words *words, bool client, struct complaint *c)
{
	const char *s;
	size_t i, len;
	enum value v;

	for (i = 0; i < words->n; i++)
		for (s = words->v[i]; *s != '\0'; s++) {
			len = placeholder(s);
			if (len == 0)
				continue;
			v = value_of(s + 1, len);
			if (v != VALUES &&
			    (client ? names[v].client : names[v].server))
				continue;
			return complain(c, EXIT_USAGE,
			    "%s: there is no placeholder %.*s",
			    client ? "client" : "--sut", (int)len + 2, s);
		}
	return 0;
}

int
launch_check_client(const struct words *words, struct complaint *c)
{
	if (check_names(words, true, c) != 0)
		return c->code;
	if (launch_has(words, "socks"))
		return 0;
	return complain(c, EXIT_USAGE,
	    "client: the command must say where its proxy listens: {socks}");
}

static int
check_words(const struct words *words, struct complaint *c)
{
	if (check_names(words, false, c) != 0)
		return c->code;
	if (words->n == 0)
		return complain(c, EXIT_USAGE, "--sut: the command is empty");
	if (!launch_has(words, "port") && !launch_has(words, "listen"))
		return complain(c, EXIT_USAGE,
		    "--sut: the command must say where to listen: {listen}, "
		    "or {host} and {port}");
	return 0;
}

/* Copies one word to OUT and returns where it ends; NULL: an open quote. */
static const char *
take_word(const char *s, char *out)
{
	char quote = '\0';

	for (; *s != '\0'; s++) {
		if (quote == '\0' && isspace((unsigned char)*s))
			break;
		if (quote == '\0' && (*s == '\'' || *s == '"'))
			quote = *s;
		else if (*s == quote)
			quote = '\0';
		else if (*s == '\\' && quote != '\'' && s[1] != '\0')
			*out++ = *++s;
		else
			*out++ = *s;
	}
	*out = '\0';
	return quote == '\0' ? s : NULL;
}

static int
split(const char *cmd, const char *option, struct words *words,
    struct complaint *c)
{
	char *word = words_alloc(strlen(cmd) + 1, 1);
	const char *s = cmd;

	for (;;) {
		while (isspace((unsigned char)*s))
			s++;
		if (*s == '\0')
			break;
		s = take_word(s, word);
		if (s == NULL)
			break;
		words_add(words, word);
	}
	free(word);
	if (s != NULL)
		return 0;
	words_free(words);
	return complain(
	    c, EXIT_USAGE, "%s: a quote in the command is left open", option);
}

int
launch_split(const char *cmd, struct words *words, struct complaint *c)
{
	int rc = split(cmd, "--sut", words, c);

	if (rc == 0)
		rc = check_words(words, c);
	if (rc != 0)
		words_free(words);
	return rc;
}

int
launch_split_words(const char *cmd, struct words *words, struct complaint *c)
{
	int rc = split(cmd, "--shim", words, c);

	if (rc == 0 && words->n == 0)
		return complain(c, EXIT_USAGE, "--shim: the command is empty");
	return rc;
}

bool
launch_has(const struct words *command, const char *name)
{
	char text[64];
	size_t i;

	snprintf(text, sizeof(text), "{%s}", name);
	for (i = 0; i < command->n; i++)
		if (strstr(command->v[i], text) != NULL)
			return true;
	return false;
}

/* The value as text, in BUF where it has to be made; NULL: none. */
static const char *
text_of(enum value v, const struct launch_values *values, char buf[32])
{
	switch (v) {
	case VALUE_LISTEN:
	case VALUE_SOCKS:
		snprintf(buf, 32, "127.0.0.1:%u", (unsigned)values->port);
		return buf;
	case VALUE_HOST:
		return values->server != NULL ? values->server_host
					      : "127.0.0.1";
	case VALUE_PORT:
		snprintf(buf, 32, "%u",
		    (unsigned)(values->server != NULL ? values->server_port
						      : values->port));
		return buf;
	case VALUE_PASSWORD:
		return values->password;
	case VALUE_CERT:
		return values->cert;
	case VALUE_KEY:
		return values->key;
	case VALUE_PADDING_SCHEME:
		return values->padding_scheme;
	case VALUE_FALLBACK:
		return values->fallback;
	case VALUE_SERVER:
		return values->server;
	case VALUE_SERVER2:
		return values->server2;
	case VALUE_URI:
		return values->uri;
	case VALUE_SNI:
		return values->sni;
	case VALUE_CA:
		return values->ca;
	case VALUE_CASE_DIR:
		return values->case_dir;
	case VALUES:
		break;
	}
	return NULL;
}

/* WORD with its values, malloc'ed; NULL: *MISSING has none. */
static char *
expand_word(
    const char *word, const struct launch_values *values, const char **missing)
{
	char buf[32], *out = NULL;
	const char *text;
	size_t size, len;
	FILE *f = words_stream(&out, &size);

	for (*missing = NULL; *word != '\0' && *missing == NULL; word++) {
		len = placeholder(word);
		if (len == 0) {
			putc(*word, f);
			continue;
		}
		text = text_of(value_of(word + 1, len), values, buf);
		if (text == NULL)
			*missing = names[value_of(word + 1, len)].name;
		else
			fputs(text, f);
		word += len + 1;
	}
	words_stream_end(f, &out);
	if (*missing == NULL)
		return out;
	free(out);
	return NULL;
}

/* Expands the words [FROM, END); the name of what is missing, or NULL. */
static const char *
expand_range(const struct words *command, size_t from, size_t end,
    const struct launch_values *values, struct words *out)
{
	const char *missing = NULL;
	char *word;

	for (; from < end; from++) {
		word = expand_word(command->v[from], values, &missing);
		if (word == NULL)
			return missing;
		words_add(out, word);
		free(word);
	}
	return NULL;
}

static size_t
end_of_group(const struct words *command, size_t i)
{
	while (i < command->n && strcmp(command->v[i], "]") != 0)
		i++;
	return i;
}

int
launch_expand(const struct words *command, const struct launch_values *values,
    struct words *out, struct complaint *c)
{
	struct words group;
	const char *missing;
	size_t i, j, end;

	for (i = 0; i < command->n; i++) {
		if (strcmp(command->v[i], "[") == 0) {
			end = end_of_group(command, i);
			memset(&group, 0, sizeof(group));
			missing =
			    expand_range(command, i + 1, end, values, &group);
			for (j = 0; missing == NULL && j < group.n; j++)
				words_add(out, group.v[j]);
			words_free(&group);
			i = end;
			continue;
		}
		missing = expand_range(command, i, i + 1, values, out);
		if (missing == NULL)
			continue;
		return complain(c, EXIT_USAGE,
		    "%s: {%s} has no value here; put its words into a "
		    "group that may be left out: [ --option {%s} ]",
		    values->server != NULL ? "client" : "--sut", missing,
		    missing);
	}
	return 0;
}
