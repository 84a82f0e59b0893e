/* Writing XML: well-formed whatever the texts are. */
#ifndef ENGINE_XML_H
#define ENGINE_XML_H

#include <stdbool.h>
#include <stdio.h>

#define XML_DEPTH 16

struct xml {
	FILE *out;
	const char *names[XML_DEPTH]; /* of open elements, borrowed */
	unsigned depth;
	bool in_tag;   /* attributes may follow */
	bool has_text; /* so no line break before the end tag */
};

/* Begins a document on OUT. */
void xml_begin(struct xml *x, FILE *out);
void xml_open(struct xml *x, const char *name);
/* Of the element opened last, before it has a text or children. VALUE NULL:
 * none. */
void xml_attribute(struct xml *x, const char *name, const char *value);
void xml_attribute_number(struct xml *x, const char *name, unsigned long value);
/* Characters that no XML document may have become U+FFFD. */
void xml_text(struct xml *x, const char *text);
void xml_close(struct xml *x);

#endif
