#!/bin/sh
# Many files, and one of more than 4 GB whose holes stay holes, up and home again.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3
new_home

S=$H/servers
for s in many large; do
	server "$s"
	echo 1 >"$S/$s/files/world/level"
done

python3 - "$S/many/files/world" <<'PY'
import os, sys
for d in range(100):
    os.mkdir('%s/d%d' % (sys.argv[1], d))
    for f in range(1000):
        with open('%s/d%d/f%d' % (sys.argv[1], d, f), 'w') as x:
            x.write('%d %d\n' % (d, f))
PY
evening() { # evening SERVER: up, the commands of $T/SERVER.game there as root, down
	gsp-up -q "$1" && gsp-ssh "$1" <"$T/$1.game" && gsp-down -q "$1"
}
cat >"$T/many.game" <<'EOT'
cd /srv/toy/world && echo changed >d5/f5 && rm d6/f6 && echo new >d7/new && chown game: d7/new
EOT
truncate -s 300M "$S/large/files/world/holes"
echo end >>"$S/large/files/world/holes"
cat >"$T/large.game" <<'EOT'
cd /srv/toy/world && du -k holes | cut -f1 >/srv/toy/du && truncate -s 4100M huge &&
	echo end >>huge && chown game: huge
EOT
bg large evening large
gives 0 "100,000 files: an evening" evening many

bg_gives 0 "large: a sparse file of more than 4 GB" large 120
L=$S/large/files
is "its size" "$(stat -c %s "$L/world/huge") $(tail -c 4 "$L/world/huge")" "$((4100 * 1048576 + 4)) end"
ok "holes stay holes: at home" test "$(du -k "$L/world/huge" | cut -f1)" -lt 1000
ok "in the generation" test "$(du -k "$(gen "$(newest large)" large)/world/huge" | cut -f1)" -lt 1000
ok "and on the machine" test "$(cat "$L/du")" -lt 1000
M=$S/many/files/world
is "as the game left them" "$(find "$M" -type f | wc -l) $(cat "$M/d5/f5" "$M/d7/new" "$M/d99/f999" | tr '\n' ' ')" "100002 changed new 99 999 "
ok "what did not change is stored once" test "$(stat -c %h "$(gen 1 many)/world/d1/f1")" -ge 2
is "nothing is left" "$(machines) $(firewalls)" "0 0"
finish
