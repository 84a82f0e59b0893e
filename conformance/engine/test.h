/*
 * What the engine and a pack of cases know of each other. The engine knows no
 * protocol: it plans, forks one process per case, gives each a shared verdict
 * box, and reports. A pack brings cases, a requirement register, and checks
 * that the target is usable.
 */
#ifndef ENGINE_TEST_H
#define ENGINE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct t;

/* A case: one row of a static table at the foot of its file. */
struct tcase {
	const char *id;   /* permanent: "server/settings/syn-first" */
	const char *reqs; /* requirement ids, comma separated; the first is the
			     one whose level and basis a failure has */
	void (*run)(struct t *t);
	const void *arg; /* table-driven cases read it as t->arg */
	/* Features the target or the run must have, comma separated; "!name"
	 * must be absent, "name=value" must have just that value. A missing
	 * one makes the case a counted skip. The run itself has: "managed"
	 * (started by --sut), "own-padding-scheme" and "own-fallback" (the
	 * --sut command has that placeholder). */
	const char *needs;
	unsigned budget_ms; /* whole case; 0: the default, 15 s */
	unsigned flags;     /* CASE_... */
	unsigned questions; /* that it answers by statistics, at most */
};

#define CASE_SERIAL 1u    /* alone, after the concurrent ones */
#define CASE_DANGEROUS 2u /* may kill the target: alone, at the very end */

struct suite {
	const char *name;
	const struct tcase *cases;
	size_t ncases;
};

#define SUITE(text, table)                                                     \
	{                                                                      \
		(text), (table), sizeof(table) / sizeof((table)[0])            \
	}

/* Statuses of the contract; the order is that of the summary line. */
enum status {
	ST_PASS,
	ST_FAIL,  /* text MUST */
	ST_CRASH, /* the target died or no longer answers */
	ST_WARN,  /* text SHOULD, and findings of basis reference or safety */
	ST_INFO,  /* MAY: an observation that differs */
	ST_XFAIL, /* a known failure */
	ST_XPASS, /* a known failure that passed */
	ST_FLAKY, /* a failure that a list allows, or gone when tried again */
	ST_UNDETERMINED, /* statistics: too few samples to say */
	ST_SKIP,
	ST_BLOCKED,
	ST_ERROR, /* the suite or its surroundings, not the target */
	ST_COUNT
};

/* A row of the register. All strings borrow from the pack's text. */
struct requirement {
	const char *id;
	const char *role;    /* client, server, both */
	const char *level;   /* MUST, SHOULD, MAY */
	const char *basis;   /* text, reference, safety */
	const char *version; /* of the document that has it: 1, 2, 3, uot */
	const char *quote;
	const char *disposition; /* "case", or why there is none */
};

/* The target, as a case sees it. */
struct target {
	const char *host; /* numeric address to connect to */
	uint16_t port;
	const char *password;
	const char *sni; /* NULL: none */
};

/*
 * The case context. Cases use the verbs of their pack; the fields here are for
 * the pack's verbs.
 */
struct t {
	const struct tcase *tc;
	const void *arg;
	struct target target;
	const char *origin_bind; /* address origins listen on */
	const char *origin_host; /* what the target is told to dial */
	uint16_t echo_port;      /* the run's TCP echo origin, on both */
	const char *ca;          /* --ca: PEM file to judge the certificate by;
				    NULL: the certificate is not judged */
	/* Certificate and key, PEM files, of servers that the suite plays when
	 * clients are tested; else NULL. */
	const char *cert_file, *key_file;
	const char *proxy;   /* --proxy */
	const char *keylog;  /* --keylog; see t_keylog() */
	uint32_t timeout_ms; /* one wait, scaled (--timeout, --time-scale) */
	double time_scale;
	uint64_t start_ms; /* monotonic, of the case */
	uint64_t rng;      /* seeded per case from --seed and the id */
	void *pack;        /* the pack's own state of this case */
	struct box *box;
	struct engine *engine;
	jmp_buf leave;
};

