// tests/package/uses_tally.cc - tally.h in C++17, and the same type checks.
#include <tally.h>

#include <cstring>

struct page_hits {
  const char *url;
  int32_t day;
  int64_t views;
  long long unique_visitors;
};

static const tally_column columns[] = {
    TALLY_PARTITION_KEY(page_hits, url, TALLY_TEXT),
    TALLY_CLUSTERING_KEY(page_hits, day, TALLY_INT, TALLY_DESC),
    TALLY_STATIC_COUNTER(page_hits, unique_visitors),
    TALLY_COUNTER(page_hits, views),
};
static const tally_definition definition =
    TALLY_DEFINITION(page_hits, "page_hits", columns);

struct every_type {
  tally_bytes text, ascii, blob, varint;
  const char *ascii_text;
  bool yes;
  int8_t tiny;
  int16_t small;
  int64_t big, time, timestamp, varint_number;
  tally_decimal decimal;
  float real;
  double wide;
  tally_uuid uuid, timeuuid;
  int32_t date;
  tally_inet inet;
  int64_t n;
};

static const tally_column every_column[] = {
    TALLY_PARTITION_KEY(every_type, text, TALLY_TEXT),
    TALLY_PARTITION_KEY(every_type, ascii, TALLY_ASCII),
    TALLY_PARTITION_KEY(every_type, ascii_text, TALLY_ASCII),
    TALLY_PARTITION_KEY(every_type, blob, TALLY_BLOB),
    TALLY_PARTITION_KEY(every_type, varint, TALLY_VARINT),
    TALLY_PARTITION_KEY(every_type, varint_number, TALLY_VARINT),
    TALLY_PARTITION_KEY(every_type, yes, TALLY_BOOLEAN),
    TALLY_PARTITION_KEY(every_type, tiny, TALLY_TINYINT),
    TALLY_PARTITION_KEY(every_type, small, TALLY_SMALLINT),
    TALLY_PARTITION_KEY(every_type, big, TALLY_BIGINT),
    TALLY_PARTITION_KEY(every_type, time, TALLY_TIME),
    TALLY_PARTITION_KEY(every_type, timestamp, TALLY_TIMESTAMP),
    TALLY_PARTITION_KEY(every_type, decimal, TALLY_DECIMAL),
    TALLY_PARTITION_KEY(every_type, real, TALLY_FLOAT),
    TALLY_PARTITION_KEY(every_type, wide, TALLY_DOUBLE),
    TALLY_PARTITION_KEY(every_type, uuid, TALLY_UUID),
    TALLY_PARTITION_KEY(every_type, timeuuid, TALLY_TIMEUUID),
    TALLY_PARTITION_KEY(every_type, date, TALLY_DATE),
    TALLY_PARTITION_KEY(every_type, inet, TALLY_INET),
    TALLY_COUNTER(every_type, n),
};
static const tally_definition every_definition =
    TALLY_DEFINITION(every_type, "every_type", every_column);

static_assert(!TALLY_FITS_TALLY_BIGINT(every_type, wide),
              "a counter is no double");
static_assert(!TALLY_FITS_TALLY_TEXT(every_type, n), "text is no number");
static_assert(!TALLY_FITS_TALLY_UUID(every_type, blob), "a UUID is no blob");

int main() {
  tally_options options;

  tally_options_init(&options);
  if (tally_definition_check(&every_definition, nullptr) != 0)
    return 1;
  return definition.column_count == 4 && columns[1].order == TALLY_DESC &&
                 std::strcmp(tally_version(), TALLY_VERSION) == 0
             ? 0
             : 1;
}
