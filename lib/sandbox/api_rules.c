/* Firewall rules: what the API accepts, and how they reach the machine. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

/* Linode API v4, firewall rules */
enum { RULES_MAX = 25, PIECES_MAX = 15, ADDRESSES_MAX = 255 };

static const char *const actions[] = {"ACCEPT", "DROP", NULL};
static const char *const protocols[] = {"TCP", "UDP", "ICMP", "IPENCAP", NULL};

/* At PUT .../rules all four are wanted; a new firewall may leave the lists out. */
static const struct gsp_sb_field put_fields[] = {
    {"inbound", GSP_SB_OBJS, GSP_SB_REQ, 0, 0, NULL},
    {"inbound_policy", GSP_SB_STR, GSP_SB_REQ, 0, 0, actions},
    {"outbound", GSP_SB_OBJS, GSP_SB_REQ, 0, 0, NULL},
    {"outbound_policy", GSP_SB_STR, GSP_SB_REQ, 0, 0, actions},
    {"version", GSP_SB_ANY, 0, 0, 0, NULL}, {"fingerprint", GSP_SB_ANY, 0, 0, 0, NULL},
    {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};
static const struct gsp_sb_field new_fields[] = {{"inbound", GSP_SB_OBJS, 0, 0, 0, NULL},
    {"inbound_policy", GSP_SB_STR, GSP_SB_REQ, 0, 0, actions},
    {"outbound", GSP_SB_OBJS, 0, 0, 0, NULL},
    {"outbound_policy", GSP_SB_STR, GSP_SB_REQ, 0, 0, actions},
    {"version", GSP_SB_ANY, 0, 0, 0, NULL}, {"fingerprint", GSP_SB_ANY, 0, 0, 0, NULL},
    {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

static const struct gsp_sb_field rule_fields[] = {
    {"action", GSP_SB_STR, GSP_SB_REQ, 0, 0, actions},
    {"protocol", GSP_SB_STR, GSP_SB_REQ, 0, 0, protocols},
    {"addresses", GSP_SB_OBJ, GSP_SB_REQ, 0, 0, NULL},
    {"ports", GSP_SB_STR, GSP_SB_NULL, 0, 0, NULL}, {"label", GSP_SB_STR, 0, 0, 0, NULL},
    {"description", GSP_SB_STR, 0, 1, 100, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

static const struct gsp_sb_field address_fields[] = {{"ipv4", GSP_SB_STRS, 0, 0, 0, NULL},
    {"ipv6", GSP_SB_STRS, 0, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

/* One port of "22,80-90": digits without a leading zero, 1..65535. */
static const char *
read_port(const char *s, uint64_t *port)
{
	char digits[6];
	size_t n = strspn(s, "0123456789");

	if (n == 0 || n >= sizeof(digits) || s[0] == '0')
		return NULL;
	memcpy(digits, s, n);
	digits[n] = '\0';
	return gsp_num_u64(port, digits, 1, 65535) == 0 ? s + n : NULL;
}

static bool
ports_ok(const char *s)
{
	size_t pieces = 0;

	for (;;) {
		uint64_t first, last;

		while (*s == ' ')
			s++;
		pieces++;
		if ((s = read_port(s, &first)) == NULL)
			return false;
		if (*s == '-') {
			pieces++;
			if ((s = read_port(s + 1, &last)) == NULL || last <= first)
				return false;
		}
		if (pieces > PIECES_MAX)
			return false;
		if (*s == '\0')
			return true;
		if (*s++ != ',')
			return false;
	}
}

static void
check_addresses(struct gsp_sb_req *q, const struct gsp_json *addresses, const char *name)
{
	static const char *const families[] = {"ipv4", "ipv6"};
	char prefix[128];
	size_t total = 0;

	snprintf(prefix, sizeof(prefix), "%s.", name);
	if (!gsp_sb_check(q, addresses, prefix, address_fields))
		return;
	for (size_t f = 0; f < 2; f++) {
		const struct gsp_json *list = gsp_json_get(addresses, families[f]);

		snprintf(prefix, sizeof(prefix), "%s.%s", name, families[f]);
		if (list != NULL && gsp_json_first(list) == NULL)
			gsp_sb_fail(q, 400, prefix, "Must contain at least one address");
		for (struct gsp_json *a = list ? gsp_json_first(list) : NULL; a != NULL;
		     a = gsp_json_next(a), total++)
			if (!gsp_sb_check_cidr(gsp_json_text(a, ""), f == 1))
				gsp_sb_fail(q, 400, prefix,
				    "Must be an %s address in CIDR notation: %.64s",
				    f == 1 ? "IPv6" : "IPv4", gsp_json_text(a, ""));
	}
	if (total == 0 && gsp_json_count(addresses) == 0)
		gsp_sb_fail(q, 400, name, "Must contain at least one address");
	if (total > ADDRESSES_MAX)
		gsp_sb_fail(q, 400, name, "Must not exceed 255 addresses");
}

static void
check_rule(struct gsp_sb_req *q, const struct gsp_json *rule, const char *name)
{
	const char *proto = gsp_json_str(rule, "protocol", "");
	const char *ports = gsp_json_str(rule, "ports", NULL);
	const char *label = gsp_json_str(rule, "label", NULL);
	const struct gsp_json *addresses = gsp_json_get(rule, "addresses");
	char field[96];

	snprintf(field, sizeof(field), "%s.", name);
	gsp_sb_check(q, rule, field, rule_fields);
	snprintf(field, sizeof(field), "%s.ports", name);
	if (ports != NULL && strcmp(proto, "TCP") != 0 && strcmp(proto, "UDP") != 0)
		gsp_sb_fail(q, 400, field, "Ports are not allowed for protocol %.16s", proto);
	else if (ports != NULL && !ports_ok(ports))
		gsp_sb_fail(q, 400, field,
		    "Ports must be 1-65535, ranges low-high, without leading zeros, at most "
		    "15 pieces");
	snprintf(field, sizeof(field), "%s.label", name);
	if (label != NULL)
		gsp_sb_check_label(q, field, label, 3, 32);
	snprintf(field, sizeof(field), "%s.addresses", name);
	if (addresses != NULL && gsp_json_is_obj(addresses))
		check_addresses(q, addresses, field);
}

static size_t
check_list(struct gsp_sb_req *q, const struct gsp_json *rules, const char *prefix,
    const char *which, struct gsp_json *out)
{
	const struct gsp_json *list = gsp_json_get(rules, which);
	struct gsp_json *to = gsp_json_add_arr(out, which);
	char name[64];
	size_t n = 0;

	if (list == NULL || !gsp_json_is_arr(list))
		return 0;
	for (struct gsp_json *r = gsp_json_first(list); r != NULL; r = gsp_json_next(r)) {
		snprintf(name, sizeof(name), "%s%s[%zu]", prefix, which, n++);
		if (gsp_json_is_obj(r))
			check_rule(q, r, name);
		gsp_json_add_copy(to, NULL, r);
	}
	return n;
}

struct gsp_json *
gsp_sb_rules_check(
    struct gsp_sb_req *q, const struct gsp_json *rules, const char *prefix, bool need_lists)
{
	struct gsp_json *out;
	size_t n;

	gsp_sb_check(q, rules, prefix, need_lists ? put_fields : new_fields);
	out = gsp_json_new_obj();
	n = check_list(q, rules, prefix, "inbound", out);
	gsp_json_add_str(out, "inbound_policy", gsp_json_str(rules, "inbound_policy", "DROP"));
	n += check_list(q, rules, prefix, "outbound", out);
	gsp_json_add_str(
	    out, "outbound_policy", gsp_json_str(rules, "outbound_policy", "DROP"));
	if (n > RULES_MAX)
		gsp_sb_fail(q, 400, "rules", "A firewall can have at most 25 rules");
	if (gsp_sb_failed(q)) {
		gsp_json_free(out);
		return NULL;
	}
	return out;
}

void
gsp_sb_rules_json(const struct gsp_sb_fw *f, struct gsp_json *o)
{
	struct gsp_buf b = GSP_BUF_INIT(4 * GSP_SB_BODY_MAX);
	uint32_t h = 2166136261u; /* FNV-1a: same rules, same fingerprint */
	char text[12];

	gsp_json_print(&b, f->rules);
	for (size_t n = 0; n < b.len; n++)
		h = (h ^ (unsigned char)b.data[n]) * 16777619u;
	gsp_buf_release(&b);
	for (struct gsp_json *c = gsp_json_first(f->rules); c != NULL; c = gsp_json_next(c))
		gsp_json_add_copy(o, gsp_json_key(c), c);
	gsp_json_add_u64(o, "version", f->version);
	snprintf(text, sizeof(text), "%08" PRIx32, h);
	gsp_json_add_str(o, "fingerprint", text);
}

void
gsp_sb_rules_get(struct gsp_sb_req *q)
{
	const struct gsp_sb_fw *f = gsp_sb_fw_of_path(q);

	if (f != NULL)
		gsp_sb_rules_json(f, gsp_sb_answer(q));
}

void
gsp_sb_rules_put(struct gsp_sb_req *q)
{
	struct gsp_sb_fw *f = gsp_sb_fw_of_path(q);
	struct gsp_json *rules;

	if (f == NULL)
		return;
	if (q->in == NULL || !gsp_json_is_obj(q->in)) {
		gsp_sb_fail(q, 400, NULL, "Invalid JSON: must be an object");
		return;
	}
	if ((rules = gsp_sb_rules_check(q, q->in, "", true)) == NULL)
		return;
	gsp_sb_json_set(&f->rules, rules);
	f->version++;
	f->updated_s = gsp_sb_wall_s(q->sb);
	for (const struct gsp_sb_device *d = f->devices; d != NULL; d = d->next)
		gsp_sb_rules_apply(q->sb, gsp_sb_inst_find(q->sb, d->linode_id));
	gsp_sb_event_new(
	    q->sb, "firewall_rules_update", "notification", "firewall", f->id, f->label, 0);
	gsp_sb_rules_json(f, gsp_sb_answer(q));
}

/* A NULL-terminated list of borrowed strings. */
static const char **
texts(const struct gsp_json *list)
{
	const char **v = calloc(gsp_json_count(list) + 1, sizeof(*v));
	size_t n = 0;

	if (v == NULL)
		abort();
	for (struct gsp_json *a = list ? gsp_json_first(list) : NULL; a; a = gsp_json_next(a))
		v[n++] = gsp_json_text(a, "");
	return v;
}

static size_t
make_rules(const struct gsp_json *list, struct gsp_fw_rule *out)
{
	size_t n = 0;

	for (struct gsp_json *r = gsp_json_first(list); r != NULL; r = gsp_json_next(r), n++) {
		const char *proto = gsp_json_str(r, "protocol", "TCP"), *s;
		const struct gsp_json *a = gsp_json_get(r, "addresses");
		char *w = out[n].ports;

		out[n].accept = strcmp(gsp_json_str(r, "action", "DROP"), "ACCEPT") == 0;
		out[n].proto = strcmp(proto, "TCP") == 0    ? GSP_FW_TCP
			       : strcmp(proto, "UDP") == 0  ? GSP_FW_UDP
			       : strcmp(proto, "ICMP") == 0 ? GSP_FW_ICMP
							    : GSP_FW_IPENCAP;
		/* 15 pieces of five digits and a comma fit; blanks are dropped */
		for (s = gsp_json_str(r, "ports", ""); *s != '\0'; s++)
			if (*s != ' ' && w < out[n].ports + sizeof(out[n].ports) - 1)
				*w++ = *s;
		*w = '\0';
		out[n].ipv4 = texts(gsp_json_get(a, "ipv4"));
		out[n].ipv6 = texts(gsp_json_get(a, "ipv6"));
	}
	return n;
}

static void
drop_rules(struct gsp_fw_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((void *)(uintptr_t)rules[i].ipv4);
		free((void *)(uintptr_t)rules[i].ipv6);
	}
}

void
gsp_sb_rules_apply(struct gsp_sandbox *sb, struct gsp_sb_inst *i)
{
	struct gsp_fw_rule in[RULES_MAX], out[RULES_MAX];
	struct gsp_err err = GSP_ERR_INIT;
	const struct gsp_sb_fw *f;
	struct gsp_fw fw = {.in = in, .out = out};
	int rc;

	if (i == NULL || i->machine == NULL)
		return;
	f = gsp_sb_fw_of(sb, i);
	if (f != NULL) {
		fw.nin = make_rules(gsp_json_get(f->rules, "inbound"), in);
		fw.nout = make_rules(gsp_json_get(f->rules, "outbound"), out);
		fw.in_accept =
		    strcmp(gsp_json_str(f->rules, "inbound_policy", ""), "ACCEPT") == 0;
		fw.out_accept =
		    strcmp(gsp_json_str(f->rules, "outbound_policy", ""), "ACCEPT") == 0;
	}
	rc = gsp_machine_firewall(i->machine, f != NULL ? &fw : NULL, &err);
	/* as with the real one, this happens behind the API's back: an event tells */
	if (rc == -1)
		gsp_sb_event_end(sb,
		    gsp_sb_event_new(
			sb, "firewall_apply", "started", "linode", i->id, i->label, 0)
			->id,
		    false, err.msg);
	drop_rules(in, fw.nin);
	drop_rules(out, fw.nout);
}
