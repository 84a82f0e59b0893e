/* The TLS record layer and the handshake, as far as a reader needs them. */
#include "pcap/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/wire/err.h"

#define TYPE_CCS 20
#define MOST_BODY (16384 + 2048)
#define MOST_MESSAGE 65536

enum message {
	MSG_CLIENT_HELLO = 1,
	MSG_SERVER_HELLO = 2,
	MSG_FINISHED = 20,
	MSG_KEY_UPDATE = 24
};

enum stage {
	STAGE_PLAIN,
	STAGE_HANDSHAKE, /* TLS 1.3, with the handshake's keys */
	STAGE_DATA
};

/* A handshake message being put together; those of no use are passed over. */
struct message_reader {
	uint8_t head[4];
	uint8_t nhead;
	uint32_t left;
	uint8_t *body; /* kept when the message is of use */
	uint32_t have;
};

struct view_side {
	enum stage stage;
	uint8_t header[AEAD_HEADER];
	uint8_t nheader;
	uint8_t *body; /* of a record that has come in part */
	uint32_t have, need;
	struct message_reader message;
	struct aead *keys;
	uint64_t seq;
};

struct view {
	struct view_shared *shared;
	struct view_sink to;
	struct view_side side[2];
	enum view_trouble trouble;
	const struct aead_suite *suite;
	const struct keylog_entry *entry;
	bool has_client, has_server, any;
	bool opened; /* some record has been */
	bool nomem;  /* for keys that there are */
	struct hello_client client;
	struct hello_server server;
};

struct view *
view_new(struct view_shared *shared, const struct view_sink *to)
{
	struct view *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return (NULL);
	v->shared = shared;
	v->to = *to;
	return (v);
}

void
view_free(struct view *v)
{
	int i;

	if (v == NULL)
		return;
	for (i = 0; i < 2; i++) {
		free(v->side[i].body);
		free(v->side[i].message.body);
		aead_free(v->side[i].keys);
	}
	free(v);
}

__attribute__((format(printf, 4, 5))) static void
trouble(struct view *v, enum view_trouble what, struct mark at, const char *fmt,
    ...)
{
	char text[256];
	va_list ap;

	if (v->trouble >= VIEW_NOT_TLS || v->trouble == what)
		return;
	v->trouble = what;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	v->to.trouble(v->to.ctx, what, text, at);
}

static bool
is_over(const struct view *v)
{
	return (v->trouble >= VIEW_NOT_TLS);
}

static bool
is_tls13(const struct view *v)
{
	return (v->has_server && v->server.version >= 0x0304);
}

/* The keys that DIR uses from now on; without them it stays unopened. */
static void
set_keys(struct view *v, int dir, enum keylog_label label)
{
	struct view_side *s = &v->side[dir];
	struct aead_tls12 in = { v->client.random, v->server.random,
		{ NULL, 0 }, dir == VIEW_CLIENT };
	struct atls_bytes secret;

	aead_free(s->keys);
	s->keys = NULL;
	s->seq = 0;
	if (v->entry == NULL || v->suite == NULL || v->entry->len[label] == 0)
		return;
	secret = atls_bytes(v->entry->secret[label], v->entry->len[label]);
	in.master = secret;
	s->keys = v->suite->tls13
	    ? aead_new_tls13(v->shared->lib, v->suite, secret)
	    : aead_new_tls12(v->shared->lib, v->suite, &in);
	if (s->keys == NULL && aead_takes(v->suite, secret))
		v->nomem = true;
}

/* There are secrets of the connection, and these that are needed now? */
static void
check_keys(struct view *v, int dir, struct mark at)
{
	if (v->entry != NULL && v->suite != NULL && v->side[dir].keys == NULL)
		trouble(v, VIEW_WRONG_KEYS, at,
		    "the key log has no usable secret of what the %s sends",
		    dir == VIEW_CLIENT ? "client" : "server");
}

static bool
choose_suite(struct view *v, struct mark at)
{
	const struct hello_server *h = &v->server;

	if (h->version != 0x0303 && h->version != 0x0304) {
		trouble(v, VIEW_UNSUPPORTED, at,
		    "TLS version %04x is not supported, only 1.2 and 1.3 are",
		    h->version);
		return (false);
	}
	v->suite = aead_suite(h->suite);
	if (v->suite != NULL && v->suite->tls13 != (h->version == 0x0304))
		v->suite = NULL;
	if (v->suite != NULL)
		return (true);
	trouble(v, VIEW_UNSUPPORTED, at,
	    "cipher suite %04x is not supported: only suites with AES-GCM or "
	    "ChaCha20-Poly1305 are",
	    h->suite);
	return (false);
}

