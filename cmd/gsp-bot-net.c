/* gsp-bot-net: the half of gsp-bot that talks to Discord. gsp-bot starts it; nobody else can. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/exitcode.h"
#include "cli/opt.h"
#include "cli/say.h"
#include "net.h"

#include "base/banned.h"

/* Not the ids that mean "leave it as it is". */
#define ID_MAX ((uint64_t)UINT32_MAX - 1)

/* "UID:GID" */
static int
parse_become(int64_t *uid, int64_t *gid, const char *text, struct gsp_err *err)
{
	const char *colon = strchr(text, ':');
	char first[32];
	uint64_t u, g;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(first))
		goto bad;
	memcpy(first, text, (size_t)(colon - text));
	first[colon - text] = '\0';
	if (gsp_num_u64(&u, first, 1, ID_MAX) == -1 || gsp_num_u64(&g, colon + 1, 1, ID_MAX) == -1)
		goto bad;
	*uid = (int64_t)u;
	*gid = (int64_t)g;
	return 0;
bad:
	return gsp_err_set(err, GSP_EUSAGE, "--become: '%.64s' is no UID:GID of another user than root",
	    text);
}

static bool
has_monitor(void)
{
	int domain = 0, type = 0;
	socklen_t len = sizeof(domain);
	struct stat st;

	return fstat(NET_FD, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    getsockopt(NET_FD, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX &&
	    getsockopt(NET_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* Rather lose a line than stand still because nobody reads it. */
static void
never_block_on_stderr(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0 && S_ISFIFO(st.st_mode))
		(void)fcntl(STDERR_FILENO, F_SETFL, fcntl(STDERR_FILENO, F_GETFL) | O_NONBLOCK);
}

static void
log_line(void *ctx, enum gsp_loglevel level, const char *text)
{
	(void)ctx;
	gsp_cli_error("%s%s", level == GSP_LOG_WARN ? "warning: " : "", text);
}

int
main(int argc, char **argv)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct net_start how = {.uid = -1, .gid = -1};
	const char *become = NULL;
	const struct gsp_opt opts[] = {
	    {"become", 0, GSP_OPT_TEXT, &become, "UID:GID", "whom to become when started as root"},
	    {"ca-file", 0, GSP_OPT_TEXT, &how.ca_file, "FILE", "certificates that hello will speak of"},
	    {"https-only", 0, GSP_OPT_FLAG, &how.https_only, NULL, "Discord's API is at the usual port"},
	    {NULL, 0, 0, NULL, NULL, NULL}};
	struct gsp_cli c = {.tool = "gsp-bot-net",
	    .synopsis = "",
	    .summary = "The half of gsp-bot that talks to Discord. gsp-bot run starts it; it is of no use "
		       "alone.",
	    .notes = "What it is a part of: man gsp-bot.",
	    .opts = opts,
	    .actor = "gsp-bot"}; /* of no use here, and looking it up costs memory */
	int rc;

	(void)close_range(NET_FD + 1, ~0U, 0); /* whatever else was left open for us */
	rc = gsp_cli_parse(&c, argc, argv, &err);
	if (rc == 1)
		return gsp_cli_exit(0, &err);
	if (rc == 0 && !has_monitor())
		rc = gsp_err_set(&err, GSP_EUSAGE,
		    "descriptor %d is no socket to gsp-bot; run 'gsp-bot run' instead", NET_FD);
	if (rc == 0 && become != NULL)
		rc = parse_become(&how.uid, &how.gid, become, &err);
	if (rc == 0 && become == NULL && getuid() == 0)
		gsp_cli_warn("this half runs as root: say as whom it should in 'discord: {user: ...}'");
	if (rc == 0) {
		never_block_on_stderr();
		if (c.verbose == 0 && !c.quiet)
			gsp_log_handler(log_line, NULL, GSP_LOG_INFO);
		rc = net_main(&how, &err);
	}
	rc = gsp_cli_exit(rc, &err);
#ifdef __SANITIZE_ADDRESS__
	_exit(rc); /* its look for leaks at the end needs ptrace, which was given away */
#endif
	return rc;
}
