/*
 * Machines of the sandbox, for real: needs root and OpenSSH. Leaves nothing.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/argv.h"
#include "base/clock.h"
#include "sandbox/machine.h"
#include "sys/io.h"
#include "sys/proc.h"
#include "sys/sig.h"
#include "tap.h"

#include "base/banned.h"

static char tmp[] = "/tmp/gsp-test-machine.XXXXXX";
static char login_pub[1024], host_pub[1024];
static struct gsp_buf user_data = GSP_BUF_INIT(65536);

static void
must(int rc, const struct gsp_err *err)
{
	if (rc == 0)
		return;
	printf("Bail out! %s\n", err->msg);
	exit(1);
}

static const char *
at(const char *name)
{
	static char path[4][256];
	static unsigned i;

	i = (i + 1) % 4;
	(void)snprintf(path[i], sizeof(path[i]), "%s/%s", tmp, name);
	return path[i];
}

static void
read_line(char *out, size_t size, const char *path)
{
	struct gsp_buf b = GSP_BUF_INIT(65536);
	struct gsp_err err = GSP_ERR_INIT;

	must(gsp_io_read_file(&b, path, &err), &err);
	(void)snprintf(out, size, "%.*s", (int)strcspn(gsp_buf_str(&b), "\n"), gsp_buf_str(&b));
	gsp_buf_release(&b);
}

static void
keygen(const char *path)
{
	const char *const argv[] = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test",
	    "-f", path, NULL};
	struct gsp_err err = GSP_ERR_INIT;
	int status = -1;

	must(gsp_proc_run(argv, NULL, &status, &err), &err);
	must(status == 0 ? 0 : gsp_err_set(&err, GSP_ESYS, "ssh-keygen"), &err);
}

static void
make_files(void)
{
	struct gsp_buf key = GSP_BUF_INIT(65536), known = GSP_BUF_INIT(65536);
	struct gsp_err err = GSP_ERR_INIT;
	const char *p;

	if (mkdtemp(tmp) == NULL)
		exit(1);
	keygen(at("login"));
	keygen(at("host"));
	read_line(login_pub, sizeof(login_pub), at("login.pub"));
	read_line(host_pub, sizeof(host_pub), at("host.pub"));
	gsp_buf_addf(&known, "good %s\nbad %s\n", host_pub, login_pub);
	must(gsp_io_replace(at("known"), gsp_buf_str(&known), known.len, 0600, &err), &err);

	must(gsp_io_read_file(&key, at("host"), &err), &err);
	gsp_buf_adds(&user_data, "#cloud-config\nssh_deletekeys: true\nssh_keys:\n"
				 "  ed25519_private: |\n");
	for (p = gsp_buf_str(&key); *p != '\0'; p += strcspn(p, "\n") + 1) {
		gsp_buf_adds(&user_data, "    ");
		gsp_buf_add(&user_data, p, strcspn(p, "\n") + 1);
	}
	gsp_buf_addf(&user_data, "  ed25519_public: \"%s\"\n", host_pub);
	gsp_buf_adds(&user_data,
	    "disable_root: false\nssh_pwauth: false\npackage_update: true\n"
	    "packages: [openssh-server]\n"
	    "write_files:\n"
	    "  - path: /opt/t/plain\n    permissions: \"0640\"\n    owner: games:games\n"
	    "    content: |\n      one\n      two\n"
	    "  - {path: /opt/t/b64, encoding: b64, content: aGFsbG8K}\n"
	    "  - {path: /opt/t/gz, encoding: gz+b64, "
	    "content: H4sIAAAAAAACAytITM5OTeECAEPgQS8HAAAA, defer: true}\n"
	    "  - {path: /opt/t/plain, append: true, content: \"three\\n\"}\n"
	    "  - path: /etc/gsp-test.nft\n    content: |\n"
	    "      table inet gsp_metadata {\n        chain out {\n"
	    "          type filter hook output priority 0; policy accept;\n"
	    "          meta skuid != 0 ip daddr 169.254.169.254 drop\n        }\n      }\n"
	    "  - path: /etc/systemd/system/gsp-test.service\n    content: |\n"
	    "      [Service]\n      Type=simple\n      User=games\n      Environment=\"A=b c\"\n"
	    "      RuntimeDirectory=gsp-test\n"
	    "      ExecStart=/bin/sh -c 'echo \"$A\" >/run/gsp-test/out; exec sleep 1000'\n"
	    "runcmd:\n"
	    "  - [nft, -f, /etc/gsp-test.nft]\n"
	    "  - [sh, -c, \"echo its $0 > /root/said\", \"a b\"]\n"
	    "  - echo line >> /root/said\n"
	    "  - [touch, /run/first-boot-done]\n");
	gsp_buf_release(&key);
	gsp_buf_release(&known);
}

static bool mux; /* one connection for many commands, where the connection is not the question */

