/* The table of commands.def, with the names the document uses. */
#include "ref/wire/command.h"

#include <stddef.h>

/* The document's spelling; a command without one does not compile. */
#define TAG_WASTE "Waste"
#define TAG_SYN "SYN"
#define TAG_PSH "PSH"
#define TAG_FIN "FIN"
#define TAG_SETTINGS "Settings"
#define TAG_ALERT "Alert"
#define TAG_UPDATE_PADDING_SCHEME "UpdatePaddingScheme"
#define TAG_SYNACK "SYNACK"
#define TAG_HEART_REQUEST "HeartRequest"
#define TAG_HEART_RESPONSE "HeartResponse"
#define TAG_SERVER_SETTINGS "ServerSettings"

enum data_rule {
	ALWAYS_EMPTY,
	MAY_CARRY
};

static const struct atls_command_info commands[ATLS_NCOMMANDS] = {
#define ATLS_COMMAND(name, number, sender, since, scope, data, text)           \
	[(number)] = { (number), ATLS_SENDER_##sender, (since),                \
		ATLS_SCOPE_##scope, (data) == MAY_CARRY, "cmd" TAG_##name,     \
		TAG_##name, (text) },
#include "ref/wire/commands.def"
#undef ATLS_COMMAND
};

const struct atls_command_info *
atls_command_info(uint8_t number)
{
	return (number < ATLS_NCOMMANDS ? &commands[number] : NULL);
}
