/* anytls-broken shim: the reference client behind the protocol of docs/shim.md,
 * also with faults. */
#ifndef BROKEN_SHIM_H
#define BROKEN_SHIM_H

/* Arguments as main() has them, without the word "shim": the name of a fault,
 * or nothing. Returns the exit status. */
int shim_main(int argc, char **argv);

#endif
