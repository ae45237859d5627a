/*
 * gsp/config_parts: what the files of gsp/config share with each other and with their tests.
 */
#ifndef GSP_GSP_CONFIG_PARTS_H
#define GSP_GSP_CONFIG_PARTS_H

#include "base/buf.h"
#include "base/err.h"
#include "fmt/yaml.h"
#include "gsp/config.h"

/**
 * gsp_home_parse(h, where, text, len, err):
 * Fill ${h}, whose dir is set, from the text of a gsp.yaml; ${where} names it in messages. The
 * environment is not looked at.
 */
int gsp_home_parse(struct gsp_home *h, const char *where, const char *text, size_t len,
    struct gsp_err *err);

/**
 * gsp_server_conf_build(out, name, defaults, own, where, err):
 * Settings from two maps, either may be NULL; ${where} names the second one in messages.
 */
int gsp_server_conf_build(struct gsp_server_conf **out, const char *name,
    const struct gsp_yaml *defaults, const struct gsp_yaml *own, const char *where,
    struct gsp_err *err);

/** gsp_server_conf_check_defaults(defaults, err): `defaults:` holds nothing wrong by itself. */
int gsp_server_conf_check_defaults(const struct gsp_yaml *defaults, struct gsp_err *err);

/** gsp_timeouts_init(t): what holds until a file says otherwise. */
void gsp_timeouts_init(struct gsp_timeouts *t);
/** gsp_timeouts_set(t, v, err): the map `timeouts`. GSP_ECONFIG with file, line and column. */
int gsp_timeouts_set(struct gsp_timeouts *t, const struct gsp_yaml *v, struct gsp_err *err);
/** gsp_timeouts_to_json(t, obj): for the journal; read back as if it were YAML. */
void gsp_timeouts_to_json(const struct gsp_timeouts *t, struct gsp_json *obj);

/**
 * gsp_home_find(dir, option, err):
 * The directory of the home: ${option} (NULL: not given), GSP_HOME, or the nearest that has a
 * gsp.yaml. GSP_ECONFIG when there is none; GSP_EAUTH when we may not look.
 */
int gsp_home_find(struct gsp_buf *dir, const char *option, struct gsp_err *err);

/**
 * gsp_secret_from_file(out, path, key, noun, err):
 * The first line of a file that must be a regular one, ours, and nobody else's to read: printable,
 * no blanks, at most GSP_TOKEN_MAX bytes. ${key} ("token_file") and ${noun} ("token") name it in
 * messages, which never show it. ${out} needs a ceiling above GSP_TOKEN_MAX; gsp_token_wipe() it.
 * Errors: GSP_EAUTH, GSP_EIO.
 */
int gsp_secret_from_file(struct gsp_buf *out, const char *path, const char *key, const char *noun,
    struct gsp_err *err);

/**
 * gsp_secret_from_command(out, dir, command, err):
 * The first line that ${command}, a token_command, prints, as above. A program with a slash in its name
 * is found from ${dir}. Errors: GSP_EAUTH; GSP_ETEMP after two minutes.
 */
int gsp_secret_from_command(struct gsp_buf *out, const char *dir, const struct gsp_argv *command,
    struct gsp_err *err);

/** gsp_config_keep(dst, text, err): a copy in place of ${*dst}. gsp_config_keep_url: without slashes at
 * its end. */
int gsp_config_keep(char **dst, const char *text, struct gsp_err *err);
int gsp_config_keep_url(char **dst, const char *text, struct gsp_err *err);

/** gsp_config_check_file(text): a gsp_setting_check: of a file's path, as gsp_home_expand() takes it. */
const char *gsp_config_check_file(const char *text);

/** gsp_config_secret_file(dst, v, err): keep the path of a file with a secret in it. What stands there is
 * never shown: it may be the secret. */
int gsp_config_secret_file(char **dst, const struct gsp_yaml *v, struct gsp_err *err);

/** gsp_config_command(out, v, such, err): append a program and its words; ${such} ends the message "a list
 * of words, such as ...". */
int gsp_config_command(struct gsp_argv *out, const struct gsp_yaml *v, const char *such,
    struct gsp_err *err);

/** gsp_home_expand(out, dir, path): "~/x" below our home directory, "x" below ${dir}. */
void gsp_home_expand(struct gsp_buf *out, const char *dir, const char *path);

#endif
