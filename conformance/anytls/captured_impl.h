/* Private to captured*.c: sessions of a capture that are judged. */
#ifndef ANYTLS_CAPTURED_IMPL_H
#define ANYTLS_CAPTURED_IMPL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "conformance/anytls/passive.h"
#include "conformance/engine/options.h"
#include "conformance/engine/register.h"
#include "conformance/engine/reports.h"
#include "conformance/engine/results.h"
#include "pcap/reader.h"
#include "ref/wire/auth.h"
#include "ref/wire/scheme.h"

#define CAPTURED_HEAD 24
#define CAPTURED_FRAMES 16 /* shown before a finding */
#define CAPTURED_RECORDS 8 /* of the client's first records */
#define CAPTURED_NOTES 8
#define CAPTURED_NOTE 320

/* A frame that was seen, as far as a transcript needs it. */
struct captured_frame {
	struct mark at;
	uint32_t sid;
	uint16_t len;
	uint8_t cmd;
	bool from_client;
	uint8_t head[CAPTURED_HEAD]; /* of its data, but for PSH and waste */
};

struct captured_finding {
	const struct requirement *req;
	enum status status;
	char *text;
	struct mark at;
	struct captured_frame frames[CAPTURED_FRAMES];
	size_t nframes;
	uint64_t before; /* frames that are not kept */
};

enum captured_state {
	CAPTURED_NEW,    /* nothing of the application yet */
	CAPTURED_JUDGED, /* by its frames */
	CAPTURED_SIZES,  /* stays closed: by its sizes */
	CAPTURED_ALIEN   /* no AnyTLS session, or none that is looked at */
};

/* A session of the capture. */
struct captured {
	struct check *k;
	struct reader_conn *conn;
	enum captured_state state;
	struct passive *rules; /* when judged */
	/* Why it is not judged, or not to its end: a class, "" when it is. */
	char skip[12];
	char why[CAPTURED_NOTE];
	bool closed_by_keys; /* WHY is about keys */
	struct captured_finding *findings;
	size_t nfindings;
	struct captured_frame ring[CAPTURED_FRAMES];
	uint64_t nframes;
	uint64_t server_bytes;            /* of plaintext */
	uint32_t sizes[CAPTURED_RECORDS]; /* of closed records, on the wire */
	size_t nsizes;
	char notes[CAPTURED_NOTES][CAPTURED_NOTE];
	size_t nnotes;
};

/* A padding scheme that was seen or given. */
struct captured_scheme {
	struct captured_scheme *next;
	char md5[33];
	size_t len;
	char text[];
};

/* What sessions with one server tell of its scheme. */
struct captured_server {
	struct captured_server *next;
	struct endpoint at;
	char md5[33]; /* "": not known */
	bool sent;    /* it was sent; else a client's was accepted */
	uint64_t session;
};

/* Servers that are remembered; for more, nothing is compared. */
#define CAPTURED_SERVERS 256

struct check {
	const struct options *opt;
	FILE *out;
	int stop_fd;
	const char *program, *version, *document, *vectors;
	struct reg reg;
	struct keylog *keys;
	uint8_t hash[ATLS_AUTH_HASH];
	bool has_hash;
	struct results results;
	struct results one; /* the session being reported, when not kept */
	struct reports reports;
	struct reports_guard guard;
	bool keep; /* for files of reports */
	bool colour;
	struct reader_result read;
	struct captured_scheme *schemes;
	struct captured_server *servers;
	size_t nservers;
	/* The scheme that sizes are compared with, and whether it was given. */
	struct atls_scheme scheme;
	char *scheme_text;
	bool scheme_given;
	uint64_t ntls, njudged, nclosed, nalien, nmiddle, nnot_tls, nother;
	uint64_t npassword, nholes;
	uint64_t start_ms;
	bool progress_shown;
};

/* One session, captured_session.c. The events of the reader. */
extern const struct reader_events captured_events;

/* What broken sizes and directions alone tell of a session whose records stay
 * closed; captured_sizes.c. True when it may be an AnyTLS session. Adds notes,
 * and a finding when the scheme was given. */
bool captured_sizes_judge(struct captured *s);

/* Adds a finding about requirement ID, at the packet AT. */
void captured_found(
    struct captured *s, const char *id, const char *text, struct mark at);
__attribute__((format(printf, 2, 3))) void captured_note(
    struct captured *s, const char *fmt, ...);

/* Schemes and servers, captured_schemes.c. */
void captured_scheme_add(struct check *k, struct atls_bytes text);
bool captured_scheme_find(
    void *session, struct atls_bytes md5, struct atls_bytes *text);
/* Compares a session that has ended with others of its server: AT-PD-02. */
void captured_scheme_compare(struct captured *s);
void captured_schemes_free(struct check *k);

/* Reports, captured_report.c. */
void captured_report_begin(struct check *k, char *const argv[]);
void captured_report_session(struct captured *s);
void captured_report_alien(struct captured *s);
int captured_report_end(struct check *k, struct complaint *c);

#endif
