#include "gsp/owner.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/sig.h"

#include "base/banned.h"

#define RETRY_MS   1000
#define EXEC_MS    60000
#define NAMED_MAX  6 /* keys named in an error message */

/* The private half of a public key file lies beside it, as ssh-keygen leaves it. */
static void
private_of(struct gsp_buf *out, const char *public_file)
{
	size_t n = strlen(public_file);

	if (n > 4 && strcmp(public_file + n - 4, ".pub") == 0)
		n -= 4;
	gsp_buf_add(out, public_file, n);
}

static int
try_key(struct gsp_ssh **out, const struct gsp_ssh_opts *o, int64_t deadline_ms,
    struct gsp_err *err)
{
	for (;;) {
		if (gsp_ssh_open(out, o, err) == 0)
			return 0;
		if (err->code != GSP_ETEMP || gsp_now_ms() + RETRY_MS > deadline_ms)
			return -1;
		if (gsp_sleep_ms(RETRY_MS, err) == -1)
			return -1;
	}
}

/* Why a key was of no use; NULL when it was not the key's fault. */
static const char *
useless(const char *file, const struct gsp_err *err)
{
	if (err->code == GSP_EAUTH && err->detail == GSP_SSH_BAD_LOGIN)
		return "the machine refused it";
	if (err->code != GSP_ECONFIG && err->code != GSP_EIO)
		return NULL;
	if (access(file, F_OK) == -1)
		return "is not there";
	return access(file, R_OK) == -1 ? "cannot be read"
	                                : "has a passphrase, or is no OpenSSH private key";
}

/* The keys on disk that may open it. A login key of ours comes first: it costs no question. */
static void
list_keys(struct gsp_argv *out, const struct gsp_home *h, const char *server)
{
	struct gsp_buf file = GSP_BUF_INIT(GSP_PATH_BUF);

	gsp_home_state_path(h, &file, server, "id_ed25519");
	if (access(gsp_buf_str(&file), R_OK) == 0)
		gsp_argv_push(out, gsp_buf_str(&file));
	for (size_t i = 0; i < h->ssh_key_files.n; i++) {
		gsp_buf_reset(&file);
		private_of(&file, h->ssh_key_files.v[i]);
		gsp_argv_push(out, gsp_buf_str(&file));
	}
	gsp_buf_release(&file);
}

/* Each of them until one opens it. *out stays NULL when none does; false: not the keys' fault. */
static bool
try_files(struct gsp_ssh **out, struct gsp_ssh_opts *o, const struct gsp_argv *keys,
    int64_t deadline_ms, struct gsp_buf *tried, struct gsp_err *err)
{
	for (size_t i = 0; i < keys->n; i++) {
		const char *why;

		o->key_file = keys->v[i];
		if (try_key(out, o, deadline_ms, err) == 0)
			return true;
		if ((why = useless(o->key_file, err)) == NULL)
			return false;
		if (i < NAMED_MAX)
			gsp_buf_addf(tried, "%s'%.100s' %s", i > 0 ? "; " : "", o->key_file, why);
	}
	return true;
}

/* The agent's keys are asked last: a machine hangs up after a few wrong ones. */
static bool
try_agent(struct gsp_ssh **out, struct gsp_ssh_opts *o, int64_t deadline_ms,
    struct gsp_buf *tried, struct gsp_err *err)
{
	const char *sock = getenv("SSH_AUTH_SOCK");

	if (sock == NULL || sock[0] == '\0') {
		gsp_buf_adds(tried, "; no agent is at $SSH_AUTH_SOCK");
		return true;
	}
	o->key_file = NULL;
	if (try_key(out, o, deadline_ms, err) == 0)
		return true;
	if (err->code != GSP_EAUTH || err->detail != GSP_SSH_BAD_LOGIN)
		return false;
	gsp_buf_adds(tried, "; none of the agent's keys opens it");
	return true;
}

