/* What the bytes that a report shows are; see t_bytes_are(). */
#ifndef ANYTLS_FIELDS_H
#define ANYTLS_FIELDS_H

#include <stddef.h>

#include "conformance/engine/test.h"

enum bytes_form {
	FORM_FRAMES, /* LEAD bytes of a frame begun before, then frames */
	FORM_AUTH,   /* the authentication request, then frames */
	FORM_DATA    /* of a stream, or anything else */
};

/* The hook of struct pack. */
size_t fields_name(
    const struct pack_bytes *b, struct pack_field *out, size_t max);

#endif
