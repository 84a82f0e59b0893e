/* The text of known-failures files. */
#include "conformance/engine/known_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/engine/words.h"

#define HEADER "# anytls-known-failures 1"
#define COLUMN 48 /* of keys, behind the pattern */

/* The second word of an entry; NULL for what is none. */
static char *
pattern_of(const char *line)
{
	line += strspn(line, " \t\r");
	if (*line == '\0' || *line == '#')
		return NULL;
	line += strcspn(line, " \t\r");
	line += strspn(line, " \t\r");
	return words_copy(line, strcspn(line, " \t\r"));
}

static void
insert(struct edit *e, size_t at, char *take_text, char *take_pattern)
{
	e->lines = words_grow(e->lines, e->n + 1, sizeof(*e->lines));
	memmove(
	    &e->lines[at + 1], &e->lines[at], (e->n - at) * sizeof(*e->lines));
	e->lines[at] = (struct edit_line){ take_text, take_pattern, 0 };
	e->n++;
}

void
edit_begin(struct edit *e, const char *text, size_t len)
{
	const char *end = text + len, *eol;
	char *line;

	memset(e, 0, sizeof(*e));
	for (; text < end; text = eol + 1) {
		eol = memchr(text, '\n', (size_t)(end - text));
		if (eol == NULL)
			eol = end;
		line = words_copy(text, (size_t)(eol - text));
		insert(e, e->n, line, pattern_of(line));
	}
}

void
edit_free(struct edit *e)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		free(e->lines[i].text);
		free(e->lines[i].pattern);
	}
	free(e->lines);
	memset(e, 0, sizeof(*e));
}

void
edit_remove(struct edit *e, unsigned number)
{
	struct edit_line *line = &e->lines[number - 1];

	free(line->text);
	line->text = NULL;
	e->changed = true;
}

/* Whole components that both begin with. */
static size_t
likeness(const char *a, const char *b)
{
	size_t n = 0;

	for (; *a != '\0' && *a == *b; a++, b++)
		n += *a == '/';
	return *a == *b ? n + 1 : n;
}

void
edit_add(struct edit *e, const char *pattern, const char *text)
{
	size_t i, like, best = 0, at = e->n;

	/* Removed lines keep their place until the end. */
	for (i = 0; i < e->n; i++) {
		if (e->lines[i].pattern == NULL)
			continue;
		like = likeness(pattern, e->lines[i].pattern);
		if (like > best) {
			best = like;
			at = e->lines[i].block != 0 ? e->lines[i].block - 1 : i;
		}
	}
	e->changed = true;
	if (best == 0 && e->n != 0 &&
	    (e->lines[e->n - 1].text == NULL ||
		e->lines[e->n - 1].text[0] != '\0'))
		insert(e, e->n, words_copy("", 0), NULL);
	/* Numbers of lines count: new ones stand behind all others. */
	insert(e, e->n, words_copy(text, strlen(text)),
	    words_copy(pattern, strlen(pattern)));
	e->lines[e->n - 1].block = best != 0 ? at + 1 : 0;
}

static int
compare(const void *pa, const void *pb)
{
	const struct edit_line *a = pa, *b = pb;
	int order = strcmp(a->pattern, b->pattern);

	return order != 0 ? order : strcmp(a->text, b->text);
}

/* New lines go behind the one that they are like. */
static void
settle(struct edit *e)
{
	struct edit_line *from = e->lines;
	struct edit out = { NULL, 0, e->changed };
	size_t i, j, n = e->n;

	for (i = 0; i < n; i++) {
		if (from[i].block != 0)
			continue;
		insert(&out, out.n, from[i].text, from[i].pattern);
		for (j = i + 1; j < n; j++)
			if (from[j].block == i + 1)
				insert(
				    &out, out.n, from[j].text, from[j].pattern);
	}
	free(from);
	*e = out;
}

static void
drop_removed(struct edit *e)
{
	size_t i, n = 0;

	for (i = 0; i < e->n; i++)
		if (e->lines[i].text != NULL)
			e->lines[n++] = e->lines[i];
		else
			free(e->lines[i].pattern);
	e->n = n;
}

void
edit_finish(struct edit *e)
{
	size_t i, end;

	if (!e->changed)
		return;
	settle(e);
	drop_removed(e);
	for (i = 0; i < e->n; i = end) {
		for (end = i; end < e->n && e->lines[end].pattern != NULL;)
			end++;
		if (end > i)
			qsort(
			    &e->lines[i], end - i, sizeof(*e->lines), compare);
		else
			end++;
	}
	if (e->n == 0 || e->lines[0].pattern != NULL)
		insert(e, 0, words_copy(HEADER, strlen(HEADER)), NULL);
}

void
edit_print(const struct edit *e, FILE *f)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		fprintf(f, "%s\n", e->lines[i].text);
}

/* The file that NAME leads to; the caller frees. */
static char *
real_name(const char *name)
{
	char *real = realpath(name, NULL);

	return real != NULL ? real : words_copy(name, strlen(name));
}

int
edit_write(const struct edit *e, const char *file, struct complaint *c)
{
	char *name = real_name(file), *temp;
	size_t size = strlen(name) + 8;
	struct stat st;
	FILE *f = NULL;
	bool ok;
	int fd;

	temp = words_alloc(size, 1);
	snprintf(temp, size, "%s.XXXXXX", name);
	fd = mkstemp(temp);
	ok = fd >= 0;
	if (ok) {
		fchmod(fd, stat(name, &st) == 0 ? st.st_mode & 0777 : 0644);
		f = fdopen(fd, "w");
		ok = f != NULL;
	}
	if (ok) {
		edit_print(e, f);
		ok = fflush(f) == 0 && fsync(fd) == 0;
	}
	if (f != NULL)
		ok = fclose(f) == 0 && ok;
	ok = ok && rename(temp, name) == 0;
	if (!ok)
		complain(c, EXIT_SUITE, "cannot write '%s': %s", file,
		    strerror(errno));
	if (!ok && fd >= 0)
		unlink(temp);
	free(temp);
	free(name);
	return ok ? 0 : EXIT_SUITE;
}

static void
print_value(const char *value, FILE *f)
{
	if (strpbrk(value, " \t\r\"\\#") == NULL) {
		fputs(value, f);
		return;
	}
	putc('"', f);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			putc('\\', f);
		putc(*value, f);
	}
	putc('"', f);
}

char *
edit_format(enum known_verdict verdict, const char *pattern,
    char *const value[KNOWN_KEYS], const char *note)
{
	char *text = NULL;
	size_t size, len;
	FILE *f = words_stream(&text, &size);
	enum known_key key;

	fprintf(f, "%-9s  %-*s", known_verdict_name(verdict), COLUMN, pattern);
	for (key = 0; key < KNOWN_KEYS; key++) {
		if (value[key] == NULL)
			continue;
		fprintf(f, "  %s%s", known_key_name(key),
		    key == KNOWN_SUITE ? ">=" : "=");
		print_value(value[key], f);
	}
	if (note != NULL)
		fprintf(f, "  # %s", note);
	words_stream_end(f, &text);
	for (len = strlen(text); len > 0 && text[len - 1] == ' ';)
		text[--len] = '\0';
	return text;
}
