/* The sizes of the client's records against the scheme in force. */
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/passive_impl.h"
#include "ref/wire/scheme.h"

/* Which scheme is in force the settings tell, and they come behind the first
 * records: those are kept until then. */
static bool
keep_record(struct passive *v, struct atls_bytes plain)
{
	if (v->early == NULL && (v->early = malloc(PASSIVE_KEPT)) == NULL)
		return (false);
	if (plain.len + 2 > PASSIVE_KEPT - v->nearly) {
		v->shapeless = true;
		return (true);
	}
	atls_put16(v->early + v->nearly, (uint16_t)plain.len);
	memcpy(v->early + v->nearly + 2, plain.p, plain.len);
	v->nearly += plain.len + 2;
	return (true);
}

static void
begin(struct passive *v, struct atls_bytes text)
{
	struct atls_shape_config shape = { .auth = ATLS_SHAPE_AUTH_JUDGED,
		.scheme = &v->first };
	size_t at = 0, len;

	v->shaping = true;
	if (atls_scheme_parse(text, &v->first) != 0) {
		v->shapeless = true;
		return;
	}
	atls_shape_init(v->oracle, &shape);
	while (at < v->nearly) {
		len = atls_get16(v->early + at);
		atls_shape_record(
		    v->oracle, atls_bytes(v->early + at + 2, len));
		at += len + 2;
	}
	free(v->early);
	v->early = NULL;
	v->nearly = 0;
}

bool
passive_shape_record(struct passive *v, struct atls_bytes plain)
{
	if (v->shapeless)
		return (true);
	if (!v->shaping)
		return (keep_record(v, plain));
	atls_shape_record(v->oracle, plain);
	return (true);
}

void
passive_shape_settings(struct passive *v, struct atls_bytes md5)
{
	struct atls_bytes text;

	if (v->shaping || v->shapeless)
		return;
	if (md5.len == ATLS_MD5_HEX &&
	    memcmp(md5.p, ATLS_SCHEME_DEFAULT_MD5, ATLS_MD5_HEX) == 0)
		begin(v, atls_bytes_str(ATLS_SCHEME_DEFAULT));
	else if (md5.len == ATLS_MD5_HEX && v->cfg.scheme != NULL &&
	    v->cfg.scheme(v->cfg.ctx, md5, &text))
		begin(v, text);
	else
		v->shapeless = true; /* it was sent in an earlier session */
}

void
passive_shape_update(struct passive *v, struct atls_bytes in)
{
	struct passive_scheme *k = &v->kept[v->nkept];
	char *text;

	if (v->nkept >= ATLS_SHAPE_SCHEMES || !v->shaping || v->shapeless) {
		v->shapeless = true;
		return;
	}
	text = malloc(in.len + 1);
	if (text == NULL) {
		v->nomem = true;
		return;
	}
	memcpy(text, in.p, in.len);
	text[in.len] = '\0';
	/* One that cannot be used changes nothing (AT-PD-07). */
	if (atls_scheme_parse(atls_bytes(text, in.len), &k->scheme) != 0) {
		free(text);
		return;
	}
	k->text = text;
	v->nkept++;
	if (atls_shape_update(v->oracle, &k->scheme) != 0)
		v->shapeless = true;
}

/* Nothing more came, for long enough: is the last packet complete? */
static void
judge_rest(struct passive *v, bool at_rest)
{
	if (at_rest && v->now_ms - v->client_ms >= PASSIVE_GRACE_MS &&
	    atls_shape_at_rest(v->oracle) == ATLS_SHAPE_NONE)
		passive_found(v, RULE_SHAPE_NONE,
		    "the client's last packet ends without the waste that its "
		    "rule asks for");
}

void
passive_shape_end(struct passive *v, bool at_rest)
{
	enum atls_shape_reading r;
	char why[ATLS_SHAPE_SENTENCE];

	/* Without settings the default is what a client begins with. */
	if (!v->shaping && !v->shapeless)
		begin(v, atls_bytes_str(ATLS_SCHEME_DEFAULT));
	if (v->shapeless)
		return;
	r = atls_shape_reading(v->oracle);
	if (r == ATLS_SHAPE_UNDETERMINED)
		return;
	if (r != ATLS_SHAPE_NONE)
		judge_rest(v, at_rest);
	if (r == ATLS_SHAPE_REFERENCE)
		return;
	if (r == ATLS_SHAPE_NONE) {
		atls_shape_explain(
		    v->oracle, ATLS_SHAPE_TOLERANT, why, sizeof(why));
		passive_found(v,
		    v->auth_records != 1 ? RULE_AUTH_SPLIT : RULE_SHAPE_NONE,
		    "%s", why);
		return;
	}
	atls_shape_explain(v->oracle, ATLS_SHAPE_REFERENCE, why, sizeof(why));
	if (r == ATLS_SHAPE_TEXT)
		passive_found(v, RULE_SHAPE_TEXT,
		    "only the text's reading fits: %s", why);
	else
		passive_found(v, RULE_SHAPE_TOLERANT,
		    "only what known clients do fits: %s", why);
}

void
passive_shape_free(struct passive *v)
{
	size_t i;

	for (i = 0; i < v->nkept; i++)
		free(v->kept[i].text);
	free(v->early);
	free(v->update);
	free(v->oracle);
}
