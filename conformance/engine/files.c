/* open, write, rename; mkdir. */
#include "conformance/engine/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/engine/words.h"

static int
write_all(int fd, const char *p, size_t len)
{
	size_t at = 0;
	ssize_t n;

	while (at < len) {
		n = write(fd, p + at, len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : ENOSPC;
		at += (size_t)n;
	}
	return 0;
}

int
files_replace(const char *path, const void *p, size_t len)
{
	size_t size = strlen(path) + sizeof(".tmp");
	char *tmp = words_alloc(size, 1);
	int fd, error;

	snprintf(tmp, size, "%s.tmp", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	error = fd < 0 ? errno : write_all(fd, p, len);
	if (fd >= 0 && close(fd) < 0 && error == 0)
		error = errno;
	if (error == 0 && rename(tmp, path) < 0)
		error = errno;
	if (error != 0 && fd >= 0)
		unlink(tmp);
	free(tmp);
	return error;
}

int
files_make_folder(const char *path)
{
	char *copy = words_copy(path, strlen(path));
	int error = 0;
	char *at;

	for (at = copy + 1; *at != '\0' && error == 0; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			error = errno;
		*at = '/';
	}
	if (error == 0 && mkdir(copy, 0777) < 0 && errno != EEXIST)
		error = errno;
	free(copy);
	return error;
}

char *
files_tail(const char *path, size_t most, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;
	long size;

	*len = 0;
	if (f == NULL)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) > 0) {
		if ((size_t)size > most)
			fseek(f, size - (long)most, SEEK_SET);
		else
			rewind(f);
		text = words_alloc(
		    most < (size_t)size ? most + 1 : (size_t)size + 1, 1);
		*len = fread(
		    text, 1, most < (size_t)size ? most : (size_t)size, f);
		text[*len] = '\0';
	}
	fclose(f);
	return text;
}
