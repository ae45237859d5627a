#!/bin/sh
# Copies beside a running game: `gsp sync down --live`, its scripts freeze and thaw, what is due
# when, copies cut off at every step, and a lost machine that is gone on from one.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq rsync
new_home

S=$H/servers
sid() { jq -r .session "$H/state/$1/session.json"; }
for s in calm busy ice; do
	server "$s"
	head -c 50000 /dev/urandom >"$S/$s/files/world/level"
	mkdir -p "$S/$s/files/mods" && echo jar >"$S/$s/files/mods/a.jar"
done
for s in toy calm busy ice; do
	bg "up.$s" gsp-up -q "$s"
done
for s in toy calm busy ice; do
	bg_gives 0 "up $s" "up.$s" 90
done

# ---- a game that keeps still ----
at calm sh -c "'head -c 40000 /dev/urandom >/srv/toy/world/region && chown game: /srv/toy/world/region'"
before=$(marker calm)
gives 0 "a live copy" gsp-sync down --live --actor cron calm
prints "prints the record of a server that runs" '"stage":"running"'
is "is a generation of its own kind" "$(gsp_field 2 '"\(.kind) \(.parent) \(.actor) \(.moving)"' calm)" "live 1 cron 0"
ok "with the game's files" sh -c 'test $(stat -c %s "$1/world/region") = 40000' - "$(gen 2 calm)"
is "and the push paths" "$(cat "$(gen 2 calm)/mods/a.jar")" jar
is "what did not change is one file" "$(stat -c %i "$(gen 1 calm)/world/level")" "$(stat -c %i "$(gen 2 calm)/world/level")"
is "the marker is as before" "$(marker calm)" "$before"
is "files/ as well" "$(cat "$S/calm/history/BASE") $(ls "$S/calm/files/world")" "1 level"
is "nothing is left over" "$(find "$S/calm/history" -maxdepth 1 -name '.*' | wc -l)" 0
is "the game goes on" "$(stage calm)" running
finish