/* Both hellos are there. */
static void
begin_session(struct view *v, struct mark at)
{
	v->to.hello(v->to.ctx);
	if (choose_suite(v, at)) {
		v->entry = keylog_find(v->shared->keys, v->client.random);
		if (v->entry == NULL)
			trouble(v, VIEW_NO_KEYS, at,
			    "the key log has no secrets of this connection");
	}
	if (!is_tls13(v))
		return;
	v->side[0].stage = v->side[1].stage = STAGE_HANDSHAKE;
	set_keys(v, VIEW_CLIENT, KEYLOG_CLIENT_HANDSHAKE);
	set_keys(v, VIEW_SERVER, KEYLOG_SERVER_HANDSHAKE);
}

static void
see_hello(struct view *v, int dir, struct atls_bytes body, struct mark at)
{
	struct hello_client again;

	if (dir == VIEW_CLIENT) {
		if (!hello_client_read(body, &again)) {
			trouble(
			    v, VIEW_BROKEN, at, "the ClientHello is malformed");
			return;
		}
		/* A second one answers HelloRetryRequest; the random stays. */
		v->client = again;
		v->has_client = true;
		return;
	}
	if (!v->has_client) {
		trouble(v, VIEW_MIDDLE, at,
		    "the ServerHello comes without a ClientHello before it");
		return;
	}
	if (!hello_server_read(body, &v->server)) {
		trouble(v, VIEW_BROKEN, at, "the ServerHello is malformed");
		return;
	}
	if (v->server.retry)
		return;
	v->has_server = true;
	begin_session(v, at);
}

static void
see_message(struct view *v, int dir, struct atls_bytes body, struct mark at)
{
	struct view_side *s = &v->side[dir];
	uint8_t type = s->message.head[0];

	if (s->stage == STAGE_PLAIN &&
	    type == (dir == VIEW_CLIENT ? MSG_CLIENT_HELLO : MSG_SERVER_HELLO))
		see_hello(v, dir, body, at);
	else if (s->stage == STAGE_HANDSHAKE && type == MSG_FINISHED) {
		s->stage = STAGE_DATA;
		set_keys(v, dir,
		    dir == VIEW_CLIENT ? KEYLOG_CLIENT_TRAFFIC
				       : KEYLOG_SERVER_TRAFFIC);
		check_keys(v, dir, at);
	} else if (s->stage == STAGE_DATA &&
	    (is_tls13(v) ? type == MSG_KEY_UPDATE : type < 3)) {
		aead_free(s->keys);
		s->keys = NULL;
		trouble(v, VIEW_UNSUPPORTED, at,
		    "a TLS %s is not supported; what follows it stays closed",
		    is_tls13(v) ? "key update" : "renegotiation");
	}
}

static bool
is_of_use(const struct message_reader *m)
{
	return (m->left <= MOST_MESSAGE &&
	    (m->head[0] == MSG_CLIENT_HELLO || m->head[0] == MSG_SERVER_HELLO));
}

static int
start_message(struct message_reader *m)
{
	m->left =
	    (uint32_t)m->head[1] << 16 | (uint32_t)m->head[2] << 8 | m->head[3];
	m->have = 0;
	if (!is_of_use(m))
		return (0);
	m->body = malloc(m->left + 1);
	return (m->body != NULL ? 0 : ATLS_E_NOMEM);
}

/* The plaintext of a handshake record. */
static int
see_handshake(struct view *v, int dir, struct atls_bytes in, struct mark at)
{
	struct message_reader *m = &v->side[dir].message;
	size_t n;

	while (!is_over(v)) {
		for (; m->nhead < 4 && in.len != 0; atls_bytes_skip(&in, 1)) {
			m->head[m->nhead++] = in.p[0];
			if (m->nhead == 4 && start_message(m) != 0)
				return (ATLS_E_NOMEM);
		}
		if (m->nhead < 4)
			break;
		n = m->left < in.len ? m->left : in.len;
		if (m->body != NULL && n != 0)
			memcpy(m->body + m->have, in.p, n);
		m->have += (uint32_t)n;
		m->left -= (uint32_t)n;
		atls_bytes_skip(&in, n);
		if (m->left != 0)
			break;
		see_message(v, dir,
		    atls_bytes(m->body, m->body != NULL ? m->have : 0), at);
		free(m->body);
		m->body = NULL;
		m->nhead = 0;
	}
	return (0);
}