int
gsp_owner_open(struct gsp_remote **out, const struct gsp_home *h, const char *server,
    const struct gsp_instance *it, const char *hash40, int64_t deadline_ms, struct gsp_err *err)
{
	struct gsp_buf tried = GSP_BUF_INIT(65536);
	struct gsp_argv keys = GSP_ARGV_INIT;
	struct gsp_ssh_opts o;
	struct gsp_ssh *ssh = NULL;
	bool judged;

	memset(&o, 0, sizeof(o));
	o.host = it->ipv4;
	o.port = 22;
	o.user = "root";
	o.host_key_hash40 = hash40;
	list_keys(&keys, h, server);
	judged = try_files(&ssh, &o, &keys, deadline_ms, &tried, err);
	if (judged && ssh == NULL && h->ssh_key_files.n > 0)
		judged = try_agent(&ssh, &o, deadline_ms, &tried, err);
	if (!judged)
		gsp_err_wrap(err, "machine '%s'", it->label);
	else if (ssh == NULL && h->ssh_key_files.n == 0)
		gsp_err_set(err, GSP_EAUTH, "ssh_keys in gsp.yaml is empty, so there is no way into "
		    "machine '%s'; name the public key of an owner that the machine was given",
		    it->label);
	else if (ssh == NULL)
		gsp_err_set(err, GSP_EAUTH, "no key of ssh_keys opens machine '%s': %.700s; nobody is asked "
		    "for a passphrase: 'ssh-add' the key, or name a copy without one", it->label,
		    gsp_buf_str(&tried));
	gsp_argv_release(&keys);
	gsp_buf_release(&tried);
	return ssh != NULL ? gsp_remote_adopt(out, ssh, it->label, err) : -1;
}

static int
run(struct gsp_remote *r, const char *command, const char *in, struct gsp_buf *out,
    const char *what, struct gsp_err *err)
{
	struct gsp_buf said = GSP_BUF_INIT(4096);
	struct gsp_ssh_end end = {0, ""};
	struct gsp_ssh_io io;
	int rc;

	memset(&io, 0, sizeof(io));
	io.in = in;
	io.in_len = in != NULL ? strlen(in) : 0;
	io.out = gsp_ssh_sink_buf;
	io.out_ctx = out;
	io.errs = gsp_ssh_sink_buf;
	io.errs_ctx = &said;
	io.deadline_ms = gsp_now_ms() + EXEC_MS;
	rc = gsp_ssh_exec(gsp_remote_ssh(r), command, &io, &end, err);
	if (rc == 0 && end.status != 0)
		rc = gsp_err_set(err, GSP_EIO, "%s: %.300s", what,
		    said.len > 0 ? gsp_buf_str(&said) : "no reason given");
	gsp_buf_release(&said);
	return rc;
}

int
gsp_owner_authorize(struct gsp_remote *r, const char *line, struct gsp_err *err)
{
	/* beside, then renamed: a cut link never leaves a file that lets nobody in */
	static const char command[] =
	    "umask 077; f=$HOME/.ssh/authorized_keys; n=$f.gsp.$$; "
	    "mkdir -p \"$HOME/.ssh\" && IFS= read -r k && [ -n \"$k\" ] && "
	    "if ! grep -qxF -e \"$k\" \"$f\" 2>/dev/null; then "
	    "{ [ ! -e \"$f\" ] || awk 1 \"$f\"; } >\"$n\" && printf '%s\\n' \"$k\" >>\"$n\" && "
	    "sync \"$n\" && mv -f \"$n\" \"$f\"; fi";
	struct gsp_buf in = GSP_BUF_INIT(16384), out = GSP_BUF_INIT(4096);
	int rc;

	gsp_buf_addf(&in, "%s\n", line);
	rc = run(r, command, gsp_buf_str(&in), &out, "cannot put our login key on the machine", err);
	gsp_buf_release(&in);
	gsp_buf_release(&out);
	return rc;
}

int
gsp_owner_of(struct gsp_remote *r, const char *dir, char user[64], struct gsp_err *err)
{
	struct gsp_buf command = GSP_BUF_INIT(16384), out = GSP_BUF_INIT(4096);
	int rc;

	gsp_buf_adds(&command, "d=");
	gsp_argv_quote(&command, dir);
	gsp_buf_adds(&command, "; [ ! -d \"$d\" ] || stat -c %U -- \"$d\"");
	rc = run(r, gsp_buf_str(&command), NULL, &out, "cannot look at the machine's files", err);
	if (rc == 0)
		snprintf(user, 64, "%.*s", (int)strcspn(gsp_buf_str(&out), "\n"), gsp_buf_str(&out));
	gsp_buf_release(&command);
	gsp_buf_release(&out);
	return rc;
}
