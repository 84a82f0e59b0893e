/* The command of --sut: splitting it, and filling its placeholders. */
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
	VALUES
};

static const char *const names[VALUES] = { "listen", "host", "port", "password",
	"cert", "key", "padding_scheme", "fallback" };

/* The length of a placeholder's name when S begins one: {lower_case}. */
static size_t
placeholder(const char *s)
{
	size_t len;

	if (*s != '{')
		return 0;
	len = strspn(s + 1, "abcdefghijklmnopqrstuvwxyz_");
	return s[len + 1] == '}' ? len : 0;
}

static enum value
value_of(const char *name, size_t len)
{
	enum value v;

	for (v = 0; v < VALUES; v++)
		if (strlen(names[v]) == len && memcmp(names[v], name, len) == 0)
			break;
	return v;
}

static int
check_words(const struct words *words, struct complaint *c)
{
	const char *s;
	size_t i, len;

	for (i = 0; i < words->n; i++)
		for (s = words->v[i]; *s != '\0'; s++) {
			len = placeholder(s);
			if (len == 0 || value_of(s + 1, len) != VALUES)
				continue;
			return complain(c, EXIT_USAGE,
			    "--sut: there is no placeholder %.*s", (int)len + 2,
			    s);
		}
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

int
launch_split(const char *cmd, struct words *words, struct complaint *c)
{
	char *word = words_alloc(strlen(cmd) + 1, 1);
	const char *s = cmd;
	int rc;

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
	rc = s != NULL ? check_words(words, c)
		       : complain(c, EXIT_USAGE,
			     "--sut: a quote in the command is left open");
	if (rc != 0)
		words_free(words);
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
		snprintf(buf, 32, "127.0.0.1:%u", (unsigned)values->port);
		return buf;
	case VALUE_HOST:
		return "127.0.0.1";
	case VALUE_PORT:
		snprintf(buf, 32, "%u", (unsigned)values->port);
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
	FILE *f = open_memstream(&out, &size);

	if (f == NULL)
		abort();
	for (*missing = NULL; *word != '\0' && *missing == NULL; word++) {
		len = placeholder(word);
		if (len == 0) {
			putc(*word, f);
			continue;
		}
		text = text_of(value_of(word + 1, len), values, buf);
		if (text == NULL)
			*missing = names[value_of(word + 1, len)];
		else
			fputs(text, f);
		word += len + 1;
	}
	fclose(f);
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
		    "--sut: {%s} has no value here; put its words into a "
		    "group that may be left out: [ --option {%s} ]",
		    missing, missing);
	}
	return 0;
}
