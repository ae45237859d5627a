/*
 * fake/sshd: the real sshd, thrown away after the test: 127.0.0.1, a free port, its own
 * configuration and keys, no PAM. Logs in whoever runs the test, root or not.
 */
#ifndef GSP_TEST_SSHD_H
#define GSP_TEST_SSHD_H

#include "base/err.h"
#include "net/ssh.h"
#include "sys/proc.h"

struct fake_sshd {
	char dir[64]; /* everything of it: conf, hk, uk, ak, log */
	char user[64];
	char key_file[96];
	char host_key[256]; /* its public line */
	unsigned port;
	struct gsp_proc proc;
	bool made_run_dir;
};

/*
 * Start one and wait until it listens. ${host_key_file} NULL: a new ed25519 one.
 * ${extra_conf}: more lines for sshd_config, or NULL. GSP_EUNAVAIL if there is no sshd here,
 * or if whoever runs this has no login shell.
 */
int fake_sshd_start(struct fake_sshd *d, const char *host_key_file, const char *extra_conf,
    struct gsp_err *err);

/* Options that reach it. */
struct gsp_ssh_opts fake_sshd_opts(const struct fake_sshd *d);

/* End it, its connections and its directory. Harmless after a start that failed. */
void fake_sshd_stop(struct fake_sshd *d);

#endif
