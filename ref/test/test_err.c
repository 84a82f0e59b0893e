/* The sentences of the errors, and the command table (AT-FR-01, 03). */
#include "ref/test/feed.h"
#include "ref/wire/command.h"

static const int errors[] = {
#define ATLS_ERROR(name, number, text) ATLS_E_##name,
#include "ref/wire/err.def"
#undef ATLS_ERROR
};

#define NERRORS (sizeof(errors) / sizeof(errors[0]))

static void
test_sentences(void **state)
{
	size_t i;
	size_t j;

	(void)state;
	assert_string_equal(atls_strerror(0), "success");
	assert_string_equal(
	    atls_strerror(ATLS_E_MORE), "more bytes are needed");
	assert_string_equal(
	    atls_strerror(ATLS_E_NOTFOUND), "there is no such thing");
	assert_string_equal(atls_strerror(1), "unknown error");
	assert_string_equal(atls_strerror(-1000), "unknown error");
	for (i = 0; i < NERRORS; i++) {
		const char *text = atls_strerror(errors[i]);

		assert_true(errors[i] < 0);
		assert_string_not_equal(text, "unknown error");
		assert_int_not_equal(text[strlen(text) - 1], '.');
		for (j = 0; j < i; j++) {
			assert_int_not_equal(errors[i], errors[j]);
			assert_string_not_equal(text, atls_strerror(errors[j]));
		}
	}
}

/* The document's table, written a second time. */
static const struct {
	const char *name;
	bool may_carry;
	enum atls_sender sender;
	enum atls_scope scope;
} commands[] = {
	{ "cmdWaste", true, ATLS_SENDER_BOTH, ATLS_SCOPE_SESSION },
	{ "cmdSYN", false, ATLS_SENDER_CLIENT, ATLS_SCOPE_STREAM },
	{ "cmdPSH", true, ATLS_SENDER_BOTH, ATLS_SCOPE_STREAM },
	{ "cmdFIN", false, ATLS_SENDER_BOTH, ATLS_SCOPE_STREAM },
	{ "cmdSettings", true, ATLS_SENDER_CLIENT, ATLS_SCOPE_SESSION },
	{ "cmdAlert", true, ATLS_SENDER_SERVER, ATLS_SCOPE_SESSION },
	{ "cmdUpdatePaddingScheme", true, ATLS_SENDER_SERVER,
	    ATLS_SCOPE_SESSION },
	{ "cmdSYNACK", true, ATLS_SENDER_SERVER, ATLS_SCOPE_STREAM },
	{ "cmdHeartRequest", false, ATLS_SENDER_BOTH, ATLS_SCOPE_SESSION },
	{ "cmdHeartResponse", false, ATLS_SENDER_BOTH, ATLS_SCOPE_SESSION },
	{ "cmdServerSettings", true, ATLS_SENDER_SERVER, ATLS_SCOPE_SESSION },
};

static void
test_commands(void **state)
{
	unsigned i;

	(void)state;
	assert_int_equal(
	    sizeof(commands) / sizeof(commands[0]), ATLS_NCOMMANDS);
	for (i = 0; i < ATLS_NCOMMANDS; i++) {
		const struct atls_command_info *info =
		    atls_command_info((uint8_t)i);

		assert_non_null(info);
		assert_int_equal(info->number, i);
		assert_string_equal(info->name, commands[i].name);
		assert_string_equal(info->tag, commands[i].name + 3);
		assert_int_equal(info->may_carry, commands[i].may_carry);
		assert_int_equal(info->sender, commands[i].sender);
		assert_int_equal(info->scope, commands[i].scope);
		assert_int_equal(info->since, i < 7 ? 1 : 2);
		assert_int_not_equal(info->text[0], '\0');
	}
	for (; i < 256; i++)
		assert_null(atls_command_info((uint8_t)i));
}

static void
test_numbers(void **state)
{
	(void)state;
	assert_int_equal(ATLS_CMD_SYN, 1);
	assert_int_equal(ATLS_CMD_UPDATE_PADDING_SCHEME, 6);
	assert_int_equal(ATLS_CMD_SYNACK, 7);
	assert_int_equal(ATLS_CMD_HEART_REQUEST, 8);
	assert_int_equal(ATLS_CMD_SERVER_SETTINGS, 10);
	assert_string_equal(
	    atls_command_info(ATLS_CMD_HEART_RESPONSE)->tag, "HeartResponse");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_numbers),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
