/* bot_job_follow: what a job's tool writes while it runs, line by line to the network half. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "fmt/json.h"
#include "bot_job_file.h"
#include "bot_jobs.h"
#include "bot_mon.h"

#include "base/banned.h"

#define READ_BYTES 262144 /* of one job in one turn */

static void
send_line(struct mon *m, struct job *j, const char *line)
{
	struct gsp_talk t;

	gsp_talk_init(&t, GSP_TALK_LINE);
	snprintf(t.interaction, sizeof(t.interaction), "%s", j->begin.interaction);
	t.out = gsp_must(strdup(line));
	mon_send(m, &t);
	gsp_talk_release(&t);
}

static void
send_held(struct mon *m, struct job *j)
{
	if (j->held != NULL && mon_room(m))
		send_line(m, j, j->held);
	free(j->held);
	j->held = NULL;
}

/* Steps that begin and end are told as they come; how far one is, the newest of a turn alone. What is
 * no progress is not for chat until the end. */
static void
take_line(struct mon *m, struct job *j, const char *line)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *v = NULL;

	if (gsp_json_parse(&v, line, strlen(line), &ignored) == -1 || !gsp_json_is_obj(v)) {
		gsp_json_free(v);
		return;
	}
	if (strcmp(gsp_json_str(v, "state", ""), "progress") == 0 && gsp_json_get(v, "level") == NULL) {
		free(j->held);
		j->held = gsp_must(strdup(line));
	} else {
		send_held(m, j);
		if (mon_room(m))
			send_line(m, j, line);
	}
	gsp_json_free(v);
}

static void
take_bytes(struct mon *m, struct job *j, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n') {
			if (!j->skip && gsp_buf_ok(&j->part))
				take_line(m, j, gsp_buf_str(&j->part));
			gsp_buf_reset(&j->part);
			j->skip = false;
		} else if (j->part.len + 2 >= JOB_LINE_BYTES)
			j->skip = true;
		else
			gsp_buf_addc(&j->part, p[i] != '\0' ? p[i] : '?');
	}
}

bool
job_follow(struct mon *m, struct job *j)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int fd = open(job_path(&path, m->t->home, j->begin.interaction, "progress"),
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char block[16384];
	ssize_t n = 0;
	off_t until = j->at + READ_BYTES;

	while (fd != -1 && j->at < until && (n = pread(fd, block, sizeof(block), j->at)) > 0) {
		take_bytes(m, j, block, (size_t)n);
		j->at += n;
	}
	if (fd != -1)
		close(fd);
	gsp_buf_release(&path);
	send_held(m, j);
	return n <= 0;
}
