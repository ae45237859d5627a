#!/bin/sh
# What a file is when it has travelled: its name, content, mode, time, holes; what does not
# travel; many of them, large ones; and a home that belongs to an ordinary user.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3 setpriv
new_home

S=$H/servers
F=$S/toy/files
sed -i 's/^saves:.*//' "$S/toy/server.yaml"
cat >"$T/odd.py" <<'PY'
# odd.py make DIR SEED: files and directories with odd names, modes and times.
# odd.py sum DIR [SKIP...]: one line for each path: all that shall arrive.
import hashlib, os, sys
names = [b'a b', b' lead', b'trail ', b'new\nline', b'tab\there', 'žluťoučký kůň 日本'.encode(),
    b'-rf', b'--delete', b'back\\slash', b'quo"te', b"apo'strophe", b'st*r', b'[br]', b'qu?st',
    b'[', b'\\*', b'\\#012', b'\\#012\n', b'dot.', b'..dots', b'...', b'~', b'#hash', b';semi',
    b'$(id)', b'`id`', b'a:b', b'rsync::x', b'\x01ctl\x7f', b'\xff\xfe', b'%s%n', b'{a,b}',
    b'n' * 200, 'ů'.encode() * 100, b'-', b'--', b'&', b'|', b'!x', b'^', b'=', b'cr\rlf', b'GSP .f']
modes = [0o600, 0o755, 0o444, 0o640, 0o400, 0o777, 0o664, 0o700]
def make(top, seed):
    os.makedirs(top)
    n = 0
    def file(path):
        nonlocal n
        with open(path, 'wb') as f:
            f.write(seed + b' %d\n' % n * (n % 7))
        os.chmod(path, modes[n % len(modes)])
        os.utime(path, ns=(0, 1000000000 * (1000000 + n * 7919) + 123456789 - n))
        n += 1
    for name in names:
        file(os.path.join(top, name))
    for name in names:
        d = os.path.join(top, b'D' + name)
        os.mkdir(d)
        file(os.path.join(d, name))
    for i, m in enumerate([0o700, 0o775, 0o755, 0o555, 0o500]):
        d = os.path.join(top, b'dir%o' % m)
        os.makedirs(os.path.join(d, b'empty'))
        file(os.path.join(d, b'f'))
        os.chmod(d, m)
    for name, to in [(b'dangling', b'no/where'), (b'abs', b'/etc/passwd'), (b'todir', b'Da b'),
            (b'up', b'../..'), (b'ln\nk', b'tar\nget \\#012'), (b'self', b'self'), (b'absdir', b'/etc')]:
        os.symlink(to, os.path.join(top, name))
def total(top, skip):
    out = []
    for d, dirs, files in os.walk(top):
        for name in dirs + files:
            p = os.path.join(d, name)
            rel = os.path.relpath(p, top)
            if any(rel == s or rel.startswith(s + b'/') for s in skip):
                continue
            st = os.lstat(p)
            kind = st.st_mode >> 12
            what = ''
            if os.path.islink(p):
                what = repr(os.readlink(p))
            elif kind == 8:
                what = '%o %d %d %s' % (st.st_mode & 0o7777, st.st_size, st.st_mtime_ns,
                    hashlib.md5(open(p, 'rb').read()).hexdigest())
            elif kind == 4:
                what = '%o' % (st.st_mode & 0o7777)
            out.append('%r %d %s' % (rel, kind, what))
    print('\n'.join(sorted(out)))
if sys.argv[1] == 'make':
    make(os.fsencode(sys.argv[2]), os.fsencode(sys.argv[3]))
else:
    total(os.fsencode(sys.argv[2]), [os.fsencode(a) for a in sys.argv[3:]])
PY
odd() { python3 "$T/odd.py" "$@"; }
odd_there() { # odd_there SERVER WORD...: on its machine
	odd_server=$1
	shift
	gsp-ssh -C "$H" "$odd_server" python3 - "$@" <"$T/odd.py"
}
same() { # same TEXT FILE1 FILE2
	if cmp -s "$2" "$3" && [ -s "$2" ]; then
		pass "$1"
	else
		fail "$1"
		note "$(diff "$2" "$3" | head -n 20)"
	fi
}

# ---- up ----
odd make "$F/odd" home
mkdir "$F/swap1" "$F/real" && echo x >"$F/swap1/x"
ln -s real "$F/swap2"
mkfifo "$F/fifo"
mknod "$F/dev" c 1 3
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$F/sock"
echo '#!/bin/sh' >"$F/suid" && chmod 4755 "$F/suid"
gives 0 "up" gsp-up toy
for p in fifo dev sock; do
	says "'$p' is reported" "'$p' is no file, directory or symlink"
