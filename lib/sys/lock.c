#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/num.h"
#include "sys/io.h"
#include "sys/sig.h"

#include "base/banned.h"

#define NOTE_MAX 512

static int
same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

/* Whoever took it a moment ago may still be writing: a whole note ends with its line. */
static void
read_note(int fd, char *note, size_t size)
{
	char text[NOTE_MAX] = "";

	for (int tries = 0; tries < 5; tries++) {
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

		text[n > 0 ? n : 0] = '\0';
		if (strchr(text, '\n') != NULL)
			break;
		poll(NULL, 0, 20);
	}
	text[strcspn(text, "\r\n")] = '\0';
	(void)snprintf(note, size, "%s", text);
}

static int
busy(int fd, const char *path, struct gsp_err *err)
{
	char note[NOTE_MAX], span[48];
	struct stat st;

	read_note(fd, note, sizeof(note));
	if (fstat(fd, &st) == -1)
		st.st_mtime = (time_t)gsp_wall_s();
	return gsp_err_set(err, GSP_ETEMP, "'%s' is locked: %s, for %s", path,
	    note[0] != '\0' ? note : "another gsp tool",
	    gsp_num_span(span, sizeof(span), gsp_wall_s() - (int64_t)st.st_mtime));
}

int
gsp_lock_take(int *fd, const char *path, const char *note, int inherited_fd,
    struct gsp_err *err)
{
	int f, rc;

	if (inherited_fd >= 0 && same_file(inherited_fd, path)) {
		fcntl(inherited_fd, F_SETFD, FD_CLOEXEC);
		*fd = inherited_fd;
		return 0;
	}
	f = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (f >= 0 && f <= STDERR_FILENO) { /* one of these was closed: a child would lose the lock */
		int low = f;

		f = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(low);
	}
	if (f == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open the lock '%s'", path);
	/* somebody who only peeks holds it for an instant */
	for (int tries = 0; (rc = flock(f, LOCK_EX | LOCK_NB)) == -1 && errno == EWOULDBLOCK &&
	     tries < 5;
	     tries++)
		poll(NULL, 0, 20);
	if (rc == -1) {
		if (errno == EWOULDBLOCK)
			busy(f, path, err);
		else
			gsp_err_sys(err, GSP_EIO, errno, "cannot lock '%s'", path);
		close(f);
		return -1;
	}
	gsp_lock_note(f, note);
	*fd = f;
	return 0;
}

int
gsp_lock_wait(int *fd, const char *path, const char *note, int64_t wait_ms, struct gsp_err *err)
{
	int64_t until = gsp_now_ms() + wait_ms;

	for (;;) {
		if (gsp_lock_take(fd, path, note, -1, err) == 0)
			return 0;
		if (err->code != GSP_ETEMP || gsp_now_ms() >= until)
			return -1;
		gsp_err_clear(err);
		if (gsp_sleep_ms(50, err) == -1)
			return -1;
	}
}

const char *
gsp_lock_who(char note[GSP_LOCK_NOTE], const char *actor, const char *what)
{
	(void)snprintf(note, GSP_LOCK_NOTE, "%.100s: %.60s (pid %ld)", actor, what, (long)getpid());
	return note;
}

bool
gsp_lock_says(const char *note, const char *const *whats)
{
	const char *end = NULL;

	/* the last one: an actor may be called anything */
	for (const char *p = note; (p = strstr(p, " (pid ")) != NULL; p++)
		end = p;
	for (; end != NULL && *whats != NULL; whats++) {
		size_t n = strlen(*whats);

		if ((size_t)(end - note) >= n + 2 && strncmp(end - n, *whats, n) == 0 &&
		    strncmp(end - n - 2, ": ", 2) == 0)
			return true;
	}
	return false;
}

void
gsp_lock_note(int fd, const char *note)
{
	size_t len = strlen(note);

	if (len > NOTE_MAX - 2)
		len = NOTE_MAX - 2;
	if (ftruncate(fd, 0) == -1 || pwrite(fd, note, len, 0) == -1 ||
	    pwrite(fd, "\n", 1, (off_t)len) == -1) { /* only people read it */
	}
}

bool
gsp_lock_peek(const char *path, char *note, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool busy;

	if (note != NULL)
		note[0] = '\0';
	if (fd == -1)
		return false;
	/* shared: two that only look are not in each other's way */
	busy = flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
	if (busy && note != NULL)
		read_note(fd, note, size);
	close(fd);
	return busy;
}

void
gsp_lock_free(int fd)
{
	if (fd >= 0)
		(void)flock(fd, LOCK_UN);
	gsp_lock_drop(fd);
}

void
gsp_lock_drop(int fd)
{
	if (fd >= 0)
		close(fd);
}
