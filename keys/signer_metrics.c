/* signer_metrics.c - see signer_metrics.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "keys/signer_metrics.h"

static int map(int fd, struct signer_metrics **ret, struct err *err)
{
	void *page = mmap(NULL, sizeof(**ret), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		return err_errno(err, ERR_FAILED, "could not map the page of metrics");
	*ret = page;
	return 0;
}

/* Nobody can make it smaller beneath the other. */
static int make_page(int *ret, struct err *err)
{
	auto_close int fd = memfd_create("issuerd-metrics", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)sizeof(struct signer_metrics)) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ||
		(*ret = fcntl(fd, F_DUPFD_CLOEXEC, SIGNER_METRICS_FD + 1)) < 0)
		return err_errno(err, ERR_FAILED, "could not make the page of metrics");
	return 0;
}

int signer_metrics_create(struct signer_metrics **ret, int *ret_fd, struct err *err)
{
	auto_close int fd = -1;

	if (make_page(&fd, err) < 0 || map(fd, ret, err) < 0)
		return -1;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int signer_metrics_attach(int fd, struct signer_metrics **ret, struct err *err)
{
	auto_close int page = fd;
	struct stat st;

	if (fstat(page, &st) < 0)
		return err_errno(err, ERR_FAILED, "no page of metrics came from the gateway");
	if (st.st_size != (off_t)sizeof(**ret))
		return err_set(err, ERR_FAILED, "the gateway's page of metrics is another");
	if (map(page, ret, err) < 0)
		return -1;
	metrics_set(&(*ret)->under_way, 0);
	metrics_set(&(*ret)->waiting_since_ms, 0);
	return 0;
}
