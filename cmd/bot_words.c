/* bot_words: what was asked in chat as command lines of the tools. What people typed stands after "--"
 * or has been checked to the last character. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "cli/opt.h"
#include "gsp/money.h"
#include "bot_mon.h"

#include "base/banned.h"

#define SAY_CHARS 200 /* as the command's option has it */
#define TIME_MAX_S (30 * 86400)
#define QUERY_TIMEOUT "--timeout=6s"

void
words_actor(char out[129], const struct gsp_talk_who *who)
{
	size_t len = (size_t)snprintf(out, 129, "discord:%s", who->user);
	const char *p = who->name;

	if (*p != '\0')
		out[len++] = '/';
	while (*p != '\0') {
		size_t n = gsp_utf8_len(p), step = n > 0 ? n : 1;
		char one[8] = "";

		memcpy(one, p, step);
		if (n == 0 || !gsp_cli_actor_ok(one))
			snprintf(one, sizeof(one), "?");
		if (len + strlen(one) > GSP_ACTOR_MAX)
			break;
		memcpy(out + len, one, strlen(one));
		len += strlen(one);
		p += step;
	}
	out[len] = '\0';
}

bool
words_is_job(enum gsp_verb v)
{
	return v == GSP_VERB_UP || v == GSP_VERB_DOWN || v == GSP_VERB_RESTART || v == GSP_VERB_RESTORE;
}

static int
check_time(const struct gsp_talk *ask, char why[WHY_MAX])
{
	const char *text = ask->time[0] == '+' ? ask->time + 1 : ask->time;
	int64_t s;

	if (ask->time[0] == '\0' || (ask->verb == GSP_VERB_HOLD && strcmp(ask->time, "release") == 0))
		return 0;
	if (gsp_num_duration_s(&s, text, TIME_MAX_S) == 0 && text[strspn(text, "0123456789")] != '\0')
		return 0;
	snprintf(why, WHY_MAX, "'%.32s' is no time such as 30m, 1h or 2h%s", ask->time,
	    ask->verb == GSP_VERB_HOLD ? "; 'release' ends a hold" : "");
	return -1;
}

/* It goes to a game's console: one line. The network half has looked, too; it may not be itself. */
static int
check_said(const char *text, char why[WHY_MAX])
{
	size_t chars = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; chars++) {
		size_t n = gsp_utf8_len((const char *)p);

		if (n == 0 || *p < ' ' || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0)) {
			snprintf(why, WHY_MAX, "the text has characters that cannot be said");
			return -1;
		}
		p += n;
	}
	if (chars > SAY_CHARS)
		snprintf(why, WHY_MAX, "the text is longer than %d characters", SAY_CHARS);
	else if (text[strspn(text, " ")] == '\0')
		snprintf(why, WHY_MAX, "there is nothing to say");
	else
		return 0;
	return -1;
}

int
words_check(const struct gsp_talk *ask, char why[WHY_MAX])
{
	int month;

	switch (ask->verb) {
	case GSP_VERB_EXTEND:
	case GSP_VERB_HOLD: return check_time(ask, why);
	case GSP_VERB_SAY: return check_said(ask->text, why);
	case GSP_VERB_RESTORE:
		if (ask->save != 0)
			return 0;
		snprintf(why, WHY_MAX, "which save? '/server saves' lists them");
		return -1;
	case GSP_VERB_COST:
		if (ask->month[0] == '\0' || strcmp(ask->month, "all") == 0 ||
		    gsp_month_parse(&month, ask->month) == 0)
			return 0;
		snprintf(why, WHY_MAX, "'%.8s' is no month such as 2026-11", ask->month);
		return -1;
	case GSP_VERB_LOGS:
		if (strspn(ask->script, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == strlen(ask->script) &&
		    ask->script[0] != '-' && ask->script[0] != '.')
			return 0;
		snprintf(why, WHY_MAX, "'%.32s' is no script such as start or stop", ask->script);
		return -1;
	default: return 0;
	}
}

/* Those that they may see; never none, for a tool that is told no name takes all. */
static int
visible(struct gsp_argv *names, const struct mon *m, const struct gsp_talk *ask, struct gsp_err *err)
{
	if (mon_servers(m, &ask->who, GSP_RIGHT_VIEW, names, err) == -1)
		return -1;
	return names->n > 0 ? 0 : gsp_err_set(err, GSP_EUNAVAIL, "no server that you may see is there now");
}

static int
push_servers(struct gsp_argv *a, const struct mon *m, const struct gsp_talk *ask, struct gsp_err *err)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	int rc = 0;

	gsp_argv_push(a, "--");
	if (ask->server[0] != '\0')
		gsp_argv_push(a, ask->server);
	/* whoever sees every server sees strays as well, which have no name to be listed by */
	else if ((mon_rights(m, &ask->who, "") & GSP_RIGHT_VIEW) == 0)
		rc = visible(&names, m, ask, err);
	for (size_t i = 0; i < names.n; i++)
		gsp_argv_push(a, names.v[i]);
	gsp_argv_release(&names);
	return rc;
}

