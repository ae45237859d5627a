#include "gsp/rsync.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "sys/io.h"
#include "sys/proc.h"
#include "sys/sig.h"

#include "base/banned.h"

/* The longest line: a name of MAXPATHLEN bytes, each of them escaped as \#ooo, and the rest. */
#define LINE_MAX_BYTES (GSP_LIST_PATH_MAX * 5 + 1024)
#define STDERR_SHOWN 2048
#define LEAVE_MS     5000 /* rsync takes 0.4 s for it */

void
gsp_rsync_literal(struct gsp_buf *out, const char *path)
{
	/* rsync(1), PATTERN MATCHING RULES: a backslash escapes only in a pattern that has
	 * wildcards; in one that has none it is an ordinary character */
	bool wild = strpbrk(path, "*?[") != NULL;

	for (; *path != '\0'; path++) {
		if (wild && strchr("*?[\\", *path) != NULL)
			gsp_buf_addc(out, '\\');
		gsp_buf_addc(out, *path);
	}
}

void
gsp_rsync_exclude(struct gsp_argv *a, const char *const *paths)
{
	struct gsp_buf lit = GSP_BUF_INIT(2 * GSP_LIST_PATH_MAX);

	for (; paths != NULL && *paths != NULL; paths++) {
		gsp_buf_reset(&lit);
		gsp_rsync_literal(&lit, *paths);
		if (!gsp_buf_ok(&lit))
			a->failed = true; /* a rule left out would send or delete too much */
		gsp_argv_pushf(a, "--filter=- /%s", gsp_buf_str(&lit));
	}
	gsp_buf_release(&lit);
}

void
gsp_rsync_common(struct gsp_argv *a)
{
	static const char *const flags[] = {"-rlptS", "--chmod=ug-s,-t", "--modify-window=-1",
	    "--checksum-choice=xxh128", "--no-human-readable", "-8",
	    "--out-format=" GSP_RSYNC_FORMAT, NULL};

	for (const char *const *f = flags; *f != NULL; f++)
		gsp_argv_push(a, *f);
}

void
gsp_rsync_dry(struct gsp_argv *a)
{
	static const char *const flags[] = {"-n", "-c", "-ii", "--delete", "--modify-window=0",
	    NULL};

	for (const char *const *f = flags; *f != NULL; f++)
		gsp_argv_push(a, *f);
}

/* One run of rsync. */
struct run {
	struct gsp_rsync *r;
	struct gsp_proc p;
	struct gsp_buf out; /* what is not yet a whole line */
	struct gsp_buf said; /* stderr */
};

/* "     30000002  99%  752.08MB/s    0:00:00 (xfr#2, to-chk=2/10)": is it one of these? */
static bool
read_progress(const char *line, uint64_t *bytes, int *pct)
{
	const char *end;

	line += strspn(line, " ");
	end = line + strspn(line, "0123456789");
	if (end == line || *end != ' ')
		return false;
	*bytes = strtoull(line, NULL, 10);
	end += strspn(end, " ");
	line = end + strspn(end, "0123456789");
	if (line == end || line - end > 3 || *line != '%')
		return false;
	*pct = (int)strtol(end, NULL, 10);
	return *pct <= 100;
}

static int
on_line(struct run *x, char *line, struct gsp_err *err)
{
	static const char skip[] = "skipping non-regular file \"";
	const struct gsp_rsync *r = x->r;
	struct gsp_rsync_item it;
	size_t len = strlen(line);
	uint64_t bytes;
	int pct;

	if (gsp_rsync_line(&it, line))
		return r->item != NULL ? r->item(r->ctx, &it, err) : 0;
	if (read_progress(line, &bytes, &pct)) {
		if (r->progress != NULL)
			r->progress(r->ctx, bytes, pct);
	} else if (strncmp(line, skip, sizeof(skip) - 1) == 0 && line[len - 1] == '"') {
		line[len - 1] = '\0';
		gsp_rsync_decode(line + sizeof(skip) - 1);
		if (r->odd != NULL)
			r->odd(r->ctx, line + sizeof(skip) - 1);
	} else if (len > 0) {
		gsp_debug("rsync: %s", line);
	}
	return 0;
}

