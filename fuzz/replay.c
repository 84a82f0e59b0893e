/*
 * Runs a fuzz target on files, under any compiler: each argument is a file or
 * a folder of files. Says how many inputs there were; none is an error.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

#define INPUT_MAX 1048576

static int
replay_file(const char *path)
{
	static uint8_t buf[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t n;
	uint8_t *copy;

	if (f == NULL) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		return (-1);
	}
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	copy = fuzz_copy(atls_bytes(buf, n));
	/* Seen when the target aborts. */
	fprintf(stderr, "%s\r", path);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return (1);
}

static int
replay(const char *path)
{
	char name[4096];
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int n = 0, got;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return (replay_file(path));
	dir = opendir(path);
	if (dir == NULL)
		return (-1);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		got = replay(name);
		if (got < 0)
			n = got;
		else if (n >= 0)
			n += got;
	}
	closedir(dir);
	return (n);
}

int
main(int argc, char *argv[])
{
	int i, got, n = 0;

	for (i = 1; i < argc; i++) {
		got = replay(argv[i]);
		if (got < 0)
			return (1);
		n += got;
	}
	printf("%d inputs\n", n);
	return (n == 0);
}
