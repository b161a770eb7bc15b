/* folder_storm.c - writes COUNT versions of a directory of two files, while another process
 * reads them without a pause, and tells what it saw: "READS reads, FAULTS faults". A fault is a
 * file that is not there, not whole, of another mode, or of another version than its neighbour.
 *
 *   folder-storm DIR COUNT
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/folder.h"
#include "base/auto.h"
#include "base/text.h"

#define LEN  1200 /* of a file: as a token's */
#define MODE 0640

static volatile sig_atomic_t is_over;

static void end(int signal)
{
	(void)signal;
	is_over = 1;
}

/* Version n: the same 12 bytes all along. */
static void fill(char bytes[LEN + 1], long n)
{
	char group[32];

	(void)snprintf(group, sizeof(group), "%011ld.", n); /* fits */
	for (size_t at = 0; at < LEN; at += 12)
		memcpy(bytes + at, group, 12);
	bytes[LEN] = '\0';
}

static int write_versions(const char *dir, long first, long count)
{
	char bytes[LEN + 1];
	struct err err = ERR_INIT;

	for (long n = first; n < first + count; n++) {
		const struct token_file files[] = {
			{ "a", bytes, LEN, geteuid(), getegid(), MODE },
			{ "b", bytes, LEN, geteuid(), getegid(), MODE },
		};

		fill(bytes, n);
		if (folder_write(dir, files, 2, clock_now(), NULL, &err) < 0) {
			(void)fprintf(stderr, "folder-storm: %s\n", err.text);
			return 1;
		}
	}
	return 0;
}

/* The version in a file; -1 for a fault. */
static long read_version(int dir_fd, const char *path)
{
	auto_close int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	char bytes[LEN + 2], whole[LEN + 1];
	struct stat st;
	long n;

	if (fd < 0 || fstat(fd, &st) < 0 || (st.st_mode & 07777) != MODE ||
		read(fd, bytes, LEN + 1) != LEN)
		return -1;
	bytes[LEN] = '\0';
	n = strtol(bytes, NULL, 10);
	fill(whole, n);
	return strcmp(bytes, whole) == 0 ? n : -1;
}

/* By name, and both of one version: who wants that opens ..data once. */
static long look(int dir_fd)
{
	auto_close int data = openat(dir_fd, "..data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const long a = data >= 0 ? read_version(data, "a") : -1;
	const long b = data >= 0 ? read_version(data, "b") : -1;

	return (read_version(dir_fd, "a") < 0) + (a < 0 || a != b);
}

static void read_all(const char *dir)
{
	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long reads = 0, faults = 0;

	while (!is_over) {
		faults += look(fd);
		reads++;
	}
	(void)printf("%ld reads, %ld faults\n", reads, faults); /* flushed by exit */
}

int main(int argc, char **argv)
{
	int status = 1;
	pid_t reader;

	if (argc != 3 || signal(SIGTERM, end) == SIG_ERR || write_versions(argv[1], 0, 1) != 0)
		return 2;
	reader = fork();
	if (reader == 0) {
		read_all(argv[1]);
		exit(0);
	}
	if (reader < 0 || write_versions(argv[1], 1, strtol(argv[2], NULL, 10)) != 0)
		return 1;
	(void)kill(reader, SIGTERM); /* it is ours, and there */
	return waitpid(reader, &status, 0) == reader && status == 0 ? 0 : 1;
}
