/* The sentences of err.def. */
#include "ref/wire/err.h"

const char *
atls_strerror(int err)
{
	switch (err) {
	case ATLS_OK:
		return ("success");
#define ATLS_ERROR(name, number, text)                                         \
	case (number):                                                         \
		return (text);
#include "ref/wire/err.def"
#undef ATLS_ERROR
	default:
		return ("unknown error");
	}
}
