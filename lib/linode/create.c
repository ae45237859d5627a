/* The one call that spends money. */
#include "linode/instance.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "linode/parse.h"

#include "base/banned.h"

#define PASS_LEN 64	   /* Source: API v4, root_pass: 7..128, strength-checked */
#define USERDATA_MAX 49149 /* Source: API v4, metadata.user_data: 65535 characters encoded */

static void
wipe(const char *s)
{
	if (s != NULL)
		explicit_bzero((char *)(uintptr_t)s, strlen(s));
}

/* A password that nobody will ever type: login is by key. All four kinds of characters are in
 * it for certain, since the API checks. */
static void
make_password(char out[PASS_LEN + 1])
{
	static const char *const kinds[] = {"abcdefghijkmnopqrstuvwxyz",
	    "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "!#%()*+,-./:;=?@[]^_{}~"};

	for (size_t i = 0; i < PASS_LEN; i++) {
		const char *set = kinds[i < 4 ? i : gsp_rand_below(4)];

		out[i] = set[gsp_rand_below((uint32_t)strlen(set))];
	}
	out[PASS_LEN] = '\0';
}

/* RFC 4648 section 4, without line breaks. NULL: no memory. */
static char *
base64(const char *text, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = malloc((len + 2) / 3 * 4 + 1), *p = out;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)(unsigned char)text[i] << 16;

		if (i + 1 < len)
			v |= (uint32_t)(unsigned char)text[i + 1] << 8;
		if (i + 2 < len)
			v |= (unsigned char)text[i + 2];
		*p++ = digits[v >> 18];
		*p++ = digits[v >> 12 & 63];
		*p++ = i + 1 < len ? digits[v >> 6 & 63] : '=';
		*p++ = i + 2 < len ? digits[v & 63] : '=';
	}
	*p = '\0';
	return out;
}

static int
add_user_data(struct gsp_json *body, const char *text, struct gsp_err *err)
{
	size_t len = strlen(text);
	char *encoded;

	if (len > USERDATA_MAX)
		return gsp_err_set(err, GSP_ELIMIT,
		    "the user data for first boot has %zu bytes; the Linode "
		    "API takes %d",
		    len, USERDATA_MAX);
	if ((encoded = base64(text, len)) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	gsp_json_add_str(gsp_json_add_obj(body, "metadata"), "user_data", encoded);
	wipe(encoded);
	free(encoded);
	return 0;
}

static void
add_strings(struct gsp_json *body, const char *key, const char *const *v)
{
	struct gsp_json *list = gsp_json_add_arr(body, key);

	for (; v != NULL && *v != NULL; v++)
		gsp_json_add_str(list, NULL, *v);
}

/* A machine with the new kind of interfaces cannot boot unless one is described, and there the
 * firewall belongs to the interface. */
static void
add_network(struct gsp_json *body, const struct gsp_instance_create *req)
{
	struct gsp_json *nic, *route, *public, *address;

	gsp_json_add_str(
	    body, "interface_generation", req->linode_interfaces ? "linode" : "legacy_config");
	if (!req->linode_interfaces) {
		gsp_json_add_u64(body, "firewall_id", req->firewall_id);
		return;
	}
	nic = gsp_json_add_obj(gsp_json_add_arr(body, "interfaces"), NULL);
	gsp_json_add_u64(nic, "firewall_id", req->firewall_id);
	route = gsp_json_add_obj(nic, "default_route");
	gsp_json_add_bool(route, "ipv4", true);
	gsp_json_add_bool(route, "ipv6", true);
	public = gsp_json_add_obj(nic, "public");
	address = gsp_json_add_obj(
	    gsp_json_add_arr(gsp_json_add_obj(public, "ipv4"), "addresses"), NULL);
	gsp_json_add_str(address, "address", "auto");
	gsp_json_add_bool(address, "primary", true);
	(void)gsp_json_add_arr(gsp_json_add_obj(public, "ipv6"), "ranges");
}

static int
make_body(struct gsp_json *body, const struct gsp_instance_create *req, struct gsp_err *err)
{
	char password[PASS_LEN + 1];

	gsp_json_add_str(body, "label", req->label);
	gsp_json_add_str(body, "region", req->region);
	gsp_json_add_str(body, "type", req->type);
	gsp_json_add_str(body, "image", req->image);
	gsp_json_add_bool(body, "booted", true);
	add_strings(body, "authorized_keys", req->authorized_keys);
	add_strings(body, "tags", req->tags);
	add_network(body, req);
	make_password(password);
	gsp_json_add_str(body, "root_pass", password);
	explicit_bzero(password, sizeof(password));
	return req->user_data != NULL ? add_user_data(body, req->user_data, err) : 0;
}

/* Is this entry about where or what to buy, rather than about how we asked? */
static bool
is_about_place(const char *field)
{
	return field[0] == '\0' || strcmp(field, "region") == 0 ||
	       strcmp(field, "type") == 0 || strcmp(field, "image") == 0 ||
	       strcmp(field, "linode_id") == 0;
}

/* The API has no codes, only sentences: these are the words of those that another region or
 * plan can cure. */
static bool
is_no_capacity(const char *reason, const char *field)
{
	static const char *const words[] = {"capacity", "sold out", "unavailable",
	    "not available", "not offered", "no longer available", "not currently available"};

	if (!is_about_place(field))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(reason, words[i]) != NULL)
			return true;
	if (strcasestr(reason, "is not valid") == NULL)
		return false;
	return strcmp(field, "region") == 0 || strcmp(field, "type") == 0 ||
	       strcasestr(reason, "region is not valid") != NULL ||
	       strcasestr(reason, "type is not valid") != NULL;
}