done
says "setuid is reported" "'suid' has the setuid bit"
is "what was reported does not travel" "$(on sh -c "'cd /srv/toy && ls -d fifo dev sock 2>/dev/null'")" ""
is "and does not travel; the file does" "$(on stat -c %a /srv/toy/suid)" 755
odd sum "$F/odd" >"$T/sum.home"
odd_there toy sum /srv/toy/odd >"$T/sum.there"
same "every odd name, mode, time and target arrives" "$T/sum.home" "$T/sum.there"
same "and is so in generation 1" "$T/sum.home" - <<EOT
$(odd sum "$(gen 1)/odd" | sed -e 's/ 4 555$/ 4 @/' >"$T/g1"; python3 - "$T/sum.home" "$T/g1" <<'PY'
import sys
# directories of a generation have lost their write bits: only that they are there
home = {l.split(' 4 ')[0]: l for l in open(sys.argv[1]) if ' 4 ' in l}
for l in open(sys.argv[2]):
    key = l.split(' 4 ')[0]
    print(home[key] if ' 4 ' in l and key in home else l, end='')
PY
)
EOT
is "all is user:user" "$(on find /srv/toy '!' -user game -o '!' -group game)" ""
is "links out are not followed: /etc/passwd is root's" "$(on stat -c %U:%G /etc/passwd /etc | sort -u)" root:root

# ---- down ----
odd_there toy make /srv/toy/game game
on sh -c "'cd /srv/toy && rm -r swap1 && ln -s /etc swap1 && rm swap2 && mkdir swap2 && echo y >swap2/y &&
	mkfifo pipe && mknod null c 1 3 && cp /bin/true s && chown -R -h game: . && chmod 6755 s && rm odd/-rf && mkdir -p -m 2775 sg'"
odd_there toy sum /srv/toy logs mods pipe null s sg world/count >"$T/sum.there"
gives 0 "down" gsp-down toy
for p in pipe null; do
	says "'$p' is reported" "'$p' is no file, directory or symlink"
done
is "what was reported does not travel" "$(find "$(gen "$(newest)")" -name pipe -o -name null)" ""
is "set-id bits do not" "$(stat -c %a "$F/s" "$F/sg" | tr '\n' ' ')" "755 775 "
rm -f "$F/fifo" "$F/dev" "$F/sock"
odd sum "$F" s sg world/count >"$T/sum.home"
same "all that the game has is home as it was" "$T/sum.there" "$T/sum.home"
is "a symlink out of the tree stays one" "$(readlink "$F/swap1")" /etc
is "what was a link to a directory is one, and the other's content is untouched" "$(cat "$F/swap2/y") $(ls "$F/real")" "y "
is "no owner is carried" "$(find "$F" "$S/toy/history" '!' -user root | wc -l)" 0
gives 0 "up again" gsp-up -q toy
odd_there toy sum /srv/toy logs mods s sg >"$T/sum.there"
odd sum "$F" s sg >"$T/sum.home"
same "and there again as it is home" "$T/sum.home" "$T/sum.there"
gives 0 "down again" gsp-down -q toy

# ---- a home of an ordinary user ----
uid=12345
mkdir "$T/u" && chown $uid:$uid "$T/u"
as_user() { setpriv --reuid=$uid --regid=$uid --clear-groups env HOME="$T/u" "$@"; }
if as_user test -x "$BUILD/gsp-up" && as_user test -r "$T/odd.py"; then
	UH=$T/u/home
	export GSP_HOME="$UH"
	ok "init" as_user gsp-init -q --type g6-nanode-1 "$UH/"
	root_home=$H
	H=$UH
	server friends
	chown -R $uid:$uid "$UH/servers"
	sed -i 's/^saves:.*//' "$UH/servers/friends/server.yaml"
	as_user python3 "$T/odd.py" make "$UH/servers/friends/files/odd" mine
	gives 77 "root is not the owner" gsp-up friends
	gives 0 "up as an ordinary user" as_user gsp-up -q friends
	odd_user() { # odd_user WORD...: on the machine
		as_user gsp-ssh -q friends python3 - "$@" <"$T/odd.py"
	}
	odd_user sum /srv/toy/odd >"$T/sum.there"
	as_user python3 "$T/odd.py" sum "$UH/servers/friends/files/odd" >"$T/sum.home"
	same "the same there" "$T/sum.home" "$T/sum.there"
	is "there it is user:user" "$(as_user gsp-ssh -q friends "find /srv/toy ! -user game -o ! -group game" </dev/null)" ""
	odd_user make /srv/toy/game game
	as_user gsp-ssh -q friends "cd /srv/toy && echo more >>odd/dir555/f && echo g >odd/dir500/g && chown -R -h game: ." </dev/null
	odd_user sum /srv/toy logs mods world/count >"$T/sum.there"
	gives 0 "down as an ordinary user" as_user gsp-down -q friends
	as_user python3 "$T/odd.py" sum "$UH/servers/friends/files" world/count >"$T/sum.home"
	same "the same at home" "$T/sum.there" "$T/sum.home"
	is "everything is the user's" "$(find "$UH/servers/friends/files" "$UH/servers/friends/history" '!' -uid $uid | wc -l)" 0
	as_user sh -c 'echo edit >>"$1/odd/dir755/f"' - "$UH/servers/friends/files"
	gives 0 "up again, edited" as_user gsp-up -q friends
	gives 0 "down again" as_user gsp-down -q friends
	ok "a second save shares what did not change" test "$(stat -c %h "$UH/servers/friends/history/000001/readme")" -gt 2
	H=$root_home
	export GSP_HOME="$H"
else
	note "the ordinary user cannot reach $BUILD"
fi

is "nothing is left" "$(machines) $(firewalls)" "0 0"
finish
