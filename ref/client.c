/* anytls-client: options of the local SOCKS and HTTP proxy. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ref/net/front.h"
#include "ref/net/listen.h"
#include "ref/net/option.h"
#include "ref/wire/err.h"
#include "ref/wire/scheme.h"
#include "ref/wire/uri.h"

#define PREFIX "ANYTLS_CLIENT_"
#define ERRLEN (OPTION_ERRLEN / 2)
#define FILE_MAX 65535 /* a scheme must fit a frame */

enum which {
	O_LISTEN,
	O_SERVER,
	O_PASSWORD,
	O_PASSWORD_FILE,
	O_SNI,
	O_INSECURE,
	O_CA,
	O_MIN_IDLE,
	O_CHECK,
	O_IDLE,
	O_NO_REUSE,
	O_HEARTBEAT,
	O_SYNACK,
	O_CONNECT,
	O_LINGER,
	O_QUICK,
	O_UDP,
	O_PROTOCOL,
	O_NAME,
	O_SCHEME,
	O_USER,
	O_USER_PASSWORD,
	O_KEYLOG,
	O_LOG,
	O_VERSION,
	O_HELP
};

static const struct option_def defs[] = {
	[O_LISTEN] = { "listen", "l", "ADDR:PORT",
	    "where applications connect (127.0.0.1:1080)" },
	[O_SERVER] = { "server", "s", "HOST:PORT",
	    "the server, or an anytls:// link" },
	[O_PASSWORD] = { "password", "p", "TEXT", "the password" },
	[O_PASSWORD_FILE] = { "password-file", NULL, "FILE",
	    "its first line is the password" },
	[O_SNI] = { "sni", NULL, "NAME",
	    "name to send and to verify (the server's)" },
	[O_INSECURE] = { "insecure", NULL, NULL,
	    "do not verify the server's certificate" },
	[O_CA] = { "ca", NULL, "FILE", "trust these authorities (PEM) only" },
	[O_MIN_IDLE] = { "min-idle", "m", "N",
	    "idle sessions to keep for ever (5)" },
	[O_CHECK] = { "check-interval", NULL, "DUR",
	    "how often idle sessions are looked at (30s)" },
	[O_IDLE] = { "idle-timeout", NULL, "DUR",
	    "close sessions that are idle longer (30s)" },
	[O_NO_REUSE] = { "disable-reuse", "dr", NULL,
	    "a new session for each request" },
	[O_HEARTBEAT] = { "heartbeat", NULL, "DUR",
	    "send heartbeats this often (0: never)" },
	[O_SYNACK] = { "synack-timeout", NULL, "DUR",
	    "for SYNACK, from a session's second stream on (3s)" },
	[O_CONNECT] = { "connect-timeout", NULL, "DUR",
	    "for the connection, for TLS, for the first SYNACK (10s)" },
	[O_LINGER] = { "linger", NULL, "DUR",
	    "wait for answers after the application's end (1s)" },
	[O_QUICK] = { "quick-reply", NULL, NULL,
	    "report success before the server confirms" },
	[O_UDP] = { "udp-mode", NULL, "MODE",
	    "packet: one stream; connect: one per target (packet)" },
	[O_PROTOCOL] = { "protocol", NULL, "1|2|3", "version to speak (2)" },
	[O_NAME] = { "client-name", NULL, "TEXT",
	    "what to tell the server of us" },
	[O_SCHEME] = { "padding-scheme", NULL, "FILE",
	    "scheme to begin with (the protocol's default)" },
	[O_USER] = { "local-user", NULL, "NAME",
	    "applications must log in with this name" },
	[O_USER_PASSWORD] = { "local-password", NULL, "TEXT",
	    "and this password" },
	[O_KEYLOG] = { "keylog", NULL, "FILE",
	    "write TLS secrets for Wireshark ($SSLKEYLOGFILE)" },
	[O_LOG] = { "log-level", NULL, "LEVEL",
	    "error, warn, info or debug (info)" },
	[O_VERSION] = { "version", NULL, NULL, "print the version" },
	[O_HELP] = { "help", "h", NULL, "print this" },
	{ NULL },
};

struct program {
	struct front_config cfg;
	struct log log;
	struct atls_uri uri;
	bool has_server;
	char *password; /* by option, as is the next; owned */
	char *local_password;
	uint8_t scheme[FILE_MAX];
};

/* Keeps the secret VALUE, and overwrites it where ps and /proc show it. */
static int
take_secret(char **kept, const char *value, char *why)
{
	char *copy = strdup(value);

	if (copy == NULL) {
		(void)snprintf(why, ERRLEN, "%s", atls_strerror(ATLS_E_NOMEM));
		return (ATLS_E_NOMEM);
	}
	free(*kept);
	*kept = copy;
	memset((char *)(uintptr_t)value, '*', strlen(value));
	return (0);
}

