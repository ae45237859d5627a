/*
 * gsp/config: the home and its settings, checked before anybody acts on them.
 *
 * A home is the directory that holds gsp.yaml; servers/<name>/server.yaml describes one
 * server. Keys, forms and defaults: gsp.yaml(5), server.yaml(5). Every message about a file
 * reads "file:line:column: why".
 *
 * Units: seconds in timeouts. Paths in lists are relative, clean, without a trailing slash.
 * Ownership: what a struct points to belongs to it. A gsp_argv list is NULL-terminated, and
 * its v is NULL when n is 0.
 * Errors, all functions: GSP_ECONFIG for a bad setting, GSP_EAUTH for the wrong user or a
 * secret others can read, GSP_EUNAVAIL for an unknown server, GSP_EIO.
 */
#ifndef GSP_GSP_CONFIG_H
#define GSP_GSP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/argv.h"
#include "base/buf.h"
#include "base/err.h"
#include "fmt/json.h"
#include "gsp/config_discord.h"
#include "gsp/config_dns.h"
#include "gsp/config_notify.h"
#include "gsp/config_policy.h"
#include "gsp/config_stop.h"
#include "linode/firewall.h" /* struct gsp_port */

#define GSP_SERVER_NAME_MAX 28 /* "gsp-" and the name fit a firewall label of 32 (Linode API v4) */
#define GSP_HOME_ID_LEN 8
#define GSP_HOME_DIR_MAX 1024 /* longest path of a home */
#define GSP_PATH_BUF 8192     /* ceiling for a buffer that takes a path below a home */
#define GSP_TOKEN_MAX 512     /* bytes; a Linode token has 64 */

struct gsp_yaml_doc;

struct gsp_home {
	char *dir;                        /* absolute, no symlinks */
	char id[GSP_HOME_ID_LEN + 1];
	char *api_url;                    /* no trailing slash; $GSP_LINODE_URL or gsp.yaml */
	struct gsp_argv ssh_key_files;    /* absolute paths, not read yet: gsp_home_ssh_keys() */
	char *token_file;                 /* absolute, or NULL */
	struct gsp_argv token_command;    /* empty: none */
	int64_t monthly_usd_1e4;          /* limits: for all servers together; -1: none */
	struct gsp_notify notify;         /* told of every server, and of the home */
	enum gsp_watch_who watch_by;      /* watch: by */
	struct gsp_discord_conf discord;  /* of the bot */
	struct gsp_yaml_doc *doc;         /* private: keeps `defaults:` */
};

struct gsp_timeouts {
	int64_t create_s, ssh_s, bootstrap_s, start_s, ready_s, stop_s, sync_s, dns_s;
};

struct gsp_server_conf {
	char name[GSP_SERVER_NAME_MAX + 1];
	struct gsp_argv regions;  /* one or more: the ladder */
	struct gsp_argv types;    /* one or more */
	char *image;
	struct gsp_port *ports;
	size_t nports;
	struct gsp_argv ssh_from; /* one or more CIDRs */
	char *user;
	char *dir;                /* on the machine: absolute, clean, no trailing slash */
	struct gsp_argv exclude, push;
	struct gsp_argv saves;    /* empty: the whole tree is one save path */
	struct gsp_argv env;      /* "NAME=value" */
	struct gsp_timeouts timeouts;
	struct gsp_policy policy;
	struct gsp_stop_rules stop;
	struct gsp_dns_conf dns;
	struct gsp_notify notify; /* besides the home's; not kept in the journal: those of now count */
};

/**
 * gsp_home_open(out, dir_option, err):
 * Find the home and load gsp.yaml: ${dir_option} if not NULL, else $GSP_HOME, the nearest
 * parent of the working directory with a gsp.yaml, ~/gsp, /var/lib/gsp.
 * Errors besides the above: GSP_ECONFIG when there is none; GSP_EAUTH when gsp.yaml belongs to
 * another user, or everybody may write it.
 */
int gsp_home_open(struct gsp_home **out, const char *dir_option, struct gsp_err *err);
void gsp_home_free(struct gsp_home *h);

/**
 * gsp_home_ssh_keys(keys, h, err):
 * Read the owners' public keys now: one "type base64 comment" line each. Only a tool that makes
 * a machine asks, so that a lost key file never keeps anybody from stopping one.
 * Release with gsp_argv_release().
 */
int gsp_home_ssh_keys(struct gsp_argv *keys, const struct gsp_home *h, struct gsp_err *err);

/**
 * gsp_home_token(h, out, err):
 * Get the API token: $LINODE_TOKEN, else token_file (a regular file, ours, nobody else's to
 * read), else the output of token_command. Read only when asked, so that a process holds only
 * the secret it needs. ${out} needs a ceiling above GSP_TOKEN_MAX; wipe it when done.
 * Errors: GSP_EAUTH when there is none or it may not be used; the token is in no message.
 */
int gsp_home_token(const struct gsp_home *h, struct gsp_buf *out, struct gsp_err *err);
void gsp_token_wipe(struct gsp_buf *token);

/** gsp_home_servers(h, names, err): all servers, sorted. Release with gsp_argv_release(). */
int gsp_home_servers(const struct gsp_home *h, struct gsp_argv *names, struct gsp_err *err);

/**
 * gsp_home_path(h, b, fmt, ...):
 * Put "<home>/<fmt>" into ${b} (reset first) and return it; borrowed from b. The formatted part
 * is names of ours, not text from outside: too long is a bug, asserted.
 */
const char *gsp_home_path(const struct gsp_home *h, struct gsp_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** gsp_home_server_path(h, b, server, rest): "<home>/servers/<server>/<rest>"; rest "" for none. */
const char *gsp_home_server_path(const struct gsp_home *h, struct gsp_buf *b,
    const char *server, const char *rest);

/** gsp_home_state_path(h, b, server, rest): "<home>/state/<server>/<rest>"; rest "" for none. */
const char *gsp_home_state_path(const struct gsp_home *h, struct gsp_buf *b, const char *server,
    const char *rest);

/** gsp_home_state_make(h, server, err): state/ and state/<server>/ exist, mode 0700. NULL server:
 * state/ alone. */
int gsp_home_state_make(const struct gsp_home *h, const char *server, struct gsp_err *err);

/** gsp_server_name_ok(name): [a-z][a-z0-9-]{1,27}, no "--", no "-" at the end. */
bool gsp_server_name_ok(const char *name);

/**
 * gsp_server_conf_load(out, h, name, err):
 * The settings of one server: built-in values, then `defaults:`, then its server.yaml.
 * Errors besides the above: GSP_EUNAVAIL "no such server" with the nearest or all known ones.
 */
int gsp_server_conf_load(struct gsp_server_conf **out, const struct gsp_home *h,
    const char *name, struct gsp_err *err);
void gsp_server_conf_free(struct gsp_server_conf *s);

/**
 * gsp_server_conf_to_json(s, obj):
 * Add every setting to the object ${obj}, for the journal of a session.
 */
void gsp_server_conf_to_json(const struct gsp_server_conf *s, struct gsp_json *obj);

/**
 * gsp_server_conf_from_json(out, name, obj, err):
 * Read back what _to_json wrote; checked as strictly as server.yaml. One of before there were leases
 * has none.
 */
int gsp_server_conf_from_json(struct gsp_server_conf **out, const char *name,
    const struct gsp_json *obj, struct gsp_err *err);

/** gsp_port_format(b, p): append "25565/tcp" or "2456-2458/udp". */
void gsp_port_format(struct gsp_buf *b, const struct gsp_port *p);

#endif