/* Hand out every whole line of x->out. rsync ends progress with \r, the rest with \n, and
 * escapes both in names. */
static int
split_lines(struct run *x, bool at_end, struct gsp_err *err)
{
	char *p = x->out.data;
	size_t left = x->out.len, n;
	int rc = 0;

	while (rc == 0 && left > 0) {
		for (n = 0; n < left && p[n] != '\n' && p[n] != '\r'; n++)
			;
		if (n == left && !at_end)
			break;
		p[n] = '\0'; /* at the end this is the buffer's own NUL */
		rc = on_line(x, p, err);
		n += n < left;
		p += n;
		left -= n;
	}
	if (rc == 0 && left > LINE_MAX_BYTES)
		return gsp_err_set(err, GSP_EPROTO, "rsync printed a line of more than %d bytes",
		    LINE_MAX_BYTES);
	gsp_buf_consume(&x->out, x->out.len - left);
	return rc;
}

/* Read what is there; *fd becomes -1 at the end of file. */
static int
on_stdout(struct run *x, bool *open, struct gsp_err *err)
{
	char block[16384];
	ssize_t n = read(x->p.out_fd, block, sizeof(block));

	if (n == -1) {
		if (errno == EINTR)
			return 0;
		return gsp_err_sys(err, GSP_EIO, errno, "cannot read rsync's output");
	}
	*open = n > 0;
	gsp_buf_add(&x->out, block, (size_t)n);
	if (!gsp_buf_ok(&x->out))
		return gsp_err_set(err, GSP_ESYS, "out of memory for rsync's output");
	return split_lines(x, n == 0, err);
}

static int
on_stderr(struct run *x, bool *open, struct gsp_err *err)
{
	char block[4096];
	ssize_t n = read(x->p.err_fd, block, sizeof(block));

	if (n == -1) {
		if (errno == EINTR)
			return 0;
		return gsp_err_sys(err, GSP_EIO, errno, "cannot read rsync's messages");
	}
	*open = n > 0;
	if (x->said.len < STDERR_SHOWN) {
		size_t room = STDERR_SHOWN - x->said.len;

		gsp_buf_add(&x->said, block, (size_t)n < room ? (size_t)n : room);
	}
	return 0;
}

static int
pump(struct run *x, struct gsp_err *err)
{
	bool out_open = true, err_open = true;

	while (out_open || err_open) {
		struct pollfd fds[3] = {{out_open ? x->p.out_fd : -1, POLLIN, 0},
		    {err_open ? x->p.err_fd : -1, POLLIN, 0}, {gsp_sig_fd(), POLLIN, 0}};

		if (gsp_sig_check(err) == -1)
			return -1;
		if (poll(fds, 3, gsp_sig_idle(-1)) == -1) {
			if (errno == EINTR)
				continue;
			return gsp_err_sys(err, GSP_ESYS, errno, "cannot wait for rsync");
		}
		if (fds[0].revents != 0 && on_stdout(x, &out_open, err) == -1)
			return -1;
		if (fds[1].revents != 0 && on_stderr(x, &err_open, err) == -1)
			return -1;
	}
	return 0;
}

