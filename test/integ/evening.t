#!/bin/sh
# A whole evening with the toy game: up, look, down; again; as a pipeline; restart.
. test/integ/lib.sh
# just the scopes that the README asks for
SANDBOX_ARGS="--token=evening=linodes:read_write,firewall:read_write,events:read_only"
in_sandbox "$@"
need curl jq
new_home

gives 1 "status of a server that is down says no" gsp-status toy
gives 0 "up --check buys nothing, and takes a name as a shell completes it" gsp-up --check toy/
is "no machine after --check" "$(machines)" 0

gives 0 "up" gsp-up toy
prints "it prints a record" '"schema":"gsp.record/1".*"stage":"running"'
prints "with the address" '"address":"198\.1[89]\.[0-9.]+:7777"'
is "one machine" "$(machines)" 1
gives 0 "status of a running server says yes" gsp-status toy
gives 0 "up again is success" gsp-up toy
is "and still one machine" "$(machines)" 1
gives 0 "a command on the machine" gsp-ssh toy id -un
prints "runs as root" '^root$'
gives 7 "its status is ours" gsp-ssh toy exit 7
gives 0 "the game runs as its user" on "ps -o user= -p \$(cat /tmp/toy.pid)"
prints "named game" '^game$'
gives 0 "logs of bootstrap" gsp-logs toy bootstrap

gives 0 "down" gsp-down toy
prints "its record says none" '"stage":"none"'
is "no machine is left" "$(machines)" 0
is "no firewall is left" "$(firewalls)" 0
is "the save is home" "$(cat "$H/servers/toy/files/world/count")" 1
is "excluded paths never travel" "$(ls -d "$H/servers/toy/files/logs" 2>/dev/null)" ""
gives 0 "down again is success" gsp-down toy

# the same evening, tool by tool
gsp-provision -q toy 2>"$T/err" | gsp-run -q bootstrap - 2>>"$T/err" |
	gsp-sync -q up - 2>>"$T/err" | gsp-run -q start - >"$T/out" 2>>"$T/err"
prints "the pipeline ends in a running record" '"stage":"running"'
is "running" "$(stage toy)" running
gsp-run -q stop toy 2>>"$T/err" | gsp-sync -q down - 2>>"$T/err" |
	gsp-teardown -q - >"$T/out" 2>>"$T/err"
prints "and down the same way" '"stage":"none"'
is "the world went on" "$(cat "$H/servers/toy/files/world/count")" 2
gives 65 "an empty pipe is no success" gsp-run start -
says "and says so" 'no record on stdin'

# restart sends what was edited at home
gives 0 "up for a restart" gsp-up toy
echo edited >"$H/servers/toy/files/readme"
mkdir -p "$H/servers/toy/files/mods" && echo mod >"$H/servers/toy/files/mods/a.jar"
gives 65 "an edit while it runs is not sent" gsp-up toy
says "and says what does" 'gsp restart toy'
gives 0 "restart" gsp-restart toy
is "the edit is there" "$(on cat /srv/toy/readme)" edited
is "the mod too" "$(on cat /srv/toy/mods/a.jar)" mod
gives 0 "down after a restart" gsp-down toy
is "the edit stayed" "$(cat "$H/servers/toy/files/readme")" edited
is "the game's save, too" "$(cat "$H/servers/toy/files/world/count")" 4
is "nothing is left" "$(machines) $(firewalls)" "0 0"

# a computer that has lost its memory must not call a machine that costs "down"
gives 0 "up, before state/ is lost" gsp-up toy
mv "$H/state" "$H/state.away" && mkdir -m 700 "$H/state"
gives 65 "down does not say that all is well" gsp-down toy
says "but what to do" 'gsp status --take-over toy'
gives 65 "nor does teardown" gsp-teardown toy
gives 1 "status shows the machine" gsp-status toy
prints "and what goes on" 'take-over'
rm -r "$H/state" && mv "$H/state.away" "$H/state"
rm "$H/servers/toy/server.yaml"
gives 0 "a session without server.yaml is still in the table" gsp-status
prints "with what goes on" 'gsp down toy'
gives 0 "down" gsp-down toy
is "nothing is left" "$(machines) $(firewalls)" "0 0"
finish
