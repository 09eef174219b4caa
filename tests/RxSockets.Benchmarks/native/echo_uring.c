// Baseline, C and io_uring (Debian's liburing-dev): on 127.0.0.1:PORT (0: a free one) echoes until FIN. The shape that RxSockets aims at: one ring,
// multishot accept, multishot receive into a buffer ring, submit and wait in one enter.
//   echo_uring PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum op { ACCEPT = 1, RECV, SEND, CLOSE };
enum { BUFFERS = 256, BUFFER_SIZE = 16384 };
static struct io_uring ring;
static struct io_uring_buf_ring *pool;
static char *memory;
static int listener;

static void die(const char *what, int error) { fprintf(stderr, "%s: %s\n", what, strerror(error)); exit(1); }
static unsigned long long tag(enum op op, int fd, unsigned buffer) { return (unsigned long long)op << 56 | (unsigned long long)buffer << 32 | (unsigned)fd; }

static struct io_uring_sqe *entry(void) {
    struct io_uring_sqe *s = io_uring_get_sqe(&ring);
    if (!s) { io_uring_submit(&ring); s = io_uring_get_sqe(&ring); }
    return s;
}
static void give_back(unsigned buffer) {
    io_uring_buf_ring_add(pool, memory + (size_t)buffer * BUFFER_SIZE, BUFFER_SIZE, buffer, io_uring_buf_ring_mask(BUFFERS), 0);
    io_uring_buf_ring_advance(pool, 1);
}
static void accept_all(void) {
    struct io_uring_sqe *s = entry();
    io_uring_prep_multishot_accept(s, listener, 0, 0, SOCK_CLOEXEC);
    s->user_data = tag(ACCEPT, 0, 0);
}
static void receive(int fd) {
    struct io_uring_sqe *s = entry();
    io_uring_prep_recv_multishot(s, fd, NULL, 0, 0);
    s->flags |= IOSQE_BUFFER_SELECT;
    s->buf_group = 0;
    s->user_data = tag(RECV, fd, 0);
}

static void complete(struct io_uring_cqe *c) {
    int fd = (int)(unsigned)c->user_data;
    switch (c->user_data >> 56) {
    case ACCEPT:
        if (c->res >= 0) {
            int one = 1;
            setsockopt(c->res, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            receive(c->res);
        }
        if (!(c->flags & IORING_CQE_F_MORE)) accept_all();
        break;
    case RECV:
        if (c->res > 0) {
            unsigned buffer = c->flags >> IORING_CQE_BUFFER_SHIFT;
            struct io_uring_sqe *s = entry();
            io_uring_prep_send(s, fd, memory + (size_t)buffer * BUFFER_SIZE, c->res, MSG_WAITALL | MSG_NOSIGNAL);
            s->user_data = tag(SEND, fd, buffer);
            if (!(c->flags & IORING_CQE_F_MORE)) receive(fd);
        } else if (c->res == -ENOBUFS) {
            receive(fd);
        } else {
            struct io_uring_sqe *s = entry();
            io_uring_prep_close(s, fd);
            s->user_data = tag(CLOSE, 0, 0);
        }
        break;
    case SEND:
        give_back((c->user_data >> 32) & 0xffff);
        break;
    }
}

int main(int argc, char **argv) {
    if (argc < 2) { fprintf(stderr, "usage: echo_uring PORT\n"); return 2; }
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files = { 20000, 20000 };
    setrlimit(RLIMIT_NOFILE, &files);
    struct io_uring_params p = { .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN
                                          | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE, .cq_entries = 8192 };
    int error = io_uring_queue_init_params(2048, &ring, &p);
    if (error) die("io_uring_queue_init_params", -error);
    io_uring_register_ring_fd(&ring);
    memory = mmap(0, (size_t)BUFFERS * BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pool = mmap(0, BUFFERS * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct io_uring_buf_reg group = { .ring_addr = (unsigned long)pool, .ring_entries = BUFFERS, .bgid = 0 };
    if ((error = io_uring_register_buf_ring(&ring, &group, 0))) die("io_uring_register_buf_ring", -error);
    io_uring_buf_ring_init(pool);
    for (int i = 0; i < BUFFERS; i++) give_back(i);

    int one = 1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (bind(listener, (void *)&a, sizeof a) || listen(listener, 4096)) die("listen", errno);
    socklen_t length = sizeof a;
    getsockname(listener, (void *)&a, &length);
    printf("listening on 127.0.0.1:%d\n", ntohs(a.sin_port));
    fflush(stdout);
    accept_all();
    for (;;) {
        io_uring_submit_and_wait(&ring, 1);
        struct io_uring_cqe *c;
        unsigned head, n = 0;
        io_uring_for_each_cqe(&ring, head, c) { complete(c); n++; }
        io_uring_cq_advance(&ring, n);
    }
}
