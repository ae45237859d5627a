/*
 * query/host: the addresses of a name, before a deadline.
 *
 * A resolver may take half a minute and cannot be interrupted, so a name is looked up by
 * getent(1), a process that can be ended. An address is read without it.
 */
#ifndef GSP_QUERY_HOST_H
#define GSP_QUERY_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

#define GSP_QUERY_ADDRS_MAX 8
#define GSP_QUERY_HOST_MAX  253 /* RFC 1035, less the dot at the end */

struct gsp_query_addr {
	struct sockaddr_storage sa;
	socklen_t len;
};

struct gsp_query_host {
	struct gsp_query_addr v[GSP_QUERY_ADDRS_MAX];
	size_t n; /* one or more after success */
};

/**
 * gsp_query_host(out, host, port, deadline_ms, err):
 * Errors: GSP_EUSAGE no name of a host; GSP_ETEMP not found, or not in time; GSP_ECANCEL.
 */
int gsp_query_host(struct gsp_query_host *out, const char *host, uint16_t port,
    int64_t deadline_ms, struct gsp_err *err);

/** gsp_query_host_add(h, text, port): an address in numbers; false if it is none. Once each. */
bool gsp_query_host_add(struct gsp_query_host *h, const char *text, uint16_t port);

#endif
