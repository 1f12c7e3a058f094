/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service manager's file descriptor store: what outlives this process. The UDP sockets are in
 * it, so that packets wait in them while the daemon is restarted, and a small memory that says how
 * many drops of each socket were counted already.
 *
 * How it works. A socket is known by its cookie, a number that the kernel gives it once; it is
 * stored as udp-COOKIE. What came back from the store is looked through by port and interface (the
 * order is not ours). Without a service manager nothing is stored and nothing comes back.
 * Source: sd_pid_notify_with_fds(3), sd_listen_fds(3); FDPOLL=0, or systemd would drop a socket at
 * its first pending error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct vtap_store;

/** struct vtap_stored - a socket that came back */
struct vtap_stored {
	int fd; /* owned by the store until it is taken */
	uint16_t port;
	int device_index; /* 0: not bound to an interface */
	bool has_left;    /* it was taken out of its group: it only holds what it held */
	uint64_t cookie;
};

/** vtap_store_new() - take what the service manager handed over. Context: main, once, before any
 * thread. Return: 0 or negative errno. */
int vtap_store_new(struct vtap_store **ret_store, struct vtap_err *err);

/** vtap_store_free() - close what nobody took (it stays with the service manager); NULL is allowed
 */
void vtap_store_free(struct vtap_store *store);
VTAP_FREEP(store, struct vtap_store, vtap_store_free)

/** vtap_store_is_used() - does a service manager keep what is put in? */
bool vtap_store_is_used(const struct vtap_store *store);

/**
 * vtap_store_put() - keep a socket over restarts; it goes on being the caller's
 *
 * Failure only means that it will not be kept.
 * Return: its cookie, by which it is known from now on.
 */
uint64_t vtap_store_put(struct vtap_store *store, int fd);

/** vtap_store_remove() - forget a socket that is about to be closed */
void vtap_store_remove(struct vtap_store *store, uint64_t cookie);

/**
 * vtap_store_find() - a socket of that port that came back
 * @i: where to begin to look; where it was found, for vtap_store_take()
 * @ret_stored: a copy; the descriptor stays the store's
 * Return: was there one?
 */
bool vtap_store_find(
	const struct vtap_store *store, uint16_t port, size_t *i, struct vtap_stored *ret_stored);

/** vtap_store_take() - the descriptor at @i is the caller's from now on; others move up */
void vtap_store_take(struct vtap_store *store, size_t i);

/** vtap_store_clear() - forget what came back and nobody took: ports that are no longer configured.
 * Return: how many sockets. */
unsigned vtap_store_clear(struct vtap_store *store);

/** vtap_store_note_drops() - a socket's drops up to here are counted: the next process goes on
 * there */
void vtap_store_note_drops(struct vtap_store *store, uint64_t cookie, uint32_t drops);

/** vtap_store_drops() - what the process before us had counted for a socket; 0 for none */
uint32_t vtap_store_drops(const struct vtap_store *store, uint64_t cookie);
