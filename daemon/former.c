// SPDX-License-Identifier: Apache-2.0
#include "daemon/former.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "daemon/log.h"
#include "model/device.h"

/* Of an underlay on which nothing merged. */
#define NOTHING "none"

/* "02:00:00:00:00:07" */
#define MAC_TEXT_LEN (3 * VTAP_MAC_BYTES - 1)

/** struct list - grows while it is read */
struct list {
	struct vtap_former *former;
	size_t n;
};

char *vtap_former_path(const char *runtime_dir)
{
	return vtap_text_format("%s/offloads", runtime_dir);
}

/* ---- whose it is ---- */

static bool has_mac(const struct vtap_former *former)
{
	static const uint8_t NONE[VTAP_MAC_BYTES] = { 0 };

	return memcmp(former->mac, NONE, sizeof(NONE)) != 0;
}

static bool mac_is(const struct vtap_former *former, const struct vtap_device *device)
{
	return has_mac(former) && memcmp(former->mac, device->mac, sizeof(device->mac)) == 0;
}

static bool name_is(const struct vtap_former *former, const struct vtap_device *device)
{
	return strcmp(former->name, device->name) == 0;
}

const struct vtap_device *vtap_former_find(
	const struct vtap_former *former, const struct vtap_devices *devices)
{
	const struct vtap_device *found = vtap_devices_find_index(devices, former->index);
	size_t n = 0;

	if (found != NULL && (mac_is(former, found) || name_is(former, found)))
		return found;
	for (size_t i = 0; i < devices->n; i++) {
		const struct vtap_device *device = &devices->device[i];

		if (name_is(former, device) && (mac_is(former, device) || !has_mac(former)))
			return device;
		found = mac_is(former, device) ? device : found;
		n += mac_is(former, device);
	}
	return n == 1 ? found : NULL; /* a bond and its ports, say, share one */
}

bool vtap_former_note(struct vtap_former *former, const struct vtap_device *device)
{
	if (former->index == device->index && name_is(former, device) &&
		memcmp(former->mac, device->mac, sizeof(device->mac)) == 0)
		return false;
	memcpy(former->name, device->name, sizeof(former->name));
	memcpy(former->mac, device->mac, sizeof(former->mac));
	former->index = device->index;
	return true;
}

/* ---- a line ---- */

/* Return: is it the word of a feature? */
static bool word_read(const char *word, unsigned *merging)
{
	for (unsigned i = 0; i < VTAP_MERGING_COUNT; i++)
		if (strcmp(word, vtap_merging_name(i)) == 0) {
			*merging |= 1U << i;
			return true;
		}
	return false;
}

static bool name_read(const char *word, char *ret_name)
{
	if (word == NULL || strlen(word) >= VTAP_IFNAME_MAX)
		return false;
	memcpy(ret_name, word, strlen(word) + 1);
	return true;
}

static bool index_read(const char *word, int *ret_index)
{
	unsigned long value;
	char *end;

	if (word == NULL || word[0] < '0' || word[0] > '9')
		return false;
	value = strtoul(word, &end, 10);
	if (*end != '\0' || value == 0 || value > INT_MAX)
		return false;
	*ret_index = (int)value;
	return true;
}

static bool mac_read(const char *word, uint8_t *ret_mac)
{
	static const char DIGITS[] = "0123456789abcdef";

	if (word == NULL || strlen(word) != MAC_TEXT_LEN)
		return false;
	for (size_t i = 0; i < VTAP_MAC_BYTES; i++) {
		const char *high = strchr(DIGITS, word[3 * i]);
		const char *low = strchr(DIGITS, word[3 * i + 1]);

		if (high == NULL || low == NULL ||
			(word[3 * i + 2] != ':' && i + 1 < VTAP_MAC_BYTES))
			return false;
		ret_mac[i] = (uint8_t)((high - DIGITS) << 4 | (low - DIGITS));
	}
	return true;
}

bool vtap_former_parse(char *line, struct vtap_former *ret_former)
{
	char *rest = NULL, *word;
	struct vtap_former former = { .merging = 0 };

	if (!name_read(strtok_r(line, " ", &rest), former.name) ||
		!index_read(strtok_r(NULL, " ", &rest), &former.index) ||
		!mac_read(strtok_r(NULL, " ", &rest), former.mac))
		return false;
	word = strtok_r(NULL, " ", &rest);
	if (word == NULL)
		return false;
	if (strcmp(word, NOTHING) == 0)
		word = strtok_r(NULL, " ", &rest);
	else
		while (word != NULL && word_read(word, &former.merging))
			word = strtok_r(NULL, " ", &rest);
	if (word != NULL)
		return false;
	*ret_former = former;
	return true;
}

