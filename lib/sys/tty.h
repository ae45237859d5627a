/*
 * sys/tty: questions about the terminal.
 */
#ifndef GSP_SYS_TTY_H
#define GSP_SYS_TTY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/** gsp_tty_width(fd): columns, 80 when unknown. */
int gsp_tty_width(int fd);

/** gsp_tty_live(fd): a terminal on which we are the foreground group, so a live line is welcome. */
bool gsp_tty_live(int fd);

/**
 * gsp_tty_ask(question, wait_ms, err):
 * Ask on the terminal that stdin is; 0 for yes, -1 with GSP_ENO for anything else, and when no
 * answer has come after ${wait_ms} (< 0: however long it takes); GSP_ECANCEL on a signal.
 */
int gsp_tty_ask(const char *question, int64_t wait_ms, struct gsp_err *err);

/**
 * gsp_tty_confirm(question, err):
 * Ask on the terminal; 0 for yes, -1 with GSP_EREFUSED for anything else, and when stdin is no
 * terminal (naming --yes); GSP_ECANCEL on a signal.
 */
int gsp_tty_confirm(const char *question, struct gsp_err *err);

#endif
