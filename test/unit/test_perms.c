/* What a member may do in a channel: roles, overwrites, and what follows from them. */
#include <string.h>

#include "discord/perms.h"
#include "tap.h"

#define G "100"
#define VIEW GSP_PERM_VIEW_CHANNEL
#define SEND GSP_PERM_SEND_MESSAGES
#define EMBED GSP_PERM_EMBED_LINKS
#define HIST GSP_PERM_READ_MESSAGE_HISTORY
#define THREADS GSP_PERM_SEND_IN_THREADS

static struct gsp_json *
json(const char *text)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *v = NULL;

	if (gsp_json_parse(&v, text, strlen(text), &err) == -1)
		abort();
	return v;
}

/* The bot, user 9, has the roles 3 and 4. ${everyone} and ${role3} are their sets. */
static uint64_t
perms(const char *everyone, const char *role3, const char *owner, const char *channel,
    const char *until)
{
	char roles[512], member[256];
	struct gsp_json *r, *m, *c;
	uint64_t set;

	snprintf(roles, sizeof(roles), "[{\"id\":\"" G "\",\"permissions\":\"%s\"},{\"id\":\"3\","
	    "\"permissions\":\"%s\"},{\"id\":\"4\",\"permissions\":\"0\"},{\"id\":\"5\",\"permissions\":\"8\"}]",
	    everyone, role3);
	snprintf(member, sizeof(member), "{\"user\":{\"id\":\"9\"},\"roles\":[\"3\",\"4\"],"
	    "\"communication_disabled_until\":%s}", until);
	r = json(roles);
	m = json(member);
	c = channel != NULL ? json(channel) : NULL;
	set = gsp_perms(G, owner, r, m, c);
	gsp_json_free(r);
	gsp_json_free(m);
	gsp_json_free(c);
	return set;
}

#define OVER(list) "{\"permission_overwrites\":[" list "]}"

static void
guild(void)
{
	OK(perms("1024", "0", NULL, NULL, "null") == VIEW);
	OK(perms("1024", "2048", NULL, NULL, "null") == (VIEW | SEND));
	/* more bits than a double has */
	OK(perms("1024", "274877906944", NULL, NULL, "null") == (VIEW | THREADS));
	OK(perms("1024", "9223372036854775808", NULL, NULL, "null") == (VIEW | UINT64_C(1) << 63));
	OK(perms("0", "8", NULL, NULL, "null") == UINT64_MAX); /* administrator */
	OK(perms("0", "0", "9", NULL, "null") == UINT64_MAX);  /* owner */
	OK(perms("0", "0", "8", NULL, "null") == 0);
	/* a role of somebody else's is not ours */
	OK(perms("1024", "0", "1", NULL, "null") == VIEW);
}

static void
channel(void)
{
	/* everybody's is taken, a role gives it back */
	OK(perms("3072", "0", NULL, OVER("{\"id\":\"" G "\",\"type\":0,\"deny\":\"2048\",\"allow\":\"0\"}"),
	    "null") == VIEW);
	OK(perms("3072", "0", NULL, OVER("{\"id\":\"3\",\"type\":0,\"deny\":\"0\",\"allow\":\"2048\"},"
	    "{\"id\":\"" G "\",\"type\":0,\"deny\":\"2048\",\"allow\":\"0\"}"), "null") == (VIEW | SEND));
	/* of two roles the one that gives wins, whatever their order */
	OK(perms("3072", "0", NULL, OVER("{\"id\":\"3\",\"type\":0,\"deny\":\"0\",\"allow\":\"2048\"},"
	    "{\"id\":\"4\",\"type\":0,\"deny\":\"2048\",\"allow\":\"0\"}"), "null") == (VIEW | SEND));
	/* the member's own comes last */
	OK(perms("3072", "0", NULL, OVER("{\"id\":\"9\",\"type\":1,\"deny\":\"2048\",\"allow\":\"0\"},"
	    "{\"id\":\"3\",\"type\":0,\"deny\":\"0\",\"allow\":\"2048\"}"), "null") == VIEW);
	/* not ours: another role, another member, a role with a member's id */
	OK(perms("3072", "0", NULL, OVER("{\"id\":\"5\",\"type\":0,\"deny\":\"2048\",\"allow\":\"0\"},"
	    "{\"id\":\"8\",\"type\":1,\"deny\":\"2048\",\"allow\":\"0\"},"
	    "{\"id\":\"9\",\"type\":0,\"deny\":\"2048\",\"allow\":\"0\"},"
	    "{\"id\":\"3\",\"type\":1,\"deny\":\"2048\",\"allow\":\"0\"}"), "null") == (VIEW | SEND));
	/* nothing takes from an administrator */
	OK(perms("0", "8", NULL, OVER("{\"id\":\"3\",\"type\":0,\"deny\":\"1024\",\"allow\":\"0\"}"),
	    "null") == UINT64_MAX);
	/* nonsense gives nothing */
	OK(perms("1024", "0", NULL, OVER("{\"id\":\"3\",\"type\":0,\"allow\":\"-1\"},7,{\"id\":3}"),
	    "null") == VIEW);
	OK(perms("1024", "0", NULL, "{\"permission_overwrites\":\"all\"}", "null") == VIEW);
}

static void
what_follows(void)
{
	OK(perms("82944", "0", NULL, NULL, "null") == (VIEW | HIST)); /* nothing to embed in */
	OK(perms("84992", "0", NULL, NULL, "null") == (VIEW | SEND | EMBED | HIST));
	/* who cannot see, cannot */
	OK(perms("84992", "0", NULL, OVER("{\"id\":\"" G "\",\"type\":0,\"deny\":\"1024\"}"), "null") == 0);
	/* in time-out */
	OK(perms("84992", "0", NULL, NULL, "\"2099-01-01T00:00:00.000000+00:00\"") == (VIEW | HIST));
	OK(perms("84992", "0", NULL, NULL, "\"2001-01-01T00:00:00.000000+00:00\"") ==
	    (VIEW | SEND | EMBED | HIST));
	OK(perms("84992", "0", NULL, NULL, "\"soon\"") == (VIEW | SEND | EMBED | HIST));
	OK(perms("0", "8", NULL, NULL, "\"2099-01-01T00:00:00.000000+00:00\"") == UINT64_MAX);
	OK(GSP_PERM_BOT == 274877991936);
	OK(strcmp(gsp_perm_name(GSP_PERM_EMBED_LINKS), "Embed Links") == 0);
}

int
main(void)
{
	guild();
	channel();
	what_follows();
	return done();
}