/* A command on the machine: its status and output; 255 is ssh's own. */
static int
ssh(const char *ip, const char *alias, const char *command, struct gsp_buf *out)
{
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_buf mine = GSP_BUF_INIT(65536);
	int status = -1;

	gsp_argv_push(&a, "ssh");
	gsp_argv_push(&a, "-qF/dev/null");
	gsp_argv_pushf(&a, "-i%s", at("login"));
	gsp_argv_pushf(&a, "-oUserKnownHostsFile=%s", at("known"));
	gsp_argv_pushf(&a, "-oHostKeyAlias=%s", alias);
	gsp_argv_push(&a, "-oGlobalKnownHostsFile=/dev/null");
	gsp_argv_push(&a, "-oStrictHostKeyChecking=yes");
	gsp_argv_push(&a, "-oHostKeyAlgorithms=ssh-ed25519");
	gsp_argv_push(&a, "-oIdentitiesOnly=yes");
	gsp_argv_push(&a, "-oBatchMode=yes");
	gsp_argv_push(&a, "-oConnectTimeout=3");
	if (mux && strcmp(alias, "good") == 0) {
		gsp_argv_push(&a, "-oControlMaster=auto");
		gsp_argv_push(&a, "-oControlPersist=5");
		gsp_argv_pushf(&a, "-oControlPath=%s", at("mux"));
	}
	if (command == NULL)
		gsp_argv_push(&a, "-Oexit");
	gsp_argv_pushf(&a, "root@%s", ip);
	if (command != NULL)
		gsp_argv_push(&a, command);
	must(gsp_argv_ok(&a) ? 0 : -1, &err);
	must(gsp_proc_run((const char *const *)(uintptr_t)a.v, out != NULL ? out : &mine, &status,
		 &err), &err);
	if (out != NULL && out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	gsp_argv_release(&a);
	gsp_buf_release(&mine);
	return status;
}

/* 1 connected, 0 refused or unreachable, -1 no answer in time. */
static int
knock(const char *ip, unsigned port, int timeout_ms)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct pollfd p = {-1, POLLOUT, 0};
	int err = 0, rc = -1;
	socklen_t len = sizeof(err);

	(void)inet_pton(AF_INET, ip, &sin.sin_addr);
	p.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connect(p.fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		rc = 1;
	else if (errno != EINPROGRESS)
		rc = 0;
	else if (poll(&p, 1, timeout_ms) == 1)
		rc = getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0 && err == 0;
	close(p.fd);
	return rc;
}

static bool
wait_ssh(const char *ip)
{
	int64_t deadline = gsp_now_ms() + 10000;
	struct gsp_err err = GSP_ERR_INIT;

	while (knock(ip, 22, 1000) != 1) {
		if (gsp_now_ms() > deadline)
			return false;
		(void)gsp_sleep_ms(10, &err);
	}
	return ssh(ip, "good", "true", NULL) == 0;
}

static bool
wait_off(struct gsp_machine *m)
{
	int64_t deadline = gsp_now_ms() + 10000;
	struct gsp_err err = GSP_ERR_INIT;

	while (gsp_machine_alive(m) && gsp_now_ms() < deadline)
		(void)gsp_sleep_ms(10, &err);
	return !gsp_machine_alive(m);
}

static struct gsp_machine *
make(struct gsp_world *w, const char *label)
{
	const char *const keys[] = {login_pub, NULL};
	struct gsp_machine_spec s = {.id = 1, .label = label, .authorized_keys = keys,
	    .user_data = gsp_buf_str(&user_data), .user_data_len = user_data.len};
	struct gsp_machine *m = NULL;
	struct gsp_err err = GSP_ERR_INIT;

	must(gsp_machine_new(&m, w, &s, &err), &err);
	return m;
}

#define SAYS(ip, command, want)                                                                    \
	do {                                                                                       \
		struct gsp_buf said_ = GSP_BUF_INIT(65536);                                        \
		(void)ssh((ip), "good", (command), &said_);                                        \
		IS_STR(gsp_buf_str(&said_), (want));                                               \
		gsp_buf_release(&said_);                                                           \
	} while (0)

static void
test_inside(const char *ip)
{
	struct gsp_buf b = GSP_BUF_INIT(65536);
	char boot_id[64];

	IS_INT(ssh(ip, "bad", "true", NULL), 255); /* another host key than pinned */
	IS_INT(ssh(ip, "good", "cloud-init status --wait", &b), 0);
	OK(strstr(gsp_buf_str(&b), "status: done") != NULL);
	gsp_buf_reset(&b);
	SAYS(ip, "hostname; grep -c gsp-one /etc/hosts", "gsp-one\n2");
	SAYS(ip, "ls -A /home /srv; ls -A /root", "/home:\n\n/srv:\n.ssh\nsaid");
	SAYS(ip, "cat /opt/t/plain; stat -c '%a %U' /opt/t/plain", "one\ntwo\nthree\n644 root");
	SAYS(ip, "cat /opt/t/b64 /opt/t/gz", "hallo\npacked");
	SAYS(ip, "cat /root/said; ls /run/first-boot-done",
	    "its a b\nline\n/run/first-boot-done");
	SAYS(ip, "nft list tables", "table inet gsp_metadata");
	SAYS(ip, "ls /etc/ssh/ | grep host_; stat -c %a /root/.ssh/authorized_keys",
	    "ssh_host_ed25519_key\nssh_host_ed25519_key.pub\n600");
	SAYS(ip, "dpkg-query -Wf '${Status}' dpkg", "install ok installed");
	IS_INT(ssh(ip, "good", "echo 1 2>/dev/null >/proc/sys/kernel/panic", NULL) != 0, 1);
	IS_INT(ssh(ip, "good", "date -s '2020-01-01' 2>/dev/null", NULL) != 0, 1);
	IS_INT(ssh(ip, "good", "grep -q '[a-z0-9]:[$]' /etc/shadow", NULL), 1);
	SAYS(ip, "tr -d '\\0' </proc/1/cmdline; tr -d '\\0' </proc/1/environ", "init");
	IS_INT(ssh(ip, "good", "useradd -m -d /srv/g game && setpriv --reuid game --regid game "
			       "--init-groups touch /srv/g/x", NULL), 0);
	SAYS(ip, "printf %s \"$PATH\" | tr : '\\n' | sort | paste -sd:",
	    "/bin:/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin");
	read_line(boot_id, sizeof(boot_id), "/proc/sys/kernel/random/boot_id");
	OK(ssh(ip, "good", "cat /proc/sys/kernel/random/boot_id", &b) == 0 && b.len == 36 &&
	    strcmp(gsp_buf_str(&b), boot_id) != 0);
	gsp_buf_release(&b);
}

static void
test_services(const char *ip)
{
	if (ssh(ip, "good", "test -w /sys/fs/cgroup/cgroup.procs", NULL) == 0) {
		SAYS(ip,
		    "g=/sys/fs/cgroup/t; mkdir $g && { sleep 1000 </dev/null >/dev/null 2>&1 & } && "
		    "echo $! >$g/cgroup.procs && echo 1 >$g/cgroup.kill; wait 2>/dev/null; "
		    "cat $g/cgroup.procs; rmdir $g && echo gone",
		    "gone");
	} else {
		SKIP("no cgroup2 here");
	}
	SAYS(ip,
	    "systemctl daemon-reload; systemctl is-active gsp-test; systemctl start gsp-test; "
	    "systemctl is-active gsp-test; sleep 0.1; cat /run/gsp-test/out; "
	    "ps -o user= -C sleep; systemctl stop gsp-test; systemctl is-active gsp-test",
	    "inactive\nactive\nb c\ngames\ninactive");
	IS_INT(ssh(ip, "good", "systemctl list-timers 2>/dev/null", NULL), 1);
}

static void
test_firewall(struct gsp_machine *m)
{
	static const char *const all[] = {"0.0.0.0/0", NULL}, *const nobody[] = {"192.0.2.1/32", NULL};
	struct gsp_fw_rule rules[] = {
	    {.accept = true, .proto = GSP_FW_TCP, .ports = "22", .ipv4 = all},
	    {.accept = true, .proto = GSP_FW_TCP, .ports = "80, 7000-8000", .ipv4 = nobody}};
	const struct gsp_fw fw = {.in = rules, .nin = 2, .in_accept = false, .out_accept = true};
	const char *ip = gsp_machine_ipv4(m);
	struct gsp_err err = GSP_ERR_INIT;

	IS_INT(ssh(ip, "good", "/usr/sbin/sshd -p 7777", NULL), 0);
	/* it becomes a daemon first and binds its port afterwards */
	for (int tries = 0; tries < 100 && knock(ip, 7777, 1000) != 1; tries++)
		must(gsp_sleep_ms(100, &err), &err);
	IS_INT(knock(ip, 7777, 1000), 1);
	IS_INT(gsp_machine_firewall(m, &fw, &err), 0);
	IS_INT(knock(ip, 7777, 200), -1);
	IS_INT(knock(ip, 22, 1000), 1);
	rules[1].ipv4 = all;
	IS_INT(gsp_machine_firewall(m, &fw, &err), 0);
	IS_INT(knock(ip, 7777, 1000), 1);
	(void)snprintf(rules[0].ports, sizeof(rules[0].ports), "22 drop; accept");
	OK(gsp_machine_firewall(m, &fw, &err) == -1 && err.code == GSP_EUSAGE);
	IS_INT(knock(ip, 22, 1000), 1);
	IS_INT(gsp_machine_firewall(m, NULL, &err), 0);
}

static void
test_faults(struct gsp_machine *m)
{
	const char *ip = gsp_machine_ipv4(m);
	struct gsp_err err = GSP_ERR_INIT;
	int status = -1;
	pid_t pid;

	gsp_machine_link(m, false);
	IS_INT(knock(ip, 22, 200), -1);
	gsp_machine_link(m, true);
	IS_INT(knock(ip, 22, 2000), 1);

	pid = fork();
	if (pid == 0)
		_exit(ssh(ip, "good", "touch /run/long; sleep 1000", NULL) & 255);
	while (ssh(ip, "good", "ls /run/long 2>/dev/null", NULL) != 0)
		(void)gsp_sleep_ms(10, &err);
	gsp_machine_reset_ssh(m);
	OK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 255);
	IS_INT(ssh(ip, "good", "true", NULL), 0);

	IS_INT(gsp_machine_fill_disk(m, 1 << 20, &err), 0);
	IS_INT(ssh(ip, "good", "head -c 3000000 /dev/zero >/srv/big 2>/dev/null", NULL) != 0, 1);
	IS_INT(gsp_machine_fill_disk(m, UINT64_MAX, &err), 0);
	IS_INT(ssh(ip, "good", "head -c 3000000 /dev/zero >/srv/big", NULL), 0);
	SAYS(ip, "truncate -s 5G /srv/big && du -k /srv/big | cut -f1", "2932");
}

