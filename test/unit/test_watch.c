/*
 * gsp/watch: what is remembered comes back, and what cannot be read is no memory; who is seen to
 * watch; which trouble a machine is in, and that it is told once.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "gsp/watch.h"
#include "sys/io.h"
#include "sys/lock.h"
#include "tap.h"

#include "base/banned.h"

#define NOW ((int64_t)1795374000)

static char dir[] = "/tmp/gsp-watch.XXXXXX";
static struct gsp_home home = {.dir = dir, .id = "h4f8k2m9"};
static struct gsp_err err;

static void
put(const char *path, const char *text)
{
	char full[200];

	(void)snprintf(full, sizeof(full), "%s/%s", dir, path);
	OK(gsp_io_replace(full, text, strlen(text), 0600, &err) == 0);
}

static void
test_memory(void)
{
	struct gsp_watch_memory m, got;

	gsp_watch_load(&m, &home, "toy", "s1");
	OK(strcmp(m.decide.session, "s1") == 0 && m.health == -1 && !m.counted && m.passed == 0);
	m.passed = NOW;
	m.counted = true;
	m.players = 3;
	m.health = 0;
	m.asked = NOW - 5;
	m.decide.zero_s = 77;
	m.decide.idle_stop = NOW + 9;
	snprintf(m.why, sizeof(m.why), "a \"why\"");
	snprintf(m.trouble, sizeof(m.trouble), "crashed");
	OK(gsp_watch_save(&m, &home, "toy", &err) == 0);
	gsp_watch_load(&got, &home, "toy", "s1");
	OK(got.passed == NOW && got.counted && got.players == 3 && got.health == 0 &&
	    got.asked == NOW - 5 && got.decide.zero_s == 77 && got.decide.idle_stop == NOW + 9);
	OK(strcmp(got.why, "a \"why\"") == 0 && strcmp(got.trouble, "crashed") == 0);
	/* of another session: nothing of it counts */
	gsp_watch_load(&got, &home, "toy", "s2");
	OK(got.passed == 0 && !got.counted && got.decide.zero_s == 0 && got.trouble[0] == '\0');
	OK(strcmp(got.decide.session, "s2") == 0);
	/* nobody could tell is not zero */
	m.counted = false;
	m.health = -1;
	OK(gsp_watch_save(&m, &home, "toy", &err) == 0);
	gsp_watch_load(&got, &home, "toy", "s1");
	OK(!got.counted && got.players == 0 && got.health == -1);
}

static void
test_met(void)
{
	IS_INT(gsp_watch_met(&home, "toy", "s1"), 0);
	OK(gsp_watch_met_put(&home, "toy", "s1", NOW, &err) == 0);
	IS_INT(gsp_watch_met(&home, "toy", "s1"), NOW);
	IS_INT(gsp_watch_met(&home, "toy", "s2"), 0);
	put("state/toy/met.json", "{\"schema\":\"gsp.watch/1\",\"session\":\"s1\",\"met\":-1}");
	IS_INT(gsp_watch_met(&home, "toy", "s1"), 0);
}

static void
test_damaged(void)
{
	static const char *const bad[] = {"", "{", "[]", "{\"schema\":\"gsp.watch/9\",\"session\":\"s1\"}",
	    "{\"schema\":\"gsp.watch/1\",\"session\":7}",
	    "{\"schema\":\"gsp.watch/1\",\"session\":\"s1\",\"players\":0,\"decide\":[1]}"};
	struct gsp_watch_memory m;
	struct gsp_watch_seen s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put("state/toy/watch.json", bad[i]);
		gsp_watch_load(&m, &home, "toy", "s1");
		OK(!m.counted && m.decide.zero_s == 0 && strcmp(m.decide.session, "s1") == 0);
		put("state/watch.json", bad[i]);
		gsp_watch_seen_get(&s, &home);
		OK(s.at == 0 && !gsp_watch_seen_fresh(&s, NOW));
	}
}

