/* The passive rules: an honest session breaks none, each fault its own. */
#include "conformance/test/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/passive.h"
#include "ref/net/digest.h"
#include "ref/wire/auth.h"
#include "ref/wire/command.h"
#include "ref/wire/frame.h"
#include "ref/wire/scheme.h"

struct seen {
	char reqs[256];
};

static void
found(void *ctx, const char *req, const char *text)
{
	struct seen *s = ctx;
	size_t n = strlen(s->reqs);

	assert_true(text[0] != '\0');
	snprintf(s->reqs + n, sizeof(s->reqs) - n, "%s%s", n ? " " : "", req);
}

/* A record being put together. */
struct record {
	uint8_t p[2048];
	size_t n;
};

static void
add(struct record *r, uint8_t cmd, uint32_t sid, const void *p, size_t len)
{
	struct atls_frame f = { cmd, sid, (uint16_t)len };

	atls_frame_put(r->p + r->n, f);
	r->n += ATLS_FRAME_HEADER;
	if (p != NULL)
		memcpy(r->p + r->n, p, len);
	else
		memset(r->p + r->n, 0, len);
	r->n += len;
}

static void
auth(struct record *r, const char *password)
{
	uint8_t hash[ATLS_AUTH_HASH];
	struct atls_writer w = atls_writer(r->p, sizeof(r->p));

	assert_int_equal(digest_password(password, hash), 0);
	atls_auth_put(&w, hash, 30);
	r->n = w.len;
}

#define SETTINGS "v=2\nclient=test/1\npadding-md5="
static const uint8_t address[] = { 1, 127, 0, 0, 1, 0, 80 };

/* Settings, SYN, address, and waste up to 200 bytes. */
static void
first_flight(struct record *r, const char *settings)
{
	size_t fill;

	r->n = 0;
	if (settings != NULL)
		add(r, ATLS_CMD_SETTINGS, 0, settings, strlen(settings));
	add(r, ATLS_CMD_SYN, 1, NULL, 0);
	add(r, ATLS_CMD_PSH, 1, address, sizeof(address));
	fill = 200 - r->n - ATLS_FRAME_HEADER;
	add(r, ATLS_CMD_WASTE, 0, NULL, fill);
}

struct session {
	struct passive *v;
	struct seen seen;
	uint8_t hash[ATLS_AUTH_HASH];
	char settings[128];
};

static void
begin(struct session *s)
{
	struct passive_config cfg = {
		.found = found, .ctx = &s->seen, .hash = s->hash
	};
	struct record r;

	s->seen.reqs[0] = '\0';
	assert_int_equal(digest_password("secret", s->hash), 0);
	s->v = passive_new(&cfg);
	assert_non_null(s->v);
	snprintf(s->settings, sizeof(s->settings), SETTINGS "%s",
	    ATLS_SCHEME_DEFAULT_MD5);
	auth(&r, "secret");
	assert_true(passive_client(s->v, atls_bytes(r.p, r.n)));
}

static void
client(struct session *s, const struct record *r)
{
	assert_true(passive_client(s->v, atls_bytes(r->p, r->n)));
}

static void
end(struct session *s, const char *expected)
{
	passive_end(s->v, true);
	assert_string_equal(s->seen.reqs, expected);
	passive_free(s->v);
}

static void
honest(void **state)
{
	struct session s;
	struct record r;

	(void)state;
	begin(&s);
	first_flight(&r, s.settings);
	client(&s, &r);
	assert_string_equal(passive_client_name(s.v), "test/1");
	assert_int_equal(passive_version(s.v), 2);
	end(&s, "");
}

static void
wrong_hash(void **state)
{
	struct session s;
	struct record r;

	(void)state;
	begin(&s);
	passive_free(s.v);
	s.v = passive_new(&(struct passive_config){
	    .found = found, .ctx = &s.seen, .hash = s.hash });
	auth(&r, "other");
	client(&s, &r);
	end(&s, "AT-AU-01");
}

static void
cut_request(void **state)
{
	struct session s;
	struct record r;

	(void)state;
	begin(&s);
	passive_free(s.v);
	s.v = passive_new(&(struct passive_config){
	    .found = found, .ctx = &s.seen, .hash = s.hash });
	auth(&r, "secret");
	r.p[40] = 1;
	assert_true(passive_client(s.v, atls_bytes(r.p, 32)));
	assert_true(passive_client(s.v, atls_bytes(r.p + 32, r.n - 32)));
	end(&s, "AT-AU-03 AT-AU-08 AT-AU-02");
}

static void
settings_missing(void **state)
{
	struct session s;
	struct record r;

	(void)state;
	begin(&s);
	first_flight(&r, NULL);
	client(&s, &r);
	passive_free(s.v);
	assert_string_equal(s.seen.reqs, "AT-ST-01");
}

static void
frames_out_of_order(void **state)
{
	struct session s;
	struct record r = { .n = 0 };

	(void)state;
	begin(&s);
	add(&r, ATLS_CMD_SETTINGS, 0, s.settings, strlen(s.settings));
	add(&r, ATLS_CMD_PSH, 4, address, sizeof(address));
	add(&r, ATLS_CMD_SYN, 3, "x", 1);
	add(&r, ATLS_CMD_SYN, 2, NULL, 0);
	add(&r, ATLS_CMD_FIN, 2, NULL, 0);
	add(&r, ATLS_CMD_PSH, 2, "x", 1);
	add(&r, ATLS_CMD_SYNACK, 2, NULL, 0);
	add(&r, 77, 2, NULL, 0);
	add(&r, ATLS_CMD_WASTE, 1, NULL, 3);
	add(&r, ATLS_CMD_SETTINGS, 0, s.settings, strlen(s.settings));
	client(&s, &r);
	passive_free(s.v);
	assert_string_equal(s.seen.reqs,
	    "AT-SY-17 AT-FR-03 AT-SY-01 AT-CL-06 AT-SY-13 AT-FR-11 AT-FR-05 AT-WA-02 "
	    "AT-ST-22");
}

static void
heartbeat_unanswered(void **state)
{
	struct session s;
	struct record r;

	(void)state;
	begin(&s);
	first_flight(&r, s.settings);
	client(&s, &r);
	r.n = 0;
	add(&r, ATLS_CMD_HEART_REQUEST, 0, NULL, 0);
	assert_true(passive_server(s.v, atls_bytes(r.p, r.n)));
	passive_time(s.v, 2000);
	end(&s, "AT-ST-08 AT-HB-01");
}

static void
misshapen(void **state)
{
	struct session s;
	struct record r = { .n = 0 };

	(void)state;
	begin(&s);
	first_flight(&r, s.settings);
	client(&s, &r);
	r.n = 0;
	add(&r, ATLS_CMD_WASTE, 0, NULL, 50);
	client(&s, &r);
	end(&s, "AT-PD-17");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest),
		cmocka_unit_test(wrong_hash),
		cmocka_unit_test(cut_request),
		cmocka_unit_test(settings_missing),
		cmocka_unit_test(frames_out_of_order),
		cmocka_unit_test(heartbeat_unanswered),
		cmocka_unit_test(misshapen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
