#!/bin/sh
# The crash campaign misses nothing: what can change a file, send something or start a program is
# a step (step.c), and every tool that does so is killed in some evening (kill_*).
. test/integ/lib.sh
need nm

# Functions of libc, libcurl and libssh that do something to the world. Those that tools call
# must be wrapped in step.c, or be named here as harmless where they are called.
acts='open open64 openat openat64 creat creat64 write writev pwrite pwrite64 pwritev sendfile copy_file_range
splice truncate ftruncate ftruncate64 fallocate posix_fallocate fsync fdatasync sync syncfs sync_file_range
rename renameat renameat2 remove unlink unlinkat rmdir mkdir mkdirat link linkat symlink symlinkat mknod
mknodat mkfifo mkfifoat chmod fchmod fchmodat lchmod chown fchown lchown fchownat utime utimes futimes
lutimes futimens utimensat setxattr lsetxattr fsetxattr removexattr mkstemp mkostemp mkstemps mkdtemp tmpfile
fopen freopen fork vfork clone posix_spawn posix_spawnp system popen execl execle execlp execv execve execvp
execvpe fexecve waitpid wait wait3 wait4 waitid send sendto sendmsg sendmmsg
curl_easy_perform curl_easy_send curl_ws_send ssh_new ssh_userauth_publickey ssh_userauth_password
ssh_channel_request_exec ssh_channel_request_shell ssh_channel_request_subsystem ssh_channel_write
ssh_channel_write_stderr ssh_channel_send_eof ssh_channel_free ssh_channel_close
ssh_channel_request_send_signal ssh_scp_new sftp_new'
# ssh_pump.c: to the program that gsp-ssh runs for; to the machine goes ssh_channel_write. query/sock.c:
# to a game: how many play? Whoever is told twice, or half, has done nothing.
# waitid: with WNOWAIT, it looks whether a program is over; waitpid collects it.
# curl_easy_send: to Discord's gateway, whose protocol knows connections that end in the middle.
harmless='send waitid curl_easy_send'

# What the tools are made of: the library without the sandbox, and each main.
nm -A -u "$BUILD/libgsp.a" "$BUILD"/cmd/*.o 2>/dev/null |
	grep -vE '(libgsp\.a:(api|machine)[a-z_]*\.o|/gsp-sandbox\.o):' | awk '{ print $NF }' | sort -u >"$T/called"
is "there is one way to send a request, and another for the bot" "$(nm -A -u "$BUILD/libgsp.a" 2>/dev/null |
	sed -n 's/.*:\([a-z_]*\.o\):.*curl_multi_perform$/\1/p' | sort | paste -sd ' ')" "http.o multi.o"
is "which no other tool has" "$(nm -A "$BUILD"/gsp-* 2>/dev/null | sed -n 's/.*\/\(gsp-[a-z-]*\):.* gsp_multi_start$/\1/p' |
	sort | paste -sd ' ')" gsp-bot-net
wrapped=$(sed -n 's/^REAL([^,]*, \([a-z0-9_]*\),.*/\1/p' test/faults/step.c)
missing=
for f in $acts; do
	grep -qx "$f" "$T/called" || continue
	case " $harmless $(echo "$wrapped" | tr '\n' ' ') " in *" $f "*) ;; *) missing="$missing $f" ;; esac
done
is "everything that acts on the world is a step (else wrap it in test/faults/step.c)" "$missing" ""
is "and it was looked at something" "$(grep -cxE 'rename|fsync|gsp_http_do|ssh_channel_request_exec' "$T/called")" 4
# Tools without a phase of their own, and why.
only_look='gsp gsp-logs gsp-query gsp-ssh gsp-sandbox' # ssh is rsync's transport: killed inside gsp-sync's phases
# gsp-bot starts the others, which are killed in their own phases, and is itself killed at every stage
# of a job in test/integ/bot_monitor.t: before the answer, after it, in the middle, after the end, and
# its runner. Its other half can write nothing (test_confine), and what sets it up writes nothing here.
only_look="$only_look gsp-bot gsp-bot-net gsp-bot-setup"
for main in cmd/gsp*.c; do
	tool=${main#cmd/}
	tool=${tool%.c}
	case " $only_look " in *" $tool "*) continue ;; esac
	if grep -qE "phase [a-z-]+ ['\"]$tool " test/faults/kill_*; then
		pass "$tool is killed in the campaign"
	else
		fail "$tool is killed nowhere: give it a phase in a test/faults/kill_*.t"
	fi
done
finish
