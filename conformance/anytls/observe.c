/* client --observe: a server that looks at whoever comes, and echoes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/anytls/frames.h"
#include "conformance/anytls/observe_impl.h"
#include "conformance/anytls/pack.h"
#include "conformance/engine/options.h"
#include "conformance/engine/reach.h"
#include "conformance/engine/totals.h"

/* Of one rule; the rest is counted. */
#define MOST_LINES 3

static const char expected_hash[] =
    "it has another password, or speaks something else; not judged";

__attribute__((format(printf, 3, 4))) static void
say(struct observe *o, const struct watched *w, const char *fmt, ...)
{
	va_list ap;

	fprintf(o->out, "session %u: ", w->number);
	va_start(ap, fmt);
	vfprintf(o->out, fmt, ap);
	va_end(ap);
	putc('\n', o->out);
	fflush(o->out);
}

static void
found(void *ctx, const char *id, const char *text)
{
	struct watched *w = ctx;
	struct observe *o = w->o;
	const struct requirement *req = register_find(&o->reg, id, strlen(id));
	enum status status = totals_classify(req, false);
	size_t row = req != NULL ? (size_t)(req - o->reg.rows) : 0;

	w->nfindings++;
	o->count[status]++;
	if (++o->times[row] > MOST_LINES)
		return;
	say(o, w, "%s %s %s %s: %s", totals_status_name(status), id,
	    req != NULL ? req->level : "", req != NULL ? req->basis : "", text);
}

static void
line(void *ctx, bool from_client, const struct atls_frame *head,
    const uint8_t *data)
{
	struct frame f = frame(head->cmd, head->sid, bytes(data, head->len));
	struct watched *w = ctx;
	char text[FRAMES_TEXT];

	if (w->o->opt->verbose >= 2)
		say(w->o, w, "%s %s",
		    from_client ? "\xe2\x86\x90" : "\xe2\x86\x92",
		    frames_describe(&f, text));
}

static void
drop(struct watched *w, bool at_rest)
{
	if (w->judged) {
		passive_time(w->rules, t_now());
		passive_end(w->rules, at_rest);
		say(w->o, w, "ended: %s, version %u, %u findings",
		    passive_client_name(w->rules)[0] != '\0'
			? passive_client_name(w->rules)
			: "without a name",
		    passive_version(w->rules), w->nfindings);
	}
	passive_free(w->rules);
	watched_free(w);
}

static void
accept_one(struct observe *o)
{
	struct passive_config cfg = {
		.found = found, .frame = line, .hash = o->hash
	};
	int fd = accept(o->fd, NULL, NULL);
	struct watched *w;

	if (fd < 0)
		return;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (o->n == OBSERVE_SESSIONS || (w = watched_new(o, fd)) == NULL) {
		close(fd);
		return;
	}
	cfg.ctx = w;
	w->rules = passive_new(&cfg);
	if (w->rules == NULL) {
		watched_free(w);
		return;
	}
	o->sessions[o->n++] = w;
}

/* One record. False: no more of this session. */
static bool
take_record(struct watched *w, struct atls_bytes plain)
{
	char text[64];

	if (!watched_may_judge(w, plain)) {
		say(w->o, w, "begins with %s: %s",
		    frames_quote(plain.p, plain.len < 16 ? plain.len : 16, text,
			sizeof(text)),
		    expected_hash);
		return (false);
	}
	if (!w->judged)
		w->o->judged++;
	w->judged = true;
	passive_time(w->rules, t_now());
	return (passive_client(w->rules, plain) && watched_act(w, plain));
}

/* False: it is over. */
static bool
read_some(struct watched *w)
{
	uint8_t in[16384], plain[TLS_MAX_PLAINTEXT];
	ssize_t n = recv(w->fd, in, sizeof(in), 0);
	size_t len;
	int err;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return (true);
	if (n <= 0) {
		if (n == 0)
			capture_came_fin(w->o->t, w->capture);
		else
			capture_came_rst(w->o->t, w->capture);
		passive_closed(w->rules, true);
		return (false);
	}
	capture_came(w->o->t, w->capture, in, (size_t)n);
	tls_conn_input(w->tls, atls_bytes(in, (size_t)n));
	err = tls_conn_handshake(w->tls);
	if (err != 0 && err != ATLS_E_MORE)
		say(w->o, w, "the TLS handshake failed: %s",
		    tls_conn_error(w->tls));
	while (err == 0) {
		err = tls_conn_read(w->tls, plain, sizeof(plain), &len);
		if (err == 0 && !take_record(w, atls_bytes(plain, len)))
			return (false);
	}
	return (err == ATLS_E_MORE);
}

static bool
serve_one(struct watched *w, short revents)
{
	bool open = true;

	if (revents & (POLLIN | POLLHUP | POLLERR))
		open = read_some(w);
	return (watched_flush(w) && open);
}

