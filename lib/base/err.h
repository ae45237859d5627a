/*
 * base/err: what went wrong, as a code to branch on and a message to show.
 *
 * Every function that can fail returns 0 or -1 and takes a caller-supplied struct gsp_err,
 * last. The struct is a fixed size: reporting an error allocates nothing and cannot fail.
 */
#ifndef GSP_BASE_ERR_H
#define GSP_BASE_ERR_H

#include <stdarg.h>

/* Room for a message, NUL included. Longer text is cut at a character boundary. */
#define GSP_ERR_MAX 1024

enum gsp_errcode {
	GSP_OK = 0,
	GSP_ENO,       /* a plain "no" */
	GSP_EUSAGE,    /* bad command line */
	GSP_EREFUSED,  /* refused to keep data safe */
	GSP_EUNAVAIL,  /* no such server, plan or region; no capacity */
	GSP_EBUG,      /* our own fault */
	GSP_ESYS,      /* the operating system said no */
	GSP_ECREATE,   /* cannot create a file or a machine */
	GSP_EIO,       /* reading or writing failed */
	GSP_ETEMP,     /* try again later: lock, rate limit, deadline, cannot tell */
	GSP_EPROTO,    /* the remote answered nonsense */
	GSP_EAUTH,     /* token, key or host key refused; wrong user */
	GSP_ECONFIG,   /* bad configuration */
	GSP_ENOTFOUND, /* the remote says it does not exist */
	GSP_ECANCEL,   /* a signal asked us to stop; detail is its number */
	GSP_ELIMIT,    /* larger than its ceiling */
	GSP_ESCRIPT    /* a script ended with the status in detail */
};

struct gsp_err {
	enum gsp_errcode code;
	int detail; /* GSP_ECANCEL: signal number; GSP_ESCRIPT: exit status; else 0 */
	char msg[GSP_ERR_MAX];
};

#define GSP_ERR_INIT {GSP_OK, 0, ""}

/**
 * gsp_err_set(err, code, fmt, ...):
 * Record ${code} and the message. Returns -1 always, so that the failing line is one statement.
 */
int gsp_err_set(struct gsp_err *err, enum gsp_errcode code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * gsp_err_sys(err, code, errnum, fmt, ...):
 * As gsp_err_set(), with ": " and the text of ${errnum} added; for a full disk or quota also
 * what to do. Returns -1.
 */
int gsp_err_sys(struct gsp_err *err, enum gsp_errcode code, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/**
 * gsp_err_wrap(err, fmt, ...):
 * Put "text: " before the message that is already there; the code stays. Returns -1.
 */
int gsp_err_wrap(struct gsp_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * gsp_err_hint(err, fmt, ...):
 * Add "; text" after the message: what to do next. Returns -1.
 */
int gsp_err_hint(struct gsp_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** gsp_err_clear(err): no error. */
void gsp_err_clear(struct gsp_err *err);

#endif
