/* A session that a client opens: TLS, authentication, settings, streams. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/anytls/client.h"
#include "conformance/anytls/sockets.h"
#include "conformance/anytls/verbs.h"
#include "conformance/engine/capture.h"
#include "ref/net/digest.h"
#include "ref/wire/settings.h"

/* All that a client sends is kept, for the oracle of record sizes: four times
 * the most that a case has it send. A flood is more. */
#define KEPT_MAX (8u << 20)
#define PATIENCE 3

/* How fast a client connects and what its TLS costs is not judged: many of them
 * start at once on a machine with few processors. */
static uint64_t
patient_deadline(struct t *t)
{
	return (t_now() + PATIENCE * (uint64_t)t->timeout_ms);
}

static struct tls_ctx *
server_ctx(struct t *t)
{
	struct state *st = pack_state(t);
	struct tls_ctx_config cfg = { .server = true };
	char err[TLS_ERRLEN];

	if (st->tls != NULL)
		return (st->tls);
	cfg.cert_file = t->cert_file;
	cfg.key_file = t->key_file;
	if (t->keylog != NULL || capture_is_on(t)) {
		cfg.keylog = peer_keylog;
		cfg.keylog_ctx = t;
	}
	if ((st->tls = tls_ctx_new(&cfg, err)) == NULL)
		t_error(t, "%s", err);
	return (st->tls);
}

