// SPDX-License-Identifier: Apache-2.0
#include "daemon/sensor_names.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/pace.h"
#include "base/text.h"

/* Sockets that are named at most: of a sensor with eight threads on each of 4,000 interfaces. */
#define NAMES_MAX 32768

/* Descriptors that one look through /proc follows at most, about 1 us each; to look into a process
 * costs as much as some of them. The next look goes on with the process behind. */
#define DESCRIPTORS_MAX 10000
#define PROCESS_COSTS   10

/* Between two looks through /proc, and longer where one takes long. */
#define PAUSE_NS    VTAP_NS_PER_S
#define PAUSE_TIMES 100

/* Different names told of one interface. */
#define NAMES_SHOWN 8

static void dirp(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir); /* it was only read */
}
#define _auto_dir __attribute__((cleanup(dirp)))

static int inode_compare(const void *a, const void *b)
{
	const struct vtap_sensor_name *left = a, *right = b;

	return (left->inode > right->inode) - (left->inode < right->inode);
}

static struct vtap_sensor_name *name_find(const struct vtap_sensor_names *names, uint64_t inode)
{
	const struct vtap_sensor_name key = { .inode = inode };

	if (names->n == 0)
		return NULL;
	return bsearch(&key, names->name, names->n, sizeof(key), inode_compare);
}

void vtap_sensor_names_done(struct vtap_sensor_names *names)
{
	free(names->name);
	*names = (struct vtap_sensor_names){ 0 };
}

/* ---- a process ---- */

static void text_read(int proc_fd, const char *path, char *ret_text, size_t size)
{
	_auto_fd int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, ret_text, size - 1) : -1;

	ret_text[n > 0 ? (size_t)n : 0] = '\0';
	ret_text[strcspn(ret_text, "\n")] = '\0';
}

/* What the list of names is made with must not be in one. */
static void name_take(struct vtap_sensor_name *name, const char *text)
{
	(void)snprintf(name->text, sizeof(name->text), "%s", text); /* a longer one is cut */
	vtap_text_make_printable(name->text);
	for (char *c = name->text; *c != '\0'; c++)
		*c = *c == ',' ? '?' : *c;
}

/* The program of a process: its first thread's name. One that begins with the name of its file is
 * told by that: suricata calls its threads Suricata-Main and the like. */
static void program_name(int proc_fd, const char *pid, struct vtap_sensor_name *ret_name)
{
	char path[32], comm[32], exe[PATH_MAX];
	const char *file;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%.16s/comm", pid); /* fits */
	text_read(proc_fd, path, comm, sizeof(comm));
	(void)snprintf(path, sizeof(path), "%.16s/exe", pid); /* fits */
	n = readlinkat(proc_fd, path, exe, sizeof(exe) - 1);
	exe[n > 0 ? (size_t)n : 0] = '\0';
	file = strrchr(exe, '/') != NULL ? strrchr(exe, '/') + 1 : exe;
	name_take(ret_name,
		file[0] != '\0' && strncasecmp(comm, file, strlen(file)) == 0 ? file : comm);
}

/* "socket:[4711]", or 0. */
static uint64_t socket_inode(int fds_fd, const char *fd)
{
	static const char BEGIN[] = "socket:[";
	char link[64];
	ssize_t n = readlinkat(fds_fd, fd, link, sizeof(link) - 1);

	if (n < 0)
		return 0;
	link[n] = '\0';
	return strncmp(link, BEGIN, strlen(BEGIN)) == 0 ? strtoull(link + strlen(BEGIN), NULL, 10)
							: 0;
}

/* Name every new socket that this process has open. Return: how many were. */
static size_t process_look(
	struct vtap_sensor_names *names, int proc_fd, const char *pid, unsigned *n_descriptors)
{
	char path[32];
	int fds_fd;
	_auto_dir DIR *fds = NULL;
	const struct dirent *entry;
	size_t n_named = 0;

	(void)snprintf(path, sizeof(path), "%.16s/fd", pid); /* fits */
	fds_fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fds = fds_fd >= 0 ? fdopendir(fds_fd) : NULL;
	if (fds == NULL) { /* not permitted, or gone by now */
		(void)vtap_fd_close(fds_fd);
		return 0;
	}
	*n_descriptors += PROCESS_COSTS;
	while (*n_descriptors < DESCRIPTORS_MAX && (entry = readdir(fds)) != NULL) {
		struct vtap_sensor_name *name;

		++*n_descriptors;
		name = name_find(names, socket_inode(fds_fd, entry->d_name));
		if (name == NULL || !name->is_new)
			continue;
		program_name(proc_fd, pid, name);
		name->is_new = false;
		n_named++;
	}
	return n_named;
}

/* ---- all of them ---- */

/* 0: it is no process, or ourselves. */
static long other_process(const char *entry)
{
	long pid = isdigit((unsigned char)entry[0]) ? strtol(entry, NULL, 10) : 0;

	return pid != (long)getpid() ? pid : 0;
}

/* Processes come in the order of their numbers. Return: was that all of them, or all that is
 * needed? */
