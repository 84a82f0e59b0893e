/*
 * Text made fit to print. What a peer said goes through text_print() or
 * text_json() and through nothing else on its way out.
 */
#ifndef ENGINE_TEXT_H
#define ENGINE_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Bytes at S that are one printable character of well-formed UTF-8, or 0:
 * controls (C0, DEL, C1), line and paragraph separators, characters that
 * change the direction of text, and malformed bytes.
 */
size_t text_printable(const char *s);

/* S with all else as \xNN (\n, \r and \t by name), and of "##" the first,
 * because commands to CI systems begin so. */
void text_print(FILE *f, const char *s);
/* The same into OUT, cut to SIZE - 1 bytes at a character's end. */
void text_escape(char *out, size_t size, const char *s);
/* S as a JSON string with quotes; malformed bytes become \\xNN. NULL: null. */
void text_json(FILE *f, const char *s);
/* S as one word of a shell command. */
void text_shell(FILE *f, const char *s);
/* Sixteen bytes a line, each line behind INDENT but the first. */
void text_hexdump(FILE *f, const uint8_t *p, size_t len, const char *indent);

#endif
