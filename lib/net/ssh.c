/* net/ssh: connecting, the host key, logging in. */
#include "net/ssh_priv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "sys/sig.h"

#include "base/banned.h"

#define CONNECT_MS    20000
#define WAIT_TCP_MS   3000 /* a fresh SYN beats waiting for the kernel's slowing retries */
#define WAIT_FIRST_MS 50
#define WAIT_LAST_MS  1000
#define HASH_DIGITS   40 /* 160 bits of a SHA-256 */

/*
 * What we offer. One round of curve25519 is the cheapest key exchange there is; AES-GCM needs no
 * separate MAC and is the fastest cipher where the CPU knows AES. No compression: rsync does
 * that. RFC 4253, RFC 5647, RFC 8709, RFC 8731; OpenSSH's PROTOCOL for the @openssh.com names.
 */
#define OFFER_KEX     "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256"
#define OFFER_HOSTKEY "ssh-ed25519"
#define OFFER_CIPHERS                                                                        \
	"aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,"       \
	"aes128-ctr,aes256-ctr"
#define OFFER_COMPRESSION "none"

static void
on_libssh_log(int priority, const char *function, const char *text, void *ctx)
{
	(void)ctx;
	gsp_debug("libssh %d: %s: %s", priority, function, text);
}

static int
start_libssh(struct gsp_err *err)
{
	static bool started;

	if (started)
		return 0;
	if (ssh_init() != SSH_OK)
		return gsp_err_set(err, GSP_ESYS, "cannot start libssh");
	ssh_set_log_callback(on_libssh_log);
	ssh_set_log_level(SSH_LOG_NONE);
	started = true;
	return 0;
}

const char *
gsp_ssh_why(const struct gsp_ssh *s)
{
	static char text[256];
	size_t n = 0;

	/* Part of it may come from the other side: no control characters into a terminal. */
	for (const char *p = ssh_get_error(s->ses); *p != '\0' && n + 1 < sizeof(text); p++)
		text[n++] = (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p;
	text[n] = '\0';
	return text[0] != '\0' ? text : "no reason given";
}

static int
set_options(struct gsp_ssh *s, const struct gsp_ssh_opts *o, struct gsp_err *err)
{
	const bool no = false;
	unsigned port = o->port;
	const struct {
		enum ssh_options_e name;
		const void *value;
	} list[] = {
	    /* Nothing of the user's own ssh set-up may matter: no config, no known_hosts. */
	    {SSH_OPTIONS_PROCESS_CONFIG, &no},
	    {SSH_OPTIONS_SSH_DIR, "/dev/null"},
	    {SSH_OPTIONS_KNOWNHOSTS, "/dev/null"},
	    {SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null"},
	    {SSH_OPTIONS_HOST, o->host},
	    {SSH_OPTIONS_PORT, &port},
	    {SSH_OPTIONS_USER, o->user},
	    {SSH_OPTIONS_FD, &s->fd},
	    {SSH_OPTIONS_KEY_EXCHANGE, OFFER_KEX},
	    {SSH_OPTIONS_HOSTKEYS, OFFER_HOSTKEY},
	    {SSH_OPTIONS_CIPHERS_C_S, OFFER_CIPHERS},
	    {SSH_OPTIONS_CIPHERS_S_C, OFFER_CIPHERS},
	    {SSH_OPTIONS_COMPRESSION_C_S, OFFER_COMPRESSION},
	    {SSH_OPTIONS_COMPRESSION_S_C, OFFER_COMPRESSION},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (ssh_options_set(s->ses, list[i].name, list[i].value) != SSH_OK)
			return gsp_err_set(err, GSP_ECONFIG, "cannot prepare ssh to %s: %s", s->where,
			    gsp_ssh_why(s));
	ssh_set_blocking(s->ses, 0);
	return 0;
}

/*
 * Look at what has come before libssh takes it. RFC 4253, 4.2 lets a server say other lines
 * before "SSH-", and libssh waits through them until time is up; sshd only does it to turn us
 * away, and what else does it is no sshd. *gone: it has hung up and nothing is left to read.
 */
static int
look_ahead(const struct gsp_ssh *s, bool *first, bool *gone, struct gsp_err *err)
{
	char said[64];
	ssize_t n = recv(s->fd, said, sizeof(said) - 1, MSG_PEEK | MSG_DONTWAIT);
	size_t len = n > 0 ? (size_t)n : 0;

	*gone = n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR);
	if (!*first || len == 0)
		return 0;
	*first = false;
	if (ssh_get_serverbanner(s->ses) != NULL)
		return 0; /* libssh was here before us: what has come is the key exchange */
	if (memcmp(said, "SSH-", len < 4 ? len : 4) == 0)
		return 0;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)said[i] < 0x20 || (unsigned char)said[i] > 0x7e)
			said[i] = said[i] == '\r' || said[i] == '\n' ? '\0' : '?';
	said[len] = '\0';
	/* What sshd says when too many connect at once: 9.2, and newer ones. */
	if (strcmp(said, "Exceeded MaxStartups") == 0 ||
	    strcmp(said, "Not allowed at this time") == 0)
		return gsp_err_set(err, GSP_ETEMP, "%s is too busy for ssh: '%s'", s->where, said);
	return gsp_err_set(err, GSP_EPROTO, "%s does not speak ssh, it says '%s'", s->where, said);
}

