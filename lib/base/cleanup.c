// SPDX-License-Identifier: Apache-2.0
/* Closing descriptors without losing errno: cleanup runs between a failure and its report. */
#include "base/cleanup.h"

#include <errno.h>

int vtap_fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd); /* EINTR and EIO leave nothing to do: the descriptor is gone */
	errno = saved;
	return -1;
}
