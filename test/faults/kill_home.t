#!/bin/sh
# What works at home alone: gsp-init, and the words of gsp-saves that change something.
. test/faults/kill.sh
in_sandbox "$@"
FAULT_NAME="work at home" FAULT_TOOLS="init, saves"

has() { grep -q "{\"$1\"," cmd/*saves*.c; } # a word of gsp-saves

whole_home() { [ "$(gsp-status -C "$NEW" --json 2>&1)" = "" ] || bad "the new home does not work"; }
whole_server() {
	for f in "$TOP"/examples/minetest/*; do
		case $f in
		*/server.yaml) grep -q "^dir: /srv/m$ROUND\$" "$H/servers/m$ROUND/server.yaml" ;;
		*) cmp -s "$f" "$H/servers/m$ROUND/${f##*/}" ;;
		esac || bad "'${f##*/}' of the example is not there"
	done
}

# A world that is told apart by its count of stops, as the game writes it.
world() { # world DIR N
	mkdir -p "$1/world"
	echo "$2" >"$1/world/a"
	echo "$2" >"$1/world/b"
	for _ in $(seq "$2"); do printf 'start x\nstop x\n'; done >"$1/world/log"
}
world_is() { # world_is N: files/ is that world, whole, and the newest generation is, too
	[ "$(cat "$H/servers/toy/files/world/a")" = "$1" ] && saved_right "$H/servers/toy/files" ||
		bad "files/ is not the world that was asked for"
	[ "$(cat "$(gen "$(newest)")/world/a")" = "$1" ] || bad "the newest generation is another world"
	# the owner's edit from before is kept
	grep -qrx "$EDIT" "$H/servers/toy/history" || bad "the owner's edit is lost"
}
was_restored() { world_is "$BACK_TO"; }
was_imported() { world_is 40; }
was_pruned() {
	saved_right "$H/servers/toy/files" || bad "files/ is not whole"
	left=$(gsp-saves --json prune --dry-run toy 2>/dev/null | jq -r .generation | tr '\n' ' ')
	[ -z "$left" ] || bad "generations $left are left"
	rm -f "$H"/seen.*
}

evening() {
	NEW=$T/new$ROUND/a/home
	phase init "gsp-init -q --type g6-nanode-1 $NEW" none whole_home
	rm -rf "$T/new$ROUND"
	OR_STATUS=73 # it is there, and whole
	phase init-server "gsp-init -q minetest m$ROUND" none whole_server
	OR_STATUS=
	rm -rf "$H/servers/m$ROUND"
	phase cost 'gsp-cost --json' none
	has restore || return 0
	edit "before a restore"
	world "$H/servers/toy/files" "$ROUND"
	[ -n "$(newest)" ] || plain 'gsp-up toy'
	[ "$(machines)" = 0 ] || plain 'gsp-down toy'
	# shellcheck disable=SC2010
	first=$(ls "$H/servers/toy/history" | grep -xE '[0-9]{6}' | head -n 1)
	BACK_TO=$(cat "$H/servers/toy/history/$first/world/a")
	phase restore "gsp-saves restore toy ${first##*0}" none was_restored
	edit "before an import"
	rm -rf "$T/import" && mkdir "$T/import" && world "$T/import" 40 && echo "$EDIT" >"$T/import/readme"
	phase import "gsp-saves import toy $T/import" none was_imported
	has prune || return 0
	grep -q '^keep:' "$H/servers/toy/server.yaml" ||
		echo 'keep: {last: 1}' >>"$H/servers/toy/server.yaml"
	MAY_GO=1
	phase prune "gsp-saves prune --yes toy" none was_pruned
	MAY_GO=
}
campaign evening on
