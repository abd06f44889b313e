/* tool/report.h - what a person reads on standard error, and what a script
 * reads in the exit status. */
#ifndef TOOL_REPORT_H
#define TOOL_REPORT_H

#include <stdbool.h>
#include <tally.h>

/* Documented in "tally help exit-status". */
enum status {
  STATUS_DONE = 0,
  STATUS_FAILED = 1,
  STATUS_USAGE = 2,
  STATUS_CONNECT = 3,
  STATUS_UNKNOWN = 4,
  STATUS_NOT_FOUND = 5,
};

/* How errors look: COLOR_AUTO asks the terminal and NO_COLOR. */
enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

void report_color(enum color color);
/* May escape sequences go to this descriptor? */
bool color_wanted(enum color color, int fd);

/* The four lines; NULL or "" leaves one out. */
void report(const char *what, const char *detail, const char *outcome,
            const char *hint);

/* STATUS_USAGE, for "return report_usage(...)". */
int report_usage(const char *hint, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* STATUS_FAILED, likewise. */
int report_no_memory(void);

/* What a command does: those that change something say what became of it. */
enum work { WORK_READ, WORK_COUNT, WORK_REMOVE, WORK_SCHEMA };

/* An error of the library's, and the exit status that it stands for. */
int report_error(const tally_error *e, enum work work);
/* The same of one line of many, without a hint; it has no status of its own. */
void report_line_error(uint64_t line, const tally_error *e, enum work work);
int report_connect_error(const tally_error *e, enum work work);

/* One line from the library while it works: kept until report_log_flush(),
 * because the error that follows often says the same. */
void report_log(void *user, int level, const char *text);
/* The same, printed at once. */
void report_log_now(void *user, int level, const char *text);
/* Print what was kept, without what `e` (may be NULL) will say again. */
void report_log_flush(const tally_error *e);
/* Drop what was kept. */
void report_log_drop(void);

#endif
