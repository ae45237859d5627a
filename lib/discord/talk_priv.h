/*
 * discord/talk: the table of its fields, and what its writer and its reader share.
 */
#ifndef GSP_DISCORD_TALK_PRIV_H
#define GSP_DISCORD_TALK_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discord/talk.h"

#define TALK_CHOICES_MAX 25 /* Source: Discord API v10, "Autocomplete" */

enum talk_form {
	TALK_WHOLE,   /* uint64_t, 0 to TALK_WHOLE_MAX */
	TALK_SIGNED,  /* int64_t, from the field's least on */
	TALK_INT,     /* int, from the field's least on */
	TALK_NUM,     /* double */
	TALK_BOOL,
	TALK_VERB,
	TALK_ID,      /* digits */
	TALK_ID_NONE, /* digits, or "" */
	TALK_WORD,    /* char[]: a text of one line */
	TALK_TEXT,    /* char[] */
	TALK_LONG,    /* char * */
	TALK_WHO,
	TALK_CHOICES
};

struct talk_field {
	const char *key;
	enum talk_form form;
	size_t at;    /* offset in struct gsp_talk */
	size_t size;  /* of the room for a text, NUL included */
	int64_t least;
};

#define TALK_FIELDS 38
#define TALK_KINDS (GSP_TALK_STOP + 1)
#define TALK_WHOLE_MAX INT64_C(4503599627370495) /* 2^52 - 1: printed exactly, see fmt/json.h */

extern const struct talk_field talk_fields[TALK_FIELDS];

/** talk_has(kind, i): lines of that kind have talk_fields[i]. */
bool talk_has(enum gsp_talk_kind kind, int i);

/** talk_kind_name(kind): what "kind" says. */
const char *talk_kind_name(enum gsp_talk_kind kind);

/** talk_char(p, lines): length of the character at ${p} that may stand in a text; 0: none. With
 * ${lines} '\n', '\r' and '\t' may. */
size_t talk_char(const char *p, bool lines);

#endif
