/*
 * base/clock: the two clocks, and timestamps as text. Deadlines are absolute monotonic
 * milliseconds; wall time is only ever shown or stored.
 */
#ifndef GSP_BASE_CLOCK_H
#define GSP_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define GSP_CLOCK_TEXT 32 /* room for "2026-11-22T19:00:00Z" */

/** gsp_now_ms(): CLOCK_MONOTONIC in milliseconds. */
int64_t gsp_now_ms(void);

/** gsp_wall_s(), gsp_wall_ms(): time since 1970 in seconds, in milliseconds. */
int64_t gsp_wall_s(void);
int64_t gsp_wall_ms(void);

/** gsp_clock_format(buf, size, epoch_s): "2026-11-22T19:00:00Z"; returns buf. */
const char *gsp_clock_format(char *buf, size_t size, int64_t epoch_s);

/**
 * gsp_clock_parse(out, text):
 * Read "YYYY-MM-DDTHH:MM:SS", with or without "Z", as UTC. 0 or -1.
 * Source: Linode API v4 sends no zone letter; gsp's own files do.
 */
int gsp_clock_parse(int64_t *epoch_s, const char *text);

#endif