static void
test_reboot(struct gsp_machine *m)
{
	const char *ip = gsp_machine_ipv4(m);
	struct gsp_err err = GSP_ERR_INIT;
	char before[64];

	struct gsp_buf b = GSP_BUF_INIT(128);
	(void)ssh(ip, "good", "cat /proc/sys/kernel/random/boot_id", &b);
	(void)snprintf(before, sizeof(before), "%s", gsp_buf_str(&b));
	IS_INT(ssh(ip, "good",
		   "touch /srv/keep /tmp/lost /run/lost; systemctl enable gsp-test; "
		   "cat >/opt/t/server <<'E'\n#!/bin/sh\n"
		   "trap 'echo bye >/srv/bye; exit' TERM; touch /run/up; while :; do sleep 0.01; done\nE\n"
		   "chmod +x /opt/t/server; setsid /opt/t/server </dev/null >/dev/null 2>&1 & "
		   "while ! ls /run/up 2>/dev/null; do sleep 0.01; done", NULL), 0);
	(void)ssh(ip, "good", "/sbin/reboot", NULL);
	OK(wait_off(m));
	OK(gsp_machine_wants_reboot(m));
	IS_INT(knock(ip, 22, 2000), 0);
	IS_INT(gsp_machine_boot(m, &err), 0);
	OK(!gsp_machine_wants_reboot(m));
	OK(wait_ssh(ip));
	SAYS(ip, "cat /srv/bye; ls /srv/keep /tmp /run/lost /run/first-boot-done 2>/dev/null",
	    "bye\n/srv/keep\n\n/tmp:");
	gsp_buf_reset(&b);
	(void)ssh(ip, "good", "cat /proc/sys/kernel/random/boot_id", &b);
	OK(b.len == 36 && strcmp(gsp_buf_str(&b), before) != 0);
	SAYS(ip, "nft list tables", "");
	SAYS(ip, "cloud-init status --wait; systemctl is-active gsp-test", "\nstatus: done\nactive");
	(void)ssh(ip, "good", "shutdown -h now", NULL);
	OK(wait_off(m) && !gsp_machine_wants_reboot(m));
	gsp_buf_release(&b);
}

