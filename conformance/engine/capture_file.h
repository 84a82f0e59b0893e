/* From the spool of a case to a pcapng file that needs nothing beside it. */
#ifndef ENGINE_CAPTURE_FILE_H
#define ENGINE_CAPTURE_FILE_H

#include <stdint.h>

struct capture_about {
	const char *application; /* "anytls-conform 0.1.0" */
	const char *comment;     /* of the file: the verdict and around it */
	const char *verdict;     /* of the packet that decides; NULL: none */
	uint32_t decisive;       /* its event: the last packet up to it; 0:
				    the last of all */
	int with_keys;
};

/*
 * Writes PATH anew, by way of a temporary file beside it that is renamed when
 * all of it is there. 0, ENODATA when the spool has no packet (no file is
 * written then), or another errno.
 */
int capture_file_write(
    const char *spool, const char *path, const struct capture_about *about);

#endif