static void
test_who(void)
{
	struct gsp_watch_seen s = {.at = NOW, .every_s = 60, .pid = 42, .host = "pi"}, got;
	char by[200], note[100], path[200];
	int fd;

	OK(gsp_watch_by(by, sizeof(by), &home, "toy", "s1", NOW)[0] == '\0');
	OK(gsp_watch_seen_put(&s, &home, &err) == 0);
	gsp_watch_seen_get(&got, &home);
	OK(got.at == NOW && got.every_s == 60 && got.pid == 42 && strcmp(got.host, "pi") == 0);
	OK(gsp_watch_seen_fresh(&got, NOW) && gsp_watch_seen_fresh(&got, NOW + 300));
	OK(!gsp_watch_seen_fresh(&got, NOW + 301));
	OK(gsp_watch_seen_fresh(&got, NOW - 60) && !gsp_watch_seen_fresh(&got, NOW - 61));
	/* a loop that is no more, here, will not come again; single passes end each time */
	if ((s.pid = fork()) == 0)
		_exit(0);
	OK(waitpid((pid_t)s.pid, NULL, 0) == s.pid);
	IS_INT(gethostname(s.host, sizeof(s.host) - 1), 0);
	OK(gsp_watch_seen_put(&s, &home, &err) == 0);
	gsp_watch_seen_get(&got, &home);
	IS_INT(got.at, 0);
	s.every_s = 0;
	OK(gsp_watch_seen_put(&s, &home, &err) == 0);
	gsp_watch_seen_get(&got, &home);
	IS_INT(got.at, NOW);
	s.every_s = 60;
	s.pid = getpid();
	OK(gsp_watch_seen_put(&s, &home, &err) == 0);
	gsp_watch_seen_get(&got, &home);
	IS_INT(got.at, NOW);
	snprintf(s.host, sizeof(s.host), "pi"); /* of another computer nobody can say */
	s.pid = 42;
	OK(gsp_watch_seen_put(&s, &home, &err) == 0);
	gsp_watch_seen_get(&got, &home);
	IS_INT(got.at, NOW);
	OK(strcmp(gsp_watch_by(by, sizeof(by), &home, "toy", "s1", NOW + 40), "gsp-watch on 'pi', 40 s ago") == 0);
	/* a session's own goes first; one of another session is nobody */
	gsp_watch_session_note(note, sizeof(note), "s1");
	(void)snprintf(path, sizeof(path), "%s/state/toy/watcher", dir);
	OK(gsp_lock_take(&fd, path, note, -1, &err) == 0);
	OK(gsp_watch_session_lives(&home, "toy", "s1") && !gsp_watch_session_lives(&home, "toy", "s12"));
	OK(strncmp(gsp_watch_by(by, sizeof(by), &home, "toy", "s1", NOW), "gsp-watch of this session (pid ", 31) == 0);
	gsp_lock_drop(fd);
	OK(!gsp_watch_session_lives(&home, "toy", "s1"));
}

/* The trouble of a session in ${phase}, whose last one was ${was}. */
static const char *
trouble(enum gsp_phase phase, bool ready, struct gsp_watch_look look, int64_t age_s, const char *was)
{
	static char out[48];
	struct gsp_session s = {.phase = phase, .ready = ready, .since = NOW - age_s,
	    .start_intent = phase >= GSP_PHASE_RUNNING};

	return gsp_watch_trouble(out, sizeof(out), &s, &look, was, NOW);
}
#define IS(got, want) OK(strcmp(got, want) == 0)

static void
test_trouble(void)
{
	const struct gsp_watch_look well = {.answered = true, .dirty = true, .alive = true};
	struct gsp_watch_look look = well;

	IS(trouble(GSP_PHASE_RUNNING, true, well, 90000, ""), "");
	IS(trouble(GSP_PHASE_RUNNING, true, well, 90000, "crashed"), "");
	look.alive = false;
	IS(trouble(GSP_PHASE_RUNNING, true, look, 10, ""), "crashed");
	look.rebooted = true;
	IS(trouble(GSP_PHASE_RUNNING, true, look, 10, ""), "rebooted");
	look.stopped = true; /* to be started again */
	IS(trouble(GSP_PHASE_RUNNING, true, look, 10, ""), "");
	look = (struct gsp_watch_look){.busy = true, .answered = true, .dirty = true};
	IS(trouble(GSP_PHASE_RUNNING, true, look, 10, ""), "");
	IS(trouble(GSP_PHASE_RUNNING, true, look, 10, "crashed"), "crashed");
	/* whoever works on it, or hangs there, keeps it from its end */
	look = (struct gsp_watch_look){.busy = true, .answered = true, .held = NOW - 1799};
	IS(trouble(GSP_PHASE_RUNNING, true, look, 10, ""), "");
	look.held = NOW - 1800;
	IS(trouble(GSP_PHASE_RUNNING, true, look, 10, ""), "held");
	IS(trouble(GSP_PHASE_RUNNING, true, look, 10, "offline"), "held");
	look.held = 0;
	IS(trouble(GSP_PHASE_RUNNING, true, look, 10, "held"), "");
	look.busy = look.answered = false;
	IS(trouble(GSP_PHASE_RUNNING, true, look, 10, "held"), "");
	/* silent: what was known stays, until somebody can tell */
	look = (struct gsp_watch_look){.answered = false};
	IS(trouble(GSP_PHASE_RUNNING, true, look, 90000, ""), "");
	IS(trouble(GSP_PHASE_RUNNING, true, look, 90000, "offline"), "offline");
	look.cloud = GSP_WATCH_THERE;
	IS(trouble(GSP_PHASE_RUNNING, true, look, 90000, "offline"), "");
	look.cloud = GSP_WATCH_OFF;
	IS(trouble(GSP_PHASE_RUNNING, true, look, 10, ""), "offline");
	look.cloud = GSP_WATCH_GONE;
	IS(trouble(GSP_PHASE_RUNNING, true, look, 10, ""), "lost");
	IS(trouble(GSP_PHASE_SAVED, true, look, 10, ""), "gone");
	IS(trouble(GSP_PHASE_UPLOADED, false, look, 10, ""), "gone");
}

