/* Cloud firewall rules as nft text: what is written, and what never gets into the script. */
#include "sandbox/machine_int.h"
#include "tap.h"

#include "base/banned.h"

static const char *const world[] = {"0.0.0.0/0", NULL}, *const world6[] = {"::/0", NULL},
			 *const two[] = {"198.51.100.7/32", "10.0.0.0/8", NULL};

static void
check(const struct gsp_fw_rule *r, const char *want)
{
	struct gsp_fw fw = {.in = r, .nin = r != NULL, .in_accept = false, .out_accept = true};
	struct gsp_buf b = GSP_BUF_INIT(65536);
	struct gsp_err err = GSP_ERR_INIT;
	char all[4096];

	IS_INT(gsp_vm_fw_render(&b, 10, &fw, &err), 0);
	(void)snprintf(all, sizeof(all),
	    "\tchain in10 {\n%s\t\tdrop\n\t}\n\tchain out10 {\n\t\treturn\n\t}\n", want);
	IS_STR(gsp_buf_str(&b), all);
	gsp_buf_release(&b);
}

static void
refuse(const char *ports, const char *cidr, bool v6)
{
	const char *const list[] = {cidr, NULL};
	struct gsp_fw_rule r = {.accept = true, .proto = GSP_FW_TCP};
	struct gsp_fw fw = {.in = &r, .nin = 1};
	struct gsp_buf b = GSP_BUF_INIT(65536);
	struct gsp_err err = GSP_ERR_INIT;

	(void)snprintf(r.ports, sizeof(r.ports), "%s", ports);
	*(v6 ? &r.ipv6 : &r.ipv4) = list;
	OK(gsp_vm_fw_render(&b, 10, &fw, &err) == -1 && err.code == GSP_EUSAGE);
	gsp_buf_release(&b);
}

int
main(void)
{
	static const char *const bad_ports[] = {"0", "65536", "22;", "22,", ",22", "22-", "-22",
	    "30-20", "22 drop", "22-23-24", "a", "022222222222222222222"};
	static const char *const bad_cidrs[] = {"", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/-1",
	    "1.2.3/8", "1.2.3.4 accept", "1.2.3.4/8 accept", "::1/64", "example.org"};
	size_t i;

	check(NULL, "");
	check(&(struct gsp_fw_rule){.accept = true, .proto = GSP_FW_TCP, .ports = "22",
		  .ipv4 = world, .ipv6 = world6},
	    "\t\tmeta nfproto ipv4 tcp dport 22 return\n"
	    "\t\tmeta nfproto ipv6 tcp dport 22 return\n");
	check(&(struct gsp_fw_rule){.proto = GSP_FW_UDP, .ports = "2456-2458, 80", .ipv4 = two},
	    "\t\tip saddr 198.51.100.7/32 udp dport 2456-2458 drop\n"
	    "\t\tip saddr 198.51.100.7/32 udp dport 80 drop\n"
	    "\t\tip saddr 10.0.0.0/8 udp dport 2456-2458 drop\n"
	    "\t\tip saddr 10.0.0.0/8 udp dport 80 drop\n");
	check(&(struct gsp_fw_rule){.accept = true, .proto = GSP_FW_TCP, .ipv4 = world},
	    "\t\tmeta nfproto ipv4 meta l4proto tcp return\n");
	check(&(struct gsp_fw_rule){.accept = true, .proto = GSP_FW_ICMP, .ipv4 = world,
		  .ipv6 = world6},
	    "\t\tmeta nfproto ipv4 meta l4proto icmp return\n"
	    "\t\tmeta nfproto ipv6 meta l4proto ipv6-icmp return\n");
	check(&(struct gsp_fw_rule){.accept = true, .proto = GSP_FW_IPENCAP, .ipv4 = world},
	    "\t\tmeta nfproto ipv4 meta l4proto 4 return\n");
	for (i = 0; i < sizeof(bad_ports) / sizeof(bad_ports[0]); i++)
		refuse(bad_ports[i], "0.0.0.0/0", false);
	for (i = 0; i < sizeof(bad_cidrs) / sizeof(bad_cidrs[0]); i++)
		refuse("22", bad_cidrs[i], false);
	refuse("22", "10.0.0.0/8", true);
	refuse("22", "::/129", true);
	return done();
}
