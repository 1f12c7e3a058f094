/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shell offers behind vtapd and vtapctl: from the table of commands, the options of both
 * programs and the ids of the conditions. Names of sessions are asked of the daemon while typing.
 * Context: the caller asks ferror().
 */
#pragma once

#include <stdio.h>

/** vtap_completion_bash_ctl() - for share/bash-completion/completions/vtapctl */
void vtap_completion_bash_ctl(FILE *out);

/** vtap_completion_bash_daemon() - for share/bash-completion/completions/vtapd */
void vtap_completion_bash_daemon(FILE *out);

/** vtap_completion_zsh() - for share/zsh/vendor-completions/_vtapctl; both programs */
void vtap_completion_zsh(FILE *out);
