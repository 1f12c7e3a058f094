/* SPDX-License-Identifier: Apache-2.0 */
/* What --help prints, out of the table of commands. A page that cannot be written is seen by the
 * caller's fflush. */
#pragma once

#include "daemon/ctl/command.h"

#include <stddef.h>
#include <stdio.h>

/** vtap_ctl_help() - every command and option. @width: of the terminal; 0: lines may be of any
 * length */
void vtap_ctl_help(FILE *out, size_t width);

/** vtap_ctl_help_command() - what the manual says of a command. @width: likewise */
void vtap_ctl_help_command(FILE *out, const struct vtap_ctl_command *command, size_t width);
