/* What the API accepts in a body: every fault is reported at once, each with its field. */
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

static const char *const kind_names[] = {"", "a string", "an integer", "a boolean",
    "an object", "an array of strings", "an array of integers", "an array of objects"};

bool
gsp_sb_is_whole(const struct gsp_json *parent, const char *key, int64_t *out)
{
	double d;

	if (!gsp_json_is_num(gsp_json_get(parent, key)))
		return false;
	d = gsp_json_num(parent, key, 0.5);
	if (d < -9007199254740992.0 || d > 9007199254740992.0 || d != (double)(int64_t)d)
		return false;
	*out = (int64_t)d;
	return true;
}

static bool
all_of(const struct gsp_json *arr, enum gsp_sb_kind kind)
{
	if (!gsp_json_is_arr(arr))
		return false;
	for (struct gsp_json *e = gsp_json_first(arr); e != NULL; e = gsp_json_next(e)) {
		uint64_t id;

		if (kind == GSP_SB_STRS	  ? !gsp_json_is_str(e)
		    : kind == GSP_SB_OBJS ? !gsp_json_is_obj(e)
					  : !gsp_json_is_num(e) || gsp_json_id(&id, e) == -1)
			return false;
	}
	return true;
}

static bool
is_kind(const struct gsp_json *obj, const struct gsp_json *v, enum gsp_sb_kind kind)
{
	int64_t n;

	switch (kind) {
	case GSP_SB_STR: return gsp_json_is_str(v);
	case GSP_SB_INT: return gsp_sb_is_whole(obj, gsp_json_key(v), &n);
	case GSP_SB_BOOL: return gsp_json_is_bool(v);
	case GSP_SB_OBJ: return gsp_json_is_obj(v);
	case GSP_SB_STRS:
	case GSP_SB_INTS:
	case GSP_SB_OBJS: return all_of(v, kind);
	default: return true;
	}
}

static void
check_oneof(struct gsp_sb_req *q, const char *name, const char *text, const char *const *oneof)
{
	char list[256] = "";
	size_t n = 0;

	for (const char *const *p = oneof; *p != NULL; p++)
		if (strcmp(*p, text) == 0)
			return;
	for (const char *const *p = oneof; *p != NULL && n < sizeof(list); p++)
		n += (size_t)snprintf(
		    list + n, sizeof(list) - n, "%s%s", n > 0 ? ", " : "", *p);
	gsp_sb_fail(q, 400, name, "Must be one of %s", list);
}

static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void
check_value(struct gsp_sb_req *q, const struct gsp_json *obj, const struct gsp_json *v,
    const char *name, const struct gsp_sb_field *f)
{
	int64_t n = 0;

	if (f->kind == GSP_SB_ANY)
		return;
	if (gsp_json_is_null(v)) {
		if ((f->flags & GSP_SB_NULL) == 0)
			gsp_sb_fail(q, 400, name, "%s cannot be null", name);
		return;
	}
	if (!is_kind(obj, v, f->kind)) {
		gsp_sb_fail(q, 400, name, "%s must be %s", name, kind_names[f->kind]);
		return;
	}
	if (f->oneof != NULL)
		check_oneof(q, name, gsp_json_text(v, ""), f->oneof);
	if (f->min == 0 && f->max == 0)
		return;
	if (f->kind == GSP_SB_STR) {
		n = (int64_t)characters(gsp_json_text(v, ""));
		if (n < f->min || n > f->max)
			gsp_sb_fail(q, 400, name,
			    "Length must be %" PRId64 "-%" PRId64 " characters", f->min,
			    f->max);
	} else if (f->kind == GSP_SB_INT && gsp_sb_is_whole(obj, gsp_json_key(v), &n) &&
		   (n < f->min || n > f->max)) {
		gsp_sb_fail(q, 400, name, "Must be %" PRId64 "-%" PRId64, f->min, f->max);
	}
}

bool
gsp_sb_check(struct gsp_sb_req *q, const struct gsp_json *obj, const char *prefix,
    const struct gsp_sb_field *fields)
{
	bool before = gsp_sb_failed(q);
	char name[160];

	for (const struct gsp_sb_field *f = fields; f->name != NULL; f++)
		if ((f->flags & GSP_SB_REQ) != 0 &&
		    (obj == NULL || gsp_json_get(obj, f->name) == NULL)) {
			snprintf(name, sizeof(name), "%s%s", prefix, f->name);
			gsp_sb_fail(q, 400, name, "%s is required", name);
		}
	for (struct gsp_json *v = obj ? gsp_json_first(obj) : NULL; v != NULL;
	     v = gsp_json_next(v)) {
		const struct gsp_sb_field *f = fields;

		snprintf(name, sizeof(name), "%s%.80s", prefix, gsp_json_key(v));
		while (f->name != NULL && strcmp(f->name, gsp_json_key(v)) != 0)
			f++;
		if (f->name == NULL)
			gsp_sb_fail(q, 400, name, "Unknown field");
		else
			check_value(q, obj, v, name, f);
	}
	return before || !gsp_sb_failed(q);
}

bool
gsp_sb_check_body(struct gsp_sb_req *q, const struct gsp_sb_field *f)
{
	if (q->in == NULL)
		q->in = gsp_json_new_obj();
	if (!gsp_json_is_obj(q->in)) {
		gsp_sb_fail(q, 400, NULL, "Invalid JSON: must be an object");
		return false;
	}
	gsp_sb_check(q, q->in, "", f);
	return !gsp_sb_failed(q);
}

bool
gsp_sb_check_label(
    struct gsp_sb_req *q, const char *field, const char *s, size_t min, size_t max)
{
	size_t n = strlen(s);

