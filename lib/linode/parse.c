#include "linode/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>


#include "base/banned.h"

void
gsp_parse_text(char *dst, size_t size, const char *src)
{
	size_t n;

	if (src == NULL)
		src = "";
	n = strlen(src);
	if (n >= size) {
		n = size - 1;
		while (n > 0 && ((unsigned char)src[n] & 0xc0) == 0x80)
			n--;
	}
	for (size_t i = 0; i < n; i++)
		dst[i] = (unsigned char)src[i] < 0x20 || src[i] == 0x7f ? '?' : src[i];
	dst[n] = '\0';
}

void *
gsp_parse_room(void *v, size_t n, size_t *cap, size_t size, struct gsp_err *err)
{
	size_t want = *cap == 0 ? 8 : *cap * 2;

	if (n < *cap)
		return v;
	if ((v = reallocarray(v, want, size)) == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		return NULL;
	}
	*cap = want;
	return v;
}

size_t
gsp_parse_tags(char (*tags)[51], size_t max, const struct gsp_json *obj)
{
	const struct gsp_json *list = gsp_json_get(obj, "tags");
	size_t n = 0;

	if (!gsp_json_is_arr(list))
		return 0;
	for (const struct gsp_json *v = gsp_json_first(list); v != NULL && n < max;
	     v = gsp_json_next(v))
		if (gsp_json_is_str(v))
			gsp_parse_text(tags[n++], sizeof(tags[0]), gsp_json_text(v, ""));
	return n;
}

bool
gsp_parse_has_tag(const char (*tags)[51], size_t n, const char *tag)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(tags[i], tag) == 0)
			return true;
	return false;
}

size_t
gsp_parse_reasons(struct gsp_buf *out, const struct gsp_json *body)
{
	const struct gsp_json *list = gsp_json_get(body, "errors");
	char reason[400], field[80], text[500];
	size_t n = 0, len;

	if (!gsp_json_is_arr(list))
		return 0;
	for (const struct gsp_json *e = gsp_json_first(list); e != NULL;
	     e = gsp_json_next(e)) {
		if (!gsp_json_is_obj(e))
			continue;
		gsp_parse_text(
		    reason, sizeof(reason), gsp_json_str(e, "reason", "no reason given"));
		len = strlen(reason);
		if (len > 1 && reason[len - 1] == '.')
			reason[len - 1] = '\0'; /* our messages go on after it */
		gsp_parse_text(field, sizeof(field), gsp_json_str(e, "field", ""));
		(void)snprintf(text, sizeof(text),
		    field[0] != '\0' ? "%s%s (field '%s')" : "%s%s%s", n > 0 ? "; " : "",
		    reason, field);
		n++;
		if (out->len + strlen(text) < out->max)
			gsp_buf_adds(out, text);
	}
	return n;
}

bool
gsp_parse_has_reason(const struct gsp_json *body, const char *text)
{
	const struct gsp_json *list = gsp_json_get(body, "errors");

	if (!gsp_json_is_arr(list))
		return false;
	for (const struct gsp_json *e = gsp_json_first(list); e != NULL; e = gsp_json_next(e))
		if (strcasestr(gsp_json_str(e, "reason", ""), text) != NULL)
			return true;
	return false;
}
