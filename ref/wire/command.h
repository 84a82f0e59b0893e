/* The command numbers and what commands.def says of each. */
#ifndef ATLS_WIRE_COMMAND_H
#define ATLS_WIRE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

enum atls_command {
#define ATLS_COMMAND(name, number, sender, since, scope, data, text)           \
	ATLS_CMD_##name = (number),
#include "ref/wire/commands.def"
#undef ATLS_COMMAND
};

enum atls_sender {
	ATLS_SENDER_CLIENT = 1,
	ATLS_SENDER_SERVER = 2,
	ATLS_SENDER_BOTH = 3 /* CLIENT | SERVER */
};

enum atls_scope {
	ATLS_SCOPE_SESSION,
	ATLS_SCOPE_STREAM
};

struct atls_command_info {
	uint8_t number;
	enum atls_sender sender;
	unsigned since; /* protocol version that introduced it */
	enum atls_scope scope;
	bool may_carry;   /* false: the document defines no data for it */
	const char *name; /* as in the document: "cmdHeartRequest" */
	const char *tag;  /* short, for transcripts: "HeartRequest", "SYN" */
	const char *text; /* what it is for */
};

/* How many commands there are; numbers run from 0 to this minus 1. */
#define ATLS_NCOMMANDS 11

/* What is known of command NUMBER, or NULL for one the document lacks. */
const struct atls_command_info *atls_command_info(uint8_t number);

#endif
