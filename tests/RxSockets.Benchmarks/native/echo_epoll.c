// Baseline, C and epoll: on 127.0.0.1:PORT (0: a free one) echoes until FIN; with FILE it sends 1 KiB + FILE + 1 KiB by sendfile and closes.
//   echo_epoll PORT [FILE]
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { ECHO, FILES, LISTEN_ECHO, LISTEN_FILES };
struct peer { enum kind kind; int stage; off_t at; };
static struct peer peers[20001];
static char buffer[16384], edge[1024];
static int file = -1, epfd;
static off_t file_size;

static void watch(int fd, uint32_t events) { struct epoll_event e = { .events = events, .data.fd = fd }; epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e); }

static void listen_on(int port, enum kind kind) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (bind(fd, (void *)&a, sizeof a) || listen(fd, 4096)) { perror("listen"); exit(1); }
    peers[fd].kind = kind;
    watch(fd, EPOLLIN);
    socklen_t length = sizeof a;
    getsockname(fd, (void *)&a, &length);
    printf("listening on 127.0.0.1:%d\n", ntohs(a.sin_port));
    fflush(stdout);
}

static int send_file(int fd, struct peer *p) {   // 1: over, 0: wait for EPOLLOUT
    for (;;) {
        ssize_t n;
        if (p->stage == 1) {
            n = sendfile(fd, file, &p->at, file_size - p->at);
            if (n >= 0 && p->at >= file_size) { p->stage = 2; p->at = 0; continue; }
        } else {
            n = send(fd, edge + p->at, sizeof edge - p->at, MSG_NOSIGNAL | (p->stage == 0 ? MSG_MORE : 0));
            if (n > 0 && (p->at += n) == sizeof edge) { if (p->stage == 2) return 1; p->stage = 1; p->at = 0; continue; }
        }
        if (n < 0) return errno != EAGAIN;
    }
}

static int echo(int fd) {                        // 1: over
    ssize_t n = recv(fd, buffer, sizeof buffer, 0), at = 0;
    if (n <= 0) return !(n < 0 && errno == EAGAIN);
    while (at < n) {
        ssize_t w = send(fd, buffer + at, n - at, MSG_NOSIGNAL);
        if (w < 0 && errno == EAGAIN) { struct pollfd p = { fd, POLLOUT, 0 }; poll(&p, 1, 1000); continue; }
        if (w < 0) return 1;
        at += w;
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2) { fprintf(stderr, "usage: echo_epoll PORT [FILE]\n"); return 2; }
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files = { 20000, 20000 };
    setrlimit(RLIMIT_NOFILE, &files);
    epfd = epoll_create1(0);
    if (argc == 2) {
        listen_on(atoi(argv[1]), LISTEN_ECHO);
    } else {
        struct stat s;
        file = open(argv[2], O_RDONLY);
        if (file < 0 || fstat(file, &s)) { perror(argv[2]); return 1; }
        file_size = s.st_size;
        listen_on(atoi(argv[1]), LISTEN_FILES);
    }
    struct epoll_event events[512];
    for (;;) {
        int n = epoll_wait(epfd, events, 512, -1);
        for (int k = 0; k < n; k++) {
            int fd = events[k].data.fd, over = 0;
            struct peer *p = &peers[fd];
            if (p->kind == ECHO) over = echo(fd);
            else if (p->kind == FILES) over = send_file(fd, p);
            else for (int a; (a = accept4(fd, 0, 0, SOCK_NONBLOCK)) >= 0;) {
                int one = 1;
                setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                peers[a] = (struct peer){ .kind = p->kind - LISTEN_ECHO };
                if (peers[a].kind == FILES) { if (send_file(a, &peers[a])) close(a); else watch(a, EPOLLOUT | EPOLLET); }
                else watch(a, EPOLLIN);
            }
            if (over) close(fd);
        }
    }
}
