#include "discord/command.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "discord/command_priv.h"
#include "discord/talk.h"

#include "base/banned.h"

/* Source: Discord API v10, "Application Command Types", "Application Command Option Type". */
enum { CHAT_INPUT = 1, SUBCOMMAND = 1, STRING = 3, INTEGER = 4 };

struct choice {
	const char *name, *value;
};

/* Chosen with a thumb, at eleven at night: no typing where a list will do. */
static const struct choice more_times[] = {{"15 minutes", "15m"}, {"30 minutes", "30m"},
    {"1 hour", "1h"}, {"2 hours", "2h"}, {"3 hours", "3h"}, {"4 hours", "4h"}, {"6 hours", "6h"},
    {NULL, NULL}};
static const struct choice hold_times[] = {{"30 minutes", "30m"}, {"1 hour", "1h"},
    {"2 hours", "2h"}, {"4 hours", "4h"}, {"8 hours", "8h"},
    {"end the hold: it may stop when nobody plays", GSP_COMMAND_RELEASE}, {NULL, NULL}};
static const struct choice scripts[] = {{"the game itself (start)", "start"},
    {"preparing the machine (bootstrap)", "bootstrap"}, {"stopping the game (stop)", "stop"},
    {"is it healthy (health)", "health"}, {"who plays (players)", "players"},
    {"telling the players (say)", "say"}, {NULL, NULL}};

const struct gsp_command_option gsp_command_options[] = {
    [GSP_OPTION_NAME] = {"name", STRING},
    [GSP_OPTION_SAVE] = {"save", INTEGER},
    [GSP_OPTION_TIME] = {"time", STRING},
    [GSP_OPTION_TEXT] = {"text", STRING},
    [GSP_OPTION_MONTH] = {"month", STRING},
    [GSP_OPTION_SCRIPT] = {"script", STRING},
};
_Static_assert(sizeof(gsp_command_options) / sizeof(*gsp_command_options) == GSP_OPTIONS, "all");

#define MUST(o) (1u << (o))
#define MAY(o) (1u << ((o) + GSP_OPTIONS))

static const struct {
	const char *description;
	unsigned options;
} verbs[GSP_VERBS] = {
    [GSP_VERB_UP] = {"Rent a machine and start the game",
        MUST(GSP_OPTION_NAME) | MAY(GSP_OPTION_SAVE)},
    [GSP_VERB_DOWN] = {"Stop the game, bring the save home, give the machine back",
        MUST(GSP_OPTION_NAME)},
    [GSP_VERB_RESTART] = {"Stop the game and start it again, on the same machine",
        MUST(GSP_OPTION_NAME)},
    [GSP_VERB_STATUS] = {"What runs, where, who plays, what it costs, when it stops",
        MAY(GSP_OPTION_NAME)},
    [GSP_VERB_LIST] = {"The servers there are", 0},
    [GSP_VERB_EXTEND] = {"Let it run longer", MUST(GSP_OPTION_NAME) | MAY(GSP_OPTION_TIME)},
    [GSP_VERB_HOLD] = {"Not stop when nobody plays, for a while",
        MUST(GSP_OPTION_NAME) | MAY(GSP_OPTION_TIME)},
    [GSP_VERB_PLAYERS] = {"Who plays right now", MUST(GSP_OPTION_NAME)},
    [GSP_VERB_SAVES] = {"The saves that are kept", MUST(GSP_OPTION_NAME)},
    [GSP_VERB_RESTORE] = {"Go back to an older save; the server must be down",
        MUST(GSP_OPTION_NAME) | MUST(GSP_OPTION_SAVE)},
    [GSP_VERB_COST] = {"What was spent", MAY(GSP_OPTION_NAME) | MAY(GSP_OPTION_MONTH)},
    [GSP_VERB_SAY] = {"Tell the players in the game something",
        MUST(GSP_OPTION_NAME) | MUST(GSP_OPTION_TEXT)},
    [GSP_VERB_LOGS] = {"The last lines that the game has printed",
        MUST(GSP_OPTION_NAME) | MAY(GSP_OPTION_SCRIPT)},
};

bool
gsp_command_must(enum gsp_verb v, enum gsp_option o)
{
	return (verbs[v].options & MUST(o)) != 0;
}

