/*
 * base/must: memory that has to be there.
 */
#ifndef GSP_BASE_MUST_H
#define GSP_BASE_MUST_H

#include <stdlib.h>

/** gsp_must(p): ${p}, what calloc() or strdup() gave; without memory the process ends. For what has
 * no caller who could do without it, as in a loop of events. */
static inline void *
gsp_must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

#endif
