/* Errors of ref/: one enumeration and its sentences. */
#ifndef ATLS_WIRE_ERR_H
#define ATLS_WIRE_ERR_H

enum atls_err {
	ATLS_OK = 0,
#define ATLS_ERROR(name, number, text) ATLS_E_##name = (number),
#include "ref/wire/err.def"
#undef ATLS_ERROR
};

/*
 * Says the error ERR in a sentence without a full stop, "success" for 0 and
 * "unknown error" for a number that is not in err.def. Static storage.
 */
const char *atls_strerror(int err);

#endif