/* Reads at most CAP bytes of the file NAME; a longer one is an error. */
static int
read_file(const char *name, uint8_t *buf, size_t cap, size_t *len, char *why)
{
	FILE *f = fopen(name, "rb");

	if (f == NULL) {
		(void)snprintf(why, ERRLEN, "%.80s: %s", name, strerror(errno));
		return (ATLS_E_IO);
	}
	*len = fread(buf, 1, cap, f);
	if (ferror(f) || fgetc(f) != EOF) {
		(void)snprintf(why, ERRLEN,
		    "%.80s: cannot be read or is too "
		    "large",
		    name);
		(void)fclose(f);
		return (ATLS_E_IO);
	}
	(void)fclose(f);
	return (0);
}

static int
set_password_file(struct program *p, const char *name, char *why)
{
	char line[ATLS_URI_MAX];
	size_t n;
	int r = read_file(name, (uint8_t *)line, sizeof(line) - 1, &n, why);

	if (r < 0)
		return (r);
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return (take_secret(&p->password, line, why));
}

static int
set_scheme(struct program *p, const char *name, char *why)
{
	struct atls_scheme scheme;
	size_t n;
	int r = read_file(name, p->scheme, sizeof(p->scheme), &n, why);

	if (r < 0)
		return (r);
	p->cfg.scheme = atls_bytes(p->scheme, n);
	r = atls_scheme_parse(p->cfg.scheme, &scheme);
	if (r < 0)
		(void)snprintf(
		    why, ERRLEN, "%.80s: not a padding scheme", name);
	return (r);
}

/* An address, or a link: AT-UR-01. The link's password is overwritten. */
static int
set_server(struct program *p, const char *text, char *why)
{
	const char *reason, *end = strrchr(text, '@');
	unsigned at;
	int r;

	p->has_server = true;
	if (strncasecmp(text, "anytls:", 7) != 0) {
		r = atls_addr_parse_hostport(text, &p->cfg.server);
		if (r == 0 && p->cfg.server.port == 0)
			r = ATLS_E_SYNTAX;
		if (r < 0)
			(void)snprintf(
			    why, ERRLEN, "\"%.60s\" is not HOST:PORT", text);
		return (r);
	}
	r = atls_uri_parse(text, &p->uri, &reason, &at);
	if (r == 0)
		r = atls_addr_parse(p->uri.host, p->uri.port, &p->cfg.server);
	else
		(void)snprintf(why, ERRLEN,
		    "the anytls:// link: %s (at byte %u)", reason, at);
	if (p->uri.insecure)
		p->cfg.insecure = true;
	text += strlen("anytls://");
	if (r == 0 && end != NULL && end > text)
		memset((char *)(uintptr_t)text, '*', (size_t)(end - text));
	return (r);
}

static int
set_protocol(struct program *p, const char *text, char *why)
{
	if (strcmp(text, "1") == 0)
		p->cfg.policy = &atls_policy_v1;
	else if (strcmp(text, "2") == 0)
		p->cfg.policy = &atls_policy_default;
	else if (strcmp(text, "3") == 0)
		p->cfg.policy = &atls_policy_v3;
	else
		return (snprintf(why, ERRLEN, "1, 2 or 3"), ATLS_E_SYNTAX);
	return (0);
}

static int
set_duration(const char *text, uint32_t *ms, bool zero, char *why)
{
	uint32_t v;

	if (option_duration(text, &v) < 0 || (v == 0 && !zero)) {
		(void)snprintf(
		    why, ERRLEN, "\"%.40s\" is not a duration like 30s", text);
		return (ATLS_E_SYNTAX);
	}
	*ms = v;
	return (0);
}

static int
set_udp(struct program *p, const char *text, char *why)
{
	p->cfg.udp_connect = strcmp(text, "connect") == 0;
	if (p->cfg.udp_connect || strcmp(text, "packet") == 0)
		return (0);
	(void)snprintf(why, ERRLEN, "packet or connect");
	return (ATLS_E_SYNTAX);
}

static int
set_min_idle(struct program *p, const char *text, char *why)
{
	uint32_t n;

	if (option_number(text, 10000, &n) < 0) {
		(void)snprintf(why, ERRLEN, "a number up to 10000");
		return (ATLS_E_SYNTAX);
	}
	p->cfg.min_idle = n;
	return (0);
}

static int
set_level(struct program *p, const char *text, char *why)
{
	if (log_parse_level(text, &p->log.level) == 0)
		return (0);
	(void)snprintf(why, ERRLEN, "error, warn, info or debug");
	return (ATLS_E_SYNTAX);
}

/* Options that say how long. */
static int
apply_time(struct program *p, enum which o, const char *value, char *why)
{
	struct front_config *c = &p->cfg;

	if (o == O_CHECK)
		return (set_duration(value, &c->check_ms, false, why));
	if (o == O_IDLE)
		return (set_duration(value, &c->idle_ms, true, why));
	if (o == O_HEARTBEAT)
		return (set_duration(value, &c->heartbeat_ms, true, why));
	if (o == O_SYNACK)
		return (set_duration(value, &c->synack_ms, false, why));
	if (o == O_CONNECT)
		return (set_duration(value, &c->connect_ms, false, why));
	return (set_duration(value, &c->linger_ms, true, why));
}

