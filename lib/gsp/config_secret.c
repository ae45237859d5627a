/* gsp/config: the API token, and the owners' public keys. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gsp/config.h"
#include "gsp/config_parts.h"
#include "sys/io.h"
#include "sys/proc.h"

#include "base/banned.h"

#define COMMAND_MS 120000 /* of token_command: somebody may have to type; where nobody is, a down hangs */

enum { RAW_MAX = 4096, KEY_FILE_MAX = 65536, KEY_LINE_MAX = 16384 };

void
gsp_token_wipe(struct gsp_buf *token)
{
	if (token->data != NULL)
		explicit_bzero(token->data, token->cap);
	gsp_buf_release(token);
}

/* The first line, which must look like a token, into ${out}. ${from} says where it is from, ${noun}
 * what it is. */
static int
take_token(struct gsp_buf *out, const char *raw, const char *from, const char *noun,
    struct gsp_err *err)
{
	size_t n = strcspn(raw, "\r\n");

	while (n > 0 && (raw[n - 1] == ' ' || raw[n - 1] == '\t'))
		n--;
	if (n == 0)
		return raw[strspn(raw, " \t\r\n")] == '\0'
		    ? gsp_err_set(err, GSP_EAUTH, "%s: the %s is empty", from, noun)
		    : gsp_err_set(err, GSP_EAUTH, "%s: line 1 is blank; the %s belongs there", from, noun);
	if (strncmp(raw, "\xef\xbb\xbf", 3) == 0)
		return gsp_err_set(err, GSP_EAUTH, "%s: line 1 begins with a byte order mark; save it as "
		    "plain text, with the %s and nothing else", from, noun);
	if (raw[0] == '"' || raw[0] == '\'')
		return gsp_err_set(err, GSP_EAUTH, "%s: line 1 begins with a quote; the %s belongs there as it "
		    "is, without quotes", from, noun);
	if (n > GSP_TOKEN_MAX)
		return gsp_err_set(err, GSP_EAUTH, "%s: line 1 is longer than a %s can be (%d bytes)",
		    from, noun, GSP_TOKEN_MAX);
	for (size_t i = 0; i < n; i++)
		if (raw[i] <= ' ' || raw[i] > '~')
			return gsp_err_set(err, GSP_EAUTH, "%s: line 1 holds a blank or a character that is "
			    "in no %s (at byte %zu); the %s belongs there alone", from, noun, i + 1, noun);
	gsp_token_wipe(out);
	gsp_buf_add(out, raw, n);
	return gsp_buf_ok(out) ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}

static int
read_secret(char *raw, size_t size, int fd, const char *path, struct gsp_err *err)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1) {
		n = read(fd, raw + len, size - 1 - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s'", path);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	raw[len] = '\0';
	return 0;
}

int
gsp_secret_from_file(struct gsp_buf *out, const char *path, const char *key, const char *noun,
    struct gsp_err *err)
{
	char raw[RAW_MAX];
	struct stat st;
	struct gsp_buf from = GSP_BUF_INIT(GSP_PATH_BUF);
	int fd, rc = -1;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) == -1)
		return gsp_err_sys(err, GSP_EAUTH, errno, "cannot open %s '%s'", key, path);
	if (fstat(fd, &st) == -1)
		(void)gsp_err_sys(err, GSP_EIO, errno, "cannot look at '%s'", path);
	else if (!S_ISREG(st.st_mode))
		(void)gsp_err_set(err, GSP_EAUTH, "%s '%s' is no regular file", key, path);
	else if (st.st_uid != geteuid())
		(void)gsp_err_set(err, GSP_EAUTH, "%s '%s' belongs to another user", key, path);
	else if ((st.st_mode & 077) != 0)
		(void)gsp_err_set(err, GSP_EAUTH,
		    "%s '%s' can be read by others; run: chmod 600 '%s'", key, path, path);
	else if (read_secret(raw, sizeof(raw), fd, path, err) == 0) {
		gsp_buf_addf(&from, "%s '%s'", key, path);
		rc = take_token(out, raw, gsp_buf_str(&from), noun, err);
	}
	gsp_buf_release(&from);
	explicit_bzero(raw, sizeof(raw));
	close(fd);
	return rc;
}

static int
token_from_file(struct gsp_buf *out, const char *path, struct gsp_err *err)
{
	if (gsp_secret_from_file(out, path, "token_file", "token", err) == 0)
		return 0;
	return access(path, F_OK) == 0
	    ? -1
	    : gsp_err_hint(err, "put the API token there (mode 0600), or set LINODE_TOKEN");
}

int
gsp_secret_from_command(struct gsp_buf *out, const char *dir, const struct gsp_argv *command,
    struct gsp_err *err)
{
	struct gsp_buf raw = GSP_BUF_INIT(RAW_MAX), program = GSP_BUF_INIT(GSP_PATH_BUF);
	const char **argv = calloc(command->n + 1, sizeof(*argv));
	const char *name = command->v[0];
	int status, rc = -1;

