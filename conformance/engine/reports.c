/* Which files to write, and writing each whole or not at all. */
#include "conformance/engine/reports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/engine/results_json.h"

const struct report_kind report_kinds[] = {
	{ "json", "results.json", report_json },
	{ "jsonl", "results.jsonl", report_lines },
	{ "junit", "junit.xml", report_junit },
	{ "tap", "results.tap", report_tap },
	{ "html", "report.html", report_html },
	{ "md", "summary.md", report_markdown },
	{ "badge", "badge.json", report_badge },
	{ "sarif", "results.sarif", report_sarif },
	{ NULL, NULL, NULL },
};

void
report_json(struct results *r, FILE *f)
{
	results_json_print(results_json(r), 1, f);
}

static const struct report_kind *
find_kind(const char *name, size_t len)
{
	const struct report_kind *k;

	for (k = report_kinds; k->name != NULL; k++)
		if (strlen(k->name) == len && memcmp(k->name, name, len) == 0)
			return k;
	return NULL;
}

static int
unknown_kind(const char *spec, struct complaint *c)
{
	const struct report_kind *k;
	char names[256] = "";
	size_t n = 0;

	for (k = report_kinds; k->name != NULL; k++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s",
		    n != 0 ? ", " : "", k->name);
	return complain(c, EXIT_USAGE,
	    "--report: '%s' is no KIND=PATH with a kind of %s", spec, names);
}

static int
add(struct reports *reports, const struct report_kind *kind, const char *path,
    struct complaint *c)
{
	size_t i;

	for (i = 0; i < reports->n; i++)
		if (strcmp(reports->v[i].path, path) == 0)
			return complain(c, EXIT_USAGE,
			    "two reports go to the same file, %s", path);
	reports->v =
	    words_grow(reports->v, reports->n + 1, sizeof(*reports->v));
	reports->v[reports->n++] =
	    (struct reports_file){ kind, words_copy(path, strlen(path)) };
	return 0;
}

static int
add_spec(struct reports *reports, const char *spec, struct complaint *c)
{
	const char *path = strchr(spec, '=');
	const struct report_kind *kind;

	kind = path != NULL ? find_kind(spec, (size_t)(path - spec)) : NULL;
	if (kind == NULL)
		return unknown_kind(spec, c);
	if (path[1] == '\0')
		return complain(
		    c, EXIT_USAGE, "--report: '%s' names no file", spec);
	if (strcmp(path + 1, "-") == 0)
		return complain(c, EXIT_USAGE,
		    "--report: '-' names no file; /dev/stdout does, and "
		    "--format says what else goes there");
	return add(reports, kind, path + 1, c);
}

/* A pipe or a device, like /dev/stdout: written as it is, never replaced. */
static bool
is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) &&
	    !S_ISDIR(st.st_mode);
}

/* A name beside PATH that is nobody else's; to be freed. */
static char *
temporary(const char *path)
{
	size_t size = strlen(path) + 32;
	char *tmp = words_alloc(size, 1);

	snprintf(tmp, size, "%s.%ld.tmp", path, (long)getpid());
	return tmp;
}

static int
cannot_write(const char *path, int error, struct complaint *c)
{
	return complain(c, EXIT_SUITE, "the report %s cannot be written: %s",
	    path, strerror(error));
}

static int
try_file(const char *path, struct complaint *c)
{
	struct stat st;
	char *tmp;
	FILE *f;
	int error = 0;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return cannot_write(path, EISDIR, c);
	if (is_special(path))
		return access(path, W_OK) < 0 ? cannot_write(path, errno, c)
					      : 0;
	tmp = temporary(path);
	f = fopen(tmp, "w");
	if (f == NULL)
		error = errno;
	else
		fclose(f);
	unlink(tmp);
	free(tmp);
	return error != 0 ? cannot_write(path, error, c) : 0;
}

/* DIR and those above it. */
static int
make_dirs(const char *dir, struct complaint *c)
{
	char *path = words_copy(dir, strlen(dir)), *p = path;
	struct stat st;
	int rc = 0;

	do {
		p = strchr(p + 1, '/');
		if (p != NULL)
			*p = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			rc = complain(c, EXIT_SUITE,
			    "cannot make the folder %s: %s", path,
			    strerror(errno));
		if (p != NULL)
			*p = '/';
	} while (p != NULL && rc == 0);
	free(path);
	if (rc == 0 && (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)))
		return complain(c, EXIT_SUITE, "%s is no folder", dir);
	return rc;
}

static int
add_dir(struct reports *reports, const char *dir, struct complaint *c)
{
	const struct report_kind *k;
	size_t len = strlen(dir), size;
	char *path;
	int rc;

	rc = make_dirs(dir, c);
	for (k = report_kinds; rc == 0 && k->name != NULL; k++) {
		size = len + strlen(k->file) + 2;
		path = words_alloc(size, 1);
		snprintf(path, size, "%s%s%s", dir,
		    dir[len - 1] != '/' ? "/" : "", k->file);
		rc = add(reports, k, path, c);
		free(path);
	}
	return rc;
}

int
reports_open(struct reports *reports, const struct words *specs,
    const char *dir, struct complaint *c)
{
	size_t i;
	int rc = 0;

	memset(reports, 0, sizeof(*reports));
	for (i = 0; rc == 0 && i < specs->n; i++)
		rc = add_spec(reports, specs->v[i], c);
	if (rc == 0 && dir != NULL)
		rc = add_dir(reports, dir, c);
	for (i = 0; rc == 0 && i < reports->n; i++)
		rc = try_file(reports->v[i].path, c);
	return rc;
}

static int
write_file(
    const struct reports_file *file, struct results *r, struct complaint *c)
{
	bool special = is_special(file->path);
	char *tmp = temporary(file->path);
	FILE *f = fopen(special ? file->path : tmp, "w");
	int error = 0;

	if (f == NULL) {
		error = errno;
	} else {
		file->kind->write(r, f);
		if (fflush(f) != 0 || ferror(f) ||
		    (!special && fsync(fileno(f)) < 0))
			error = errno != 0 ? errno : EIO;
		if (fclose(f) != 0 && error == 0)
			error = errno;
		if (error == 0 && !special && rename(tmp, file->path) < 0)
			error = errno;
		if (error != 0 && !special)
			unlink(tmp);
	}
	free(tmp);
	return error != 0 ? cannot_write(file->path, error, c) : 0;
}

int
reports_write(
    const struct reports *reports, struct results *r, struct complaint *c)
{
	struct complaint other;
	size_t i;
	int rc = 0;

	for (i = 0; i < reports->n; i++)
		if (write_file(&reports->v[i], r, rc == 0 ? c : &other) != 0)
			rc = EXIT_SUITE;
	return rc;
}

void
reports_free(struct reports *reports)
{
	size_t i;

	for (i = 0; i < reports->n; i++)
		free(reports->v[i].path);
	free(reports->v);
	memset(reports, 0, sizeof(*reports));
}
