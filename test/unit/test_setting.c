#include "gsp/setting.h"
#include "tap.h"

#include "base/banned.h"

struct group {
	gsp_setting_check *check;
	const char *good[24];
	const char *bad[32];
};

static const struct group groups[] = {
    {gsp_setting_server_name, {"ab", "vanilla", "a1-b2", "abcdefghijklmnopqrstuvwxyz01", NULL},
	{"", "a", "A", "1a", "-a", "a-", "a--b", "a_b", "a b", "../x", "a/b", "a\n",
	    "abcdefghijklmnopqrstuvwxyz012", "\xc3\xa4\xc3\xa4", NULL}},
    {gsp_setting_home_id, {"h4f8k2m9", NULL},
	{"", "h4f8k2m", "h4f8k2m99", "H4f8k2m9", "h4f8k2m-", NULL}},
    {gsp_setting_region, {"us-ord", "id-cgk", "us-iad-2", NULL},
	{"", "-x", "US-ORD", "us ord", "us/ord", "us-ord\n", NULL}},
    {gsp_setting_type, {"g6-standard-4", "g1-gpu-rtx6000-1", NULL},
	{"", "-g6", "g6 x", "G6", "g6/..", NULL}},
    {gsp_setting_image, {"linode/debian12", "private/123", "linode/ubuntu24.04", NULL},
	{"", "debian12", "linode/", "/debian", "other/x", "linode/a/b", "linode/a b", NULL}},
    {gsp_setting_user, {"game", "_x", "mc-user_1", NULL},
	{"", "root", "nobody", "systemd-network", "Game", "1x", "a b", "a:b", "-x", "a$",
	    "abcdefghijklmnopqrstuvwxyz0123456", NULL}},
    {gsp_setting_dir,
	{"/srv/x", "/home/x/y", "/home/x", "/opt/x", "/var/games/x", "/var/opt/a/b", "/srv/a.b_c+d-e",
	    "/mnt/disk", "/opt/gspx", "/games/x", NULL},
	{"", "srv/x", "/", "/srv", "/srv/", "/srv/x/", "//srv/x", "/srv//x", "/srv/./x", "/srv/../x",
	    "/srv/..", "/srv/a b", "/srv/a'b", "/srv/\xc3\xa4", "/usr/games", "/usr", "/etc/x",
	    "/etc/x/y", "/var/lib", "/var/lib/x", "/var/log/x", "/var/games", "/var/x", "/root/x",
	    "/tmp/x", "/run/x", "/opt/gsp", "/opt/gsp/x", "/proc/1", "/dev/shm", "/boot/x", NULL}},
    {gsp_setting_env_name, {"JAVA_OPTS", "_x", "a1", "LANG", NULL},
	{"", "1A", "A-B", "A=B", "GSP_X", "GSP_", "HOME", "PATH", "A B", NULL}},
    {gsp_setting_env_value, {"", "-Xmx6G", "a b\tc", "\xc3\xa4", "$(x)`y`'\"", NULL},
	{"a\nb", "a\rb", "\x1b", "\x7f", "\xff", "\xc2\x80", "\xc3", "\xe0\x80", NULL}},
    {gsp_setting_url,
	{"https://api.linode.com/v4", "https://x:8080/", "http://127.0.0.1:8080/v4",
	    "http://localhost/v4", "http://[::1]:80/v4", "http://127.9.9.9", NULL},
	{"", "api.linode.com", "http://api.linode.com/v4", "https://", "https:///v4", "https://:80",
	    "https://u@h/", "https://h/?q", "https://h/#f", "https://h /", "http://127.0.0.1.evil.com",
	    "http://localhost.evil.com", "http://[::1]evil.com", "http://[::2]/", "http://0.0.0.0/",
	    "ftp://x", "file:///etc/passwd", "http://127.0.0.1@evil.com/", "https://h\n",
	    "http://127.1/", "http:\\\\localhost", NULL}},
};