/* gsp-cost takes one server or all. */
static int
cost(struct gsp_argv *a, const struct mon *m, const struct gsp_talk *ask, struct gsp_err *err)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	const char *server = ask->server;
	int rc = 0;

	if (ask->month[0] != '\0')
		gsp_argv_pushf(a, "--month=%s", ask->month);
	if (server[0] == '\0' && (mon_rights(m, &ask->who, "") & GSP_RIGHT_VIEW) == 0) {
		rc = visible(&names, m, ask, err);
		if (rc == 0 && names.n != 1)
			rc = gsp_err_set(err, GSP_EUSAGE, "you may see some of the servers: name the one whose "
			    "cost you want to see");
		else if (rc == 0)
			server = names.v[0];
	}
	if (rc == 0 && server[0] != '\0')
		gsp_argv_pushf(a, "--server=%s", server);
	else if (rc == 0)
		gsp_argv_push(a, "--by=server");
	gsp_argv_release(&names);
	return rc;
}

static void
lease(struct gsp_argv *a, const struct gsp_talk *ask)
{
	const char *time = ask->time[0] == '\0' ? "1h" : ask->time[0] == '+' ? ask->time + 1 : ask->time;

	gsp_argv_push(a, "--json");
	gsp_argv_push(a, "--");
	gsp_argv_push(a, ask->server);
	if (ask->verb == GSP_VERB_EXTEND)
		gsp_argv_pushf(a, "+%s", time);
	else if (strcmp(time, "release") == 0)
		gsp_argv_push(a, "release");
	else {
		gsp_argv_push(a, "hold");
		gsp_argv_push(a, time);
	}
}

static const char *
tool_of(enum gsp_verb v)
{
	static const char *const tools[GSP_VERBS] = {"gsp-up", "gsp-down", "gsp-restart", "gsp-status",
	    "gsp-status", "gsp-lease", "gsp-lease", "gsp-query", "gsp-saves", "gsp-saves", "gsp-cost",
	    "gsp-run", "gsp-logs"};

	return tools[v];
}

static int
begin(struct gsp_argv *a, const struct gsp_home *h, const char *tool, const struct gsp_talk_who *who,
    struct gsp_err *err)
{
	char actor[129];

	words_actor(actor, who);
	return tool_argv(a, h, tool, actor, err);
}

static int
ends(const struct gsp_argv *a, struct gsp_err *err)
{
	return gsp_argv_ok(a) ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}

int
words_look(struct gsp_argv *a, const struct mon *m, const struct gsp_talk *ask, struct gsp_err *err)
{
	if (begin(a, m->t->home, tool_of(ask->verb), &ask->who, err) == -1)
		return -1;
	switch (ask->verb) {
	case GSP_VERB_STATUS:
	case GSP_VERB_LIST:
		gsp_argv_push(a, "--json");
		if (ask->verb == GSP_VERB_LIST)
			gsp_argv_push(a, "--cached");
		if (push_servers(a, m, ask, err) == -1)
			return -1;
		break;
	case GSP_VERB_EXTEND:
	case GSP_VERB_HOLD: lease(a, ask); break;
	case GSP_VERB_SAVES:
		gsp_argv_push(a, "--json");
		gsp_argv_push(a, "--");
		gsp_argv_push(a, "list");
		gsp_argv_push(a, ask->server);
		break;
	case GSP_VERB_COST:
		gsp_argv_push(a, "--json");
		if (cost(a, m, ask, err) == -1)
			return -1;
		break;
	case GSP_VERB_SAY:
		gsp_argv_push(a, "say");
		gsp_argv_push(a, ask->server);
		gsp_argv_push(a, "--");
		gsp_argv_push(a, ask->text);
		break;
	case GSP_VERB_LOGS:
		gsp_argv_push(a, "--lines=40");
		gsp_argv_push(a, "--");
		gsp_argv_push(a, ask->server);
		if (ask->script[0] != '\0')
			gsp_argv_push(a, ask->script);
		break;
	default:
		gsp_argv_push(a, "--json");
		gsp_argv_push(a, "--");
		gsp_argv_push(a, ask->server);
		break;
	}
	return ends(a, err);
}

int
words_query(struct gsp_argv *a, const struct mon *m, const struct gsp_talk *ask, struct gsp_err *err)
{
	if (begin(a, m->t->home, "gsp-query", &ask->who, err) == -1)
		return -1;
	gsp_argv_push(a, "--json");
	gsp_argv_push(a, QUERY_TIMEOUT);
	gsp_argv_push(a, "--");
	gsp_argv_push(a, ask->server);
	return ends(a, err);
}

int
words_job(struct gsp_argv *a, const struct gsp_home *h, const struct gsp_talk *job, bool even,
    struct gsp_err *err)
{
	if (begin(a, h, tool_of(job->verb), &job->who, err) == -1)
		return -1;
	gsp_argv_push(a, "--progress=json");
	if (job->verb == GSP_VERB_UP && job->save != 0)
		gsp_argv_pushf(a, "--from=%" PRIu64, job->save);
	if (even && (job->verb == GSP_VERB_DOWN || job->verb == GSP_VERB_RESTART))
		gsp_argv_push(a, "--even-if-playing");
	gsp_argv_push(a, "--");
	if (job->verb == GSP_VERB_RESTORE)
		gsp_argv_push(a, "restore");
	gsp_argv_push(a, job->server);
	if (job->verb == GSP_VERB_RESTORE)
		gsp_argv_pushf(a, "%" PRIu64, job->save);
	return ends(a, err);
}
