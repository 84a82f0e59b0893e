/* The sentence that explains an exit code. */
#include "conformance/engine/complaint.h"

#include <stdarg.h>
#include <stdio.h>

int
complain(struct complaint *c, int code, const char *fmt, ...)
{
	va_list ap;

	c->code = code;
	va_start(ap, fmt);
	vsnprintf(c->text, sizeof(c->text), fmt, ap);
	va_end(ap);
	return code;
}
