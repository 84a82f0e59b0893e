/* client --observe -o DIR: the sessions as a capture with their keys inside. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/anytls/observe_impl.h"
#include "conformance/engine/capture_file.h"
#include "conformance/engine/child.h"
#include "conformance/engine/files.h"
#include "conformance/engine/words.h"

#define SPOOL "observed.spool"
#define CAPTURE "observed.pcapng"

/* What captures know of a case. */
struct observe_capture {
	struct t t;
	struct box box;
	struct engine engine;
	char *spool, *path;
};

static char *
in_folder(const char *folder, const char *name)
{
	size_t size = strlen(folder) + strlen(name) + 2;
	char *path = words_alloc(1, size);

	snprintf(path, size, "%s/%s", folder, name);
	return (path);
}

int
observe_capture_begin(struct observe *o, struct complaint *c)
{
	struct observe_capture *k = words_alloc(1, sizeof(*k));
	const char *folder = o->opt->output;
	int error;

	o->capture = k;
	o->t = &k->t;
	k->t.box = &k->box;
	k->t.engine = &k->engine;
	if (folder == NULL || strcmp(o->opt->capture, "none") == 0)
		return (0);
	error = files_make_folder(folder);
	if (error != 0)
		return (complain(c, EXIT_USAGE, "cannot make the folder %s: %s",
		    folder, strerror(error)));
	k->spool = in_folder(folder, SPOOL);
	k->path = in_folder(folder, CAPTURE);
	unlink(k->spool);
	k->engine.capture.path = k->spool;
	return (0);
}

/* Says what became of the capture. */
static int
write_file(const struct observe *o, int error, struct complaint *c)
{
	const struct observe_capture *k = o->capture;

	if (error == ENODATA)
		return (0);
	if (error == 0)
		error = k->box.capture_errno;
	if (error != 0)
		return (complain(c, EXIT_SUITE, "cannot write %s: %s", k->path,
		    strerror(error)));
	fprintf(o->out, "capture   %s  (%s)\n", k->path,
	    strcmp(o->opt->capture_keys, "no") == 0 ? "without keys"
						    : "keys inside");
	return (0);
}

int
observe_capture_end(struct observe *o, struct complaint *c)
{
	struct observe_capture *k = o->capture;
	struct capture_about about = { "anytls-conform",
		"sessions that anytls-conform client --observe has seen", NULL,
		0, 1 };
	int rc = 0;

	if (k == NULL)
		return (0);
	about.with_keys = strcmp(o->opt->capture_keys, "no") != 0;
	capture_end(&k->engine.capture);
	if (k->path != NULL) {
		rc = write_file(
		    o, capture_file_write(k->spool, k->path, &about), c);
		unlink(k->spool);
	}
	free(k->spool);
	free(k->path);
	free(k);
	o->capture = NULL;
	return (rc);
}
