#!/bin/sh
# The script after_save: run at home when the machine is gone, what it gets, what becomes of one
# that fails, hangs, is cut off or cannot be noted; and the restic recipe of examples/.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq rsync
new_home

S=$H/servers
owed() { cat "$H/state/$1/after_save/owed" 2>/dev/null; }
result() { jq -r "$2" "$H/state/$1/after_save/result.json"; }
after_of() { gsp-status --json "$1" 2>/dev/null | jq -r '.after_save // "none"'; }
dead() { ! grep -qs '^State:[^ZX]*$' "/proc/$1/status"; }
script() { # script SERVER: its after_save is stdin
	cat >"$S/$1/after_save"
	chmod +x "$S/$1/after_save"
}
for s in toy slow kil two res; do
	[ "$s" = toy ] || server "$s"
	echo "$s" >"$S/$s/files/world/level"
done
sed -i 's/timeouts: {/timeouts: {sync: 2s, /' "$S/slow/server.yaml"
script toy <<'EOT'
#!/bin/sh
# $T is not there: the environment is gsp's
env | sort >"$GSP_HOME/seen"
pwd >"$GSP_HOME/where"
cat "$GSP_PATH/world/level" >"$GSP_HOME/level"
if read -r _; then echo input; fi
i=0; until [ -e "$GSP_HOME/go" ] || [ $((i += 1)) -gt 600 ]; do sleep 0.05; done
EOT
for s in toy slow kil two res; do
	bg "up.$s" gsp-up -q "$s"
done
for s in toy slow kil two res; do
	bg_gives 0 "up $s" "up.$s" 90
done

# ---- when it runs, and with what ----
gives 0 "a live copy" gsp-sync -q down --live toy
ok "is not what it is for" test ! -e "$H/seen" -a ! -e "$H/state/toy/after_save"
before=$(machines)
bg toy gsp-down toy
until_true 40 test -e "$H/level"
is "it runs when the machine is gone" "$(machines)" "$((before - 1))"
is "the job is done by then" "$(tail -n 1 "$H/state/toy/progress.jsonl" | jq -r '"\(.step) \(.state)"')" "all done"
ok "and the server is free" flock -n "$H/state/toy/lock" true
ok "status says that it runs" sh -c 'printf %s "$1" | grep -q "generation 3 has been running"' - "$(after_of toy)"
touch "$H/go"
bg_gives 0 "down" toy
says "says what it waits for" "running after_save for generation 3"
is "its environment, all of it" "$(grep -v -e '^_=' -e '^PWD=' -e '^SHLVL=' -e '^OLDPWD=' "$H/seen" | tr '\n' ' ')" \
	"GSP_GENERATION=3 GSP_HOME=$H GSP_PATH=$(gen 3) GSP_SERVER=toy HOME=$HOME LANG=${LANG:-C.UTF-8} PATH=$PATH "
is "where" "$(cat "$H/where")" "$H"
is "the generation is there" "$(cat "$H/level")" toy
is "it is kept that it is done" "$(result toy '"\(.generation) \(.state) \(.tries)"')" "3 done 1"
is "nothing is owed" "$(after_of toy)" none
rm "$H/seen"
gives 0 "down again" gsp-down -q toy
ok "does not run it again" test ! -e "$H/seen"

# ---- several servers: no machine waits for another's script ----
for s in kil two; do
	script "$s" <<-'EOT'
		#!/bin/sh
		echo "$GSP_SERVER" >>"$GSP_HOME/order"
		[ "$GSP_SERVER" = kil ] || exit 0
		i=0; until [ -e "$GSP_HOME/on" ] || [ $((i += 1)) -gt 600 ]; do sleep 0.05; done
	EOT
done
before=$(machines)
bg both gsp-down kil two
until_true 40 test -e "$H/order"
is "both machines are gone before the first runs" "$(machines)" "$((before - 2))"

# ---- killed while it runs: the script goes on, and nobody runs it beside itself ----
kill -KILL "$(sed -n 's/.*pid \([0-9]*\).*/\1/p' "$H/state/kil/after_save/lock")"
bg_gives 137 "gsp is killed" both
gives 0 "down while the script goes on" gsp-down -q kil
is "runs no second one" "$(grep -c kil "$H/order")" 1
ok "status knows that it runs" sh -c 'printf %s "$1" | grep -q "has been running"' - "$(after_of kil)"
touch "$H/on"
until_true 20 flock -n "$H/state/kil/after_save/lock" true
ok "then, that nobody saw its end" sh -c 'printf %s "$1" | grep -q "generation 2 was cut off; .gsp down kil. runs it"' - "$(after_of kil)"
gives 0 "down" gsp-down -q kil two
is "runs it again, and the one that had no turn" "$(tr '\n' ' ' <"$H/order")" "kil kil two "
is "two tries" "$(result kil '"\(.state) \(.tries)"')" "done 2"