/* What a case may say; all of them record in the box. */

/* Ends the case as a violation of its first requirement. EXPECTED and the
 * formatted ACTUAL are what the report prints. */
_Noreturn void t_fail(struct t *t, const char *expected, const char *actual,
    ...) __attribute__((format(printf, 3, 4)));
/* Ends it: the target died or stopped answering. */
_Noreturn void t_crash(struct t *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Ends it: not applicable here; CLASS is "feature" or "origin". Verdicts given
 * while the case is already ending (in cleanups) are ignored. */
_Noreturn void t_skip(struct t *t, const char *class, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends it: a question for statistics was not answered; ACTUAL says what was
 * missing. Never a pass. */
_Noreturn void t_undetermined(struct t *t, const char *expected,
    const char *actual, ...) __attribute__((format(printf, 3, 4)));
/*
 * The probability with which the case may condemn a target that behaves by the
 * answer to its next statistical question: an equal share (Bonferroni) of the
 * run's budget. The share counts as spent. A case asks no more questions than
 * its row says.
 */
double t_question(struct t *t);
/* The same share, and nothing is spent: to choose how many samples to take. */
double t_question_share(const struct t *t);
/* Ends it: our own mistake or surroundings. */
_Noreturn void t_error(struct t *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Goes on; the observation is printed and reported with the case. */
void t_observe(struct t *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds a line to the transcript (frames, records, socket events). */
void t_log(struct t *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
struct box_sample;
/* Adds a sample to the report's plot; the first 256 are kept. */
void t_sample(struct t *t, const struct box_sample *sample);
/* The number that the next line of the transcript has, from 1. */
uint32_t t_next_line(const struct t *t);
/* What the running verb waits for the peer to do: kept for cases that are
 * killed at their budget, which fail with it. t_step(t, "%s", "") says that
 * the peer is not waited for; a case killed then is an error of the suite. */
void t_step(struct t *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Marks the latest bytes from the peer, for the report's hexdump. */
void t_bytes(struct t *t, const void *p, size_t len);
/* What they are, for the pack's fields(): a FORM of its own, of which the first
 * LEAD bytes belong to what came before. t_bytes() sets both to 0. */
void t_bytes_are(struct t *t, uint32_t form, uint32_t lead);
/* Of the bytes of t_bytes(), those are secret. */
void t_bytes_hide(struct t *t, size_t from, size_t len);
/* Probe cases: says that feature NAME is there (VALUE NULL), or its value: any
 * text, all of a probe's up to 16 KB. What the user said with --feature or
 * --profile stands; a probe that finds otherwise is noted in the report. */
void t_feature(struct t *t, const char *name, const char *value);
/* Value of a feature of the run ("" when there without one), or NULL. The
 * forced profile is feature "profile"; for --profile auto a probe sets it. */
const char *t_feature_value(const struct t *t, const char *name);

/* Appends LINE (no newline) to the --keylog file in one write, and to the
 * capture; nothing without either. Never ends the case: safe in an OpenSSL
 * callback. */
void t_keylog(struct t *t, const char *line);

/* Zeroed memory that lives as long as the case; never NULL (t_error instead).
 */
void *t_alloc(struct t *t, size_t len);
char *t_printf(struct t *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Calls FN(ARG) when the case ends, however it ends, latest first. */
void t_cleanup(struct t *t, void (*fn)(void *), void *arg);

/* A port for a socket of the case that no case of the run has had; see
 * ports_next(). */
uint16_t t_port(struct t *t);

/* A TLS handshake took MS beyond what the network takes. On a busy machine the
 * case's clock is stretched by that, and with it those of others. */
void t_took(struct t *t, uint64_t ms);
/* Stretches the clock as others find it right just now; who sets a deadline
 * calls it. */
void t_keep_pace(struct t *t);

uint64_t t_now(void);           /* monotonic milliseconds */
uint64_t t_random(struct t *t); /* 64 bits, reproducible by --seed */
/* The absolute deadline MS (unscaled) from now, times --time-scale. */
uint64_t t_deadline(const struct t *t, uint32_t ms);

/*
 * A target of one's own, started from the --sut command with these settings,
 * ready when the call returns; later dials of the case go there, and it is
 * stopped with the case. Without --sut, or when the command lacks the
 * placeholder that a setting needs, the case is skipped (feature). A target
 * that does not start is an error, one that died when the case ends a crash.
 */
struct own_target {
	const char *padding_scheme; /* text; {padding_scheme} names its file */
	const char *fallback;       /* host:port; {fallback} */
	/* It may end instead of starting, though not by a crash: then dials go
	 * to the run's target as before, and t_own_target_alive() is false. */
	bool may_refuse;
};
void t_own_target(struct t *t, const struct own_target *own);
/* True while the target started by t_own_target() runs. */
bool t_own_target_alive(struct t *t);

/*
 * The client under test, started by the command of the run with these values;
 * its local proxy accepts when the call returns. It is stopped with the case;
 * one that has ended by then is a crash. Once per case.
 */
struct own_client {
	const char *host; /* of servers of the case */
	uint16_t port;    /* {server}, {host}, {port} */
	uint16_t port2;   /* {server2} */
	const char *uri;  /* {uri}, or NULL */
	const char *sni;  /* {sni}; NULL: that of the run */
};
void t_own_client(struct t *t, const struct own_client *own);
/* The port of its local proxy on 127.0.0.1; 0 when none was started. */
uint16_t t_own_client_port(const struct t *t);
/* True when it runs; waits up to GRACE_MS for its end. */
bool t_own_client_alive(struct t *t, int grace_ms);
/* True when its output so far has TEXT. */
bool t_own_client_said(struct t *t, const char *text);

/* Bytes for a report, and a part of them. */
struct pack_bytes {
	const uint8_t *p;
	size_t len;
	uint32_t form, lead; /* as t_bytes_are() had them */
};

struct pack_field {
	uint32_t at, len;
	char text[64]; /* "cmd=FIN" */
};

/* A pack: one table that main.c lists. */
struct pack {
	const char *name;
	bool client; /* targets are clients, and each case starts one */
	const char *document; /* what is tested, with its revision */
	const struct suite *const *suites; /* ends with NULL */
	const char *requirements;          /* text of requirements.tsv */
	const char *aliases; /* text of aliases.tsv: see alias.h; or NULL */
	const char *peers;   /* text of peers.tsv: see peers.h; or NULL */
	/* Sanity: run first and last; failing means the target is unusable,
	 * and its ACTUAL is the sentence that says why ("the TLS handshake
	 * failed: ..."), printed behind the target's address. Its budget is 4 s
	 * unless it says otherwise. Its requirements may be NULL, as may the
	 * probes'. */
	const struct tcase *sanity;
	/* They call t_feature(). The first runs alone and the others, at once,
	 * see what it found. One that ends in anything but a pass or a skip is
	 * an error: what a target lacks is a finding, not a failure. */
	const struct tcase *probes;
	size_t nprobes;
	/* Called in the case's process: before run; and after a pass of a case
	 * (not of sanity and probes), when it must t_crash() if the target no
	 * longer serves. */
	void (*begin)(struct t *t);
	void (*alive)(struct t *t);
	/* Text of {padding_scheme} in a --sut command when the case gives none;
	 * NULL: it has no value then. */
	const char *padding_scheme;
	/* Optional: what is as good as PASSWORD for who has it (a hash that is
	 * sent in its place), at most SIZE bytes into OUT. Their number. */
	size_t (*secret)(const char *password, uint8_t *out, size_t size);
	/* Optional: names the parts of B, at most MAX into OUT, in order and
	 * without gaps; their number. Runs in the reporting process. */
	size_t (*fields)(
	    const struct pack_bytes *b, struct pack_field *out, size_t max);
};

#endif