static bool processes_look(struct vtap_sensor_names *names, size_t n_new)
{
	_auto_dir DIR *proc = opendir("/proc");
	unsigned n_descriptors = 0;
	const struct dirent *entry;

	while (proc != NULL && n_new > 0 && (entry = readdir(proc)) != NULL) {
		long pid = other_process(entry->d_name);
		bool is_first = n_descriptors == 0;

		if (pid <= names->looked_pid)
			continue;
		n_new -= process_look(names, dirfd(proc), entry->d_name, &n_descriptors);
		if (n_descriptors >= DESCRIPTORS_MAX && !is_first)
			return false;    /* perhaps it was cut: this one again */
		names->looked_pid = pid; /* if it has more than that, they are passed over */
	}
	return true;
}

/* From the file, never from a directory service: that could keep the main loop waiting. */
static void user_name(struct vtap_sensor_name *name)
{
	_auto_file FILE *file = name->uid != 0 ? fopen("/etc/passwd", "re") : NULL;
	struct passwd entry, *found;
	char buffer[1024];

	while (file != NULL && fgetpwent_r(file, &entry, buffer, sizeof(buffer), &found) == 0)
		if (entry.pw_uid == name->uid) {
			name_take(name, entry.pw_name);
			return;
		}
}

/* The claimed sockets, with what is known of them. Return: how many are new. */
static size_t names_carry(const struct vtap_sensor_names *former,
	const struct vtap_sensors *sensors, struct vtap_sensor_names *fresh)
{
	size_t n_new = 0;

	for (size_t i = 0; i < sensors->n && fresh->n < NAMES_MAX; i++) {
		const struct vtap_sensor *sensor = &sensors->sensor[i];
		const struct vtap_sensor_name *known =
			sensor->is_claimed ? name_find(former, sensor->inode) : NULL;

		if (!sensor->is_claimed)
			continue;
		fresh->name[fresh->n++] =
			known != NULL ? *known
				      : (struct vtap_sensor_name){ .inode = sensor->inode,
						.uid = sensor->uid,
						.is_new = true };
		n_new += fresh->name[fresh->n - 1].is_new;
	}
	if (fresh->n > 1)
		qsort(fresh->name, fresh->n, sizeof(*fresh->name), inode_compare);
	return n_new;
}

/* A round through all processes begins: who comes later waits for the next one, unless somebody
 * behind has it open. */
static void round_begin(struct vtap_sensor_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		names->name[i].is_sought = names->name[i].is_new;
}

static void round_end(struct vtap_sensor_names *names)
{
	names->looked_pid = 0;
	for (size_t i = 0; i < names->n; i++) {
		struct vtap_sensor_name *name = &names->name[i];

		if (!name->is_new || !name->is_sought)
			continue;
		user_name(name);
		name->is_new = false;
	}
}

static void names_find(struct vtap_sensor_names *names, size_t n_new, uint64_t now_ns)
{
	uint64_t begun_ns = vtap_clock_mono_ns();

	if (n_new == 0)
		names->looked_pid = 0; /* those who were looked for are gone */
	if (n_new == 0 || now_ns < names->due_ns)
		return;
	if (names->looked_pid == 0)
		round_begin(names);
	if (processes_look(names, n_new))
		round_end(names);
	names->due_ns =
		vtap_pace_next(now_ns, vtap_clock_mono_ns() - begun_ns, PAUSE_TIMES, PAUSE_NS);
}

void vtap_sensor_names_look(
	struct vtap_sensor_names *names, const struct vtap_sensors *sensors, uint64_t now_ns)
{
	struct vtap_sensor_names fresh = { .due_ns = names->due_ns,
		.looked_pid = names->looked_pid };
	size_t n_new;

	fresh.name = calloc(sensors->n + 1, sizeof(*fresh.name));
	if (fresh.name == NULL)
		return;
	n_new = names_carry(names, sensors, &fresh);
	names_find(&fresh, n_new, now_ns);
	vtap_sensor_names_done(names);
	*names = fresh;
}

/* ---- in words ---- */

struct tally {
	const char *text;
	unsigned n;
};

static int tally_compare(const void *a, const void *b)
{
	const struct tally *left = a, *right = b;

	if (left->n != right->n)
		return left->n < right->n ? 1 : -1;
	return strcmp(left->text, right->text);
}

static size_t tally_add(struct tally tallies[NAMES_SHOWN], size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(tallies[i].text, text) == 0) {
			tallies[i].n++;
			return n;
		}
	}
	if (n < NAMES_SHOWN)
		tallies[n++] = (struct tally){ .text = text, .n = 1 };
	return n;
}

static char *tallies_format(const struct tally tallies[NAMES_SHOWN], size_t n)
{
	char text[NAMES_SHOWN * (VTAP_SENSOR_NAME_MAX + 2)];
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", /* fits */
			i > 0 ? ", " : "", tallies[i].text);
	return n > 0 ? strdup(text) : NULL;
}

char *vtap_sensor_names_format(
	const struct vtap_sensor_names *names, const struct vtap_sensors *sensors, int index)
{
	struct tally tallies[NAMES_SHOWN];
	const struct vtap_sensor *first;
	unsigned n_sensors = vtap_sensors_on(sensors, index, &first);
	size_t n = 0;

	for (unsigned i = 0; i < n_sensors; i++) {
		const struct vtap_sensor_name *name = name_find(names, first[i].inode);

		if (name != NULL && name->text[0] != '\0')
			n = tally_add(tallies, n, name->text);
	}
	if (n > 1)
		qsort(tallies, n, sizeof(*tallies), tally_compare);
	return tallies_format(tallies, n);
}
