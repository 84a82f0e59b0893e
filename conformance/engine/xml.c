/* Writing XML. */
#include "conformance/engine/xml.h"

#include <assert.h>
#include <string.h>

void
xml_begin(struct xml *x, FILE *out)
{
	memset(x, 0, sizeof(*x));
	x->out = out;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", out);
}

static void
end_tag(struct xml *x)
{
	if (x->in_tag)
		putc('>', x->out);
	x->in_tag = false;
}

static void
indent(struct xml *x)
{
	fprintf(x->out, "\n%*s", (int)x->depth, "");
}

void
xml_open(struct xml *x, const char *name)
{
	assert(x->depth < XML_DEPTH);
	end_tag(x);
	indent(x);
	fprintf(x->out, "<%s", name);
	x->names[x->depth++] = name;
	x->in_tag = true;
	x->has_text = false;
}

/* U+FFFE and U+FFFF, which are no characters. */
static bool
is_no_character(const char *s)
{
	return memcmp(s, "\xef\xbf", 2) == 0 &&
	    ((unsigned char)s[2] == 0xbe || (unsigned char)s[2] == 0xbf);
}

static void
escape(FILE *f, const char *s, bool in_attribute)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '&')
			fputs("&amp;", f);
		else if (c == '<')
			fputs("&lt;", f);
		else if (c == '>')
			fputs("&gt;", f);
		else if (c == '"' && in_attribute)
			fputs("&quot;", f);
		else if ((c == '\n' || c == '\t') && in_attribute)
			fprintf(f, "&#%u;", c);
		else if (c < 0x20 && c != '\n' && c != '\t')
			fputs("\xef\xbf\xbd", f);
		else if (c == 0xef && s[1] != '\0' && is_no_character(s)) {
			fputs("\xef\xbf\xbd", f);
			s += 2;
		} else
			putc(c, f);
	}
}

void
xml_attribute(struct xml *x, const char *name, const char *value)
{
	assert(x->in_tag);
	if (value == NULL)
		return;
	fprintf(x->out, " %s=\"", name);
	escape(x->out, value, true);
	putc('"', x->out);
}

void
xml_attribute_number(struct xml *x, const char *name, unsigned long value)
{
	fprintf(x->out, " %s=\"%lu\"", name, value);
}

void
xml_text(struct xml *x, const char *text)
{
	end_tag(x);
	escape(x->out, text, false);
	x->has_text = true;
}

void
xml_close(struct xml *x)
{
	assert(x->depth != 0);
	x->depth--;
	if (x->in_tag) {
		fputs("/>", x->out);
	} else {
		if (!x->has_text)
			indent(x);
		fprintf(x->out, "</%s>", x->names[x->depth]);
	}
	x->in_tag = false;
	x->has_text = false;
	if (x->depth == 0)
		putc('\n', x->out);
}
