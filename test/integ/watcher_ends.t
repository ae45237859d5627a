#!/bin/sh
# A sandbox that ends takes its machines with it: the watch that gsp-up left for one of them in a
# home outside ends, too, and says why.
. test/integ/lib.sh
need_root
need jq rsync

new_home
sed -i "s/^watch:.*/watch: {by: session}/" "$H/gsp.yaml"
gives 0 "a sandbox in which something runs when it ends" gsp-sandbox run --create-time 200ms \
	--boot-time 200ms -- gsp-up -q toy
dead() { flock -n "$H/state/toy/watcher" true; }
ok "a watch was left" test -s "$H/state/toy/watcher"
ok "nobody watches for long what is gone" until_true 300 dead
ok "which it says" grep -q "nothing answers at 'http://.*, which is on this computer" "$H/state/toy/watch.log"
ok "the journal stays: nothing was deleted" test -s "$H/state/toy/session.json"
finish
