/* anytls-server: options of the reference server. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/net/digest.h"
#include "ref/net/listen.h"
#include "ref/net/option.h"
#include "ref/net/service.h"
#include "ref/wire/err.h"
#include "ref/wire/scheme.h"

#define PREFIX "ANYTLS_SERVER_"
#define ERRLEN (OPTION_ERRLEN / 2)
#define MAX_LISTEN 16
#define MAX_SCHEME 65535 /* it must fit a frame */
#define MAX_LINE 4096
#define MAX_NOTES 16

enum which {
	O_LISTEN,
	O_PASSWORD,
	O_PASSWORD_FILE,
	O_CERT,
	O_KEY,
	O_SCHEME,
	O_FALLBACK,
	O_AUTH,
	O_IDLE,
	O_DIAL,
	O_WRITE,
	O_HEARTBEAT,
	O_STREAMS,
	O_SESSIONS,
	O_STRANGERS,
	O_BUFFERS,
	O_BUFFER,
	O_WORKERS,
	O_PRIVATE,
	O_KEYLOG,
	O_LOG,
	O_VERSION,
	O_HELP
};

static const struct option_def defs[] = {
	[O_LISTEN] = { "listen", "l", "ADDR:PORT",
	    "where clients connect (0.0.0.0:8443); repeatable; port 0: any" },
	[O_PASSWORD] = { "password", "p", "TEXT", "a password; repeatable" },
	[O_PASSWORD_FILE] = { "password-file", NULL, "FILE",
	    "passwords, one per line" },
	[O_CERT] = { "cert", NULL, "FILE",
	    "certificate chain, PEM (self-signed, made at start)" },
	[O_KEY] = { "key", NULL, "FILE", "its key, PEM" },
	[O_SCHEME] = { "padding-scheme", NULL, "FILE",
	    "scheme for clients (the protocol's default)" },
	[O_FALLBACK] = { "fallback", NULL, "HOST:PORT",
	    "where connections without a password go (closed)" },
	[O_AUTH] = { "auth-timeout", NULL, "DUR",
	    "for TLS, and for authentication (10s)" },
	[O_IDLE] = { "idle-timeout", NULL, "DUR",
	    "close sessions without streams and fallbacks after (10m)" },
	[O_DIAL] = { "dial-timeout", NULL, "DUR",
	    "for a target to answer (2500ms; clients wait 3s)" },
	[O_WRITE] = { "write-timeout", NULL, "DUR",
	    "for a client to read on when it must (20s)" },
	[O_HEARTBEAT] = { "heartbeat", NULL, "DUR",
	    "ask clients for a sign of life this often (0: never)" },
	[O_STREAMS] = { "max-streams", NULL, "N",
	    "open at once in a session (65536; 0: no limit)" },
	[O_SESSIONS] = { "max-sessions", NULL, "N",
	    "open at once (half the file descriptors; 0: no limit)" },
	[O_STRANGERS] = { "max-strangers", NULL, "N",
	    "of them not authenticated yet (4096; 0: no limit)" },
	[O_BUFFERS] = { "buffer-memory", NULL, "MIB",
	    "what may wait for all slow peers together (256; 0: no limit)" },
	[O_BUFFER] = { "stream-buffer", NULL, "KIB",
	    "what may wait for a slow target (4096)" },
	[O_WORKERS] = { "workers", NULL, "N", "threads (one per processor)" },
	[O_PRIVATE] = { "forbid-private", NULL, NULL,
	    "targets on the public Internet only" },
	[O_KEYLOG] = { "keylog", NULL, "FILE",
	    "append TLS secrets for Wireshark ($SSLKEYLOGFILE)" },
	[O_LOG] = { "log-level", NULL, "LEVEL",
	    "error, warn, info or debug (info)" },
	[O_VERSION] = { "version", NULL, NULL, "print the version" },
	[O_HELP] = { "help", "h", NULL, "print this" },
	{ NULL },
};

