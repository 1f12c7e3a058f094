# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The look of quickstart and tests/run: one line per step, a word, what came out, how long it took.
# What a step printed goes to $step_log and is shown only when the step failed. To be sourced.

# Text begins in column 12, seconds end in column 73.
STEP_TEXT_WIDTH=56
# Lines of a failed step's log that are shown
STEP_LOG_LINES=60

step_log=
step_started=0

# step_begin LOG: the clock starts; what the step prints belongs into LOG
step_begin() {
	step_log=$1
	step_started=$SECONDS
	: >"$step_log"
}

# step_end WORD TEXT: the step's line, with the seconds since step_begin
step_end() {
	printf '%-10s %-*s %3d s\n' "$1" "$STEP_TEXT_WIDTH" "$2" $((SECONDS - step_started))
}

# step_say WORD TEXT: a line without a clock; further lines of TEXT stand below the first
step_say() {
	printf '%-10s %s\n' "$1" "${2//$'\n'/$'\n           '}"
}

# step_show_log: the end of what the step printed, to the one who has to mend it
step_show_log() {
	tail -n "$STEP_LOG_LINES" "$step_log" | sed 's/^/  | /'
}
