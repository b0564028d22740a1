/* Makes the k-th call that changes the disk below a folder fail, in any program that is loaded with it (LD_PRELOAD).
 *
 * CHAOS_CONTROL names a file of one `struct control`, mapped and shared: whoever maps it too arms, watches and disarms
 * the fault while the program runs. CHAOS_UNDER is the folder. Layout and numbers: tests/chaos/shim.py.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, NAME = 4, CREATE = 8, SIZE = 16 };

struct control {
    int32_t error;  /* errno to fail with; 0: nothing fails */
    int32_t kinds;  /* which calls count, a sum of the above */
    int32_t lasting; /* 0: only the k-th fails, 1: the k-th and all after it */
    int32_t python, sqlite; /* calls seen: SQLite's files are those that end in .db, -wal, -shm, -journal */
    int64_t at, seen, failed;
};

static struct control *control;
static char under[4096];
static size_t under_length;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("CHAOS_CONTROL"), *folder = getenv("CHAOS_UNDER");
    int handle = path && folder ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR) : -1;
    if (handle < 0) return;
    void *found = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
    syscall(SYS_close, handle);
    snprintf(under, sizeof under, "%s", folder);
    under_length = strlen(under);
    if (found != MAP_FAILED) control = found;
}

static int ends(const char *path, const char *end) {
    size_t a = strlen(path), b = strlen(end);
    return a >= b && !strcmp(path + a - b, end);
}

/* Whether this call is the one that has to fail; sets errno then. */
static int due(const char *path, int kind) {
    if (strncmp(path, under, under_length)) return 0;
    int sqlite = ends(path, ".db") || ends(path, "-wal") || ends(path, "-shm") || ends(path, "-journal");
    __atomic_add_fetch(sqlite ? &control->sqlite : &control->python, 1, __ATOMIC_SEQ_CST);
    if (!control->error || !(control->kinds & kind)) return 0;
    int64_t number = __atomic_add_fetch(&control->seen, 1, __ATOMIC_SEQ_CST);
    if (control->lasting ? number < control->at : number != control->at) return 0;
    __atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
    errno = control->error;
    return 1;
}

static int due_fd(int handle, int kind) {
    char link[64], path[4096];
    if (!control) return 0;
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length <= 0) return 0;
    path[length] = 0;
    return due(path, kind);
}

static int due_path(const char *path, int kind) { return control && path && due(path, kind); }

#define REAL(name) ((__typeof__(&name))({ static void *found; if (!found) found = dlsym(RTLD_NEXT, #name); found; }))
#define ON_FD(type, name, kind, words, call) type name words { return due_fd(fd, kind) ? -1 : REAL(name) call; }

ON_FD(ssize_t, write, WRITE, (int fd, const void *data, size_t size), (fd, data, size))
ON_FD(ssize_t, pwrite, WRITE, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
ON_FD(ssize_t, pwrite64, WRITE, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
ON_FD(ssize_t, writev, WRITE, (int fd, const struct iovec *list, int count), (fd, list, count))
ON_FD(int, ftruncate, SIZE, (int fd, off_t size), (fd, size))
ON_FD(int, ftruncate64, SIZE, (int fd, off64_t size), (fd, size))
ON_FD(int, fsync, SYNC, (int fd), (fd))
ON_FD(int, fdatasync, SYNC, (int fd), (fd))
/* posix_fallocate returns the error instead of setting it. */
int posix_fallocate(int fd, off_t at, off_t size) { return due_fd(fd, SIZE) ? errno : REAL(posix_fallocate)(fd, at, size); }
int posix_fallocate64(int fd, off64_t at, off64_t size) { return due_fd(fd, SIZE) ? errno : REAL(posix_fallocate64)(fd, at, size); }

int rename(const char *from, const char *to) { return due_path(to, NAME) ? -1 : REAL(rename)(from, to); }
int renameat(int a, const char *from, int b, const char *to) { return due_path(to, NAME) ? -1 : REAL(renameat)(a, from, b, to); }
int link(const char *from, const char *to) { return due_path(to, NAME) ? -1 : REAL(link)(from, to); }
int linkat(int a, const char *from, int b, const char *to, int flags) { return due_path(to, NAME) ? -1 : REAL(linkat)(a, from, b, to, flags); }
int mkdir(const char *path, mode_t mode) { return due_path(path, CREATE) ? -1 : REAL(mkdir)(path, mode); }

#define OPENER(name, words, call) int name words { \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); } \
    return (flags & O_CREAT) && due_path(path, CREATE) ? -1 : REAL(name) call; }

OPENER(open, (const char *path, int flags, ...), (path, flags, mode))
OPENER(open64, (const char *path, int flags, ...), (path, flags, mode))
OPENER(openat, (int fd, const char *path, int flags, ...), (fd, path, flags, mode))
OPENER(openat64, (int fd, const char *path, int flags, ...), (fd, path, flags, mode))
