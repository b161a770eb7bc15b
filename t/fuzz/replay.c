/* replay.c - the main of a fuzz target outside libFuzzer: feeds it every file of the
 * directories in argv, so that each input once found is tried again on every `make check`. TAP
 * out.
 * SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"

#define INPUT_MAX (1 << 20)

/* libFuzzer fixes the name. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path, struct err *err)
{
	auto_free char *data = NULL;
	size_t len;

	if (file_read(path, INPUT_MAX, &data, &len, err) < 0)
		return -1;
	(void)LLVMFuzzerTestOneInput((const uint8_t *)data, len); /* always 0; faults abort */
	return 0;
}

static int replay_directory(const char *path, int *count, struct err *err)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int ret = 0;

	if (!dir)
		return err_errno(err, ERR_FAILED, "could not open '%s'", path);
	while (ret == 0 && (entry = readdir(dir)) != NULL) {
		auto_free char *file = text_format("%s/%s", path, entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		ret = replay_file(file, err);
		(*count)++;
	}
	(void)closedir(dir); /* only read from */
	return ret;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct err err = ERR_INIT;
		int count = 0;

		if (replay_directory(argv[i], &count, &err) < 0 || count == 0) {
			printf("not ok %d - %s\n# %s\n1..%d\n", i, argv[i],
				count == 0 ? "no inputs" : err.text, i);
			return EXIT_FAILURE;
		}
		printf("ok %d - %d inputs of %s\n", i, count, argv[i]);
	}
	printf("1..%d\n", argc - 1);
	return EXIT_SUCCESS;
}
