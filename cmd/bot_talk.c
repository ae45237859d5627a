/* bot_talk: the conversation with the network half, which may say what is in discord/talk.h and nothing
 * else: the first line that is not ends it. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "cli/say.h"
#include "sys/io.h"
#include "bot_mon.h"

#include "base/banned.h"

#define ROOM (256u << 10)     /* bytes that may wait before progress is left out */
#define KEEP (64u << 10)      /* bytes of memory kept for what comes next */
#define RESUME_MS 5000        /* how far a session is is not written more often */

void
mon_end(struct mon *m, enum gsp_errcode code, const char *fmt, ...)
{
	char text[700];
	va_list ap;

	if (m->over)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)gsp_err_set(m->err, code, "%s", text);
	m->over = true;
}

void
mon_send(struct mon *m, const struct gsp_talk *t)
{
	if (m->over)
		return;
	gsp_talk_write(&m->out, t);
	if (!gsp_buf_ok(&m->out))
		mon_end(m, GSP_ETEMP, "the network half takes nothing any more; start the bot again");
}

bool
mon_room(const struct mon *m)
{
	return m->out.len < ROOM;
}

void
mon_refuse(struct mon *m, uint64_t n, const char *fmt, ...)
{
	struct gsp_talk t;
	va_list ap;

	gsp_talk_init(&t, GSP_TALK_REFUSED);
	t.n = n;
	va_start(ap, fmt);
	(void)vsnprintf(t.text, sizeof(t.text), fmt, ap);
	va_end(ap);
	mon_send(m, &t);
	gsp_talk_release(&t);
}

/* The network half is gone. */
static void
gone(struct mon *m)
{
	mon_end(m, m->leaving ? GSP_OK : GSP_ETEMP, "%s",
	    m->leaving ? "" : "the network half ended; start the bot again");
}

/* What a burst took is not kept. */
static void
give_back(struct gsp_buf *b)
{
	if (b->len == 0 && b->cap > KEEP) {
		explicit_bzero(b->data, b->cap);
		gsp_buf_release(b);
	}
}

void
mon_flush(struct mon *m)
{
	size_t at = 0;

	while (!m->over && at < m->out.len) {
		ssize_t n = write(m->sock, m->out.data + at, m->out.len - at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			break;
		if (n == -1) {
			gone(m);
			break;
		}
		at += (size_t)n;
	}
	if (at > 0)
		explicit_bzero(m->out.data, at); /* it may have been a token */
	gsp_buf_consume(&m->out, at);
	give_back(&m->out);
}

/* ---- what it says ---- */

static void
keep(char **dst, const char *text)
{
	free(*dst);
	*dst = gsp_must(strdup(text));
}

void
mon_keep_resume(struct mon *m)
{
	struct gsp_buf text = GSP_BUF_INIT(4096), path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *v;

	if (!m->resume_new)
		return;
	v = gsp_json_new_obj();
	gsp_json_add_str(v, "schema", "gsp.discord-resume/1");
	gsp_json_add_str(v, "base", m->base);
	gsp_json_add_str(v, "session_id", m->session_id);
	gsp_json_add_str(v, "resume_url", m->resume_url);
	gsp_json_add_num(v, "seq", (double)m->seq);
	gsp_json_print(&text, v);
	gsp_buf_addc(&text, '\n');
	gsp_json_free(v);
	/* without waiting for the disk: if it is lost, the bot begins a new session */
	if (gsp_io_replace_soon(gsp_home_path(m->t->home, &path, "state/discord/resume.json"),
	        gsp_buf_str(&text), text.len, 0600, &err) == -1)
		gsp_cli_warn("%s; after a restart the bot will not resume where it was", err.msg);
	m->resume_new = false;
	m->resume_at_ms = gsp_now_ms();
	gsp_buf_release(&text);
	gsp_buf_release(&path);
}

static void
resume(struct mon *m, const struct gsp_talk *t)
{
	bool another = m->session_id == NULL || strcmp(m->session_id, t->session_id) != 0;

	keep(&m->session_id, t->session_id);
	keep(&m->resume_url, t->resume_url);
	m->seq = t->seq;
	m->resume_new = true;
	if (another || gsp_now_ms() - m->resume_at_ms >= RESUME_MS)
		mon_keep_resume(m);
}

static void
fatal(struct mon *m, const struct gsp_talk *t)
{
	struct gsp_buf clean = GSP_BUF_INIT(4096);

	gsp_cli_escape(&clean, t->text);
	mon_end(m, t->code == 401 || t->code == 4004 ? GSP_EAUTH : GSP_ECONFIG, "Discord: %s (%d)",
	    gsp_buf_str(&clean), t->code);
	gsp_buf_release(&clean);
}

static void
ready(struct mon *m)
{
	const struct gsp_discord_conf *c = &m->t->home->discord;

	if (!m->ready) {
		gsp_cli_warn("ready for /server from the guild %" PRIu64 ", if the bot is in it; 'gsp bot check' "
		    "says whether anything is in its way", c->guild);
		if (c->nrules == 0)
			gsp_cli_warn("there are no rules in discord: allow, so everything is refused; see "
			    "gsp.yaml(5)");
	}
	m->ready = true;
	jobs_tell(m);
}

static void
take(struct mon *m, struct gsp_talk *t)
{
	switch (t->kind) {
	case GSP_TALK_NAMES: names_answer(m, t); break;
	case GSP_TALK_ASK: asks_ask(m, t); break;
	case GSP_TALK_PRESS: asks_press(m, t); break;
	case GSP_TALK_DEFERRED: asks_deferred(m, t); break;
	case GSP_TALK_LOST: asks_lost(m, t); break;
	case GSP_TALK_TOLD: jobs_told(m, t->interaction); break;
	case GSP_TALK_RESUME: resume(m, t); break;
	case GSP_TALK_READY: ready(m); break;
	case GSP_TALK_FATAL: fatal(m, t); break;
	default: mon_end(m, GSP_EPROTO, "the network half said what only the monitor says"); break;
	}
}

static void
take_line(struct mon *m, const char *line, size_t len)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_talk t;

	if (gsp_talk_parse(&t, line, len, &err) == -1) {
		mon_end(m, GSP_EPROTO, "the network half said what is not in its language: %s", err.msg);
		return;
	}
	take(m, &t);
	gsp_talk_release(&t);
}

