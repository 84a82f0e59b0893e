/* Broken clients: options, and the reference client behind the saboteur. */
#include "conformance/anytls/broken/client.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/anytls/broken/link.h"
#include "conformance/anytls/broken/policy_names.h"
#include "conformance/anytls/broken/rules.h"
#include "conformance/anytls/broken/saboteur.h"
#include "conformance/anytls/broken/spec.h"
#include "ref/net/dial.h"
#include "ref/net/front.h"
#include "ref/net/option.h"
#include "ref/wire/err.h"
#include "ref/wire/uri.h"

/* Generated from defects_client.tsv. */
extern const char defects_client_tsv[];

enum which {
	O_AS,
	O_POLICY,
	O_RULES,
	O_LISTEN,
	O_SERVER,
	O_PASSWORD,
	O_SNI,
	O_INSECURE,
	O_CA,
	O_LOG,
	O_HELP
};

static const struct option_def defs[] = {
	[O_AS] = { "as", NULL, "NAME[,NAME...]",
	    "which broken client to be, or several in one" },
	[O_POLICY] = { "policy", NULL, "TEXT",
	    "try a defect: see policy_names.h" },
	[O_RULES] = { "rules", NULL, "TEXT", "and rules: see rules.h" },
	[O_LISTEN] = { "listen", "l", "ADDR:PORT", "where applications come" },
	[O_SERVER] = { "server", "s", "HOST:PORT",
	    "the server, or an anytls:// link" },
	[O_PASSWORD] = { "password", "p", "TEXT", "the password" },
	[O_SNI] = { "sni", NULL, "NAME", "name to send (the server's)" },
	[O_INSECURE] = { "insecure", NULL, NULL, "take any certificate" },
	[O_CA] = { "ca", NULL, "FILE", "trust these authorities (PEM) only" },
	[O_LOG] = { "log-level", NULL, "LEVEL", "of the honest part (warn)" },
	[O_HELP] = { "help", "h", NULL, "print this" },
	{ NULL },
};

struct client {
	struct spec spec;
	struct front_config cfg;
	struct atls_policy policy;
	struct log log;
	char host[ATLS_ADDR_STRLEN];
	const char *link; /* NULL: server and password are said apart */
	struct link_odds odds;
	struct link_server server;
	char literal[ATLS_ADDR_STRLEN + 2];
	bool judged; /* a case runs, no check of the suite itself */
	bool eager;  /* asks for a connection itself */
	/* The saboteur, in a thread of its own. */
	struct saboteur_config sab;
	struct atls_addr bound;
	int ready[2]; /* a byte when it listens, the end when it cannot */
	char why[SABOTEUR_ERRLEN];
};

static _Noreturn void
die(int status, const char *what, const char *why)
{
	(void)fprintf(stderr, "anytls-broken client: %s: %s\n", what, why);
	exit(status);
}

static int
set_server(struct client *c, const char *value, char *why)
{
	if (strncmp(value, "anytls://", 9) == 0) {
		c->link = value;
		return (0);
	}
	if (atls_addr_parse_hostport(value, &c->cfg.server) == 0)
		return (0);
	snprintf(why, OPTION_ERRLEN / 2, "not HOST:PORT");
	return (ATLS_E_SYNTAX);
}

static int
apply(void *ctx, size_t which, const char *value, char *why)
{
	struct client *c = ctx;

	switch ((enum which)which) {
	case O_HELP:
		option_help(defs, "ANYTLS_BROKEN_");
		exit(0);
	case O_AS:
		return (
		    spec_add_names(&c->spec, defects_client_tsv, value, why));
	case O_POLICY:
		return (spec_add_policy(&c->spec, value, why));
	case O_RULES:
		return (spec_add_rules(&c->spec, value, why));
	case O_LISTEN:
		c->cfg.listen = value;
		return (0);
	case O_SERVER:
		return (set_server(c, value, why));
	case O_PASSWORD:
		c->cfg.password = value;
		return (0);
	case O_SNI:
		c->cfg.sni = value;
		return (0);
	case O_INSECURE:
		c->cfg.insecure = true;
		return (0);
	case O_CA:
		c->cfg.ca_file = value;
		return (0);
	case O_LOG:
	default:
		return (log_parse_level(value, &c->log.level));
	}
}

/* The reference's defaults, then the defect. */
static void
configure(struct client *c)
{
	char why[POLICY_NAMES_ERRLEN];

	c->policy = atls_policy_default;
	if (strcmp(c->spec.profile, "v1") == 0)
		c->policy = atls_policy_v1;
	if (strcmp(c->spec.profile, "v3") == 0)
		c->policy = atls_policy_v3;
	link_odds_take(c->spec.policy, &c->odds);
	c->cfg.policy = &c->policy;
	c->cfg.log = &c->log;
	if (c->spec.policy[0] != '\0' &&
	    policy_names_apply_client(
		c->spec.policy, &c->policy, &c->cfg, why) != 0)
		die(1, "policy", why);
}