const char *vtap_former_format(
	const struct vtap_former *former, char ret_line[static VTAP_FORMER_LINE_MAX])
{
	const uint8_t *mac = former->mac;
	size_t used = (size_t)snprintf(ret_line, VTAP_FORMER_LINE_MAX, /* all fits */
		"%s %d %02x:%02x:%02x:%02x:%02x:%02x%s", former->name, former->index, mac[0],
		mac[1], mac[2], mac[3], mac[4], mac[5], former->merging == 0 ? " " NOTHING : "");

	for (unsigned i = 0; i < VTAP_MERGING_COUNT; i++)
		if ((former->merging & 1U << i) != 0)
			used += (size_t)snprintf(ret_line + used, VTAP_FORMER_LINE_MAX - used,
				" %s", vtap_merging_name(i));
	return ret_line;
}

/* ---- reading ---- */

static bool list_has(const struct list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->former[i].name, name) == 0)
			return true;
	return false;
}

static int list_add(struct list *list, const struct vtap_former *former)
{
	struct vtap_former *grown = reallocarray(list->former, list->n + 1, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	list->former = grown;
	grown[list->n++] = *former;
	return 0;
}

/* The line with its end, as getline() gives it; a line that was cut has none. */
static int line_read(struct list *list, char *line, size_t len, const char *path, unsigned number)
{
	_auto_free char *shown = strdup(line);
	struct vtap_former former;

	if (shown == NULL)
		return -ENOMEM;
	shown[strcspn(shown, "\n")] = '\0';
	vtap_text_make_printable(shown);
	if (len > 0 && line[len - 1] == '\n' && strlen(line) == len) {
		line[len - 1] = '\0';
		if (vtap_former_parse(line, &former) && !list_has(list, former.name))
			return list_add(list, &former);
	}
	vtap_log(LOG_WARNING, VTAP_EVENT_TROUBLE, NULL,
		"%s:%u: \"%.64s\" is no line of ours, ignored: what merged there before is not "
		"known",
		path, number, shown);
	return 0;
}

/* A teardown by root reads what another user may have put there: nothing that leads elsewhere, or
 * that would be waited for. Return: NULL with errno. */
static FILE *file_open(const char *path)
{
	_auto_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat stat;
	FILE *file;

	if (fd < 0 || fstat(fd, &stat) < 0)
		return NULL;
	if (!S_ISREG(stat.st_mode)) {
		errno = EINVAL;
		return NULL;
	}
	file = fdopen(fd, "r");
	if (file != NULL)
		(void)vtap_steal_fd(&fd); /* the file's */
	return file;
}

int vtap_former_load(
	const char *path, struct vtap_former **ret_former, size_t *ret_n, struct vtap_err *err)
{
	_auto_file FILE *file = file_open(path);
	_auto_free char *line = NULL;
	struct list list = { 0 };
	size_t size = 0;
	ssize_t len;
	int r = 0;

	if (file == NULL && errno != ENOENT)
		return vtap_err_set(err, -errno, "read %s: %s", path, vtap_errno_text(errno));
	for (unsigned i = 1; file != NULL && r == 0 && (len = getline(&line, &size, file)) >= 0;
		i++)
		r = line_read(&list, line, (size_t)len, path, i);
	if (r == 0 && file != NULL && ferror(file) != 0)
		r = vtap_err_set(err, -EIO, "read %s: %s", path, vtap_errno_text(EIO));
	if (r < 0) {
		free(list.former);
		return r;
	}
	*ret_former = list.former;
	*ret_n = list.n;
	return 0;
}

/* ---- writing ---- */

/* A teardown by root writes into the folder of another user, who must not choose what is written
 * to. */
static FILE *file_make(const char *path)
{
	FILE *file;
	int fd;

	(void)unlink(path); /* left by a process that was killed */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (file == NULL)
		(void)vtap_fd_close(fd); /* always -1 */
	return file;
}

static int file_write(const char *path, const struct vtap_former *former, size_t n)
{
	_auto_free char *temporary = vtap_text_format("%s.new", path);
	FILE *file = temporary != NULL ? file_make(temporary) : NULL;
	char line[VTAP_FORMER_LINE_MAX];

	if (file == NULL)
		return temporary == NULL ? -ENOMEM : -errno;
	for (size_t i = 0; i < n; i++)
		(void)fprintf(
			file, "%s\n", vtap_former_format(&former[i], line)); /* fclose tells */
	return fclose(file) == 0 && rename(temporary, path) == 0 ? 0 : -errno;
}

int vtap_former_save(
	const char *path, const struct vtap_former *former, size_t n, struct vtap_err *err)
{
	int r = 0;

	if (n > 0)
		r = file_write(path, former, n);
	else if (unlink(path) < 0 && errno != ENOENT)
		r = -errno;
	return r < 0 ? vtap_err_set(err, r, "write %s: %s", path, vtap_errno_text(r)) : 0;
}
