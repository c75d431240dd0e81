/* What a program asks of the kernel, counted, and made to go wrong: loaded before libc (LD_PRELOAD), it follows the files of
 * one folder and the connections to one port, and at the operation that it was told it fails, stops or ends the process. Knows
 * no mail and no SQL. Only for tests.
 *
 * FAULTS_FOLDER  whose files are followed: a resolved path          FAULTS_PORT   whose connections are followed
 * FAULTS_ON      what counts: w writes, s syncs, u renames and unlinks, n sends; absent: all
 * FAULTS_AT      the operation at which it happens, counted from 1
 * FAULTS_DO      die: before the operation; half: in the middle of it; after: when it is done; stop: SIGSTOP before it;
 *                full, broken: it and all that follow fail with ENOSPC or EIO
 * FAULTS_UNTIL   once this file exists, nothing goes wrong any more
 * FAULTS_POWER   drop: what wasn't synced is gone at death; torn: each such write is gone or not, by chance of FAULTS_AT
 * FAULTS_TOLD    a file that is made when it happens                FAULTS_COUNT  a file that holds the count so far: 8 bytes
 * FAULTS_END     once this file exists, the next operation is the last
 * FAULTS_LOG     every operation, a line each                       FAULTS_CLOCK  a file of two nanoseconds to add, 8 bytes
 * FAULTS_HURRY   whoever sleeps is woken at once                                  each: to the wall clock, to the counted one
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* A write or a cut that no sync has followed: what stood there, and what was to stand there. */
struct change {
    struct change *before, *after;
    dev_t device;
    ino_t inode;
    char path[PATH_MAX];
    off_t at, size_before, size_after;
    size_t old_bytes, new_bytes;
    char *old, *new;
    /* Its sync failed: the kernel believes it written and no later sync brings it to the disk, only the same write once more. */
    int doomed;
};

