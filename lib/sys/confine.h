/*
 * sys/confine: a process that talks to strangers gives away, for good, what it does not need: another
 * user (when root), the file system (Landlock), system calls (seccomp), core dumps, new files.
 *
 * Source: landlock(7), seccomp(2), prctl(2), setresuid(2); the kernel's linux/landlock.h (ABI 1 to 7).
 * Errors: GSP_ESYS with the reason. After an error nothing may be relied upon: end the process.
 */
#ifndef GSP_SYS_CONFINE_H
#define GSP_SYS_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/** gsp_confine_landlock(): the ABI of Landlock that works here, 1 or more; 0: none does. */
int gsp_confine_landlock(void);

/**
 * gsp_confine_become(uid, gid, err):
 * As root become that user and no other: no groups but ${gid}, no way back, verified. Neither is 0.
 * HOME, USER and the like are the caller's.
 */
int gsp_confine_become(uid_t uid, gid_t gid, struct gsp_err *err);

/**
 * gsp_confine_owner(uid, err):
 * As root become the user ${uid}, with the groups that user has, for good, verified; HOME, USER, LOGNAME
 * and SHELL are theirs from now on. GSP_EAUTH when there is no such user.
 */
int gsp_confine_owner(uid_t uid, struct gsp_err *err);

/** gsp_confine_check(other_user, err): gsp_confine_net() can work here; else GSP_ESYS with the two ways
 * out. */
int gsp_confine_check(bool other_user, struct gsp_err *err);

/**
 * gsp_confine_net(read, other_user, err):
 * From now on this process, and every thread it makes, can
 *   - read what is below /etc/ssl, /usr/lib and their kin: CA certificates, the resolver's files, the
 *     time zone, shared libraries; and each of ${read}, a list that NULL ends (NULL: none), which need
 *     not exist; nothing else, and write and run nothing (EACCES);
 *   - have sockets of the Internet over TCP and UDP, and ask the kernel for its addresses; no other
 *     socket (EACCES) but a pair of streams, above all none of this computer's own services; listen on
 *     none;
 *   - run no program, make no process but threads, signal none, trace none, look into none, become
 *     nobody else, make no file (EPERM).
 * It cannot be dumped or traced, and dumps no core. Descriptors that are open stay as they are.
 * Call it before the first thread, with nothing open that is not needed.
 *
 * ${other_user}: it runs as a user who owns nothing, so that it may go on where there is no Landlock
 * (an old kernel, or one that has it switched off); otherwise that is an error which says what to do.
 * A sanitizer's leak check needs ptrace: a sanitized program that called this ends by _exit().
 */
int gsp_confine_net(const char *const *read, bool other_user, struct gsp_err *err);

#endif
