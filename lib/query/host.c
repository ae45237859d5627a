#include "query/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "query/sock.h"
#include "sys/proc.h"

#include "base/banned.h"

#define ANSWER_MAX 65536

bool
gsp_query_host_add(struct gsp_query_host *h, const char *text, uint16_t port)
{
	const struct addrinfo want = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	    .ai_socktype = SOCK_STREAM};
	struct gsp_query_addr a;
	struct addrinfo *ai = NULL;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(text, service, &want, &ai) != 0)
		return false;
	memset(&a, 0, sizeof(a));
	memcpy(&a.sa, ai->ai_addr, ai->ai_addrlen);
	a.len = ai->ai_addrlen;
	freeaddrinfo(ai);
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].len == a.len && memcmp(&h->v[i].sa, &a.sa, a.len) == 0)
			return true;
	if (h->n < GSP_QUERY_ADDRS_MAX)
		h->v[h->n++] = a;
	return true;
}

/* What the process prints, until it closes its end or the deadline comes. */
static int
read_until(struct gsp_buf *out, int fd, int64_t deadline_ms, struct gsp_err *err)
{
	char chunk[4096];
	ssize_t n;
	int rc;

	for (;;) {
		if ((rc = gsp_qsock_wait(fd, POLLIN, deadline_ms, err)) != 1)
			return rc;
		n = read(fd, chunk, sizeof(chunk));
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return 1;
		gsp_buf_add(out, chunk, (size_t)n);
		if (!gsp_buf_ok(out))
			return 1; /* more than we take; what is whole is enough */
	}
}

/* "192.0.2.1  STREAM name" a line, each address once for each kind of socket. */
static void
read_lines(struct gsp_query_host *out, const char *text, uint16_t port)
{
	char word[64];

	for (const char *p = text; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t n = strcspn(p, " \t\n");

		if (n == 0 || n >= sizeof(word))
			continue;
		memcpy(word, p, n);
		word[n] = '\0';
		gsp_query_host_add(out, word, port);
	}
}

static int
look_up(struct gsp_query_host *out, const char *host, uint16_t port, int64_t deadline_ms,
    struct gsp_err *err)
{
	const char *const argv[] = {"getent", "ahosts", host, NULL};
	struct gsp_buf text = GSP_BUF_INIT(ANSWER_MAX);
	struct gsp_err ended = GSP_ERR_INIT;
	struct gsp_proc p = GSP_PROC_INIT;
	int status = 0, rc;

	p.argv = argv;
	p.in = p.err = GSP_PROC_NULL;
	p.out = GSP_PROC_PIPE;
	if (gsp_proc_start(&p, err) == -1) {
		err->code = GSP_ETEMP;
		return gsp_err_wrap(err, "cannot look up '%s'", host);
	}
	rc = read_until(&text, p.out_fd, deadline_ms, err);
	if (rc != 1)
		gsp_proc_kill(&p, SIGKILL);
	gsp_proc_wait(&p, &status, &ended);
	if (rc == 1)
		read_lines(out, gsp_buf_str(&text), port);
	else if (rc == 0)
		gsp_err_set(err, GSP_ETEMP, "the name '%s' was not looked up in time", host);
	gsp_buf_release(&text);
	if (rc != 1)
		return -1;
	if (out->n == 0)
		return gsp_err_set(err, GSP_ETEMP, "the host '%s' is not known", host);
	return 0;
}

int
gsp_query_host(struct gsp_query_host *out, const char *host, uint16_t port, int64_t deadline_ms,
    struct gsp_err *err)
{
	size_t len = strlen(host);

	out->n = 0;
	if (gsp_query_host_add(out, host, port))
		return 0;
	if (len == 0 || len > GSP_QUERY_HOST_MAX || host[0] == '-' || host[0] == '.' ||
	    strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") != len)
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s' is no name of a host, and no address", host);
	return look_up(out, host, port, deadline_ms, err);
}
