/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manual pages: a template has the prose that people wrote, and lines that stand for a table:
 *
 *	@keys SECTION@      the keys of a section, from the schema
 *	@conditions@        the register of conditions
 *	@commands@          the commands of vtapctl
 */
#pragma once

#include <stdio.h>

#include "base/err.h"

/**
 * vtap_page_expand() - copy a template, with the tables in place of their lines
 * Return: 0; -EINVAL for a line that stands for no table; -EIO, -ENOMEM.
 */
int vtap_page_expand(FILE *template, FILE *out, struct vtap_err *err);
