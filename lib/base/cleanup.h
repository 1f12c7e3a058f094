/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cleanup attributes: a local that owns a resource says so where it is declared, and hands it over
 * with vtap_steal() in the last lines of its function.
 *
 * Source: GCC manual, "Common Variable Attributes", cleanup; the idiom of systemd and n-acd.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VTAP_ARRAY_LEN(a)      (sizeof(a) / sizeof((a)[0]))
#define VTAP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/** vtap_steal() - take the value out of an owning variable, which becomes empty (NULL) */
#define vtap_steal(ptr)                                                                            \
	({                                                                                         \
		__typeof__(ptr) vtap_steal_p_ = (ptr);                                             \
		__typeof__(*vtap_steal_p_) vtap_steal_v_ = *vtap_steal_p_;                         \
		*vtap_steal_p_ = NULL;                                                             \
		vtap_steal_v_;                                                                     \
	})

/** vtap_steal_fd() - take a descriptor out of an owning variable, which becomes -1 */
static inline int vtap_steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/** vtap_fd_close() - close a descriptor, -1 is allowed. Return: -1, to be stored. Keeps errno. */
int vtap_fd_close(int fd);

static inline void vtap_freep(void *p)
{
	free(*(void **)p);
}

static inline void vtap_fdp(int *fd)
{
	(void)vtap_fd_close(*fd); /* always -1 */
}

static inline void vtap_filep(FILE **file)
{
	if (*file != NULL)
		(void)fclose(
			*file); /* only streams that were read, or whose writer checked fflush */
}

#define _auto_free __attribute__((cleanup(vtap_freep)))
#define _auto_fd   __attribute__((cleanup(vtap_fdp)))
#define _auto_file __attribute__((cleanup(vtap_filep)))

/** _auto() - run `vtap_NAME_freep` when the variable goes out of scope; declared by VTAP_FREEP */
#define _auto(name) __attribute__((cleanup(vtap_##name##_freep)))

/** VTAP_FREEP() - define the function that _auto(name) needs, out of a NULL-safe free function */
#define VTAP_FREEP(name, type, free_fn)                                                            \
	static inline void vtap_##name##_freep(type **p)                                           \
	{                                                                                          \
		free_fn(*p);                                                                       \
	}
