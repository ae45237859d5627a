/*
 * sandbox/machine_net: the cloud's network.
 *
 *   this computer              the cloud (a network namespace)         a machine
 *   gspsb<B> 198.18.B.1/30 --- up0 198.18.B.2/30 ... m<slot> --------- eth0 198.18.B.N/32
 *
 * The cloud routes between the two, and its nft table holds every firewall, where no root of a
 * machine can reach it. It hangs on a descriptor of ours: when that closes, all links vanish.
 * IPv6 is fd67:7370:B::/48, between this computer and its machines only. The metadata service's
 * addresses are the cloud's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/machine_int.h"
#include "sys/io.h"

#include "base/banned.h"

/* 25 rules of 255 addresses and 15 ports, two directions, a few machines. */
#define RULES_MAX (64u << 20)

/* Where machines find the metadata service. */
#define METADATA_V4 "169.254.169.254"
#define METADATA_V6 "fd00:a9fe:a9fe::1"
#define METADATA_PORT 80

static int
ip_batch(const char *batch, int net_fd, struct gsp_err *err)
{
	static const char *const argv[] = {"ip", "-batch", "-", NULL};
	const struct gsp_vm_cmd c = {argv, batch, net_fd, NULL};

	return gsp_vm_run(&c, err);
}

/* Larger packets than the way out takes would vanish there. */
static unsigned
uplink_mtu(void)
{
	char line[256], name[IFNAMSIZ];
	unsigned dest, mtu = 1500;
	struct ifreq ifr;
	FILE *f = fopen("/proc/net/route", "re");
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	while (f != NULL && s != -1 && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%15s %x", name, &dest) != 2 || dest != 0)
			continue;
		memset(&ifr, 0, sizeof(ifr));
		memcpy(ifr.ifr_name, name, sizeof(name));
		if (ioctl(s, SIOCGIFMTU, &ifr) == 0 && ifr.ifr_mtu >= 576 &&
		    (unsigned)ifr.ifr_mtu < mtu)
			mtu = (unsigned)ifr.ifr_mtu;
	}
	if (f != NULL)
		fclose(f);
	if (s != -1)
		close(s);
	return mtu;
}

static bool
has_v6(void)
{
	struct gsp_buf b = GSP_BUF_INIT(16);
	struct gsp_err ignored = GSP_ERR_INIT;
	bool yes;

	yes = gsp_io_read_file(&b, "/proc/sys/net/ipv6/conf/all/disable_ipv6", &ignored) == 0 &&
	    gsp_buf_str(&b)[0] == '0';
	gsp_buf_release(&b);
	return yes;
}

