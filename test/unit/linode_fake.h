/* Linode as a script: a client of it, and the answers it will get. */
#ifndef GSP_TEST_LINODE_FAKE_H
#define GSP_TEST_LINODE_FAKE_H

#include "../fake/clock.h"
#include "../fake/httpd.h"
#include "linode/client.h"

#include "tap.h"

#define LIST(items) "{\"data\":[" items "],\"page\":1,\"pages\":1}"

static struct fake_httpd *srv; /* main() makes it */
static struct gsp_linode *c;
static struct gsp_err e;

/* A new client; nothing was asked yet, and nothing waits to be answered. */
static void
begin(void)
{
	struct gsp_linode_opts o = {.token = "t0k3n"};

	fake_httpd_forget(srv);
	fake_clock_reset();
	gsp_err_clear(&e);
	gsp_linode_free(c);
	o.base_url = fake_httpd_url(srv);
	if (gsp_linode_new(&c, &o, &e) == -1)
		abort();
}

static void
push(enum fake_how how, int status, const char *body)
{
	struct fake_answer a = {how, status, NULL, body};

	fake_httpd_push(srv, &a);
}

#endif
