/* Share links (AT-UR-01 to 03). */
#include "ref/test/feed.h"
#include "ref/wire/uri.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct good {
	const char *text;
	const char *password;
	const char *host;
	uint16_t port;
	const char *sni;
	bool insecure;
	const char *name;
};

static const struct good good[] = {
	{ "anytls://letmein@example.com/?sni=real.example.com", "letmein",
	    "example.com", 443, "real.example.com", false, "" },
	{ "anytls://letmein@example.com/?sni=127.0.0.1&insecure=1", "letmein",
	    "example.com", 443, "127.0.0.1", true, "" },
	{ "anytls://0fdf77d7-d4ba-455e-9ed9-a98dd6d5489a@"
	  "[2409:8a71:6a00:1953::615]:8964/?insecure=1",
	    "0fdf77d7-d4ba-455e-9ed9-a98dd6d5489a", "2409:8a71:6a00:1953::615",
	    8964, "", true, "" },
	{ "anytls://h", "", "h", 443, "", false, "" },
	{ "ANYtls://h/", "", "h", 443, "", false, "" },
	{ "anytls://@h:1", "", "h", 1, "", false, "" },
	{ "anytls://h:65535?insecure=1", "", "h", 65535, "", true, "" },
	{ "anytls://h#my%20home", "", "h", 443, "", false, "my home" },
	{ "anytls://h/#a?b#c/d@e", "", "h", 443, "", false, "a?b#c/d@e" },
	{ "anytls://a%40b%3A%2F%3f%23%25+c:d@h:2", "a@b:/?#%+c:d", "h", 2, "",
	    false, "" },
	{ "anytls://p@ss@h:2", "p@ss", "h", 2, "", false, "" },
	{ "anytls://p@1.2.3.4:2", "p", "1.2.3.4", 2, "", false, "" },
	{ "anytls://p@[::1]", "p", "::1", 443, "", false, "" },
	{ "anytls://p@h/?", "p", "h", 443, "", false, "" },
	{ "anytls://p@h/?x=1&&sni=a&y&sni=b%2ec&=&sni2=z#n", "p", "h", 443,
	    "b.c", false, "n" },
	{ "anytls://p@h/?insecure=0", "p", "h", 443, "", false, "" },
	{ "anytls://p@h/?insecure=1&insecure=0", "p", "h", 443, "", false, "" },
	{ "anytls://p@h/?insecure", "p", "h", 443, "", false, "" },
	{ "anytls://p@h/?insecure=11&Insecure=1", "p", "h", 443, "", false,
	    "" },
	{ "anytls://p@h/?sni=a@b:c/d", "p", "h", 443, "a@b:c/d", false, "" },
	{ "anytls://\xc3\xa4%c3%A4@h", "\xc3\xa4\xc3\xa4", "h", 443, "", false,
	    "" },
};

static void
test_good(void **state)
{
	struct atls_uri uri;
	const char *reason = "untouched";
	unsigned at = 77;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		const struct good *g = &good[i];

		memset(&uri, 0xaa, sizeof(uri));
		assert_int_equal(
		    atls_uri_parse(g->text, &uri, &reason, &at), 0);
		assert_string_equal(uri.password, g->password);
		assert_string_equal(uri.host, g->host);
		assert_int_equal(uri.port, g->port);
		assert_string_equal(uri.sni, g->sni);
		assert_int_equal(uri.insecure, g->insecure);
		assert_string_equal(uri.name, g->name);
	}
	assert_string_equal(reason, "untouched");
	assert_int_equal(at, 77);
}

struct bad {
	const char *text;
	unsigned at;
	const char *reason; /* part of it */
};

