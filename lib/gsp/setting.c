#include "gsp/setting.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/num.h"
#include "base/utf8.h"
#include "gsp/config.h"

#include "base/banned.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"
#define ALNUM LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGIT

enum {
	PATH_MAX_BYTES = 512,
	DIR_MAX_BYTES = 200,
	ENV_NAME_MAX = 128,
	ENV_VALUE_MAX = 32768,
	URL_MAX = 512,
	KNOWN_MAX = 64, /* keys of one map */
	SHOWN_MAX = 64  /* bytes of a bad value in a message */
};

static bool
all_of(const char *s, const char *set)
{
	return s[strspn(s, set)] == '\0';
}

static bool
in_list(const char *s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(s, *list) == 0)
			return true;
	return false;
}

/* ${path} is ${top} or below it. */
static bool
below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* Control characters, and what is no UTF-8. */
static bool
printable(const char *s, bool tabs)
{
	for (size_t n; *s != '\0'; s += n) {
		n = tabs && *s == '\t' ? 1 : gsp_utf8_plain(s);
		if (n == 0)
			return false;
	}
	return true;
}

bool
gsp_server_name_ok(const char *name)
{
	return gsp_setting_server_name(name) == NULL;
}

const char *
gsp_setting_server_name(const char *s)
{
	size_t n = strlen(s);

	/* Source: labels and tags of the Linode API v4 */
	if (n < 2 || n > GSP_SERVER_NAME_MAX)
		return "a server name has 2 to 28 characters";
	if (strchr(LOWER, s[0]) == NULL || !all_of(s, LOWER DIGIT "-"))
		return "a server name is a lower-case letter, then letters, digits and '-'";
	if (strstr(s, "--") != NULL || s[n - 1] == '-')
		return "a server name has no '--' and no '-' at its end";
	return NULL;
}

const char *
gsp_setting_home_id(const char *s)
{
	if (strlen(s) != GSP_HOME_ID_LEN || !all_of(s, LOWER DIGIT))
		return "must be 8 lower-case letters and digits, as gsp-init makes it";
	return NULL;
}

const char *
gsp_setting_region(const char *s)
{
	if (*s == '\0' || strchr(LOWER, *s) == NULL || strlen(s) > 32 || !all_of(s, LOWER DIGIT "-"))
		return "not the id of a region, such as us-ord";
	return NULL;
}

const char *
gsp_setting_type(const char *s)
{
	if (*s == '\0' || *s == '-' || strlen(s) > 48 || !all_of(s, LOWER DIGIT "-."))
		return "not the id of a plan, such as g6-standard-4";
	return NULL;
}

const char *
gsp_setting_image(const char *s)
{
	const char *slash = strchr(s, '/');

	if (slash == NULL || strlen(s) > 64 ||
	    ((slash - s != 6 || strncmp(s, "linode", 6) != 0) &&
		(slash - s != 7 || strncmp(s, "private", 7) != 0)) ||
	    slash[1] == '\0' || !all_of(slash + 1, ALNUM "._-"))
		return "not an image, such as linode/debian12 or private/123";
	return NULL;
}

const char *
gsp_setting_user(const char *s)
{
	static const char *const taken[] = {"root", "daemon", "bin", "sys", "sync", "mail", "man",
	    "news", "proxy", "backup", "list", "irc", "nobody", "sshd", "messagebus", "dhcpcd",
	    "polkitd", "_apt", "www-data", NULL};

	if (*s == '\0' || strchr(LOWER "_", *s) == NULL || strlen(s) > 32 ||
	    !all_of(s, LOWER DIGIT "_-"))
		return "not a user name: a lower-case letter or '_', then letters, digits, '_', '-'";
	if (in_list(s, taken) || strncmp(s, "systemd-", 8) == 0)
		return "a user of the system; name one for the game alone, such as game";
	return NULL;
}