/* One turn of the loop; false when it is to end. */
static bool
turn(struct observe *o, int stop_fd, int timeout)
{
	struct pollfd p[OBSERVE_SESSIONS + 2];
	size_t i, n = o->n;

	p[0] = (struct pollfd){ o->fd, POLLIN, 0 };
	p[1] = (struct pollfd){ stop_fd, POLLIN, 0 };
	for (i = 0; i < n; i++)
		p[i + 2] = (struct pollfd){ o->sessions[i]->fd,
			(short)(POLLIN |
			    (o->sessions[i]->out.len != 0 ? POLLOUT : 0)),
			0 };
	if (poll(p, (nfds_t)n + 2, timeout) < 0)
		return (errno == EINTR);
	for (i = n; i-- > 0;)
		if (p[i + 2].revents != 0 &&
		    !serve_one(o->sessions[i], p[i + 2].revents)) {
			drop(o->sessions[i], true);
			o->sessions[i] = o->sessions[--o->n];
		}
	if (p[0].revents != 0)
		accept_one(o);
	return (p[1].revents == 0);
}

static void
watch(struct observe *o, int stop_fd)
{
	uint64_t end = t_now() + 1000u * (uint64_t)o->opt->seconds;
	uint64_t now;
	int timeout = -1;

	do {
		if (o->opt->seconds != 0) {
			now = t_now();
			if (now >= end)
				break;
			timeout = (int)(end - now);
		}
	} while (turn(o, stop_fd, timeout));
	while (o->n != 0)
		drop(o->sessions[--o->n], false);
}

static void
log_key(void *ctx, const char *line)
{
	struct observe *o = ctx;

	capture_key(o->t, line);
	if (o->keylog == NULL)
		return;
	fprintf(o->keylog, "%s\n", line);
	fflush(o->keylog);
}

static int
open_keylog(struct observe *o, struct tls_ctx_config *cfg, struct complaint *c)
{
	if (o->opt->keylog != NULL || capture_is_on(o->t)) {
		cfg->keylog = log_key;
		cfg->keylog_ctx = o;
	}
	if (o->opt->keylog == NULL)
		return (0);
	o->keylog = fopen(o->opt->keylog, "a");
	if (o->keylog == NULL)
		return (
		    complain(c, EXIT_USAGE, "cannot write the key log %s: %s",
			o->opt->keylog, strerror(errno)));
	return (0);
}

static int
start(struct observe *o, struct complaint *c)
{
	struct tls_ctx_config cfg = { .server = true,
		.common_name = o->opt->sni };
	char err[TLS_ERRLEN], host[REACH_HOST];
	uint16_t port;
	int rc = reach_resolve(o->opt->listen, host, &port, c);

	if (rc == 0)
		rc = register_read(&o->reg, anytls_client_pack.requirements, c);
	if (rc == 0)
		rc = observe_capture_begin(o, c);
	if (rc == 0)
		rc = open_keylog(o, &cfg, c);
	if (rc != 0)
		return (rc);
	o->times = calloc(o->reg.nrows + 1, sizeof(*o->times));
	o->tls = tls_ctx_new(&cfg, err);
	if (o->times == NULL || o->tls == NULL ||
	    digest_password(o->opt->password, o->hash) != 0)
		return (complain(c, EXIT_SUITE, "out of memory"));
	o->fd = reach_listen(host, &port);
	if (o->fd < 0)
		return (complain(c, EXIT_USAGE, "cannot listen on %s: %s",
		    o->opt->listen, strerror(-o->fd)));
	fprintf(o->out,
	    "observing on %s; sessions are answered as by a version 2 server "
	    "that\nechoes. Any address can be asked for. Interrupt to end.\n",
	    o->opt->listen);
	fflush(o->out);
	return (0);
}

static int
conclude(const struct observe *o)
{
	fprintf(o->out,
	    "anytls-conform: %u sessions observed, %u judged: %u fail, %u "
	    "warn, %u info\n",
	    o->total, o->judged, o->count[ST_FAIL], o->count[ST_WARN],
	    o->count[ST_INFO]);
	if (o->judged == 0)
		return (EXIT_NOTHING_TESTED);
	return (
	    o->count[ST_FAIL] != 0 || (o->opt->strict && o->count[ST_WARN] != 0)
		? EXIT_FINDINGS
		: 0);
}

int
anytls_observe(
    const struct options *opt, FILE *out, int stop_fd, struct complaint *c)
{
	struct observe *o = calloc(1, sizeof(*o));
	int rc, kept;

	if (o == NULL)
		return (complain(c, EXIT_SUITE, "out of memory"));
	o->opt = opt;
	o->out = out;
	o->fd = -1;
	rc = start(o, c);
	if (rc == 0) {
		watch(o, stop_fd);
		rc = conclude(o);
	}
	kept = observe_capture_end(o, c);
	rc = kept != 0 ? kept : rc;
	if (o->fd >= 0)
		close(o->fd);
	tls_ctx_free(o->tls);
	if (o->keylog != NULL)
		fclose(o->keylog);
	register_free(&o->reg);
	free(o->times);
	free(o);
	return (rc);
}
