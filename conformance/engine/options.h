/*
 * The options: one table that the parser, the help text, the environment and
 * the replay command are made from.
 */
#ifndef ENGINE_OPTIONS_H
#define ENGINE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/select.h"
#include "conformance/engine/words.h"

enum option_kind {
	OPT_FLAG,
	OPT_TEXT,
	OPT_WORDS,    /* repeatable; commas separate in the environment */
	OPT_CHOICE,   /* one of the words in ARG, apart by | */
	OPT_DURATION, /* uint32_t milliseconds */
	OPT_COUNT,    /* unsigned, from 1 */
	OPT_FACTOR,   /* double, above 0 */
	OPT_SEED,     /* uint64_t, hexadecimal */
	OPT_MORE      /* unsigned, one more each time */
};

/* What an option is valid for. */
#define FOR_RUN 1u
#define FOR_LIST 2u
#define FOR_EXPLAIN 4u
#define FOR_COVERAGE 8u
#define FOR_CLIENT 16u
/* Bits 5 to 7 are taken below. */
#define FOR_PCAP 256u
#define FOR_REPLAYED 512u
/* Of result files. */
#define FOR_DIFF 1024u
#define FOR_MERGE 2048u
#define FOR_MATRIX 4096u
#define FOR_ALL                                                                \
	(31u | FOR_PCAP | FOR_REPLAYED | FOR_DIFF | FOR_MERGE | FOR_MATRIX)
/* It belongs into a command that repeats one case. */
#define FOR_REPLAY 32u
/* Never printed. */
#define IS_SECRET 64u

struct option_row {
	const char *name;
	char key; /* short option, or 0 */
	enum option_kind kind;
	size_t offset; /* into struct options */
	unsigned flags;
	const char *arg; /* NULL for flags */
	const char *help;
};

#define OPTIONS_MAX 80

/* Where a value comes from. */
#define OPT_FROM_DEFAULT 0
#define OPT_FROM_CONFIG 1
#define OPT_FROM_ENV 2
#define OPT_FROM_ARGV 3

struct options {
	const char *target, *sut, *password, *password_file;
	const char *sni, *ca, *profile;
	bool insecure;
	struct words features;
	uint32_t ready_timeout_ms, settle_ms;
	const char *origin_bind, *origin_advertise;
	struct words run, skip, reqs;
	const char *level;
	struct words tags;
	const char *shard_text; /* "2/5" */
	unsigned shard, nshards;
	struct words known_failures; /* files */
	bool update_known;
	bool strict, fail_fast;
	unsigned max_fail;
	uint32_t timeout_ms, deadline_ms;
	double time_scale;
	unsigned jobs; /* 0: by what the start of a client costs */
	bool serial;
	uint64_t seed;
	unsigned repeat, retries;
	bool shuffle, until_fail;
	const char *flaky_result, *no_tests; /* pass, fail */
	const char *pause_before;
	const char *config, *completion, *manual;
	const char *format, *color, *keylog, *no_fork;
	struct words reports; /* KIND=PATH */
	const char *output, *sarif_anchor, *rerun_failed;
	const char *table;        /* of matrix: text, md, html, json */
	const char *capture;      /* fail, all, none; NULL: none */
	const char *capture_keys; /* TLS secrets go into captures: yes, no */
	unsigned verbose;
	bool quiet, list, dry_run, json, check, help, version;

	/* "client" only. */
	const char *proxy; /* socks5, http, auto */
	const char *shim;
	bool observe; /* only listen, on LISTEN, for SECONDS (0: until
			 interrupted) */
	const char *listen;
	unsigned seconds;
	struct words client; /* the command, behind "--" */
	/* "check-pcap" only. */
	unsigned port; /* of servers; 0: any */
	const char *padding_scheme;
	bool keyless;

	bool profiles; /* "list": impersonations instead of cases */

	unsigned command;                /* FOR_RUN, FOR_LIST, ... */
	struct words rest;               /* positional arguments */
	unsigned char from[OPTIONS_MAX]; /* by row of the table: OPT_FROM_... */
	char *owned;                     /* the password read from a file */
	struct words config_words;       /* values of the --config file */
	FILE *notes; /* notices go there; NULL: nowhere. For main() to set */
};

/* The table ends with a row without a name. */
extern const struct option_row options_table[];

/*
 * Reads the --config file, the environment (names by options_env_name()) and
 * ARGV: the later wins.
 * The first argument may be a subcommand. Strings borrow from both. 0, or 4
 * with a sentence. Free with options_free() in any case.
 */
int options_parse(
    struct options *o, int argc, char *const argv[], struct complaint *c);
/* What options_parse() cannot see from one option alone: a target for a run, a
 * password, options that exclude each other; reads --password-file. */
int options_check(struct options *o, struct complaint *c);
void options_free(struct options *o);

/*
 * Sets one option as if WHERE ("--jobs", "f.conf:3: jobs") gave it VALUE, which
 * is borrowed: for flags yes or no. What FROM a lower rank has set is replaced,
 * lists too. 0, or 4 with a sentence.
 */
int options_set(struct options *o, const struct option_row *row, int from,
    const char *value, const char *where, struct complaint *c);
/* Reads the file that ANYTLS_CONFIG or --config names, if there is one. */
int options_config(
    struct options *o, int argc, char *const argv[], struct complaint *c);

/* "ANYTLS_READY_TIMEOUT" for "ready-timeout". */
void options_env_name(const char *name, char *out, size_t size);
/* "2s", "1.5m", "300ms": milliseconds; false without unit or beyond a week. */
bool options_duration(const char *s, uint32_t *ms);

/* S in lines of at most 78 columns, each from COLUMN on, where the first one
 * begins. */
void options_wrap(FILE *f, const char *s, size_t column);
/* The options part of --help. */
void options_help(FILE *f);
/* " --target x --password '***'": what a replay needs of what was given. */
void options_replay(const struct options *o, FILE *f);

#endif
