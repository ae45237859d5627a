#include "gsp/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/agent_text.h"

#include "base/banned.h"

#define ANSWER_MAX  (8 * 1024 * 1024)
#define STDERR_MAX  4096
#define COMMAND_MAX (1024 * 1024)
#define AGENT_DIR   "/var/lib/gsp"

struct gsp_remote {
	struct gsp_ssh *ssh;
	char label[65];
};

int
gsp_remote_open(struct gsp_remote **out, const struct gsp_home *h, const struct gsp_session *s,
    int64_t deadline_ms, struct gsp_err *err)
{
	struct gsp_buf key = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_ssh_opts o;
	struct gsp_remote *r;
	int rc;

	if (s->ipv4[0] == '\0')
		return gsp_err_set(err, GSP_EREFUSED, "the machine of '%s' has no address yet; run "
		    "'gsp up %s'", s->server, s->server);
	if ((r = calloc(1, sizeof(*r))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	snprintf(r->label, sizeof(r->label), "%s", s->label);
	memset(&o, 0, sizeof(o));
	o.host = s->ipv4;
	o.port = 22;
	o.user = "root";
	o.host_key = s->host_key;
	o.key_file = gsp_home_state_path(h, &key, s->server, "id_ed25519");
	rc = deadline_ms == 0 ? gsp_ssh_open(&r->ssh, &o, err)
	                      : gsp_ssh_open_wait(&r->ssh, &o, deadline_ms, err);
	gsp_buf_release(&key);
	if (rc == -1) {
		free(r);
		return gsp_err_wrap(err, "machine '%s'", s->label);
	}
	*out = r;
	return 0;
}

int
gsp_remote_adopt(struct gsp_remote **out, struct gsp_ssh *ssh, const char *label,
    struct gsp_err *err)
{
	struct gsp_remote *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		gsp_ssh_close(ssh);
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	r->ssh = ssh;
	snprintf(r->label, sizeof(r->label), "%s", label);
	*out = r;
	return 0;
}

void
gsp_remote_close(struct gsp_remote *r)
{
	if (r == NULL)
		return;
	gsp_ssh_close(r->ssh);
	free(r);
}

struct gsp_ssh *
gsp_remote_ssh(struct gsp_remote *r)
{
	return r->ssh;
}

void
gsp_remote_command(struct gsp_buf *out, const struct gsp_argv *op)
{
	gsp_buf_adds(out, AGENT_DIR "/");
	gsp_buf_adds(out, gsp_agent_name);
	for (size_t i = 0; i < op->n; i++) {
		gsp_buf_addc(out, ' ');
		gsp_argv_quote(out, op->v[i]);
	}
}

int
gsp_remote_install(struct gsp_remote *r, struct gsp_err *err)
{
	struct gsp_buf cmd = GSP_BUF_INIT(2048), said = GSP_BUF_INIT(STDERR_MAX);
	struct gsp_ssh_io io;
	struct gsp_ssh_end end;
	int rc;

	/* To cat, a cut link looks like the end of the script, and half of a script does nothing and
	 * says that all is well: only what has the checksum in its name gets that name. */
	gsp_buf_addf(&cmd,
	    "f=%s/%s; whole() { [ -x $1 ] && [ agent-$(sha256sum <$1 | cut -c1-12) = %s ]; }; "
	    "whole $f || { umask 022 && mkdir -p %s && cat >$f.new.$$ && chmod 755 $f.new.$$ && "
	    "{ whole $f.new.$$ || { rm -f $f.new.$$; echo it arrived cut short >&2; exit 74; }; } && "
	    "sync $f.new.$$ && mv -f $f.new.$$ $f; }",
	    AGENT_DIR, gsp_agent_name, gsp_agent_name, AGENT_DIR);
	memset(&io, 0, sizeof(io));
	io.in = gsp_agent_text;
	io.in_len = strlen(gsp_agent_text);
	io.errs = gsp_ssh_sink_buf;
	io.errs_ctx = &said;
	io.deadline_ms = gsp_now_ms() + 60000;
	rc = gsp_ssh_exec(r->ssh, gsp_buf_str(&cmd), &io, &end, err);
	if (rc == 0 && end.status != 0)
		rc = gsp_err_set(err, GSP_EIO, "cannot install gsp's script on '%s': %.300s", r->label,
		    said.len > 0 ? gsp_buf_str(&said) : "no reason given");
	gsp_buf_release(&cmd);
	gsp_buf_release(&said);
	return rc;
}

static enum gsp_errcode
code_of(int status)
{
	switch (status) {
	case 1: return GSP_ENO;
	case 64: return GSP_EBUG;
	case 65: return GSP_EREFUSED;
	case 69: return GSP_EUNAVAIL;
	case 71: return GSP_ESYS;
	case 74: return GSP_EIO;
	case 75: return GSP_ETEMP;
	default: return GSP_EPROTO;
	}
}

/* stderr of an op is for people; only its first lines are kept. */
struct said {
	char text[STDERR_MAX];
	size_t len;
};

static int
keep_said(void *ctx, const char *data, size_t len, struct gsp_err *err)
{
	struct said *s = ctx;
	size_t room = sizeof(s->text) - 1 - s->len;

	(void)err;
	if (len > room)
		len = room;
	memcpy(s->text + s->len, data, len);
	s->len += len;
	s->text[s->len] = '\0';
	return 0;
}

static int
judge(struct gsp_remote *r, const struct gsp_argv *op, const struct gsp_ssh_end *end,
    struct said *said, int *status, struct gsp_err *err)
{
	while (said->len > 0 && said->text[said->len - 1] == '\n')
		said->text[--said->len] = '\0';
	for (char *p = said->text; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	if (end->status == -1)
		return gsp_err_set(err, GSP_EIO, "'%s' on '%s' was ended by signal %s", op->v[0],
		    r->label, end->signame);
	if (status != NULL) {
		*status = end->status;
		snprintf(err->msg, sizeof(err->msg), "%.1000s", said->text);
		return 0;
	}
	if (end->status == 0)
		return 0;
	return gsp_err_set(err, code_of(end->status), "'%s' on '%s': %.800s", op->v[0], r->label,
	    said->len > 0 ? said->text : "failed without a reason");
}

int
gsp_remote_call(struct gsp_remote *r, const struct gsp_argv *op, const struct gsp_ssh_io *io,
    int *status, struct gsp_err *err)
{
	struct gsp_buf cmd = GSP_BUF_INIT(COMMAND_MAX);
	struct gsp_ssh_io mine = *io;
	struct gsp_ssh_end end = {0, ""};
	struct said said = {"", 0};
	int rc = -1;

	gsp_remote_command(&cmd, op);
	if (!gsp_buf_ok(&cmd) || !gsp_argv_ok(op)) {
		gsp_err_set(err, GSP_ELIMIT, "command for '%s' too long", r->label);
		goto out;
	}
	if (mine.errs == NULL) {
		mine.errs = keep_said;
		mine.errs_ctx = &said;
	}
	if (gsp_ssh_exec(r->ssh, gsp_buf_str(&cmd), &mine, &end, err) == -1)
		goto wrap;
	if (end.status == 127 || end.status == 126) {
		if (gsp_remote_install(r, err) == -1)
			goto out;
		said.len = 0;
		if (gsp_ssh_exec(r->ssh, gsp_buf_str(&cmd), &mine, &end, err) == -1)
			goto wrap;
	}
	rc = judge(r, op, &end, &said, status, err);
	goto out;
wrap:
	gsp_err_wrap(err, "machine '%s'", r->label);
out:
	gsp_buf_release(&cmd);
	return rc;
}

int
gsp_remote_ask(struct gsp_remote *r, const struct gsp_argv *op, const char *in, size_t in_len,
    struct gsp_buf *out, int *status, struct gsp_err *err)
{
	struct gsp_ssh_io io;

	memset(&io, 0, sizeof(io));
	io.in = in;
	io.in_len = in_len;
	io.out = gsp_ssh_sink_buf;
	io.out_ctx = out;
	io.deadline_ms = gsp_now_ms() + 300000;
	return gsp_remote_call(r, op, &io, status, err);
}

/* An op whose output nobody needs. */
static int
tell(struct gsp_remote *r, struct gsp_argv *op, struct gsp_err *err)
{
	struct gsp_buf out = GSP_BUF_INIT(4096);
	int rc;

	rc = gsp_remote_ask(r, op, NULL, 0, &out, NULL, err);
	gsp_argv_release(op);
	gsp_buf_release(&out);
	return rc;
}

int
gsp_remote_prepare(struct gsp_remote *r, const char *user, const char *dir, struct gsp_err *err)
{
	struct gsp_argv op = GSP_ARGV_INIT;

	gsp_argv_push(&op, "prepare");
	gsp_argv_push(&op, user);
	gsp_argv_push(&op, dir);
	return tell(r, &op, err);
}

int
gsp_remote_stamp(struct gsp_remote *r, const char *name, struct gsp_err *err)
{
	struct gsp_argv op = GSP_ARGV_INIT;

	gsp_argv_push(&op, "stamp");
	gsp_argv_push(&op, name);
	return tell(r, &op, err);
}

static int
hello_line(struct gsp_hello *h, const char *line, struct gsp_err *err)
{
	if (strncmp(line, "boot ", 5) == 0)
		snprintf(h->boot_id, sizeof(h->boot_id), "%s", line + 5);
	else if (strncmp(line, "now ", 4) == 0)
		gsp_num_i64(&h->now, line + 4, 0, INT64_MAX);
	else if (strncmp(line, "free ", 5) == 0)
		gsp_num_u64(&h->free_bytes, line + 5, 0, UINT64_MAX);
	else if (strncmp(line, "rsync ", 6) == 0 && strcmp(line + 6, "-") != 0)
		snprintf(h->rsync, sizeof(h->rsync), "%s", line + 6);
	else if (strncmp(line, "marker ", 7) == 0 && strcmp(line + 7, "-") != 0) {
		if (gsp_marker_parse(&h->marker, line + 7, err) == -1)
			return -1;
		h->has_marker = true;
	}
	return 0;
}

int
gsp_hello_parse(struct gsp_hello *out, char *text, struct gsp_err *err)
{
	char *next;

	memset(out, 0, sizeof(*out));
	for (char *line = text; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (hello_line(out, line, err) == -1)
			return -1;
	}
	if (out->boot_id[0] == '\0')
		return gsp_err_set(err, GSP_EPROTO, "it did not tell its boot id");
	return 0;
}

int
gsp_remote_hello(struct gsp_remote *r, const char *dir, struct gsp_hello *out,
    struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(ANSWER_MAX);
	struct gsp_argv op = GSP_ARGV_INIT;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	gsp_argv_push(&op, "hello");
	if (dir[0] != '\0')
		gsp_argv_push(&op, dir);
	if (gsp_remote_ask(r, &op, NULL, 0, &text, NULL, err) == -1)
		goto done;
	rc = gsp_hello_parse(out, text.data, err);
	if (rc == -1)
		gsp_err_wrap(err, "machine '%s'", r->label);
done:
	gsp_argv_release(&op);
	gsp_buf_release(&text);
	return rc;
}

int
gsp_remote_mark(struct gsp_remote *r, const struct gsp_marker *was, struct gsp_marker *now,
    struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(ANSWER_MAX);
	struct gsp_argv op = GSP_ARGV_INIT;
	int rc;

	gsp_marker_print(now);
	gsp_argv_push(&op, "mark");
	gsp_argv_push(&op, was != NULL ? was->text : "-");
	gsp_argv_push(&op, now->text);
	rc = gsp_remote_ask(r, &op, NULL, 0, &text, NULL, err);
	gsp_argv_release(&op);
	gsp_buf_release(&text);
	return rc;
}

int
gsp_remote_ours(const struct gsp_hello *hello, const struct gsp_home *h,
    const struct gsp_session *s, struct gsp_err *err)
{
	const struct gsp_marker *m = &hello->marker;

	if (!hello->has_marker)
		return gsp_err_set(err, GSP_EREFUSED,
		    "machine '%s' has no marker, so nobody can tell what its saves are worth; look "
		    "with 'gsp ssh %s'", s->label, s->server);
	if (strcmp(m->home, h->id) != 0 && strcmp(m->server, s->server) == 0 &&
	    strcmp(m->session, s->id) == 0)
		return gsp_err_set(err, GSP_EREFUSED,
		    "machine '%s' was taken over by home '%s' and is not this home's any more; 'gsp down "
		    "%s' makes this home forget it and deletes nothing", s->label, m->home, s->server);
	if (strcmp(m->home, h->id) != 0 || strcmp(m->server, s->server) != 0 ||
	    strcmp(m->session, s->id) != 0)
		return gsp_err_set(err, GSP_EREFUSED,
		    "machine '%s' belongs to server '%s', session %s of home %s, not to session %s "
		    "of home %s", s->label, m->server, m->session, m->home, s->id, h->id);
	return 0;
}
