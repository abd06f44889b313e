/* bench/wire.c: a growing buffer, frames written into it, and one blocking
 * call over a socket. Never on a measured path: those have their own code. */
#define _GNU_SOURCE

#include "wire.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Noreturn void wire_fail(const char *format, ...) {
  va_list arguments;

  fprintf(stderr, "%s: ", program_invocation_short_name);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

uint8_t *wire_reserve(struct wire_buffer *b, size_t n) {
  size_t used = b->end - b->start;
  size_t capacity = b->capacity > 0 ? b->capacity : 4096;

  if (b->capacity - b->end >= n)
    return b->data + b->end;
  if (b->start > 0) {
    memmove(b->data, b->data + b->start, used);
    b->start = 0;
    b->end = used;
  }
  while (capacity - used < n)
    capacity *= 2;
  if (capacity > b->capacity) {
    b->data = realloc(b->data, capacity);
    if (b->data == NULL)
      wire_fail("out of memory");
    b->capacity = capacity;
  }
  return b->data + b->end;
}

void wire_free(struct wire_buffer *b) {
  free(b->data);
  *b = (struct wire_buffer){0};
}

void wire_put(struct wire_buffer *b, const void *data, size_t n) {
  memcpy(wire_reserve(b, n), data, n);
  b->end += n;
}

void wire_put_u16(struct wire_buffer *b, uint16_t v) {
  wire_store_u16(wire_reserve(b, 2), v);
  b->end += 2;
}

void wire_put_u32(struct wire_buffer *b, uint32_t v) {
  wire_store_u32(wire_reserve(b, 4), v);
  b->end += 4;
}

void wire_put_u64(struct wire_buffer *b, uint64_t v) {
  wire_put_u32(b, (uint32_t)(v >> 32));
  wire_put_u32(b, (uint32_t)v);
}

void wire_put_string(struct wire_buffer *b, const char *text) {
  size_t n = strlen(text);

  wire_put_u16(b, (uint16_t)n);
  wire_put(b, text, n);
}

void wire_put_long_string(struct wire_buffer *b, const char *text) {
  size_t n = strlen(text);

  wire_put_u32(b, (uint32_t)n);
  wire_put(b, text, n);
}

size_t wire_begin(struct wire_buffer *b, unsigned version, uint16_t stream,
                  enum wire_opcode opcode) {
  size_t mark = b->end - b->start;
  uint8_t *p = wire_reserve(b, WIRE_HEADER);

  p[0] = (uint8_t)version;
  p[1] = 0;
  wire_store_u16(p + 2, stream);
  p[4] = (uint8_t)opcode;
  b->end += WIRE_HEADER;
  return mark;
}

/* The mark counts from b->start, for the bytes may have moved since. */
void wire_end(struct wire_buffer *b, size_t mark) {
  size_t length = b->end - b->start - mark - WIRE_HEADER;

  wire_store_u32(b->data + b->start + mark + 5, (uint32_t)length);
}

void wire_put_query(struct wire_buffer *b, const char *text) {
  size_t mark = wire_begin(b, WIRE_VERSION, 0, WIRE_QUERY);

  wire_put_long_string(b, text);
  wire_put_u16(b, WIRE_LOCAL_ONE);
  wire_put(b, "", 1); /* no flags */
  wire_end(b, mark);
}

int wire_dial(const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *list, *a;
  int on = 1;
  int fd = -1;

  if (getaddrinfo(host, port, &hints, &list) != 0) {
    errno = EADDRNOTAVAIL;
    return -1;
  }
  for (a = list; a != NULL && fd < 0; a = a->ai_next) {
    fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
      int reason = errno;

      close(fd);
      errno = reason;
      fd = -1;
    }
  }
  freeaddrinfo(list);
  if (fd >= 0)
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static bool receive(int fd, struct wire_buffer *b, size_t n) {
  uint8_t *p = wire_reserve(b, n);
  ssize_t got = n > 0 ? recv(fd, p, n, MSG_WAITALL) : 0;

  if (got != (ssize_t)n) {
    if (got >= 0)
      errno = 0;
    return false;
  }
  b->end += n;
  return true;
}

int wire_call(int fd, struct wire_buffer *b) {
  uint32_t length;

  while (b->start < b->end) {
    ssize_t n = send(fd, b->data + b->start, b->end - b->start, MSG_NOSIGNAL);

    if (n < 0)
      return -1;
    b->start += (size_t)n;
  }
  b->start = b->end = 0;
  if (!receive(fd, b, WIRE_HEADER))
    return -1;
  length = wire_u32(b->data + 5);
  if (length > WIRE_BODY_MAX) {
    errno = EMSGSIZE;
    return -1;
  }
  return receive(fd, b, length) ? b->data[4] : -1;
}
