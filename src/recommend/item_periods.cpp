#include "recommend/item_periods.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace eunomia::recommend {

item_periods::item_periods(const preferences& rows, std::int64_t period_ms)
    : period_ms_(period_ms), begin_(rows.items->size() + 1), counts_(rows.size()) {
  for (const item_position item : rows.item) {
    ++begin_[item + 1];
  }
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  std::vector<std::uint64_t> next(begin_.begin(), begin_.end() - 1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    counts_[next[rows.item[i]]++] = {period_of(rows.time[i]), rows.weight[i]};
  }
  std::uint64_t kept = 0;
  std::uint64_t from = 0;
  for (item_position item = 0; item < items(); ++item) {
    const std::uint64_t to = begin_[item + 1];
    std::sort(counts_.begin() + static_cast<std::ptrdiff_t>(from), counts_.begin() + static_cast<std::ptrdiff_t>(to),
              [](const period_count& a, const period_count& b) { return a.period < b.period; });
    for (std::uint64_t i = from; i < to; ++i) {
      if (kept > begin_[item] && counts_[kept - 1].period == counts_[i].period) {
        counts_[kept - 1].quanta += counts_[i].quanta;
      } else {
        counts_[kept++] = counts_[i];
      }
    }
    from = to;
    begin_[item + 1] = kept;
  }
  counts_.resize(kept);
  counts_.shrink_to_fit();
}

void item_periods::subtract(const preferences& rows, std::span<const std::uint32_t> gone) {
  for (const std::uint32_t row : gone) {
    for (std::uint64_t p = rows.row_begin[row]; p < rows.row_begin[row + 1]; ++p) {
      const auto begin = counts_.begin() + static_cast<std::ptrdiff_t>(begin_[rows.item[p]]);
      const auto end = counts_.begin() + static_cast<std::ptrdiff_t>(begin_[rows.item[p] + 1]);
      const auto found = std::lower_bound(begin, end, period_of(rows.time[p]),
                                          [](const period_count& c, std::int64_t period) { return c.period < period; });
      assert(found != end && found->period == period_of(rows.time[p]) && found->quanta >= rows.weight[p]);
      found->quanta -= rows.weight[p];
    }
  }
  std::uint64_t kept = 0;
  std::uint64_t from = 0;
  for (item_position item = 0; item < items(); ++item) {
    const std::uint64_t to = begin_[item + 1];
    for (std::uint64_t i = from; i < to; ++i) {
      if (counts_[i].quanta > 0) {
        counts_[kept++] = counts_[i];
      }
    }
    from = to;
    begin_[item + 1] = kept;
  }
  counts_.resize(kept);
}

}  // namespace eunomia::recommend
