#!/bin/sh
# The bot and what else befalls it in an evening: SIGTERM in the middle of up and of down; Discord
# repeats what was asked, before and after a restart; this computer's disk is full when something is
# asked; two bots for one home; directories of jobs, which do not pile up.
. test/faults/kill_bot.sh
. test/faults/faults.sh
FAULT_NAME=$(basename "$0" .t)
in_sandbox "$@"
ROUND=1
bot_begin
bot_home
log=$T/none MODE=none WRONG=
repeat() { discord_control again "{\"interaction\":\"$1\",\"count\":${2:-1}}" || bad "cannot repeat: $(cat "$T/discord.err")"; }
ends_since() { messages "{\"since\":$SINCE,\"via\":\"channel\",\"match\":\"$1\"}" | jq length; }
begins() { # begins: what follows is looked at by itself
	SINCE=$(chat_now_ms)
	WRONG=
	: >"$T/bot.err"
}
right() { # right TEXT STAGE: nothing of what check and check_chat look at is wrong
	check "$2"
	check_chat
	check_bot_state
	is "$1" "$WRONG" ""
	[ -z "$WRONG" ] || note "$(tail -n 6 "$T/bot.err")" "$(jq -rc '.[] | [.id, .via, .reply_to, .text]' "$T/chat")"
	WRONG=
}
terminated() { # terminated TEXT: SIGTERM ends the bot as it should
	kill -TERM "$(bot_pid)"
	wait "$SUPERVISOR"
	is "$1" "$?" 0
	SUPERVISOR=
}
yes_to() { # yes_to I: press the yes of its question
	I=$1
	until_message 'Stop .*toy' 20 "{\"interaction\":\"$1\",\"button\":\"Yes\"}" && press Yes "$M"
}

# ---- SIGTERM in the middle; repeated ----

fault_begin "SIGTERM to the bot in a job; events repeated" "bot: both halves, jobs"
sed -i '2i sleep 3' "$H/servers/toy/bootstrap"
begins
supervise NOTHING=1
until_up
slash_raw up name=toy
UP=$I
until_message 'is coming up' 10 "{\"interaction\":\"$UP\"}"
repeat "$UP" 3
terminated "SIGTERM in the middle of up ends the bot"
is "... and not the evening" "$(test -e "$H/state/discord/jobs/$UP/end.json" && echo ended)" ""
supervise NOTHING=1
until_up
repeat "$UP" 3
began=$(now_ms)
ok "the next bot tells the end" until_message 'toy.* is up' 60 "{\"via\":\"channel\",\"pings\":\"$BERT\",\"since\":$SINCE}"
case_took $(($(now_ms) - began))
repeat "$UP" 3
until_true 10 all_said
is "one machine was bought" "$(creates)" 1
right "up is as if nothing had happened" running

begins
slash_raw down name=toy
DOWN=$I
until_message 'Stop .*toy' 20 "{\"interaction\":\"$DOWN\",\"button\":\"Yes\"}"
repeat "$DOWN" 2
yes_to "$DOWN"
YES=$I
repeat "$YES" 2
until_message 'is going down' 20 "{\"interaction\":\"$DOWN\"}"
terminated "SIGTERM in the middle of down ends the bot"
supervise NOTHING=1
until_up
repeat "$DOWN" 2
repeat "$YES" 2
began=$(now_ms)
ok "the next bot tells the end" until_message 'toy.* is down' 60 "{\"via\":\"channel\",\"pings\":\"$BERT\",\"since\":$SINCE}"
case_took $(($(now_ms) - began))
repeat "$DOWN" 2
repeat "$YES" 2
until_true 10 all_said
right "down is as if nothing had happened" none
save_is "the save is home" "$(cat "$H/servers/toy/files/world/a")" 1

