/* Private to passive*.c: the state of a session that is looked at. */
#ifndef ANYTLS_PASSIVE_IMPL_H
#define ANYTLS_PASSIVE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "conformance/anytls/frames.h"
#include "conformance/anytls/passive.h"
#include "ref/wire/auth.h"
#include "ref/wire/frame.h"
#include "ref/wire/settings.h"
#include "ref/wire/shape.h"
#include "ref/wire/uot.h"

/* An answer that takes longer than this is none. */
#define PASSIVE_GRACE_MS 2000
/* Clients of the Go family wait as long for SYNACK. */
#define PASSIVE_SYNACK_MS 3000
/* After an Alert the session may take as long to close. */
#define PASSIVE_CLOSE_MS 5000
/* Streams that have ended and are remembered, at least. */
#define PASSIVE_ENDED 64
/* Bytes of records kept until the settings tell the scheme. */
#define PASSIVE_KEPT 16384

/* Each is reported once in a session. */
enum passive_rule {
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
	RULE_ADDRESS,
	RULE_UOT_REQUEST,
	RULE_UOT_CLIENT,
	RULE_AFTER_ERROR,
	RULE_ALERT_OBEYED,
	RULE_V2_UNASKED,
	RULE_ONE_STREAM,
	RULE_SRV_HEARTBEAT,
	RULE_SRV_NO_DATA,
	RULE_SRV_DIRECTION,
	RULE_SRV_UNKNOWN,
	RULE_SRV_WASTE,
	RULE_SRV_SID,
	RULE_SRV_REJECT,
	RULE_SRV_REJECT_ALERT,
	RULE_SRV_SETTINGS,
	RULE_SRV_SETTINGS_V,
	RULE_SRV_V1,
	RULE_SRV_SYNACK,
	RULE_SRV_NO_SYNACK,
	RULE_SRV_LATE_SYNACK,
	RULE_SRV_STRANGE,
	RULE_SRV_AFTER_FIN,
	RULE_SRV_HALF_CLOSE,
	RULE_SRV_ALERT,
	RULE_SRV_UPDATE,
	RULE_SRV_SCHEME,
	RULE_SRV_UOT,
	PASSIVE_RULES
};

/* Where a stream stands in what it carries. */
enum stream_kind {
	STREAM_ADDRESS, /* the address is not complete */
	STREAM_REQUEST, /* nor is the UoT request */
	STREAM_TCP,
	STREAM_CONNECT, /* datagrams, length alone */
	STREAM_PACKETS, /* datagrams with addresses */
	STREAM_LOST     /* malformed; not looked into any more */
};

/* A header inside a stream, however it is cut, and the data behind it. */
struct stream_reader {
	uint8_t buf[ATLS_UOT_HEADER_MAX];
	uint16_t n;
	uint32_t skip;
};

struct passive_stream {
	uint32_t sid;
	bool client_fin, server_fin;
	bool synack, failed; /* FAILED: it carried text */
	bool server_data;
	bool ready;   /* address, and UoT request, have been sent */
	uint8_t kind; /* enum stream_kind */
	uint64_t ready_ms, failed_ms, client_fin_ms;
	struct stream_reader *reader[2]; /* NULL: nothing to read */
};

/* A scheme that the server sent, and what it borrows. */
struct passive_scheme {
	struct atls_scheme scheme;
	char *text;
};

/* Frames of one direction. PSH and waste are looked at in parts; other frames
 * are gathered. */
struct passive_side {
	struct atls_splitter splitter;
	uint8_t *held;
	size_t cap;
};

struct passive {
	struct passive_config cfg;
	bool done[PASSIVE_RULES];
	uint64_t now_ms, frames;
	bool nomem;                  /* what was seen could not be kept */
	struct passive_side side[2]; /* 0 the client's */

	struct atls_auth_reader auth;
	bool in_auth;
	unsigned auth_records;

	/* Of the client. */
	uint64_t client_frames, nsyn;
	bool settings, syn_first;
	unsigned version;
	int64_t said_v; /* before it was cut to a version */
	char name[128];
	char md5[ATLS_MD5_HEX + 1];
	uint32_t last_sid;
	bool v2_unasked;

	/* Of the server. */
	bool server_settings, answered, alert;
	int64_t server_v;
	unsigned nsettings, nserver_settings, nupdates;
	bool spoke; /* about a stream, before its settings */
	uint64_t alert_ms;
	bool closed[2]; /* by client, by server */
	uint64_t closed_ms[2];

	/* Unanswered requests of either side: 0 those of the server. */
	uint64_t asked[2], answers[2], asked_ms[2];

	struct passive_stream *streams;
	size_t nstreams, cstreams;
	bool forgot; /* some that ended are not there any more */

	struct atls_shape_oracle *oracle;
	bool shapeless; /* the scheme in force is not known */
	bool shaping;   /* the oracle runs; else records are kept */
	struct atls_scheme first;
	struct passive_scheme kept[ATLS_SHAPE_SCHEMES];
	size_t nkept;
	uint64_t client_ms; /* of the client's latest record */
	uint8_t *early; /* records before the settings, each behind its length
			   in two bytes */
	size_t nearly;
	char *update;
	size_t nupdate;
};

/* Reports RULE, once. */
__attribute__((format(printf, 3, 4))) void passive_found(
    struct passive *v, enum passive_rule rule, const char *fmt, ...);

/* Streams. NULL when there is none. */
struct passive_stream *passive_find(struct passive *v, uint32_t sid);
/* A SYN of the client. */
void passive_open(struct passive *v, uint32_t sid);
/* Data of a stream, or a part of it. */
void passive_data(struct passive *v, struct passive_stream *s, bool from_client,
    struct atls_bytes data);
/* A side has sent FIN. */
void passive_fin(struct passive *v, struct passive_stream *s, bool from_client);
void passive_streams_free(struct passive *v);

/* Frames. A PSH or waste frame comes in parts (P), of which the first is
 * judged as the frame; others are whole. */
void passive_client_frame(struct passive *v, const struct frame *f);
void passive_server_frame(struct passive *v, const struct frame *f);
void passive_client_part(struct passive *v, const struct atls_part *p);
void passive_server_part(struct passive *v, const struct atls_part *p);
/* What is missing at the end. */
void passive_client_end(struct passive *v, bool at_rest);
void passive_server_end(struct passive *v, bool at_rest);

/* Shapes of records; passive_shape.c. */
bool passive_shape_record(struct passive *v, struct atls_bytes plain);
/* The settings say which scheme is in force. */
void passive_shape_settings(struct passive *v, struct atls_bytes md5);
/* The server sends a scheme. */
void passive_shape_update(struct passive *v, struct atls_bytes text);
void passive_shape_end(struct passive *v, bool at_rest);
void passive_shape_free(struct passive *v);

#endif