static void
emit(struct view *v, struct view_record *r, bool opened)
{
	r->opened = opened;
	v->to.record(v->to.ctx, r);
}

/* TLS 1.3 has the type behind the data, and zeros behind the type. */
static bool
uncover(struct view_record *r)
{
	while (r->plain.len != 0 && r->plain.p[r->plain.len - 1] == 0)
		r->plain.len--;
	if (r->plain.len == 0)
		return (false);
	r->type = r->plain.p[--r->plain.len];
	return (true);
}

/* Tries the keys. A key log without the handshake's secrets is made do with:
 * the first record that the traffic's keys open is the first behind it. */
static bool
open_record(struct view *v, struct view_side *s, struct atls_bytes body,
    struct view_record *r)
{
	struct atls_writer w = atls_writer(v->shared->plain, VIEW_PLAIN);

	if (!aead_open(s->keys, s->seq, s->header, body, &w))
		return (false);
	s->seq++;
	r->plain = atls_bytes(w.p, w.len);
	if (!v->suite->tls13)
		return (true);
	return (uncover(r));
}

static void
cannot_open(struct view *v, struct view_record *r)
{
	bool opened = v->opened;

	aead_free(v->side[r->dir].keys);
	v->side[r->dir].keys = NULL;
	if (opened)
		trouble(v, VIEW_BROKEN, r->at,
		    "a record does not open although earlier ones did: bytes "
		    "of the capture are damaged");
	else
		trouble(v, VIEW_WRONG_KEYS, r->at,
		    "the secrets that the key log has of this connection do "
		    "not fit");
}

/* Without the handshake's secrets: is this the first record behind it? */
static bool
try_traffic(struct view *v, struct view_record *r, struct atls_bytes body)
{
	struct view_side *s = &v->side[r->dir];

	if (s->stage != STAGE_HANDSHAKE || v->suite == NULL || !v->suite->tls13)
		return (false);
	set_keys(v, r->dir,
	    r->dir == VIEW_CLIENT ? KEYLOG_CLIENT_TRAFFIC
				  : KEYLOG_SERVER_TRAFFIC);
	if (s->keys == NULL)
		return (false);
	if (open_record(v, s, body, r)) {
		s->stage = STAGE_DATA;
		return (true);
	}
	aead_free(s->keys);
	s->keys = NULL;
	return (false);
}

/* A record that is encrypted. */
static int
see_closed(struct view *v, int dir, struct atls_bytes body, struct mark at)
{
	struct view_side *s = &v->side[dir];
	struct view_record r = { .dir = dir,
		.type = s->header[0],
		.wire = (uint32_t)body.len,
		.at = at };

	if (s->keys == NULL && !try_traffic(v, &r, body)) {
		if (s->header[0] == VIEW_DATA)
			emit(v, &r, false);
		return (0);
	}
	if (r.plain.p == NULL && !open_record(v, s, body, &r)) {
		cannot_open(v, &r);
		if (!is_over(v) && s->header[0] == VIEW_DATA)
			emit(v, &r, false);
		return (0);
	}
	v->opened = true;
	if (r.type == VIEW_HANDSHAKE)
		return (see_handshake(v, dir, r.plain, at));
	emit(v, &r, true);
	return (0);
}

static int
see_record(struct view *v, int dir, struct atls_bytes body, struct mark at)
{
	struct view_side *s = &v->side[dir];
	struct view_record r = { .dir = dir,
		.type = s->header[0],
		.plain = body,
		.wire = (uint32_t)body.len,
		.at = at };

	v->any = true;
	if (s->header[0] == TYPE_CCS) {
		if (v->has_server && !is_tls13(v)) {
			s->stage = STAGE_DATA;
			set_keys(v, dir, KEYLOG_MASTER);
			check_keys(v, dir, at);
		}
		return (0);
	}
	if (s->stage != STAGE_PLAIN) {
		/* An alert of TLS 1.3 may still be in the clear. */
		if (is_tls13(v) && s->header[0] == VIEW_ALERT)
			emit(v, &r, true);
		else if (!is_tls13(v) || s->header[0] == VIEW_DATA)
			return (see_closed(v, dir, body, at));
		return (0);
	}
	if (s->header[0] == VIEW_HANDSHAKE)
		return (see_handshake(v, dir, body, at));
	if (s->header[0] == VIEW_ALERT)
		emit(v, &r, true);
	else if (dir == VIEW_CLIENT && v->has_client)
		trouble(v, VIEW_UNSUPPORTED, at,
		    "the client sends 0-RTT data, which is not supported");
	else
		trouble(v, VIEW_MIDDLE, at,
		    "the TLS handshake is not in the capture");
	return (0);
}

