/* How the last job on a server ended, from the lines that every tool leaves in state/. */
#include "gsp/status_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fmt/json.h"
#include "sys/io.h"

#include "base/banned.h"

#define TAIL_MAX 8192 /* bytes: some lines, each at most a message of 512 and its frame */

struct last {
	int64_t when; /* epoch seconds; 0: nothing is known */
	bool over;    /* it came to an end of its own */
	bool failed;
	char step[32];
	char said[513];
};

static ssize_t
read_tail(char *out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	ssize_t n = -1;

	if (fd != -1 && fstat(fd, &st) == 0)
		n = pread(fd, out, TAIL_MAX, st.st_size > TAIL_MAX ? st.st_size - TAIL_MAX : 0);
	if (fd != -1)
		close(fd);
	return n;
}

static void
take_line(struct last *l, const char *line, size_t len)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *v = NULL;
	const char *state;
	uint64_t t;

	if (gsp_json_parse(&v, line, len, &ignored) == -1)
		return; /* torn, or the first one of a tail */
	t = gsp_json_u64(v, "t", 0);
	state = gsp_json_str(v, "state", "");
	if (t > 0 && strcmp(gsp_json_str(v, "level", ""), "warn") != 0) {
		l->when = (int64_t)(t / 1000);
		snprintf(l->step, sizeof(l->step), "%.31s", gsp_json_str(v, "step", ""));
		snprintf(l->said, sizeof(l->said), "%.512s", gsp_json_str(v, "message", ""));
		l->over = strcmp(l->step, "all") == 0;
		l->failed = l->over && strcmp(state, "fail") == 0;
	}
	gsp_json_free(v);
}

static void
read_last(struct last *l, const struct gsp_home *h, const char *server)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char tail[TAIL_MAX];
	ssize_t n;

	memset(l, 0, sizeof(*l));
	n = read_tail(tail, gsp_home_state_path(h, &path, server, "progress.jsonl"));
	for (ssize_t at = 0; at < n;) {
		char *nl = memchr(tail + at, '\n', (size_t)(n - at));
		ssize_t end = nl != NULL ? nl - tail : n;

		take_line(l, tail + at, (size_t)(end - at));
		at = end + 1;
	}
	gsp_buf_release(&path);
}

void
gsp_status_last(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_session *s)
{
	struct last l;
	size_t len = strlen(r->why);

	read_last(&l, h, r->server);
	/* one that came to an end before the stage last changed has been made good since */
	if (l.when == 0 || (l.over && (!l.failed || l.when < s->since)))
		return;
	if (l.failed)
		snprintf(r->why + len, sizeof(r->why) - len, "; the last try failed: %s", l.said);
	else
		snprintf(r->why + len, sizeof(r->why) - len, "; the last try was cut off during '%s'", l.step);
}
