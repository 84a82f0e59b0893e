/* The AnyTLS pack: its suites, and the hooks around every case. */
#include "conformance/anytls/pack.h"

#include <stdio.h>

#include "conformance/anytls/fields.h"
#include "conformance/anytls/frames.h"
#include "conformance/anytls/verbs.h"
#include "ref/net/digest.h"
#include "ref/wire/auth.h"

/* One for each file in cases/, in the order of reports. */
#define SUITES(X)                                                              \
	X(srv_auth)                                                            \
	X(srv_framing)                                                         \
	X(srv_commands)                                                        \
	X(srv_settings)                                                        \
	X(srv_version)                                                         \
	X(srv_fallback)                                                        \
	X(srv_scheme)                                                          \
	X(srv_stream)                                                          \
	X(srv_address)                                                         \
	X(srv_data)                                                            \
	X(srv_fin)                                                             \
	X(srv_waste)                                                           \
	X(srv_heart)                                                           \
	X(srv_alert)                                                           \
	X(srv_uot)                                                             \
	X(srv_session)                                                         \
	X(srv_v3)

#define DECLARE(name) extern const struct suite suite_##name;
SUITES(DECLARE)

/* The same for clients. */
#define CLIENT_SUITES(X)                                                       \
	X(cli_auth)                                                            \
	X(cli_flight)                                                          \
	X(cli_settings)                                                        \
	X(cli_padding)                                                         \
	X(cli_random)                                                          \
	X(cli_tls)                                                             \
	X(cli_uri)                                                             \
	X(cli_oracle)                                                          \
	X(cli_shim)                                                            \
	X(cli_shape)                                                           \
	X(cli_scheme)                                                          \
	X(cli_version)                                                         \
	X(cli_reuse)                                                           \
	X(cli_idle)                                                            \
	X(cli_stream)                                                          \
	X(cli_synack)                                                          \
	X(cli_data)                                                            \
	X(cli_fin)                                                             \
	X(cli_heart)                                                           \
	X(cli_alert)                                                           \
	X(cli_framing)                                                         \
	X(cli_uot)                                                             \
	X(cli_session)

CLIENT_SUITES(DECLARE)
#undef DECLARE

#define LIST(name) &suite_##name,
static const struct suite *const suites[] = { SUITES(LIST) NULL };
static const struct suite *const client_suites[] = { CLIENT_SUITES(LIST) NULL };
static const struct suite *const all_suites[] = { SUITES(LIST)
	    CLIENT_SUITES(LIST) NULL };
#undef LIST

extern const char requirements_tsv[];
extern const char aliases_tsv[];
extern const char peers_tsv[];

static void
state_free(void *arg)
{
	struct state *st = arg;

	tls_ctx_free(st->tls);
}

void
pack_begin(struct t *t)
{
	struct state *st = t_alloc(t, sizeof(*st));

	memset(st, 0, sizeof(*st));
	st->t = t;
	st->run_port = t->target.port;
	t->pack = st;
	t_cleanup(t, state_free, st);
}

/* What the target did not answer before any case, it need not after one; and
 * the single-stream dialect has no stream to spare. */
static bool
can_ask(struct t *t)
{
	return (t_feature_value(t, "heartbeat") != NULL ||
	    (t_feature_value(t, "echo") != NULL && target_version(t) < 3));
}

void
pack_alive(struct t *t)
{
	struct state *st = pack_state(t);
	struct peer *p;

	st->after = true;
	t_log(t, "after the case: does the target still serve?");
	p = dial_auth(t);
	if (!can_ask(t))
		return;
	tell(p, settings(settings_text(t, "2", ATLS_SCHEME_DEFAULT_MD5)));
	barrier(p);
}

/* The hash that authenticates: who has it needs no password. */
static size_t
secret(const char *password, uint8_t *out, size_t size)
{
	uint8_t hash[ATLS_AUTH_HASH];

	if (size < sizeof(hash) || digest_password(password, hash) != 0)
		return (0);
	memcpy(out, hash, sizeof(hash));
	return (sizeof(hash));
}

#define DOCUMENT                                                               \
	"AnyTLS protocol, versions 1 and 2 (docs/protocol.md@9666872, "        \
	"anytls-go v0.0.13), "                                                 \
	"with udp-over-tcp 2"

const struct pack anytls_pack = {
	.name = "anytls",
	.document = DOCUMENT,
	.suites = suites,
	.requirements = requirements_tsv,
	.aliases = aliases_tsv,
	.peers = peers_tsv,
	.sanity = &probe_sanity,
	.probes = probe_cases,
	.nprobes = PROBE_NCASES,
	.begin = pack_begin,
	.alive = pack_alive,
	.secret = secret,
	.fields = fields_name,
};

const struct pack anytls_client_pack = {
	.name = "anytls-client",
	.client = true,
	.document = DOCUMENT,
	.suites = client_suites,
	.requirements = requirements_tsv,
	.aliases = aliases_tsv,
	.peers = peers_tsv,
	.sanity = &client_sanity,
	.probes = client_probes,
	.nprobes = CLIENT_NPROBES,
	.begin = client_begin,
	.alive = client_alive,
	.secret = secret,
	.fields = fields_name,
};

const struct pack anytls_all_packs = {
	.name = "anytls",
	.document = DOCUMENT,
	.suites = all_suites,
	.requirements = requirements_tsv,
	.aliases = aliases_tsv,
	.peers = peers_tsv,
};