struct program {
	struct service_config cfg;
	struct log log;
	const char *listen[MAX_LISTEN];
	bool listen_by_env, password_by_env;
	uint8_t (*hashes)[ATLS_AUTH_HASH];
	struct atls_addr fallback;
	const char *scheme_file;
	uint8_t scheme[MAX_SCHEME];
};

/* True when VALUE is the environment's, which the command line overrides. */
static bool
by_env(const char *name, const char *value)
{
	return (getenv(name) == value);
}

static int
set_listen(struct program *p, const char *value, char *why)
{
	bool env = by_env(PREFIX "LISTEN", value);

	if (p->listen_by_env && !env)
		p->cfg.nlisten = 0;
	p->listen_by_env = env;
	if (p->cfg.nlisten == MAX_LISTEN) {
		snprintf(why, ERRLEN, "at most %d addresses", MAX_LISTEN);
		return (ATLS_E_LIMIT);
	}
	p->listen[p->cfg.nlisten++] = value;
	return (0);
}

static int
add_password(struct program *p, const char *text, char *why)
{
	size_t n = p->cfg.nhashes;
	void *grown = realloc(p->hashes, (n + 1) * sizeof(*p->hashes));

	if (grown == NULL) {
		snprintf(why, ERRLEN, "%s", atls_strerror(ATLS_E_NOMEM));
		return (ATLS_E_NOMEM);
	}
	p->hashes = grown;
	p->cfg.hashes = grown;
	p->cfg.nhashes++;
	return (digest_password(text, p->hashes[n]));
}

/* Overwrites the password where ps and /proc show it. */
static int
set_password(struct program *p, const char *value, char *why)
{
	bool env = by_env(PREFIX "PASSWORD", value);
	int err;

	if (p->password_by_env && !env)
		p->cfg.nhashes = 0;
	p->password_by_env = env;
	if (value[0] == '\0') {
		snprintf(why, ERRLEN, "an empty password");
		return (ATLS_E_INVAL);
	}
	err = add_password(p, value, why);
	memset((char *)(uintptr_t)value, '*', strlen(value));
	return (err);
}

static int
set_password_file(struct program *p, const char *name, char *why)
{
	FILE *f = fopen(name, "r");
	char line[MAX_LINE];
	size_t len;
	int err = 0;

	if (f == NULL) {
		snprintf(why, ERRLEN, "%.80s: %s", name, strerror(errno));
		return (ATLS_E_IO);
	}
	while (err == 0 && fgets(line, sizeof(line), f) != NULL) {
		len = strcspn(line, "\r\n");
		if (line[len] == '\0' && len == sizeof(line) - 1) {
			snprintf(
			    why, ERRLEN, "%.80s: a line is too long", name);
			err = ATLS_E_LIMIT;
			break;
		}
		line[len] = '\0';
		if (len > 0)
			err = add_password(p, line, why);
	}
	memset(line, 0, sizeof(line));
	fclose(f);
	return (err);
}

static int
set_scheme(struct program *p, const char *name, char *why)
{
	FILE *f = fopen(name, "rb");
	size_t n;

	if (f == NULL) {
		snprintf(why, ERRLEN, "%.80s: %s", name, strerror(errno));
		return (ATLS_E_IO);
	}
	n = fread(p->scheme, 1, sizeof(p->scheme), f);
	if (ferror(f) || fgetc(f) != EOF) {
		snprintf(why, ERRLEN, "%.80s: unreadable, or above %d bytes",
		    name, MAX_SCHEME);
		fclose(f);
		return (ATLS_E_IO);
	}
	fclose(f);
	p->scheme_file = name;
	p->cfg.scheme = atls_bytes(p->scheme, n);
	return (0);
}

static int
set_fallback(struct program *p, const char *value, char *why)
{
	int err = atls_addr_parse_hostport(value, &p->fallback);

	if (err != 0 || p->fallback.port == 0) {
		snprintf(why, ERRLEN, "\"%.60s\" is not HOST:PORT", value);
		return (ATLS_E_SYNTAX);
	}
	p->cfg.fallback = &p->fallback;
	return (0);
}