static void
test_checks(void)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		for (size_t i = 0; groups[g].good[i] != NULL; i++)
			if (!OK(groups[g].check(groups[g].good[i]) == NULL))
				printf("# refused: '%s'\n", groups[g].good[i]);
		for (size_t i = 0; groups[g].bad[i] != NULL; i++)
			if (!OK(groups[g].check(groups[g].bad[i]) != NULL))
				printf("# accepted: '%s'\n", groups[g].bad[i]);
	}
}

static void
test_paths(void)
{
	static const char *const bad[] = {"", "/", "/x", "a//", "a//b", ".", "..", "./a", "a/.",
	    "a/../b", "../a", "a/..", "*.log", "a?", "a[1]", "a\\b", "a\nb", "a\x7f", "\xff", NULL};
	char out[GSP_SETTING_NORM_MAX], big[700];

	OK(gsp_setting_path(out, "world/") == NULL);
	IS_STR(out, "world");
	OK(gsp_setting_path(out, "a/b c/\xc3\xa4") == NULL);
	IS_STR(out, "a/b c/\xc3\xa4");
	OK(gsp_setting_path(out, "-x") == NULL);
	OK(gsp_setting_path(out, "..a/...") == NULL);
	for (size_t i = 0; bad[i] != NULL; i++)
		if (!OK(gsp_setting_path(out, bad[i]) != NULL))
			printf("# accepted: '%s'\n", bad[i]);
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	OK(gsp_setting_path(out, big) != NULL);

	OK(gsp_setting_overlap("a", "a"));
	OK(gsp_setting_overlap("a", "a/b"));
	OK(gsp_setting_overlap("a/b/c", "a"));
	OK(!gsp_setting_overlap("a", "ab"));
	OK(!gsp_setting_overlap("a/b", "a/c"));
}

static void
test_cidr(void)
{
	static const char *const bad[] = {"", "x", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/-1",
	    "1.2.3.4/024", "1.2.3.4/24", "01.2.3.4", "::/129", "2001:db8::1/32", "::1/x", "/0",
	    "1.2.3.4/32/1", "fe80::1%eth0", NULL};
	char out[GSP_SETTING_NORM_MAX];

	OK(gsp_setting_cidr(out, "0.0.0.0/0") == NULL);
	IS_STR(out, "0.0.0.0/0");
	OK(gsp_setting_cidr(out, "198.51.100.7") == NULL);
	IS_STR(out, "198.51.100.7/32");
	OK(gsp_setting_cidr(out, "198.51.100.128/25") == NULL);
	OK(gsp_setting_cidr(out, "2001:db8::1") == NULL);
	IS_STR(out, "2001:db8::1/128");
	OK(gsp_setting_cidr(out, "::/0") == NULL);
	for (size_t i = 0; bad[i] != NULL; i++)
		if (!OK(gsp_setting_cidr(out, bad[i]) != NULL))
			printf("# accepted: '%s'\n", bad[i]);
}

static void
test_port(void)
{
	static const char *const bad[] = {"", "25565", "25565/", "/tcp", "25565/TCP", "0/tcp",
	    "65536/udp", "025/tcp", "1-/udp", "-1/udp", "5-5/udp", "6-5/udp", "1-2-3/udp", "1 /udp",
	    "22/tcp", "1-100/tcp", "20-22/tcp", "25565/tcp/udp", "99999999999999999999/tcp", NULL};
	struct gsp_port p;

	OK(gsp_setting_port(&p, "25565/tcp") == NULL);
	OK(p.first == 25565 && p.last == 25565 && !p.udp);
	OK(gsp_setting_port(&p, "2456-2458/udp") == NULL);
	OK(p.first == 2456 && p.last == 2458 && p.udp);
	OK(gsp_setting_port(&p, "22/udp") == NULL);
	for (size_t i = 0; bad[i] != NULL; i++)
		if (!OK(gsp_setting_port(&p, bad[i]) != NULL))
			printf("# accepted: '%s'\n", bad[i]);
}

int
main(void)
{
	test_checks();
	test_paths();
	test_cidr();
	test_port();
	return done();
}
