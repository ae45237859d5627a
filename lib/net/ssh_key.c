/* net/ssh: making and checking keys. */
#include "net/ssh_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* OpenSSH breaks the text of a key after 70 characters; libssh does not. */
#define PEM_COLUMNS 70
#define LINE_MAX_BYTES 16384

static void
add_wrapped(struct gsp_buf *b, const char *pem)
{
	size_t column = 0;

	for (; *pem != '\0'; pem++) {
		if (*pem == '\n') {
			column = 0;
		} else if (column == PEM_COLUMNS) {
			gsp_buf_addc(b, '\n');
			column = 0;
		}
		if (*pem != '\n')
			column++;
		gsp_buf_addc(b, *pem);
	}
	if (column > 0)
		gsp_buf_addc(b, '\n');
}

static bool
is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

int
gsp_ssh_keygen(struct gsp_buf *private_pem, struct gsp_buf *public_line, const char *comment,
    struct gsp_err *err)
{
	ssh_key key = NULL;
	char *pem = NULL, *b64 = NULL;
	int rc = -1;

	if (!is_printable(comment))
		return gsp_err_set(err, GSP_EUSAGE, "a key's comment must be one line of text");
	if (ssh_init() != SSH_OK || ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) != SSH_OK ||
	    ssh_pki_export_privkey_base64(key, NULL, NULL, NULL, &pem) != SSH_OK ||
	    ssh_pki_export_pubkey_base64(key, &b64) != SSH_OK) {
		gsp_err_set(err, GSP_ESYS, "cannot make an ed25519 key");
		goto out;
	}
	add_wrapped(private_pem, pem);
	gsp_buf_addf(public_line, "ssh-ed25519 %s%s%s", b64, comment[0] != '\0' ? " " : "",
	    comment);
	if (!gsp_buf_ok(private_pem) || !gsp_buf_ok(public_line)) {
		gsp_err_set(err, GSP_ELIMIT, "a new ssh key does not fit its buffer");
		goto out;
	}
	rc = 0;
out:
	if (pem != NULL)
		explicit_bzero(pem, strlen(pem));
	ssh_string_free_char(pem);
	ssh_string_free_char(b64);
	ssh_key_free(key);
	return rc;
}

/* The kinds sshd takes in authorized_keys; a certificate is not one of them. */
static bool
is_key_type(const char *s)
{
	static const char *const types[] = {
	    "ssh-ed25519",
	    "ssh-rsa",
	    "ecdsa-sha2-nistp256",
	    "ecdsa-sha2-nistp384",
	    "ecdsa-sha2-nistp521",
	    "sk-ssh-ed25519@openssh.com",
	    "sk-ecdsa-sha2-nistp256@openssh.com",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(s, types[i]) == 0)
			return true;
	return false;
}

/* Split "TYPE BLOB [COMMENT]" inside ${line}. */
static bool
split_line(char *line, char **type, char **b64)
{
	size_t len = strlen(line);
	char *p;

	if (len > 0 && line[len - 1] == '\n')
		line[len - 1] = '\0';
	if (!is_printable(line))
		return false;
	*type = line;
	p = strchr(line, ' ');
	if (p == NULL)
		return false;
	*p++ = '\0';
	*b64 = p;
	p = strchr(p, ' ');
	if (p != NULL)
		*p = '\0';
	return is_key_type(*type) && **b64 != '\0';
}

int
gsp_ssh_key_parse(ssh_key *out, const char *public_line, struct gsp_err *err)
{
	struct gsp_buf copy = GSP_BUF_INIT(LINE_MAX_BYTES);
	char *line = NULL, *type = NULL, *b64 = NULL, *back = NULL;
	ssh_key key = NULL;
	int rc = -1;

	gsp_buf_adds(&copy, public_line);
	line = gsp_buf_ok(&copy) ? gsp_buf_take(&copy) : NULL;
	if (line == NULL || !split_line(line, &type, &b64)) {
		gsp_err_set(err, GSP_ECONFIG,
		    "'%.60s' is not an OpenSSH public key; one looks like 'ssh-ed25519 AAAA... name'",
		    public_line);
		goto out;
	}
	/* Written back and compared, so that the blob has no second spelling. */
	if (ssh_init() != SSH_OK ||
	    ssh_pki_import_pubkey_base64(b64, ssh_key_type_from_name(type), &key) != SSH_OK ||
	    ssh_pki_export_pubkey_base64(key, &back) != SSH_OK || strcmp(back, b64) != 0) {
		gsp_err_set(err, GSP_ECONFIG, "the ssh key '%s %.40s...' is damaged", type, b64);
		goto out;
	}
	*out = key;
	key = NULL;
	rc = 0;
out:
	ssh_string_free_char(back);
	ssh_key_free(key);
	free(line);
	gsp_buf_release(&copy);
	return rc;
}

int
gsp_ssh_key_hex(char hex[65], ssh_key key)
{
	unsigned char *hash = NULL;
	size_t len = 0;
	int rc = -1;

	if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) == 0 && len == 32) {
		for (size_t i = 0; i < len; i++)
			snprintf(hex + 2 * i, 3, "%02x", hash[i]);
		rc = 0;
	}
	ssh_clean_pubkey_hash(&hash);
	return rc;
}

int
gsp_ssh_key_hash(char hex[65], const char *public_line, struct gsp_err *err)
{
	ssh_key key = NULL;
	int rc;

	if (gsp_ssh_key_parse(&key, public_line, err) == -1)
		return -1;
	rc = gsp_ssh_key_hex(hex, key);
	if (rc == -1)
		gsp_err_set(err, GSP_ESYS, "cannot hash the ssh key '%.60s'", public_line);
	ssh_key_free(key);
	return rc;
}
