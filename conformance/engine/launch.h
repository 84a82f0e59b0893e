/*
 * A server or client under test that the suite starts: its command, its
 * process, its log. No shell is involved.
 */
#ifndef ENGINE_LAUNCH_H
#define ENGINE_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/words.h"

/* What the placeholders of a command stand for; NULL: has no value. */
struct launch_values {
	const char *password;
	const char *cert, *key;
	const char *padding_scheme; /* a file */
	const char *fallback;       /* host:port */
	/* Where the target listens; launch_start() chooses it. {listen} of a
	 * server, {socks} of a client. */
	uint16_t port;
	/* Of a client alone; SERVER is NULL for servers. {host} and {port} are
	 * its server's. */
	const char *server, *server_host; /* "host:port", "host" */
	uint16_t server_port;
	const char *server2; /* of a second server, or NULL */
	const char *sni, *ca, *case_dir;
	const char *uri; /* all of it as a link, or NULL */
};

/* A started target. All zero: none. */
struct launch {
	pid_t pid; /* 0 once it has ended */
	uint16_t port;
	bool own_group;
	int status;   /* as of waitpid(), when it has ended */
	bool refused; /* it has ended by itself before it was ready */
	char log[512];
};

struct launch_config {
	const struct words *command; /* from launch_split() */
	struct launch_values values;
	const char *log;
	uint16_t port; /* where it listens; 0: launch_start() finds one */
	uint32_t ready_ms;
	uint32_t settle_ms; /* to wait once it accepts */
	uint32_t salt;      /* see reach_free_port() */
	bool own_group;
	const char *what;       /* for sentences; NULL: "the target" */
	const char *const *env; /* "NAME=value" up to NULL, or NULL */
};

/* Splits CMD into words: blanks separate, quotes and backslashes as in a
 * shell, no other shell syntax. 0 or 4 with a sentence (open quote, unknown
 * placeholder, no {port} and no {listen}). */
int launch_split(const char *cmd, struct words *words, struct complaint *c);
/* The same split for --shim, which has no placeholders. */
int launch_split_words(
    const char *cmd, struct words *words, struct complaint *c);
/* The same check for a client's command, which is words already: {socks} must
 * be in it. 0 or 4 with a sentence. */
int launch_check_client(const struct words *words, struct complaint *c);
/* True when some word has {NAME}. */
bool launch_has(const struct words *command, const char *name);
/* The words with their values; groups "[ ... ]" with a placeholder that has
 * none are left out. 0, or 4 with a sentence: a value is missing. */
int launch_expand(const struct words *command,
    const struct launch_values *values, struct words *out, struct complaint *c);

/* Starts it and waits until its port accepts. 0, or 6 with a sentence that has
 * what it said. Stop with launch_stop(). */
int launch_start(
    struct launch *l, const struct launch_config *cfg, struct complaint *c);
/* False when it has ended; waits up to GRACE_MS for that. */
bool launch_alive(struct launch *l, int grace_ms);
/* SIGTERM, after 2 s SIGKILL. */
void launch_stop(struct launch *l);

/* How it ended, and what a sanitizer or a runtime said about it. */
void launch_obituary(const struct launch *l, char *out, size_t size);
/* The first line of its log in which a sanitizer complains; false: none. */
bool launch_complaint(const struct launch *l, char *out, size_t size);
/* The last part of its log, malloc'ed; NULL when there is none. */
char *launch_tail(const struct launch *l);

#endif