/* Inside the cloud: what /proc/sys/net shows is that of the namespace we are in. */
static int
set_switches(void *arg, struct gsp_err *err)
{
	const struct gsp_world *w = arg;

	if (gsp_vm_poke("/proc/sys/net/ipv4/ip_forward", "1") == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot route in the sandbox's network");
	(void)gsp_vm_poke("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
	(void)gsp_vm_poke("/proc/sys/net/ipv4/conf/default/rp_filter", "0");
	if (w->v6)
		(void)gsp_vm_poke("/proc/sys/net/ipv6/conf/all/forwarding", "1");
	return 0;
}

static int
plug_world(struct gsp_world *w, pid_t holder, struct gsp_err *err)
{
	struct gsp_buf b = GSP_BUF_INIT(4096);
	int hi = 18 + w->block / 256, lo = w->block % 256, rc = -1;

	gsp_buf_addf(&b, "link add %s mtu %u type veth peer name up0 mtu %u netns %d\n", w->link,
	    w->mtu, w->mtu, (int)holder);
	gsp_buf_addf(&b, "addr add 198.%d.%d.1/30 dev %s\n", hi, lo, w->link);
	if (w->v6)
		gsp_buf_addf(&b, "addr add fd67:7370:%x::1/64 dev %s nodad\n", w->block, w->link);
	gsp_buf_addf(&b, "link set %s up\n", w->link);
	if (ip_batch(gsp_buf_str(&b), -1, err) == -1)
		goto out;

	gsp_buf_reset(&b);
	gsp_buf_addf(&b, "link set lo up\naddr add 198.%d.%d.2/30 dev up0\n", hi, lo);
	gsp_buf_addf(&b, "addr add %s/32 dev lo\n", METADATA_V4);
	if (w->v6)
		gsp_buf_addf(&b,
		    "addr add fd67:7370:%x::2/64 dev up0 nodad\naddr add %s/128 dev lo nodad\n",
		    w->block, METADATA_V6);
	gsp_buf_addf(&b, "link set up0 up\nroute add default via 198.%d.%d.1\n", hi, lo);
	gsp_buf_addf(&b, "route add unreachable 198.%d.%d.0/24\n", hi, lo);
	if (w->v6)
		gsp_buf_addf(&b, "route add unreachable fd67:7370:%x:1::/64\n", w->block);
	if (ip_batch(gsp_buf_str(&b), w->net_fd, err) == -1)
		goto out;

	/* Only now has the link a carrier, which some kernels want before they take routes. */
	gsp_buf_reset(&b);
	gsp_buf_addf(&b, "route add 198.%d.%d.0/24 via 198.%d.%d.2\n", hi, lo, hi, lo);
	if (w->v6)
		gsp_buf_addf(&b, "route add fd67:7370:%x:1::/64 via fd67:7370:%x::2\n", w->block,
		    w->block);
	rc = ip_batch(gsp_buf_str(&b), -1, err);
out:
	gsp_buf_release(&b);
	return rc;
}

int
gsp_vm_net_open(struct gsp_world *w, pid_t holder, struct gsp_err *err)
{
	w->mtu = uplink_mtu();
	w->v6 = has_v6();
	if (gsp_vm_in_child(set_switches, w, -1, w->net_fd, err) == -1 ||
	    plug_world(w, holder, err) == -1)
		return gsp_err_wrap(err, "cannot set up the sandbox's network");
	return 0;
}

void
gsp_vm_net_unplug(struct gsp_machine *m)
{
	char name[IFNAMSIZ];
	const char *const argv[] = {"ip", "link", "del", name, NULL};
	const struct gsp_vm_cmd c = {argv, NULL, m->world->net_fd, NULL};
	struct gsp_err err = GSP_ERR_INIT;

	if (m->net_fd == -1)
		return;
	close(m->net_fd);
	m->net_fd = -1;
	(void)snprintf(name, sizeof(name), "m%u", m->slot);
	if (gsp_vm_run(&c, &err) == -1)
		gsp_debug("%s", err.msg); /* it went with the machine */
}

int
gsp_vm_net_plug(struct gsp_machine *m, struct gsp_err *err)
{
	const struct gsp_world *w = m->world;
	struct gsp_buf b = GSP_BUF_INIT(2048);
	char path[64];
	int rc = -1;

	gsp_vm_net_unplug(m);
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)m->pid);
	m->net_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (m->net_fd == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot open the machine's network");
	gsp_buf_addf(&b, "link add m%u mtu %u type veth peer name eth0 mtu %u netns %d\n", m->slot,
	    w->mtu, w->mtu, (int)m->pid);
	gsp_buf_addf(&b, "link set m%u up\n", m->slot);
	gsp_buf_addf(&b, "route add %s/32 dev m%u\n", m->ipv4, m->slot);
	if (w->v6) {
		gsp_buf_addf(&b, "addr add fe80::1/64 dev m%u nodad\n", m->slot);
		gsp_buf_addf(&b, "route add %s/128 dev m%u\n", m->ipv6, m->slot);
	}
	if (ip_batch(gsp_buf_str(&b), w->net_fd, err) == -1)
		goto out;

	gsp_buf_reset(&b);
	gsp_buf_addf(&b, "link set lo up\naddr add %s/32 dev eth0\n", m->ipv4);
	if (w->v6)
		gsp_buf_addf(&b, "addr add %s/128 dev eth0 nodad\n", m->ipv6);
	gsp_buf_addf(&b, "link set eth0 up\nroute add 198.%d.%d.2 dev eth0\n", 18 + w->block / 256,
	    w->block % 256);
	gsp_buf_addf(&b, "route add default via 198.%d.%d.2 src %s\n", 18 + w->block / 256,
	    w->block % 256, m->ipv4);
	if (w->v6)
		gsp_buf_addf(&b,
		    "route add fd67:7370:%x::/48 via fe80::1 dev eth0\n"
		    "route add %s/128 via fe80::1 dev eth0\n",
		    w->block, METADATA_V6);
	rc = ip_batch(gsp_buf_str(&b), m->net_fd, err);
out:
	gsp_buf_release(&b);
	return rc == 0 ? 0 : gsp_err_wrap(err, "cannot connect machine '%s'", m->label);
}

static int
listen_here(bool v6, struct gsp_err *err)
{
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(METADATA_PORT)};
	struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(METADATA_PORT)};
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int off = 0, rc = -1;

	/* Any address of the cloud's: who asks is told by his own. */
	if (fd != -1 && v6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0)
		rc = bind(fd, (struct sockaddr *)&a6, sizeof(a6));
	else if (fd != -1 && !v6)
		rc = bind(fd, (struct sockaddr *)&a4, sizeof(a4));
	if (rc == 0 && listen(fd, 32) == 0)
		return fd;
	(void)gsp_err_sys(err, GSP_ESYS, errno, "cannot listen for the metadata service");
	if (fd != -1)
		close(fd);
	return -1;
}

