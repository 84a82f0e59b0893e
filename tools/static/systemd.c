/*
 * What a static libdbus, which a static libpcap brings along, asks of systemd,
 * of which there is no static library. The answer is that no socket was passed,
 * which is so: the runner reads captures from files and has no bus.
 */
#include <errno.h>

int sd_listen_fds(int unset_environment);
int sd_is_socket(int fd, int family, int type, int listening);

int
sd_listen_fds(int unset_environment)
{
	(void)unset_environment;
	return 0;
}

int
sd_is_socket(int fd, int family, int type, int listening)
{
	(void)fd;
	(void)family;
	(void)type;
	(void)listening;
	return -ENOTSUP;
}
