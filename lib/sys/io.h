/*
 * sys/io: whole reads, whole writes, and files that are either old or new, never half.
 */
#ifndef GSP_SYS_IO_H
#define GSP_SYS_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/** gsp_io_read_all(out, fd, what, err): to end of file; GSP_ELIMIT past out's ceiling. */
int gsp_io_read_all(struct gsp_buf *out, int fd, const char *what, struct gsp_err *err);

/**
 * gsp_io_read_file(out, path, err):
 * The whole file. GSP_ENOTFOUND if it does not exist, GSP_ELIMIT past out's ceiling, GSP_EIO.
 */
int gsp_io_read_file(struct gsp_buf *out, const char *path, struct gsp_err *err);

/** gsp_io_write_all(fd, data, len, what, err): every byte; EINTR and short writes handled. */
int gsp_io_write_all(int fd, const void *data, size_t len, const char *what,
    struct gsp_err *err);

/**
 * gsp_io_replace(path, data, len, mode, err):
 * Make ${path} hold ${data}: written beside it, fsynced, renamed, directory fsynced. After a
 * crash it is the old file or the new one. GSP_EIO.
 */
int gsp_io_replace(const char *path, const void *data, size_t len, mode_t mode,
    struct gsp_err *err);

/**
 * gsp_io_replace_soon(path, data, len, mode, err):
 * The same for whoever reads ${path}, also when we are killed, without waiting for the disk: after a
 * power cut it may be empty or missing as well. For what must not keep others waiting and is not
 * needed to keep anything safe.
 */
int gsp_io_replace_soon(const char *path, const void *data, size_t len, mode_t mode,
    struct gsp_err *err);

/** gsp_io_fsync_file(path, err): what is in it is on disk, or GSP_EIO. */
int gsp_io_fsync_file(const char *path, struct gsp_err *err);

/**
 * gsp_io_sweep(dir, err):
 * Remove what gsp_io_replace() left beside its targets in ${dir} when it was killed: such a file
 * may hold a secret. What another process is writing at that moment is left alone.
 */
int gsp_io_sweep(const char *dir, struct gsp_err *err);

/** gsp_io_append(path, data, len, mode, err): append one block with O_APPEND and fsync it. */
int gsp_io_append(const char *path, const void *data, size_t len, mode_t mode,
    struct gsp_err *err);

/**
 * gsp_io_append_line(path, line, len, mode, err):
 * The same for a file of lines; ${line} ends in a newline. If what is there does not (a crash tore
 * it off), one is put before it. Writers wait for each other (flock), so that none writes into the
 * torn line of another.
 */
int gsp_io_append_line(const char *path, const void *line, size_t len, mode_t mode,
    struct gsp_err *err);

/** gsp_io_mkdirs(path, mode, err): path and its parents; existing directories are fine. Those it
 * makes are on disk when it returns 0. */
int gsp_io_mkdirs(const char *path, mode_t mode, struct gsp_err *err);

/** gsp_io_fsync_dir(path, err): names inside it are on disk. */
int gsp_io_fsync_dir(const char *path, struct gsp_err *err);

/** gsp_io_syncfs(path, err): everything on the file system of path is on disk, or GSP_EIO. */
int gsp_io_syncfs(const char *path, struct gsp_err *err);

/** gsp_io_rename(from, to, err): rename, then fsync the directory of ${to}. */
int gsp_io_rename(const char *from, const char *to, struct gsp_err *err);

/** gsp_io_unlink(path, err): remove a file; that it does not exist is success. */
int gsp_io_unlink(const char *path, struct gsp_err *err);

/**
 * gsp_io_rmtree(path, err):
 * Remove a directory and all in it, read-only directories too, following no symlink. That it
 * does not exist is success.
 */
int gsp_io_rmtree(const char *path, struct gsp_err *err);

/** gsp_io_exists(path): something is there (a dangling symlink counts). */
bool gsp_io_exists(const char *path);
bool gsp_io_is_dir(const char *path);

/** gsp_io_self_dir(out, err): directory of the running executable, for starting its siblings. */
int gsp_io_self_dir(struct gsp_buf *out, struct gsp_err *err);

#endif