/* The header is complete: can this be a record? */
static bool
check_header(struct view *v, int dir, struct mark at)
{
	struct view_side *s = &v->side[dir];
	const uint8_t *h = s->header;

	s->need = atls_get16(h + 3);
	if (h[0] >= TYPE_CCS && h[0] <= VIEW_DATA + 1 && h[1] == 3 &&
	    h[2] <= 4 && s->need <= MOST_BODY)
		return (true);
	if (!v->any)
		trouble(v, VIEW_NOT_TLS, at,
		    "the connection does not begin with a TLS record");
	else
		trouble(v, VIEW_BROKEN, at,
		    "%02x %02x %02x %02x %02x is no header of a TLS record",
		    h[0], h[1], h[2], h[3], h[4]);
	return (false);
}

static bool
make_room(struct view *v, struct view_side *s)
{
	s->body = v->shared->spare;
	v->shared->spare = NULL;
	if (s->body == NULL)
		s->body = malloc(MOST_BODY);
	return (s->body != NULL);
}

/* Gathers the body of a record. True with *BODY when it is whole. */
static bool
gather(struct view *v, struct view_side *s, struct atls_bytes *in,
    struct atls_bytes *body, int *rc)
{
	size_t n = s->need - s->have;

	if (s->body == NULL && in->len >= n) {
		*body = atls_bytes(in->p, n);
		atls_bytes_skip(in, n);
		return (true);
	}
	if (s->body == NULL && !make_room(v, s)) {
		*rc = ATLS_E_NOMEM;
		return (false);
	}
	if (n > in->len)
		n = in->len;
	memcpy(s->body + s->have, in->p, n);
	s->have += (uint32_t)n;
	atls_bytes_skip(in, n);
	*body = atls_bytes(s->body, s->need);
	return (s->have == s->need);
}

int
view_data(struct view *v, int dir, struct atls_bytes in, struct mark at)
{
	struct view_side *s = &v->side[dir];
	struct atls_bytes body;
	size_t n;
	int rc = 0;

	while (in.len != 0 && rc == 0 && !is_over(v)) {
		if (s->nheader < AEAD_HEADER) {
			n = AEAD_HEADER - (size_t)s->nheader;
			if (n > in.len)
				n = in.len;
			memcpy(s->header + s->nheader, in.p, n);
			s->nheader = (uint8_t)(s->nheader + n);
			atls_bytes_skip(&in, n);
			if (s->nheader < AEAD_HEADER ||
			    !check_header(v, dir, at))
				continue;
			if (in.len == 0 && s->need != 0)
				break;
		}
		if (!gather(v, s, &in, &body, &rc))
			continue;
		rc = see_record(v, dir, body, at);
		if (s->body != NULL) {
			free(v->shared->spare);
			v->shared->spare = s->body;
			s->body = NULL;
		}
		s->have = 0;
		s->nheader = 0;
	}
	return (v->nomem ? ATLS_E_NOMEM : rc);
}

const struct hello_client *
view_client(const struct view *v)
{
	return (&v->client);
}

const struct hello_server *
view_server(const struct view *v)
{
	return (&v->server);
}

const char *
view_protocol(const struct view *v, char *buf, size_t size)
{
	buf[0] = '\0';
	if (v->has_server && v->suite != NULL)
		snprintf(buf, size, "TLS 1.%d %s", is_tls13(v) ? 3 : 2,
		    v->suite->name);
	else if (v->has_server)
		snprintf(buf, size, "TLS %04x, suite %04x", v->server.version,
		    v->server.suite);
	return (buf);
}

enum view_trouble
view_trouble(const struct view *v)
{
	return (v->trouble);
}

bool
view_is_client_hello(struct atls_bytes data)
{
	return (data.len >= 6 && data.p[0] == VIEW_HANDSHAKE &&
	    data.p[1] == 3 && data.p[AEAD_HEADER] == MSG_CLIENT_HELLO);
}
