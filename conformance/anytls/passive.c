/* The rules of a session that is only looked at. */
#include "conformance/anytls/passive.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/frames.h"
#include "conformance/anytls/tap.h"
#include "ref/net/digest.h"
#include "ref/wire/settings.h"
#include "ref/wire/shape.h"

/* Each is reported once in a session. */
enum rule {
	RULE_HASH,
	RULE_ONE_RECORD,
	RULE_ZERO_PADDING,
	RULE_SETTINGS_FIRST,
	RULE_SETTINGS_ONCE,
	RULE_SETTINGS_SID,
	RULE_SETTINGS_V,
	RULE_SETTINGS_CLIENT,
	RULE_SETTINGS_MD5,
	RULE_SID_ORDER,
	RULE_SYN_FIRST,
	RULE_AFTER_FIN,
	RULE_NO_DATA,
	RULE_DIRECTION,
	RULE_UNKNOWN,
	RULE_WASTE,
	RULE_HEARTBEAT,
	RULE_AUTH_SPLIT,
	RULE_SHAPE_NONE,
	RULE_SHAPE_TEXT,
	RULE_SHAPE_TOLERANT,
	RULES
};

static const char *const requirements[RULES] = {
	[RULE_HASH] = "AT-AU-01",
	[RULE_ONE_RECORD] = "AT-AU-08",
	[RULE_ZERO_PADDING] = "AT-AU-03",
	[RULE_SETTINGS_FIRST] = "AT-ST-01",
	[RULE_SETTINGS_ONCE] = "AT-ST-22",
	[RULE_SETTINGS_SID] = "AT-ST-22",
	[RULE_SETTINGS_V] = "AT-ST-18",
	[RULE_SETTINGS_CLIENT] = "AT-ST-05",
	[RULE_SETTINGS_MD5] = "AT-ST-23",
	[RULE_SID_ORDER] = "AT-SY-01",
	[RULE_SYN_FIRST] = "AT-SY-17",
	[RULE_AFTER_FIN] = "AT-CL-06",
	[RULE_NO_DATA] = "AT-FR-03",
	[RULE_DIRECTION] = "AT-FR-11",
	[RULE_UNKNOWN] = "AT-FR-05",
	[RULE_WASTE] = "AT-WA-02",
	[RULE_HEARTBEAT] = "AT-HB-01",
	[RULE_AUTH_SPLIT] = "AT-AU-02",
	[RULE_SHAPE_NONE] = "AT-PD-17",
	[RULE_SHAPE_TEXT] = "AT-RS-02",
	[RULE_SHAPE_TOLERANT] = "AT-RS-06",
};

struct stream {
	uint32_t sid;
	bool ended; /* the client sent FIN */
};

/* A scheme that the server sent, and what it borrows. */
struct kept {
	struct atls_scheme scheme;
	char *text;
};

struct passive {
	struct passive_config cfg;
	struct tap client, server;
	bool done[RULES];

	struct atls_auth_reader auth;
	bool in_auth;
	unsigned auth_records;

	bool settings;
	unsigned version;
	char name[128];
	uint32_t last_sid;
	struct stream *streams;
	size_t nstreams;
	uint64_t hearts_asked, hearts_answered;
	uint64_t nframes;

	struct atls_shape_oracle *oracle;
	bool shapeless; /* the scheme in force is not known */
	struct atls_scheme first;
	struct kept kept[ATLS_SHAPE_SCHEMES];
	size_t nkept;
};

__attribute__((format(printf, 3, 4))) static void
found(struct passive *v, enum rule rule, const char *fmt, ...)
{
	char text[ATLS_SHAPE_SENTENCE + 64];
	va_list ap;

	if (v->done[rule])
		return;
	v->done[rule] = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	v->cfg.found(v->cfg.ctx, requirements[rule], text);
}

static struct stream *
find_stream(struct passive *v, uint32_t sid)
{
	size_t i;

	for (i = v->nstreams; i > 0; i--)
		if (v->streams[i - 1].sid == sid)
			return (&v->streams[i - 1]);
	return (NULL);
}

static void
see_syn(struct passive *v, uint32_t sid)
{
	struct stream *grown;

	if (v->nstreams != 0 && sid <= v->last_sid)
		found(
		    v, RULE_SID_ORDER, "SYN %u after SYN %u", sid, v->last_sid);
	v->last_sid = sid;
	grown = realloc(v->streams, (v->nstreams + 1) * sizeof(*grown));
	if (grown == NULL)
		return;
	v->streams = grown;
	v->streams[v->nstreams++] = (struct stream){ sid, false };
}

static void
see_stream_frame(struct passive *v, const struct frame *f, const char *what)
{
	struct stream *s = find_stream(v, f->sid);

	if (s == NULL) {
		found(v, RULE_SYN_FIRST, "%s without a SYN before it", what);
		return;
	}
	if (s->ended && f->cmd == ATLS_CMD_PSH && f->data.len != 0)
		found(v, RULE_AFTER_FIN, "%s after the client's own FIN %u",
		    what, f->sid);
	if (f->cmd == ATLS_CMD_FIN)
		s->ended = true;
}

