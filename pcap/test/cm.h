/* cmocka, with what it wants included before. */
#ifndef PCAP_TEST_CM_H
#define PCAP_TEST_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