# ---- one that fails ----
gives 0 "up" gsp-up -q two
script two <<'EOT'
#!/bin/sh
echo "no such disk" >&2
exit 3
EOT
gives 0 "it fails: down" gsp-down two
says "warns" "two: after_save failed with status 3; the save itself is home; 'gsp down two' tries it again"
is "the machine is gone" "$(gsp-status --json two | jq -r .stage)" none
is "its words are kept" "$(tail -n 1 "$H/state/two/after_save/log")" "no such disk"
gives 1 "status" gsp-status two
prints "shows it" "after_save of generation 3 failed .* ago \(after_save failed with status 3\)"
gives 0 "up tries it again" gsp-up two
says "and warns" "after_save failed with status 3"
is "that was the second time" "$(result two '"\(.state) \(.tries)"')" "failed 2"
chmod -x "$S/two/after_save"
gives 0 "not executable: down" gsp-down two
says "says what to do" "chmod \+x"
is "for the new save" "$(result two '"\(.generation) \(.state) \(.tries)"')" "$(newest two) failed 1"
script two <<'EOT'
#!/bin/sh
head -c 3000000 /dev/zero | tr '\0' 'x'
echo the end
sleep 100 &
EOT
gives 0 "mended, and talkative: down" gsp-down -q two
is "is done, whatever it left behind" "$(result two .state)" "done"
ok "the lock is free" flock -n "$H/state/two/after_save/lock" true
ok "its log is bounded" test "$(cat "$H/state/two/after_save/log" "$H/state/two/after_save/log.1" | wc -c)" -le 1100000
is "the end of it is there" "$(tail -n 1 "$H/state/two/after_save/log" | tail -c 8)" "the end"
is "nothing is owed" "$(after_of two)" none

# ---- one that hangs ----
script slow <<'EOT'
#!/bin/sh
trap '' TERM
sleep 100 &
echo $! >"$GSP_HOME/pid"
wait
sleep 100
EOT
gives 0 "it hangs: down" gsp-down slow
says "warns" "after_save did not end within 2 s"
ok "what it started is gone" dead "$(cat "$H/pid")"
is "kept" "$(result slow '"\(.state) \(.why)"')" "failed after_save did not end within 2 s"
script slow <<'EOT'
#!/bin/sh
echo "$$" >"$GSP_HOME/pid"
exec sleep 100
EOT
sed -i 's/sync: 2s/sync: 1h/' "$S/slow/server.yaml"
rm "$H/pid"
bg slow gsp-down slow
until_true 20 test -s "$H/pid"
kill -TERM "$(sed -n 's/.*pid \([0-9]*\).*/\1/p' "$H/state/slow/after_save/lock")"
bg_gives 143 "a signal" slow
ok "ends it" dead "$(cat "$H/pid")"
is "and it is owed still" "$(result slow .state)" failed
rm "$S/slow/after_save"
is "a script that is gone is owed nothing" "$(after_of slow)" none

# ---- tool by tool; cut off before it was run; what cannot be noted ----
script toy <<'EOT'
#!/bin/sh
echo "$GSP_GENERATION" >>"$GSP_HOME/done"
EOT
gives 0 "up" gsp-up -q toy
gives 0 "stop" gsp-run -q stop toy
gives 0 "a step of another tool" env GSP_STEP_OF_PARENT=1 gsp-sync down toy
is "notes it, and leaves it to that one" "$(owed toy) $(cat "$H/done" 2>/dev/null)" "$(newest toy) "
ok "status says so" sh -c 'printf %s "$1" | grep -q "has not run yet"' - "$(after_of toy)"
gives 0 "by itself" gsp-sync -q down toy
is "runs it" "$(cat "$H/done")" "$(newest toy)"
gives 0 "teardown" gsp-teardown -q toy
gives 0 "up" gsp-up -q toy
rm -r "$H/state/toy/after_save"
echo in the way >"$H/state/toy/after_save"
gives 0 "what cannot be noted: down" gsp-down toy
says "is a warning" "after_save will not run for generation"
is "no machine is left of it" "$(gsp-status --json toy | jq -r .stage)" none
rm "$H/state/toy/after_save"

# ---- the generation is gone when its turn comes ----
gives 0 "up" gsp-up -q toy
gives 0 "stop" gsp-run -q stop toy
gives 0 "sync" env GSP_STEP_OF_PARENT=1 gsp-sync -q down toy
n=$(newest toy)
gives 0 "teardown" gsp-teardown -q toy
chmod -R u+w "$(gen "$n")" && rm -r "$(gen "$n")" "$(gen "$n").gsp"
echo "$(newest toy)" >"$S/toy/history/BASE"
gives 0 "the next up" gsp-up -q toy
is "takes the newest proven one" "$(result toy '"\(.owed) \(.state)"') $(tail -n 1 "$H/done")" "$n done $(newest toy)"
gives 0 "down" gsp-down -q toy

# ---- restic ----
if command -v restic >/dev/null; then
	cp "$TOP/examples/after_save/after_save" "$S/res/"
	echo secret >"$T/password"
	cat >"$S/res/restic.env" <<-EOT
		RESTIC_REPOSITORY=$T/repository
		RESTIC_PASSWORD_FILE=$T/password
	EOT
	gives 0 "restic: down" gsp-down res
	is "the copy is made" "$(result res .state)" "done"
	gives 0 "up" gsp-up -q res
	at res sh -c "'echo more >/srv/toy/world/more && chown game: /srv/toy/world/more'"
	gives 0 "another evening" gsp-down -q res
	RESTIC_REPOSITORY=$T/repository RESTIC_PASSWORD_FILE=$T/password
	export RESTIC_REPOSITORY RESTIC_PASSWORD_FILE
	is "a snapshot of each" "$(restic --json snapshots | jq -r '[.[].tags[2]] | join(" ")')" "generation=2 generation=3"
	ok "restored" restic --quiet restore latest --target "$T/back"
	ok "is the save" diff -r "$T/back" "$(gen 3 res)"
	mv "$T/repository" "$T/repository.away"
	gives 0 "up" gsp-up -q res
	echo "nonsense" >"$T/repository"
	gives 0 "the disk is not there: down" gsp-down res
	says "warns" "after_save failed with status"
	rm "$T/repository" && mv "$T/repository.away" "$T/repository"
	gives 0 "it is back: down" gsp-down res
	is "it has the save" "$(restic --json snapshots | jq length) $(after_of res)" "3 none"
else
	pass "# SKIP restic is not installed"
fi
finish