/* Options that are a text or a switch. */
static void
apply_plain(struct program *p, enum which o, const char *value)
{
	struct front_config *c = &p->cfg;

	if (o == O_LISTEN)
		c->listen = value;
	else if (o == O_SNI)
		c->sni = value;
	else if (o == O_INSECURE)
		c->insecure = true;
	else if (o == O_CA)
		c->ca_file = value;
	else if (o == O_NO_REUSE)
		c->reuse = false;
	else if (o == O_QUICK)
		c->quick_reply = true;
	else if (o == O_NAME)
		c->client_name = value;
	else if (o == O_USER)
		c->local_user = value;
	else if (o == O_KEYLOG)
		c->keylog_file = value;
}

static _Noreturn void
print_help(void)
{
	printf("usage: anytls-client -s HOST:PORT -p PASSWORD [options]\n\n"
	       "A SOCKS5, SOCKS4a and HTTP proxy on one port that goes through "
	       "an AnyTLS server.\n\n");
	option_help(defs, PREFIX);
	exit(0);
}

static _Noreturn void
print_version(void)
{
	printf("anytls-client %s (%s)\n", VERSION, GIT_REV);
	exit(0);
}

static int
apply(void *ctx, size_t which, const char *value, char *why)
{
	struct program *p = ctx;
	enum which o = (enum which)which;

	if (o == O_HELP)
		print_help();
	if (o == O_VERSION)
		print_version();
	if (o == O_SERVER)
		return (set_server(p, value, why));
	if (o == O_PASSWORD)
		return (take_secret(&p->password, value, why));
	if (o == O_USER_PASSWORD)
		return (take_secret(&p->local_password, value, why));
	if (o == O_PASSWORD_FILE)
		return (set_password_file(p, value, why));
	if (o == O_SCHEME)
		return (set_scheme(p, value, why));
	if (o == O_PROTOCOL)
		return (set_protocol(p, value, why));
	if (o == O_UDP)
		return (set_udp(p, value, why));
	if (o == O_MIN_IDLE)
		return (set_min_idle(p, value, why));
	if (o == O_LOG)
		return (set_level(p, value, why));
	if (o == O_CHECK || o == O_IDLE || o == O_HEARTBEAT || o == O_SYNACK ||
	    o == O_CONNECT || o == O_LINGER)
		return (apply_time(p, o, value, why));
	apply_plain(p, o, value);
	return (0);
}

/* What only all options together can say. A sentence, or NULL. */
static const char *
complete(struct program *p)
{
	struct front_config *c = &p->cfg;

	c->password = p->password != NULL ? p->password : p->uri.password;
	c->local_password = p->local_password;
	if (c->keylog_file != NULL && c->keylog_file[0] == '\0')
		c->keylog_file = NULL;
	if (c->sni == NULL)
		c->sni = p->uri.sni;
	if (!p->has_server)
		return ("say where the server is: -s HOST:PORT");
	if (c->password[0] == '\0')
		return ("say the password: -p, --password-file or in the link");
	if ((c->local_user == NULL) != (c->local_password == NULL))
		return ("--local-user and --local-password need each other");
	if (c->local_user != NULL &&
	    (strlen(c->local_user) > 255 || strlen(c->local_password) > 255))
		return ("--local-user and --local-password: at most 255 bytes");
	return (NULL);
}

static void
on_ready(void *ctx, const struct atls_addr *bound)
{
	char text[ATLS_ADDR_STRLEN];

	(void)ctx;
	atls_addr_format(bound, text);
	(void)fprintf(stderr, "listening on %s\n", text);
}

static int
fail(const char *why, int status)
{
	(void)fprintf(stderr, "anytls-client: %s\n", why);
	if (status == 2)
		(void)fprintf(stderr, "try anytls-client --help\n");
	return (status);
}

int
main(int argc, char **argv)
{
	static struct program p;
	char err[FRONT_ERRLEN];
	const char *why;
	int r;

	front_defaults(&p.cfg);
	p.log.level = LOGL_INFO;
	p.log.name = "anytls-client";
	p.cfg.log = &p.log;
	p.cfg.client_name = "anytls-conform/" VERSION;
	p.cfg.keylog_file = getenv("SSLKEYLOGFILE");
	p.cfg.ready = on_ready;
	r = option_read(defs, PREFIX, argc, argv, apply, &p, err);
	if (r < 0)
		return (fail(err, 2));
	why = complete(&p);
	if (why != NULL)
		return (fail(why, 2));
	(void)signal(SIGPIPE, SIG_IGN);
	listen_raise_limit();
	r = front_run(&p.cfg, err);
	free(p.password);
	free(p.local_password);
	return (r < 0 ? fail(err, 1) : 0);
}
