/* check-pcap: judges the sessions of a capture file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/captured_impl.h"
#include "conformance/anytls/pack.h"
#include "conformance/engine/report.h"
#include "conformance/engine/words.h"
#include "ref/net/digest.h"
#include "ref/wire/err.h"

#define MOST_SCHEME 65535

static int
read_keylog(struct check *k, struct complaint *c)
{
	const char *path = k->opt->keylog;
	int rc;

	k->keys = keylog_new();
	if (k->keys == NULL)
		return (complain(c, EXIT_SUITE, "out of memory"));
	if (path == NULL)
		return (0);
	rc = keylog_add_file(k->keys, path);
	if (rc == ATLS_E_IO)
		return (complain(c, EXIT_USAGE,
		    "cannot read the key log %s: %s", path, strerror(errno)));
	if (rc == ATLS_E_SYNTAX)
		return (complain(c, EXIT_USAGE,
		    "%s is no key log: none of its lines is a TLS secret",
		    path));
	return (rc != 0 ? complain(c, EXIT_SUITE, "out of memory") : 0);
}

static char *
read_file(const char *path, size_t *len, struct complaint *c)
{
	FILE *f = fopen(path, "r");
	char *text;

	if (f == NULL) {
		complain(c, EXIT_USAGE, "cannot read the padding scheme %s: %s",
		    path, strerror(errno));
		return (NULL);
	}
	text = words_alloc(1, MOST_SCHEME + 1);
	*len = fread(text, 1, MOST_SCHEME, f);
	fclose(f);
	return (text);
}

static int
read_scheme(struct check *k, struct complaint *c)
{
	struct atls_bytes text = atls_bytes_str(ATLS_SCHEME_DEFAULT);
	const char *path = k->opt->padding_scheme;
	size_t len;

	if (path != NULL) {
		k->scheme_text = read_file(path, &len, c);
		if (k->scheme_text == NULL)
			return (c->code);
		text = atls_bytes(k->scheme_text, len);
		k->scheme_given = true;
		captured_scheme_add(k, text);
	}
	if (atls_scheme_parse(text, &k->scheme) != 0)
		return (complain(c, EXIT_USAGE,
		    "%s is no padding scheme: it has no usable \"stop\"",
		    path));
	return (0);
}

static int
set_up(struct check *k, char *const argv[], struct complaint *c)
{
	int rc = read_keylog(k, c);

	if (rc == 0)
		rc = read_scheme(k, c);
	if (rc == 0)
		rc = register_read(&k->reg, anytls_pack.requirements, c);
	if (rc == 0)
		rc = reports_open(
		    &k->reports, &k->opt->reports, k->opt->output, c);
	if (rc != 0)
		return (rc);
	if (k->opt->password != NULL) {
		if (digest_password(k->opt->password, k->hash) != 0)
			return (complain(c, EXIT_SUITE, "out of memory"));
		k->has_hash = true;
	}
	k->keep = k->reports.n != 0 || strcmp(k->opt->format, "tap") == 0 ||
	    reports_on_github();
	if (strcmp(k->opt->format, "jsonl") != 0)
		reports_guard(&k->guard, k->out);
	k->colour = report_wants_colour(k->opt->color, k->out);
	k->start_ms = t_now();
	captured_report_begin(k, argv);
	return (0);
}

static int
judge(struct check *k, struct complaint *c)
{
	struct reader_config cfg = { .path = k->opt->rest.v[0],
		.keys = k->keys,
		.events = &captured_events,
		.ctx = k };
	int rc = reader_run(&cfg, &k->read);

	if (rc == ATLS_E_NOMEM)
		return (complain(c, EXIT_SUITE, "out of memory"));
	/* What came before the damage has been judged, and is reported. */
	if (rc != 0)
		complain(c, EXIT_USAGE, "%s", k->read.error);
	k->results.totals.interrupted = k->read.stopped;
	return (captured_report_end(k, c));
}

int
anytls_check_pcap(const struct anytls_check *how, struct complaint *c)
{
	struct check *k = words_alloc(1, sizeof(*k));
	int rc;

	k->opt = how->opt;
	k->out = how->out;
	k->stop_fd = how->stop_fd;
	k->program = how->program;
	k->version = how->version;
	k->document = anytls_pack.document;
	k->vectors = how->vectors;
	rc = set_up(k, how->argv, c);
	if (rc == 0)
		rc = judge(k, c);
	reports_unguard(&k->guard);
	reports_free(&k->reports);
	results_free(&k->results);
	captured_schemes_free(k);
	register_free(&k->reg);
	keylog_free(k->keys);
	free(k->scheme_text);
	free(k);
	return (rc);
}
