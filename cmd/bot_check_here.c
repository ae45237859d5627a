/* gsp-bot check: this computer: the half that talks to Discord, and what it can be kept from. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bot_check.h"
#include "sys/confine.h"
#include "sys/io.h"

#include "base/banned.h"

static int
check_half(struct check *c, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err why = GSP_ERR_INIT;
	int rc = 0;

	if (gsp_io_self_dir(&path, &why) == -1)
		rc = bot_found_err(&c->f, "here", NULL, &why, err);
	else {
		gsp_buf_adds(&path, "/gsp-bot-net");
		if (!gsp_buf_ok(&path) || access(gsp_buf_str(&path), X_OK) == -1)
			bot_found(&c->f, BOT_WRONG, "here", "install gsp anew", "'%s', the half of the bot that "
			    "talks to Discord, cannot be run: %s", gsp_buf_str(&path), strerror(errno));
	}
	gsp_buf_release(&path);
	return rc;
}

/* As root the network half becomes another user. */
static void
check_user(struct check *c)
{
	const char *name = c->b.conf->user;
	const struct passwd *pw = getpwnam(name);
	char todo[300];

	(void)snprintf(todo, sizeof(todo), "useradd --system --user-group --no-create-home --shell "
	    "/usr/sbin/nologin %s", name);
	if (pw == NULL)
		bot_found(&c->f, BOT_WRONG, "here", todo, "started as root, the half of the bot that talks to "
		    "Discord becomes the user '%s', who does not exist", name);
	else if (pw->pw_uid == 0 || pw->pw_gid == 0 || pw->pw_uid == geteuid())
		bot_found(&c->f, BOT_WRONG, "here", "name a user of its own in discord: user",
		    "the user '%s' is root, of root's group, or the home's owner", name);
	else if (gsp_confine_landlock() == 0)
		bot_found(&c->f, BOT_NOTE, "here", "a kernel with Landlock (5.13 or newer) would do better",
		    "no Landlock: the half of the bot that talks to Discord is kept from the home by being the "
		    "user '%s' alone", name);
	else
		bot_found(&c->f, BOT_OK, "here", NULL, "started as root, the half of the bot that talks to "
		    "Discord becomes the user '%s', shut in by Landlock", name);
}

static void
check_landlock(struct check *c)
{
	if (gsp_confine_landlock() > 0)
		bot_found(&c->f, BOT_OK, "here", NULL, "the half of the bot that talks to Discord is shut in by "
		    "Landlock; started as root, it would be another user, too");
	else
		bot_found(&c->f, BOT_WRONG, "here", "start it as root (examples/systemd), then that half becomes "
		    "another user; or use a kernel with Landlock (5.13 or newer)", "no Landlock: the half of the "
		    "bot that talks to Discord cannot be kept from the home");
}

int
bot_check_here(struct check *c, struct gsp_err *err)
{
	if (check_half(c, err) == -1)
		return -1;
	if (geteuid() == 0)
		check_user(c);
	else
		check_landlock(c);
	return 0;
}