static int
set_level(struct program *p, const char *value, char *why)
{
	int err = log_parse_level(value, &p->log.level);

	if (err != 0)
		snprintf(why, ERRLEN, "error, warn, info or debug");
	return (err);
}

static int
set_duration(uint32_t *ms, const char *value, char *why)
{
	int err = option_duration(value, ms);

	if (err != 0)
		snprintf(
		    why, ERRLEN, "\"%.40s\" is not a duration like 30s", value);
	return (err);
}

static int
set_number(uint32_t *n, uint32_t max, const char *value, char *why)
{
	int err = option_number(value, max, n);

	if (err != 0)
		snprintf(why, ERRLEN, "\"%.40s\" is not a number up to %lu",
		    value, (unsigned long)max);
	return (err);
}

static int
apply_number(struct program *p, enum which o, const char *value, char *why)
{
	struct service_config *c = &p->cfg;
	uint32_t n = 0;
	int err;

	if (o == O_STREAMS)
		return (set_number(&c->max_streams, 1000000, value, why));
	if (o == O_SESSIONS)
		return (set_number(&c->max_sessions, 1000000, value, why));
	if (o == O_STRANGERS)
		return (set_number(&c->max_strangers, 1000000, value, why));
	if (o == O_BUFFERS) {
		err = set_number(&n, 1048576, value, why);
		if (err == 0)
			c->buffer_bytes = (size_t)n * 1024 * 1024;
		return (err);
	}
	err = set_number(&n, o == O_BUFFER ? 1048576 : 1024, value, why);
	if (err == 0 && n == 0) {
		snprintf(why, ERRLEN, "must be at least 1");
		return (ATLS_E_INVAL);
	}
	if (err == 0 && o == O_BUFFER)
		c->stream_bytes = n * 1024;
	else if (err == 0)
		c->workers = n;
	return (err);
}

static int
apply_duration(struct program *p, enum which o, const char *value, char *why)
{
	struct service_config *c = &p->cfg;

	if (o == O_AUTH)
		return (set_duration(&c->auth_ms, value, why));
	if (o == O_IDLE)
		return (set_duration(&c->idle_ms, value, why));
	if (o == O_DIAL)
		return (set_duration(&c->dial_ms, value, why));
	if (o == O_WRITE)
		return (set_duration(&c->write_ms, value, why));
	return (set_duration(&c->heartbeat_ms, value, why));
}

static _Noreturn void
print_help(void)
{
	printf("usage: anytls-server -l ADDR:PORT -p PASSWORD [options]\n\n"
	       "A server for the AnyTLS proxy protocol. SIGHUP reads the "
	       "certificate again,\nSIGTERM and SIGINT stop.\n\n");
	option_help(defs, PREFIX);
	exit(0);
}

static _Noreturn void
print_version(void)
{
	printf("anytls-server %s (%s)\n", VERSION, GIT_REV);
	exit(0);
}

static int
apply_text(struct program *p, enum which o, const char *value, char *why)
{
	if (o == O_LISTEN)
		return (set_listen(p, value, why));
	if (o == O_PASSWORD)
		return (set_password(p, value, why));
	if (o == O_PASSWORD_FILE)
		return (set_password_file(p, value, why));
	if (o == O_SCHEME)
		return (set_scheme(p, value, why));
	if (o == O_FALLBACK)
		return (set_fallback(p, value, why));
	if (o == O_LOG)
		return (set_level(p, value, why));
	if (o == O_CERT)
		p->cfg.cert_file = value;
	else if (o == O_KEY)
		p->cfg.key_file = value;
	else
		p->cfg.keylog_file = value;
	return (0);
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
	if (o == O_PRIVATE) {
		p->cfg.forbid_private = true;
		return (0);
	}
	if (o >= O_AUTH && o <= O_HEARTBEAT)
		return (apply_duration(p, o, value, why));
	if (o >= O_STREAMS && o <= O_WORKERS)
		return (apply_number(p, o, value, why));
	return (apply_text(p, o, value, why));
}