/* A rename that no sync of the folder has followed; what had the name before is kept beside it. */
struct renamed {
    struct renamed *before;
    char path[PATH_MAX], kept[PATH_MAX + 16];
    int was_there;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static const char *folder, *on, *what, *power, *told, *until, *end;
static int port, log_file = -1, failing, ends_after, hurry;
static uint64_t at;
static volatile uint64_t own_count, *count = &own_count;
static volatile int64_t *offsets;
static struct change *changes, *oldest;
static struct renamed *renames;

static void *shared(const char *path, size_t bytes) {
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return NULL;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
    return memory == MAP_FAILED ? NULL : memory;
}

__attribute__((constructor)) static void begin(void) {
    const char *text;
    folder = getenv("FAULTS_FOLDER");
    on = getenv("FAULTS_ON");
    what = getenv("FAULTS_DO");
    power = getenv("FAULTS_POWER");
    told = getenv("FAULTS_TOLD");
    until = getenv("FAULTS_UNTIL");
    end = getenv("FAULTS_END");
    hurry = getenv("FAULTS_HURRY") != NULL;
    if ((text = getenv("FAULTS_PORT"))) port = atoi(text);
    if ((text = getenv("FAULTS_AT"))) at = strtoull(text, NULL, 10);
    if ((text = getenv("FAULTS_LOG"))) log_file = open(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if ((text = getenv("FAULTS_CLOCK"))) offsets = shared(text, 16);
    if ((text = getenv("FAULTS_COUNT"))) {
        void *memory = shared(text, 8);
        if (memory) count = memory;
    }
}

/* The folder itself, or what is in it. */
static int is_followed_path(const char *path) {
    size_t length = folder ? strlen(folder) : 0;
    return length && strncmp(path, folder, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static int is_followed_file(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    /* Its index in memory is nobody's promise: it is made anew at a start. */
    return is_followed_path(path) && !(length > 4 && strcmp(path + length - 4, "-shm") == 0);
}

static int is_followed_socket(int fd) {
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    if (!port || getpeername(fd, (struct sockaddr *)&peer, &length) != 0) return 0;
    return peer.sin_family == AF_INET && ntohs(peer.sin_port) == port;
}

static void note(char kind, int fd, ssize_t done, const char *path, const void *bytes, size_t length) {
    static const char digits[] = "0123456789abcdef";
    if (log_file < 0) return;
    char *line = malloc(PATH_MAX + 100 + 2 * length);
    int end = sprintf(line, "%c %d %zd %s ", kind, fd, done, *path ? path : "-");
    for (size_t n = 0; n < length; n++) {
        unsigned char byte = ((const unsigned char *)bytes)[n];
        line[end++] = digits[byte >> 4];
        line[end++] = digits[byte & 15];
    }
    line[end++] = '\n';
    syscall(SYS_write, log_file, line, end);
    free(line);
}

static void tell(void) {
    if (!told) return;
    int file = open(told, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) syscall(SYS_close, file);
}

static void undo(struct change *it) {
    int file = open(it->path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    if (it->old_bytes) syscall(SYS_pwrite64, file, it->old, it->old_bytes, it->at);
    if (!it->doomed) syscall(SYS_ftruncate, file, it->size_before);
    for (size_t n = it->old_bytes; it->doomed && n < it->new_bytes; n++) syscall(SYS_pwrite64, file, "", 1, it->at + n);
    syscall(SYS_close, file);
}

static void redo(struct change *it) {
    int file = open(it->path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    if (it->new_bytes) syscall(SYS_pwrite64, file, it->new, it->new_bytes, it->at);
    else syscall(SYS_ftruncate, file, it->size_after);
    syscall(SYS_close, file);
}

static int chance(void) {
    static uint64_t state;
    if (!state) state = at * 0x9e3779b97f4a7c15ULL + 1;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (state >> 33) & 1;
}

/* The power is gone: of what wasn't synced nothing is left, or a part, in no order. */
static void lose(void) {
    int torn = strcmp(power, "torn") == 0;
    for (struct change *it = changes; it; it = it->before) undo(it);
    for (struct change *it = torn ? oldest : NULL; it; it = it->after)
        if (chance()) redo(it);
    for (struct renamed *it = renames; it; it = it->before) {
        if (torn && chance()) continue;
        if (it->was_there) syscall(SYS_rename, it->kept, it->path);
        else syscall(SYS_unlink, it->path);
    }
}

static void die(void) {
    tell();
    if (power) lose();
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* Whether the operation goes on: 0; in the middle of it the process ends: -1; or the error it fails with. */
static int decide(char kind) {
    if (on && !strchr(on, kind)) return 0;
    uint64_t n = ++*count;
    if (end && access(end, F_OK) == 0) die();
    if ((failing || n == at) && until && access(until, F_OK) == 0) failing = 0, at = 0;
    if (n == at && what) {
        if (strcmp(what, "die") == 0) die();
        if (strcmp(what, "half") == 0) return ends_after = 1, -1;
        if (strcmp(what, "after") == 0) return ends_after = 1, 0;
        tell();
        if (strcmp(what, "stop") == 0) syscall(SYS_kill, getpid(), SIGSTOP);
        else failing = strcmp(what, "full") == 0 ? ENOSPC : EIO;
    }
    return failing;
}

static void finish(void) {
    int error = errno;
    if (ends_after) die();
    pthread_mutex_unlock(&turn);
    errno = error;
}

static void forget(struct change *it) {
    *(it->before ? &it->before->after : &oldest) = it->after;
    *(it->after ? &it->after->before : &changes) = it->before;
    free(it->old), free(it->new), free(it);
}

static void remember(int fd, const char *path, off_t from, const void *bytes, size_t length, off_t size_after) {
    struct stat now;
    if (!power || fstat(fd, &now) != 0) return;
    for (struct change *it = oldest, *next; it; it = next) {
        next = it->after;
        int same = it->device == now.st_dev && it->inode == now.st_ino && it->at == from && it->new_bytes == length;
        if (same && it->doomed && bytes) forget(it);
    }
    struct change *it = calloc(1, sizeof *it);
    it->device = now.st_dev, it->inode = now.st_ino, it->at = from;
    strcpy(it->path, path);
    it->size_before = now.st_size;
    it->size_after = size_after >= 0 ? size_after : now.st_size;
    off_t end = bytes ? from + (off_t)length : now.st_size;
    if (end > now.st_size) end = now.st_size;
    if (end > from) {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        it->old = malloc(end - from);
        ssize_t got = file < 0 ? 0 : syscall(SYS_pread64, file, it->old, end - from, from);
        it->old_bytes = got > 0 ? got : 0;
        if (file >= 0) syscall(SYS_close, file);
    }
    if (bytes) {
        it->new = malloc(length);
        memcpy(it->new, bytes, length);
        it->new_bytes = length;
    }
    it->before = changes;
    if (changes) changes->after = it;
    else oldest = it;
    changes = it;
}

/* What this file was changed by is on the disk now, or never will be. */
static void settle(int fd, int succeeded) {
    struct stat now;
    if (!power || fstat(fd, &now) != 0) return;
    for (struct change *it = oldest, *next; it; it = next) {
        next = it->after;
        if (it->device != now.st_dev || it->inode != now.st_ino) continue;
        if (!succeeded) it->doomed = 1;
        else if (!it->doomed) forget(it);
    }
    if (!S_ISDIR(now.st_mode) || !succeeded) return;
    for (struct renamed *next; renames; renames = next) {
        next = renames->before;
        syscall(SYS_unlink, renames->kept);
        free(renames);
    }
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t from) {
    char path[PATH_MAX];
    if (!is_followed_file(fd, path)) return syscall(SYS_pwrite64, fd, bytes, length, from);
    pthread_mutex_lock(&turn);
    int fault = decide('w');
    ssize_t done = -1;
    if (fault > 0) errno = fault;
    else {
        size_t part = fault ? length / 2 : length;
        remember(fd, path, from, bytes, part, -1);
        done = syscall(SYS_pwrite64, fd, bytes, part, from);
    }
    note('w', fd, done, path, bytes, length);
    finish();
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t from) { return pwrite64(fd, bytes, length, from); }

static ssize_t send_out(int fd, const void *bytes, size_t length, int flags) {
    pthread_mutex_lock(&turn);
    int fault = decide('n');
    ssize_t done = -1;
    if (fault > 0) errno = fault;
    else done = syscall(SYS_sendto, fd, bytes, fault ? length / 2 : length, flags, NULL, 0);
    note('n', fd, done, "", bytes, done > 0 ? done : 0);
    finish();
    return done;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    if (is_followed_socket(fd)) return send_out(fd, bytes, length, flags);
    return syscall(SYS_sendto, fd, bytes, length, flags, NULL, 0);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    char path[PATH_MAX];
    if (is_followed_file(fd, path)) {
        off_t from = fcntl(fd, F_GETFL) & O_APPEND ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
        ssize_t done = pwrite64(fd, bytes, length, from);
        if (done > 0) lseek(fd, from + done, SEEK_SET);
        return done;
    }
    if (is_followed_socket(fd)) return send_out(fd, bytes, length, MSG_NOSIGNAL);
    return syscall(SYS_write, fd, bytes, length);
}

/* A part of it only: whoever writes several pieces at once must be ready for that. */
ssize_t writev(int fd, const struct iovec *pieces, int number) {
    char path[PATH_MAX];
    if (number > 0 && (is_followed_socket(fd) || is_followed_file(fd, path))) {
        int n = 0;
        while (n < number - 1 && pieces[n].iov_len == 0) n++;
        return write(fd, pieces[n].iov_base, pieces[n].iov_len);
    }
    return syscall(SYS_writev, fd, pieces, number);
}

/* Isn't counted: to have heard something changes nothing outside. */
ssize_t recv(int fd, void *bytes, size_t length, int flags) {
    ssize_t done = syscall(SYS_recvfrom, fd, bytes, length, flags, NULL, NULL);
    int error = errno;
    if (log_file >= 0 && done > 0 && !(flags & MSG_PEEK) && is_followed_socket(fd)) {
        pthread_mutex_lock(&turn);
        note('r', fd, done, "", bytes, done);
        pthread_mutex_unlock(&turn);
    }
    errno = error;
    return done;
}

static int sync_file(long number, int fd) {
    char path[PATH_MAX];
    if (!is_followed_file(fd, path)) return syscall(number, fd);
    pthread_mutex_lock(&turn);
    int fault = decide('s'), done = -1;
    if (fault > 0) settle(fd, 0), errno = fault;
    /* Died in the middle of a sync: nothing of it counts. */
    else if (fault == 0 && (done = syscall(number, fd)) == 0) settle(fd, 1);
    note('s', fd, done, path, "", 0);
    finish();
    return done;
}

int fsync(int fd) { return sync_file(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_file(SYS_fdatasync, fd); }

int ftruncate64(int fd, off_t size) {
    char path[PATH_MAX];
    if (!is_followed_file(fd, path)) return syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&turn);
    int fault = decide('w'), done = -1;
    if (fault > 0) errno = fault;
    else if (fault == 0) {
        remember(fd, path, size, NULL, 0, size);
        done = syscall(SYS_ftruncate, fd, size);
    }
    note('w', fd, done, path, "", 0);
    finish();
    return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int unlink(const char *path) {
    if (!is_followed_path(path)) return syscall(SYS_unlink, path);
    pthread_mutex_lock(&turn);
    int fault = decide('u'), done = -1;
    if (fault > 0) errno = fault;
    else if (fault == 0) done = syscall(SYS_unlink, path);
    note('u', -1, done, path, "", 0);
    finish();
    return done;
}

int rename(const char *from, const char *to) {
    if (!is_followed_path(to)) return syscall(SYS_rename, from, to);
    pthread_mutex_lock(&turn);
    int fault = decide('u'), done = -1;
    if (fault > 0) errno = fault;
    else if (fault == 0) {
        if (power) {
            struct renamed *it = calloc(1, sizeof *it);
            strcpy(it->path, to);
            snprintf(it->kept, sizeof it->kept, "%s.unsynced", to);
            syscall(SYS_unlink, it->kept);
            it->was_there = syscall(SYS_link, to, it->kept) == 0;
            it->before = renames, renames = it;
        }
        done = syscall(SYS_rename, from, to);
    }
    note('u', -1, done, to, "", 0);
    finish();
    return done;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int done = syscall(SYS_clock_gettime, clock, now);
    int wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    int counted = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME;
    if (done != 0 || !offsets || !(wall || counted)) return done;
    int64_t sum = now->tv_nsec + offsets[wall ? 0 : 1] % 1000000000;
    now->tv_sec += offsets[wall ? 0 : 1] / 1000000000 + (sum >= 1000000000) - (sum < 0);
    now->tv_nsec = (sum + 1000000000) % 1000000000;
    return 0;
}

int nanosleep(const struct timespec *time, struct timespec *left) {
    struct timespec moment = {0, 100000};
    return syscall(SYS_nanosleep, hurry ? &moment : time, left);
}

int usleep(useconds_t time) {
    struct timespec moment = {time / 1000000, time % 1000000 * 1000};
    return nanosleep(&moment, NULL);
}
