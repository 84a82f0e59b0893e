/* cmocka with what it wants to be included before it. */
#ifndef CONFORMANCE_TEST_CM_H
#define CONFORMANCE_TEST_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
