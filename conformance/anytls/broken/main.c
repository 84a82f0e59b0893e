/* anytls-broken: servers, and with "client" clients, that are wrong on purpose,
 * to prove that the suite notices. Never installed. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "conformance/anytls/broken/client.h"
#include "conformance/anytls/broken/defects.h"
#include "conformance/anytls/broken/link.h"
#include "conformance/anytls/broken/policy_names.h"
#include "conformance/anytls/broken/rules.h"
#include "conformance/anytls/broken/saboteur.h"
#include "conformance/anytls/broken/shim.h"
#include "conformance/anytls/broken/spec.h"
#include "ref/net/digest.h"
#include "ref/net/option.h"
#include "ref/net/service.h"
#include "ref/wire/err.h"

#define MAX_SCHEME 65535

/* Generated from defects.tsv and defects_client.tsv. */
extern const char defects_tsv[], defects_client_tsv[];

enum which {
	O_AS,
	O_LIST,
	O_CHECK,
	O_POLICY,
	O_RULES,
	O_LISTEN,
	O_PASSWORD,
	O_SCHEME,
	O_FALLBACK,
	O_LOG,
	O_HELP
};

static const struct option_def defs[] = {
	[O_AS] = { "as", NULL, "NAME[,NAME...]",
	    "which broken server to be, or several in one" },
	[O_LIST] = { "list", NULL, NULL, "print their names" },
	[O_CHECK] = { "check", NULL, NULL, "read all their specifications" },
	[O_POLICY] = { "policy", NULL, "TEXT",
	    "try a defect: see policy_names.h" },
	[O_RULES] = { "rules", NULL, "TEXT", "and rules: see rules.h" },
	[O_LISTEN] = { "listen", "l", "ADDR:PORT", "where to listen" },
	[O_PASSWORD] = { "password", "p", "TEXT", "the password" },
	[O_SCHEME] = { "padding-scheme", NULL, "FILE", "scheme for clients" },
	[O_FALLBACK] = { "fallback", NULL, "HOST:PORT",
	    "where connections without a password go" },
	[O_LOG] = { "log-level", NULL, "LEVEL", "of the honest part (error)" },
	[O_HELP] = { "help", "h", NULL, "print this" },
	{ NULL },
};

struct program {
	struct spec spec; /* all defects together */
	const char *listen, *password, *scheme_file;
	bool has_fallback;
	struct atls_addr fallback;
	struct atls_policy policy;
	struct log log;
	uint8_t hash[ATLS_AUTH_HASH];
	uint8_t scheme[MAX_SCHEME];
};

static _Noreturn void
die(int status, const char *what, const char *why)
{
	(void)fprintf(stderr, "anytls-broken: %s: %s\n", what, why);
	exit(status);
}

static _Noreturn void
list(void)
{
	const char *tsv[2] = { defects_tsv, defects_client_tsv };
	struct defect d;

	for (int i = 0; i < 2; i++) {
		while (defects_next(&tsv[i], &d))
			printf("%s %-28s %s\n", i == 0 ? "server" : "client",
			    d.name, d.text);
	}
	exit(0);
}

/* CLIENT tells whose fields a policy may set. */
static void
check_defect(struct defect *d, bool client)
{
	char why[RULES_ERRLEN > POLICY_NAMES_ERRLEN ? RULES_ERRLEN
						    : POLICY_NAMES_ERRLEN];
	struct atls_policy policy = atls_policy_default;
	struct service_config server = { 0 };
	struct front_config front = { 0 };
	struct link_odds odds;
	struct rules rules;
	int err = 0;

	if (d->name[0] == '\0')
		die(1, "defects", "a line with too few or long columns");
	if (client)
		link_odds_take(d->policy, &odds);
	if (d->policy[0] != '\0' && client)
		err =
		    policy_names_apply_client(d->policy, &policy, &front, why);
	else if (d->policy[0] != '\0')
		err = policy_names_apply(d->policy, &policy, &server, why);
	if (err != 0)
		die(1, d->name, why);
	if (d->rules[0] == '\0')
		return;
	if (rules_parse(d->rules, &rules, why) != 0)
		die(1, d->name, why);
	rules_free(&rules);
}

static _Noreturn void
check(void)
{
	const char *tsv[2] = { defects_tsv, defects_client_tsv };
	struct defect d;
	unsigned n = 0;

	for (int i = 0; i < 2; i++) {
		while (defects_next(&tsv[i], &d)) {
			check_defect(&d, i == 1);
			n++;
		}
	}
	printf("%u passed, 0 failed\n", n);
	exit(0);
}

static int
set_fallback(struct program *p, const char *value, char *why)
{
	if (atls_addr_parse_hostport(value, &p->fallback) != 0)
		return (snprintf(why, OPTION_ERRLEN / 2, "not HOST:PORT"),
		    ATLS_E_SYNTAX);
	p->has_fallback = true;
	return (0);
}