/* A rebuilt machine has the address that it had. Takes m. */
static void
test_same_address(struct gsp_world *w, struct gsp_machine *m)
{
	const char *const keys[] = {login_pub, NULL};
	struct gsp_machine_spec spec = {.id = 1, .label = "gsp-one", .authorized_keys = keys};
	struct gsp_err err = GSP_ERR_INIT;
	char ip[64];

	(void)snprintf(ip, sizeof(ip), "%s", gsp_machine_ipv4(m));
	spec.ipv4 = ip;
	OK(gsp_machine_new(&m, w, &spec, &err) == -1 && err.code == GSP_EUNAVAIL);
	gsp_machine_free(m);
	must(gsp_machine_new(&m, w, &spec, &err), &err);
	IS_STR(gsp_machine_ipv4(m), ip);
	gsp_machine_free(m);
	spec.ipv4 = "192.0.2.1";
	OK(gsp_machine_new(&m, w, &spec, &err) == -1 && err.code == GSP_EUNAVAIL);
	spec.ipv4 = "";
	must(gsp_machine_new(&m, w, &spec, &err), &err);
	OK(strcmp(gsp_machine_ipv4(m), ip) != 0);
	gsp_machine_free(m);
}

static void
test_degraded(struct gsp_world *w)
{
	static const char *const texts[] = {"#cloud-config\nnonsense: 1\n",
	    "#cloud-config\nruncmd: [\"false\"]\n", "#cloud-config\n  - ]:\n", "#!/bin/sh\nexit 0\n"};
	static const int want[] = {2, 1, 2, 0};
	const char *const keys[] = {login_pub, NULL};
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_machine *m[4] = {NULL};
	struct gsp_buf known = GSP_BUF_INIT(65536);
	size_t i;

	for (i = 0; i < 4; i++) {
		struct gsp_buf text = GSP_BUF_INIT(65536);
		struct gsp_machine_spec s = {.id = i, .label = "gsp-x", .authorized_keys = keys};

		/* The host key comes from user data only if that is read: learn it for once. */
		gsp_buf_adds(&text, texts[i]);
		s.user_data = gsp_buf_str(&text);
		s.user_data_len = text.len;
		IS_INT(gsp_machine_new(&m[i], w, &s, &err), 0);
		IS_INT(gsp_machine_boot(m[i], &err), 0);
		gsp_buf_release(&text);
	}
	for (i = 0; i < 4; i++) {
		const char *ip = gsp_machine_ipv4(m[i]);
		const char *const scan[] = {"ssh-keyscan", "-T5", "-t", "ed25519", ip, NULL};
		int status = -1;

		while (knock(ip, 22, 1000) != 1)
			(void)gsp_sleep_ms(10, &err);
		gsp_buf_reset(&known);
		must(gsp_proc_run(scan, &known, &status, &err), &err);
		must(gsp_io_append(at("known"), gsp_buf_str(&known), known.len, 0600, &err), &err);
		IS_INT(ssh(ip, ip, "cloud-init status --wait", NULL), want[i]);
		gsp_machine_free(m[i]);
	}
	gsp_buf_release(&known);
}

