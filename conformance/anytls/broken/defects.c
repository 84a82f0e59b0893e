/* Reads the table of broken peers. */
#include "conformance/anytls/broken/defects.h"

#include <stddef.h>
#include <string.h>

/* Copies the column at *P, which ends with a tab or the line; "-" is empty.
 * False when it is missing or too long. */
static bool
take_column(const char **p, const char *end, char *out, size_t size)
{
	size_t len;

	if (*p > end)
		return (false);
	len = strcspn(*p, "\t\n");
	if (len >= size)
		return (false);
	memcpy(out, *p, len);
	out[len] = '\0';
	if (strcmp(out, "-") == 0)
		out[0] = '\0';
	*p += len + 1;
	return (true);
}

static void
read_line(const char *p, const char *end, struct defect *d)
{
	bool ok;

	memset(d, 0, sizeof(*d));
	ok = take_column(&p, end, d->name, sizeof(d->name)) &&
	    take_column(&p, end, d->profile, sizeof(d->profile)) &&
	    take_column(&p, end, d->policy, sizeof(d->policy)) &&
	    take_column(&p, end, d->rules, sizeof(d->rules)) &&
	    take_column(&p, end, d->imitates, sizeof(d->imitates)) &&
	    take_column(&p, end, d->text, sizeof(d->text));
	if (!ok)
		d->name[0] = '\0';
}

bool
defects_next(const char **tsv, struct defect *d)
{
	while (**tsv != '\0') {
		const char *line = *tsv;
		size_t len = strcspn(line, "\n");

		*tsv += len + (line[len] == '\n' ? 1 : 0);
		if (len == 0 || line[0] == '#' ||
		    strncmp(line, "name\t", 5) == 0)
			continue;
		read_line(line, line + len, d);
		return (true);
	}
	return (false);
}

bool
defects_find(const char *tsv, const char *name, struct defect *d)
{
	while (defects_next(&tsv, d)) {
		if (d->name[0] != '\0' && strcmp(d->name, name) == 0)
			return (true);
	}
	return (false);
}