static const struct bad bad[] = {
	{ "", 0, "begin" },
	{ "anytls", 0, "begin" },
	{ "anytls:/h", 0, "begin" },
	{ "http://h", 0, "begin" },
	{ " anytls://h", 0, "begin" },
	{ "anytls://", 9, "no host" },
	{ "anytls:///", 9, "no host" },
	{ "anytls://p@", 11, "no host" },
	{ "anytls://p@:80", 11, "no host" },
	{ "anytls://p@?sni=a", 11, "no host" },
	{ "anytls://p@h:", 13, "port" },
	{ "anytls://p@h:0", 13, "1 to 65535" },
	{ "anytls://p@h:65536", 13, "1 to 65535" },
	{ "anytls://p@h:99999999999999999999", 13, "1 to 65535" },
	{ "anytls://p@h:8a", 14, "no number" },
	{ "anytls://p@h:-1", 13, "no number" },
	{ "anytls://p@::1", 11, "no host" },
	{ "anytls://p@2001:db8::1", 16, "no number" },
	{ "anytls://p@a%3ab", 11, "\":\"" },
	{ "anytls://p@[::1", 11, "without" },
	{ "anytls://p@[]", 12, "" },
	{ "anytls://p@[::1]80", 16, "between" },
	{ "anytls://p@[1.2.3.4]", 12, "IPv6" },
	{ "anytls://p@[name]", 12, "IPv6" },
	{ "anytls://p@a b", 11, "character" },
	{ "anytls://p@a%0ab", 11, "character" },
	{ "anytls://p@a[b", 11, "character" },
	{ "anytls://%5b::1%5d", 9, "" },
	{ "anytls://pa/ss@h", 11, "path" },
	{ "anytls://p@h/path?x", 12, "path" },
	{ "anytls://p%@h", 10, "escape" },
	{ "anytls://p%4@h", 10, "escape" },
	{ "anytls://p%4g@h", 10, "escape" },
	{ "anytls://p%G4@h", 10, "escape" },
	{ "anytls://p%00@h", 10, "%00" },
	{ "anytls://p@h%00", 12, "%00" },
	{ "anytls://p@h/?sni=%zz", 18, "escape" },
	{ "anytls://p@h/#%0", 14, "escape" },
};

static void
test_bad(void **state)
{
	struct atls_uri uri;
	struct atls_uri before;
	size_t i;

	(void)state;
	memset(&uri, 0xaa, sizeof(uri));
	memcpy(&before, &uri, sizeof(uri));
	for (i = 0; i < COUNT(bad); i++) {
		const char *reason = NULL;
		unsigned at = 7777;

		assert_int_equal(
		    atls_uri_parse(bad[i].text, &uri, &reason, &at),
		    ATLS_E_SYNTAX);
		assert_non_null(reason);
		if (at != bad[i].at || strstr(reason, bad[i].reason) == NULL)
			fail_msg("%s: %u: %s", bad[i].text, at, reason);
		assert_memory_equal(&uri, &before, sizeof(uri));
	}
}

static void
parse_long(size_t npassword, size_t nhost, int wanted)
{
	char text[3000];
	struct atls_writer w = atls_writer(text, sizeof(text));
	struct atls_uri uri;
	const char *reason;
	unsigned at;

	atls_writer_str(&w, "anytls://");
	memset(atls_writer_take(&w, npassword), 'p', npassword);
	atls_writer_str(&w, "@");
	memset(atls_writer_take(&w, nhost), 'h', nhost);
	atls_writer_put8(&w, 0);
	assert_false(w.full);
	assert_int_equal(atls_uri_parse(text, &uri, &reason, &at), wanted);
	if (wanted == 0) {
		assert_int_equal(strlen(uri.password), npassword);
		assert_int_equal(strlen(uri.host), nhost);
	}
}

static void
test_long(void **state)
{
	(void)state;
	parse_long(ATLS_URI_MAX - 1, 255, 0);
	parse_long(ATLS_URI_MAX, 1, ATLS_E_SYNTAX);
	parse_long(1, 256, ATLS_E_SYNTAX);
	parse_long(1, 2000, ATLS_E_SYNTAX);
}

/* Every beginning of a link is read or refused, within its bounds. */
static void
test_prefixes(void **state)
{
	static const char text[] = "anytls://a%40@[2001:db8::1]:8964/?sni=%61"
				   "&insecure=1#%6e";
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(text); n++) {
		char *s = malloc(n + 1);
		struct atls_uri uri;
		const char *reason = NULL;
		unsigned at = 0;
		int err;

		assert_non_null(s);
		memcpy(s, text, n);
		s[n] = '\0';
		err = atls_uri_parse(s, &uri, &reason, &at);
		assert_true(err == 0 || err == ATLS_E_SYNTAX);
		if (err != 0)
			assert_in_range(at, 0, n);
		free(s);
	}
}

static void
test_server_name(void **state)
{
	(void)state;
	assert_string_equal(atls_uri_server_name("", "h.com"), "h.com");
	assert_string_equal(atls_uri_server_name("s.com", "h.com"), "s.com");
	assert_string_equal(atls_uri_server_name("s.com", "1.2.3.4"), "s.com");
	assert_null(atls_uri_server_name("127.0.0.1", "h.com"));
	assert_null(atls_uri_server_name("::1", "h.com"));
	assert_null(atls_uri_server_name("[::1]", "h.com"));
	assert_null(atls_uri_server_name("", "1.2.3.4"));
	assert_null(atls_uri_server_name("", "2001:db8::1"));
	assert_null(atls_uri_server_name("", "fe80::1%eth0"));
	assert_null(atls_uri_server_name("", ""));
	assert_string_equal(atls_uri_server_name("", "1.2.3"), "1.2.3");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_server_name),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
