#include "tool/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

size_t reach_find(const char *name, char (*addresses)[REACH_ADDRESS],
                  size_t max, char *why, size_t why_size) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *list;
  int rc = getaddrinfo(name, NULL, &hints, &list);
  size_t count = 0;

  if (rc != 0) {
    snprintf(why, why_size, "%s",
             rc == EAI_NONAME ? "unknown host name" : gai_strerror(rc));
    return 0;
  }
  for (struct addrinfo *a = list; a != NULL && count < max; a = a->ai_next)
    if (getnameinfo(a->ai_addr, a->ai_addrlen, addresses[count], REACH_ADDRESS,
                    NULL, 0, NI_NUMERICHOST) == 0)
      count++;
  freeaddrinfo(list);
  snprintf(why, why_size, "it has no address");
  return count;
}

static int wait_connected(int fd, uint32_t timeout_ms) {
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  socklen_t size = sizeof(int);
  int error = 0, rc = poll(&p, 1, (int)timeout_ms);

  if (rc == 0)
    return ETIMEDOUT;
  if (rc < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
    return errno;
  return error;
}

static int connect_to(const struct addrinfo *a, uint32_t timeout_ms) {
  int fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
  int error = 0;

  if (fd < 0)
    return errno;
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
      connect(fd, a->ai_addr, a->ai_addrlen) != 0)
    error = errno == EINPROGRESS ? wait_connected(fd, timeout_ms) : errno;
  close(fd);
  return error;
}

int reach_connect(const char *address, uint16_t port, uint32_t timeout_ms) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
  struct addrinfo *list;
  char service[8];
  int error;

  snprintf(service, sizeof service, "%u", (unsigned)port);
  if (getaddrinfo(address, service, &hints, &list) != 0)
    return EINVAL;
  error = connect_to(list, timeout_ms);
  freeaddrinfo(list);
  return error;
}