/* A sandbox of another process that is killed takes its machine with it. */
static void
test_killed(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_world *w = NULL;
	struct gsp_world_opts o = {.dir = at("killed")};
	char ip[64] = "", link[64];
	int a = 0, b = 0;
	unsigned alive = 0;
	int64_t deadline;
	int fds[2];
	pid_t pid;

	if (pipe(fds) == -1)
		exit(1);
	pid = fork();
	if (pid == 0) {
		struct gsp_machine *m;

		must(gsp_world_open(&w, &o, &err), &err);
		m = make(w, "gsp-killed");
		must(gsp_machine_boot(m, &err), &err);
		if (write(fds[1], gsp_machine_ipv4(m), strlen(gsp_machine_ipv4(m))) > 0)
			pause();
		_exit(1);
	}
	OK(read(fds[0], ip, sizeof(ip) - 1) > 0);
	OK(wait_ssh(ip));
	OK(sscanf(ip, "198.%d.%d.", &a, &b) == 2);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	close(fds[0]);
	close(fds[1]);
	deadline = gsp_now_ms() + 5000;
	/* Its cable goes with the last process inside. */
	(void)snprintf(link, sizeof(link), "/sys/class/net/gspsb%d", (a - 18) * 256 + b);
	while (gsp_io_exists(link) && gsp_now_ms() < deadline)
		(void)gsp_sleep_ms(10, &err);
	OK(!gsp_io_exists(link));
	OK(gsp_io_exists(at("killed/m10")));
	IS_INT(gsp_world_open(&w, &o, &err), 0);
	OK(!gsp_io_exists(at("killed/m10")));
	gsp_world_close(w);
	OK(!gsp_io_exists(at("killed/lock")));
	IS_INT(gsp_world_clean(&alive, &err), 0);
}

