/*
 * The decisions a peer takes where AnyTLS leaves or once left a choice, as
 * data. The session asks the policy instead of being written one way, so that
 * older peers, other implementations and deliberate faults are tables, not
 * code. Every field is an int so that a table of names and offsets can set it.
 *
 * Fields marked (driver) decide things the session does not see: whoever owns
 * the connection, the targets and the pool asks them.
 */
#ifndef ATLS_SESSION_POLICY_H
#define ATLS_SESSION_POLICY_H

#include <stddef.h>

/* When a server sends cmdServerSettings. */
enum atls_when {
	ATLS_NEVER,
	ATLS_WHEN_V2, /* the client said version 2 or more */
	ATLS_ALWAYS
};

/* When a server sends cmdSYNACK for success (to a client of version 2). */
enum atls_synack {
	ATLS_SYNACK_NEVER,
	ATLS_SYNACK_ON_SYN,     /* before the address is known */
	ATLS_SYNACK_ON_ADDRESS, /* before the dial */
	ATLS_SYNACK_AFTER_DIAL
};

/* What to do with something the document does not allow or define. */
enum atls_odd {
	ATLS_ODD_IGNORE, /* consume it and go on */
	ATLS_ODD_PARSE,  /* leave its data in the stream: desynchronises */
	ATLS_ODD_CLOSE,  /* end the session */
	ATLS_ODD_ALERT,  /* servers: say why in an Alert, then end it */
	ATLS_ODD_ACCEPT  /* act as if it were right */
};

/* What a heartbeat request is answered with. */
enum atls_heart {
	ATLS_HEART_NEVER,
	ATLS_HEART_ECHO_ID,
	ATLS_HEART_ZERO_ID
};

/* What a second SYN for a live stream does. */
enum atls_dup_syn {
	ATLS_DUP_SYN_IGNORE,
	ATLS_DUP_SYN_REPLACE, /* the old stream is forgotten without a word */
	ATLS_DUP_SYN_REFUSE,  /* SYNACK with an error for the live stream */
	ATLS_DUP_SYN_CLOSE    /* ends the session */
};

/* Which idle session a client uses next. */
enum atls_reuse {
	ATLS_REUSE_NEVER,
	ATLS_REUSE_NEWEST,
	ATLS_REUSE_OLDEST
};

struct atls_policy {
	/* Both roles. */
	int version;          /* said to the peer: 1, 2, 3 (AT-ST-08) */
	int version_mask;     /* kept of the peer's number; 0 keeps all, 255 a
				 byte as in the Go family (AT-ST-11) */
	int data_on_empty;    /* enum atls_odd: data on a command that has none
				 (AT-FR-04); IGNORE, PARSE or CLOSE */
	int unknown_empty;    /* enum atls_odd: unknown command, no data */
	int unknown_data;     /* enum atls_odd: unknown command with data */
	int wrong_direction;  /* enum atls_odd: a command only we may send
				 (AT-FR-11); IGNORE, CLOSE */
	int heart_reply;      /* enum atls_heart (AT-HB-01) */
	int heart_early;      /* answer before the peer's settings were seen
				 (AT-HB-02) */
	int heart_data;       /* bytes of data in a response; right is 0 */
	int fin_reply;        /* answer FIN with FIN (AT-CL-02) */
	int half_close;       /* FIN ends one direction only (AT-CL-06) */
	int empty_psh_is_eof; /* a PSH without data ends the stream */
	int psh_limit;        /* largest PSH written; at most 65535 */
	int waste_any_id;     /* accept waste with a stream id (AT-WA-01) */
	int waste_max;        /* largest waste accepted; 65535 */
	int alert_closes;     /* a received Alert with text ends the session
				 (AT-AL-01, AT-AL-02) */

	/* Servers. */
	int syn_first;         /* enum atls_odd: SYN before settings (AT-ST-06);
				  ALERT, CLOSE, ACCEPT, IGNORE */
	int alert_keeps_open;  /* the session goes on after our Alert */
	int empty_settings;    /* enum atls_odd: IGNORE or ACCEPT as settings */
	int settings_again;    /* enum atls_odd: a second Settings; ACCEPT,
				  IGNORE, ALERT */
	int min_version;       /* refuse lower ones with an Alert; 0: none */
	int server_settings;   /* enum atls_when (AT-ST-08, AT-ST-09) */
	int echo_version;      /* ServerSettings repeats the client's number */
	int update_differs;    /* send the scheme when the md5 differs */
	int update_missing;    /* send it when the key is missing (AT-PD-02) */
	int update_equal;      /* send it when the md5 is equal */
	int update_last;       /* ServerSettings before the scheme (AT-ST-15) */
	int synack;            /* enum atls_synack (AT-SY-04) */
	int synack_v1;         /* SYNACK for version 1 clients too (AT-ST-09) */
	int synack_first_only; /* for the first stream of a session only */
	int synack_error;      /* failed dial: SYNACK with text (AT-SY-08), also
				  with SYNACK_NEVER; not after a success */
	int synack_ok_text;    /* success carries data (wrong: AT-SY-07) */
	int fin_on_failure;    /* failed dial: FIN (AT-SY-08) */
	int fin_on_eof;        /* the target closed: FIN (AT-CL-04) */
	int close_with_stream; /* the session ends with a stream (AT-CL-05);
				  (driver) asks atls_session_over() */
	int dup_syn;           /* enum atls_dup_syn (AT-SY-03) */
	int refuse_id_zero;    /* SYN with stream id 0 ends the session */
	int single_stream;     /* the dialect of the crate "anytls" 0.3: only
				  stream id 1, others end the session with an
				  Alert; a client opens one stream */
	int bad_addr_leaks;    /* (driver) malformed address: no word, stream
				  stays */
	int auth_one_record;   /* (driver) refuse a request cut over records
				  (AT-AU-07) */
	int auth_max_padding;  /* (driver) largest padding0 accepted; 65535 */
	int auth_any;          /* (driver) let every password in */
	int data_after_fin;    /* after the client's FIN the stream can still be
				  sent on, and our own FIN is followed by a PSH
				  with the text "after FIN" */
	int pad_down;          /* append waste to each write, this many bytes
				  with its header, so at least 7; 0: none */

	/* Clients. */
	int wait_synack;  /* watchdog for SYNACK (AT-SY-10) */
	int watch_first;  /* also for the first stream of a session, at
			     any version, for none is known yet */
	int apply_scheme; /* use a received scheme (AT-PD-04); else it is
			     ignored and there is no event */
	int first_packet; /* number of the first packet; right is 1 */
	int fin_leaks;    /* (driver) a session whose stream the server has
			     ended stays open and is used no more (AT-RU-04) */
	int reuse;        /* (driver) enum atls_reuse: sessions return to
			     the pool (AT-RU-01, AT-RU-02) */
	int auth_records; /* (driver) writes the authentication is cut
			     into; 1 */
};

/* The policy of the reference: what the document and the Go family do, and
 * tolerance where they fall short. Version 2. */
extern const struct atls_policy atls_policy_default;
/* A peer of version 1: commands 7 to 10 are unknown to it. */
extern const struct atls_policy atls_policy_v1;
/* The single-stream dialect of seed 001: speaks version 3, refuses version 1
 * with an Alert, echoes the client's version, one stream per session. */
extern const struct atls_policy atls_policy_v3;

#endif