bool
gsp_command_may(enum gsp_verb v, enum gsp_option o)
{
	return (verbs[v].options & (MUST(o) | MAY(o))) != 0;
}

bool
gsp_command_script(const char *name)
{
	for (const struct choice *c = scripts; c->value != NULL; c++)
		if (strcmp(c->value, name) == 0)
			return true;
	return false;
}

static const char *
describe(enum gsp_verb v, enum gsp_option o)
{
	switch (o) {
	case GSP_OPTION_NAME: return "Which server";
	case GSP_OPTION_SAVE:
		return v == GSP_VERB_UP ? "An older save to go on from; the newest if not given"
		                        : "Which save to go back to";
	case GSP_OPTION_TIME: return v == GSP_VERB_HOLD ? "For how long; an hour if not given"
		: "How much longer; an hour if not given";
	case GSP_OPTION_TEXT: return "What to tell them";
	case GSP_OPTION_MONTH: return "A month such as 2026-11, or all; this month if not given";
	case GSP_OPTION_SCRIPT: return "Whose words; the game's if not given";
	default: return "";
	}
}

static void
add_choices(struct gsp_json *o, const struct choice *c)
{
	struct gsp_json *list = gsp_json_add_arr(o, "choices");

	for (; c->value != NULL; c++) {
		struct gsp_json *v = gsp_json_add_obj(list, NULL);

		gsp_json_add_str(v, "name", c->name);
		gsp_json_add_str(v, "value", c->value);
	}
}

static void
add_option(struct gsp_json *list, enum gsp_verb v, enum gsp_option id)
{
	struct gsp_json *o = gsp_json_add_obj(list, NULL);

	gsp_json_add_u64(o, "type", gsp_command_options[id].type);
	gsp_json_add_str(o, "name", gsp_command_options[id].name);
	gsp_json_add_str(o, "description", describe(v, id));
	if (gsp_command_must(v, id))
		gsp_json_add_bool(o, "required", true);
	switch (id) {
	case GSP_OPTION_NAME:
		gsp_json_add_bool(o, "autocomplete", true);
		gsp_json_add_u64(o, "max_length", GSP_COMMAND_NAME_MAX);
		break;
	case GSP_OPTION_SAVE:
		gsp_json_add_bool(o, "autocomplete", true);
		gsp_json_add_u64(o, "min_value", 1);
		gsp_json_add_u64(o, "max_value", GSP_COMMAND_SAVE_MAX);
		break;
	case GSP_OPTION_TIME: add_choices(o, v == GSP_VERB_HOLD ? hold_times : more_times); break;
	case GSP_OPTION_TEXT: gsp_json_add_u64(o, "max_length", GSP_COMMAND_TEXT_MAX); break;
	case GSP_OPTION_MONTH:
		gsp_json_add_u64(o, "min_length", 3);
		gsp_json_add_u64(o, "max_length", 7);
		break;
	default: add_choices(o, scripts);
	}
}

struct gsp_json *
gsp_command_all(void)
{
	struct gsp_json *all = gsp_json_new_arr(), *c = gsp_json_add_obj(all, NULL), *list;

	gsp_json_add_str(c, "name", GSP_COMMAND_NAME);
	gsp_json_add_u64(c, "type", CHAT_INPUT);
	gsp_json_add_str(c, "description", "Game servers that are rented only while somebody plays");
	/* everybody sees it: who may do what is decided by our own rules, each time */
	gsp_json_add_null(c, "default_member_permissions");
	list = gsp_json_add_arr(c, "options");
	for (int v = 0; v < GSP_VERBS; v++) {
		struct gsp_json *sub = gsp_json_add_obj(list, NULL), *options;

		gsp_json_add_u64(sub, "type", SUBCOMMAND);
		gsp_json_add_str(sub, "name", gsp_verb_name((enum gsp_verb)v));
		gsp_json_add_str(sub, "description", verbs[v].description);
		options = gsp_json_add_arr(sub, "options");
		/* the required ones come first, as Discord wants it: so they do in the enum */
		for (int o = 0; o < GSP_OPTIONS; o++)
			if (gsp_command_may((enum gsp_verb)v, (enum gsp_option)o))
				add_option(options, (enum gsp_verb)v, (enum gsp_option)o);
	}
	return all;
}