static void
compare_scheme(struct passive *v, struct atls_bytes md5)
{
	if (md5.len != ATLS_MD5_HEX ||
	    strspn((const char *)md5.p, "0123456789abcdef") < ATLS_MD5_HEX) {
		found(v, RULE_SETTINGS_MD5,
		    "padding-md5 of %zu bytes that is no lower-case MD5",
		    md5.len);
		return;
	}
	if (memcmp(md5.p, ATLS_SCHEME_DEFAULT_MD5, ATLS_MD5_HEX) == 0)
		return;
	/* It was sent in an earlier session. */
	v->shapeless = true;
}

static void
see_settings(struct passive *v, const struct frame *f)
{
	struct atls_settings s;

	if (v->settings)
		found(v, RULE_SETTINGS_ONCE, "Settings came again");
	if (f->sid != 0)
		found(
		    v, RULE_SETTINGS_SID, "Settings have stream id %u", f->sid);
	if (f->data.len == 0) {
		found(v, RULE_SETTINGS_V, "Settings are empty");
		return;
	}
	v->settings = true;
	atls_settings_read(atls_bytes(f->data.p, f->data.len), &s);
	v->version = atls_settings_version(&s, 255);
	if (!s.has_version)
		found(v, RULE_SETTINGS_V, "Settings have no number as v");
	if (s.client.len == 0)
		found(v, RULE_SETTINGS_CLIENT, "Settings name no client");
	if (!s.has_md5)
		found(v, RULE_SETTINGS_MD5, "Settings have no padding-md5");
	else
		compare_scheme(v, s.md5);
	snprintf(v->name, sizeof(v->name), "%.*s", (int)s.client.len,
	    (const char *)s.client.p);
}

static void
see_waste(struct passive *v, const struct frame *f)
{
	size_t i;

	if (f->sid != 0)
		found(v, RULE_WASTE, "waste has stream id %u", f->sid);
	for (i = 0; i < f->data.len; i++)
		if (f->data.p[i] != 0) {
			found(v, RULE_WASTE, "waste is not all zero");
			return;
		}
}

/* What any command of a client must keep to. */
static void
see_command(struct passive *v, const struct frame *f, const char *what)
{
	const struct atls_command_info *info = atls_command_info(f->cmd);

	if (info == NULL) {
		found(
		    v, RULE_UNKNOWN, "%s is no command of the protocol", what);
		return;
	}
	if (!info->may_carry && f->data.len != 0)
		found(v, RULE_NO_DATA, "%s carries %zu bytes", info->name,
		    f->data.len);
	if (!(info->sender & ATLS_SENDER_CLIENT))
		found(
		    v, RULE_DIRECTION, "%s comes from the client", info->name);
}

static void
client_frame(void *ctx, const struct frame *f)
{
	char what[FRAMES_TEXT];
	struct passive *v = ctx;

	frames_describe(f, what);
	if (v->cfg.line != NULL)
		v->cfg.line(v->cfg.ctx, true, what);
	if (v->nframes++ == 0 && f->cmd != ATLS_CMD_SETTINGS)
		found(v, RULE_SETTINGS_FIRST, "the first frame is %s", what);
	see_command(v, f, what);
	switch (f->cmd) {
	case ATLS_CMD_SETTINGS:
		see_settings(v, f);
		break;
	case ATLS_CMD_SYN:
		see_syn(v, f->sid);
		break;
	case ATLS_CMD_PSH:
	case ATLS_CMD_FIN:
		see_stream_frame(v, f, what);
		break;
	case ATLS_CMD_WASTE:
		see_waste(v, f);
		break;
	case ATLS_CMD_HEART_RESPONSE:
		v->hearts_answered++;
		break;
	default:
		break;
	}
}

static void
keep_scheme(struct passive *v, const struct frame *f)
{
	struct kept *k = &v->kept[v->nkept];
	char *text;

	if (v->nkept >= ATLS_SHAPE_SCHEMES || v->oracle == NULL) {
		v->shapeless = true;
		return;
	}
	text = malloc(f->data.len + 1);
	if (text == NULL) {
		v->shapeless = true;
		return;
	}
	memcpy(text, f->data.p, f->data.len);
	text[f->data.len] = '\0';
	/* One that cannot be used changes nothing (AT-PD-07). */
	if (atls_scheme_parse(atls_bytes(text, f->data.len), &k->scheme) != 0) {
		free(text);
		return;
	}
	k->text = text;
	v->nkept++;
	if (atls_shape_update(v->oracle, &k->scheme) != 0)
		v->shapeless = true;
}

