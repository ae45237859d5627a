/*
 * sys/confine: its filter of system calls.
 */
#ifndef GSP_SYS_CONFINE_PRIV_H
#define GSP_SYS_CONFINE_PRIV_H

#include "base/err.h"

/** confine_calls(err): the filter, on all threads. no_new_privs is set already. */
int confine_calls(struct gsp_err *err);

#endif