int
gsp_world_listen(int *fd, struct gsp_world *w, struct gsp_err *err)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), s = -1;

	if (home == -1 || setns(w->net_fd, CLONE_NEWNET) == -1) {
		(void)gsp_err_sys(err, GSP_ESYS, errno, "cannot enter the sandbox's network");
	} else {
		s = listen_here(w->v6, err);
		/* A socket stays where it was made; we must not. */
		if (setns(home, CLONE_NEWNET) == -1)
			abort();
	}
	if (home != -1)
		close(home);
	*fd = s;
	return s == -1 ? -1 : 0;
}

/* The rules that come before "established": a cut cable, forged senders. */
static void
render_link(struct gsp_buf *b, const struct gsp_machine *m)
{
	if (m->cut)
		gsp_buf_addf(b, "\t\tiifname \"m%u\" drop\n\t\toifname \"m%u\" drop\n", m->slot,
		    m->slot);
	gsp_buf_addf(b, "\t\tiifname \"m%u\" ip saddr != %s drop\n", m->slot, m->ipv4);
	if (m->ipv6[0] != '\0')
		gsp_buf_addf(b, "\t\tiifname \"m%u\" ip6 saddr != %s drop\n", m->slot, m->ipv6);
}

int
gsp_vm_net_rules(struct gsp_world *w, struct gsp_err *err)
{
	static const char *const argv[] = {"nft", "-f", "-", NULL};
	struct gsp_vm_cmd c = {argv, NULL, w->net_fd, NULL};
	struct gsp_buf b = GSP_BUF_INIT(RULES_MAX);
	const struct gsp_machine *m;
	int rc;

	/* One transaction: the old rules hold until the new ones do. */
	gsp_buf_adds(&b, "table inet cloud\ndelete table inet cloud\ntable inet cloud {\n");
	for (m = w->machines; m != NULL; m = m->next)
		gsp_buf_adds(&b, m->fw_text != NULL ? m->fw_text : "");
	gsp_buf_adds(&b, "\tchain forward {\n"
			 "\t\ttype filter hook forward priority 0; policy accept;\n");
	for (m = w->machines; m != NULL; m = m->next)
		render_link(&b, m);
	/* As at Linode, no machine of a new account may send mail. */
	gsp_buf_adds(&b, "\t\tiifname \"m*\" tcp dport { 25, 465, 587 } drop\n"
			 "\t\tct state established,related accept\n");
	for (m = w->machines; m != NULL; m = m->next) {
		if (m->fw_text != NULL)
			gsp_buf_addf(&b, "\t\tiifname \"m%u\" jump out%u\n", m->slot, m->slot);
	}
	for (m = w->machines; m != NULL; m = m->next) {
		if (m->fw_text != NULL)
			gsp_buf_addf(&b, "\t\toifname \"m%u\" jump in%u\n", m->slot, m->slot);
	}
	/* A cut cable leads nowhere, to the metadata service neither. */
	gsp_buf_adds(&b, "\t}\n\tchain input {\n"
			 "\t\ttype filter hook input priority 0; policy accept;\n");
	for (m = w->machines; m != NULL; m = m->next) {
		if (m->cut)
			gsp_buf_addf(&b, "\t\tiifname \"m%u\" drop\n", m->slot);
	}
	gsp_buf_adds(&b, "\t}\n}\n");
	c.input = gsp_buf_str(&b);
	rc = gsp_buf_ok(&b) ? gsp_vm_run(&c, err) :
			      gsp_err_set(err, GSP_ELIMIT, "firewalls too large");
	gsp_buf_release(&b);
	return rc == 0 ? 0 : gsp_err_wrap(err, "cannot load the firewall");
}

int
gsp_machine_firewall(struct gsp_machine *m, const struct gsp_fw *fw, struct gsp_err *err)
{
	struct gsp_buf b = GSP_BUF_INIT(RULES_MAX);
	char *old = m->fw_text, *text = NULL;

	if (fw != NULL) {
		if (gsp_vm_fw_render(&b, m->slot, fw, err) == -1) {
			gsp_buf_release(&b);
			return -1;
		}
		text = gsp_buf_take(&b);
	}
	m->fw_text = text;
	if (gsp_vm_net_rules(m->world, err) == -1) {
		m->fw_text = old;
		free(text);
		return -1;
	}
	free(old);
	return 0;
}

void
gsp_machine_link(struct gsp_machine *m, bool up)
{
	struct gsp_err err = GSP_ERR_INIT;

	m->cut = !up;
	if (gsp_vm_net_rules(m->world, &err) == -1)
		gsp_debug("%s", err.msg);
}

void
gsp_machine_reset_ssh(struct gsp_machine *m)
{
	static const char *const argv[] = {"ss", "-K", "-t", "state", "established", "sport", "=",
	    ":22", NULL};
	const struct gsp_vm_cmd c = {argv, NULL, m->net_fd, NULL};
	struct gsp_err err = GSP_ERR_INIT;

	if (m->net_fd != -1 && gsp_vm_run(&c, &err) == -1)
		gsp_debug("%s", err.msg);
}