/* Give the refusals that a caller can act on their own codes; the text is there already. */
static int
refine(const struct gsp_json *body, const struct gsp_instance_create *req, struct gsp_err *err)
{
	const struct gsp_json *list = gsp_json_get(body, "errors");

	for (const struct gsp_json *e = gsp_json_first(list); e != NULL;
	     e = gsp_json_next(e)) {
		const char *reason = gsp_json_str(e, "reason", ""),
			   *field = gsp_json_str(e, "field", "");

		if (strcasestr(reason, "must be unique") != NULL &&
		    (strcmp(field, "label") == 0 || strcasestr(reason, "label") != NULL)) {
			err->code = GSP_ECREATE;
			err->detail = GSP_INSTANCE_LABEL_TAKEN;
			return -1;
		}
		if (strcasestr(reason, "limit") != NULL &&
		    strcasestr(reason, "reached") != NULL) {
			err->code = GSP_ECREATE;
			return gsp_err_hint(err,
			    "Linode limits how much a new account may run: delete a machine "
			    "you do not need, or ask at cloud.linode.com > Support");
		}
	}
	for (const struct gsp_json *e = gsp_json_first(list); e != NULL; e = gsp_json_next(e))
		if (is_no_capacity(
			gsp_json_str(e, "reason", ""), gsp_json_str(e, "field", ""))) {
			err->code = GSP_EUNAVAIL;
			return gsp_err_wrap(
			    err, "no '%s' to be had in '%s'", req->type, req->region);
		}
	return -1;
}

int
gsp_instance_create(struct gsp_linode *c, const struct gsp_instance_create *req,
    struct gsp_instance *out, bool *doubtful, struct gsp_err *err)
{
	struct gsp_json *body = gsp_json_new_obj();
	struct gsp_linode_answer a = {0};
	int rc;

	assert(req->label != NULL && req->region != NULL && req->type != NULL &&
	       req->image != NULL);
	assert(req->firewall_id != 0);
	*doubtful = false;
	rc = make_body(body, req, err);
	if (rc == 0 && (rc = gsp_linode_call(
			    c, &a, "POST", "/linode/instances", NULL, body, err)) == -1) {
		*doubtful = a.doubtful;
		if (err->code == GSP_EREFUSED)
			rc = refine(a.body, req, err);
	} else if (rc == 0 && (rc = gsp_parse_instance(out, a.body, err)) == -1)
		*doubtful = true; /* it was bought, and we were not told what */
	gsp_linode_answer_release(&a);
	wipe(gsp_json_str(body, "root_pass", NULL));
	wipe(gsp_json_str(gsp_json_get(body, "metadata"), "user_data", NULL));
	gsp_json_free(body);
	if (rc == -1)
		return gsp_err_wrap(err, "cannot create the machine '%s'", req->label);
	return 0;
}
