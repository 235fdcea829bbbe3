// Gustavson's row-wise sparse product (F. G. Gustavson, ACM TOMS 4(3), 1978): row i of X^T X is the sum of the rows of
// the people who have item i. Cost: one addition for each item of each of them, sum over people of |x|^2 in all, into
// an accumulator of one row that stays in the cache. An element is at most the largest element of the diagonal
// (Cauchy-Schwarz), which tells beforehand whether 32 bits do.

#include "recommend/cooccurrence.h"

#include <algorithm>
#include <limits>

namespace eunomia::recommend {

namespace {

// Below one addition for so many items, a row is so sparse that remembering what was touched beats looking everywhere.
constexpr std::uint64_t dense_share = 16;

}  // namespace

cooccurrence_rows::cooccurrence_rows(const preferences& rows, const preferences::columns& columns, bool count_people)
    : rows_(rows),
      columns_(columns),
      count_people_(count_people),
      plain_(std::all_of(rows.weight.begin(), rows.weight.end(), [](std::uint16_t w) { return w == 1; })),
      diagonal_(rows.items->size()) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    diagonal_[rows.item[i]] += std::uint64_t{rows.weight[i]} * rows.weight[i];
  }
  narrow_ = std::all_of(diagonal_.begin(), diagonal_.end(),
                        [](std::uint64_t d) { return d <= std::numeric_limits<std::uint32_t>::max(); });
}

template <class Sum, bool Weighted>
std::span<const cooccurrence> cooccurrence_rows::sum_row(item_position i, std::vector<Sum>& sums, scratch& memory,
                                                         const std::vector<bool>& gone) const {
  const std::uint64_t begin = columns_.begin[i];
  const std::uint64_t end = columns_.begin[i + 1];
  std::uint64_t additions = 0;
  for (std::uint64_t p = begin; p < end; ++p) {
    additions += rows_.row_begin[columns_.row[p] + 1] - rows_.row_begin[columns_.row[p]];
  }
  const std::uint32_t n = rows_.items->size();
  const bool dense = additions * dense_share >= n;
  const bool count = Weighted && count_people_;
  sums.resize(n);  // zero between uses
  if (count) {
    memory.people.resize(n);
  }
  memory.touched.clear();
  memory.row.clear();
  for (std::uint64_t p = begin; p < end; ++p) {
    const std::uint32_t person = columns_.row[p];
    if (!gone.empty() && gone[person]) {
      continue;
    }
    const auto items = rows_.items_of(person);
    [[maybe_unused]] const auto weights = rows_.weights_of(person);
    [[maybe_unused]] const Sum own = columns_.weight[p];
    if (!dense) {
      for (std::size_t o = 0; o < items.size(); ++o) {
        if (sums[items[o]] == 0) {  // weights are positive: once touched, never 0 again
          memory.touched.push_back(items[o]);
        }
        sums[items[o]] += Weighted ? own * weights[o] : 1;
      }
    } else if constexpr (Weighted) {
      for (std::size_t o = 0; o < items.size(); ++o) {
        sums[items[o]] += own * weights[o];
      }
    } else {
      for (const item_position j : items) {
        ++sums[j];
      }
    }
    for (std::size_t o = 0; count && o < items.size(); ++o) {
      ++memory.people[items[o]];
    }
  }
  const auto take = [&](item_position j) {
    const std::uint32_t people = !count_people_ ? 0 : Weighted ? memory.people[j] : static_cast<std::uint32_t>(sums[j]);
    memory.row.push_back({j, people, sums[j]});
    sums[j] = 0;
    if (count) {
      memory.people[j] = 0;
    }
  };
  if (dense) {
    for (item_position j = 0; j < n; ++j) {
      if (sums[j] != 0) {
        take(j);
      }
    }
  } else {
    for (const item_position j : memory.touched) {
      take(j);
    }
  }
  return memory.row;
}

std::span<const cooccurrence> cooccurrence_rows::row(item_position i, scratch& memory,
                                                     const std::vector<bool>& gone) const {
  if (plain_) {
    return sum_row<std::uint32_t, false>(i, memory.sums32, memory, gone);
  }
  return narrow_ ? sum_row<std::uint32_t, true>(i, memory.sums32, memory, gone)
                 : sum_row<std::uint64_t, true>(i, memory.sums64, memory, gone);
}

}  // namespace eunomia::recommend
