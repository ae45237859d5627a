/* gsp/config: values that stand in more than one map of gsp.yaml. */
#include <stdlib.h>
#include <string.h>

#include "gsp/config_parts.h"
#include "gsp/setting.h"

#include "base/banned.h"

enum { WORDS_MAX = 32, PATH_BYTES = 1024 };

int
gsp_config_keep(char **dst, const char *text, struct gsp_err *err)
{
	free(*dst);
	*dst = strdup(text);
	return *dst != NULL ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}

int
gsp_config_keep_url(char **dst, const char *text, struct gsp_err *err)
{
	size_t n = strlen(text);

	while (n > 0 && text[n - 1] == '/')
		n--;
	free(*dst);
	*dst = strndup(text, n);
	return *dst != NULL ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}

/* Linode's: 64 hexadecimal digits. Discord's: three parts, no slash. */
static bool
is_token(const char *text)
{
	size_t n = strlen(text), dots = 0;

	for (const char *p = text; *p != '\0'; p++)
		dots += *p == '.';
	return (n == 64 && strspn(text, "0123456789abcdefABCDEF") == n) ||
	    (dots == 2 && n >= 50 && strchr(text, '/') == NULL);
}

const char *
gsp_config_check_file(const char *text)
{
	if (*text == '\0' || strlen(text) > PATH_BYTES || strchr(text, '\n') != NULL)
		return "not the path of a file";
	if (text[0] == '~' && text[1] != '/')
		return "of the forms with ~ only ~/ is known";
	return NULL;
}

int
gsp_config_secret_file(char **dst, const struct gsp_yaml *v, struct gsp_err *err)
{
	const char *text, *why;

	if (gsp_setting_text(&text, v, NULL, err) == -1)
		return -1;
	if (strstr(text, "://") != NULL || is_token(text))
		return gsp_yaml_err(err, v, "the name of a file is wanted here; put the secret into that file "
		    "(mode 0600), for gsp.yaml is often shared");
	if ((why = gsp_config_check_file(text)) != NULL)
		return gsp_yaml_err(err, v, "%s", why);
	return gsp_config_keep(dst, text, err);
}

int
gsp_config_command(struct gsp_argv *out, const struct gsp_yaml *v, const char *such,
    struct gsp_err *err)
{
	if (v->kind != GSP_YAML_LIST || v->count == 0)
		return gsp_yaml_err(err, v, "a list of words, such as %s", such);
	if (v->count > WORDS_MAX)
		return gsp_yaml_err(err, v, "more than %d words", WORDS_MAX);
	for (const struct gsp_yaml *word = v->first; word != NULL; word = word->next) {
		if (word->kind != GSP_YAML_SCALAR)
			return gsp_yaml_err(err, word, "a single word is wanted here");
		if (word == v->first && (*word->text == '\0' || *word->text == '-'))
			return gsp_yaml_err(err, word, "the name of a program is wanted here");
		gsp_argv_push(out, word->text);
	}
	return gsp_argv_ok(out) ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}
