/*
 * sys/confine: which system calls a process that talks to the network may make. A list of what libc,
 * its resolver, libcurl and OpenSSL use; everything else is EPERM, and what is newer than this list
 * ENOSYS, so that a newer libc goes the old way.
 *
 * Source: seccomp(2), linux/seccomp.h, linux/filter.h; the arguments in the calls' own pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/confine_priv.h"

#include "base/banned.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#define NEWEST 456 /* futex_requeue, Linux 6.7: what lies above is unknown to us */
#define FILTER_MAX 400

static const int allowed[] = {
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_close, SYS_lseek, SYS_fstat,
    SYS_statx, SYS_faccessat, SYS_readlinkat, SYS_getdents64, SYS_getcwd,
    SYS_mprotect, SYS_munmap, SYS_brk, SYS_mremap, SYS_madvise,
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_sigaltstack,
    SYS_pipe2, SYS_dup, SYS_dup3, SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl,
    SYS_epoll_pwait, SYS_eventfd2, SYS_timerfd_create, SYS_timerfd_settime,
    SYS_connect, SYS_bind, SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg,
    SYS_recvmmsg, SYS_shutdown, SYS_getsockname, SYS_getpeername, SYS_setsockopt,
    SYS_getsockopt,
    SYS_futex, SYS_set_robust_list, SYS_set_tid_address, SYS_sched_yield, SYS_sched_getaffinity,
    SYS_sched_getparam, SYS_sched_getscheduler, SYS_membarrier, SYS_restart_syscall,
    SYS_exit, SYS_exit_group, SYS_getpid, SYS_getppid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid,
    SYS_getegid, SYS_getresuid, SYS_getresgid, SYS_getgroups, SYS_uname, SYS_sysinfo, SYS_getrusage,
    SYS_nanosleep, SYS_clock_nanosleep, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday,
    SYS_getrandom,
#ifdef SYS_newfstatat
    SYS_newfstatat,
#endif
#ifdef SYS_mmap
    SYS_mmap,
#endif
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef SYS_getrlimit
    SYS_getrlimit,
#endif
/* the older calls of older machines */
#ifdef SYS_stat
    SYS_stat,
#endif
#ifdef SYS_lstat
    SYS_lstat,
#endif
#ifdef SYS_access
    SYS_access,
#endif
#ifdef SYS_readlink
    SYS_readlink,
#endif
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_select
    SYS_select,
#endif
#ifdef SYS_pipe
    SYS_pipe,
#endif
#ifdef SYS_dup2
    SYS_dup2,
#endif
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
#ifdef SYS_time
    SYS_time,
#endif
#ifdef SYS_arch_prctl
    SYS_arch_prctl,
#endif
#ifdef __arm__
    SYS_mmap2, SYS__llseek, SYS_fstat64, SYS_stat64, SYS_lstat64, SYS_fstatat64, SYS__newselect,
    SYS_ugetrlimit, SYS_getuid32, SYS_geteuid32, SYS_getgid32, SYS_getegid32, SYS_getgroups32,
    SYS_getresuid32, SYS_getresgid32, SYS_send, SYS_recv, SYS_sigreturn, SYS_clock_gettime64,
    SYS_clock_getres_time64, SYS_clock_nanosleep_time64, SYS_ppoll_time64, SYS_pselect6_time64,
    SYS_futex_time64, SYS_recvmmsg_time64, SYS_timerfd_settime64, SYS_rt_sigtimedwait_time64,
    __ARM_NR_set_tls, __ARM_NR_cacheflush,
#endif
};

/* ---- the program ---- */

struct program {
	struct sock_filter code[FILTER_MAX];
	unsigned short n;
};

static void
put(struct program *p, uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
	if (p->n < FILTER_MAX)
		p->code[p->n] = (struct sock_filter){code, yes, no, k};
	p->n++;
}

#define EQ (BPF_JMP | BPF_JEQ | BPF_K)
#define GT (BPF_JMP | BPF_JGT | BPF_K)

static void
load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void
ret(struct program *p, int errnum)
{
	put(p, BPF_RET | BPF_K, 0, 0, errnum == 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | (uint32_t)errnum);
}

static size_t
low_half(int arg)
{
	size_t at = offsetof(struct seccomp_data, args) + (size_t)arg * sizeof(uint64_t);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	at += sizeof(uint32_t);
#endif
	return at;
}

