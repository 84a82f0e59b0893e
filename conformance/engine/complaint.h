/* Exit codes of the contract, and the sentence that goes with one. */
#ifndef ENGINE_COMPLAINT_H
#define ENGINE_COMPLAINT_H

enum exit_code {
	EXIT_CONFORMS = 0,
	EXIT_FINDINGS = 1,
	EXIT_INTERRUPTED = 2,
	EXIT_SUITE = 3,
	EXIT_USAGE = 4,
	EXIT_NOTHING_TESTED = 5,
	EXIT_UNUSABLE = 6
};

#define COMPLAINT_LEN 1024

/* What went wrong, for main() to print on stderr. CODE 0: nothing. */
struct complaint {
	int code;
	char text[COMPLAINT_LEN];
};

/* Writes the sentence and CODE into C; returns CODE. */
int complain(struct complaint *c, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