/* The lines that could be a sandbox's doing: others work on this computer too. */
static void
add_ours(struct gsp_buf *out, const char *text)
{
	static const char *const signs[] = {"gsp", "198.18.", "198.19.", "fd67:7370:"};
	const char *p, *eol;
	char line[512];
	size_t i;

	for (p = text; *p != '\0'; p = *eol != '\0' ? eol + 1 : eol) {
		eol = p + strcspn(p, "\n");
		(void)snprintf(line, sizeof(line), "%.*s", (int)(eol - p), p);
		for (i = 0; i < 4; i++) {
			if (strstr(line, signs[i]) != NULL)
				break;
		}
		if (i < 4)
			gsp_buf_addf(out, "%s\n", line);
	}
}

/* Everything that a sandbox could leave on this computer, as one text. */
static void
snapshot(struct gsp_buf *out)
{
	static const char *const tools[][4] = {{"ip", "-br", "link", NULL},
	    {"nft", "list", "ruleset", NULL}, {"ip", "route", NULL, NULL},
	    {"ip", "-6", "route", NULL}};
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	struct dirent *e;
	int status;
	size_t i;
	DIR *d;

	for (i = 0; i < 4; i++) {
		gsp_buf_reset(&b);
		(void)gsp_proc_run(tools[i], &b, &status, &err);
		add_ours(out, gsp_buf_str(&b));
	}
	gsp_buf_reset(&b);
	(void)gsp_io_read_file(&b, "/proc/self/mounts", &err);
	add_ours(out, gsp_buf_str(&b));
	gsp_buf_reset(&b);
	(void)gsp_io_read_file(&b, "/proc/sys/net/ipv4/ip_forward", &err);
	gsp_buf_adds(out, gsp_buf_str(&b));
	d = opendir("/run/gsp-sandbox");
	while (d != NULL && (e = readdir(d)) != NULL)
		gsp_buf_addf(out, "run %s\n", e->d_name);
	if (d != NULL)
		closedir(d);
	gsp_buf_addf(out, "children %d\n", waitpid(-1, NULL, WNOHANG) != -1);
	gsp_buf_release(&b);
}