/* Says what is odd in the scheme; false when it cannot be used at all. */
static bool
check_scheme(const struct program *p)
{
	struct atls_scheme_note note[MAX_NOTES];
	struct atls_scheme scheme;
	bool ok = atls_scheme_parse(p->cfg.scheme, &scheme) == 0;
	size_t i, n;

	n = atls_scheme_check(p->cfg.scheme, note, MAX_NOTES);
	for (i = 0; i < n && i < MAX_NOTES; i++)
		log_write(&p->log, ok ? LOGL_WARN : LOGL_ERROR,
		    "%s line %u: %s: \"%.*s\"", p->scheme_file, note[i].line,
		    note[i].reason,
		    note[i].item.len < 80 ? (int)note[i].item.len : 80,
		    note[i].item.len ? (const char *)note[i].item.p : "");
	if (n > MAX_NOTES)
		log_write(&p->log, LOGL_WARN, "%s: and %lu more",
		    p->scheme_file, (unsigned long)(n - MAX_NOTES));
	return (ok);
}

static void
set_defaults(struct program *p)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	p->log.level = LOGL_INFO;
	p->log.name = "anytls-server";
	p->cfg.log = &p->log;
	p->cfg.listen = p->listen;
	p->cfg.auth_ms = 10000;
	p->cfg.idle_ms = 600000;
	p->cfg.dial_ms = 2500;
	p->cfg.write_ms = 20000;
	p->cfg.max_streams = 65536;
	p->cfg.max_sessions = listen_raise_limit() / 2;
	p->cfg.max_strangers = 4096;
	p->cfg.buffer_bytes = 256U * 1024 * 1024;
	p->cfg.workers = n > 0 ? (unsigned)n : 1;
	p->cfg.signals = true;
	p->cfg.keylog_file = getenv("SSLKEYLOGFILE");
}

/* What only all options together can say. A sentence, or NULL. */
static const char *
complete(struct program *p)
{
	struct service_config *c = &p->cfg;

	if (c->nlisten == 0)
		p->listen[c->nlisten++] = "0.0.0.0:8443";
	if (c->nhashes == 0)
		return ("say the password: -p or --password-file");
	if ((c->cert_file == NULL) != (c->key_file == NULL))
		return ("--cert and --key need each other");
	if (c->dial_ms == 0)
		return ("--dial-timeout must not be 0");
	if (c->keylog_file != NULL && c->keylog_file[0] == '\0')
		c->keylog_file = NULL;
	if (p->scheme_file != NULL && !check_scheme(p))
		return ("the file of --padding-scheme is no padding scheme");
	if (c->heartbeat_ms != 0)
		c->heartbeat_timeout_ms = 3 * c->heartbeat_ms;
	return (NULL);
}

static int
fail(const char *why, int status)
{
	(void)fprintf(stderr, "anytls-server: %s\n", why);
	if (status == 2)
		(void)fprintf(stderr, "try anytls-server --help\n");
	return (status);
}

static int
serve(const struct program *p)
{
	char err[SERVICE_ERRLEN], text[ATLS_ADDR_STRLEN];
	struct service *s = service_new(&p->cfg, err);
	struct atls_addr bound;
	size_t i;
	int ret;

	if (s == NULL)
		return (fail(err, 1));
	for (i = 0; i < p->cfg.nlisten; i++) {
		service_bound(s, i, &bound);
		atls_addr_format(&bound, text);
		(void)fprintf(stderr, "listening on %s\n", text);
	}
	if ((ret = service_run(s)) != 0)
		ret = fail(atls_strerror(ret), 1);
	service_free(s);
	return (ret);
}

int
main(int argc, char **argv)
{
	static struct program p;
	char err[OPTION_ERRLEN];
	const char *why;
	int ret;

	set_defaults(&p);
	if (option_read(defs, PREFIX, argc, argv, apply, &p, err) != 0)
		return (fail(err, 2));
	if ((why = complete(&p)) != NULL)
		return (fail(why, 2));
	signal(SIGPIPE, SIG_IGN);
	ret = serve(&p);
	free(p.hashes);
	return (ret);
}
