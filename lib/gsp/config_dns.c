/* gsp/config: a name that stays while machines come and go. */
#include "gsp/config_dns.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "gsp/setting.h"

#include "base/banned.h"

/* Source: Linode API v4, ttl_sec of a domain's records: 300 to 2419200, others are rounded. */
#define TTL_MAX_S 2419200
#define LABEL_MAX 63       /* Source: RFC 1035, 2.3.4 */
#define RECORD_NAME_MAX 100 /* Source: Linode API v4, name of a domain's record */

/* "a", "a-b.c9": what a host may be called. (_x is for other things than hosts.) */
static const char *
check_labels(const char *text, size_t *dots)
{
	size_t label = 0;

	*dots = 0;
	for (const char *p = text;; p++) {
		bool edge;

		if (*p == '.' || *p == '\0') {
			if (label == 0)
				return "a part between two dots is empty";
			if (label > LABEL_MAX)
				return "a part of it is longer than 63 letters";
			if (*p == '\0')
				return NULL;
			label = 0;
			++*dots;
			continue;
		}
		label++;
		edge = label == 1 || p[1] == '.' || p[1] == '\0';
		if ((unsigned char)*p >= 0x80)
			return "letters outside a-z are written as DNS has them ('xn--...')";
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *p) == NULL &&
		    (*p != '-' || edge))
			return *p == '-' ? "a part of it begins or ends with '-'"
			                 : "only a-z, 0-9, '-' and '.' make a host's name";
	}
}

static void
copy_lower(char out[GSP_DNS_NAME], const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n < GSP_DNS_NAME - 1; text++)
		out[n++] = (char)(*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text);
	out[n] = '\0';
}

static int
set_domain(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_dns_conf *d = ctx;
	char text[GSP_DNS_NAME + 1];
	const char *given, *why;
	size_t dots = 0, n;

	if (gsp_setting_text(&given, v, NULL, err) == -1)
		return -1;
	n = strlen(given);
	if (n > 0 && given[n - 1] == '.')
		n--;
	if (n >= GSP_DNS_NAME)
		return gsp_yaml_err(err, v, "'%.64s...': longer than the 253 letters of a domain", given);
	snprintf(text, sizeof(text), "%.*s", (int)n, given);
	why = check_labels(text, &dots);
	if (why == NULL && dots == 0)
		why = "a domain of yours has a dot, as example.org";
	if (why == NULL && text[n - 1] >= '0' && text[n - 1] <= '9' &&
	    strspn(strrchr(text, '.') + 1, "0123456789") == strlen(strrchr(text, '.') + 1))
		why = "that is an address, not a domain";
	if (why != NULL)
		return gsp_yaml_err(err, v, "'%.64s': %s", given, why);
	copy_lower(d->domain, text);
	return 0;
}

static int
set_name(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_dns_conf *d = ctx;
	const char *text, *why;
	size_t dots;

	if (gsp_setting_text(&text, v, NULL, err) == -1)
		return -1;
	if (strcmp(text, "@") != 0) {
		why = strlen(text) > RECORD_NAME_MAX ? "longer than 100 letters" : check_labels(text, &dots);
		if (why != NULL)
			return gsp_yaml_err(err, v, "'%.64s': %s ('@' is the domain itself)", text, why);
	}
	copy_lower(d->name, text);
	return 0;
}

/* Seconds as DNS people write them, or with a unit. */
static int
set_ttl(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_dns_conf *d = ctx;
	const char *text;
	int64_t s;

	if (gsp_setting_text(&text, v, NULL, err) == -1)
		return -1;
	if (gsp_num_duration_s(&s, text, TTL_MAX_S) == -1 || s < 1)
		return gsp_yaml_err(err, v, "'%.64s': not a time such as 300 (seconds) or 5m (at most 28d)",
		    text);
	d->ttl_s = s;
	return 0;
}

static int
set_provider(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_dns_conf *d = ctx;
	const char *text;

	if (gsp_setting_text(&text, v, NULL, err) == -1)
		return -1;
	if (strcmp(text, "linode") != 0 && strcmp(text, "script") != 0)
		return gsp_yaml_err(err, v, "'%.64s': 'linode' or 'script' is wanted here", text);
	d->by_script = strcmp(text, "script") == 0;
	return 0;
}

int
gsp_dns_conf_set(struct gsp_dns_conf *d, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {{"domain", set_domain}, {"name", set_name},
	    {"ttl", set_ttl}, {"provider", set_provider}, {NULL, NULL}};

	if (v->kind == GSP_YAML_SCALAR && !gsp_yaml_is_null(v) && strcmp(v->text, "none") == 0) {
		*d = (struct gsp_dns_conf){.domain = ""};
		return 0;
	}
	if (gsp_setting_apply(keys, v, "dns", d, err) == 0)
		return 0;
	if (v->kind == GSP_YAML_SCALAR)
		(void)gsp_err_hint(err, "write it as {domain: example.org, name: mc}");
	return -1;
}

int
gsp_dns_conf_check(const struct gsp_dns_conf *d, const char *server, const struct gsp_yaml *v,
    struct gsp_err *err)
{
	if (d->domain[0] == '\0')
		return d->name[0] == '\0' && d->ttl_s == 0 && !d->by_script
		    ? 0
		    : gsp_yaml_err(err, v, "dns: 'domain' is missing, as in {domain: example.org, name: mc}");
	if (strlen(gsp_dns_conf_label(d, server)) + 1 + strlen(d->domain) >= GSP_DNS_NAME)
		return gsp_yaml_err(err, v, "dns: name and domain together are longer than 253 letters");
	return 0;
}

const char *
gsp_dns_conf_label(const struct gsp_dns_conf *d, const char *server)
{
	return d->name[0] == '\0' ? server : strcmp(d->name, "@") == 0 ? "" : d->name;
}

const char *
gsp_dns_conf_full(const struct gsp_dns_conf *d, const char *server, char *out, size_t size)
{
	const char *label = gsp_dns_conf_label(d, server);

	if (d->domain[0] == '\0')
		snprintf(out, size, "%s", "");
	else
		snprintf(out, size, "%s%s%s", label, label[0] != '\0' ? "." : "", d->domain);
	return out;
}

void
gsp_dns_conf_to_json(const struct gsp_dns_conf *d, struct gsp_json *obj)
{
	struct gsp_json *map;

	if (d->domain[0] == '\0')
		return;
	map = gsp_json_add_obj(obj, "dns");
	gsp_json_add_str(map, "domain", d->domain);
	if (d->name[0] != '\0')
		gsp_json_add_str(map, "name", d->name);
	if (d->ttl_s != 0)
		gsp_json_add_u64(map, "ttl", (uint64_t)d->ttl_s);
	if (d->by_script)
		gsp_json_add_str(map, "provider", "script");
}
