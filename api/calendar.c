#include "api/calendar.h"

/* Years begin in March here, so that the day that comes and goes is the last
 * one of a year; 400 of them have the same number of days each time. */
enum { ERA_YEARS = 400, ERA_DAYS = 146097, DAYS_TO_1970 = 719468 };

static bool is_leap(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool date_exists(const struct date *d) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

  if (d->month < 1 || d->month > 12 || d->day < 1)
    return false;
  return d->day <= lengths[d->month - 1] + (d->month == 2 && is_leap(d->year));
}

static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0);
}

int64_t date_days(const struct date *d) {
  int64_t year = d->year - (d->month <= 2);
  int64_t era = floor_div(year, ERA_YEARS);
  int64_t of_era = year - era * ERA_YEARS;
  int64_t month = (d->month + 9) % 12; /* March is 0 */
  int64_t day = (153 * month + 2) / 5 + d->day - 1;

  return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + day -
         DAYS_TO_1970;
}

void date_of_days(struct date *d, int64_t days) {
  int64_t from_march = days + DAYS_TO_1970;
  int64_t era = floor_div(from_march, ERA_DAYS);
  int64_t day = from_march - era * ERA_DAYS;
  int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  int64_t month;

  day -= 365 * year + year / 4 - year / 100;
  month = (5 * day + 2) / 153;
  d->day = (int)(day - (153 * month + 2) / 5 + 1);
  d->month = (int)(month < 10 ? month + 3 : month - 9);
  d->year = era * ERA_YEARS + year + (d->month <= 2);
}
