/* A target for libFuzzer: a body of arbitrary bytes through the plan parser. The first byte says whether it is a session's
 * and how many descriptors came along. Whatever is accepted must be well formed; whatever is refused must say why. */
#include "../../main/c/plan.h"

#include <stdlib.h>
#include <string.h>

static size_t text(const char *s) {
    return s ? strlen(s) : 0;
}

static size_t touch(const struct plan *plan) { /* all that was decoded, so that the sanitizers see it */
    size_t sum = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct op *op = &plan->ops[i];
        for (int s = 0; s < 4; s++) sum += text(op->s[s]);
        for (int l = 0; l < 3; l++)
            for (uint32_t j = 0; j < op->list[l].count; j++)
                sum += text(op->list[l].at[j].s) + text(op->list[l].at[j].v) + op->list[l].at[j].n[0];
        for (uint32_t j = 0; j < op->length; j++) sum += ((const uint8_t *)op->bytes)[j];
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t memory[ARENA] __attribute__((aligned(16)));
    struct arena arena = {memory, ARENA};
    struct failure why = {.op = -2};
    struct plan plan;
    if (!size || size - 1 > MAX_BODY) return 0;
    uint8_t *body = malloc(size); /* of its exact size: one byte beyond is found */
    memcpy(body, data + 1, size - 1);
    if (plan_parse(&plan, &arena, body, size - 1, data[0] & 31, data[0] & 128, &why)) {
        __asm__ volatile("" : : "r"(touch(&plan)));
        if (!plan.id || !plan_find(&plan, OP_EXEC) || !plan_find(&plan, OP_CAPS) || !plan_find(&plan, OP_UID)) abort();
        if (plan.session != !!(data[0] & 128) || (!plan.session && !plan_find(&plan, OP_PIVOT))) abort();
    } else if (why.op < -1 || !why.error || !*why.message || !memchr(why.message, 0, sizeof why.message)) {
        abort();
    }
    memset(memory, 0, (size_t)(arena.at - memory)); /* the parser is promised zeros */
    free(body);
    return 0;
}
