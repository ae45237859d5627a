#include "gsp/preflight.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/num.h"
#include "gsp/dns.h"
#include "gsp/limits.h"
#include "gsp/list.h"
#include "gsp/script.h"
#include "sys/io.h"
#include "sys/proc.h"

#include "base/banned.h"

/* The image itself, its updates, the game's program: what a disk must hold besides the saves. */
#define SPARE_BYTES (64 * 1000 * 1000) /* at home, beside a full generation */
#define SYSTEM_MB 6000
#define RSYNC_MIN 30207 /* 3.2.7: the first with xxh128 and safe arguments as we use them */

/* The three that every server has, and those of the others that are there. */
static int
check_scripts(struct gsp_job *job, struct gsp_err *err)
{
	static const char *const names[] = {"bootstrap", "start", "stop", "health", "players", "say"};
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		bool there = gsp_io_exists(gsp_home_server_path(job->home, &path, job->server, names[i]));

		if (there)
			rc = gsp_script_check(gsp_buf_str(&path), err);
		else if (i < 3)
			rc = gsp_err_sys(err, GSP_ECONFIG, ENOENT, "server '%s' needs the script '%s'",
			    job->server, gsp_buf_str(&path));
	}
	gsp_buf_release(&path);
	return rc;
}

/* A key that cannot be read is better known before there is a journal of a machine to be made. */
static int
check_keys(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_argv keys = GSP_ARGV_INIT;
	int rc = gsp_home_ssh_keys(&keys, job->home, err);

	gsp_argv_release(&keys);
	return rc;
}

/* What `rsync --version` prints. */
static int
ask_rsync(struct gsp_buf *text, int *status, struct gsp_err *err)
{
	static const char *const argv[] = {"rsync", "--version", NULL};
	static const char *const env[] = {"LC_ALL=C", "LINODE_TOKEN=", NULL};
	struct gsp_proc p = GSP_PROC_INIT;
	int rc;

	p.argv = argv;
	p.env = env; /* no business of rsync's */
	p.in = GSP_PROC_NULL;
	p.out = GSP_PROC_PIPE;
	if (gsp_proc_start(&p, err) == -1)
		return -1;
	rc = gsp_io_read_all(text, p.out_fd, argv[0], err);
	return gsp_proc_wait(&p, status, err) == -1 ? -1 : rc;
}

static int
check_rsync(struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(65536);
	unsigned a = 0, b = 0, c = 0;
	const char *p;
	int status, rc = 0;

	if (ask_rsync(&text, &status, err) == -1) {
		gsp_buf_release(&text);
		return gsp_err_hint(err, "install rsync 3.2.7 or newer on this computer");
	}
	p = strstr(gsp_buf_str(&text), "version ");
	if (status != 0 || p == NULL || sscanf(p, "version %u.%u.%u", &a, &b, &c) < 2)
		rc = gsp_err_set(err, GSP_ESYS, "'rsync --version' makes no sense (status %d)", status);
	else if (a * 10000 + b * 100 + c < RSYNC_MIN)
		rc = gsp_err_set(err, GSP_ESYS, "rsync %u.%u.%u is too old; gsp needs 3.2.7 or newer",
		    a, b, c);
	gsp_buf_release(&text);
	return rc;
}

static int
measure_tree(struct gsp_preflight *p, struct gsp_job *job, const struct gsp_server_conf *conf,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_list list = GSP_LIST_INIT;
	struct statvfs vfs;
	char need[24], have[24];
	int rc = -1;

	gsp_home_server_path(job->home, &path, job->server, "files");
	if (gsp_list_walk(&list, gsp_buf_str(&path), (const char *const *)conf->exclude.v, NULL,
	        NULL, err) == -1)
		goto out;
	gsp_list_sum(&list, "", &p->tree_files, &p->tree_bytes);
	gsp_home_server_path(job->home, &path, job->server, "");
	if (statvfs(gsp_buf_str(&path), &vfs) == -1) {
		gsp_err_sys(err, GSP_EIO, errno, "cannot look at '%s'", gsp_buf_str(&path));
		goto out;
	}
	p->home_free = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	/* a world that is rewritten wholly shares nothing with the generations before */
	if (p->home_free < p->tree_bytes + p->tree_bytes / 10 + SPARE_BYTES) {
		gsp_err_set(err, GSP_EREFUSED,
		    "no room at home for the save: a full generation of '%s' and some to spare take %s, "
		    "'%s' has %s free; make room there, then 'gsp up %s' again",
		    job->server, gsp_num_bytes(need, sizeof(need),
		        p->tree_bytes + p->tree_bytes / 10 + SPARE_BYTES), gsp_buf_str(&path),
		    gsp_num_bytes(have, sizeof(have), p->home_free), job->server);
		goto out;
	}
	rc = 0;
out:
	gsp_list_release(&list);
	gsp_buf_release(&path);
	return rc;
}

