/* What the files of the session share. Not for other components. */
#ifndef ATLS_SESSION_IMPL_H
#define ATLS_SESSION_IMPL_H

#include "ref/session/out.h"
#include "ref/session/session.h"
#include "ref/session/shape.h"
#include "ref/session/stream.h"
#include "ref/wire/frame.h"

struct atls_session {
	const struct atls_policy *policy;
	struct atls_bytes scheme; /* server: what it offers */
	const char *scheme_md5;
	struct atls_shape *shape;  /* client: NULL when padding is over */
	struct atls_random random; /* client */
	struct atls_streams streams;
	struct atls_out out;

	uint64_t watch_ms;      /* client: SYNACK due; UINT64_MAX: not armed */
	uint64_t heart_next_ms; /* next request; UINT64_MAX: never */
	uint64_t heart_sent_ms; /* when WAITING began */
	uint64_t reply_end;     /* where in the output the last reply ends */
	uint32_t reply_len;     /* bytes of replies that may be waiting */

	uint32_t synack_ms;
	uint32_t heartbeat_ms;
	uint32_t heartbeat_timeout_ms;
	uint32_t max_streams;
	uint32_t last_sid;  /* client: the newest id given */
	uint32_t packet;    /* client: number of the next packet */
	uint32_t reserved;  /* room given by reserve, 0: none */
	uint32_t replacing; /* the stream to open anew, if REPLACE_DUE */
	unsigned version;
	int err; /* what ended the session */

	uint8_t *gather; /* data of a frame that comes in parts */
	uint32_t gather_len;
	struct atls_splitter splitter;

	bool client;
	bool holding;       /* client: packet 1 waits for data */
	bool settings_seen; /* of the peer */
	bool syn_seen;      /* server */
	bool skip;          /* the rest of the frame is of no interest */
	bool gather_done;   /* an event may still borrow GATHER */
	bool replace_due;
	bool waiting; /* a heartbeat request without a sign of life */
	bool over;    /* a stream ended under close_with_stream */
};

/* How a handler wants its frames. */
enum atls_session_take {
	ATLS_TAKE_PARTS, /* each part as it comes */
	ATLS_TAKE_HEAD,  /* once, without data; data is skipped */
	ATLS_TAKE_WHOLE  /* once, with all data, gathered if need be */
};

struct atls_session_handler {
	int (*fn)(struct atls_session *s, const struct atls_part *part,
	    struct atls_event *ev); /* NULL: wrong direction */
	enum atls_session_take take;
};

/* By role and command. */
extern const struct atls_session_handler atls_session_on_server[ATLS_NCOMMANDS];
extern const struct atls_session_handler atls_session_on_client[ATLS_NCOMMANDS];

/* Handlers of both roles. */
int atls_session_on_waste(struct atls_session *s, const struct atls_part *part,
    struct atls_event *ev);
int atls_session_on_psh(struct atls_session *s, const struct atls_part *part,
    struct atls_event *ev);
int atls_session_on_fin(struct atls_session *s, const struct atls_part *part,
    struct atls_event *ev);
int atls_session_on_alert(struct atls_session *s, const struct atls_part *part,
    struct atls_event *ev);
int atls_session_on_heart_request(struct atls_session *s,
    const struct atls_part *part, struct atls_event *ev);
int atls_session_on_heart_response(struct atls_session *s,
    const struct atls_part *part, struct atls_event *ev);

/* Fills EV with TYPE for stream ST. */
void atls_session_event(struct atls_event *ev, enum atls_event_type type,
    const struct atls_stream *st);

/*
 * Ends the packet begun at MARK: shaped, or joined to the packet that is held
 * back unless FLUSH. 0, or ATLS_E_NOMEM and nothing of it is queued.
 */
int atls_session_end_packet(
    struct atls_session *s, struct atls_out_mark mark, bool flush);

/* Queues one frame as a packet of its own; DATA of at most 65535 bytes. */
int atls_session_queue(struct atls_session *s, enum atls_command cmd,
    uint32_t sid, struct atls_bytes data);

/* The same for an answer that recv gives; bounded, so also ATLS_E_LIMIT. */
int atls_session_reply(struct atls_session *s, enum atls_command cmd,
    uint32_t sid, struct atls_bytes data);

/* Queues FIN for ST and forgets what ends with it. */
int atls_session_end_stream(struct atls_session *s, struct atls_stream *st);

/* Removes ST. */
void atls_session_forget(struct atls_session *s, struct atls_stream *st);

/*
 * Refuses the session: a server sends an Alert with TEXT. ATLS_E_REFUSED, or
 * 0 when the policy keeps the session, or ATLS_E_PROTOCOL for a client.
 */
int atls_session_refuse(struct atls_session *s, const char *text);

/*
 * Server: sends the SYNACK of ST if it is owed and, by policy, due at STEP.
 * ST stays valid.
 */
int atls_session_ack(
    struct atls_session *s, struct atls_stream *st, enum atls_synack step);

#endif
