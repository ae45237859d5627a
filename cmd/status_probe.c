#include "status_probe.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fmt/json.h"
#include "sys/io.h"
#include "sys/proc.h"
#include "sys/sig.h"

#include "base/banned.h"

/* How many machines are asked at once; each costs a process for a fraction of a second. */
#define PROBES_AT_ONCE 16
#define PROBE_MAX      8192

/* ---- the child: one machine asked, one line of JSON ---- */

int
status_probe_child(struct tool *t, const char *name, struct gsp_err *err)
{
	struct gsp_probe p;
	struct gsp_json *v;
	struct gsp_buf b = GSP_BUF_INIT(PROBE_MAX);

	if (gsp_status_probe(&p, t->home, name, err) == -1)
		return -1;
	v = gsp_json_new_obj();
	gsp_json_add_bool(v, "asked", p.asked);
	gsp_json_add_bool(v, "answered", p.answered);
	gsp_json_add_bool(v, "alive", p.alive);
	gsp_json_add_bool(v, "rebooted", p.rebooted);
	gsp_json_add_str(v, "marker", p.has_marker ? p.marker.text : "");
	gsp_json_add_str(v, "why", p.why);
	gsp_json_print(&b, v);
	printf("%s\n", gsp_buf_str(&b));
	gsp_json_free(v);
	gsp_buf_release(&b);
	return 0;
}

static void
read_probe(struct gsp_probe *p, const char *text)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *v = NULL;
	const char *marker;

	memset(p, 0, sizeof(*p));
	if (gsp_json_parse(&v, text, strlen(text), &ignored) == -1) {
		p->asked = true;
		snprintf(p->why, sizeof(p->why), "asking it failed");
		return;
	}
	p->asked = gsp_json_bool(v, "asked", false);
	p->answered = gsp_json_bool(v, "answered", false);
	p->alive = gsp_json_bool(v, "alive", false);
	p->rebooted = gsp_json_bool(v, "rebooted", false);
	gsp_json_copy(p->why, sizeof(p->why), v, "why");
	marker = gsp_json_str(v, "marker", "");
	p->has_marker = marker[0] != '\0' && gsp_marker_parse(&p->marker, marker, &ignored) == 0;
	gsp_json_free(v);
}

static int
start_probe(struct gsp_proc *p, const char *tool, const char *dir, const char *name,
    struct gsp_err *err)
{
	static const struct gsp_proc init = GSP_PROC_INIT;
	static const char *const env[] = {"LINODE_TOKEN=", NULL}; /* it asks the machine alone */
	const char *argv[] = {tool, "-C", dir, "--probe", name, NULL};

	*p = init;
	p->argv = argv;
	p->env = env;
	p->in = GSP_PROC_NULL;
	p->out = GSP_PROC_PIPE;
	p->err = GSP_PROC_NULL;
	p->with_us = true;
	if (gsp_proc_start(p, err) == -1)
		return -1;
	p->argv = NULL; /* it was on our stack */
	return 0;
}

static void
end_probe(struct gsp_proc *p, struct gsp_probe *out)
{
	struct gsp_buf text = GSP_BUF_INIT(PROBE_MAX);
	struct gsp_err ignored = GSP_ERR_INIT;
	int status;

	p->argv = (const char *const[]){"gsp-status", NULL};
	if (gsp_proc_read(&text, p, &ignored) == -1)
		gsp_proc_kill(p, SIGTERM); /* the others are asked no more */
	gsp_proc_wait(p, &status, &ignored);
	read_probe(out, gsp_buf_str(&text));
	gsp_buf_release(&text);
}

int
status_probe_all(struct tool *t, const struct gsp_cloud *cloud, char **names, size_t n,
    struct gsp_probe *out, struct gsp_err *err)
{
	struct gsp_proc p[PROBES_AT_ONCE];
	struct gsp_buf tool = GSP_BUF_INIT(4096);
	size_t begin, k;
	int rc = 0;

	if (gsp_io_self_dir(&tool, err) == -1)
		return -1;
	gsp_buf_adds(&tool, "/gsp-status");
	for (begin = 0; begin < n && rc == 0; begin += k) {
		for (k = 0; k < PROBES_AT_ONCE && begin + k < n && rc == 0; k++) {
			p[k].pid = -1;
			if (gsp_status_may_answer(t->home, names[begin + k], cloud))
				rc = start_probe(&p[k], gsp_buf_str(&tool), t->home->dir, names[begin + k],
				    err);
		}
		for (size_t i = 0; i < k; i++)
			if (p[i].pid > 0)
				end_probe(&p[i], &out[begin + i]);
		if (rc == 0)
			rc = gsp_sig_check(err);
	}
	gsp_buf_release(&tool);
	return rc;
}