/* Sandboxes that run beside us now; what dead ones left is removed. */
static unsigned
count_others(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	unsigned others = 0;

	must(gsp_world_clean(&others, &err), &err);
	return others;
}

int
main(void)
{
	struct gsp_buf before = GSP_BUF_INIT(1 << 20), after = GSP_BUF_INIT(1 << 20);
	struct gsp_world_opts o = {.hide = NULL};
	struct gsp_world *w = NULL, *second = NULL;
	struct gsp_machine *m, *n;
	struct gsp_err err = GSP_ERR_INIT;
	unsigned company;

	if (geteuid() != 0)
		SKIP_ALL("machines need root");
	company = count_others();
	snapshot(&before);
	company += count_others();
	if (gsp_world_open(&w, &o, &err) == -1)
		SKIP_ALL(err.msg);
	make_files();
	m = make(w, "gsp-one");
	OK(!gsp_machine_alive(m));
	must(gsp_machine_boot(m, &err), &err);
	OK(gsp_machine_alive(m));
	OK(wait_ssh(gsp_machine_ipv4(m)));
	mux = true;
	test_inside(gsp_machine_ipv4(m));
	test_services(gsp_machine_ipv4(m));
	IS_INT(ssh(gsp_machine_ipv4(m), "good", NULL, NULL), 0);
	mux = false;
	test_firewall(m);
	test_faults(m);

	/* another world at the same time: other addresses, nothing shared */
	must(gsp_world_open(&second, &o, &err), &err);
	n = make(second, "gsp-one");
	must(gsp_machine_boot(n, &err), &err);
	OK(strcmp(gsp_machine_ipv4(m), gsp_machine_ipv4(n)) != 0);
	OK(wait_ssh(gsp_machine_ipv4(n)));
	SAYS(gsp_machine_ipv4(n), "ls /srv", "");
	gsp_machine_stop(n, true);
	OK(wait_off(n));
	gsp_world_close(second);
	OK(wait_ssh(gsp_machine_ipv4(m)));

	test_reboot(m);
	test_degraded(w);
	test_killed();
	test_same_address(w, m);
	gsp_world_close(w);
	must(gsp_io_rmtree(tmp, &err), &err);
	gsp_buf_release(&user_data);

	/* Only alone can we tell whose traces they would be; test/integ/sandbox.t looks for its own
	 * sandbox's in any company. */
	company += count_others();
	snapshot(&after);
	company += count_others();
	if (company == 0)
		IS_STR(gsp_buf_str(&after), gsp_buf_str(&before));
	gsp_buf_release(&before);
	gsp_buf_release(&after);
	return done();
}
