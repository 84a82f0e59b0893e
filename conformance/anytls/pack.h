/* The AnyTLS pack, and the state it keeps for one case. */
#ifndef ANYTLS_PACK_H
#define ANYTLS_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/options.h"
#include "conformance/engine/test.h"
#include "ref/wire/bytes.h"
#include "ref/wire/settings.h"

extern const struct pack anytls_pack;        /* judges servers */
extern const struct pack anytls_client_pack; /* judges clients */
extern const struct pack anytls_all_packs;   /* both, to list */

/* "list --profiles". */
void anytls_list_profiles(FILE *out);

/*
 * client --observe: listens at --listen for whoever comes, and judges what is
 * seen by the rules of passive.h, until STOP_FD can be read or --seconds are
 * over. The exit code; a sentence in C where it could not begin.
 */
int anytls_observe(
    const struct options *opt, FILE *out, int stop_fd, struct complaint *c);

struct anytls_check {
	const struct options *opt; /* REST: the file */
	char *const *argv;
	FILE *out;
	int stop_fd; /* as above */
	const char *program, *version;
	const char *vectors; /* their hash */
};

/*
 * check-pcap: judges the sessions of a capture by the same rules. The exit
 * code; a sentence in C where the file, or a part of it, could not be judged.
 */
int anytls_check_pcap(const struct anytls_check *how, struct complaint *c);

/*
 * replay: sends the tester's side of the recording opt->rest.v[0] to the target
 * of OPT, and writes to OUT what comes otherwise than then. The exit code: 0
 * the same, 1 it differs, EXIT_USAGE (no recording), EXIT_UNUSABLE; the latter
 * with a sentence in C.
 */
int anytls_replay(const struct options *opt, FILE *out, struct complaint *c);

struct tls_ctx;
struct peer;

struct state {
	struct tls_ctx *tls;        /* made by the first dial or accept */
	struct client_side *client; /* when a client is judged */
	struct peer *peers;         /* all connections of the case */
	bool after; /* the case is over, its target is looked at */
	struct t *t;
	uint16_t run_port; /* of the run's target, whose md5 was probed */
	char md5[ATLS_MD5_HEX + 1];
	uint16_t md5_port; /* the target MD5 and SCHEME are of; 0: none yet */
	struct atls_bytes scheme; /* p NULL: not fetched */
	bool no_heart; /* the target has left a heartbeat unanswered */
};

static inline struct state *
pack_state(struct t *t)
{
	return (t->pack);
}

/* Ends the case as t_fail(), or, when it is only looked at whether the target
 * still serves, as a crash. */
_Noreturn void pack_fail(struct t *t, const char *expected, const char *actual,
    ...) __attribute__((format(printf, 3, 4)));

/* Hooks of the pack; see struct pack. */
void pack_begin(struct t *t);
void pack_alive(struct t *t);
void client_begin(struct t *t);
void client_alive(struct t *t);

extern const struct tcase probe_sanity;
#define PROBE_NCASES 7
extern const struct tcase probe_cases[PROBE_NCASES];

extern const struct tcase client_sanity;
#define CLIENT_NPROBES 2
extern const struct tcase client_probes[CLIENT_NPROBES];

#endif
