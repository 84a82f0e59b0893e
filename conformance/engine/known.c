/* Reads known-failures files. */
#include "conformance/engine/known.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/select.h"
#include "conformance/engine/text.h"

#define HEADER "# anytls-known-failures "
#define HEADER_VERSION "1"
#define MOST_BYTES (8u << 20)
#define QUOTED 96 /* of a word, in sentences */

static const char *const verdicts[] = { "xfail", "flaky", "skip" };
static const char *const keys[KNOWN_KEYS] = { "issue", "match", "until", "role",
	"profile", "feature", "os", "suite" };

/* What is left of a line, and where it stands. */
struct cursor {
	const char *at, *end;
	const char *file;
	unsigned number;
};

const char *
known_verdict_name(enum known_verdict verdict)
{
	return verdicts[verdict];
}

const char *
known_key_name(enum known_key key)
{
	return keys[key];
}

/* A sentence about the line at CUR; FMT takes WORD, escaped. */
static int
refuse(const struct cursor *cur, struct complaint *c, const char *before,
    const char *word, const char *after)
{
	char shown[QUOTED], file[QUOTED * 2];

	text_escape(shown, sizeof(shown), word);
	text_escape(file, sizeof(file), cur->file);
	return complain(c, EXIT_USAGE, "%s:%u: %s%s%s", file, cur->number,
	    before, shown, after);
}

static bool
is_blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r';
}

static void
skip_blanks(struct cursor *cur)
{
	while (cur->at < cur->end && is_blank(*cur->at))
		cur->at++;
}

bool
known_is_date(const char *s)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	int year, month, day, most;
	size_t i;

	for (i = 0; i < 10; i++)
		if (i == 4 || i == 7 ? s[i] != '-'
				     : !isdigit((unsigned char)s[i]))
			return false;
	if (s[10] != '\0')
		return false;
	year = atoi(s);
	month = atoi(s + 5);
	day = atoi(s + 8);
	if (month < 1 || month > 12)
		return false;
	most = days[month - 1];
	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		most++;
	return day >= 1 && day <= most;
}

static bool
is_version(const char *s)
{
	if (!isdigit((unsigned char)*s))
		return false;
	for (; *s != '\0'; s++)
		if (!isdigit((unsigned char)*s) &&
		    !(*s == '.' && isdigit((unsigned char)s[1])))
			return false;
	return true;
}

/* The number at *S, which moves behind it and its dot; huge ones are equal. */
static unsigned long
next_number(const char **s)
{
	unsigned long n = 0;

	for (; isdigit((unsigned char)**s); (*s)++)
		if (n < 1000000000)
			n = n * 10 + (unsigned long)(**s - '0');
	if (**s == '.')
		(*s)++;
	else
		*s = "";
	return n;
}

int
known_compare_versions(const char *a, const char *b)
{
	unsigned long na, nb;

	while (*a != '\0' || *b != '\0') {
		na = next_number(&a);
		nb = next_number(&b);
		if (na != nb)
			return na < nb ? -1 : 1;
	}
	return 0;
}

/* The next word, without what is quoted in it taken apart; the caller frees. */
static char *
next_word(struct cursor *cur)
{
	const char *start;
	bool quoted = false;

	skip_blanks(cur);
	start = cur->at;
	for (; cur->at < cur->end; cur->at++) {
		if (!quoted && is_blank(*cur->at))
			break;
		if (*cur->at == '"')
			quoted = !quoted;
		else if (quoted && *cur->at == '\\' && cur->at + 1 < cur->end)
			cur->at++;
	}
	return words_copy(start, (size_t)(cur->at - start));
}

/* Takes the quotes off VALUE in place: false when they are no pair around all
 * of it, or something stands behind a backslash that is neither " nor \. */
static bool
unquote(char *value)
{
	char *from = value, *to = value;

	if (*from != '"')
		return strchr(value, '"') == NULL;
	for (from++; *from != '"' && *from != '\0'; *to++ = *from++)
		if (*from == '\\') {
			from++;
			if (*from != '"' && *from != '\\')
				return false;
		}
	if (*from == '\0')
		return false;
	*to = '\0';
	return from[1] == '\0';
}