static void
test_stalled(void)
{
	const struct gsp_watch_look look = {.answered = true};
	struct gsp_watch_look worked = look;

	IS(trouble(GSP_PHASE_INTENT, false, look, 90000, ""), ""); /* nothing was bought */
	IS(trouble(GSP_PHASE_POSTING, false, look, 1799, ""), "");
	IS(trouble(GSP_PHASE_POSTING, false, look, 1800, ""), "stalled creating");
	IS(trouble(GSP_PHASE_UPLOADED, false, look, 1800, ""), "stalled uploaded");
	IS(trouble(GSP_PHASE_RUNNING, false, look, 1800, ""), "stalled starting");
	IS(trouble(GSP_PHASE_SAVED, true, look, 1800, ""), "stalled saved");
	worked.worked = NOW - 60; /* a try that failed a minute ago */
	IS(trouble(GSP_PHASE_SAVED, true, worked, 1800, ""), "");
	worked.worked = NOW + 60; /* by a clock that is wrong */
	IS(trouble(GSP_PHASE_SAVED, true, worked, 1800, ""), "stalled saved");
	/* silent and stalled stays one trouble, whichever came first */
	IS(trouble(GSP_PHASE_STOPPED, true, (struct gsp_watch_look){.busy = false}, 1800, "offline"), "offline");
}

static void
test_idle_text(void)
{
	struct gsp_decide_rules r = {.created = NOW, .empty_s = 1200, .never_s = 1800, .down_s = 300};
	struct gsp_watch_memory m;
	char out[120];

	memset(&m, 0, sizeof(m));
	IS(gsp_watch_idle_text(out, sizeof(out), &m, &r, NOW), "");
	m.decide.zero_s = 360;
	IS(gsp_watch_idle_text(out, sizeof(out), &m, &r, NOW), "nobody for 6 of 30 min");
	m.decide.player_at = NOW - 400;
	IS(gsp_watch_idle_text(out, sizeof(out), &m, &r, NOW), "nobody for 6 of 20 min");
	m.decide.zero_s = 1200;
	OK(gsp_watch_stop_at(&m, &r, NOW + 1200) == NOW + 3600 - 300 - GSP_DECIDE_SPARE_S);
	m.decide.idle_stop = NOW + 720;
	IS(gsp_watch_idle_text(out, sizeof(out), &m, &r, NOW), "stops in 12 min 00 s unless somebody joins");
	OK(gsp_watch_stop_at(&m, &r, NOW) == NOW + 720);
	IS(gsp_watch_idle_text(out, sizeof(out), &m, &r, NOW + 720), "stops now unless somebody joins");
	r.empty_s = 0; /* never */
	m.decide.idle_stop = 0;
	IS(gsp_watch_idle_text(out, sizeof(out), &m, &r, NOW), "");
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	OK(gsp_home_state_make(&home, "toy", &err) == 0);
	test_memory();
	test_met();
	test_damaged();
	put("state/watch.json", "");
	test_who();
	test_trouble();
	test_stalled();
	test_idle_text();
	OK(gsp_io_rmtree(dir, &err) == 0);
	return done();
}
