#include "base/nearest.h"
#include "tap.h"

#include "base/banned.h"

int
main(void)
{
	static const char *const known[] = {"region", "type", "exclude", "push", "ssh_from", NULL};
	static const char *const none[] = {NULL};
	char huge[200];

	IS_STR(gsp_nearest("regoin", known), "region"); /* swapped */
	IS_STR(gsp_nearest("excludes", known), "exclude");
	IS_STR(gsp_nearest("ssh-from", known), "ssh_from");
	IS_STR(gsp_nearest("typ", known), "type");
	IS_STR(gsp_nearest("push", known), "push");
	OK(gsp_nearest("unrelated", known) == NULL);
	OK(gsp_nearest("", known) == NULL);
	OK(gsp_nearest("x", known) == NULL);
	OK(gsp_nearest("region", none) == NULL);
	memset(huge, 'a', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	OK(gsp_nearest(huge, known) == NULL);
	return done();
}