	/* all its room at once: growing would leave copies of the token behind */
	if (argv == NULL || gsp_buf_reserve(&raw, RAW_MAX - 1) == NULL) {
		(void)gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	gsp_buf_adds(&raw, "");
	for (size_t i = 0; i < command->n; i++)
		argv[i] = command->v[i];
	if (strchr(name, '/') != NULL) { /* a path, not a name for PATH: as in token_file */
		gsp_home_expand(&program, dir, name);
		argv[0] = gsp_buf_str(&program);
	}
	if (gsp_proc_run_for(argv, &raw, COMMAND_MS, &status, err) == -1) {
		(void)gsp_err_wrap(err, "token_command '%s'", name);
		goto out;
	}
	if (status != 0)
		(void)gsp_err_set(err, GSP_EAUTH, "token_command '%s' ended with status %d", name,
		    status);
	else
		rc = take_token(out, gsp_buf_str(&raw), "token_command", "token", err);
out:
	free(argv);
	gsp_token_wipe(&raw);
	gsp_buf_release(&program);
	return rc;
}

int
gsp_home_token(const struct gsp_home *h, struct gsp_buf *out, struct gsp_err *err)
{
	const char *env = getenv("LINODE_TOKEN");

	if (env != NULL && *env != '\0')
		return take_token(out, env, "LINODE_TOKEN", "token", err);
	if (h->token_file != NULL)
		return token_from_file(out, h->token_file, err);
	if (h->token_command.n > 0)
		return gsp_secret_from_command(out, h->dir, &h->token_command, err);
	return gsp_err_set(err, GSP_EAUTH,
	    "no API token: set LINODE_TOKEN, or linode: {token_file: token} in '%s/gsp.yaml'",
	    h->dir);
}

static int
base64_value(char c)
{
	static const char set[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c != '\0' ? strchr(set, c) : NULL;

	return p != NULL ? (int)(p - set) : -1;
}

/*
 * The text must be base64, and begin with the length of the type's name and that name.
 * Source: RFC 4253 section 6.6.
 */
static bool
key_blob_ok(const char *text, size_t len, const char *type, size_t type_len)
{
	unsigned char head[64];
	size_t n = 0, pad = 0, digits;
	unsigned bits = 0, have = 0;

	while (pad < 2 && len > pad && text[len - 1 - pad] == '=')
		pad++;
	if (len % 4 != 0 || len < 32)
		return false;
	digits = len - pad;
	for (size_t i = 0; i < digits; i++) {
		int v = base64_value(text[i]);

		if (v == -1)
			return false;
		bits = (bits << 6 | (unsigned)v) & 0xffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			if (n < sizeof(head))
				head[n++] = (unsigned char)(bits >> have & 0xff);
		}
	}
	return n >= 4 + type_len && head[0] == 0 && head[1] == 0 && head[2] == 0 &&
	    head[3] == type_len && memcmp(head + 4, type, type_len) == 0;
}

/* One line of a public key file: "type base64 comment". NULL if good, else why not. */
static const char *
check_key_line(const char *line)
{
	/* Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT; DSA is gone */
	static const char *const types[] = {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256",
	    "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com",
	    "sk-ecdsa-sha2-nistp256@openssh.com", NULL};
	size_t n = strcspn(line, " \t"), i;
	const char *blob;

	if (strncmp(line, "-----BEGIN", 10) == 0)
		return "this is a private key; name the .pub file beside it";
	for (i = 0; types[i] != NULL; i++)
		if (strlen(types[i]) == n && strncmp(line, types[i], n) == 0)
			break;
	if (types[i] == NULL)
		return "not a public key such as 'ssh-ed25519 AAAA... you@home'";
	blob = line + n + strspn(line + n, " \t");
	if (!key_blob_ok(blob, strcspn(blob, " \t"), types[i], n))
		return "the key is damaged: its base64 text does not fit its type";
	for (; *line != '\0'; line++)
		if ((unsigned char)*line < ' ' && *line != '\t')
			return "control characters";
	return NULL;
}

static int
keys_from_file(struct gsp_argv *keys, const char *path, struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(KEY_FILE_MAX);
	size_t before = keys->n, lineno = 0;
	char *line, *next;
	const char *why;
	int rc = -1;

	if (gsp_io_read_file(&text, path, err) == -1) {
		err->code = GSP_ECONFIG;
		(void)gsp_err_wrap(err, "ssh_keys");
		goto out;
	}
	for (line = text.data; line != NULL && *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next == '\n')
			*next++ = '\0';
		lineno++;
		line[strcspn(line, "\r")] = '\0';
		line += strspn(line, " \t");
		if (*line == '\0' || *line == '#')
			continue;
		if (strlen(line) > KEY_LINE_MAX || (why = check_key_line(line)) != NULL) {
			(void)gsp_err_set(err, GSP_ECONFIG, "ssh_keys: %s:%zu: %s", path, lineno,
			    strlen(line) > KEY_LINE_MAX ? "longer than a key can be" : why);
			goto out;
		}
		gsp_argv_push(keys, line);
	}
	if (keys->failed)
		(void)gsp_err_set(err, GSP_ESYS, "out of memory");
	else if (keys->n == before)
		(void)gsp_err_set(err, GSP_ECONFIG, "ssh_keys: no key in '%s'", path);
	else
		rc = 0;
out:
	gsp_buf_release(&text);
	return rc;
}

int
gsp_home_ssh_keys(struct gsp_argv *keys, const struct gsp_home *h, struct gsp_err *err)
{
	struct gsp_argv found = GSP_ARGV_INIT;

	for (size_t i = 0; i < h->ssh_key_files.n; i++)
		if (keys_from_file(&found, h->ssh_key_files.v[i], err) == -1) {
			gsp_argv_release(&found);
			return -1;
		}
	*keys = found;
	return 0;
}
