#include "recommend/ease_gram.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

// Rows of the matrix that one task computes.
constexpr std::uint32_t rows_per_task = 16;

void refuse_overflow(const preferences& rows, const preferences::columns& columns) {
  for (item_position item = 0; item < rows.items->size(); ++item) {
    std::uint64_t sum = 0;
    for (std::uint64_t p = columns.begin[item]; p < columns.begin[item + 1]; ++p) {
      sum += std::uint64_t{columns.weight[p]} * columns.weight[p];
    }
    if (sum > UINT32_MAX) {
      throw core::error(core::errc::failed_precondition,
                        fmt::format("ease: the squared weights of item \"{}\" sum to {} squared quanta, more than {}; "
                                    "lower the event weights, or train without a weighting",
                                    rows.items->id(item), sum, UINT32_MAX));
    }
  }
}

}  // namespace

std::shared_ptr<const matrix_items> matrix_items::of(std::vector<item_position> items, std::uint32_t catalogue_size) {
  auto made = std::make_shared<matrix_items>();
  made->position.assign(catalogue_size, none);
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    made->position[items[i]] = i;
  }
  made->item = std::move(items);
  return made;
}

gram_matrix gram_matrix::of(const preferences& rows, core::thread_pool& pool, core::job& job) {
  const preferences::columns columns = rows.transposed();
  refuse_overflow(rows, columns);
  std::vector<item_position> with_preferences;
  for (item_position item = 0; item < rows.items->size(); ++item) {
    if (columns.begin[item] != columns.begin[item + 1]) {
      with_preferences.push_back(item);
    }
  }
  const auto items = matrix_items::of(std::move(with_preferences), rows.items->size());
  const std::uint32_t n = items->size();
  gram_matrix gram(items, dense::buffer<std::uint32_t>(elements(n)));
  const std::uint32_t tasks = (n + rows_per_task - 1) / rows_per_task;
  pool.for_each(tasks, [&](std::size_t task, unsigned) {
    job.check();
    job.report("counting co-occurrences", task, tasks);
    const std::uint32_t first = static_cast<std::uint32_t>(task) * rows_per_task;
    for (std::uint32_t i = first; i < std::min(n, first + rows_per_task); ++i) {
      std::uint32_t* const sums = gram.values_.data() + elements(i);
      const item_position item = items->item[i];
      for (std::uint64_t p = columns.begin[item]; p < columns.begin[item + 1]; ++p) {
        const auto others = rows.items_of(columns.row[p]);
        const auto weights = rows.weights_of(columns.row[p]);
        for (std::size_t o = 0; others[o] < item; ++o) {  // ends: the item itself is among them
          sums[items->position[others[o]]] += std::uint32_t{columns.weight[p]} * weights[o];
        }
        sums[i] += std::uint32_t{columns.weight[p]} * columns.weight[p];
      }
    }
  });
  job.report("counting co-occurrences", tasks, tasks);
  return gram;
}

void gram_matrix::change(const preferences& rows, std::uint32_t row, bool add) {
  const auto items = rows.items_of(row);
  const auto weights = rows.weights_of(row);
  for (std::size_t a = 0; a < items.size(); ++a) {
    std::uint32_t* const sums = values_.data() + elements(items_->position[items[a]]);
    for (std::size_t b = 0; b <= a; ++b) {
      const std::uint32_t product = std::uint32_t{weights[a]} * weights[b];
      sums[items_->position[items[b]]] += add ? product : 0U - product;  // modulo 2^32, exact
    }
  }
}

bool gram_matrix::has_vanished_items() const {
  for (std::uint32_t i = 0; i < n(); ++i) {
    if (diagonal(i) == 0) {
      return true;
    }
  }
  return false;
}

gram_matrix gram_matrix::without_vanished_items() const {
  std::vector<std::uint32_t> kept;
  std::vector<item_position> items;
  for (std::uint32_t i = 0; i < n(); ++i) {
    if (diagonal(i) != 0) {
      kept.push_back(i);
      items.push_back(items_->item[i]);
    }
  }
  const auto catalogue_size = static_cast<std::uint32_t>(items_->position.size());
  gram_matrix smaller(matrix_items::of(std::move(items), catalogue_size),
                      dense::buffer<std::uint32_t>(elements(static_cast<std::uint32_t>(kept.size()))));
  for (std::uint32_t i = 0; i < kept.size(); ++i) {
    for (std::uint32_t j = 0; j <= i; ++j) {
      smaller.values_[elements(i) + j] = row(kept[i])[kept[j]];
    }
  }
  return smaller;
}

}  // namespace eunomia::recommend