/* No empty, "." or ".." component. */
static bool
clean(const char *s)
{
	for (;;) {
		size_t n = strcspn(s, "/");

		if (n == 0 || (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
			return false;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}

const char *
gsp_setting_dir(const char *s)
{
	/* `dir` and all below it is given to the game's user, so it must be nobody else's */
	static const char *const system_trees[] = {"/bin", "/boot", "/dev", "/etc", "/lib",
	    "/lib32", "/lib64", "/libx32", "/lost+found", "/opt/gsp", "/proc", "/root", "/run",
	    "/sbin", "/sys", "/tmp", "/usr", NULL};
	static const char *const var_for_games[] = {"/var/games/", "/var/opt/", "/var/local/", NULL};
	size_t i;

	if (*s != '/')
		return "must be an absolute path, such as /srv/vanilla";
	if (strlen(s) > DIR_MAX_BYTES)
		return "longer than 200 bytes";
	if (!all_of(s, ALNUM "._/+-"))
		return "only letters, digits and . _ + - / may be in it";
	if (!clean(s + 1))
		return "must be clean: no '//', '.', '..', and no '/' at the end";
	if (strchr(s + 1, '/') == NULL)
		return "must be two levels deep or more, such as /srv/vanilla";
	for (i = 0; system_trees[i] != NULL; i++)
		if (below(s, system_trees[i]))
			return "a system directory; take one under /srv, /opt, /home or /var/games";
	if (below(s, "/var")) {
		for (i = 0; var_for_games[i] != NULL; i++)
			if (strncmp(s, var_for_games[i], strlen(var_for_games[i])) == 0)
				return NULL;
		return "a system directory; in /var only games/, opt/ and local/ have room for one";
	}
	return NULL;
}

const char *
gsp_setting_path(char out[GSP_SETTING_NORM_MAX], const char *text)
{
	size_t n = strlen(text);

	if (n == 0)
		return "empty path";
	if (text[0] == '/')
		return "must be relative to the server directory, without '/' at the start";
	if (n > PATH_MAX_BYTES)
		return "longer than 512 bytes";
	if (!printable(text, false))
		return "control characters, or not UTF-8";
	if (strpbrk(text, "*?[\\") != NULL)
		return "paths are literal: no patterns (* ? [ \\)";
	memcpy(out, text, n + 1);
	if (out[n - 1] == '/')
		out[n - 1] = '\0';
	if (!clean(out))
		return "must be clean: no '//', '.' or '..'";
	return NULL;
}

const char *
gsp_setting_env_name(const char *s)
{
	if (*s == '\0' || isdigit((unsigned char)*s) || !all_of(s, ALNUM "_") ||
	    strlen(s) > ENV_NAME_MAX)
		return "not the name of a variable: letters, digits and '_', no digit first";
	if (strncmp(s, "GSP_", 4) == 0 || strcmp(s, "HOME") == 0 || strcmp(s, "PATH") == 0)
		return "GSP_*, HOME and PATH are set by gsp";
	return NULL;
}

const char *
gsp_setting_env_value(const char *s)
{
	if (strlen(s) > ENV_VALUE_MAX)
		return "longer than 32768 bytes";
	if (!printable(s, true))
		return "newlines and other control characters cannot be in a variable here";
	return NULL;
}

const char *
gsp_setting_url(const char *s)
{
	const char *host;
	size_t n;

	if (strlen(s) > URL_MAX || !printable(s, false) || strpbrk(s, " \"'<>\\@?#") != NULL)
		return "not a plain url: no user, query, blank or quote";
	if (strncmp(s, "https://", 8) == 0) {
		host = s + 8;
		return *host == '\0' || *host == '/' || *host == ':' ? "no host" : NULL;
	}
	if (strncmp(s, "http://", 7) != 0)
		return "must start with https://";
	host = s + 7;
	n = strcspn(host, "/:");
	if (strncmp(host, "[::1]", 5) == 0 && (host[5] == '\0' || strchr("/:", host[5]) != NULL))
		return NULL;
	if (n == 9 && strncmp(host, "localhost", 9) == 0)
		return NULL;
	if (n < 16) {
		char addr[16];
		struct in_addr in;

		memcpy(addr, host, n);
		addr[n] = '\0';
		if (inet_pton(AF_INET, addr, &in) == 1 && (ntohl(in.s_addr) >> 24) == 127)
			return NULL;
	}
	return "plain http sends the token in the open: only to 127.0.0.1, [::1] or localhost";
}

const char *
gsp_setting_cidr(char out[GSP_SETTING_NORM_MAX], const char *text)
{
	char addr[INET6_ADDRSTRLEN];
	unsigned char bin[16];
	const char *slash = strchr(text, '/');
	size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);
	bool v6 = memchr(text, ':', n) != NULL;
	uint64_t bits = v6 ? 128 : 32;

	if (n >= sizeof(addr))
		return "not a network such as 198.51.100.0/24 or 2001:db8::/32";
	memcpy(addr, text, n);
	addr[n] = '\0';
	if (inet_pton(v6 ? AF_INET6 : AF_INET, addr, bin) != 1 ||
	    (slash != NULL &&
		(gsp_num_u64(&bits, slash + 1, 0, bits) == -1 || (slash[1] == '0' && slash[2]))))
		return "not a network such as 198.51.100.0/24 or 2001:db8::/32";
	for (size_t i = (size_t)bits; i < (v6 ? 128U : 32U); i++)
		if (bin[i / 8] & (0x80U >> (i % 8)))
			return "bits are set behind the prefix length: 198.51.100.7/24 would be "
			       "198.51.100.0/24, or /32 for one address";
	(void)snprintf(out, GSP_SETTING_NORM_MAX, "%s/%u", addr, (unsigned)bits);
	return NULL;
}

/* Digits alone, but no port. */
static bool
out_of_range(const char *part)
{
	uint64_t ignored;

	return *part != '\0' && all_of(part, DIGIT) &&
	    (part[0] == '0' ? part[1] == '\0' : gsp_num_u64(&ignored, part, 1, 65535) == -1);
}

const char *
gsp_setting_port(struct gsp_port *out, const char *text)
{
	static const char bad[] = "not ports such as 25565/tcp or 2456-2458/udp";
	const char *slash = strchr(text, '/');
	char part[16], *dash;
	uint64_t first, last;
	bool udp;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(part))
		return bad;
	udp = strcmp(slash, "/udp") == 0;
	if (!udp && strcmp(slash, "/tcp") != 0)
		return bad;
	memcpy(part, text, (size_t)(slash - text));
	part[slash - text] = '\0';
	if ((dash = strchr(part, '-')) != NULL)
		*dash++ = '\0';
	if (out_of_range(part) || (dash != NULL && out_of_range(dash)))
		return "ports go from 1 to 65535";
	/* Source: Linode API v4, firewall rules: no leading zeros */
	if (part[0] == '0' || (dash != NULL && dash[0] == '0') ||
	    gsp_num_u64(&first, part, 1, 65535) == -1 ||
	    gsp_num_u64(&last, dash != NULL ? dash : part, 1, 65535) == -1)
		return bad;
	if (dash != NULL && first >= last)
		return "a range goes from a lower port to a higher one";
	if (!udp && first <= 22 && last >= 22)
		return "22/tcp is ssh: 'ssh_from' says who may reach it";
	out->first = (uint16_t)first;
	out->last = (uint16_t)last;
	out->udp = udp;
	return NULL;
}

bool
gsp_setting_overlap(const char *a, const char *b)
{
	return below(a, b) || below(b, a);
}

static int
unknown_key(const struct gsp_setting_key *keys, const struct gsp_yaml *v, const char *what,
    struct gsp_err *err)
{
	const char *known[KNOWN_MAX + 1], *near;
	size_t n;

	for (n = 0; keys[n].name != NULL; n++) {
		assert(n < KNOWN_MAX);
		known[n] = keys[n].name;
	}
	known[n] = NULL;
	near = gsp_nearest(v->key, known);
	if (near != NULL)
		return gsp_yaml_key_err(err, v, "unknown key '%.*s' in %s; did you mean '%s'?",
		    SHOWN_MAX, v->key, what, near);
	(void)gsp_yaml_key_err(err, v, "unknown key '%.*s' in %s", SHOWN_MAX, v->key, what);
	(void)gsp_err_hint(err, "known:");
	for (n = 0; known[n] != NULL; n++) {
		size_t len = strlen(err->msg);

		(void)snprintf(err->msg + len, sizeof(err->msg) - len, "%s %s", n ? "," : "",
		    known[n]);
	}
	return -1;
}

int
gsp_setting_apply(const struct gsp_setting_key *keys, const struct gsp_yaml *map,
    const char *what, void *ctx, struct gsp_err *err)
{
	const struct gsp_setting_key *k;
	const struct gsp_yaml *v;

	if (map == NULL || gsp_yaml_is_null(map))
		return 0;
	if (map->kind != GSP_YAML_MAP)
		return gsp_yaml_err(err, map, "%s must be a map of keys and values", what);
	for (v = map->first; v != NULL; v = v->next) {
		for (k = keys; k->name != NULL && strcmp(k->name, v->key) != 0; k++)
			;
		if (k->name == NULL)
			return unknown_key(keys, v, what, err);
		if (k->set(ctx, v, err) == -1)
			return -1;
	}
	return 0;
}

int
gsp_setting_text(const char **out, const struct gsp_yaml *v, gsp_setting_check *check,
    struct gsp_err *err)
{
	const char *why;

	if (v->kind != GSP_YAML_SCALAR)
		return gsp_yaml_err(err, v, "a single value is wanted here");
	if (gsp_yaml_is_null(v))
		return gsp_yaml_err(err, v, "no value");
	if (check != NULL && (why = check(v->text)) != NULL)
		return gsp_yaml_err(err, v, "'%.*s': %s", SHOWN_MAX, v->text, why);
	*out = v->text;
	return 0;
}

const struct gsp_yaml *
gsp_setting_item(const struct gsp_yaml *v, size_t i)
{
	const struct gsp_yaml *c;

	if (v->kind != GSP_YAML_LIST)
		return i == 0 ? v : NULL;
	for (c = v->first; c != NULL && i > 0; c = c->next)
		i--;
	return c;
}

int
gsp_setting_seconds(int64_t *out, const struct gsp_yaml *v, int64_t min_s, int64_t max_s,
    const char *such, struct gsp_err *err)
{
	const char *text = "";
	int64_t s;

	if (gsp_setting_text(&text, v, NULL, err) == -1)
		return -1;
	/* 5 of what? */
	if (v->line > 0 && text[strspn(text, "0")] != '\0' && text[strspn(text, "0123456789")] == '\0')
		return min_s < 60
		    ? gsp_yaml_err(err, v, "'%.20s' has no unit; write %.20ss, %.20sm or %.20sh", text, text,
		          text, text)
		    : gsp_yaml_err(err, v, "'%.20s' has no unit; write %.20sm or %.20sh", text, text, text);
	if (gsp_num_duration_s(&s, text, max_s) == -1 || s < min_s)
		return gsp_yaml_err(err, v, "'%.64s': not a time such as %s", text, such);
	*out = s;
	return 0;
}

int
gsp_setting_seconds_or_never(int64_t *out, const struct gsp_yaml *v, int64_t min_s, int64_t max_s,
    const char *such, struct gsp_err *err)
{
	const char *text = "";

	if (gsp_setting_text(&text, v, NULL, err) == -1)
		return -1;
	if (strcmp(text, "never") != 0)
		return gsp_setting_seconds(out, v, min_s, max_s, such, err);
	*out = 0;
	return 0;
}

int
gsp_setting_list(struct gsp_argv *out, const struct gsp_yaml *v, gsp_setting_check *check,
    gsp_setting_norm *norm, size_t max, struct gsp_err *err)
{
	char form[GSP_SETTING_NORM_MAX];
	const struct gsp_yaml *c;
	const char *text, *why;

	gsp_argv_release(out);
	if (v->kind == GSP_YAML_MAP)
		return gsp_yaml_err(err, v, "a list is wanted here, such as [a, b]");
	if (gsp_yaml_is_null(v))
		return gsp_yaml_err(err, v, "no value; an empty list is written []");
	for (c = v->kind == GSP_YAML_LIST ? v->first : v; c != NULL; c = c->next) {
		if (out->n == max)
			return gsp_yaml_err(err, c, "more than %zu entries", max);
		if (gsp_setting_text(&text, c, check, err) == -1)
			return -1;
		if (norm != NULL) {
			if ((why = norm(form, text)) != NULL)
				return gsp_yaml_err(err, c, "'%.*s': %s", SHOWN_MAX, text, why);
			text = form;
		}
		if (gsp_argv_has(out, text))
			return gsp_yaml_err(err, c, "'%.*s' is there twice", SHOWN_MAX, text);
		gsp_argv_push(out, text);
		if (v->kind != GSP_YAML_LIST)
			break; /* its siblings are other keys */
	}
	return !out->failed ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}
