#include "cli/exitcode.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "cli/say.h"
#include "sys/sig.h"

#include "base/banned.h"

int
gsp_cli_status(const struct gsp_err *err)
{
	switch (err->code) {
	case GSP_OK: return GSP_EXIT_BUG; /* it failed and does not say why */
	case GSP_ENO: return GSP_EXIT_NO;
	case GSP_EUSAGE: return GSP_EXIT_USAGE;
	case GSP_EREFUSED: return GSP_EXIT_REFUSED;
	case GSP_EUNAVAIL: return GSP_EXIT_UNAVAIL;
	case GSP_EBUG: return GSP_EXIT_BUG;
	case GSP_ESYS: return GSP_EXIT_SYS;
	case GSP_ECREATE: return GSP_EXIT_CREATE;
	case GSP_EIO: return GSP_EXIT_IO;
	case GSP_ETEMP: return GSP_EXIT_TEMP;
	case GSP_EPROTO: return GSP_EXIT_PROTO;
	case GSP_EAUTH: return GSP_EXIT_AUTH;
	case GSP_ECONFIG: return GSP_EXIT_CONFIG;
	case GSP_ENOTFOUND: return GSP_EXIT_UNAVAIL;
	case GSP_ELIMIT: return GSP_EXIT_PROTO;
	case GSP_ECANCEL:
		return err->detail > 0 && err->detail < 65 ? 128 + err->detail : GSP_EXIT_TEMP;
	case GSP_ESCRIPT:
		return err->detail > 0 && err->detail < 256 ? err->detail : GSP_EXIT_BUG;
	default: return GSP_EXIT_BUG;
	}
}

enum gsp_errcode
gsp_cli_status_code(int status)
{
	switch (status) {
	case GSP_EXIT_OK: return GSP_OK;
	case GSP_EXIT_USAGE: return GSP_EUSAGE;
	case GSP_EXIT_REFUSED: return GSP_EREFUSED;
	case GSP_EXIT_UNAVAIL: return GSP_EUNAVAIL;
	case GSP_EXIT_BUG: return GSP_EBUG;
	case GSP_EXIT_SYS: return GSP_ESYS;
	case GSP_EXIT_CREATE: return GSP_ECREATE;
	case GSP_EXIT_IO: return GSP_EIO;
	case GSP_EXIT_TEMP: return GSP_ETEMP;
	case GSP_EXIT_PROTO: return GSP_EPROTO;
	case GSP_EXIT_AUTH: return GSP_EAUTH;
	case GSP_EXIT_CONFIG: return GSP_ECONFIG;
	default: return status > 128 ? GSP_ESYS : GSP_ESCRIPT;
	}
}

/* 0, or the errno of what was lost between us and whoever reads our stdout. */
static int
close_stdout(void)
{
	bool pending = __fpending(stdout) > 0, failed = ferror(stdout) != 0;

	if (fclose(stdout) != 0 && (pending || failed || errno != EBADF))
		return errno; /* a tool started with stdout closed may still say nothing */
	return failed ? EIO : 0;
}

int
gsp_cli_exit(int rc, const struct gsp_err *err)
{
	int lost;

	if (rc != 0 && err->msg[0] != '\0')
		gsp_cli_error("%s", err->msg);
	else if (rc != 0 && err->code == GSP_OK)
		gsp_cli_error("failed, and does not know why: this is a bug");
	lost = close_stdout();
	if (rc != 0 && err->code == GSP_ECANCEL && err->detail > 0) {
		(void)fflush(NULL);
		gsp_sig_die(err->detail);
	}
	if (rc != 0)
		return gsp_cli_status(err);
	if (lost != 0) {
		gsp_cli_error("cannot write the output: %s", strerror(lost));
		return GSP_EXIT_IO;
	}
	return GSP_EXIT_OK;
}
