#include "gsp/dns_script.h"

#include <stdio.h>
#include <string.h>

#include "base/argv.h"
#include "gsp/home_script.h"
#include "gsp/script.h"
#include "sys/io.h"
#include "sys/lock.h"

#include "base/banned.h"

#define LOCK_MS 5000 /* how long one that was left may go on before it is an error */

bool
gsp_dns_script_there(const struct gsp_home *h, const char *server)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	bool there = gsp_io_exists(gsp_home_server_path(h, &path, server, "dns"));

	gsp_buf_release(&path);
	return there;
}

int
gsp_dns_script_check(const struct gsp_home *h, const char *server, bool needed,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = 0;

	if (gsp_io_exists(gsp_home_server_path(h, &path, server, "dns")))
		rc = gsp_script_check(gsp_buf_str(&path), err);
	else if (needed)
		rc = gsp_err_set(err, GSP_ECONFIG, "dns: 'provider: script' wants the script '%s', which is "
		    "not there", gsp_buf_str(&path));
	gsp_buf_release(&path);
	return rc;
}

static const char *
path_of(const struct gsp_home *h, const char *server, const char *name, struct gsp_buf *b)
{
	char rest[32];

	snprintf(rest, sizeof(rest), "dns/%s", name);
	return gsp_home_state_path(h, b, server, rest);
}

static int
take_lock(const struct gsp_home *h, const char *server, int *fd, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[GSP_LOCK_NOTE];
	int rc = gsp_io_mkdirs(path_of(h, server, "", &path), 0700, err);

	if (rc == 0)
		rc = gsp_lock_wait(fd, path_of(h, server, "lock", &path), gsp_lock_who(note, server, "dns"),
		    LOCK_MS, err);
	gsp_buf_release(&path);
	return rc == -1 ? gsp_err_wrap(err, "the script dns") : 0;
}

int
gsp_dns_script_run(const struct gsp_home *h, const char *server, bool up,
    const struct gsp_dns_told *told, int64_t limit_s, struct gsp_err *err)
{
	struct gsp_buf script = GSP_BUF_INIT(GSP_PATH_BUF), log = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_argv env = GSP_ARGV_INIT;
	struct gsp_home_script c = {.name = up ? "dns up" : "dns down", .arg = up ? "up" : "down",
	    .home = h->dir, .env = &env, .limit_s = limit_s, .lock_fd = -1};
	char title[128];
	int rc = -1;

	if (gsp_dns_script_check(h, server, true, err) == -1 ||
	    take_lock(h, server, &c.lock_fd, err) == -1)
		goto out;
	gsp_argv_pushf(&env, "GSP_SERVER=%s", server);
	gsp_argv_pushf(&env, "GSP_IPV4=%s", told->ipv4);
	gsp_argv_pushf(&env, "GSP_IPV6=%s", told->ipv6);
	gsp_argv_pushf(&env, "GSP_ADDRESS=%s", told->address);
	gsp_argv_pushf(&env, "GSP_DNS_NAME=%s", told->name);
	snprintf(title, sizeof(title), "%s for %s", c.name, told->ipv4);
	c.script = gsp_home_server_path(h, &script, server, "dns");
	c.log = path_of(h, server, "log", &log);
	c.title = title;
	rc = gsp_argv_ok(&env) ? gsp_home_script_run(&c, err)
	                       : gsp_err_set(err, GSP_ESYS, "out of memory");
	if (rc == -1 && err->code == GSP_ESCRIPT)
		err->code = GSP_ETEMP;
	if (rc == -1 && err->code == GSP_ETEMP)
		gsp_err_hint(err, "state/%s/dns/log has its words", server);
out:
	gsp_lock_free(c.lock_fd);
	gsp_argv_release(&env);
	gsp_buf_release(&script);
	gsp_buf_release(&log);
	return rc;
}
