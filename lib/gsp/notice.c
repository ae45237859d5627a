#include "gsp/notice.h"

#include <dirent.h>
#include <string.h>

#include "base/log.h"
#include "gsp/notice_run.h"
#include "gsp/notice_spool.h"
#include "sys/io.h"
#include "sys/lock.h"
#include "sys/proc.h"

#include "base/banned.h"

/* A sender of its own for one target. It knows neither the API's token nor our locks, and nobody
 * waits for it. */
static int
start_sender(const struct gsp_home *h, const char *id, struct gsp_err *err)
{
	static const char *const env[] = {"LINODE_TOKEN=", "GSP_LOCK_FD=", "GSP_STEP_OF_PARENT=", NULL};
	struct gsp_buf tool = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_proc p = GSP_PROC_INIT;
	const char *argv[] = {NULL, "-C", h->dir, "-q", "--send", id, NULL};
	int rc = -1;

	if (gsp_io_self_dir(&tool, err) == -1)
		goto out;
	gsp_buf_adds(&tool, "/gsp-notify");
	argv[0] = gsp_buf_str(&tool);
	p.argv = argv;
	p.env = env;
	p.cwd = h->dir;
	p.in = p.out = p.err = GSP_PROC_NULL;
	p.detached = true;
	rc = gsp_proc_start(&p, err);
out:
	gsp_buf_release(&tool);
	return rc;
}

/* Unless one is at work: it looks again before it ends. */
static void
wake(const struct gsp_home *h, const char *id)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err err = GSP_ERR_INIT;
	char note[64];

	if (!gsp_lock_peek(gsp_notice_dir(h, &path, id, "lock"), note, sizeof(note)) &&
	    start_sender(h, id, &err) == -1)
		gsp_notice_log(h, id, "nobody sends what waits: %s", err.msg);
	gsp_buf_release(&path);
}

bool
gsp_notice_told(const struct gsp_home *h, const char *server, enum gsp_notice_event event)
{
	struct gsp_notice_targets t;
	bool yes = false;

	gsp_notice_targets(&t, h, server);
	for (size_t i = 0; i < t.n; i++)
		yes = yes || (t.v[i]->on & 1u << event) != 0;
	gsp_notice_targets_release(&t);
	return yes;
}

void
gsp_notice(const struct gsp_home *h, const char *server, const char *session,
    enum gsp_notice_event event, const char *text)
{
	struct gsp_notice_item it = GSP_NOTICE_ITEM_INIT;
	struct gsp_notice_targets t;

	gsp_notice_targets(&t, h, server);
	for (size_t i = 0; i < t.n; i++) {
		struct gsp_err err = GSP_ERR_INIT;

		if ((t.v[i]->on & 1u << event) == 0)
			continue;
		if (it.json.len == 0)
			gsp_notice_item_make(&it, h, server, session, (int)event, text);
		if (gsp_notice_put(h, t.v[i]->id, &it, &err) == 0)
			wake(h, t.v[i]->id);
		else
			gsp_log(GSP_LOG_WARN, "a notice could not be queued: %s", err.msg);
	}
	gsp_notice_targets_release(&t);
	gsp_notice_item_release(&it);
}

void
gsp_notice_resume(const struct gsp_home *h)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	DIR *d = opendir(gsp_home_path(h, &path, "state/notify"));
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		struct gsp_argv names = GSP_ARGV_INIT;

		if (e->d_name[0] == '.' || strlen(e->d_name) >= GSP_NOTIFY_ID)
			continue;
		gsp_notice_waiting(&names, h, e->d_name);
		if (names.n > 0)
			wake(h, e->d_name);
		gsp_argv_release(&names);
	}
	if (d != NULL)
		closedir(d);
	gsp_buf_release(&path);
}

const char *
gsp_notice_who(const char *actor)
{
	const char *slash = strrchr(actor, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : actor;
}
