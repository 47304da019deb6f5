/* plan_fuzz COUNT SEED < PLAN: mutates a valid plan COUNT times and parses each result; whatever is accepted must be well
 * formed. Built with -fsanitize=address,undefined; every body is a fresh allocation of its exact size (security.md row 31). */
#include "../../main/c/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint32_t next(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % below;
}

static size_t mutate(uint8_t *body, size_t length, size_t room) {
    static const uint8_t EDGES[] = {0, 1, 2, 0x7f, 0x80, 0xff, '/', '.', 0xfe};
    for (uint32_t n = 1 + next(6); n && length; n--) {
        uint32_t at = next((uint32_t)length);
        switch (next(7)) {
        case 0: body[at] = (uint8_t)next(256); break;
        case 1: body[at] = EDGES[next(sizeof EDGES)]; break;
        case 2: body[at] ^= (uint8_t)(1 << next(8)); break;
        case 3: length = at; break;
        case 4: /* a wild u32 */
            if (at + 4 <= length) {
                uint32_t wild[] = {UINT32_MAX, 0x7fffffff, 0x80000000, (uint32_t)length, MAX_LIST, MAX_STRING + 1, next(1 << 20)};
                memcpy(body + at, &wild[next(7)], 4);
            }
            break;
        case 5: /* a piece again elsewhere */
            if (length < room) {
                uint32_t from = next((uint32_t)length), size = next(64);
                if (from + size <= length && at + size <= length) memmove(body + at, body + from, size);
            }
            break;
        case 6: /* a piece cut out */
            if (at + 8 < length) memmove(body + at, body + at + 8, length - at - 8), length -= 8;
        }
    }
    return length;
}

static void check(const struct plan *plan) { /* touch every string, so that the sanitizer sees it */
    size_t sum = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct op *op = &plan->ops[i];
        for (int s = 0; s < 4; s++) sum += op->s[s] ? strlen(op->s[s]) : 0;
        for (int l = 0; l < 3; l++)
            for (uint32_t j = 0; j < op->list[l].count; j++) sum += (op->list[l].at[j].s ? strlen(op->list[l].at[j].s) : 0) + (op->list[l].at[j].v ? strlen(op->list[l].at[j].v) : 0);
        for (uint32_t j = 0; j < op->length; j++) sum += ((const uint8_t *)op->bytes)[j];
    }
    if (sum > 2 * MAX_BODY + 256 * MAX_BODY || !plan->id || !plan_find(plan, OP_EXEC) || !plan_find(plan, OP_CAPS) || !plan_find(plan, OP_UID)) abort();
}

int main(int argc, char **argv) {
    static uint8_t good[MAX_BODY], work[MAX_BODY], memory[ARENA] __attribute__((aligned(16)));
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000, accepted = 0;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) | 1 : 88172645463325252ull;
    size_t length = fread(good, 1, sizeof good, stdin);
    for (unsigned long i = 0; i <= count; i++) {
        struct plan plan;
        struct failure why = {.op = -2};
        memcpy(work, good, length);
        size_t now = i ? mutate(work, length, sizeof work) : length; /* the first one is the plan as it came */
        uint8_t *body = malloc(now ? now : 1);
        memcpy(body, work, now);
        bool session = i && next(8) == 0;
        struct arena arena = {memory, ARENA};
        if (plan_parse(&plan, &arena, body, now, next(4), session, &why)) {
            check(&plan);
            accepted++;
        } else if (i == 0 || why.op < -1 || !why.error || !memchr(why.message, 0, sizeof why.message)) {
            fprintf(stderr, "mutation %lu: refused without a reason: %s\n", i, why.message);
            return 1;
        }
        memset(memory, 0, (size_t)(arena.at - memory));
        free(body);
    }
    printf("%lu mutations, %lu still plans\n", count, accepted);
    return 0;
}