static void
server_frame(void *ctx, const struct frame *f)
{
	char what[FRAMES_TEXT];
	struct passive *v = ctx;

	if (v->cfg.line != NULL)
		v->cfg.line(v->cfg.ctx, false, frames_describe(f, what));
	if (f->cmd == ATLS_CMD_HEART_REQUEST)
		v->hearts_asked++;
	if (f->cmd == ATLS_CMD_UPDATE_PADDING_SCHEME && f->data.len != 0)
		keep_scheme(v, f);
}

struct passive *
passive_new(const struct passive_config *cfg)
{
	struct atls_shape_config shape = { .auth = ATLS_SHAPE_AUTH_JUDGED };
	struct passive *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return (NULL);
	v->oracle = calloc(1, sizeof(*v->oracle));
	if (v->oracle == NULL) {
		free(v);
		return (NULL);
	}
	v->cfg = *cfg;
	v->in_auth = true;
	v->client =
	    (struct tap){ .auth = true, .on_frame = client_frame, .ctx = v };
	v->server = (struct tap){ .on_frame = server_frame, .ctx = v };
	if (atls_scheme_parse(atls_bytes_str(ATLS_SCHEME_DEFAULT), &v->first) !=
	    0)
		v->shapeless = true;
	shape.scheme = &v->first;
	atls_shape_init(v->oracle, &shape);
	return (v);
}

void
passive_free(struct passive *v)
{
	size_t i;

	if (v == NULL)
		return;
	for (i = 0; i < v->nkept; i++)
		free(v->kept[i].text);
	tap_free(&v->client);
	tap_free(&v->server);
	free(v->oracle);
	free(v->streams);
	free(v);
}

/* The part of the record PLAIN that belongs to the request. */
static void
see_auth(struct passive *v, struct atls_bytes plain)
{
	struct atls_bytes rest = plain;
	size_t i, from, padding;
	int err;

	from = v->auth.nheader < ATLS_AUTH_HEADER
	    ? (size_t)(ATLS_AUTH_HEADER - v->auth.nheader)
	    : 0;
	err = atls_auth_read(&v->auth, &rest);
	padding = plain.len - rest.len;
	for (i = from; i < padding; i++)
		if (plain.p[i] != 0)
			found(v, RULE_ZERO_PADDING, "padding0 is not all zero");
	v->auth_records++;
	if (v->auth.nheader == ATLS_AUTH_HEADER && v->cfg.hash != NULL &&
	    !digest_equal(v->auth.header, v->cfg.hash, ATLS_AUTH_HASH))
		found(v, RULE_HASH, "the hash is not that of the password");
	if (err != 0)
		return;
	v->in_auth = false;
	if (v->auth_records != 1)
		found(v, RULE_ONE_RECORD,
		    "the authentication request came in %u records",
		    v->auth_records);
}

bool
passive_client(struct passive *v, struct atls_bytes plain)
{
	char line[TAP_LINE];

	if (plain.len == 0)
		return (true);
	atls_shape_record(v->oracle, plain);
	if (v->in_auth)
		see_auth(v, plain);
	return (tap_feed(&v->client, plain, line));
}

bool
passive_server(struct passive *v, struct atls_bytes plain)
{
	char line[TAP_LINE];

	return (tap_feed(&v->server, plain, line));
}

static void
judge_shape(struct passive *v)
{
	enum atls_shape_reading r = atls_shape_reading(v->oracle);
	char why[ATLS_SHAPE_SENTENCE];

	if (r == ATLS_SHAPE_UNDETERMINED || r == ATLS_SHAPE_REFERENCE)
		return;
	if (r == ATLS_SHAPE_NONE) {
		atls_shape_explain(
		    v->oracle, ATLS_SHAPE_TOLERANT, why, sizeof(why));
		found(v,
		    v->auth_records != 1 ? RULE_AUTH_SPLIT : RULE_SHAPE_NONE,
		    "%s", why);
		return;
	}
	atls_shape_explain(v->oracle, ATLS_SHAPE_REFERENCE, why, sizeof(why));
	if (r == ATLS_SHAPE_TEXT)
		found(v, RULE_SHAPE_TEXT, "only the text's reading fits: %s",
		    why);
	else
		found(v, RULE_SHAPE_TOLERANT,
		    "only what known clients do fits: %s", why);
}

void
passive_end(struct passive *v, bool at_rest)
{
	if (v->nframes == 0 && v->in_auth)
		return;
	if (at_rest && v->hearts_answered < v->hearts_asked)
		found(v, RULE_HEARTBEAT,
		    "%llu of %llu heartbeat requests were answered",
		    (unsigned long long)v->hearts_answered,
		    (unsigned long long)v->hearts_asked);
	if (!v->shapeless)
		judge_shape(v);
}

const char *
passive_client_name(const struct passive *v)
{
	return (v->name);
}

unsigned
passive_version(const struct passive *v)
{
	return (v->version);
}