static int
check_region(struct gsp_job *job, const char *name, struct gsp_err *err)
{
	struct gsp_region r;

	if (gsp_region_get(job->api, name, &r, err) == -1)
		return -1;
	if (!r.has_linodes || !r.has_metadata || !r.has_firewall)
		return gsp_err_set(err, GSP_EUNAVAIL, "region '%s' does not offer %s, which gsp needs; "
		    "choose another in server.yaml", name,
		    !r.has_linodes ? "Linodes" : !r.has_metadata ? "Metadata" : "Cloud Firewall");
	return 0;
}

static int
add_rung(struct gsp_preflight *p, struct gsp_job *job, const char *type, const char *region,
    struct gsp_err *err)
{
	struct gsp_rung *r = &p->rungs[p->nrungs];
	struct gsp_plan plan;
	char need[24], have[24];
	bool available;

	if (gsp_plan_get(job->api, type, region, &plan, err) == -1)
		return -1;
	if (plan.disk_mb * 1000000 < p->tree_bytes + (uint64_t)SYSTEM_MB * 1000000)
		return gsp_err_set(err, GSP_EUNAVAIL, "plan '%s' has a disk of %s, and '%s' needs %s "
		    "besides the system; choose a larger plan", type,
		    gsp_num_bytes(have, sizeof(have), plan.disk_mb * 1000000), job->server,
		    gsp_num_bytes(need, sizeof(need), p->tree_bytes));
	if (gsp_region_has_plan(job->api, region, type, &available, err) == -1)
		return -1;
	if (!available)
		return 0;
	snprintf(r->region, sizeof(r->region), "%s", region);
	snprintf(r->type, sizeof(r->type), "%s", type);
	r->disk_mb = plan.disk_mb;
	gsp_plan_price(&plan, p->backups_forced, &r->hourly_usd, &r->monthly_usd);
	p->nrungs++;
	return 0;
}

static int
build_ladder(struct gsp_preflight *p, struct gsp_job *job, const struct gsp_server_conf *conf,
    struct gsp_err *err)
{
	p->rungs = calloc(conf->types.n * conf->regions.n, sizeof(*p->rungs));
	if (p->rungs == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	for (size_t r = 0; r < conf->regions.n; r++)
		if (check_region(job, conf->regions.v[r], err) == -1)
			return -1;
	for (size_t t = 0; t < conf->types.n; t++)
		for (size_t r = 0; r < conf->regions.n; r++)
			if (add_rung(p, job, conf->types.v[t], conf->regions.v[r], err) == -1)
				return -1;
	if (p->nrungs == 0)
		return gsp_err_set(err, GSP_EUNAVAIL, "no capacity: none of the plans of '%s' is "
		    "available in any of its regions now; add regions or plans to server.yaml, or try "
		    "later", job->server);
	return 0;
}

/* A machine that was bought already is no start. */
static int
check_limits(const struct gsp_preflight *p, struct gsp_job *job, const struct gsp_server_conf *conf,
    struct gsp_err *err)
{
	if (job->session != NULL && job->session->linode_id != 0)
		return 0;
	return gsp_limits_check(job, conf, p->rungs[0].type, p->rungs[0].hourly_usd, true, err);
}

int
gsp_preflight(struct gsp_preflight *out, struct gsp_job *job,
    const struct gsp_server_conf *conf, struct gsp_err *err)
{
	bool records = conf->dns.domain[0] != '\0' && !conf->dns.by_script;
	const char *const scopes[] = {"linodes:read_write", "firewall:read_write",
	    "events:read_only", records ? "domains:read_write" : NULL, NULL};
	struct gsp_account_settings settings;

	memset(out, 0, sizeof(*out));
	if (check_scripts(job, err) == -1 || check_keys(job, err) == -1)
		return -1;
	if (check_rsync(err) == -1 || measure_tree(out, job, conf, err) == -1 ||
	    gsp_job_api(job, err) == -1 || gsp_linode_check_token(job->api, scopes, err) == -1 ||
	    gsp_account_settings_get(job->api, &settings, err) == -1)
		goto fail;
	out->linode_interfaces = settings.known && settings.linode_interfaces_only;
	out->backups_forced = settings.known && settings.backups_forced;
	if (build_ladder(out, job, conf, err) == -1 || check_limits(out, job, conf, err) == -1 ||
	    gsp_image_check(job->api, conf->image, err) == -1 || gsp_dns_check(job, conf, err) == -1)
		goto fail;
	return 0;
fail:
	gsp_preflight_release(out);
	return -1;
}

void
gsp_preflight_release(struct gsp_preflight *p)
{
	free(p->rungs);
	memset(p, 0, sizeof(*p));
}