static int
accept_socket(struct t *t, unsigned number, const char *expected)
{
	uint64_t deadline = patient_deadline(t), start = t_now();
	int one = 1, fd;

	t_step(t, "%s", expected);
	do {
		if (!client_comes(t, number, deadline))
			pack_fail(t, expected, "no connection within %u ms%s",
			    (unsigned)(t_now() - start), verb_last(t));
		fd = accept(client_side(t)->fd[number], NULL, NULL);
	} while (fd < 0 &&
	    (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		t_error(t, "accept: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		t_error(t, "fcntl: %s", strerror(errno));
	t_step(t, "%s", "");
	return (fd);
}

static struct peer *
accepted_peer(struct t *t, int fd)
{
	struct peer *p = peer_new(t, server_ctx(t), NULL, NULL);

	p->fd = fd;
	p->capture = capture_accept(t, fd);
	p->accepted = true;
	p->raw_max = KEPT_MAX;
	p->told.auth = false;
	p->came.auth = true;
	return (p);
}

struct peer *
accept_client_at(struct t *t, unsigned number)
{
	static const char expected[] = "the client opens a session";
	int fd = accept_socket(t, number, expected);
	struct peer *p = accepted_peer(t, fd);
	char err[PEER_ERRLEN];

	t_log(t, "a session opens at server %u", number);
	t_step(t, "the client shakes hands by TLS");
	if (!peer_shake_hands(p, patient_deadline(t), err))
		pack_fail(t, "the client shakes hands by TLS",
		    "%s; does it refuse the certificate? Its command may "
		    "name {ca}, or a switch that trusts any",
		    err);
	t_step(t, "%s", "");
	t_log(t, "TLS: %s, %s", tls_conn_version(p->tls),
	    tls_conn_cipher(p->tls));
	return (p);
}

bool
client_trusts(struct t *t, struct peer **p)
{
	int fd = accept_socket(t, 0, "the client opens a session");
	char err[PEER_ERRLEN];

	*p = accepted_peer(t, fd);
	if (peer_shake_hands(*p, patient_deadline(t), err))
		return (true);
	t_log(t, "TLS does not stand: %s", err);
	return (false);
}

bool
peer_speaks(struct peer *p)
{
	uint64_t deadline = patient_deadline(p->t);

	while (p->raw.len == 0 && p->closing == OPEN)
		if (!verb_wait(p, deadline))
			break;
	return (p->raw.len != 0);
}

const char *
name_told(const struct peer *p)
{
	return (tls_conn_sni(p->tls));
}

struct peer *
accept_client(struct t *t)
{
	return (accept_client_at(t, 0));
}

bool
session_comes(struct t *t, uint32_t ms)
{
	return (client_comes(t, 0, t_deadline(t, ms)));
}

void
expect_no_session(struct t *t, uint32_t ms)
{
	if (client_comes(t, 0, t_now() + ms))
		pack_fail(t, t_printf(t, "no session opens for %u ms", ms),
		    "the client opens a session%s", verb_last(t));
}

/* Waits until N bytes have come. */
static void
wait_bytes(struct peer *p, size_t n, uint64_t deadline, const char *expected)
{
	uint64_t start = t_now();

	t_step(p->t, "%s", expected);
	while (p->raw.len < n) {
		if (p->closing != OPEN)
			verb_fail_closed(p, expected);
		if (!verb_wait(p, deadline))
			pack_fail(p->t, expected,
			    "%zu of %zu bytes within %u ms", p->raw.len, n,
			    (unsigned)(t_now() - start));
	}
	t_step(p->t, "%s", "");
}

static _Noreturn void
wrong_hash(struct peer *p, const char *expected)
{
	const char *why = "does the client have the password?";
	uint8_t hash[ATLS_AUTH_HASH];

	if (digest_password(
		percent_encoded(p->t, p->t->target.password), hash) == 0 &&
	    memcmp(p->raw.p, hash, sizeof(hash)) == 0)
		why = "they are that of the password as it stands in the link, "
		      "with percent-encoding";
	pack_fail(p->t, expected,
	    "it begins with 32 bytes that are not the hash: %s", why);
}

struct auth_seen
expect_auth(struct peer *p)
{
	static const char expected[] =
	    "the authentication request: SHA-256 of the password, length, "
	    "padding0";
	struct auth_seen seen = { .zero = true };
	uint64_t deadline = verb_deadline(p->t, 0);
	uint8_t hash[ATLS_AUTH_HASH];
	size_t i, sum;

	wait_bytes(p, ATLS_AUTH_HEADER, deadline, expected);
	if (digest_password(p->t->target.password, hash) != 0)
		t_error(p->t, "out of memory");
	if (memcmp(p->raw.p, hash, sizeof(hash)) != 0)
		wrong_hash(p, expected);
	seen.padding = atls_get16(p->raw.p + ATLS_AUTH_HASH);
	wait_bytes(p, (size_t)ATLS_AUTH_HEADER + seen.padding, deadline,
	    "all of padding0, as its length says");
	for (i = 0; i < seen.padding; i++)
		seen.zero &= p->raw.p[ATLS_AUTH_HEADER + i] == 0;
	seen.first_record = p->sizes[0];
	for (sum = 0; sum < (size_t)ATLS_AUTH_HEADER + seen.padding;)
		sum += p->sizes[seen.nrecords++];
	return (seen);
}

static const char *
copy_text(struct t *t, struct atls_bytes b)
{
	char *s = t_alloc(t, b.len + 1);

	if (b.len != 0)
		memcpy(s, b.p, b.len);
	return (s);
}

struct settings_seen
expect_settings(struct peer *p)
{
	static const char expected[] = "← Settings as the first frame";
	struct settings_seen seen;
	struct atls_settings s;
	struct queued *q =
	    verb_front(p, verb_deadline(p->t, 0), NULL, false, expected);

	if (q == NULL)
		verb_fail_closed(p, expected);
	if (q->f.cmd != ATLS_CMD_SETTINGS)
		verb_fail_frame(p, expected, &q->f);
	atls_settings_read(atls_bytes(q->f.data.p, q->f.data.len), &s);
	seen.v = copy_text(p->t, s.v);
	seen.client = copy_text(p->t, s.client);
	seen.md5 = copy_text(p->t, s.md5);
	seen.raw = join(p->t, q->f.data, NO_DATA);
	seen.sid = q->f.sid;
	p->client_version = atls_settings_version(&s, 255);
	verb_pop(p);
	return (seen);
}

void
client_read_address(
    struct peer *p, uint32_t sid, struct atls_addr *a, const char *expected)
{
	uint64_t deadline = verb_deadline(p->t, 0);
	uint8_t buf[ATLS_ADDR_MAX];
	struct atls_bytes in;
	struct queued *q;
	size_t n = 0;
	int err;

	do {
		q = verb_front(p, deadline, NULL, true, expected);
		if (q == NULL)
			verb_fail_closed(p, expected);
		if (q->f.cmd == ATLS_CMD_FIN && q->f.sid != sid) {
			verb_pop(p);
			err = ATLS_E_MORE;
			continue;
		}
		if (q->f.cmd != ATLS_CMD_PSH || q->f.sid != sid)
			verb_fail_frame(p, expected, &q->f);
		err = ATLS_E_MORE;
		while (err == ATLS_E_MORE && q->taken < q->f.data.len &&
		    n < sizeof(buf)) {
			buf[n++] = q->f.data.p[q->taken++];
			in = atls_bytes(buf, n);
			err = atls_addr_read(&in, a);
		}
		if (q->taken == q->f.data.len)
			verb_pop(p);
	} while (err == ATLS_E_MORE && n < sizeof(buf));
	if (err != 0)
		pack_fail(p->t, expected, "no SOCKS address of a known type");
}

static void
name_host(struct stream_seen *st)
{
	int family = st->addr.type == ATLS_ADDR_IPV4 ? AF_INET : AF_INET6;

	if (st->addr.type == ATLS_ADDR_NAME)
		memcpy(st->host, st->addr.host, st->addr.len);
	else
		inet_ntop(family, st->addr.host, st->host, sizeof(st->host));
}

/* The front frame without waste, heartbeat requests, and ends of other streams.
 */
static struct queued *
next_syn(struct peer *p, const char *expected)
{
	uint64_t deadline = verb_deadline(p->t, 0);
	struct queued *q;

	for (;;) {
		q = verb_front(p, deadline, NULL, true, expected);
		if (q == NULL)
			verb_fail_closed(p, expected);
		if (q->f.cmd != ATLS_CMD_FIN)
			break;
		verb_pop(p);
	}
	return (q);
}

static bool
bears_implicit(struct t *t)
{
	return (client_side(t)->implicit ||
	    t_feature_value(t, "implicit-stream") != NULL);
}

/* The SYN alone, for servers that answer it at once. */
static void
take_syn(struct peer *p, struct stream_seen *st)
{
	static const char expected[] = "← SYN of the next stream";
	struct queued *q = next_syn(p, expected);

	memset(st, 0, sizeof(*st));
	st->sid = q->f.sid;
	if (q->f.cmd == ATLS_CMD_PSH && q->taken == 0 && !p->implicit &&
	    bears_implicit(p->t)) {
		p->implicit = st->implicit = true;
		return;
	}
	if (q->f.cmd != ATLS_CMD_SYN || q->f.data.len != 0)
		verb_fail_frame(p, expected, &q->f);
	verb_pop(p);
}

static void
take_address(struct peer *p, struct stream_seen *st)
{
	client_read_address(p, st->sid, &st->addr,
	    t_printf(p->t, "← PSH %u with the target's address", st->sid));
	st->port = st->addr.port;
	name_host(st);
	t_log(p->t, "stream %u is for %s:%u", st->sid, st->host, st->port);
}

struct stream_seen
expect_stream(struct peer *p)
{
	struct stream_seen st;

	take_syn(p, &st);
	take_address(p, &st);
	return (st);
}

struct stream_seen
serve_stream(struct peer *p)
{
	const struct profile *profile = p->profile;
	bool v2 = p->client_version >= 2;
	struct stream_seen st;

	take_syn(p, &st);
	if (v2 && profile->synack == PROFILE_SYNACK_EARLY)
		serve_tell(p, synack(st.sid, NO_DATA));
	take_address(p, &st);
	if (v2 && profile->synack == PROFILE_SYNACK) {
		serve_pause(p, profile->synack_ms);
		serve_tell(p, synack(st.sid, NO_DATA));
	}
	if (profile->fin_after_synack)
		serve_tell(p, fin(st.sid));
	return (st);
}
