// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int vtap_err_set(struct vtap_err *err, int code, const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return code;
	va_start(args, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, args); /* cut is documented */
	va_end(args);
	return code;
}

int vtap_err_add(struct vtap_err *err, int code, const char *fmt, ...)
{
	char before[VTAP_ERR_MAX];
	struct vtap_err old;
	va_list args;

	if (err == NULL)
		return code;
	old = *err;
	va_start(args, fmt);
	(void)vsnprintf(before, sizeof(before), fmt, args); /* cut is documented */
	va_end(args);
	if (old.text[0] == '\0')
		return vtap_err_set(err, code, "%s", before);
	return vtap_err_set(err, code, "%.*s: %.*s", (int)sizeof(before) / 2, before,
		(int)sizeof(old.text) / 2, old.text);
}

const char *vtap_errno_text(int code)
{
	const char *text = strerrordesc_np(abs(code));

	return text != NULL ? text : "unknown error";
}

const char *vtap_err_text(const struct vtap_err *err, int code)
{
	return err->text[0] != '\0' ? err->text : vtap_errno_text(code);
}
