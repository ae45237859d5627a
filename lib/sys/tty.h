/*
 * sys/tty: questions about the terminal.
 */
#ifndef GSP_SYS_TTY_H
#define GSP_SYS_TTY_H

#include <stdbool.h>

#include "base/err.h"

/** gsp_tty_width(fd): columns, 80 when unknown. */
int gsp_tty_width(int fd);

/** gsp_tty_live(fd): a terminal on which we are the foreground group, so a live line is welcome. */
bool gsp_tty_live(int fd);

/**
 * gsp_tty_confirm(question, err):
 * Ask on the terminal; 0 for yes, -1 with GSP_EREFUSED for anything else, and when stdin is no
 * terminal (naming --yes); GSP_ECANCEL on a signal.
 */
int gsp_tty_confirm(const char *question, struct gsp_err *err);

#endif