static int
check_value(const struct cursor *cur, enum known_key key, const char *value,
    struct complaint *c)
{
	if (*value == '\0')
		return refuse(cur, c, "", keys[key], "= needs a value");
	if (key == KNOWN_UNTIL && !known_is_date(value))
		return refuse(cur, c, "until=", value,
		    " is no date; it takes YYYY-MM-DD");
	if (key == KNOWN_SUITE && !is_version(value))
		return refuse(cur, c, "suite>=", value,
		    " is no version; it takes numbers and dots, like 1.2");
	if (key == KNOWN_ROLE && strcmp(value, "server") != 0 &&
	    strcmp(value, "client") != 0)
		return refuse(
		    cur, c, "role=", value, " is neither server nor client");
	return 0;
}

/* key=value, or suite>=1.2; TAKE_WORD is freed or kept. */
static int
add_key(struct known_line *line, const struct cursor *cur, char *word,
    struct complaint *c)
{
	size_t len = strcspn(word, "=>");
	const char *sign =
	    strncmp(word, "suite", len) == 0 && len == 5 ? ">=" : "=";
	enum known_key key;
	char *value;

	for (key = 0; key < KNOWN_KEYS; key++)
		if (strlen(keys[key]) == len &&
		    memcmp(word, keys[key], len) == 0)
			break;
	if (key == KNOWN_KEYS)
		return refuse(cur, c, "'", word,
		    "' is none of issue=, match=, until=, role=, profile=, "
		    "feature=, os=, suite>=; free text goes behind a #");
	if (strncmp(word + len, sign, strlen(sign)) != 0)
		return refuse(cur, c, "'", word,
		    key == KNOWN_SUITE ? "': it takes suite>=VERSION"
				       : "': a = belongs behind the key");
	if (line->value[key] != NULL)
		return refuse(cur, c, "", keys[key], "= stands there twice");
	value = word + len + strlen(sign);
	if (!unquote(value))
		return refuse(cur, c, "", keys[key],
		    "=: quotes go around the whole value, with \\\" and \\\\ "
		    "inside");
	line->value[key] = words_copy(value, strlen(value));
	return check_value(cur, key, value, c);
}

static int
take_verdict(struct known_line *line, struct cursor *cur, struct complaint *c)
{
	char *word = next_word(cur);
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (strcmp(word, verdicts[i]) == 0)
			break;
	if (i < sizeof(verdicts) / sizeof(verdicts[0]))
		line->verdict = (enum known_verdict)i;
	else
		rc = refuse(
		    cur, c, "'", word, "' is none of xfail, flaky and skip");
	free(word);
	return rc;
}

/* In WORD, as next_word() took it. */
static bool
quotes_end(const char *word)
{
	bool quoted = false;

	for (; *word != '\0'; word++)
		if (*word == '"')
			quoted = !quoted;
		else if (quoted && *word == '\\' && word[1] != '\0')
			word++;
	return !quoted;
}

static int
take_pattern(struct known_line *line, struct cursor *cur, struct complaint *c)
{
	struct complaint why;
	char file[QUOTED * 2];

	line->pattern = next_word(cur);
	if (line->pattern[0] == '\0' || line->pattern[0] == '#')
		return refuse(cur, c, "", verdicts[line->verdict],
		    " needs the id of a case, or a pattern");
	if (strchr(line->pattern, '"') != NULL)
		return refuse(cur, c, "the pattern '", line->pattern,
		    quotes_end(line->pattern)
			? "' has quotes; patterns take none"
			: "' has a quote that does not end; patterns take "
			  "none");
	if (select_check(line->pattern, &why) == 0)
		return 0;
	text_escape(file, sizeof(file), cur->file);
	return complain(
	    c, EXIT_USAGE, "%s:%u: %s", file, cur->number, why.text);
}

static void
take_note(struct known_line *line, struct cursor *cur)
{
	const char *end = cur->end;

	cur->at++;
	skip_blanks(cur);
	while (end > cur->at && is_blank(end[-1]))
		end--;
	if (end > cur->at)
		line->note = words_copy(cur->at, (size_t)(end - cur->at));
	cur->at = cur->end;
}

static int
take_keys(struct known_line *line, struct cursor *cur, struct complaint *c)
{
	char *word;
	int rc = 0;

	for (;;) {
		skip_blanks(cur);
		if (rc != 0 || cur->at == cur->end)
			return rc;
		if (*cur->at == '#') {
			take_note(line, cur);
			continue;
		}
		word = next_word(cur);
		rc = add_key(line, cur, word, c);
		free(word);
	}
}

