// SPDX-License-Identifier: Apache-2.0
/* A line of the screen. */
#include "report/text_render.h"
#include "report/text_top_screen.h"

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t vtap_top_columns(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += !is_continuation(*text);
	return n;
}

static bool has_room(const struct vtap_top_line *line)
{
	return line->view->width == 0 || line->at + line->blanks < line->view->width;
}

static void put_blanks(struct vtap_top_line *line)
{
	(void)fprintf(line->out, "%*s", (int)line->blanks, ""); /* failures: ferror() at the end */
	line->at += line->blanks;
	line->blanks = 0;
}

void vtap_top_put(struct vtap_top_line *line, const char *text)
{
	for (; *text != '\0' && (has_room(line) || is_continuation(*text)); text++) {
		if (*text == ' ') {
			line->blanks++;
			continue;
		}
		put_blanks(line);
		(void)fputc(*text, line->out);
		line->at += !is_continuation(*text);
	}
}

void vtap_top_put_colored(struct vtap_top_line *line, const char *text, const char *color)
{
	bool is_colored = color != NULL && line->view->has_color && has_room(line);

	if (is_colored) {
		put_blanks(line);
		(void)fputs(color, line->out);
	}
	vtap_top_put(line, text);
	if (is_colored)
		(void)fputs(VTAP_TEXT_COLOR_OFF, line->out);
}

void vtap_top_put_gap(struct vtap_top_line *line, size_t column)
{
	if (line->at + line->blanks > 0)
		line->blanks += VTAP_TOP_GAP;
	if (line->at + line->blanks < column)
		line->blanks = column - line->at;
}

bool vtap_top_fits(const struct vtap_top_line *line, const char *text)
{
	return line->view->width == 0 ||
	       line->at + line->blanks + vtap_top_columns(text) <= line->view->width;
}

bool vtap_top_fits_right(const struct vtap_top_line *line, const char *text)
{
	return line->view->width == 0 ||
	       line->at + VTAP_TOP_GAP + vtap_top_columns(text) <= line->view->width;
}

void vtap_top_put_right(struct vtap_top_line *line, const char *text)
{
	size_t width = line->view->width, columns = vtap_top_columns(text);

	if (!vtap_top_fits_right(line, text))
		return;
	vtap_top_put_gap(line, width > columns ? width - columns : 0);
	vtap_top_put(line, text);
}

void vtap_top_end(struct vtap_top_line *line)
{
	(void)fputc('\n', line->out);
	line->at = line->blanks = 0;
}
