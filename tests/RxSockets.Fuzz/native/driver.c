// Between libFuzzer and the program under test. libFuzzer wants a function that is called once per input and counters that say what was reached; the program is
// .NET, its assemblies instrumented by SharpFuzz. It shares a segment of memory with us (the counters first, the input behind them) and two pipes: we write the
// length of an input, it writes a status, 0 for well. The layout and the names of the variables are those of SharpFuzz's Fuzzer.LibFuzzer.
//
//   FUZZ_PROGRAM=RxSockets.Fuzz.dll FUZZ_TARGET=lines driver -max_total_time=60 CORPUS...
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { Counters = 1 << 16, MaxInput = 1 << 20, MaxCpuSeconds = 10 };

// libFuzzer clears this section before each input and looks at it after.
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[Counters];
static uint8_t reached[Counters];
static uint8_t *shared;
static int lengths, statuses;
static pid_t program;

static void fail(const char *what)
{
    fprintf(stderr, "driver: %s: %s\n", what, strerror(errno));
    exit(1);
}

// The instrumentation counts pairs of branches, folded into the counters by a hash.
static void tell_reached(void)
{
    int edges = 0;
    for (int i = 0; i < Counters; i++)
        edges += reached[i];
    fprintf(stderr, "driver: %d edges reached\n", edges);
}

// Ends libFuzzer, which keeps the input.
static void finding(const char *what)
{
    fprintf(stderr, "driver: %s\n", what);
    tell_reached();
    abort();
}

static void start_program(int segment, int lengths_in, int statuses_out)
{
    char id[16], in[16], out[16];
    const char *path = getenv("FUZZ_PROGRAM"), *target = getenv("FUZZ_TARGET");
    if (!path || !target)
        fail("FUZZ_PROGRAM and FUZZ_TARGET say what to run");
    snprintf(id, sizeof id, "%d", segment);
    snprintf(in, sizeof in, "%d", lengths_in);
    snprintf(out, sizeof out, "%d", statuses_out);
    if (setenv("__LIBFUZZER_SHM_ID", id, 1) || setenv("__LIBFUZZER_CONTROL_PIPE_ID", in, 1) || setenv("__LIBFUZZER_STATUS_PIPE_ID", out, 1))
        fail("handing over");
    execlp("dotnet", "dotnet", path, "libfuzzer", target, (char *)NULL);
    fail("dotnet");
}

// The processor's time, not the clock: a machine that is busy, or stops us all, is no finding.
static double cpu_seconds(void)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(program, &clock) || clock_gettime(clock, &used))
        return 0;
    return used.tv_sec + used.tv_nsec / 1e9;
}

// 0 and the status, or -1 where the program has gone.
static int read_status(int32_t *status)
{
    struct pollfd answer = { .fd = statuses, .events = POLLIN };
    double before = -1;
    int ready;
    while ((ready = poll(&answer, 1, 1000)) <= 0) {
        if (ready < 0 && errno != EINTR)
            fail("poll");
        if (before < 0)
            before = cpu_seconds();
        else if (cpu_seconds() - before > MaxCpuSeconds) {
            kill(program, SIGKILL);
            finding("the input takes too long");
        }
    }
    ssize_t got;
    while ((got = read(statuses, status, sizeof *status)) < 0 && errno == EINTR)
        ;
    return got == sizeof *status ? 0 : -1;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    int to[2], from[2];
    int segment = shmget(IPC_PRIVATE, Counters + MaxInput, IPC_CREAT | 0600);
    if (segment < 0 || pipe(to) || pipe(from))
        fail("starting");
    shared = shmat(segment, NULL, 0);
    signal(SIGPIPE, SIG_IGN);
    program = fork();
    if (program < 0)
        fail("fork");
    if (program == 0) {
        close(to[1]);
        close(from[0]);
        start_program(segment, to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    lengths = to[1];
    statuses = from[0];
    int32_t status;
    int started = read_status(&status);
    // Both have it: it goes when both are gone, however they end.
    shmctl(segment, IPC_RMID, NULL);
    if (shared == (void *)-1 || started < 0)
        fail("the program does not start");
    atexit(tell_reached);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int32_t length = (int32_t)size, status;
    if (size > MaxInput)
        return -1;
    memset(shared, 0, Counters);
    memcpy(shared + Counters, data, size);
    if (write(lengths, &length, sizeof length) != sizeof length || read_status(&status) < 0)
        finding("the program has ended");
    memcpy(counters, shared, Counters);
    for (int i = 0; i < Counters; i++)
        reached[i] |= counters[i] != 0;
    if (status != 0)
        finding("a promise was not kept");
    return 0;
}
