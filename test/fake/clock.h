/*
 * fake/clock: a clock that moves only when somebody sleeps, and remembers for how long. Put in
 * place with gsp_retry_set_clock(&fake_clock).
 */
#ifndef GSP_FAKE_CLOCK_H
#define GSP_FAKE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "net/retry.h"

extern const struct gsp_retry_clock fake_clock;

#define FAKE_CLOCK_START 1000000 /* ms; wall time is 2026-11-22T19:00:00Z at the start */
#define FAKE_CLOCK_WALL 1795374000

void fake_clock_reset(void);	     /* back to the start, no sleeps so far */
size_t fake_clock_sleeps(void);	     /* how many */
int64_t fake_clock_sleep(size_t i);  /* how long the i-th was, ms; -1: there was none */
int64_t fake_clock_total(void);	     /* all of them together */
void fake_clock_cancel_at(size_t i); /* the i-th sleep is ended by a signal */

#endif
