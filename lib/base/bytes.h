/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A read-only view of bytes: the only way to packet memory. Nobody indexes a packet; they ask for n
 * bytes at an offset and get a pointer, or NULL. This is the one bound check of the data path.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct vtap_view {
	const uint8_t *data;
	size_t len_bytes;
};

/** vtap_view_at() - @n bytes at @offset. Return: pointer into the view, or NULL if they are not all
 * there. */
static inline const uint8_t *vtap_view_at(struct vtap_view view, size_t offset, size_t n)
{
	if (offset > view.len_bytes || n > view.len_bytes - offset)
		return NULL;
	return view.data + offset;
}

/** vtap_view_from() - everything behind @offset; empty if the view is shorter */
static inline struct vtap_view vtap_view_from(struct vtap_view view, size_t offset)
{
	if (offset > view.len_bytes)
		offset = view.len_bytes;
	return (struct vtap_view){ .data = view.data + offset,
		.len_bytes = view.len_bytes - offset };
}
