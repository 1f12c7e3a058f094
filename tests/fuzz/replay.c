// SPDX-License-Identifier: Apache-2.0
/*
 * A main() for a fuzz target where there is no libFuzzer: feeds it every file named, and every file
 * of every folder named. An empty corpus is a failure, or a test that reads nothing would pass.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* Larger than any corpus file: a datagram and a control request both end at 64 KiB. */
#define REPLAY_FILE_MAX_BYTES (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

/** replay_file() - feed one input. Return: 1, the number of inputs fed, or -errno. */
static int replay_file(const char *path)
{
	_auto_file FILE *file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	_auto_free uint8_t *data = malloc(REPLAY_FILE_MAX_BYTES);
	if (data == NULL)
		return -ENOMEM;
	size_t len_bytes = fread(data, 1, REPLAY_FILE_MAX_BYTES, file);
	if (ferror(file))
		return -EIO;

	/* Exactly as large as the input, so that a sanitizer sees a read behind its end. */
	_auto_free uint8_t *exact = malloc(len_bytes > 0 ? len_bytes : 1);
	if (exact == NULL)
		return -ENOMEM;
	memcpy(exact, data, len_bytes);
	(void)LLVMFuzzerTestOneInput(exact, len_bytes); /* always 0; a finding ends the process */
	return 1;
}

static int is_plain_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int replay_entry(const char *folder, const char *name)
{
	_auto_free char *path = NULL;
	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		path = NULL; /* undefined after a failure */
		return -ENOMEM;
	}
	return replay_file(path);
}

/** replay_folder() - feed every file in it, in name order. Return: number of inputs, or -errno. */
static int replay_folder(const char *folder)
{
	struct dirent **entries = NULL;
	int n_entries = scandir(folder, &entries, is_plain_name, alphasort);
	if (n_entries < 0)
		return -errno;

	int r = 0;
	for (int i = 0; i < n_entries; i++) {
		if (r >= 0)
			r = replay_entry(folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return r < 0 ? r : n_entries;
}

static int replay(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? replay_folder(path) : replay_file(path);
}

int main(int argc, char **argv)
{
	int n_fed = 0;

	for (int i = 1; i < argc; i++) {
		int r = replay(argv[i]);
		if (r < 0) {
			(void)fprintf(stderr, "%s: cannot be read: %s\n", argv[i], strerror(-r));
			return EXIT_FAILURE;
		}
		n_fed += r;
	}
	(void)printf("%d inputs\n", n_fed);
	return n_fed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
