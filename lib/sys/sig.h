/*
 * sys/sig: signals as bytes in a pipe, so that every wait can be woken and nothing runs in a
 * handler. One thread; one process-wide pipe.
 */
#ifndef GSP_SYS_SIG_H
#define GSP_SYS_SIG_H

#include <stdint.h>

#include "base/err.h"

/**
 * gsp_sig_init(err):
 * Catch SIGINT, SIGTERM, SIGHUP and SIGQUIT; ignore SIGPIPE. Until it is called the functions
 * below work and never report a signal. A SIGINT while an earlier signal is being handled ends
 * the process at once, by that SIGINT.
 */
int gsp_sig_init(struct gsp_err *err);

/** gsp_sig_fd(): readable once a signal has arrived; -1 before gsp_sig_init(). Do not read it. */
int gsp_sig_fd(void);

/** gsp_sig_pending(): the first signal that arrived, or 0. It stays pending. */
int gsp_sig_pending(void);

/** gsp_sig_check(err): 0, or -1 with GSP_ECANCEL if a signal has arrived. */
int gsp_sig_check(struct gsp_err *err);

#define GSP_SIG_HOLD_MS 10000

/**
 * gsp_sig_hold(), gsp_sig_release():
 * Between them gsp_sig_check() and every wait ignore signals, for the few steps that should not be
 * cut in half; but for no longer than GSP_SIG_HOLD_MS after a signal, since what is waited for may
 * never come. They nest. The steps between must be safe to cut all the same: the hold only spares
 * the next run from finding out how far they came.
 */
void gsp_sig_hold(void);
void gsp_sig_release(void);

/** gsp_sleep_ms(ms, err): sleep; wakes early on a signal with GSP_ECANCEL. */
int gsp_sleep_ms(int64_t ms, struct gsp_err *err);

/**
 * gsp_sig_on_idle(fn, ctx): ${fn} gets a turn before every wait for a signal, the network or a
 * program, say to draw a clock. It returns the milliseconds until it wants the next, or -1. NULL:
 * nobody. One per process.
 * gsp_sig_idle(ms): give it its turn; returns how long to wait: ${ms} (-1: for ever) or less.
 */
void gsp_sig_on_idle(int (*fn)(void *ctx), void *ctx);
int gsp_sig_idle(int ms);

/** gsp_sig_die(signo): restore the default action and raise, so that our parent sees the truth. */
void gsp_sig_die(int signo);

#endif
