/* Blocks and options of pcapng, in the byte order of this machine, which the
 * section header tells. */
#include "conformance/engine/pcapng.h"

#include <string.h>

#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 6u
#define BLOCK_SECRETS 10u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_RAW 101
#define SECRETS_TLS 0x544c534bu

#define OPT_END 0
#define OPT_COMMENT 1
#define SHB_USERAPPL 4
#define IF_NAME 2
#define IF_DESCRIPTION 3
#define IF_TSRESOL 9
#define EPB_FLAGS 2
#define NANOSECONDS 9

#define INBOUND 1u
#define OUTBOUND 2u

#define COMMENT_MAX 60000u

static void
put16(FILE *f, uint16_t v)
{
	fwrite(&v, sizeof(v), 1, f);
}

static void
put32(FILE *f, uint32_t v)
{
	fwrite(&v, sizeof(v), 1, f);
}

static size_t
padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static void
put_padded(FILE *f, const void *p, size_t len)
{
	static const uint8_t zero[4];

	if (len != 0)
		fwrite(p, len, 1, f);
	if (padded(len) != len)
		fwrite(zero, padded(len) - len, 1, f);
}

/* What of TEXT goes into an option: whole characters of UTF-8. */
static size_t
text_len(const char *text)
{
	size_t len = strlen(text);

	if (len > COMMENT_MAX)
		for (len = COMMENT_MAX;
		     ((unsigned char)text[len] & 0xc0) == 0x80;)
			len--;
	return len;
}

static size_t
option_size(const char *text)
{
	return text != NULL ? 4 + padded(text_len(text)) : 0;
}

static void
put_option(FILE *f, uint16_t code, const void *p, size_t len)
{
	put16(f, code);
	put16(f, (uint16_t)len);
	put_padded(f, p, len);
}

static void
put_text(FILE *f, uint16_t code, const char *text)
{
	if (text != NULL)
		put_option(f, code, text, text_len(text));
}

static void
put_end(FILE *f, size_t block)
{
	put16(f, OPT_END);
	put16(f, 0);
	put32(f, (uint32_t)block);
}

void
pcapng_section(FILE *f, const char *application, const char *comment)
{
	size_t size = 28 + option_size(application) + option_size(comment) + 4;

	put32(f, BLOCK_SECTION);
	put32(f, (uint32_t)size);
	put32(f, BYTE_ORDER_MAGIC);
	put16(f, 1);
	put16(f, 0);
	put32(f, UINT32_MAX); /* the section's length is not given */
	put32(f, UINT32_MAX);
	put_text(f, SHB_USERAPPL, application);
	put_text(f, OPT_COMMENT, comment);
	put_end(f, size);
}

void
pcapng_interface(FILE *f, const char *name, const char *description)
{
	static const uint8_t resolution = NANOSECONDS;
	size_t size = 20 + option_size(name) + option_size(description) + 8 + 4;

	put32(f, BLOCK_INTERFACE);
	put32(f, (uint32_t)size);
	put16(f, LINKTYPE_RAW);
	put16(f, 0);
	put32(f, 0); /* packets are never cut */
	put_text(f, IF_NAME, name);
	put_text(f, IF_DESCRIPTION, description);
	put_option(f, IF_TSRESOL, &resolution, 1);
	put_end(f, size);
}

void
pcapng_tls_secrets(FILE *f, const char *text, size_t len)
{
	size_t size = 20 + padded(len);

	put32(f, BLOCK_SECRETS);
	put32(f, (uint32_t)size);
	put32(f, SECRETS_TLS);
	put32(f, (uint32_t)len);
	put_padded(f, text, len);
	put32(f, (uint32_t)size);
}

void
pcapng_packet(FILE *f, const struct pcapng_packet *packet)
{
	uint32_t flags = packet->outbound ? OUTBOUND : INBOUND;
	size_t size =
	    32 + padded(packet->len) + 8 + option_size(packet->comment) + 4;

	put32(f, BLOCK_PACKET);
	put32(f, (uint32_t)size);
	put32(f, 0); /* the interface */
	put32(f, (uint32_t)(packet->at_ns >> 32));
	put32(f, (uint32_t)packet->at_ns);
	put32(f, (uint32_t)packet->len);
	put32(f, (uint32_t)packet->len);
	put_padded(f, packet->p, packet->len);
	put_option(f, EPB_FLAGS, &flags, sizeof(flags));
	put_text(f, OPT_COMMENT, packet->comment);
	put_end(f, size);
}