/* Wait for the socket while libssh says "again". ${doing} is for the message. */
static int
wait_again(struct gsp_ssh *s, int64_t deadline_ms, const char *doing, struct gsp_err *err)
{
	struct pollfd p[2] = {{.fd = -1}, {.fd = s->fd, .events = POLLIN}};

	/* libssh puts its socket into blocking mode once it is connected. */
	if (fcntl(s->fd, F_SETFL, O_NONBLOCK) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot set up the connection");
	if (ssh_get_poll_flags(s->ses) & SSH_WRITE_PENDING)
		p[1].events |= POLLOUT;
	gsp_ssh_tcp_quickack(s->fd);
	while (p[1].revents == 0) {
		if (gsp_now_ms() >= deadline_ms)
			return gsp_err_set(err, GSP_ETEMP, "%s timed out while %s", s->where, doing);
		if (gsp_ssh_poll(p, 2, deadline_ms, err) == -1)
			return -1;
	}
	return 0;
}

static int
bad_hostkey(struct gsp_err *err, const struct gsp_ssh *s, const char *what)
{
	gsp_err_set(err, GSP_EAUTH,
	    "WRONG HOST KEY: %s %s. Either this is another machine, or somebody is in between; "
	    "nothing was sent to it",
	    s->where, what);
	err->detail = GSP_SSH_BAD_HOSTKEY;
	return -1;
}

static int
handshake(struct gsp_ssh *s, int64_t deadline_ms, struct gsp_err *err)
{
	bool first = true, gone = false;
	int rc;

	while ((rc = ssh_connect(s->ses)) == SSH_AGAIN) {
		if (wait_again(s, deadline_ms, "the ssh connection was being set up", err) == -1 ||
		    look_ahead(s, &first, &gone, err) == -1)
			return -1;
	}
	if (rc == SSH_OK)
		return 0;
	/*
	 * libssh has no code for "no common host key type", only these words; the method's name
	 * is its own, so the other side cannot put it there. A server without an ed25519 key is
	 * not the machine that was given one.
	 */
	if (strncmp(ssh_get_error(s->ses), "kex error : no match for method server host key", 47) ==
	    0)
		return bad_hostkey(err, s, "has no ed25519 host key, ours has one");
	/* where the hang-up came before our first look, libssh's own words are all there is */
	if (gone || strncmp(ssh_get_error(s->ses), "Socket error:", 13) == 0)
		return gsp_err_set(err, GSP_ETEMP, "%s hung up before ssh was set up", s->where);
	return gsp_err_set(err, GSP_EPROTO, "%s does not speak ssh as it should: %s", s->where,
	    gsp_ssh_why(s));
}

/* ${pinned}, or, when only that is known, the beginning of its hash. */
static bool
is_pinned(ssh_key theirs, ssh_key pinned, const char *hash40)
{
	char hex[65];

	if (ssh_key_type(theirs) != SSH_KEYTYPE_ED25519)
		return false;
	if (pinned != NULL)
		return ssh_key_cmp(theirs, pinned, SSH_KEY_CMP_PUBLIC) == 0;
	return gsp_ssh_key_hex(hex, theirs) == 0 && strncasecmp(hex, hash40, HASH_DIGITS) == 0;
}

static int
check_hostkey(struct gsp_ssh *s, ssh_key pinned, const char *hash40, struct gsp_err *err)
{
	ssh_key theirs = NULL;
	char *b64 = NULL;
	int rc = -1;

	if (ssh_get_server_publickey(s->ses, &theirs) != SSH_OK)
		return gsp_err_set(err, GSP_EPROTO, "%s showed no host key", s->where);
	if (!is_pinned(theirs, pinned, hash40))
		bad_hostkey(err, s, "shows another host key than the one it was given");
	else if (ssh_pki_export_pubkey_base64(theirs, &b64) != SSH_OK)
		gsp_err_set(err, GSP_ESYS, "out of memory");
	else {
		snprintf(s->host_key, sizeof(s->host_key), "ssh-ed25519 %s", b64);
		rc = 0;
	}
	ssh_string_free_char(b64);
	ssh_key_free(theirs);
	return rc;
}

static int
login(struct gsp_ssh *s, const struct gsp_ssh_opts *o, ssh_key key, int64_t deadline_ms,
    struct gsp_err *err)
{
	int rc;

	/* The signature goes out at once: no "none" and no "would you take this key" first. */
	while ((rc = key != NULL ? ssh_userauth_publickey(s->ses, NULL, key)
	                         : ssh_userauth_agent(s->ses, NULL)) == SSH_AUTH_AGAIN)
		if (wait_again(s, deadline_ms, "logging in", err) == -1)
			return -1;
	if (rc == SSH_AUTH_SUCCESS)
		return 0;
	if (rc == SSH_AUTH_ERROR || !ssh_is_connected(s->ses))
		return gsp_err_set(err, GSP_ETEMP, "%s hung up during the login: %s", s->where,
		    gsp_ssh_why(s));
	gsp_err_set(err, GSP_EAUTH, "%s refused the login of '%s' with key '%s'", s->where,
	    o->user, o->key_file != NULL ? o->key_file : "of the agent");
	err->detail = GSP_SSH_BAD_LOGIN;
	return -1;
}

/* From now on gsp_ssh_turn() drives the session. */
static int
settle(struct gsp_ssh *s, struct gsp_err *err)
{
	if (fcntl(s->fd, F_SETFL, O_NONBLOCK) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot set up the connection");
	ssh_set_counters(s->ses, &s->seen, NULL);
	s->ev = ssh_event_new();
	if (s->ev == NULL || ssh_event_add_session(s->ev, s->ses) != SSH_OK)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	s->ka_next_ms = gsp_now_ms() + gsp_ssh_keepalive_ms;
	return 0;
}

static int
load_login_key(ssh_key *key, const char *path, struct gsp_err *err)
{
	int rc;

	if (path == NULL) /* the agent has it */
		return 0;
	rc = ssh_pki_import_privkey_file(path, NULL, NULL, NULL, key);
	if (rc == SSH_OK)
		return 0;
	if (rc == SSH_EOF)
		return gsp_err_set(err, GSP_EIO, "cannot read the ssh login key '%s'", path);
	return gsp_err_set(err, GSP_ECONFIG,
	    "'%s' is not a private ssh key without a passphrase", path);
}

/* The one key that will be accepted; *out stays NULL if only its hash is known. */
static int
load_pinned(ssh_key *out, const struct gsp_ssh_opts *o, struct gsp_err *err)
{
	if (o->host_key == NULL) {
		if (o->host_key_hash40 == NULL || strlen(o->host_key_hash40) != HASH_DIGITS ||
		    strspn(o->host_key_hash40, "0123456789abcdefABCDEF") != HASH_DIGITS)
			return gsp_err_set(err, GSP_ECONFIG, "no host key is known for '%s'", o->host);
		return 0;
	}
	if (gsp_ssh_key_parse(out, o->host_key, err) == -1)
		return -1;
	if (ssh_key_type(*out) != SSH_KEYTYPE_ED25519)
		return gsp_err_set(err, GSP_ECONFIG, "the host key of '%s' must be ssh-ed25519",
		    o->host);
	return 0;
}

static ino_t
inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static int
open_once(struct gsp_ssh **out, const struct gsp_ssh_opts *o, int64_t tcp_deadline_ms,
    int64_t deadline_ms, struct gsp_err *err)
{
	struct gsp_ssh *s = NULL;
	ssh_key pinned = NULL, key = NULL;
	int rc = -1;

	if (start_libssh(err) == -1 || load_pinned(&pinned, o, err) == -1 ||
	    load_login_key(&key, o->key_file, err) == -1)
		goto out;
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	s->fd = -1;
	snprintf(s->where, sizeof(s->where), "'%s' port %u", o->host, o->port);
	s->ses = ssh_new();
	if (s->ses == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	if (gsp_ssh_tcp_connect(&s->fd, o->host, o->port, tcp_deadline_ms, err) == -1)
		goto out;
	s->inode = inode_of(s->fd);
	if (set_options(s, o, err) == -1 || handshake(s, deadline_ms, err) == -1 ||
	    check_hostkey(s, pinned, o->host_key_hash40, err) == -1 ||
	    login(s, o, key, deadline_ms, err) == -1 || settle(s, err) == -1)
		goto out;
	*out = s;
	s = NULL;
	rc = 0;
out:
	gsp_ssh_close(s);
	ssh_key_free(key);
	ssh_key_free(pinned);
	return rc;
}

static int64_t
connect_budget(const struct gsp_ssh_opts *o)
{
	return o->connect_ms > 0 ? o->connect_ms : CONNECT_MS;
}

int
gsp_ssh_open(struct gsp_ssh **out, const struct gsp_ssh_opts *o, struct gsp_err *err)
{
	int64_t start = gsp_now_ms(), deadline_ms = start + connect_budget(o);

	if (open_once(out, o, deadline_ms, deadline_ms, err) == -1)
		return -1;
	gsp_debug("ssh to %s: logged in after %" PRId64 " ms, %s", (*out)->where,
	    gsp_now_ms() - start, ssh_get_cipher_out((*out)->ses));
	return 0;
}

/* Worth another try on a machine that is still starting. */
static bool
may_pass(const struct gsp_err *err)
{
	return err->code == GSP_ETEMP || err->code == GSP_EPROTO ||
	    (err->code == GSP_EAUTH && err->detail != GSP_SSH_BAD_HOSTKEY);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int
gsp_ssh_open_wait(struct gsp_ssh **out, const struct gsp_ssh_opts *o, int64_t deadline_ms,
    struct gsp_err *err)
{
	char said[GSP_ERR_MAX] = "", span[32];
	int64_t start = gsp_now_ms(), delay = WAIT_FIRST_MS, now;

	for (;;) {
		now = gsp_now_ms();
		if (open_once(out, o, earlier(now + WAIT_TCP_MS, deadline_ms),
			earlier(now + connect_budget(o), deadline_ms), err) == 0)
			break;
		if (!may_pass(err))
			return -1;
		if (strcmp(said, err->msg) != 0) {
			snprintf(said, sizeof(said), "%s", err->msg);
			gsp_debug("waiting for ssh: %s", said);
		}
		if (gsp_now_ms() + delay >= deadline_ms)
			return gsp_err_wrap(err, "gave up waiting for ssh after %s",
			    gsp_num_span(span, sizeof(span), (gsp_now_ms() - start) / 1000));
		if (gsp_sleep_ms(delay, err) == -1)
			return -1;
		delay = earlier(delay + delay / 2, WAIT_LAST_MS);
	}
	gsp_debug("ssh to %s: logged in after waiting %" PRId64 " ms", (*out)->where,
	    gsp_now_ms() - start);
	return 0;
}

const char *
gsp_ssh_host_key(const struct gsp_ssh *s)
{
	return s->host_key;
}

void
gsp_ssh_close(struct gsp_ssh *s)
{
	if (s == NULL)
		return;
	assert(!s->busy);
	if (s->ev != NULL) {
		ssh_event_remove_session(s->ev, s->ses);
		ssh_event_free(s->ev);
	}
	if (s->ses != NULL) {
		ssh_disconnect(s->ses);
		ssh_free(s->ses);
	}
	/* libssh leaves a socket it was given open, except after an error in writing: then the
	 * number may be somebody else's by now. */
	if (s->fd != -1 && inode_of(s->fd) == s->inode)
		close(s->fd);
	free(s);
}
