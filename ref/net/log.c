/* Log lines on stderr. */
#include "ref/net/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ref/wire/err.h"

#define LINE 1024

static const char *const names[] = { "error", "warn", "info", "debug" };

int
log_parse_level(const char *text, enum log_level *level)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*level = (enum log_level)i;
			return (0);
		}
	}
	return (ATLS_E_SYNTAX);
}

/* Writes the time and what else stands before the message. */
static size_t
prefix(const struct log *log, enum log_level level, char *line, size_t cap)
{
	struct timespec now;
	struct tm tm;
	size_t n;
	int more;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(line, cap, "%Y-%m-%dT%H:%M:%S", &tm);
	more = snprintf(line + n, cap - n,
	    ".%03ldZ %s: %s: ", now.tv_nsec / 1000000, log->name, names[level]);
	return (n + (size_t)more);
}

void
log_write(const struct log *log, enum log_level level, const char *fmt, ...)
{
	char line[LINE];
	size_t n, i;
	va_list ap;
	int more;

	if (log == NULL || level > log->level)
		return;
	n = prefix(log, level, line, sizeof(line) / 2);
	va_start(ap, fmt);
	more = vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	i = n;
	n += more > 0 ? (size_t)more : 0;
	if (n > sizeof(line) - 1)
		n = sizeof(line) - 1;
	/* Text from a peer must not drive a terminal. */
	for (; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = '?';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}
