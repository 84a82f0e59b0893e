/* Commands that need no target: list, explain, coverage; and the plan that
 * options select. */
#ifndef ENGINE_SHOW_H
#define ENGINE_SHOW_H

#include <stdio.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/options.h"
#include "conformance/engine/plan.h"
#include "conformance/engine/register.h"

/* The register of PACK and what OPT selects of its cases. 0, or a code with a
 * sentence. The caller frees both with plan_free() and register_free(), also
 * after a failure; they must not hold anything before. */
int show_plan(struct plan *plan, struct reg *reg, const struct pack *pack,
    const struct options *opt, struct complaint *c);

/* "list", --list and --dry-run. Each returns an exit code. */
int show_list(const struct pack *pack, const struct options *opt, FILE *out,
    struct complaint *c);
/* "explain ID": a case or a requirement. */
int show_explain(const struct pack *pack, const struct options *opt, FILE *out,
    struct complaint *c);
/* "coverage", with --check. */
int show_coverage(const struct pack *pack, const struct options *opt, FILE *out,
    struct complaint *c);

#endif