static void
free_line(struct known_line *line)
{
	size_t i;

	free(line->pattern);
	for (i = 0; i < KNOWN_KEYS; i++)
		free(line->value[i]);
	free(line->note);
	words_free(&line->patterns);
}

static int
parse_line(struct known *k, struct cursor *cur, struct complaint *c)
{
	struct known_line line;
	int rc;

	memset(&line, 0, sizeof(line));
	line.file = cur->file;
	line.number = cur->number;
	if ((rc = take_verdict(&line, cur, c)) == 0 &&
	    (rc = take_pattern(&line, cur, c)) == 0)
		rc = take_keys(&line, cur, c);
	if (rc == 0 && line.verdict == KNOWN_SKIP &&
	    line.value[KNOWN_ISSUE] == NULL && line.note == NULL)
		rc = refuse(cur, c, "skip ", line.pattern,
		    " needs a reason: issue=..., or text behind a #");
	if (rc != 0) {
		free_line(&line);
		return rc;
	}
	k->lines = words_grow(k->lines, k->n + 1, sizeof(*k->lines));
	k->lines[k->n++] = line;
	return 0;
}

/* A comment, unless it names a version of the format that is not ours. */
static int
check_comment(const struct cursor *cur, struct complaint *c)
{
	size_t len = strlen(HEADER);
	char *word;
	int rc = 0;

	if ((size_t)(cur->end - cur->at) < len ||
	    memcmp(cur->at, HEADER, len) != 0 || cur->number != 1)
		return 0;
	word = words_copy(cur->at + len, (size_t)(cur->end - cur->at) - len);
	word[strcspn(word, " \t\r")] = '\0';
	if (strcmp(word, HEADER_VERSION) != 0)
		rc = refuse(cur, c, "the file is of format ", word,
		    "; this suite reads format " HEADER_VERSION);
	free(word);
	return rc;
}

int
known_parse(struct known *k, const char *name, const char *text, size_t len,
    struct complaint *c)
{
	const char *end = text + len, *eol;
	struct cursor cur;
	int rc = 0;

	words_add(&k->files, name);
	memset(&cur, 0, sizeof(cur));
	cur.file = k->files.v[k->files.n - 1];
	for (; rc == 0 && text < end; text = eol + 1) {
		eol = memchr(text, '\n', (size_t)(end - text));
		if (eol == NULL)
			eol = end;
		cur.at = text;
		cur.end = eol;
		cur.number++;
		skip_blanks(&cur);
		if (cur.at == cur.end)
			continue;
		if (memchr(cur.at, '\0', (size_t)(eol - cur.at)) != NULL)
			rc = refuse(
			    &cur, c, "a NUL byte; this is no text", "", "");
		else if (*cur.at == '#')
			rc = check_comment(&cur, c);
		else
			rc = parse_line(k, &cur, c);
	}
	return rc;
}

int
known_read(
    struct known *k, const char *name, bool may_lack, struct complaint *c)
{
	char *text, shown[QUOTED * 2];
	size_t len;
	FILE *f;
	int rc;

	text_escape(shown, sizeof(shown), name);
	f = fopen(name, "r");
	if (f == NULL && errno == ENOENT && may_lack)
		return known_parse(k, name, "", 0, c);
	if (f == NULL)
		return complain(c, EXIT_USAGE,
		    "cannot read the known failures in '%s': %s", shown,
		    strerror(errno));
	text = words_alloc(MOST_BYTES, 1);
	len = fread(text, 1, MOST_BYTES, f);
	if (ferror(f))
		rc = complain(c, EXIT_USAGE,
		    "cannot read the known failures in '%s': %s", shown,
		    strerror(errno));
	else if (len == MOST_BYTES)
		rc = complain(c, EXIT_USAGE,
		    "'%s' is too large for a list of known failures", shown);
	else
		rc = known_parse(k, name, text, len, c);
	fclose(f);
	free(text);
	return rc;
}

void
known_free(struct known *k)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		free_line(&k->lines[i]);
	free(k->lines);
	words_free(&k->files);
	memset(k, 0, sizeof(*k));
}