/* What the link says, as far as nothing else has been said. */
static void
follow_link(struct client *c)
{
	struct link_server *s = &c->server;
	const char *why;

	if (c->link == NULL)
		return;
	if (link_read(c->link, &c->odds, s, &why) != 0)
		die(2, "the link", why);
	c->cfg.server = s->addr;
	c->cfg.password = s->uri.password;
	if (s->uri.sni[0] != '\0')
		c->cfg.sni = s->uri.sni;
	c->cfg.insecure |= s->uri.insecure;
}

/* The name that the server is told; NULL: none. */
static const char *
told_name(struct client *c)
{
	const char *sni = c->cfg.sni != NULL ? c->cfg.sni : "";

	if (c->odds.sni_lost)
		return (NULL);
	if (c->odds.sni_literal) {
		/* Our own TLS tells no bare address. */
		snprintf(c->literal, sizeof(c->literal), "[%s]",
		    sni[0] != '\0' ? sni : c->host);
		return (c->literal);
	}
	return (atls_uri_server_name(sni, c->host));
}

static void
saboteur_ready(void *ctx, const struct atls_addr *bound)
{
	struct client *c = ctx;

	c->bound = *bound;
	if (write(c->ready[1], "", 1) != 1)
		die(1, "saboteur", "cannot say that it listens");
}

static void *
sabotage(void *arg)
{
	struct client *c = arg;

	if (saboteur_run(&c->sab, c->why) != 0)
		die(1, "saboteur", c->why);
	return (NULL);
}

/* The honest client's server is the saboteur, whose server is the real one.
 * Both are in this process, so that nothing survives it; signals reach both. */
static void
start_saboteur(struct client *c, pthread_t *thread)
{
	char byte;

	atls_addr_format(&c->cfg.server, c->host);
	*strrchr(c->host, ':') = '\0';
	c->sab = (struct saboteur_config){ .listen = "127.0.0.1:0",
		.password = c->cfg.password,
		.rules = c->spec.rules,
		.server = c->cfg.server,
		.client = true,
		.server_name = told_name(c),
		.name_once = c->odds.sni_once,
		.verify = !c->cfg.insecure,
		.ca_file = c->cfg.ca_file,
		.judged = c->judged,
		.ready = saboteur_ready,
		.ctx = c };
	if (pipe(c->ready) != 0 ||
	    pthread_create(thread, NULL, sabotage, c) != 0)
		die(1, "saboteur", "no thread");
	if (read(c->ready[0], &byte, 1) != 1)
		die(1, "saboteur", "does not listen");
	c->cfg.server = c->bound;
	c->cfg.insecure = true;
}

/* A request that no application has made: SOCKS5, and nobody reads the answer.
 */
static void *
ask_eagerly(void *arg)
{
	static const uint8_t request[] = { 5, 1, 0, 5, 1, 0, 3, 1, 'x', 0, 80 };
	const struct atls_addr *proxy = arg;
	struct sockaddr_storage ss;
	socklen_t len = dial_sockaddr(proxy, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&ss, len) != 0 ||
	    write(fd, request, sizeof(request)) != sizeof(request))
		die(1, "eager", "cannot ask the own proxy");
	return (NULL);
}

static void
on_bound(void *ctx, const struct atls_addr *bound)
{
	static struct atls_addr proxy;
	struct client *c = ctx;
	char text[ATLS_ADDR_STRLEN];
	pthread_t thread;

	atls_addr_format(bound, text);
	(void)fprintf(stderr, "listening on %s\n", text);
	proxy = *bound;
	if (c->eager && pthread_create(&thread, NULL, ask_eagerly, &proxy) != 0)
		die(1, "eager", "no thread");
}

/* The suite says which case it starts a client for. */
static void
look_around(struct client *c)
{
	const char *id = getenv("ANYTLS_CASE");
	struct rules rules;
	char why[RULES_ERRLEN];

	c->judged = id != NULL && strncmp(id, "suite/", 6) != 0;
	if (rules_parse(c->spec.rules, &rules, why) != 0)
		die(1, "rules", why);
	c->eager = c->judged && rules_about(&rules, SIDE_UP, EVENT_START);
	rules_free(&rules);
}

int
client_main(int argc, char **argv)
{
	static struct client c;
	char err[OPTION_ERRLEN], why[FRONT_ERRLEN];
	bool led;
	pthread_t thread;
	int ret;

	c.log.level = LOGL_WARN;
	c.log.name = "anytls-client";
	front_defaults(&c.cfg);
	c.cfg.client_name = "anytls-broken";
	c.cfg.ready = on_bound;
	c.cfg.ctx = &c;
	if (option_read(defs, "ANYTLS_BROKEN_", argc, argv, apply, &c, err) !=
	    0)
		die(2, "usage", err);
	configure(&c);
	follow_link(&c);
	if (!c.spec.any || c.cfg.server.port == 0 || c.cfg.password == NULL)
		die(2, "usage", "say --as NAME, -s HOST:PORT and -p PASSWORD");
	led = c.spec.rules[0] != '\0';
	if (led) {
		look_around(&c);
		start_saboteur(&c, &thread);
	}
	ret = front_run(&c.cfg, why);
	if (ret != 0)
		die(1, "client", why);
	if (led)
		pthread_join(thread, NULL);
	return (0);
}
