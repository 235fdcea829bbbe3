#include "recommend/session_index.h"

#include <algorithm>
#include <numeric>

namespace eunomia::recommend {

namespace {

constexpr double milliseconds_per_hour = 3'600'000.0;

struct session {
  std::int64_t time;    // of its newest event
  std::uint32_t row;    // of the preferences; ascends by subject handle
  std::uint32_t first;  // among the row's pairs by time
  std::uint32_t count;
};

// A row's pairs from old to new, as positions in the row.
void order_by_time(const preferences& rows, std::uint32_t row, std::vector<std::uint32_t>& order) {
  const auto times = rows.times_of(row);
  order.resize(times.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return times[a] < times[b]; });
}

void find_sessions(const preferences& rows, std::uint32_t row, double inactivity_hours,
                   std::span<const std::uint32_t> order, std::vector<session>& found) {
  const auto times = rows.times_of(row);
  const auto count = static_cast<std::uint32_t>(order.size());
  std::uint32_t first = 0;
  for (std::uint32_t i = 1; i <= count; ++i) {
    const bool ends = i == count || (inactivity_hours > 0 &&
                                     static_cast<double>(times[order[i]]) - static_cast<double>(times[order[i - 1]]) >
                                         inactivity_hours * milliseconds_per_hour);
    if (ends) {
      found.push_back({times[order[i - 1]], row, first, i - first});
      first = i;
    }
  }
}

}  // namespace

session_index::session_index(const preferences& rows, const session_knn_parameters& parameters) {
  const bool splits = parameters.inactivity_hours > 0;
  std::vector<session> found;
  std::vector<std::uint32_t> order;
  for (std::uint32_t row = 0; row < rows.rows(); ++row) {
    if (splits) {
      order_by_time(rows, row, order);
      find_sessions(rows, row, parameters.inactivity_hours, order, found);
    } else {
      const auto times = rows.times_of(row);
      found.push_back(
          {*std::max_element(times.begin(), times.end()), row, 0, static_cast<std::uint32_t>(times.size())});
    }
  }
  if (parameters.maximum_session_items > 0) {
    std::erase_if(found, [&](const session& s) { return s.count > parameters.maximum_session_items; });
  }
  std::sort(found.begin(), found.end(), [](const session& a, const session& b) {
    return a.time != b.time ? a.time > b.time : a.row != b.row ? a.row > b.row : a.first > b.first;
  });
  for (const session& s : found) {
    const auto items = rows.items_of(s.row);
    if (splits) {
      order_by_time(rows, s.row, order);
      const std::size_t begin = item_.size();
      for (std::uint32_t i = s.first; i < s.first + s.count; ++i) {
        item_.push_back(items[order[i]]);
      }
      std::sort(item_.begin() + static_cast<std::ptrdiff_t>(begin), item_.end());
    } else {
      item_.insert(item_.end(), items.begin(), items.end());
    }
    subject_.push_back(rows.subjects[s.row]);
    item_begin_.push_back(item_.size());
  }
  make_postings(rows.items->size());
}

session_index session_index::without(std::span<const core::subject_handle> gone) const {
  session_index rest;
  rest.subject_.reserve(subject_.size());
  rest.item_begin_.reserve(item_begin_.size());
  rest.item_.reserve(item_.size());
  for (std::uint32_t s = 0; s < sessions(); ++s) {
    if (!std::binary_search(gone.begin(), gone.end(), subject_[s])) {
      const auto items = items_of(s);
      rest.item_.insert(rest.item_.end(), items.begin(), items.end());
      rest.subject_.push_back(subject_[s]);
      rest.item_begin_.push_back(rest.item_.size());
    }
  }
  rest.make_postings(items());
  return rest;
}

void session_index::make_postings(std::uint32_t items) {
  posting_begin_.assign(items + 1, 0);
  for (const item_position item : item_) {
    ++posting_begin_[item + 1];
  }
  std::partial_sum(posting_begin_.begin(), posting_begin_.end(), posting_begin_.begin());
  posting_.resize(item_.size());
  std::vector<std::uint64_t> next(posting_begin_.begin(), posting_begin_.end() - 1);
  for (std::uint32_t s = 0; s < sessions(); ++s) {
    for (const item_position item : items_of(s)) {
      posting_[next[item]++] = s;
    }
  }
}

}  // namespace eunomia::recommend
