/* bot_job_file: what a job has left: its record, why it failed, and what its session has cost. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "base/utf8.h"
#include "fmt/json.h"
#include "gsp/ledger.h"
#include "gsp/money.h"
#include "sys/lock.h"
#include "bot_job_file.h"

#include "base/banned.h"

enum { TAIL_MAX = 64 * 1024 };

/* The last TAIL_MAX bytes of a file, from the beginning of a line. */
static void
tail(struct gsp_buf *out, const struct gsp_home *h, const char *id, const char *name)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int fd = open(job_path(&path, h, id, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	char *block = gsp_must(malloc(TAIL_MAX)), *nl = NULL;
	ssize_t n = -1;

	if (fd != -1 && fstat(fd, &st) == 0)
		n = pread(fd, block, TAIL_MAX, st.st_size > TAIL_MAX ? st.st_size - TAIL_MAX : 0);
	if (n > 0 && st.st_size > TAIL_MAX)
		nl = memchr(block, '\n', (size_t)n);
	for (ssize_t i = nl != NULL ? nl - block + 1 : 0; i < n; i++)
		gsp_buf_addc(out, block[i] != '\0' ? block[i] : '?');
	free(block);
	if (fd != -1)
		close(fd);
	gsp_buf_release(&path);
}

/* The failure in a sentence: the last word of the step "all", or the last line that is no progress. */
static void
why_failed(char *out, size_t size, char *text)
{
	struct gsp_err ignored = GSP_ERR_INIT;

	for (char *line = text, *next; line != NULL && *line != '\0'; line = next) {
		struct gsp_json *v = NULL;

		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		if (gsp_json_parse(&v, line, strlen(line), &ignored) == 0 && gsp_json_is_obj(v)) {
			if (strcmp(gsp_json_str(v, "state", ""), "fail") == 0)
				snprintf(out, size, "%s", gsp_json_str(v, "message", ""));
		} else if (line[0] != '\0' && strncmp(line, "{", 1) != 0) {
			const char *colon = strncmp(line, "gsp-", 4) == 0 ? strstr(line, ": ") : NULL;

			snprintf(out, size, "%s", colon != NULL ? colon + 2 : line);
		}
		gsp_json_free(v);
	}
}

static const char *
last_line(struct gsp_buf *b)
{
	char *nl;

	while (b->len > 0 && b->data[b->len - 1] == '\n')
		b->data[--b->len] = '\0';
	nl = b->len > 0 ? strrchr(b->data, '\n') : NULL;
	return nl != NULL ? nl + 1 : gsp_buf_str(b);
}

/* Of the session that the record names, else of the server's last one; of none that was over before this
 * was asked for: what failed without a machine has cost nothing. One that ended in that very second is
 * of the job before: none ends one so fast. */
static double
cost(const struct gsp_home *h, const struct gsp_talk *begin, const char *record)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_ledger_session *s = NULL;
	struct gsp_ledger l;
	struct gsp_json *v = NULL;
	double usd = -1;

	if (begin->verb == GSP_VERB_RESTORE ||
	    gsp_ledger_read_of(&l, h, begin->server, NULL, NULL, &ignored) == -1)
		return -1;
	if (gsp_json_parse(&v, record, strlen(record), &ignored) == 0)
		s = gsp_ledger_find(&l, gsp_json_str(v, "session", ""));
	for (size_t i = l.n; s == NULL && i-- > 0;)
		if (strcmp(l.v[i].server, begin->server) == 0 && l.v[i].bought &&
		    (l.v[i].ended == 0 || l.v[i].ended > begin->asked_ms / 1000)) /* the ledger has whole seconds */
			s = &l.v[i];
	if (s != NULL && s->bought) {
		struct gsp_life life = gsp_ledger_life(s, gsp_wall_s());
		struct gsp_bill b = gsp_money_whole(&life);

		usd = b.amount >= 0 ? gsp_money_usd(b.amount) : -1;
	}
	gsp_json_free(v);
	gsp_ledger_release(&l);
	return usd;
}

/* Whoever hears that a runner was killed wants to know whether its tool goes on. */
static void
lost(char *out, size_t size, const struct gsp_home *h, const struct gsp_talk *begin, const char *why)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[200];

	if (gsp_lock_peek(gsp_home_state_path(h, &path, begin->server, "lock"), note, sizeof(note)))
		snprintf(out, size, "%.500s; something still works on it (%.200s); '/server status' tells", why,
		    note);
	else
		snprintf(out, size, "%.500s; '/server status' tells how it is", why);
	gsp_buf_release(&path);
}

void
job_last_words(struct gsp_talk *t, const struct gsp_home *h, const struct gsp_talk *begin,
    const struct job_end *end)
{
	struct gsp_buf out = GSP_BUF_INIT(TAIL_MAX + 1), said = GSP_BUF_INIT(TAIL_MAX + 1);

	tail(&out, h, begin->interaction, "out");
	tail(&said, h, begin->interaction, "progress");
	free(t->out);
	t->out = gsp_must(strdup(last_line(&out)));
	t->status = end->status;
	t->ended_ms = end->ended_ms != 0 ? end->ended_ms : gsp_wall_ms();
	if (end->status > 0)
		why_failed(t->text, sizeof(t->text), said.data);
	else if (end->status == -1 && job_has(h, begin->interaction, "started"))
		lost(t->text, sizeof(t->text), h, begin, end->why);
	else if (end->status == -1)
		snprintf(t->text, sizeof(t->text), "%.900s", end->why);
	if (end->status != -1 || job_has(h, begin->interaction, "started"))
		t->cost_usd = cost(h, begin, t->out);
	gsp_buf_release(&out);
	gsp_buf_release(&said);
}