# a question, open when the bot is told to end
begins
slash_raw down name=toy
DOWN=$I
until_message 'Stop .*toy' 20 "{\"interaction\":\"$DOWN\",\"button\":\"Yes\"}"
terminated "SIGTERM while a question is open ends the bot"
is "... which is open no longer" "$(I=$DOWN the_message '.buttons | length')" 0
supervise NOTHING=1
until_up
repeat "$DOWN" 2
slash_raw list
filled 10
is "... nor asked again, when it is repeated" "$(I=$DOWN the_message '.buttons | length')" 0
is "nothing is told of it" "$(ends_since .)" 0
save_is "the save is the same" "$(cat "$H/servers/toy/files/world/a")" 1
all_shown
fault_end

# ---- two bots ----

fault_begin "two bots for one home" "bot"
connections() { discord_ask '[.. | objects | .connections? // empty | length] | add' state; }
began=$(now_ms)
n=$(connections)
gives 75 "a second bot is refused" gsp-bot run
case_took $(($(now_ms) - began))
says "... and told who is there" "another gsp-bot serves this home.*gsp-bot: run \(pid $(bot_pid)\)"
is "... and was never at Discord" "$(connections)" "$n"
is "the first goes on" "$(kill -0 "$(bot_pid)" && echo on)" on
fault_end

# ---- directories of jobs do not pile up ----

terminated "SIGTERM ends the bot"
find "$H/state/discord/jobs" -exec touch -d '3 hours ago' {} +
is "there are some of before" "$(find "$H/state/discord/jobs" -mindepth 1 -maxdepth 1 | grep -c .)" \
	"$(find "$H/state/discord/jobs" -name told | grep -c .)"
supervise NOTHING=1
until_up
swept() { [ "$(find "$H/state/discord/jobs" -mindepth 1 | grep -c .)" = 0 ]; }
ok "what was told long ago is gone" until_true 10 swept

# ---- a full disk ----

fault_begin "the disk at home is full when the bot is asked" "bot, up"
no_more_bot
mv "$H/state" "$T/state.was"
mkdir "$H/state"
mount -t tmpfs -o size=2m,mode=700 small "$H/state" || skip_all "no tmpfs can be mounted here"
trap 'no_more_bot; stop_discord; umount -l "$H/state"; cleanup' EXIT
cp -a "$T/state.was/." "$H/state/"
full() { # full PAGES: so much room is left
	rm -f "$H/state/filler"
	pages=$(($(stat -f -c '%a*%S/4096' "$H/state") - $1))
	fallocate -l $((pages * 4096)) "$H/state/filler"
}
bought_before=$(creates)
for room in 0 1 2 3 4; do
	begins
	supervise NOTHING=1
	until_true 10 grep -q 'gsp-bot: ready' "$T/bot.err"
	full "$room"
	slash_raw up name=toy
	ok "$room pages of room: whoever asks is answered" filled 40
	said=$(reply)
	case $said in
	*'No space left'* | *'cannot note'* | *'make room'*) pass "... and told why" ;;
	*)
		# with a little room it begins, and the tool itself says so at the end
		ok "... and told why, at the end" until_message 'No space left' 40 "{\"since\":$SINCE}"
		;;
	esac
	is "... nothing was bought" "$(creates)" "$bought_before"
	rm -f "$H/state/filler"
	began=$(now_ms)
	until_true 30 all_said
	no_more_bot
	case_took $(($(now_ms) - began))
	check_bot_state
	is "... with room again no secret is left, and all is told" "$WRONG" ""
done
begins
supervise NOTHING=1
until_up
slash_raw up name=toy
ok "with room: up" until_message 'toy.* is up' 60 "{\"via\":\"channel\",\"since\":$SINCE}"
until_true 10 all_said
right "as it should be" running
begins
slash_raw down name=toy
yes_to "$I"
ok "with room: down" until_message 'toy.* is down' 60 "{\"via\":\"channel\",\"since\":$SINCE}"
until_true 10 all_said
right "as it should be" none
save_is "the save is home" "$(cat "$H/servers/toy/files/world/a")" 2
all_shown
fault_end
finish
