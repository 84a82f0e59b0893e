/* anytls-broken client: clients that are wrong on purpose. */
#ifndef BROKEN_CLIENT_H
#define BROKEN_CLIENT_H

/*
 * Arguments as main() has them, without the word "client". A broken client is
 * the reference client with another policy and other times; with rules, it is
 * led through the saboteur, which dials the server. Returns the exit status.
 */
int client_main(int argc, char **argv);

#endif