static int
apply(void *ctx, size_t which, const char *value, char *why)
{
	struct program *p = ctx;

	switch ((enum which)which) {
	case O_LIST:
		list();
	case O_CHECK:
		check();
	case O_HELP:
		option_help(defs, "ANYTLS_BROKEN_");
		exit(0);
	case O_AS:
		return (spec_add_names(&p->spec, defects_tsv, value, why));
	case O_POLICY:
		return (spec_add_policy(&p->spec, value, why));
	case O_RULES:
		return (spec_add_rules(&p->spec, value, why));
	case O_LISTEN:
		p->listen = value;
		return (0);
	case O_PASSWORD:
		p->password = value;
		return (0);
	case O_SCHEME:
		p->scheme_file = value;
		return (0);
	case O_FALLBACK:
		return (set_fallback(p, value, why));
	case O_LOG:
	default:
		return (log_parse_level(value, &p->log.level));
	}
}

static void
read_scheme(struct program *p, struct service_config *cfg)
{
	struct atls_scheme parsed;
	FILE *f = fopen(p->scheme_file, "rb");
	size_t n;

	if (f == NULL)
		die(2, p->scheme_file, "cannot be opened");
	n = fread(p->scheme, 1, sizeof(p->scheme), f);
	fclose(f);
	cfg->scheme = atls_bytes(p->scheme, n);
	/* For a peer that sends what it has not looked at: see defects.tsv. */
	if (atls_scheme_parse(cfg->scheme, &parsed) != 0)
		cfg->scheme = atls_bytes_str("stop=1\n0=31-31");
}

/* The reference's defaults, then the defect. */
static void
configure(struct program *p, struct service_config *cfg)
{
	char why[POLICY_NAMES_ERRLEN];
	const void *hashes = &p->hash;

	p->policy = atls_policy_default;
	if (strcmp(p->spec.profile, "v1") == 0)
		p->policy = atls_policy_v1;
	if (strcmp(p->spec.profile, "v3") == 0)
		p->policy = atls_policy_v3;
	*cfg = (struct service_config){
		.hashes = hashes,
		.nhashes = 1,
		.fallback = p->has_fallback ? &p->fallback : NULL,
		.auth_ms = 10000,
		.idle_ms = 600000,
		.dial_ms = 2500,
		.write_ms = 20000,
		.max_streams = 65536,
		.workers = 1,
		.policy = &p->policy,
		.log = &p->log,
	};
	if (digest_password(p->password, p->hash) != 0)
		die(1, "password", "out of memory");
	if (p->scheme_file != NULL)
		read_scheme(p, cfg);
	if (p->spec.policy[0] != '\0' &&
	    policy_names_apply(p->spec.policy, &p->policy, cfg, why) != 0)
		die(1, "policy", why);
}

static void
print_bound(void *ctx, const struct atls_addr *bound)
{
	char text[ATLS_ADDR_STRLEN];

	(void)ctx;
	atls_addr_format(bound, text);
	(void)fprintf(stderr, "listening on %s\n", text);
}

static struct service *
start_service(struct service_config *cfg, const char *const *listen)
{
	char why[SERVICE_ERRLEN];
	struct service *s;

	cfg->listen = listen;
	cfg->nlisten = 1;
	s = service_new(cfg, why);
	if (s == NULL)
		die(1, *listen, why);
	return (s);
}

static void *
serve(void *arg)
{
	return (service_run(arg) == 0 ? NULL : arg);
}

/* The honest server runs in a thread of ours, so that nothing survives us. */
static int
run_saboteur(const struct program *p, struct service_config *cfg)
{
	static const char *const any = "127.0.0.1:0";
	struct saboteur_config sab = { .listen = p->listen,
		.password = p->password,
		.rules = p->spec.rules,
		.fallback = p->has_fallback,
		.ready = print_bound };
	struct service *s = start_service(cfg, &any);
	char why[SABOTEUR_ERRLEN];
	pthread_t thread;
	int ret;

	service_bound(s, 0, &sab.server);
	if (pthread_create(&thread, NULL, serve, s) != 0)
		die(1, "service", "no thread");
	ret = saboteur_run(&sab, why);
	service_stop(s);
	pthread_join(thread, NULL);
	service_free(s);
	if (ret != 0)
		die(1, "saboteur", why);
	return (0);
}

static int
run_service(const struct program *p, struct service_config *cfg)
{
	struct service *s;
	struct atls_addr bound;
	int ret;

	cfg->signals = true;
	s = start_service(cfg, &p->listen);
	service_bound(s, 0, &bound);
	print_bound(NULL, &bound);
	ret = service_run(s);
	service_free(s);
	return (ret == 0 ? 0 : 1);
}

int
main(int argc, char **argv)
{
	static struct program p;
	const struct rlimit no_core = { 0, 0 };
	struct service_config cfg;
	char err[OPTION_ERRLEN];
	struct rlimit rl;

	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_CORE, &no_core);
	if (argc > 1 && strcmp(argv[1], "client") == 0)
		return (client_main(argc - 1, argv + 1));
	if (argc > 1 && strcmp(argv[1], "shim") == 0)
		return (shim_main(argc - 1, argv + 1));
	p.log.level = LOGL_ERROR;
	p.log.name = "anytls-broken";
	if (option_read(defs, "ANYTLS_BROKEN_", argc, argv, apply, &p, err) !=
	    0)
		die(2, "usage", err);
	if (!p.spec.any || p.listen == NULL || p.password == NULL)
		die(2, "usage", "say --as NAME, -l ADDR:PORT and -p PASSWORD");
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	configure(&p, &cfg);
	return (p.spec.rules[0] != '\0' ? run_saboteur(&p, &cfg)
					: run_service(&p, &cfg));
}
