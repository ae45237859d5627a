/*
 * cli/exitcode: the one place that prints an error and picks an exit status. The table is in
 * gsp(1); the numbers are those of sysexits.h.
 */
#ifndef GSP_CLI_EXITCODE_H
#define GSP_CLI_EXITCODE_H

#include "base/err.h"

enum gsp_exit {
	GSP_EXIT_OK = 0,
	GSP_EXIT_NO = 1,
	GSP_EXIT_USAGE = 64,
	GSP_EXIT_REFUSED = 65,
	GSP_EXIT_UNAVAIL = 69,
	GSP_EXIT_BUG = 70,
	GSP_EXIT_SYS = 71,
	GSP_EXIT_CREATE = 73,
	GSP_EXIT_IO = 74,
	GSP_EXIT_TEMP = 75,
	GSP_EXIT_PROTO = 76,
	GSP_EXIT_AUTH = 77,
	GSP_EXIT_CONFIG = 78
};

/** gsp_cli_status(err): the status for an error; GSP_ECANCEL is 128 + signal. No side effects. */
int gsp_cli_status(const struct gsp_err *err);

/**
 * gsp_cli_status_code(status):
 * The other way: the code for a child tool's exit status, so that a parent tool ends with the
 * same one. 1..63 and unknown ones become GSP_ESCRIPT with the status as detail; 128 + n (a
 * signal we did not get ourselves) becomes GSP_ESYS.
 */
enum gsp_errcode gsp_cli_status_code(int status);

/**
 * gsp_cli_exit(rc, err):
 * The end of main(): ${rc} 0 is success, anything else failed for the reason in ${err}. Prints
 * "tool: message" once (nothing when the message is empty: it was said already), checks that
 * stdout could be written (GSP_EXIT_IO on success otherwise), and returns the status. After
 * GSP_ECANCEL it does not return: the signal ends the process, so that our parent sees it.
 */
int gsp_cli_exit(int rc, const struct gsp_err *err);

#endif