/* One line of stderr, for a message: what rsync said first is what it died of. */
static const char *
said(struct run *x)
{
	size_t n = x->said.len;
	char *s;

	while (n > 0 && (x->said.data[n - 1] == '\n' || x->said.data[n - 1] == ' '))
		n--;
	if (n == 0)
		return "it said nothing";
	s = x->said.data;
	s[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\n')
			s[i] = ';';
		else if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			s[i] = ' ';
	return s;
}

/* Of all that the two rsyncs say to a full disk, the line that names the file. */
static int
no_room(struct run *x, const char *text, const char *at, struct gsp_err *err)
{
	const char *from = at;

	while (from > text && from[-1] != ';')
		from--;
	return gsp_err_set(err, GSP_EIO, "rsync could not copy everything because %s disk is full: "
	    "%.*s; make room there and try again", x->r->far ? "the machine's" : "this computer's",
	    (int)(at - from + (ptrdiff_t)strcspn(at, ";")), from);
}

/* The link is gone. When gsp-ssh said why, what the two rsyncs say of it is noise. */
static int
no_link(const char *text, struct gsp_err *err)
{
	const char *why = strstr(text, "gsp-ssh: ");

	if (why == NULL)
		return gsp_err_set(err, GSP_ETEMP, "rsync lost its connection: %s", text);
	why += strlen("gsp-ssh: ");
	return gsp_err_set(err, GSP_ETEMP, "rsync lost its connection: %.*s",
	    (int)strcspn(why, ";"), why);
}

/* Source of the codes: rsync(1), EXIT VALUES; 75 is gsp-ssh's own, when rsync sees it in time. */
static int
judge(struct run *x, int status, struct gsp_err *err)
{
	const char *text = said(x), *full = strstr(text, "No space left on device");

	if (full == NULL)
		full = strstr(text, "Disk quota exceeded");

	switch (status) {
	case 0: return 0;
	case 1: gsp_err_set(err, GSP_EBUG, "rsync did not understand its options: %s", text); break;
	case 2:
	case 4:
		gsp_err_set(err, GSP_EPROTO, "the two rsyncs do not understand each other (both must be "
		    "3.2.7 or newer): %s", text);
		break;
	case 10:
	case 12:
	case 30:
	case 35:
	case 75:
	case 255:
		if (full == NULL) {
			no_link(text, err);
			break;
		} /* fall through */
	case 11:
	case 23:
		if (full != NULL)
			no_room(x, text, full, err);
		else
			gsp_err_set(err, GSP_EIO, "rsync could not copy everything: %s", text);
		break;
	case 24:
		gsp_err_set(err, GSP_EIO, "files vanished while rsync read them: %s", text);
		break;
	case 20:
	case 128 + SIGINT:
	case 128 + SIGTERM:
	case 128 + SIGHUP: /* not by a signal of ours: that was looked at before */
		gsp_err_set(err, GSP_ETEMP, "somebody ended rsync by a signal: %s", text);
		break;
	case 127: gsp_err_set(err, GSP_ESYS, "rsync is not installed: %s", text); break;
	default:
		gsp_err_set(err, GSP_EIO, "rsync failed with status %d: %s", status, text);
	}
	err->detail = status;
	return -1;
}

/* stdin: the input in an unnamed file (a pipe could block us, or raise SIGPIPE). */
static int
open_input(const struct gsp_rsync *r, int *fd, struct gsp_err *err)
{
	*fd = GSP_PROC_NULL;
	if (r->input == NULL)
		return 0;
	if ((*fd = memfd_create("gsp-rsync-input", MFD_CLOEXEC)) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make a file in memory");
	if (gsp_io_write_all(*fd, r->input, r->input_len, "rsync's input", err) == -1)
		goto fail;
	if (lseek(*fd, 0, SEEK_SET) == -1) {
		gsp_err_sys(err, GSP_ESYS, errno, "cannot rewind rsync's input");
		goto fail;
	}
	return 0;
fail:
	close(*fd);
	*fd = -1;
	return -1;
}

/* The names with which the child's environment is ours plus LC_ALL=C, and without the token. */
static const char **
make_env(const char *const *more)
{
	size_t n = 0;
	const char **env;

	while (more != NULL && more[n] != NULL)
		n++;
	if ((env = calloc(n + 3, sizeof(*env))) == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		env[i] = more[i];
	env[n] = "LC_ALL=C"; /* plain digits, English messages */
	env[n + 1] = "LINODE_TOKEN=";
	return env;
}

static int
start(struct run *x, const char *const *env, int *in, struct gsp_err *err)
{
	const struct gsp_proc init = GSP_PROC_INIT;

	if (open_input(x->r, in, err) == -1)
		return -1;
	x->p = init;
	x->p.argv = (const char *const *)x->r->argv->v;
	x->p.env = env;
	x->p.in = *in;
	x->p.out = GSP_PROC_PIPE;
	x->p.err = GSP_PROC_PIPE;
	x->p.keep_fd = x->r->keep_fd;
	x->p.with_us = true;
	if (gsp_proc_start(&x->p, err) == -1)
		return gsp_err_hint(err, "is rsync installed?");
	return 0;
}

/* After a signal: until all that rsync started is gone, too, since gsp-ssh holds our lock. Both
 * streams are also theirs. */
static void
see_off(struct run *x)
{
	int64_t until = gsp_now_ms() + LEAVE_MS, left;
	int fds[2] = {x->p.out_fd, x->p.err_fd};
	char block[16384];
	ssize_t n;

	gsp_proc_kill(&x->p, SIGTERM);
	while ((fds[0] != -1 || fds[1] != -1) && (left = until - gsp_now_ms()) > 0) {
		struct pollfd p[2] = {{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}};

		if (poll(p, 2, (int)left) == -1)
			continue; /* a signal: they are being seen off already */
		for (int i = 0; i < 2; i++) {
			if (p[i].revents == 0)
				continue;
			n = read(fds[i], block, sizeof(block));
			if (n == 0 || (n == -1 && errno != EINTR))
				fds[i] = -1;
		}
	}
}

int
gsp_rsync_run(struct gsp_rsync *r, struct gsp_err *err)
{
	struct run x = {.r = r, .out = GSP_BUF_INIT(LINE_MAX_BYTES + 2 * 16384),
	    .said = GSP_BUF_INIT(STDERR_SHOWN + 1)};
	struct gsp_err pumped = GSP_ERR_INIT;
	const char **env = NULL;
	int rc = -1, status = 0, in = -1;

	if (!gsp_argv_ok(r->argv))
		return gsp_err_set(err, GSP_ESYS, "out of memory for rsync's options");
	if ((env = make_env(r->env)) == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	if (start(&x, env, &in, err) == -1)
		goto out;
	if (pump(&x, &pumped) == -1) {
		see_off(&x);
		if (gsp_proc_wait(&x.p, &status, err) == -1)
			goto out;
		*err = pumped;
		goto out;
	}
	if (gsp_proc_wait(&x.p, &status, err) == -1 || gsp_sig_check(err) == -1)
		goto out;
	rc = judge(&x, status, err);
out:
	if (in >= 0)
		close(in);
	free(env);
	gsp_buf_release(&x.out);
	gsp_buf_release(&x.said);
	return rc;
}

/* What gsp_rsync_prove() collects. */
struct proof {
	struct gsp_list *sums;
	struct gsp_diff *differs;
	gsp_rsync_odd_fn *odd;
	void *odd_ctx;
};

static int
on_proof(void *ctx, const struct gsp_rsync_item *it, struct gsp_err *err)
{
	struct proof *p = ctx;
	bool gone = it->flags[0] == '*', same = !gsp_rsync_differs(it);
	struct gsp_entry e;

	if (strcmp(it->path, ".") == 0)
		return 0; /* the root itself is no part of the tree */
	if (!same && gsp_diff_add(p->differs, it->path,
	    gone				   ? GSP_REMOVED
		: strchr(it->flags, '+') != NULL ? GSP_ADDED
						 : GSP_CHANGED,
	    err) == -1)
		return -1;
	if (gone)
		return 0;
	memset(&e, 0, sizeof(e));
	e.path = it->path;
	e.type = it->dir ? 'd' : it->flags[1] == 'L' ? 'l' : 'f';
	if (e.type == 'f') {
		e.size = it->size;
		memcpy(e.sum, it->sum, sizeof(e.sum));
	}
	return gsp_list_add(p->sums, &e, err);
}

static void
on_proof_odd(void *ctx, const char *path)
{
	struct proof *p = ctx;

	if (p->odd != NULL)
		p->odd(p->odd_ctx, path);
}

static int
by_diff_path(const void *a, const void *b)
{
	return strcmp(((const struct gsp_diff_item *)a)->path,
	    ((const struct gsp_diff_item *)b)->path);
}

int
gsp_rsync_prove(struct gsp_rsync *r, struct gsp_list *sums, struct gsp_diff *differs,
    struct gsp_err *err)
{
	struct proof p = {sums, differs, r->odd, r->ctx};
	struct gsp_rsync run = *r;
	int rc;

	run.item = on_proof;
	run.odd = on_proof_odd;
	run.ctx = &p;
	rc = gsp_rsync_run(&run, err);
	gsp_list_sort(sums);
	if (differs->n > 1)
		qsort(differs->v, differs->n, sizeof(*differs->v), by_diff_path);
	return rc;
}
