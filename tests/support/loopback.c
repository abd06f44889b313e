#include "tests/support/loopback.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

int loopback_listen(uint16_t *port) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (void *)&address, sizeof address) != 0 ||
      listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, (void *)&address, &len) != 0)
    abort();
  *port = ntohs(address.sin_port);
  return fd;
}
