#!/bin/sh
# on_stop_failure: kill. A game that does not stop is killed by `gsp down`, loudly, and its save
# comes home as of the kind `killed`; never when that is not what failed.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3
new_home

S=$H/servers
script() { # script SERVER NAME: text on stdin
	cat >"$S/$1/$2"
	chmod +x "$S/$1/$2"
}
loud() { says "... loudly" 'ITS GAME IS KILLED NOW \(on_stop_failure: kill\)'; }
killed() { # killed SERVER WORLD: by TERM, which the toy game hears
	is "... the save is home, of a killed game" \
		"$(gsp_field "$(newest "$1")" .kind "$1") $(cat "$S/$1/files/world/count")" "killed 1"
}
lives() { # the game of SERVER was not touched
	at "$1" "kill -0 \$(cat /tmp/toy.pid) && ! test -e /srv/toy/world/count"
}
spared() {
	ok "... nobody is killed" sh -c "! grep -qi 'killed now\|by force:' '$T/err'"
	ok "... the game lives" lives "$1"
	is "... nothing came home" "$(newest "$1")" 1
}

for s in fails late says0 keep try75 open away; do
	server $s
	[ $s = keep ] || echo 'on_stop_failure: kill' >>"$S/$s/server.yaml"
	echo old >"$S/$s/files/world/level"
done
echo 'on_stop_failure: kill' >>"$S/toy/server.yaml"
sed -i 's/stop: 30s/stop: 2s/' "$S/late/server.yaml"
for s in fails keep toy; do
	printf '#!/bin/sh\necho "no such console"\nexit 3\n' | script $s stop
done
printf '#!/bin/sh\nsleep 345\n' | script late stop
printf '#!/bin/sh\nexit 0\n' | script says0 stop
printf '#!/bin/sh\nexit 75\n' | script try75 stop
# what a person does on the machine meanwhile is no reason to kill a game, or that person
cp "$S/open/stop" "$T/stop"
for s in toy fails late says0 keep try75 open away; do
	bg up.$s gsp-up -q $s
done
for s in says0 open away fails late keep try75 toy; do
	bg_gives 0 "up $s" up.$s 120
	case $s in
	says0) bg says0 gsp-down says0 ;;
	open)
		at open 'exec 3>>/srv/toy/world/notes; setsid sleep 1000 </dev/null >/dev/null 2>&1 &'
		bg open gsp-down open
		;;
	away)
		machine_fault gsp-away cut
		bg away gsp-down away
		;;
	esac
done

gives 0 "a stop script that fails" gsp-down fails
says "... its words" "status 3: no such console"
loud
killed fails
gives 0 "a stop script that does not end" gsp-down late
says "... that it did not" "did not end in time"
loud
killed late

gives 3 "keep, the default" gsp-down keep
says "... names the command" "gsp down keep --kill"
spared keep
gives 75 "a stop script that says 75" gsp-down try75
spared try75
gives 3 "gsp-run stop by itself" gsp-run stop toy
spared toy
gives 3 "gsp-restart" gsp-restart toy
spared toy
gives 64 "--kill-stuck is for stop" gsp-run start toy --kill-stuck
gives 0 "down" gsp-down toy
loud
killed toy
gives 0 "down --kill" gsp-down --kill keep
killed keep
printf '#!/bin/sh\nexit 1\n' | script try75 stop
gives 0 "it may change its mind" gsp-down try75
killed try75

bg_gives 0 "a stop script that claims what is not so" says0 120
says "... what remains" "has not stopped: still running: .*toy.py"
loud
killed says0
bg_gives 65 "a stranger writes there, the game has ended" open 120
says "... who" "open for writing: .*notes"
ok "... nobody is killed" sh -c "! grep -qi 'killed now\|by force:' '$T/err'"
is "... the stranger neither" "$(at open 'pgrep -xf "sleep 1000" | wc -l')" 1
at open pkill -xf "'sleep 1000'"
gives 0 "... down, when that is over" gsp-down open
is "... and the game was not killed" "$(gsp_field "$(newest open)" .kind open)" down
bg_gives 75 "a machine out of reach" away 120
machine_fault gsp-away mend
spared away
gives 0 "... down, when it is back" gsp-down -q away
is "... and the game was not killed" "$(gsp_field "$(newest away)" .kind away)" down
is "no machine is left" "$(machines)" 0
finish
