/*
 * gsp/down_time: how long it takes to bring a server down, from the question to `stop` until its
 * machine is gone: an idle stop has to begin that much before the end of the hour that is paid.
 *
 * Kept in state/<server>/down.json, {"schema":"gsp.down/1","seconds":N,"t":TIME}. Written under the
 * server's lock, read without it.
 */
#ifndef GSP_GSP_DOWN_TIME_H
#define GSP_GSP_DOWN_TIME_H

#include <stdint.h>

#include "base/err.h"
#include "gsp/config.h"

#define GSP_DOWN_TIME_GUESS_S 300 /* nobody has measured it yet */

/** gsp_down_time(h, server): seconds: what the last whole down took, else a guess. Never fails: a
 * file that cannot be read is as good as none. */
int64_t gsp_down_time(const struct gsp_home *h, const char *server);

/** gsp_down_time_keep(h, server, took_ms, err): a whole down took that long; on disk when it
 * returns 0. Rounded up to a second. */
int gsp_down_time_keep(const struct gsp_home *h, const char *server, int64_t took_ms,
    struct gsp_err *err);

#endif
