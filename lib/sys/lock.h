/*
 * sys/lock: advisory locks (flock) on a file that also says who holds it.
 */
#ifndef GSP_SYS_LOCK_H
#define GSP_SYS_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/**
 * gsp_lock_take(fd, path, note, inherited_fd, err):
 * Take the exclusive lock on ${path}; the descriptor is the lock. Who holds it is not waited for, but
 * for 100 ms whoever may only look (gsp_lock_peek()). ${note}
 * (one line: who and what) is written into the file. If ${inherited_fd} >= 0 and is open on
 * that very file, a parent holds the lock for us: it is returned as it is.
 * Errors: GSP_ETEMP naming the holder's note and the lock's age.
 */
int gsp_lock_take(int *fd, const char *path, const char *note, int inherited_fd,
    struct gsp_err *err);

/**
 * gsp_lock_wait(fd, path, note, wait_ms, err):
 * gsp_lock_take(), again and again for ${wait_ms} while somebody holds it.
 * Errors: GSP_ETEMP then; GSP_ECANCEL on a signal.
 */
int gsp_lock_wait(int *fd, const char *path, const char *note, int64_t wait_ms,
    struct gsp_err *err);

#define GSP_LOCK_NOTE 256 /* bytes, of a note that gsp_lock_who() makes */

/** gsp_lock_who(note, actor, what): "ACTOR: WHAT (pid N)", the form of a note; returns it. */
const char *gsp_lock_who(char note[GSP_LOCK_NOTE], const char *actor, const char *what);

/** gsp_lock_says(note, whats): the WHAT of such a note is one of ${whats}, which NULL ends. */
bool gsp_lock_says(const char *note, const char *const *whats);

/** gsp_lock_note(fd, note): replace the note. Best effort: the note only serves people. */
void gsp_lock_note(int fd, const char *note);

/**
 * gsp_lock_peek(path, note, size):
 * True if somebody holds it; ${note} is then what it says, for which it may wait 100 ms. NULL: not asked
 * for, and nothing is waited for.
 */
bool gsp_lock_peek(const char *path, char *note, size_t size);

/** gsp_lock_free(fd): let go for everybody who inherited it, too; -1 is a no-op. */
void gsp_lock_free(int fd);

/** gsp_lock_drop(fd): let go; -1 is a no-op. */
void gsp_lock_drop(int fd);

#endif
