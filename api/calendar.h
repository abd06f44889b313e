/* api/calendar.h - days and dates of the Gregorian calendar, continued into the
 * past as Cassandra does it. */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct date {
  int64_t year; /* 0 is the one before 1 */
  int month;    /* 1 to 12 */
  int day;      /* 1 to 31 */
};

bool date_exists(const struct date *d);
/* Days since 1970-01-01. */
int64_t date_days(const struct date *d);
void date_of_days(struct date *d, int64_t days);

#endif