/* Allow call ${nr} if argument ${arg}, masked, is one of ${n} values; else ${errnum}. The kernel looks
 * at no more than the low half of these arguments. The number is loaded before and after. */
static void
if_one_of(struct program *p, long nr, int arg, uint32_t mask, const uint32_t *values, uint8_t n,
    int errnum)
{
	put(p, EQ, 0, (uint8_t)(n + 4), (uint32_t)nr);
	load(p, low_half(arg));
	put(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
	for (uint8_t i = 0; i < n; i++)
		put(p, EQ, (uint8_t)(n - i), 0, values[i]);
	ret(p, errnum);
	ret(p, 0);
}

/* Sockets: of the Internet over TCP or UDP; and the kernel's own addresses, which getaddrinfo() asks
 * for. */
static void
sockets(struct program *p)
{
	const uint32_t types = ~(uint32_t)(SOCK_NONBLOCK | SOCK_CLOEXEC);

	put(p, EQ, 0, 12, SYS_socket);
	load(p, low_half(0));
	put(p, EQ, 6, 0, AF_NETLINK);
	put(p, EQ, 1, 0, AF_INET);
	put(p, EQ, 0, 7, AF_INET6);
	load(p, low_half(1));
	put(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, types);
	put(p, EQ, 3, 0, SOCK_STREAM);
	put(p, EQ, 2, 3, SOCK_DGRAM);
	load(p, low_half(2));
	put(p, EQ, 0, 1, NETLINK_ROUTE);
	ret(p, 0);
	ret(p, EACCES);
}

static void
restricted(struct program *p)
{
	const uint32_t thread = CLONE_THREAD, zero = 0, us = (uint32_t)getpid();
	const uint32_t ioctls[] = {FIONREAD, FIONBIO, TCGETS};
	const uint32_t names[] = {PR_SET_NAME, PR_GET_NAME};
	const uint32_t fcntls[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC};
	const uint32_t stream = SOCK_STREAM, of_type = ~(uint32_t)(SOCK_NONBLOCK | SOCK_CLOEXEC);
	const uint32_t changes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;

	sockets(p);
	/* a pair of datagram sockets would take another address to send to: a service's of this computer */
	if_one_of(p, SYS_socketpair, 1, of_type, &stream, 1, EACCES);
	if_one_of(p, SYS_clone, 0, CLONE_THREAD, &thread, 1, EPERM);
	if_one_of(p, SYS_openat, 2, changes, &zero, 1, EACCES);
#ifdef SYS_open
	if_one_of(p, SYS_open, 1, changes, &zero, 1, EACCES);
#endif
	if_one_of(p, SYS_ioctl, 1, UINT32_MAX, ioctls, 3, EPERM);
	if_one_of(p, SYS_prctl, 0, UINT32_MAX, names, 2, EPERM);
	if_one_of(p, SYS_fcntl, 1, UINT32_MAX, fcntls, 6, EPERM);
#ifdef SYS_fcntl64
	if_one_of(p, SYS_fcntl64, 1, UINT32_MAX, fcntls, 6, EPERM);
#endif
	if_one_of(p, SYS_prlimit64, 0, UINT32_MAX, &zero, 1, EPERM);
	if_one_of(p, SYS_tgkill, 0, UINT32_MAX, &us, 1, EPERM); /* abort() */
}

static void
whole(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
#ifdef ARCH
	put(p, EQ, 1, 0, ARCH);
#endif
	put(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		put(p, EQ, 0, 1, (uint32_t)allowed[i]);
		ret(p, 0);
	}
	restricted(p);
	/* clone3's flags are out of a filter's sight; libc then takes clone */
	put(p, EQ, 0, 1, SYS_clone3);
	ret(p, ENOSYS);
	put(p, GT, 0, 1, NEWEST);
	ret(p, ENOSYS);
	ret(p, EPERM);
}

int
confine_calls(struct gsp_err *err)
{
	struct program p = {.n = 0};
	struct sock_fprog prog;

#ifndef ARCH
	return gsp_err_set(err, GSP_ESYS, "no filter of system calls for this kind of processor");
#endif
	whole(&p);
	if (p.n > FILTER_MAX)
		return gsp_err_set(err, GSP_EBUG, "the filter of system calls has %u steps", p.n);
	prog.len = p.n;
	prog.filter = p.code;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog) != 0)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot filter system calls (seccomp)");
	return 0;
}
