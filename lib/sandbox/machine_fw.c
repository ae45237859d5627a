/*
 * sandbox/machine_fw: cloud firewall rules as two nft chains, "in<slot>" and "out<slot>".
 *
 * A packet that may pass returns from its chain, since a packet between two machines has
 * both an outbound and an inbound firewall to pass. Each address and each piece of a port
 * list becomes a rule of its own: nft refuses sets whose elements overlap, users do not.
 * All strings are checked here again: they become part of a script.
 *
 * Source: nft(8); rules as in Linode API v4, PUT /networking/firewalls/{firewallId}/rules.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "sandbox/machine_int.h"

#include "base/banned.h"

/* "ip saddr 198.51.100.0/24 " or, for the whole family, "meta nfproto ipv4 ". */
static int
render_address(struct gsp_buf *b, const char *cidr, bool v6, bool inbound, struct gsp_err *err)
{
	unsigned char raw[16];
	char host[64];
	uint64_t bits = v6 ? 128 : 32;
	const char *slash = strchr(cidr, '/');
	size_t len = slash != NULL ? (size_t)(slash - cidr) : strlen(cidr);

	if (len >= sizeof(host))
		return gsp_err_set(err, GSP_EUSAGE, "'%.80s' is not an address", cidr);
	memcpy(host, cidr, len);
	host[len] = '\0';
	if (inet_pton(v6 ? AF_INET6 : AF_INET, host, raw) != 1 ||
	    (slash != NULL && gsp_num_u64(&bits, slash + 1, 0, bits) == -1))
		return gsp_err_set(err, GSP_EUSAGE, "'%.80s' is not an IPv%d address with prefix",
		    cidr, v6 ? 6 : 4);
	if (bits == 0)
		gsp_buf_addf(b, "meta nfproto ipv%d ", v6 ? 6 : 4);
	else
		gsp_buf_addf(b, "ip%s %caddr %s/%" PRIu64 " ", v6 ? "6" : "", inbound ? 's' : 'd',
		    host, bits);
	return 0;
}

/* "22" or "2456-2458" of length len at p: is it a port or a range? */
static bool
is_port_piece(const char *p, size_t len)
{
	char copy[16];
	char *dash;
	uint64_t from, to;

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, p, len);
	copy[len] = '\0';
	dash = strchr(copy, '-');
	if (dash != NULL)
		*dash++ = '\0';
	if (gsp_num_u64(&from, copy, 1, 65535) == -1)
		return false;
	return dash == NULL || (gsp_num_u64(&to, dash, 1, 65535) == 0 && from <= to);
}

static int
render_ports(struct gsp_buf *b, const char *head, const struct gsp_fw_rule *r, const char *verdict,
    struct gsp_err *err)
{
	const char *proto = r->proto == GSP_FW_TCP ? "tcp" : "udp", *p = r->ports;
	size_t len;

	if (*p == '\0') {
		gsp_buf_addf(b, "\t\t%smeta l4proto %s %s\n", head, proto, verdict);
		return 0;
	}
	for (;;) {
		p += strspn(p, " ");
		len = strcspn(p, ", ");
		if (!is_port_piece(p, len))
			return gsp_err_set(err, GSP_EUSAGE, "bad port list '%.127s'", r->ports);
		gsp_buf_addf(b, "\t\t%s%s dport %.*s %s\n", head, proto, (int)len, p, verdict);
		p += len;
		p += strspn(p, " ");
		if (*p == '\0')
			return 0;
		if (*p++ != ',')
			return gsp_err_set(err, GSP_EUSAGE, "bad port list '%.127s'", r->ports);
	}
}

static int
render_family(struct gsp_buf *b, const struct gsp_fw_rule *r, bool v6, bool inbound,
    struct gsp_err *err)
{
	const char *const *a = v6 ? r->ipv6 : r->ipv4;
	const char *verdict = r->accept ? "return" : "drop";
	struct gsp_buf head = GSP_BUF_INIT(256);
	int rc = 0;

	for (; rc == 0 && a != NULL && *a != NULL; a++) {
		gsp_buf_reset(&head);
		if (render_address(&head, *a, v6, inbound, err) == -1) {
			rc = -1;
		} else if (r->proto == GSP_FW_ICMP) {
			gsp_buf_addf(b, "\t\t%smeta l4proto %s %s\n", gsp_buf_str(&head),
			    v6 ? "ipv6-icmp" : "icmp", verdict);
		} else if (r->proto == GSP_FW_IPENCAP) {
			gsp_buf_addf(b, "\t\t%smeta l4proto 4 %s\n", gsp_buf_str(&head), verdict);
		} else {
			rc = render_ports(b, gsp_buf_str(&head), r, verdict, err);
		}
	}
	gsp_buf_release(&head);
	return rc;
}

static int
render_chain(struct gsp_buf *b, const char *name, unsigned slot, const struct gsp_fw_rule *r,
    size_t n, bool accept, struct gsp_err *err)
{
	bool inbound = name[0] == 'i';
	size_t i;

	gsp_buf_addf(b, "\tchain %s%u {\n", name, slot);
	for (i = 0; i < n; i++) {
		if (render_family(b, &r[i], false, inbound, err) == -1 ||
		    render_family(b, &r[i], true, inbound, err) == -1)
			return gsp_err_wrap(err, "firewall rule %zu (%sbound)", i + 1, name);
	}
	gsp_buf_addf(b, "\t\t%s\n\t}\n", accept ? "return" : "drop");
	return 0;
}

int
gsp_vm_fw_render(struct gsp_buf *out, unsigned slot, const struct gsp_fw *fw, struct gsp_err *err)
{
	if (render_chain(out, "in", slot, fw->in, fw->nin, fw->in_accept, err) == -1 ||
	    render_chain(out, "out", slot, fw->out, fw->nout, fw->out_accept, err) == -1)
		return -1;
	if (!gsp_buf_ok(out))
		return gsp_err_set(err, GSP_ELIMIT, "firewall too large");
	return 0;
}
