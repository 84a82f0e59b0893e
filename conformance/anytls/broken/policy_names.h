/*
 * Defects that are decisions: text such as "heart_reply=never" sets fields of
 * struct atls_policy, and of struct service_config or struct front_config,
 * which have the limits of the reference server and client.
 *
 *   text  = item *( "," item )
 *   item  = field "=" value
 *   value = a decimal number, or a name of the field's enumeration in lower
 *           case without its prefix: "accept", "on_syn", "never"
 */
#ifndef BROKEN_POLICY_NAMES_H
#define BROKEN_POLICY_NAMES_H

#include "ref/net/front.h"
#include "ref/net/service.h"
#include "ref/session/policy.h"

#define POLICY_NAMES_ERRLEN 160

/*
 * Sets what TEXT says in *P and *CFG. 0, or -1 with a sentence in ERR that
 * names the item; then some fields may have been set.
 */
int policy_names_apply(const char *text, struct atls_policy *p,
    struct service_config *cfg, char err[POLICY_NAMES_ERRLEN]);
/* The same for a client. */
int policy_names_apply_client(const char *text, struct atls_policy *p,
    struct front_config *cfg, char err[POLICY_NAMES_ERRLEN]);

#endif
