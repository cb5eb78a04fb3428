/*
 * test_guards.c - no byte beside an array is read or written
 *
 *     test_guards [longest]      257: all lengths up to there, and those around tiles; below 200
 *                                some of the latter
 *
 * Every array of a call ends at a page that cannot be accessed, begins behind one, or every other
 * one does this or that; whatever the loss, its form, dtypes, memory layout and instruction set.
 * The results are those of the same call on plain arrays in the middle of memory, bit for bit; gaps
 * between elements stay as they were, and so does everything if the call is refused.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"
#include "check.h"

enum { PATTERN = 0xa5, PAGE = 65536, ROOM = 256 * PAGE }; /* PAGE: a multiple of any machine's */
enum { END, BEGIN, MIXED, SIDES };

static char *guarded[SLOTS], *plain[SLOTS];
static char doing[200]; /* for the message of a crash */

static void make_room(void) {
    int k;
    for (k = 0; k < SLOTS; k++) {
        guarded[k] = (char *)mmap(NULL, ROOM + 2 * PAGE, PROT_NONE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        plain[k] = (char *)mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (guarded[k] == MAP_FAILED || plain[k] == MAP_FAILED ||
            mprotect(guarded[k] += PAGE, ROOM, PROT_READ | PROT_WRITE) != 0)
            exit(printf("no memory to guard\n"));
    }
}

static void crashed(int signal) {
    static const char text[] = "memory beside an array was accessed: ";
    if (write(1, text, sizeof text - 1) < 0 || write(1, doing, strlen(doing)) < 0)
        _exit(3);
    (void)signal;
    _exit(1);
}

/* where array k of a call goes; 0 if it is too large */
static int put_between_guards(array *a, int k, int side) {
    const int at_end = side == END || (side == MIXED && k % 2);
    if (a->bytes > ROOM)
        return 0;
    place(a, at_end ? guarded[k] + ROOM - a->bytes : guarded[k]);
    if (is_output(k))
        memset(a->t.data, PATTERN, a->bytes);
    return 1;
}

static int untouched(const array *a) {
    const unsigned char *at = (const unsigned char *)a->t.data;
    return a->bytes == 0 || (at[0] == PATTERN && memcmp(at, at + 1, a->bytes - 1) == 0);
}

static void forget(const array *a) {
    int64_t i;
    if (a->t.strides == NULL)
        memset(a->t.data, PATTERN, a->bytes);
    for (i = 0; a->t.strides && i < a->count; i++)
        memset(element(a, i), PATTERN, (size_t)a->item);
}

static long calls;

/* the call `plainly`, which has been made and had `status`, between guards */
static void try_one(call *c, const call *plainly, mxl_status status, int layout, int side) {
    mxl_error error;
    mxl_status got;
    int k;
    for (k = 0; k < SLOTS; k++)
        if (c->a[k].there) {
            lay_out(&c->a[k], layout);
            if (!put_between_guards(&c->a[k], k, side))
                return;
            if (!is_output(k))
                copy(&plainly->a[k], &c->a[k]);
        }
    calls++;
    got = run(c, 0, &error);
    CHECK(got == status, "%s, layout %d: %s", doing, layout, error.message);
    for (k = GRAD; k <= VALUE; k++)
        if (c->a[k].there) {
            if (status == MXL_OK) {
                CHECK(same(&c->a[k], &plainly->a[k]), "%s, layout %d: other bits in %d", doing,
                      layout, k);
                forget(&c->a[k]);
            }
            CHECK(untouched(&c->a[k]), "%s, layout %d: wrote beside %d", doing, layout, k);
        }
}

/* an address that is not a multiple of the element size */
static void refuse_odd(call *c) {
    mxl_error error;
    int k, j;
    for (k = 0; k < SLOTS; k++) {
        array *a = &c->a[k];
        const int arg = k < GRAD ? k : k < VALUE ? MXL_ARG_GRAD + k - GRAD : MXL_ARG_VALUE;
        if (!a->there || a->item == 1 || a->count == 0)
            continue;
        a->t.byte_offset++;
        CHECK(run(c, 0, &error) == MXL_ERR_LAYOUT && strstr(error.message, "misaligned"), "%s: %d",
              doing, k);
        CHECK(error.arg == (k == HEAD ? (int)MXL_ARG_HEAD_GRAD : arg), "%s", error.message);
        a->t.byte_offset--;
        for (j = GRAD; j <= VALUE; j++)
            CHECK(!c->a[j].there || untouched(&c->a[j]), "%s: wrote %d", doing, j);
    }
}

static void try_length(const form *f, const char *shape, int64_t length, int dt, mxl_isa isa) {
    static call plainly, c;
    const int variety = (int)(length * 5 + dt);
    const mxl_status planned = describe(&plainly, f, shape, length, dt, variety);
    mxl_status status;
    int k, layout, side;
    snprintf(doing, sizeof doing, "%s '%s' of shape %.3s, L %ld, %s%d, %s\n",
             mxl_info(f->loss)->name, f->inputs, shape, (long)length,
             dt == BF16 ? "bfloat" : "float", dtypes[dt].bits, mxl_isa_name(isa));
    for (k = 0; k < SLOTS; k++)
        if (plainly.a[k].there) {
            if (plainly.a[k].bytes > ROOM)
                return;
            place(&plainly.a[k], plain[k]);
        }
    state = (uint64_t)length;
    fill(&plainly);
    status = run(&plainly, 0, NULL);
    CHECK(status == planned || (f->loss == MXL_CTC && plainly.classes == 1), "%s: %s", doing,
          mxl_status_string(status)); /* with no class but the blank, no label is good */
    describe(&c, f, shape, length, dt, variety);
    for (layout = 0; layout < LAYOUTS; layout++)
        for (side = 0; side < SIDES; side++)
            if (length < 70 || layout == PLAIN ||
                ((length + side) % LAYOUTS == layout && (length < 3000 || side == 0)))
                try_one(&c, &plainly, status, layout, side);
    if (status == MXL_OK && length < 5)
        refuse_odd(&c);
}

int main(int argc, char **argv) {
    static const int64_t borders[] = {63,   64,   65,    127,   128,   129,   255,   256,
                                      257,  511,  512,   513,   1023,  1024,  1025,  1026,
                                      2047, 2048, 2049,  4095,  4096,  4097,  4098,  8191,
                                      8192, 8193, 10922, 10923, 32767, 32768, 32769, 65537};
    const int64_t longest = argc > 1 ? atol(argv[1]) : 257;
    const size_t some = longest < 200 ? 7 : 1; /* every so many of the borders */
    struct sigaction action;
    int isa, f, dt;
    int64_t length;
    size_t i;
    const char *shape;
    make_room();
    memset(&action, 0, sizeof action);
    action.sa_handler = crashed;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    for (isa = MXL_ISA_BASE; isa <= MXL_ISA_NEON; isa++)
        for (f = 0; f < FORMS && mxl_set_isa((mxl_isa)isa) == MXL_OK; f++)
            for (shape = forms[f].shapes; shape; shape = strchr(shape, ' ')) {
                shape += *shape == ' ';
                for (dt = 0; dt < I8; dt++) {
                    /* SDMLLoss of L vectors takes L * L steps */
                    const int64_t most = forms[f].loss == MXL_SDML && *shape == 'L' ? 600 : 70000;
                    for (length = 0; length <= longest; length++)
                        try_length(&forms[f], shape, length, dt, (mxl_isa)isa);
                    for (i = (size_t)(f + dt) % some; i < sizeof borders / sizeof *borders;
                         i += some)
                        if (borders[i] > longest && borders[i] < most &&
                            (some == 1 || borders[i] < 1030))
                            try_length(&forms[f], shape, borders[i], dt, (mxl_isa)isa);
                }
            }
    printf("%ld calls between guards\n", calls);
    return finish();
}
