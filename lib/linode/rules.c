#include "linode/rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#include "base/banned.h"

#define RULES_MAX 25
#define PIECES_MAX 15
#define ADDRESS_MAX 255
#define PORTS_TEXT 256 /* 15 pieces of at most 6 bytes each */

/* A new rule in ${in}; its "addresses" are returned for filling. */
static struct gsp_json *
add_rule(struct gsp_json *in, const char *label, const char *protocol, const char *ports)
{
	struct gsp_json *r = gsp_json_add_obj(in, NULL);

	gsp_json_add_str(r, "label", label);
	gsp_json_add_str(r, "action", "ACCEPT");
	gsp_json_add_str(r, "protocol", protocol);
	if (ports != NULL)
		gsp_json_add_str(r, "ports", ports);
	return gsp_json_add_obj(r, "addresses");
}

static void
add_everybody(struct gsp_json *addresses)
{
	gsp_json_add_str(gsp_json_add_arr(addresses, "ipv4"), NULL, "0.0.0.0/0");
	gsp_json_add_str(gsp_json_add_arr(addresses, "ipv6"), NULL, "::/0");
}

/* "192.0.2.7", "192.0.2.0/24", "2001:db8::/32": checked, and always with a prefix length. */
static int
normal_cidr(char out[64], bool *v6, const char *text, struct gsp_err *err)
{
	unsigned char raw[16];
	char bare[46];
	size_t n = strcspn(text, "/");
	uint64_t bits, most;

	*v6 = strchr(text, ':') != NULL;
	most = *v6 ? 128 : 32;
	bits = most;
	if (n < sizeof(bare)) {
		memcpy(bare, text, n);
		bare[n] = '\0';
		if (inet_pton(*v6 ? AF_INET6 : AF_INET, bare, raw) == 1 &&
		    (text[n] == '\0' || gsp_num_u64(&bits, text + n + 1, 0, most) == 0)) {
			(void)snprintf(out, 64, "%s/%u", bare, (unsigned)bits);
			return 0;
		}
	}
	return gsp_err_set(err, GSP_ECONFIG,
	    "'%.80s' is not an address or network such as 198.51.100.7/32", text);
}

static int
add_ssh(struct gsp_json *in, const char *const *from, struct gsp_err *err)
{
	struct gsp_json *addresses = NULL, *v4 = NULL, *v6 = NULL, **list;
	char label[32], cidr[64];
	size_t n = 0;
	bool is6;

	if (from == NULL || from[0] == NULL)
		return gsp_err_set(err, GSP_ECONFIG,
		    "nobody may reach ssh, so gsp could not either; name "
		    "an address in 'ssh_from'");
	for (; *from != NULL; from++, n++) {
		if (normal_cidr(cidr, &is6, *from, err) == -1)
			return -1;
		if (n % ADDRESS_MAX == 0) {
			(void)snprintf(label, sizeof(label), n == 0 ? "ssh" : "ssh-%zu",
			    n / ADDRESS_MAX + 1);
			addresses = add_rule(in, label, "TCP", "22");
			v4 = v6 = NULL;
		}
		list = is6 ? &v6 : &v4;
		if (*list == NULL)
			*list = gsp_json_add_arr(addresses, is6 ? "ipv6" : "ipv4");
		gsp_json_add_str(*list, NULL, cidr);
	}
	return 0;
}

static int
by_first(const void *a, const void *b)
{
	const struct gsp_port *x = a, *y = b;

	return (int)x->first - (int)y->first;
}

/* Ports of one protocol, sorted and merged, into ${out}; how many. */
static size_t
merge(struct gsp_port *out, const struct gsp_firewall_rules *rules, bool udp)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < rules->nports; i++)
		if (rules->ports[i].udp == udp)
			out[n++] = rules->ports[i];
	qsort(out, n, sizeof(*out), by_first);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && out[i].first <= out[kept - 1].last + 1) {
			if (out[i].last > out[kept - 1].last)
				out[kept - 1].last = out[i].last;
		} else
			out[kept++] = out[i];
	}
	return kept;
}

static size_t
pieces_of(const struct gsp_port *p)
{
	return p->last > p->first ? 2 : 1;
}

static int
add_ports(
    struct gsp_json *in, const struct gsp_firewall_rules *rules, bool udp, struct gsp_err *err)
{
	struct gsp_port *p;
	struct gsp_buf text = GSP_BUF_INIT(PORTS_TEXT);
	size_t n, pieces = 0, nth = 0;
	char label[32];

	if (rules->nports == 0)
		return 0;
	if ((p = calloc(rules->nports, sizeof(*p))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	n = merge(p, rules, udp);
	for (size_t i = 0; i < n; i++) {
		gsp_buf_addf(&text, "%s%u", pieces > 0 ? "," : "", p[i].first);
		if (p[i].last > p[i].first)
			gsp_buf_addf(&text, "-%u", p[i].last);
		pieces += pieces_of(&p[i]);
		if (i + 1 < n && pieces + pieces_of(&p[i + 1]) <= PIECES_MAX)
			continue;
		(void)snprintf(
		    label, sizeof(label), "game-%s-%zu", udp ? "udp" : "tcp", ++nth);
		add_everybody(add_rule(in, label, udp ? "UDP" : "TCP", gsp_buf_str(&text)));
		gsp_buf_reset(&text);
		pieces = 0;
	}
	gsp_buf_release(&text);
	free(p);
	return 0;
}

int
gsp_rules_json(
    struct gsp_json **out, const struct gsp_firewall_rules *rules, struct gsp_err *err)
{
	struct gsp_json *r = gsp_json_new_obj(), *in = gsp_json_add_arr(r, "inbound");
	size_t n;

	gsp_json_add_str(r, "inbound_policy", "DROP");
	(void)gsp_json_add_arr(r, "outbound");
	gsp_json_add_str(r, "outbound_policy", "ACCEPT");
	if (add_ssh(in, rules->ssh_from, err) == -1)
		goto fail;
	add_everybody(add_rule(in, "icmp", "ICMP", NULL));
	if (add_ports(in, rules, false, err) == -1 || add_ports(in, rules, true, err) == -1)
		goto fail;
	if ((n = gsp_json_count(in)) > RULES_MAX) {
		gsp_err_set(err, GSP_ECONFIG,
		    "the ports and addresses need %zu rules, and a firewall has "
		    "room for %d; use ranges",
		    n, RULES_MAX);
		goto fail;
	}
	*out = r;
	return 0;
fail:
	gsp_json_free(r);
	return -1;
}