static void
take_lines(struct mon *m)
{
	size_t from = 0;
	char *nl;

	while (!m->over && from < m->in.len &&
	    (nl = memchr(m->in.data + from, '\n', m->in.len - from)) != NULL) {
		take_line(m, m->in.data + from, (size_t)(nl - m->in.data) - from);
		from = (size_t)(nl + 1 - m->in.data);
		mon_flush(m); /* the other half has the first answer while the next is made */
	}
	if (from > 0)
		explicit_bzero(m->in.data, from);
	gsp_buf_consume(&m->in, from);
	give_back(&m->in);
	if (m->in.len >= GSP_TALK_LINE_MAX)
		mon_end(m, GSP_EPROTO, "the network half said a line without an end");
}

void
mon_read(struct mon *m)
{
	char block[16384];
	ssize_t n;

	/* not for ever: others want their turn */
	for (int i = 0; i < 64 && !m->over; i++) {
		n = read(m->sock, block, sizeof(block));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			break;
		if (n <= 0) {
			gone(m);
			break;
		}
		gsp_buf_add(&m->in, block, (size_t)n);
		take_lines(m);
	}
	explicit_bzero(block, sizeof(block));
}

#define NET_SAYS "gsp-bot-net: "

/* Its log, a line at a time, marked as its own, with nothing in it that a terminal would obey. */
void
mon_read_says(struct mon *m)
{
	struct gsp_buf clean = GSP_BUF_INIT(8192);
	char block[2048], *nl;
	ssize_t n = read(m->net.err_fd, block, sizeof(block));

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(m->net.err_fd);
		m->net.err_fd = -1;
		return;
	}
	gsp_buf_add(&m->net_says, block, (size_t)n);
	while ((nl = m->net_says.len > 0 ? memchr(m->net_says.data, '\n', m->net_says.len) : NULL) != NULL ||
	    m->net_says.len > 1024) {
		size_t len = nl != NULL ? (size_t)(nl - m->net_says.data) : 1024;
		char line[1025];

		snprintf(line, sizeof(line), "%.*s", (int)(len < 1024 ? len : 1024), m->net_says.data);
		gsp_buf_reset(&clean);
		if (strncmp(line, NET_SAYS, sizeof(NET_SAYS) - 1) != 0)
			gsp_buf_adds(&clean, NET_SAYS);
		gsp_cli_escape(&clean, line);
		gsp_buf_addc(&clean, '\n');
		if (write(STDERR_FILENO, gsp_buf_str(&clean), clean.len) == -1) { /* nobody reads it */
		}
		gsp_buf_consume(&m->net_says, len + (nl != NULL));
	}
	gsp_buf_release(&clean);
}
