/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics port: GET /healthz, /v1/status, /metrics and the page, over TCP and for everybody who
 * reaches it. Nothing can be changed there.
 *
 * How it works. A thread of its own answers, so that however many ask, however often, and however
 * slowly they read, the main loop neither writes nor sends a byte of it. What is told are looks
 * (daemon/look.h): the thread asks main for one (ask_fd) and lays the request aside; main looks
 * when nothing else is to be done at that moment, leaves the look where the thread takes it, and
 * wakes the thread (wake_fd). A look serves everybody until it is KEPT_TIMES as old as it took to
 * make, so that looks take no more than that part of the main loop's time; a text made of one
 * serves likewise. Two pointers' exchange is all that both sides share.
 */
#pragma once

#include "base/cleanup.h"
#include "base/err.h"
#include "daemon/manager.h"

struct vtap_public;

/**
 * vtap_public_new() - listen, and start the thread
 * Context: main thread. The thread keeps no capability.
 * Return: 0; -EADDRINUSE; -EADDRNOTAVAIL; -EAGAIN when there can be no more threads; other negative
 * errno, with a sentence.
 */
int vtap_public_new(struct vtap_manager *manager, const struct vtap_listen *listen,
	struct vtap_public **ret_public, struct vtap_err *err);

/** vtap_public_free() - stop the thread, close everything; NULL is allowed. Context: main thread.
 */
void vtap_public_free(struct vtap_public *port);
VTAP_FREEP(public, struct vtap_public, vtap_public_free)
