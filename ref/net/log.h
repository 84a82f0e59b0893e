/* Log lines on stderr. Messages carry no passwords, keys or payload. */
#ifndef ATLS_NET_LOG_H
#define ATLS_NET_LOG_H

enum log_level {
	LOGL_ERROR, /* LOG_DEBUG and its like belong to <syslog.h> */
	LOGL_WARN,
	LOGL_INFO,
	LOGL_DEBUG
};

/* Levels above LEVEL are dropped. Shared by threads, read only. */
struct log {
	enum log_level level;
	const char *name; /* program, at the front of each line */
};

/* Finds "error", "warn", "info" or "debug". 0 or ATLS_E_SYNTAX. */
int log_parse_level(const char *text, enum log_level *level);

/*
 * Writes one line with a time stamp, by one write() so that lines of several
 * threads do not mix; cut at 1 KiB, control bytes become "?". LOG may be NULL.
 */
void log_write(const struct log *log, enum log_level level, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

#endif
