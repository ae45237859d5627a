#include "bot_job_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "fmt/json.h"
#include "sys/io.h"
#include "sys/lock.h"

#include "base/banned.h"

enum { FILE_MAX = 64 * 1024 };

const char *
job_path(struct gsp_buf *b, const struct gsp_home *h, const char *id, const char *name)
{
	return gsp_home_path(h, b, "state/discord/jobs/%s%s%s", id, *name != '\0' ? "/" : "", name);
}

/* job.json is the line that begins it, and one key more. */
int
job_write(const struct gsp_home *h, const struct gsp_talk *begin, bool even, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), line = GSP_BUF_INIT(FILE_MAX);
	struct gsp_talk t = *begin;
	struct gsp_json *v = NULL;
	int rc = -1;

	t.kind = GSP_TALK_BEGIN;
	gsp_talk_write(&line, &t);
	if (!gsp_buf_ok(&line) || gsp_json_parse(&v, line.data, line.len, err) == -1) {
		gsp_token_wipe(&line);
		return gsp_err_set(err, GSP_EBUG, "a job does not fit its file");
	}
	gsp_json_add_bool(v, "even_if_playing", even);
	gsp_buf_reset(&line);
	gsp_json_print(&line, v);
	gsp_buf_addc(&line, '\n');
	gsp_json_free(v);
	if (gsp_buf_ok(&line))
		rc = gsp_io_replace_soon(job_path(&path, h, begin->interaction, "job.json"), line.data,
		    line.len, 0600, err);
	if (line.data != NULL)
		explicit_bzero(line.data, line.cap);
	gsp_buf_release(&line);
	gsp_buf_release(&path);
	return rc;
}

int
job_claim(const struct gsp_home *h, const char *id, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = 0;

	if (mkdir(job_path(&path, h, id, ""), 0700) == -1)
		rc = errno == EEXIST
		    ? gsp_err_set(err, GSP_EREFUSED, "the job is there already")
		    : gsp_err_sys(err, GSP_ECREATE, errno, "cannot create '%s'", gsp_buf_str(&path));
	gsp_buf_release(&path);
	return rc;
}

int
job_make(const struct gsp_home *h, const struct gsp_talk *begin, bool even, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = job_claim(h, begin->interaction, err);

	if (rc == 0 && job_write(h, begin, even, err) == -1) {
		struct gsp_err ignored = GSP_ERR_INIT;

		(void)gsp_io_rmtree(job_path(&path, h, begin->interaction, ""), &ignored);
		rc = -1;
	}
	gsp_buf_release(&path);
	return rc;
}

int
job_read(struct gsp_talk *begin, bool *even, const struct gsp_home *h, const char *id,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(FILE_MAX);
	const char *name = job_path(&path, h, id, "job.json");
	struct gsp_json *v = NULL;
	int rc = -1;

	if (gsp_io_read_file(&text, name, err) == -1)
		goto out;
	if (gsp_json_parse(&v, text.data, text.len, err) == -1) {
		(void)gsp_err_wrap(err, "'%s'", name);
		goto out;
	}
	*even = gsp_json_bool(v, "even_if_playing", false);
	gsp_json_remove(v, "even_if_playing");
	gsp_buf_reset(&text);
	gsp_json_print(&text, v);
	if (gsp_talk_parse(begin, text.data, text.len, err) == -1)
		(void)gsp_err_wrap(err, "'%s'", name);
	else if (begin->kind != GSP_TALK_BEGIN || strcmp(begin->interaction, id) != 0) {
		gsp_talk_release(begin);
		(void)gsp_err_set(err, GSP_EIO, "'%s': not a job, or another one's", name);
	} else
		rc = 0;
out:
	gsp_json_free(v);
	if (text.data != NULL)
		explicit_bzero(text.data, text.cap);
	gsp_buf_release(&text);
	gsp_buf_release(&path);
	return rc;
}

int
job_read_end(struct job_end *end, const struct gsp_home *h, const char *id)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(FILE_MAX);
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *v = NULL;
	int rc = -1;

	memset(end, 0, sizeof(*end));
	if (gsp_io_read_file(&text, job_path(&path, h, id, "end.json"), &ignored) == 0) {
		rc = 0; /* what cannot be understood is an end, too: nothing starts after it */
		end->status = -1;
		if (gsp_json_parse(&v, gsp_buf_str(&text), text.len, &ignored) == 0) {
			end->status = (int)gsp_json_num(v, "status", -1);
			end->ended_ms = (int64_t)gsp_json_u64(v, "ended_ms", 0);
			gsp_json_copy(end->why, sizeof(end->why), v, "why");
		}
		if (end->status < -1 || end->status > 255)
			end->status = -1;
	}
	gsp_json_free(v);
	gsp_buf_release(&text);
	gsp_buf_release(&path);
	return rc;
}

int
job_write_end(const struct gsp_home *h, const char *id, int status, const char *why,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(FILE_MAX);
	struct gsp_json *v = gsp_json_new_obj();
	int rc;

	gsp_json_add_str(v, "schema", "gsp.discord-end/1");
	gsp_json_add_num(v, "status", status);
	gsp_json_add_u64(v, "ended_ms", (uint64_t)gsp_wall_ms());
	gsp_json_add_str(v, "why", why);
	gsp_json_print(&text, v);
	gsp_buf_addc(&text, '\n');
	rc = gsp_io_replace(job_path(&path, h, id, "end.json"), gsp_buf_str(&text), text.len, 0600, err);
	gsp_json_free(v);
	gsp_buf_release(&text);
	gsp_buf_release(&path);
	return rc;
}

int
job_start(const struct gsp_home *h, const char *id, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = gsp_io_fsync_file(job_path(&path, h, id, "job.json"), err);

	if (rc == 0)
		rc = gsp_io_replace(job_path(&path, h, id, "started"), "", 0, 0600, err);
	gsp_buf_release(&path);
	return rc;
}

int
job_tell(const struct gsp_home *h, const char *id, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = gsp_io_replace_soon(job_path(&path, h, id, "told"), "", 0, 0600, err);

	gsp_buf_release(&path);
	return rc;
}

bool
job_has(const struct gsp_home *h, const char *id, const char *name)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	bool there = gsp_io_exists(job_path(&path, h, id, name));

	gsp_buf_release(&path);
	return there;
}

int
job_settle(const struct gsp_home *h, const char *id, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int fd = -1, rc = 1;

	if (!job_has(h, id, "end.json")) {
		/* a look first: to take it has patience with those who look, and everybody waits for us */
		if (gsp_lock_peek(job_path(&path, h, id, "lock"), NULL, 0))
			rc = 0;
		else if (gsp_lock_take(&fd, gsp_buf_str(&path), "gsp-bot: settles it", -1, err) == -1)
			rc = err->code == GSP_ETEMP ? 0 : -1;
		else if (!job_has(h, id, "end.json") && /* its runner may just have ended */
		    job_write_end(h, id, -1, job_has(h, id, "started")
		            ? "the process that ran it was killed, and what became of it is not known"
		            : "the bot was restarted before it began; nothing was started; ask again",
		        err) == -1)
			rc = -1;
		gsp_lock_drop(fd);
	}
	gsp_buf_release(&path);
	return rc;
}
