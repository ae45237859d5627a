#include <sys/stat.h>
#include <unistd.h>

#include "cli/progress.h"
#include "fmt/json.h"
#include "tap.h"

#include "base/banned.h"

static int64_t now; /* our clock */

static int64_t
fake_now(void)
{
	return now;
}

static int64_t
fake_wall(void)
{
	return 1795374000000 + now;
}

static char path[] = "/tmp/gsp-test-progress-XXXXXX";
static FILE *screen;

static struct gsp_progress *
start(enum gsp_progress_mode mode, int child)
{
	struct gsp_progress_opts o = {mode, NULL, fake_now, fake_wall, child};
	struct gsp_progress *p;

	now = 1000;
	screen = tmpfile();
	o.f = screen;
	p = gsp_progress_new(&o);
	gsp_progress_open(p, "vanilla", path);
	return p;
}

static const char *
slurp(FILE *f)
{
	static char text[2 * GSP_PROGRESS_FILE_MAX + 65536];
	size_t n;

	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static const char *
filed(void)
{
	return slurp(fopen(path, "r"));
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

static void
test_json(void)
{
	struct gsp_progress *p = start(GSP_PROGRESS_JSON, 0);
	const struct gsp_steps *s = gsp_progress_steps(p);
	const char *text;

	gsp_steps_begin(s, "vanilla", "sync-up", "sending %d files", 3);
	now += 500;
	gsp_steps_update(s, "vanilla", "sync-up", -1, 500, 2000, "a");
	gsp_steps_update(s, "vanilla", "sync-up", -1, 500, 2000, "too soon");
	now += 500;
	gsp_steps_update(s, "vanilla", "sync-up", 50, 1000, 2000, "b");
	gsp_steps_warn(s, "vanilla", "odd \x1b[2J");
	gsp_steps_done(s, "vanilla", "sync-up", "sent");
	gsp_progress_finish(p, "vanilla", true, "up at %s", "192.0.2.10:1");
	gsp_progress_finish(p, "vanilla", false, "never said");
	gsp_steps_begin(s, "vanilla", "late", "never said either");
	gsp_progress_free(p);
	text = slurp(screen);
	IS_STR(text,
	    "{\"t\":1795374001000,\"server\":\"vanilla\",\"step\":\"sync-up\",\"state\":\"start\","
	    "\"message\":\"sending 3 files\"}\n"
	    "{\"t\":1795374001500,\"server\":\"vanilla\",\"step\":\"sync-up\",\"state\":"
	    "\"progress\",\"pct\":25,\"bytes\":500,\"total\":2000,\"rate\":1000,\"eta_s\":1,"
	    "\"message\":\"a\"}\n"
	    "{\"t\":1795374002000,\"server\":\"vanilla\",\"step\":\"sync-up\",\"state\":"
	    "\"progress\",\"pct\":50,\"bytes\":1000,\"total\":2000,\"rate\":1000,\"eta_s\":1,"
	    "\"message\":\"b\"}\n"
	    "{\"t\":1795374002000,\"server\":\"vanilla\",\"step\":\"sync-up\",\"state\":"
	    "\"progress\",\"level\":\"warn\",\"message\":\"odd \\u001b[2J\"}\n"
	    "{\"t\":1795374002000,\"server\":\"vanilla\",\"step\":\"sync-up\",\"state\":\"done\","
	    "\"message\":\"sent\"}\n"
	    "{\"t\":1795374002000,\"server\":\"vanilla\",\"step\":\"all\",\"state\":\"done\","
	    "\"message\":\"up at 192.0.2.10:1\"}\n");
	text = filed();
	IS_INT(count(text, "\n"), 5); /* the file takes progress once a second */
	IS_INT(count(text, "\"step\":\"all\""), 1);
}

static void
test_throttle(void)
{
	struct gsp_progress *p = start(GSP_PROGRESS_JSON, 0);
	const struct gsp_steps *s = gsp_progress_steps(p);

	gsp_steps_begin(s, "vanilla", "x", "go");
	for (int i = 0; i < 10000; i++) { /* ten seconds of a call each millisecond */
		now++;
		gsp_steps_update(s, "vanilla", "x", i / 100, 0, 0, "m");
	}
	gsp_steps_done(s, "vanilla", "x", "%s", "");
	gsp_progress_finish(p, "vanilla", true, "%s", "");
	gsp_progress_free(p);
	IS_INT(count(slurp(screen), "\"state\":\"progress\""), 40);
	IS_INT(count(filed(), "\"state\":\"progress\""), 10);
}

static void
test_file_bounded(void)
{
	struct gsp_progress *p = start(GSP_PROGRESS_QUIET, 0);
	const struct gsp_steps *s = gsp_progress_steps(p);
	struct stat st;
	char msg[401];

	memset(msg, 'm', sizeof(msg) - 1);
	msg[sizeof(msg) - 1] = '\0';
	gsp_steps_begin(s, "vanilla", "x", "go");
	for (int i = 0; i < 100000; i++) {
		now += 1000;
		gsp_steps_update(s, "vanilla", "x", 1, 0, 0, "%s", msg);
	}
	gsp_progress_finish(p, "vanilla", false, "at last");
	gsp_progress_free(p);
	OK(stat(path, &st) == 0 && st.st_size < GSP_PROGRESS_FILE_MAX + 2000);
	OK(strstr(filed(), "at last") != NULL);
	IS_STR(slurp(screen), "vanilla: x: failed after 1 d 3 h\n"
			      "vanilla: failed after 1 d 3 h\n");
}

static void
test_plain(void)
{
	struct gsp_progress *p = start(GSP_PROGRESS_PLAIN, 0);
	const struct gsp_steps *s = gsp_progress_steps(p);

	gsp_steps_begin(s, "vanilla", "create", "asking for a machine");
	for (int i = 0; i < 12; i++) {
		now += 1000;
		gsp_steps_update(s, "vanilla", "create", i, 0, 0, "booting");
	}
	gsp_steps_warn(s, "vanilla", "ssh_keys is empty");
	gsp_steps_done(s, "vanilla", "create", "id 7");
	gsp_steps_begin(s, "vanilla", "ssh", "waiting\x1b[2J\nfor ssh");
	now += 2000;
	gsp_steps_fail(s, "vanilla", "ssh", "no answer");
	gsp_progress_finish(p, "vanilla", false, "no answer");
	gsp_progress_free(p);
	IS_STR(slurp(screen), "vanilla: create: asking for a machine\n"
			      "vanilla: create: booting  9%\n"
			      "vanilla: create: warning: ssh_keys is empty\n"
			      "vanilla: create: done in 12 s: id 7\n"
			      "vanilla: ssh: waiting\\x1b[2J\\x0afor ssh\n"
			      "vanilla: ssh: failed after 2 s\n"
			      "vanilla: failed after 14 s\n");
}

static void
test_live(void)
{
	struct gsp_progress *p;
	const struct gsp_steps *s;

	setenv("NO_COLOR", "1", 1);
	p = start(GSP_PROGRESS_LIVE, 0);
	s = gsp_progress_steps(p);
	gsp_steps_begin(s, "vanilla", "sync-up", "sending");
	now += 1000;
	gsp_steps_update(s, "vanilla", "sync-up", -1, 1500000, 3000000, "world/r.0.0.mca, and a name so "
	    "long that it cannot fit on one line of eighty columns");
	gsp_steps_done(s, "vanilla", "sync-up", "%s", "");
	gsp_progress_finish(p, "vanilla", true, "up");
	gsp_progress_free(p);
	IS_STR(slurp(screen),
	    "\rvanilla: sync-up  0 s  sending\033[K"
	    "\rvanilla: sync-up  50%  1.5 MB of 3.0 MB  1.5 MB/s  1 s left  1 s  world/r.0.0.m\033[K"
	    "\r\033[Kvanilla: sync-up: done in 1 s\n"
	    "vanilla: done in 1 s: up\n");
	unsetenv("NO_COLOR");
	p = start(GSP_PROGRESS_LIVE, 0);
	gsp_steps_fail(gsp_progress_steps(p), "vanilla", "x", "why");
	gsp_progress_finish(p, "vanilla", false, "why");
	gsp_progress_free(p);
	IS_STR(slurp(screen), "vanilla: x: \033[31mfailed\033[0m after 0 s\n"
			      "vanilla: \033[31mfailed\033[0m after 0 s\n");
}

/* The clock goes on while nothing is heard. */
static void
test_tick(void)
{
	struct gsp_progress *p;
	const char *text;
	const struct gsp_steps *s;

	setenv("NO_COLOR", "1", 1);
	p = start(GSP_PROGRESS_LIVE, 0);
	s = gsp_progress_steps(p);
	IS_INT(gsp_progress_wait_ms(p), -1);
	gsp_progress_tick(p);
	gsp_steps_begin(s, "vanilla", "stop", "running stop");
	IS_INT(gsp_progress_wait_ms(p), 1000);
	now += 400;
	IS_INT(gsp_progress_wait_ms(p), 600);
	gsp_progress_tick(p); /* too soon */
	now += 700;
	IS_INT(gsp_progress_wait_ms(p), 0);
	gsp_progress_tick(p);
	now += 900;
	gsp_steps_update(s, "vanilla", "stop", -1, 0, 0, "saving chunks");
	now += 1000;
	gsp_steps_warn(s, "vanilla", "slow");
	gsp_progress_tick(p); /* the warning took the line away; the step goes on */
	gsp_steps_done(s, "vanilla", "stop", "%s", "");
	IS_INT(gsp_progress_wait_ms(p), -1);
	now += 5000;
	gsp_progress_tick(p);
	gsp_steps_begin(s, "vanilla", "sync-up", "sending");
	now += 1000;
	gsp_steps_update(s, "vanilla", "sync-up", -1, 1500000, 3000000, "x");
	now += 1000;
	gsp_progress_tick(p);
	now += 2000;
	gsp_progress_tick(p); /* a rate of three seconds ago is none */
	gsp_progress_finish(p, "vanilla", true, "up");
	now += 5000;
	gsp_progress_tick(p);
	gsp_progress_free(p);
	IS_STR(slurp(screen),
	    "\rvanilla: stop  0 s  running stop\033[K"
	    "\rvanilla: stop  1 s  running stop\033[K"
	    "\rvanilla: stop  2 s  saving chunks\033[K"
	    "\r\033[Kvanilla: stop: warning: slow\n"
	    "\rvanilla: stop  3 s  saving chunks\033[K"
	    "\r\033[Kvanilla: stop: done in 3 s\n"
	    "\rvanilla: sync-up  0 s  sending\033[K"
	    "\rvanilla: sync-up  50%  1.5 MB of 3.0 MB  1.5 MB/s  1 s left  1 s  x\033[K"
	    "\rvanilla: sync-up  50%  1.5 MB of 3.0 MB  1.5 MB/s  1 s left  2 s  x\033[K"
	    "\rvanilla: sync-up  50%  1.5 MB of 3.0 MB  4 s  x\033[K"
	    "\r\033[Kvanilla: sync-up: done in 4 s\n"
	    "vanilla: done in 12 s: up\n");
	unsetenv("NO_COLOR");
	p = start(GSP_PROGRESS_PLAIN, 0);
	gsp_steps_begin(gsp_progress_steps(p), "vanilla", "stop", "running stop");
	now += 5000;
	gsp_progress_tick(p);
	IS_INT(gsp_progress_wait_ms(p), -1);
	gsp_progress_free(p);
	IS_INT(count(slurp(screen), "running stop"), 1);
	/* the last word of many is not lost, however soon it came */
	p = start(GSP_PROGRESS_JSON, 0);
	s = gsp_progress_steps(p);
	gsp_steps_begin(s, "vanilla", "stop", "running stop");
	now += 50;
	gsp_steps_update(s, "vanilla", "stop", -1, 0, 0, "one");
	gsp_steps_update(s, "vanilla", "stop", -1, 0, 0, "two");
	IS_INT(gsp_progress_wait_ms(p), 200);
	gsp_progress_tick(p);
	now += 200;
	gsp_progress_tick(p);
	gsp_progress_tick(p);
	IS_INT(gsp_progress_wait_ms(p), -1);
	gsp_progress_free(p);
	text = slurp(screen);
	IS_INT(count(text, "\"message\":\"one\""), 0);
	IS_INT(count(text, "\"message\":\"two\""), 1);
}

static void
test_family(void)
{
	struct gsp_progress *p = start(GSP_PROGRESS_JSON, 0), *kid;
	FILE *parent_screen = screen, *kid_screen;
	char line[512];
	const char *text;

	/* the child appends to the file its parent began, and leaves "all" to it */
	kid = start(GSP_PROGRESS_JSON, 1);
	kid_screen = screen;
	gsp_steps_begin(gsp_progress_steps(kid), "vanilla", "create", "go");
	gsp_progress_finish(kid, "vanilla", true, "made");
	gsp_progress_free(kid);
	rewind(kid_screen);
	while (fgets(line, sizeof(line), kid_screen) != NULL)
		OK(gsp_progress_relay(p, line));
	fclose(kid_screen);
	OK(gsp_progress_relay(p, "{\"server\":\"vanilla\",\"step\":\"all\",\"state\":\"done\"}"));
	OK(!gsp_progress_relay(p, "gsp-provision: hello"));
	OK(!gsp_progress_relay(p, "{\"step\":\"x\"}"));
	OK(!gsp_progress_relay(p, "{\"server\":\"a\",\"step\":\"x\",\"state\":\"odd\"}"));
	OK(!gsp_progress_relay(p, "{broken"));
	gsp_progress_free(p); /* never finished: it says so itself */
	text = slurp(parent_screen);
	IS_INT(count(text, "\n"), 3);
	IS_INT(count(text, "\"step\":\"all\",\"state\":\"fail\""), 1);
	text = filed();
	IS_INT(count(text, "\"step\":\"create\""), 2);
	IS_INT(count(text, "\"step\":\"all\""), 1);
}

static void
test_two_servers(void)
{
	struct gsp_progress *p = start(GSP_PROGRESS_JSON, 0);
	const struct gsp_steps *s = gsp_progress_steps(p);
	const char *text;

	gsp_steps_begin(s, "other", "a", "go");
	gsp_steps_begin(s, "vanilla", "a", "go");
	gsp_steps_begin(s, "vanilla", "b", "inside a");
	gsp_progress_finish(p, "other", true, "%s", "");
	gsp_progress_finish(p, "vanilla", true, "%s", "");
	gsp_progress_free(p);
	text = slurp(screen);
	IS_INT(count(text, "\"state\":\"start\""), 3);
	IS_INT(count(text, "\"state\":\"done\""), 5);
	IS_INT(count(text, "\"step\":\"all\",\"state\":\"done\""), 2);
	OK(strstr(filed(), "other") == NULL);
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd == -1)
		return 1;
	close(fd);
	unsetenv("NO_COLOR");
	unsetenv("GSP_STEP_OF_PARENT");
	test_json();
	test_throttle();
	test_file_bounded();
	test_plain();
	test_live();
	test_tick();
	test_family();
	test_two_servers();
	gsp_steps_begin(NULL, "x", "y", "silence is %s", "fine");
	unlink(path);
	return done();
}
