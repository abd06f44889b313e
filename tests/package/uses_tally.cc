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

static_assert(!tally_fits::int64<double>::value, "a counter is no double");
static_assert(!tally_fits::text<int64_t>::value, "text is no number");

int main() {
  tally_options options;

  tally_options_init(&options);
  return definition.column_count == 4 && columns[1].order == TALLY_DESC &&
                 std::strcmp(tally_version(), TALLY_VERSION) == 0
             ? 0
             : 1;
}