	if (n < min || n > max) {
		gsp_sb_fail(q, 400, field, "Length must be %zu-%zu characters", min, max);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && strchr("-_.", s[i]) == NULL) {
			gsp_sb_fail(q, 400, field,
			    "Label must include only ASCII letters, numbers, underscores, "
			    "periods, and dashes");
			return false;
		}
	if (!isalpha((unsigned char)s[0]) || !isalnum((unsigned char)s[n - 1])) {
		gsp_sb_fail(q, 400, field,
		    "Label must begin with a letter and end with a letter or number");
		return false;
	}
	if (strstr(s, "--") != NULL || strstr(s, "__") != NULL || strstr(s, "..") != NULL) {
		gsp_sb_fail(q, 400, field,
		    "Label cannot have two dashes, underscores or periods in a row");
		return false;
	}
	return true;
}

struct gsp_json *
gsp_sb_check_tags(struct gsp_sb_req *q, const struct gsp_json *tags)
{
	struct gsp_json *out = gsp_json_new_arr();

	for (struct gsp_json *t = tags ? gsp_json_first(tags) : NULL; t != NULL;
	     t = gsp_json_next(t)) {
		const char *s = gsp_json_text(t, "");
		size_t n = characters(s);
		struct gsp_json *o = gsp_json_first(out);
		char low[GSP_SB_TAG_MAX * 4 + 1];
		size_t i;

		if (n < 3 || n > GSP_SB_TAG_MAX || strlen(s) >= sizeof(low)) {
			gsp_sb_fail(q, 400, "tags", "Length must be 3-50 characters");
			gsp_json_free(out);
			return NULL;
		}
		for (i = 0; s[i] != '\0'; i++)
			low[i] =
			    (char)((unsigned char)s[i] < 0x80 ? tolower((unsigned char)s[i])
							      : s[i]);
		low[i] = '\0';
		while (o != NULL && strcmp(gsp_json_text(o, ""), low) != 0)
			o = gsp_json_next(o);
		if (o == NULL)
			gsp_json_add_str(out, NULL, low);
	}
	return out;
}

bool
gsp_sb_check_password(struct gsp_sb_req *q, const char *field, const char *s)
{
	bool lower = false, upper = false, digit = false, other = false, seen[256] = {false};
	size_t n = strlen(s), kinds, different = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		lower = lower || islower(c);
		upper = upper || isupper(c);
		digit = digit || isdigit(c);
		other = other || !isalnum(c);
		different += !seen[c];
		seen[c] = true;
	}
	kinds = (size_t)lower + upper + digit + other;
	/* the real check scores guessability; this one wants what any random password has */
	if (n < 7 || n > 128) {
		gsp_sb_fail(q, 400, field, "Length must be 7-128 characters");
		return false;
	}
	if (different < 6 || n + 4 * kinds < 19) {
		gsp_sb_fail(q, 400, field, "Password does not meet strength requirement");
		return false;
	}
	return true;
}

bool
gsp_sb_check_sshkey(struct gsp_sb_req *q, const char *field, const char *s)
{
	static const char *const types[] = {"ssh-rsa", "ssh-dss", "ssh-ed25519",
	    "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
	    "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"};
	size_t n = strcspn(s, " "), blob;

	if (strpbrk(s, "\r\n") != NULL) {
		gsp_sb_fail(q, 400, field, "SSH Key cannot contain newlines");
		return false;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strlen(types[i]) != n || strncmp(types[i], s, n) != 0)
			continue;
		s += n;
		s += *s == ' ';
		blob = strspn(
		    s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");
		if (blob > 0 && (s[blob] == ' ' || s[blob] == '\0'))
			return true;
		gsp_sb_fail(q, 400, field, "SSH Key data is not valid");
		return false;
	}
	gsp_sb_fail(q, 400, field,
	    "SSH Key key-type must be one of ssh-dss, ssh-rsa, ecdsa-sha2-nistp, ssh-ed25519, "
	    "or sk-ecdsa-sha2-nistp256.");
	return false;
}

bool
gsp_sb_check_cidr(const char *s, bool v6)
{
	const char *slash = strchr(s, '/');
	char addr[64];
	struct in6_addr a;
	uint64_t bits;
	size_t n;

	if (slash == NULL || (n = (size_t)(slash - s)) >= sizeof(addr))
		return false;
	memcpy(addr, s, n);
	addr[n] = '\0';
	return inet_pton(v6 ? AF_INET6 : AF_INET, addr, &a) == 1 &&
	       gsp_num_u64(&bits, slash + 1, 0, v6 ? 128 : 32) == 0;
}

static int
digit64(char c)
{
	static const char set[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c == '\0' ? NULL : strchr(set, c);

	return p == NULL ? -1 : (int)(p - set);
}

char *
gsp_sb_base64(const char *s, size_t *len)
{
	size_t n = strlen(s), pad = 0;
	char *out = malloc(n / 4 * 3 + 1), *w = out;

	if (out == NULL)
		abort();
	while (pad < 2 && pad < n && s[n - 1 - pad] == '=')
		pad++;
	if (n % 4 != 0)
		goto bad;
	for (size_t i = 0; i < n; i += 4) {
		uint32_t v = 0;
		size_t take = i + 4 == n ? 4 - pad : 4;

		for (size_t k = 0; k < 4; k++) {
			int d = k < take ? digit64(s[i + k]) : 0;

			if (d < 0)
				goto bad;
			v = v << 6 | (uint32_t)d;
		}
		for (size_t k = 0; k + 1 < take; k++)
			*w++ = (char)(v >> (16 - 8 * k) & 0xff);
	}
	*w = '\0';
	*len = (size_t)(w - out);
	return out;
bad:
	free(out);
	return NULL;
}
