/*
 * sys/lock: advisory locks (flock) on a file that also says who holds it.
 */
#ifndef GSP_SYS_LOCK_H
#define GSP_SYS_LOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/**
 * gsp_lock_take(fd, path, note, inherited_fd, err):
 * Take the exclusive lock on ${path} without waiting; the descriptor is the lock. ${note}
 * (one line: who and what) is written into the file. If ${inherited_fd} >= 0 and is open on
 * that very file, a parent holds the lock for us: it is returned as it is.
 * Errors: GSP_ETEMP naming the holder's note and the lock's age.
 */
int gsp_lock_take(int *fd, const char *path, const char *note, int inherited_fd,
    struct gsp_err *err);

/** gsp_lock_note(fd, note): replace the note. Best effort: the note only serves people. */
void gsp_lock_note(int fd, const char *note);

/** gsp_lock_peek(path, note, size): true if somebody holds it; ${note} is then what it says. */
bool gsp_lock_peek(const char *path, char *note, size_t size);

/** gsp_lock_free(fd): let go for everybody who inherited it, too; -1 is a no-op. */
void gsp_lock_free(int fd);

/** gsp_lock_drop(fd): let go; -1 is a no-op. */
void gsp_lock_drop(int fd);

#endif
